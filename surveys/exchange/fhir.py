"""A definition as a FHIR R4 Questionnaire (hl7.org/fhir/R4/questionnaire.html): written here, read in fhir_reading.py.

What FHIR can say is said in FHIR, so that others can use it; what it cannot (jumps, scores by rule, our kinds) stands in
an extension of ours beside it, and is taken from there when the file comes back.
"""

from typing import Any

import orjson

from surveys.answers import Shape
from surveys.definition import Definition
from surveys.exchange.fhir_reading import definition
from surveys.exchange.fhir_terms import (
    CONTROL,
    CONTROLS,
    LOINC,
    MAX_VALUE,
    MIN_VALUE,
    OPERATORS,
    ORDINAL,
    OWN_QUESTION,
    OWN_WHOLE,
    TYPES,
    UNIT,
    option_system,
)
from surveys.logic import Asked, Code, Codes, Day, Node, Num, Op, Text
from surveys.questions.base import Question
from surveys.questions.matrix import Matrix
from surveys.questions.number import Number
from surveys.questions.rating import Rating

__all__ = ["definition", "questionnaire"]


def questionnaire(definition: Definition) -> dict[str, Any]:
    """The resource."""
    whole = definition.model_dump(mode="json", exclude_defaults=True, exclude={"pages"})
    return {
        "resourceType": "Questionnaire",
        "status": "active",
        "title": definition.title,
        **({"description": definition.intro} if definition.intro else {}),
        "extension": [{"url": OWN_WHOLE, "valueString": orjson.dumps(whole).decode()}],
        "item": [
            {
                "linkId": f"page-{at}",
                "type": "group",
                **({"text": page.title} if page.title else {}),
                "item": [_item(item, definition) for item in page.items],
            }
            for at, page in enumerate(definition.pages, start=1)
        ],
    }


def _item(item: Question, definition: Definition) -> dict[str, Any]:
    control = CONTROLS.get(item.kind)
    told: dict[str, Any] = {
        "linkId": item.code,
        "text": item.title,
        "type": _type(item),
        "extension": [
            {"url": OWN_QUESTION, "valueString": orjson.dumps(item.model_dump(mode="json")).decode()},
            *([_coded(CONTROL, control)] if control else []),
            *_limits(item),
        ],
    }
    if item.loinc:
        told["code"] = [{"system": LOINC, "code": item.loinc}]
    if told["type"] not in {"display", "group"} and item.required:
        told["required"] = True
    if item.shape is Shape.CODES:
        told["repeats"] = True
    if (longest := getattr(item, "longest", None)) and told["type"] in {"string", "text"}:
        told["maxLength"] = longest
    if item.shape in {Shape.CODE, Shape.CODES}:
        told["answerOption"] = _options(item)
    if item.shape in {Shape.BLANKS, Shape.GRID, Shape.RANKING}:
        told["item"] = [_part(item, part.code, part.label) for part in item.parts]
    return told | _enabled(item.show_if, definition)


def _type(item: Question) -> str:
    if isinstance(item, Number) and item.places == 0:
        return "integer"
    if any(option.other for option in item.choices):
        return "open-choice"
    return TYPES[item.kind]


def _limits(item: Question) -> list[dict[str, Any]]:
    if isinstance(item, Rating):
        low, high = item.steps[0], item.steps[-1]
        return [{"url": MIN_VALUE, "valueInteger": low}, {"url": MAX_VALUE, "valueInteger": high}]
    if not isinstance(item, Number):
        return []
    told = [
        {"url": url, "valueDecimal": float(text)}
        for url, text in ((MIN_VALUE, item.low), (MAX_VALUE, item.high))
        if text is not None
    ]
    return told + ([{"url": UNIT, "valueCoding": {"display": item.unit}}] if item.unit else [])


def _options(item: Question) -> list[dict[str, Any]]:
    return [
        {
            "valueCoding": {"system": option_system(item.code), "code": option.code, "display": option.label},
            **(
                {"extension": [{"url": ORDINAL, "valueDecimal": float(option.score)}]}
                if option.score is not None
                else {}
            ),
        }
        for option in item.choices
    ]


def _part(item: Question, code: str, label: str) -> dict[str, Any]:
    told: dict[str, Any] = {"linkId": f"{item.code}.{code}", "text": label}
    if isinstance(item, Matrix):
        return told | {"type": "choice", "answerOption": _options(item)}
    return told | {"type": "integer" if item.shape is Shape.RANKING else "string"}


def _coded(url: str, code: str) -> dict[str, Any]:
    return {
        "url": url,
        "valueCodeableConcept": {
            "coding": [{"system": "http://hl7.org/fhir/questionnaire-item-control", "code": code}]
        },
    }


# --- conditions -----------------------------------------------------------------------------------


def _enabled(node: Node | None, definition: Definition) -> dict[str, Any]:
    """enableWhen, as far as FHIR can say the condition; what it cannot say others do not see."""
    if node is None:
        return {}
    many = isinstance(node, Op) and node.op in {"and", "or"}
    parts = node.args if isinstance(node, Op) and many else (node,)
    told = [found for part in parts if (found := _when(part, definition)) is not None]
    if len(told) < len(parts):
        return {}
    behaviour = "any" if isinstance(node, Op) and node.op == "or" else "all"
    return {"enableWhen": told} | ({"enableBehavior": behaviour} if len(told) > 1 else {})


def _when(node: Node, definition: Definition) -> dict[str, Any] | None:
    if not isinstance(node, Op) or not node.args or not isinstance(node.args[0], Asked):
        return None
    asked = node.args[0]
    link = f"{asked.q}.{asked.part}" if asked.part else asked.q
    if node.op == "answered":
        return {"question": link, "operator": "exists", "answerBoolean": True}
    leaf = node.args[1] if len(node.args) == 2 else None
    if node.op == "has_any" and isinstance(leaf, Codes) and len(leaf.codes) == 1:
        leaf = Code(code=leaf.codes[0])
        return {"question": link, "operator": "="} | _answer(leaf, asked)
    sign = OPERATORS.get(node.op)
    if sign is None or leaf is None or definition.named(asked.q) is None:
        return None
    told = _answer(leaf, asked)
    return {"question": link, "operator": sign} | told if told else None


def _answer(leaf: Node, asked: Asked) -> dict[str, Any]:
    match leaf:
        case Code():
            return {"answerCoding": {"system": option_system(asked.q), "code": leaf.code}}
        case Num():
            number = float(leaf.num)
            return {"answerInteger": int(number)} if number.is_integer() else {"answerDecimal": number}
        case Day():
            return {"answerDate": leaf.day.isoformat()}
        case Text():
            return {"answerString": leaf.text}
        case _:
            return {}
