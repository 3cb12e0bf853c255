"""What every reader of messages does with a value the same way: phones, ID numbers, names, departments, ids in order."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from core import clock
from core.identity import normalise_phone, parse_id
from patients.feeds.faults import ReadFault
from patients.feeds.hl7 import values
from patients.said import ItemSaid, Said, VisitSaid
from staff.tree import OrgTree, Unit

M = TypeVar("M", bound=BaseModel)
BAD_BIRTH = "{}：出生日期写法不对，未采用"
OLDEST = timedelta(days=130 * 365.25)  # nobody on record lived longer


def personal(key: str, text: str, where: str, remarks: list[str]) -> str | None:
    """A phone or an ID number as we keep it; None, and a remark, for one that is none."""
    if key == "phone":
        phone = normalise_phone(text)
        if phone is None:
            remarks.append(f"{where}：不是电话号码，未采用")
        return phone
    found = parse_id(text)
    if found is not None:
        return found.number
    if len(text) == 18 and text[:17].isdigit():
        remarks.append(f"{where}：证件号校验不对，未采用")
        return None
    return text.upper()


def could_be_born(day: date, where: str, remarks: list[str]) -> bool:
    """Whether somebody alive can have been born on that day; a remark for one who cannot: the visit is worth more."""
    today = clock.today()
    if day > today:
        remarks.append(f"{where}：出生日期在将来，未采用")
    elif today - day > OLDEST:
        remarks.append(f"{where}：出生日期在 130 年以前，未采用")
    else:
        return True
    return False


def doubts(said: Iterable[Said]) -> Iterator[str]:
    """What is taken as it was said though it can hardly be so."""
    for one in said:
        if isinstance(one, VisitSaid) and one.started_at and one.ended_at and one.ended_at < one.started_at:
            yield f"就诊 {one.number}：结束时间早于开始时间，已照收，请对方核对"


def department(tree: OrgTree, name: str, campus: str, where: str) -> Unit:
    """The department or ward of this name, code or alias.

    Raises:
        ReadFault: there is none.
    """
    found = tree.find(name, campus)
    if found is None:
        reason = "科室没有对应：请在“组织机构－待对应名称”中对应到科室，之后自动重放"
        raise ReadFault(where, reason, name, (name, campus))
    return found


def placed(unit: Unit | None, ward: Unit | None) -> dict[str, Any]:
    """The columns of a place from what was named as department and as ward; a ward brings its department along."""
    found: dict[str, Any] = {}
    for one in (unit, ward):
        if one is not None and one.kind == "ward":
            found |= {"ward_id": one.id, "unit_id": one.parent_id}
    if unit is not None and unit.kind != "ward":
        found["unit_id"] = unit.id
    elif ward is not None and "unit_id" not in found:
        found["unit_id"] = ward.id
    return found


def made(model: type[M], fields: Mapping[str, Any], where: str) -> M:
    """The model, or the fault that keeps it from being made."""
    try:
        return model(**fields)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        raise ReadFault(f"{where} ({name})", "不合要求", str(first.get("input", ""))[:60]) from None


def result(fields: Mapping[str, Any], where: str) -> ItemSaid:
    """A result of a report; one that its sender did not mark is held against its reference range."""
    value = str(fields.get("value", ""))
    given = {**fields, "value": value, "amount": values.amount(value)}
    if given.get("flag") is None:
        given["flag"] = values.beside(value, str(fields.get("range", "")))
    return made(ItemSaid, given, where)


def chinese_name(text: str) -> str:
    """A name in one piece: senders put a whole Chinese name into the family component, or part it in two."""
    joined = "".join(text.split()) if not text.isascii() else " ".join(text.split())
    return joined[:60]


def counting(control: str) -> str:
    """A message id such that ids of one sender are ordered as they were counted: "MSG9" before "MSG10"."""
    found, digits = "", ""
    for char in f"{control} ":
        if char.isascii() and char.isdigit():
            digits += char
            continue
        if digits:
            found += digits.zfill(20)
            digits = ""
        found += char
    return found.rstrip()
