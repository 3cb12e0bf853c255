"""What a list of patients is asked for (PT-1 … PT-6): a value read from the query of an address, and written back to it.

Pure: a part that makes no sense, or that this list does not have, is left out and told in a sentence; the rest counts.
"""

import re
from collections.abc import Collection, Iterable
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from core import filters
from core.errors import Fault
from core.filters import ListFilter
from core.identity import normalise_phone, parse_id
from patients.people import FLAG_LABELS

DECEASED = "deceased"
FLAG_WORDS = {DECEASED: "已故"} | {flag.value: label for flag, label in FLAG_LABELS.items()}
RESULTS = {"abnormal": "有异常结果", "critical": "有危急值", "A": "重大阳性 A 类", "B": "重大阳性 B 类"}
TRIAGE = {"1": "Ⅰ级 濒危", "2": "Ⅱ级 危重", "3": "Ⅲ级 急症", "4": "Ⅳ级 非急症"}
DISPOSITIONS = {
    "1": "医嘱离院", "2": "医嘱转院", "3": "转社区", "4": "非医嘱离院", "5": "死亡", "9": "其他",
}  # fmt: skip  # WS 364, 离院方式
MOST_CHOSEN = 10
_ICD = re.compile(r"[A-Za-z]\d{2}[0-9A-Za-z.+*/]{0,17}", re.ASCII)


class List(StrEnum):
    """The five lists of PT-1; 在院 and 出院 are in-patients before and after their discharge."""

    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"
    INSIDE = "inside"
    LEFT = "left"
    EXAM = "exam"


LISTS = {
    List.OUTPATIENT: "门诊",
    List.EMERGENCY: "急诊",
    List.INSIDE: "在院",
    List.LEFT: "出院",
    List.EXAM: "体检",
}
_ALL = ("name", "phone", "number", "since", "until", "unit", "doctor", "flag", "free", "sort")
FIELDS: dict[List, tuple[str, ...]] = {
    List.OUTPATIENT: (*_ALL, "diagnosis", "code"),
    List.EMERGENCY: (*_ALL, "diagnosis", "code", "triage"),
    List.INSIDE: (*_ALL, "ward", "bed", "diagnosis", "code", "nurse"),
    List.LEFT: (*_ALL, "ward", "bed", "admission", "diagnosis", "code", "nurse", "disposition"),
    List.EXAM: (*_ALL, "diagnosis", "result", "item", "low", "high", "employer"),
}
LABELS: dict[List, dict[str, str]] = {  # where a list calls a field otherwise than `PatientFilter`
    List.OUTPATIENT: {"number": "门诊号", "since": "就诊日期起", "until": "就诊日期止"},
    List.EMERGENCY: {"number": "急诊号", "since": "就诊日期起", "until": "就诊日期止"},
    List.INSIDE: {
        "number": "住院号", "since": "入院日期起", "until": "入院日期止", "diagnosis": "入院诊断", "doctor": "管床医生",
    },
    List.LEFT: {
        "number": "住院号", "since": "出院日期起", "until": "出院日期止", "diagnosis": "出院诊断", "doctor": "管床医生",
    },
    List.EXAM: {
        "number": "体检号", "since": "体检日期起", "until": "体检日期止", "diagnosis": "结论、异常项", "doctor": "主检医生",
    },
}  # fmt: skip
SORTS = {"new": "日期从近到远", "old": "日期从远到近", "bed": "按床号"}


def _exact(text: str) -> str:
    found = parse_id(text)
    whole = found.number if found else normalise_phone(text)
    if whole is None:
        raise ValueError("请输入完整的电话或身份证号")
    return whole


def _code(text: str) -> str:
    found = "".join(text.split())
    if not _ICD.fullmatch(found):
        raise ValueError("请输入编码的开头，至少三位，如 I10 或 I20.0")
    return found[0].upper() + found[1:].replace("X", "x")  # as the national editions write it: I10.x00


def _flag(text: str) -> str:
    if text not in FLAG_WORDS:
        raise ValueError("没有这种标记")
    return text


Id = Annotated[int, Field(gt=0, lt=2**63)]
Flags = tuple[Annotated[str, BeforeValidator(_flag)], ...]
Amount = Annotated[Decimal, Field(max_digits=12, decimal_places=4)]


class PatientFilter(ListFilter):
    """A list of visits that meet every part that is given; of a part with several values, any of them.

    `name` is any part of a name, or the first letters of its pinyin. `phone` is a whole phone or identity number.
    `number` is a whole visit or patient number. `unit` means the unit and all below it. `since` and `until` are the day
    by which the list is ordered: of the visit, of admission, of discharge, both included. `flag` keeps patients with any
    of these marks, `free` leaves out those with any. `item`, `low`, `high`: a result of that name between them. `code`: the beginning of the code of any diagnosis.
    """

    name: str = Field(default="", title="姓名", max_length=40)
    phone: Annotated[str, BeforeValidator(lambda text: _exact(text) if text else "")] = Field(
        default="", title="电话或身份证号"
    )
    number: str = Field(default="", title="就诊号", max_length=60)
    since: date | None = Field(default=None, title="日期起")
    until: date | None = Field(default=None, title="日期止")
    unit: Id | None = Field(default=None, title="科室")
    ward: Id | None = Field(default=None, title="病区")
    bed: str = Field(default="", title="床号", max_length=20)
    doctor: str = Field(default="", title="医生", max_length=40)
    nurse: str = Field(default="", title="管床护士", max_length=40)
    diagnosis: str = Field(default="", title="诊断", min_length=0, max_length=60)
    code: Annotated[str, BeforeValidator(lambda text: _code(text) if text else "")] = Field(
        default="", title="诊断编码（ICD-10）"
    )
    admission: str = Field(default="", title="入院诊断", max_length=60)
    triage: tuple[Literal["1", "2", "3", "4"], ...] = Field(default=(), title="分诊级别")
    disposition: tuple[Literal["1", "2", "3", "4", "5", "9"], ...] = Field(default=(), title="离院方式")
    result: tuple[Literal["abnormal", "critical", "A", "B"], ...] = Field(default=(), title="检查结果")
    item: str = Field(default="", title="检验项目", max_length=40)
    low: Amount | None = Field(default=None, title="结果不低于")
    high: Amount | None = Field(default=None, title="结果不高于")
    employer: str = Field(default="", title="体检单位", max_length=60)
    flag: Flags = Field(default=(), title="带有标记", max_length=MOST_CHOSEN)
    free: Flags = Field(default=(), title="排除标记", max_length=MOST_CHOSEN)
    sort: Literal["new", "old", "bed"] = Field(default="new", title="排序")

    @model_validator(mode="after")
    def _in_order(self) -> "PatientFilter":
        if self.since and self.until and self.since > self.until:
            raise ValueError("起始日期晚于截止日期")
        return self

    def without(self, kind: List, name: str, value: str | None = None) -> "PatientFilter":
        """The same without one part, or without one of the values of a part."""
        return read(kind, self.kept_without(name, value))[0]


MANY = frozenset({"triage", "disposition", "result", "flag", "free"})


def label(kind: List, name: str) -> str:
    """What a list calls a field."""
    return LABELS[kind].get(name) or filters.title(PatientFilter, name)


def read(
    kind: List, pairs: Iterable[tuple[str, str]], units: Collection[int] | None = None
) -> tuple[PatientFilter, tuple[Fault, ...]]:
    """The filter of an address, and what was left out of it because it makes no sense.

    Args:
        kind: which list; fields that it does not have are somebody else's.
        pairs: names and texts as they stand in the query.
        units: the units there are; None when this is not to be asked.
    """
    asked = filters.given(pairs, FIELDS[kind], MANY)
    if asked.get("sort") == "bed" and kind is not List.INSIDE:
        del asked["sort"]
    found, faults = filters.checked(PatientFilter, asked, lambda name: label(kind, name))
    wrong: dict[str, str] = {}
    if units is not None:
        wrong = {
            name: "没有这个科室" for name in ("unit", "ward") if getattr(found, name) not in (None, *units)
        }
    wrong |= {
        name: "请至少输入两个字"
        for name in ("diagnosis", "admission", "employer")
        if len(getattr(found, name)) == 1
    }
    if not found.item:  # any value of any result is no condition anybody means
        wrong |= {name: "请同时填写检验项目" for name in ("low", "high") if getattr(found, name) is not None}
    faults += [
        Fault(field=name, label=label(kind, name), reason=words, value=str(getattr(found, name)))
        for name, words in wrong.items()
    ]
    empty = PatientFilter()
    return found.model_copy(update={name: getattr(empty, name) for name in wrong}), tuple(faults)
