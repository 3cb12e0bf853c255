"""What the data types of FHIR R4 (hl7.org/fhir/R4/datatypes.html) say, as a person reads it; knows no mapping, keeps nothing.

References, values of observations, reference ranges, doses, timings, attachments. Senders leave out what they please, so
everything is looked at before it is used.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from patients.feeds.documents.tree import Tree, plain

MOST_TEXT = 64 * 1024  # characters of a text that comes as an attachment
_VERSION = re.compile(r"/_history/[^/]*$")
_TYPE = re.compile(r"[A-Z][A-Za-z]{1,39}")
_UNITS = {"s": "秒", "min": "分钟", "h": "小时", "d": "天", "wk": "周", "mo": "个月", "a": "年"}
ABSENT = {
    "unknown": "不详",
    "asked-unknown": "问过，不详",
    "temp-unknown": "暂缺",
    "not-asked": "未问",
    "asked-declined": "拒答",
    "masked": "未公开",
    "not-applicable": "不适用",
    "unsupported": "不支持",
    "as-text": "见文字说明",
    "error": "检测出错",
    "not-a-number": "不是数值",
    "negative-infinity": "低于下限",
    "positive-infinity": "高于上限",
    "not-performed": "未做",
    "not-permitted": "不允许",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a reference points: a type ("" when it does not say), an id; or a place within its own message."""

    kind: str = ""
    id: str = ""
    within: str = ""


def reference(text: str) -> Reference:
    """A literal reference: relative, absolute, of one version, `#contained`, `urn:uuid:…`.

    Raises:
        ValueError: it is none of these; the words say why.
    """
    if text.startswith("#"):
        return Reference(within=text[1:])
    if text.startswith("urn:"):
        raise ValueError("引用的资源不在同一个 Bundle 中")
    if "?" in text:
        raise ValueError("不支持按条件的引用，请写明资源的 id 或 identifier")
    parts = _VERSION.sub("", text.rstrip("/")).split("/")
    kind = parts[-2] if len(parts) > 1 and _TYPE.fullmatch(parts[-2]) else ""
    if not parts[-1] or len(parts[-1]) > 100:
        raise ValueError("不是引用，应如 Patient/123")
    return Reference(kind, parts[-1])


def contained(message: Tree, name: str) -> dict[str, Tree] | None:
    """The resource that a message brings along under this name."""
    held = message.get("contained") if isinstance(message, dict) else None
    for one in held if isinstance(held, list) else ():
        if isinstance(one, dict) and one.get("id") == name:
            return one
    return None


def fill(message: Tree, names: Mapping[str, str]) -> None:
    """Write what they point at beside references that do not say it, by `names` ("Practitioner/d1") and by what the message
    brings along ("#d1")."""
    held = message.get("contained") if isinstance(message, dict) else None
    own = {
        f"#{one['id']}": display(one)
        for one in (held if isinstance(held, list) else ())
        if isinstance(one, dict) and isinstance(one.get("id"), str)
    }
    known = {**names, **own}
    border: list[Tree] = [message] if known else []
    while border:
        one = border.pop()
        if isinstance(one, dict):
            text = one.get("reference")
            if isinstance(text, str) and not one.get("display"):
                short = text if text.startswith("#") else "/".join(_VERSION.sub("", text).split("/")[-2:])
                if name := known.get(short):
                    one["display"] = name
            border += one.values()
        elif isinstance(one, list):
            border += one


def display(resource: Mapping[str, Tree]) -> str:
    """What a resource is called: a name of a person or a place, the code of a medicine or a diagnosis."""
    name = resource.get("name")
    if isinstance(name, str):
        return name.strip()
    for one in name if isinstance(name, list) else [name]:
        if isinstance(one, dict):
            given = one.get("given")
            joined = "".join(map(str, given)) if isinstance(given, list) else ""
            found = plain(one.get("text")) or f"{one.get('family') or ''}{joined}".strip()
            if found:
                return found
    return concept(resource.get("code"))


def concept(found: Tree) -> str:
    """A CodeableConcept in words."""
    if not isinstance(found, dict):
        return ""
    if text := plain(found.get("text")):
        return text
    codings = [one for one in _list(found.get("coding")) if isinstance(one, dict)]
    for name in ("display", "code"):
        for one in codings:
            if text := plain(one.get(name)):
                return text
    return ""


def _list(found: Tree) -> list[Tree]:
    return found if isinstance(found, list) else [] if found is None else [found]


def quantity(found: Tree, *, bare: bool = False) -> str:
    """A Quantity: "<0.5 mmol/L"; `bare` without its unit."""
    if not isinstance(found, dict):
        return ""
    value = plain(found.get("value")) or ""
    text = f"{plain(found.get('comparator')) or ''}{value}" if value else ""
    unit = plain(found.get("unit")) or plain(found.get("code")) or ""
    return text if bare or not text else f"{text} {unit}".rstrip()


def limits(found: Sequence[Tree]) -> str | None:
    """A reference range as laboratories print it: the normal one of several."""
    ranges = [one for one in found if isinstance(one, dict)]
    ranges.sort(key=lambda one: not _is_normal(one))
    for one in ranges:
        if text := plain(one.get("text")):
            return text
        low, high = (quantity(one.get(name), bare=True) for name in ("low", "high"))
        if low and high:
            return f"{low}-{high}"
        if low:
            return f"≥{low}"
        if high:
            return f"≤{high}"
    return None


def _is_normal(one: Mapping[str, Tree]) -> bool:
    sort = one.get("type")
    codes = (
        [code.get("code") for code in _list(sort.get("coding")) if isinstance(code, dict)]
        if isinstance(sort, dict)
        else []
    )
    return not codes or "normal" in codes


def _between(found: Tree) -> str:
    if not isinstance(found, dict):
        return ""
    low, high = quantity(found.get("low")), quantity(found.get("high"))
    return f"{low}～{high}" if low and high else f"≥{low}" if low else f"≤{high}" if high else ""


def _ratio(found: Tree) -> str:
    if not isinstance(found, dict):
        return ""
    above, below = quantity(found.get("numerator")), quantity(found.get("denominator"))
    return f"{above}:{below}" if above and below else above


def _period(found: Tree) -> str:
    if not isinstance(found, dict):
        return ""
    return "～".join(filter(None, (plain(found.get("start")), plain(found.get("end")))))


def _truth(found: Tree) -> str:
    return {True: "是", False: "否"}.get(found, "") if isinstance(found, bool) else plain(found) or ""


_VALUES: Mapping[str, Callable[[Tree], str]] = {
    "valueQuantity": lambda found: quantity(found, bare=True),
    "valueCodeableConcept": concept,
    "valueString": lambda found: plain(found) or "",
    "valueInteger": lambda found: plain(found) or "",
    "valueDecimal": lambda found: plain(found) or "",
    "valueBoolean": _truth,
    "valueRange": _between,
    "valueRatio": _ratio,
    "valueTime": lambda found: plain(found) or "",
    "valueDateTime": lambda found: plain(found) or "",
    "valuePeriod": _period,
    "valueSampledData": lambda _: "（波形数据，未保存）",
}


def value(found: Sequence[Tree]) -> str | None:
    """The value of an Observation or of a component of one, whatever its type; why there is none, when it says so."""
    for one in found:
        if not isinstance(one, dict):
            continue
        for name, shown in _VALUES.items():
            if name in one and (text := shown(one[name])):
                return text
        reason = one.get("dataAbsentReason")
        if isinstance(reason, dict):
            codes = [code.get("code") for code in _list(reason.get("coding")) if isinstance(code, dict)]
            words = plain(reason.get("text")) or next((ABSENT[code] for code in codes if code in ABSENT), "")
            return f"（无结果：{words or concept(reason) or '未说明'}）"
    return None


def dose(found: Sequence[Tree]) -> str | None:
    """How much of a medicine at a time: of each instruction its amount, or its text."""
    return "；".join(dict.fromkeys(filter(None, map(_dose, found)))) or None


def _dose(one: Tree) -> str:
    if not isinstance(one, dict):
        return ""
    for rate in _list(one.get("doseAndRate")):
        if isinstance(rate, dict):
            text = quantity(rate.get("doseQuantity")) or _between(rate.get("doseRange"))
            if text:
                return text.replace(" ", "")
    return plain(one.get("text")) or ""


def frequency(found: Sequence[Tree]) -> str | None:
    """How often: the code of a Timing ("QID"), or what its `repeat` comes to."""
    return "；".join(dict.fromkeys(filter(None, map(_frequency, found)))) or None


def _frequency(one: Tree) -> str:
    if not isinstance(one, dict):
        return ""
    timing = one.get("timing")
    text = ""
    if isinstance(timing, dict):
        text = concept(timing.get("code")) or _repeat(timing.get("repeat"))
    if one.get("asNeededBoolean") is True or isinstance(one.get("asNeededCodeableConcept"), dict):
        why = concept(one.get("asNeededCodeableConcept"))
        text = f"{text} 必要时{f'（{why}）' if why else ''}".strip()
    return text


def _repeat(repeat: Tree) -> str:
    if not isinstance(repeat, dict):
        return ""
    times, every = plain(repeat.get("frequency")) or "1", plain(repeat.get("period")) or ""
    unit = _UNITS.get(str(repeat.get("periodUnit")), "")
    if not every or not unit:
        return ""
    return (
        f"每{unit.removeprefix('个')} {times} 次"
        if every in ("1", "1.0")
        else f"每 {every} {unit} {times} 次"
    )


def length(found: Sequence[Tree]) -> str | None:
    """For how many days: a Duration in days, weeks."""
    for one in found:
        if not isinstance(one, dict):
            continue
        text, unit = plain(one.get("value")), str(one.get("code") or one.get("unit") or "d")
        days = {"d": 1, "day": 1, "天": 1, "wk": 7, "week": 7, "周": 7}.get(unit)
        if text and days and re.fullmatch(r"\d{1,4}(\.0+)?", text):
            return str(int(float(text)) * days)
    return None


def _attachments(found: Sequence[Tree]) -> Iterator[tuple[dict[str, Any], str]]:
    for one in found:
        if isinstance(one, dict):
            mime = str(one.get("contentType") or "").split(";")[0].strip().lower()
            yield one, mime


def text_of(found: Sequence[Tree]) -> str | None:
    """The words of a report that come as an attachment of plain text."""
    for one, mime in _attachments(found):
        data = one.get("data")
        if mime != "text/plain" or not isinstance(data, str) or len(data) > 2 * MOST_TEXT:
            continue
        try:
            return (
                base64.b64decode(data, validate=True).decode("utf-8").replace("\x00", "")[:MOST_TEXT] or None
            )
        except (binascii.Error, UnicodeDecodeError):
            continue
    return None


def left_out(found: Sequence[Tree]) -> str | None:
    """That a report has attachments which are not kept: name, sort, size."""
    words = []
    for one, mime in _attachments(found):
        if mime == "text/plain" and text_of([one]):
            continue
        data, size = one.get("data"), one.get("size")
        count = size if isinstance(size, int) else len(data) * 3 // 4 if isinstance(data, str) else 0
        told = " ".join(
            filter(None, (plain(one.get("title")), mime, f"{-(-count // 1024)} KB" if count else ""))
        )
        words.append(f"（附件{f' {told}' if told else ''}，未保存）")
    return "\n".join(words) or None


WAYS: Mapping[str, Callable[[Sequence[Tree]], str | None]] = {
    "range": limits,
    "value": value,
    "dose": dose,
    "frequency": frequency,
    "days": length,
    "text": text_of,
    "attachments": left_out,
}
