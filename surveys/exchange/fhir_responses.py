"""A file of answers in FHIR R4: one QuestionnaireResponse, or a Bundle of them (hl7.org/fhir/R4/bundle.html). Pure.

Says what stands where and refuses what it cannot read, each fault with its place; judges no answer.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from core import clock
from core.errors import Fault, Invalid
from surveys.exchange.fhir_response import FILE

MOST = 500  # responses of one file
MOST_BYTES = 10_000_000
DONE = ("completed", "amended")
VERSION = "urn:huiyin:questionnaire-version:"


@dataclass(frozen=True, slots=True)
class Read:
    """A response of a file. `version` is the id of ours that it names, None for any other; `at` when it was completed."""

    place: str
    id: UUID
    at: datetime
    version: int | None
    raw: Mapping[str, Any]


def read(data: bytes) -> list[Read]:
    """The responses of a file, in its order.

    Raises:
        Invalid: not such a file; `details` name every place that cannot be taken.
    """
    if len(data) > MOST_BYTES:
        raise _bad([_fault("文件", f"超过 {MOST_BYTES // 1_000_000} MB")])
    try:
        raw = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _bad(
            [_fault("文件", f"不是有效的 JSON（第 {error.lineno} 行第 {error.colno} 个字符）")]
        ) from None
    found = _resources(raw)
    if not found:
        raise _bad([_fault("文件", "其中没有答卷")])
    if len(found) > MOST:
        raise _bad([_fault("文件", f"共 {len(found)} 份答卷，一次最多导入 {MOST} 份，请分成几个文件")])
    taken: list[Read] = []
    faults: list[Fault] = []
    places: dict[UUID, str] = {}
    for place, one in found:
        try:
            made = _one(place, one)
        except Invalid as error:
            faults += error.details
            continue
        if made.id in places:
            faults.append(_fault(place, f"与“{places[made.id]}”是同一份答卷（identifier 相同）"))
        places[made.id] = place
        taken.append(made)
    if faults:
        raise _bad(faults)
    return taken


def _resources(raw: object) -> Sequence[tuple[str, object]]:
    if isinstance(raw, dict) and raw.get("resourceType") == "QuestionnaireResponse":
        return [("答卷", raw)]
    if not isinstance(raw, dict) or raw.get("resourceType") != "Bundle":
        raise _bad(
            [_fault("resourceType", "应为 QuestionnaireResponse，或含有它们的 Bundle（FHIR R4，JSON 格式）")]
        )
    entries = raw.get("entry")
    if not isinstance(entries, list):
        raise _bad([_fault("entry", "Bundle 中没有 entry")])
    return [
        (f"第 {at} 份（entry[{at - 1}]）", entry.get("resource") if isinstance(entry, dict) else None)
        for at, entry in enumerate(entries, 1)
    ]


def _one(place: str, raw: object) -> Read:
    if not isinstance(raw, dict) or raw.get("resourceType") != "QuestionnaireResponse":
        raise _bad([_fault(f"{place} resourceType", "不是 QuestionnaireResponse")])
    faults = []
    if raw.get("status") not in DONE:
        faults.append(_fault(f"{place} status", "只导入已完成的答卷（completed 或 amended）"))
    at = _moment(raw.get("authored"))
    if at is None:
        faults.append(_fault(f"{place} authored", "应为带时区的填写时间，如 2026-11-20T09:30:00+08:00"))
    elif at > clock.now():
        faults.append(_fault(f"{place} authored", "填写时间在将来"))
    if faults or at is None:
        raise _bad(faults)
    return Read(place, _id(raw), at, _version(raw.get("questionnaire")), raw)


def _moment(raw: object) -> datetime | None:
    try:
        at = datetime.fromisoformat(raw) if isinstance(raw, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None and at.year >= 2000 else None


def _id(raw: Mapping[str, Any]) -> UUID:
    """What it names itself; without a name of ours always the same one for the same content, so that nothing comes twice."""
    named = raw.get("identifier")
    value = named.get("value") if isinstance(named, dict) else None
    if isinstance(value, str):
        try:
            return UUID(value.removeprefix(FILE))
        except ValueError:
            system = str(named.get("system") or "") if isinstance(named, dict) else ""
            return uuid5(NAMESPACE_URL, f"{system}|{value}")
    digest = hashlib.sha256(orjson.dumps(raw, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return uuid5(NAMESPACE_URL, digest)


def _version(raw: object) -> int | None:
    if not isinstance(raw, str) or not raw.startswith(VERSION):
        return None
    number = raw.removeprefix(VERSION).partition("|")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) <= 18 else None


def _fault(place: str, reason: str) -> Fault:
    return Fault(field="file", label=place, reason=reason)


def _bad(faults: Sequence[Fault]) -> Invalid:
    return Invalid("文件不能导入，什么都没有写入", details=list(faults)[:100])
