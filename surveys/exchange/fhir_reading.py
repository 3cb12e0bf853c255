"""A FHIR R4 Questionnaire read as a definition: ours come back as they were, others' are taken as far as we have kinds.

What we cannot take is refused with its place ("Questionnaire.item[0].item[2]"), never left out in silence.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from core.errors import Fault, Invalid
from surveys.definition import MOST_QUESTIONS, Definition
from surveys.exchange.fhir_terms import (
    CONTROL,
    LOINC,
    MAX_VALUE,
    MIN_VALUE,
    OPERATORS,
    ORDINAL,
    OWN_QUESTION,
    OWN_WHOLE,
    UNIT,
)
from surveys.reading import definition_of

DEEPEST = 8  # groups within groups
MOST_OPTIONS = 100
TOO_DEEP = "分组嵌套太深"
SIGNS = {sign: op for op, sign in OPERATORS.items()}
CHOICE = frozenset({"choice", "open-choice", "coding", "boolean"})
PLAIN = {"string": "blank", "text": "long_text", "url": "blank", "date": "date", "dateTime": "date"}
UNTAKEN = {"time": "时间", "quantity": "带单位的数值", "reference": "引用", "question": "未定类型"}


@dataclass
class _Reading:
    resource: Mapping[str, Any]
    faults: list[Fault] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)  # linkId → our code
    kinds: dict[str, str] = field(default_factory=dict)  # our code → kind
    options: dict[str, dict[str, str]] = field(default_factory=dict)  # our code → their option code → ours

    def fault(self, place: str, reason: str, text: object = "") -> None:
        """Something that we cannot take."""
        label = f"题目“{str(text)[:30]}”" if text else "问卷"
        self.faults.append(Fault(field=place, label=label, reason=reason))


def definition(raw: Mapping[str, Any]) -> Definition:
    """The definition of a resource.

    Raises:
        Invalid: what cannot be taken; `field` is the FHIRPath of the item.
    """
    reading = _Reading(raw)
    whole = _own(raw, OWN_WHOLE) or {
        "title": str(raw.get("title") or raw.get("name") or "")[:100],
        "intro": str(raw.get("description") or "")[:2000],
    }
    items = _listed(raw.get("item"))
    grouped = bool(items) and all(
        item.get("type") == "group" and _own(item, OWN_QUESTION) is None for item in items
    )
    pages, current = [], []
    for at, item in enumerate(items):
        place = f"Questionnaire.item[{at}]"
        if grouped:
            inner = list(_inside(item, place, 1, reading))
            pages.append({"title": str(item.get("text") or "")[:100], "items": inner})
        else:
            current += list(_taken(item, place, 1, reading))
    if current or not pages:
        pages.append({"title": "", "items": current})
    if sum(len(page["items"]) for page in pages) > MOST_QUESTIONS:
        reading.fault("Questionnaire.item", f"最多 {MOST_QUESTIONS} 题")
    if reading.faults:
        raise Invalid("FHIR 问卷不能导入", details=reading.faults[:50])
    return definition_of({**whole, "pages": pages})


def _listed(raw: object) -> list[dict[str, Any]]:
    return [item for item in raw if isinstance(item, dict)] if isinstance(raw, list) else []


def _extension(item: Mapping[str, Any], url: str) -> Mapping[str, Any]:
    return next((one for one in _listed(item.get("extension")) if one.get("url") == url), {})


def _own(item: Mapping[str, Any], url: str) -> dict[str, Any] | None:
    """What our extension says; None when there is none or it is not JSON of an object."""
    text = _extension(item, url).get("valueString")
    try:
        raw = orjson.loads(text) if isinstance(text, str) else None
    except orjson.JSONDecodeError:
        return None
    return raw if isinstance(raw, dict) else None


def _inside(item: Mapping[str, Any], place: str, deep: int, reading: _Reading) -> Iterator[dict[str, Any]]:
    if deep > DEEPEST:
        reading.fault(place, TOO_DEEP, item.get("text"))
        return
    for at, inner in enumerate(_listed(item.get("item"))):
        yield from _taken(inner, f"{place}.item[{at}]", deep + 1, reading)


def _taken(item: Mapping[str, Any], place: str, deep: int, reading: _Reading) -> Iterator[dict[str, Any]]:
    """An item as questions of ours: one, or for a group a line of words and what is in it."""
    link = str(item.get("linkId") or "")
    if not link:
        reading.fault(place, "没有 linkId", item.get("text"))
        return
    if (own := _own(item, OWN_QUESTION)) is not None:
        reading.codes[link] = str(own.get("code") or "")
        yield own
        return
    code = _code(link, reading)
    reading.codes[link] = code
    told = _question(item, code, place, reading)
    if told is None:
        return
    reading.kinds[code] = str(told["kind"])
    told |= _common(item, place, reading)
    if told["kind"] != "paragraph" or told.get("title") or told.get("text"):
        yield told
    yield from _inside(item, place, deep, reading)


def _code(link: str, reading: _Reading) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", link.lower()).strip("_")[:36]
    plain = plain if plain[:1].isalpha() else f"q_{plain}"[:38].rstrip("_")
    taken, found, at = set(reading.codes.values()), plain, 2
    while found in taken:
        found, at = f"{plain[:36]}_{at}", at + 1
    return found


def _question(item: Mapping[str, Any], code: str, place: str, reading: _Reading) -> dict[str, Any] | None:
    kind, text = item.get("type"), str(item.get("text") or "")
    told: dict[str, Any] = {"code": code, "title": text[:500]}
    if kind in CHOICE:
        return told | _choice(item, code, place, reading)
    if kind in PLAIN:
        longest = item.get("maxLength")
        limit = (
            {"longest": min(longest, 500)}
            if isinstance(longest, int) and longest > 0 and kind == "string"
            else {}
        )
        return told | {"kind": PLAIN[str(kind)], **limit}
    if kind in {"integer", "decimal"}:
        return told | _number(item, str(kind))
    if kind in {"display", "group"}:
        return told | {"kind": "paragraph", "title": text[:500] or "说明", "text": ""}
    if kind == "attachment":
        return told | {"kind": "file"}
    reason = f"不支持“{UNTAKEN[str(kind)]}”题型" if kind in UNTAKEN else f"没有“{str(kind)[:20]}”这种题型"
    reading.fault(place, reason, text)
    return None


def _number(item: Mapping[str, Any], kind: str) -> dict[str, Any]:
    low, high = (
        next((value for key, value in _extension(item, url).items() if key.startswith("value")), None)
        for url in (MIN_VALUE, MAX_VALUE)
    )
    unit = _extension(item, UNIT).get("valueCoding", {})
    words = unit.get("display") or unit.get("code") or "" if isinstance(unit, dict) else ""
    limits = {
        name: f"{value:.4f}".rstrip("0").rstrip(".")
        for name, value in (("low", low), ("high", high))
        if isinstance(value, int | float) and abs(value) < 10**9
    }
    return {"kind": "number", "places": 4 if kind == "decimal" else 0, "unit": str(words)[:20], **limits}


def _choice(item: Mapping[str, Any], code: str, place: str, reading: _Reading) -> dict[str, Any]:
    if item.get("type") == "boolean":
        reading.options[code] = {"true": "yes", "false": "no"}
        return {
            "kind": "single",
            "options": [{"code": "yes", "label": "是"}, {"code": "no", "label": "否"}],
        }
    options: list[dict[str, Any]] = []
    known = reading.options.setdefault(code, {})
    for at, (theirs, label, score) in enumerate(_offered(item, place, reading)):
        plain = re.sub(r"[^a-z0-9]+", "_", theirs.lower()).strip("_")[:36]
        ours = plain if plain[:1].isalpha() and plain not in known.values() else f"o{at + 1}"
        known[theirs] = ours
        options.append({"code": ours, "label": label[:200], **({"score": score} if score else {})})
    if item.get("type") == "open-choice":
        options.append({"code": "other_words", "label": "其他", "other": True})
    if len(options) > MOST_OPTIONS:
        reading.fault(place, f"选项不能超过 {MOST_OPTIONS} 个", item.get("text"))
    control = _extension(item, CONTROL).get("valueCodeableConcept", {})
    coded = (
        {one.get("code") for one in _listed(control.get("coding"))} if isinstance(control, dict) else set()
    )
    several = "multiple" if item.get("repeats") is True else "dropdown" if "drop-down" in coded else "single"
    return {"kind": several, "options": options[: MOST_OPTIONS + 1]}


def _offered(item: Mapping[str, Any], place: str, reading: _Reading) -> Iterator[tuple[str, str, str]]:
    """Code, words and points of each answer that is offered."""
    value_set = item.get("answerValueSet")
    if isinstance(value_set, str):
        concepts = _contained(value_set, reading)
        if concepts is None:
            reading.fault(place, "选项取自文件之外的值集，请改为写在问卷中", item.get("text"))
            return
        for one in concepts:
            yield str(one.get("code") or ""), str(one.get("display") or one.get("code") or ""), ""
    for one in _listed(item.get("answerOption")):
        coding = one.get("valueCoding")
        score = _extension(one, ORDINAL).get("valueDecimal")
        points = f"{score:g}" if isinstance(score, int | float) and not isinstance(score, bool) else ""
        if isinstance(coding, dict):
            yield (
                str(coding.get("code") or ""),
                str(coding.get("display") or coding.get("code") or ""),
                points,
            )
        else:
            text = next((str(value) for key, value in one.items() if key.startswith("value")), "")
            yield text, text, points


def _contained(address: str, reading: _Reading) -> list[dict[str, Any]] | None:
    for one in _listed(reading.resource.get("contained")):
        if f"#{one.get('id')}" != address or one.get("resourceType") != "ValueSet":
            continue
        expansion, compose = one.get("expansion"), one.get("compose")
        if isinstance(expansion, dict):
            return _listed(expansion.get("contains"))
        include = _listed(compose.get("include")) if isinstance(compose, dict) else []
        return [concept for part in include for concept in _listed(part.get("concept"))]
    return None


def _common(item: Mapping[str, Any], place: str, reading: _Reading) -> dict[str, Any]:
    loinc = next((one.get("code") for one in _listed(item.get("code")) if one.get("system") == LOINC), "")
    told: dict[str, Any] = {}
    if item.get("required") is True:
        told["required"] = True
    if isinstance(loinc, str) and re.fullmatch(r"[0-9]{1,7}-[0-9]", loinc):
        told["loinc"] = loinc
    trees = [
        tree
        for at, when in enumerate(_listed(item.get("enableWhen")))
        if (tree := _tree(when, f"{place}.enableWhen[{at}]", item, reading)) is not None
    ]
    if trees:
        op = "or" if item.get("enableBehavior") == "any" else "and"
        told["show_if"] = trees[0] if len(trees) == 1 else {"op": op, "args": trees}
    return told


def _tree(
    when: Mapping[str, Any], place: str, item: Mapping[str, Any], reading: _Reading
) -> dict[str, Any] | None:
    code = reading.codes.get(str(when.get("question")))
    if code is None:
        reading.fault(place, f"显示条件引用的“{str(when.get('question'))[:30]}”不在前面", item.get("text"))
        return None
    asked = {"q": code}
    if when.get("operator") == "exists":
        found = {"op": "answered", "args": [asked]}
        return found if when.get("answerBoolean") is True else {"op": "not", "args": [found]}
    op = SIGNS.get(str(when.get("operator")))
    leaf = _leaf(when, code, reading)
    if op is None or leaf is None:
        reading.fault(place, "显示条件的比较方式不支持", item.get("text"))
        return None
    if reading.kinds.get(code) == "multiple":
        has = {"op": "has_any", "args": [asked, {"codes": [leaf.get("code", "")]}]}
        return has if op == "eq" else {"op": "not", "args": [has]}
    return {"op": op, "args": [asked, leaf]}


def _leaf(when: Mapping[str, Any], code: str, reading: _Reading) -> dict[str, Any] | None:
    known = reading.options.get(code, {})
    coding = when.get("answerCoding")
    if isinstance(coding, dict):
        return {"code": known.get(str(coding.get("code")), "")}
    if isinstance(when.get("answerBoolean"), bool):
        return {"code": known.get(str(when["answerBoolean"]).lower(), "")}
    for name in ("answerInteger", "answerDecimal"):
        if isinstance(when.get(name), int | float):
            return {"num": f"{when[name]:g}"}
    if isinstance(when.get("answerDate"), str):
        return {"day": when["answerDate"]}
    if isinstance(when.get("answerString"), str):
        text = when["answerString"]
        return {"code": known[text]} if text in known else {"text": text}
    return None
