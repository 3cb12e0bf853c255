"""What a list of cases is asked for: a value read from the query of an address, and written back to it.

Pure: a part that makes no sense is left out and told in a sentence, the rest still counts.
"""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from core import filters
from core.errors import Fault
from core.filters import ListFilter
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


class CaseFilter(ListFilter):
    """A list of cases: those that meet every part that is given; of a part with several values, any of them.

    `unit` means the unit and all below it. `due` looks at the limits that still run. `handler` is "me", "none"
    or a member of staff. `since` and `until` are days of receipt in Asia/Shanghai, both included. `category`
    is the beginning of the category's path; `topic` a category of feedback with all below it, as main one or not.
    Cases that wait, merged, for another's reply are left out unless `merged` asks for them, or words are searched:
    what is looked for is found. `again` keeps cases that were opened again. `todo` keeps what waits for the person
    who asks. `q` holds words that must all be found (tickets/queries/search.py).
    """

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

    def without(self, name: str, value: str | None = None) -> "CaseFilter":
        """The same without one part, or without one of the values of a part."""
        return read(self.kept_without(name, value))[0]


_MANY = frozenset({"state", "type", "source", "urgency", "tag", "risk", "severity"})


def read(
    pairs: Iterable[tuple[str, str]], units: Collection[int] | None = None
) -> tuple[CaseFilter, tuple[Fault, ...]]:
    """The filter of an address, and what was left out of it because it makes no sense.

    Args:
        pairs: names and texts as they stand in the query; names we do not know are somebody else's.
        units: the units there are; None when this is not to be asked.
    """
    asked = filters.given(pairs, CaseFilter.model_fields, _MANY)
    if _is_id(str(asked.get("handler", ""))):
        asked["handler"] = int(asked["handler"])
    found, faults = filters.checked(CaseFilter, asked, _label, {"handler": "没有这个人"})
    if units is not None:
        found, unknown = _known_units(found, units)
        faults += unknown
    return found, tuple(faults)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _label(name: str) -> str:
    return filters.title(CaseFilter, name)


def _known_units(found: CaseFilter, units: Collection[int]) -> tuple[CaseFilter, list[Fault]]:
    faults = []
    for name, words in (("unit", "没有这个科室"), ("campus", "没有这个院区")):
        value = getattr(found, name)
        if value is not None and value not in units:
            faults.append(Fault(field=name, label=_label(name), reason=words, value=str(value)))
            found = found.model_copy(update={name: None})
    return found, faults
