"""What a list of cases is asked for: a value read from the query of an address, and written back to it.

Pure: a part that makes no sense is left out and told in a sentence, the rest still counts.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from core.actions import reason
from core.errors import Fault
from tickets.feedback.words import Risk, Severity
from tickets.sources import SOURCES
from tickets.states import CaseState

URGENCIES = ("一般", "紧急", "特急")
MERGED = {"with": "一并列出", "only": "仅看已并入"}
DUE = {"late": "已超期", "today": "今天到期", "3": "3 天内到期", "7": "7 天内到期"}
MOST_CHOSEN = 40


def _known_source(text: str) -> str:
    if text not in SOURCES:
        raise ValueError("没有这个来源")
    return text


def _yes(text: object) -> object:
    return text in ("1", "true", True)


Id = Annotated[int, Field(gt=0, lt=2**63)]
Flag = Annotated[bool, BeforeValidator(_yes)]


class CaseFilter(BaseModel):
    """A list of cases: those that meet every part that is given; of a part with several values, any of them.

    `unit` means the unit and all below it. `due` looks at the limits that still run. `handler` is "me", "none"
    or a member of staff. `since` and `until` are days of receipt in Asia/Shanghai, both included. `category`
    is the beginning of the category's path; `topic` a category of feedback with all below it, as main one or not.
    Cases that wait, merged, for another's reply are left out unless `merged` asks for them, or words are searched:
    what is looked for is found. `again` keeps cases that were opened again. `todo` keeps what waits for the person
    who asks. `q` holds words that must all be found (tickets/queries/search.py).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    q: str = Field(default="", title="搜索", max_length=100)
    state: tuple[CaseState, ...] = Field(default=(), title="状态", max_length=len(CaseState))
    type: tuple[Annotated[str, Field(max_length=50)], ...] = Field(
        default=(), title="诉求类型", max_length=MOST_CHOSEN
    )
    source: tuple[Annotated[str, BeforeValidator(_known_source)], ...] = Field(
        default=(), title="来源", max_length=MOST_CHOSEN
    )
    urgency: tuple[Literal["一般", "紧急", "特急"], ...] = Field(
        default=(), title="紧急程度", max_length=MOST_CHOSEN
    )
    unit: Id | None = Field(default=None, title="科室")
    campus: Id | None = Field(default=None, title="院区")
    due: Literal["late", "today", "3", "7"] | None = Field(default=None, title="时限")
    handler: Literal["me", "none"] | Id | None = Field(default=None, title="经办人")
    since: date | None = Field(default=None, title="收到日期起")
    until: date | None = Field(default=None, title="收到日期止")
    category: str = Field(default="", title="问题分类", max_length=200)
    topic: Id | None = Field(default=None, title="反馈分类")
    tag: tuple[Annotated[str, Field(max_length=20)], ...] = Field(
        default=(), title="标签", max_length=MOST_CHOSEN
    )
    risk: tuple[Risk, ...] = Field(default=(), title="风险", max_length=MOST_CHOSEN)
    severity: tuple[Severity, ...] = Field(default=(), title="严重程度", max_length=MOST_CHOSEN)
    again: Flag = Field(default=False, title="仅重办")
    merged: Literal["with", "only"] | None = Field(default=None, title="已并入的诉求")
    todo: Flag = Field(default=False, title="待我处理")

    @model_validator(mode="after")
    def _in_order(self) -> "CaseFilter":
        if self.since and self.until and self.since > self.until:
            raise ValueError("起始日期晚于截止日期")
        return self

    @property
    def empty(self) -> bool:
        """Whether everything is asked for."""
        return self == CaseFilter()

    def pairs(self) -> list[tuple[str, str]]:
        """The parts that are given, as names and texts of an address, in a fixed order."""
        given = self.model_dump(mode="json", exclude_defaults=True)
        return [
            (name, "1" if value is True else str(value))
            for name, values in given.items()
            for value in (values if isinstance(values, list) else [values])
        ]

    def query(self) -> str:
        """The query of the address, without "?"."""
        return urlencode(self.pairs())

    def without(self, name: str, value: str | None = None) -> "CaseFilter":
        """The same without one part, or without one of the values of a part."""
        kept = [
            (key, text) for key, text in self.pairs() if key != name or (value is not None and text != value)
        ]
        return read(kept)[0]


_MANY = frozenset({"state", "type", "source", "urgency", "tag", "risk", "severity"})


def read(
    pairs: Iterable[tuple[str, str]], units: Collection[int] | None = None
) -> tuple[CaseFilter, tuple[Fault, ...]]:
    """The filter of an address, and what was left out of it because it makes no sense.

    Args:
        pairs: names and texts as they stand in the query; names we do not know are somebody else's.
        units: the units there are; None when this is not to be asked.
    """
    given: dict[str, Any] = {}
    for name, text in pairs:
        if name not in CaseFilter.model_fields or not text.strip():
            continue
        if name in _MANY:
            chosen = given.setdefault(name, [])
            if text not in chosen:
                chosen.append(text)
        else:
            given[name] = int(text) if name == "handler" and _is_id(text) else text
    faults: list[Fault] = []
    for _ in range(len(CaseFilter.model_fields) + 1):
        try:
            found = CaseFilter.model_validate(given)
            break
        except ValidationError as error:
            faults += _leave_out(given, error)
    else:
        found = CaseFilter()
    if units is not None:
        found, unknown = _known_units(found, units)
        faults += unknown
    return found, tuple(faults)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _leave_out(given: dict[str, Any], error: ValidationError) -> list[Fault]:
    """Take the faulty parts out of `given`."""
    faults: dict[str, Fault] = {}
    for entry in error.errors():
        if not entry["loc"]:  # the two days together
            name = "since"
            given.pop("until", None)
        else:
            name = str(entry["loc"][0])
        if name in faults:
            continue
        label = CaseFilter.model_fields[name].title or name
        value = given.pop(name, "")
        said = reason(entry["type"], entry.get("ctx", {}), entry["msg"])
        if name == "handler":
            said = "没有这个人"
        shown = "、".join(value) if isinstance(value, list) else str(value)
        faults[name] = Fault(field=name, label=label, reason=said, value=shown[:100])
    return list(faults.values())


def _known_units(found: CaseFilter, units: Collection[int]) -> tuple[CaseFilter, list[Fault]]:
    faults = []
    for name, words in (("unit", "没有这个科室"), ("campus", "没有这个院区")):
        value = getattr(found, name)
        if value is not None and value not in units:
            label = CaseFilter.model_fields[name].title or name
            faults.append(Fault(field=name, label=label, reason=words, value=str(value)))
            found = found.model_copy(update={name: None})
    return found, faults
