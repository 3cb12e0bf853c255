"""Answers as a FHIR R4 QuestionnaireResponse and back (hl7.org/fhir/R4/questionnaireresponse.html).

Judges nothing: what was read goes through `surveys.checking.check_answers` like any answer. Personal answers are
written only when the caller gives them.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from core.errors import Fault, Invalid
from surveys.answers import Answer, Shape
from surveys.definition import Definition
from surveys.exchange.fhir_terms import option_system
from surveys.questions.base import Question

FILE = "urn:uuid:"


def response(
    definition: Definition,
    answers: Mapping[str, Answer],
    *,
    questionnaire: str,
    response_id: UUID,
    at: datetime,
) -> dict[str, Any]:
    """The resource.

    Args:
        definition: the version that was answered.
        answers: question code → answer; those left out are not written.
        questionnaire: the canonical address of the version, "urn:huiyin:questionnaire-version:12|3".
        response_id: of the response.
        at: when it was completed, aware.
    """
    pages = []
    for number, page in enumerate(definition.pages, start=1):
        items = [_item(item, answers[item.code]) for item in page.items if item.code in answers]
        if items:
            pages.append({"linkId": f"page-{number}", "item": items})
    return {
        "resourceType": "QuestionnaireResponse",
        "identifier": {"system": "urn:ietf:rfc:3986", "value": f"{FILE}{response_id}"},
        "questionnaire": questionnaire,
        "status": "completed",
        "authored": at.isoformat(),
        "item": pages,
    }


def _item(item: Question, answer: Answer) -> dict[str, Any]:
    told: dict[str, Any] = {"linkId": item.code, "text": item.title}
    if item.shape in {Shape.BLANKS, Shape.GRID, Shape.RANKING}:
        labels = {part.code: part.label for part in item.parts}
        inner = [
            {"linkId": f"{item.code}.{part}", "text": labels.get(part, part), "answer": [value]}
            for part, value in _parts(item, answer)
        ]
        return told | {"item": inner}
    return told | {"answer": list(_values(item, answer))}


def _coding(item: Question, code: str) -> dict[str, Any]:
    label = next((option.label for option in item.choices if option.code == code), code)
    return {"valueCoding": {"system": option_system(item.code), "code": code, "display": label}}


def _values(item: Question, answer: Answer) -> Iterator[dict[str, Any]]:
    for code in answer.c:
        yield _coding(item, code)
    if answer.o:
        yield {"valueString": answer.o}
    if answer.n:
        whole = "." not in answer.n
        yield {"valueInteger": int(answer.n)} if whole else {"valueDecimal": float(answer.n)}
    if answer.t:
        yield {"valueString": answer.t}
    if answer.d:
        yield {"valueDate": answer.d.isoformat()}
    for file in answer.f:
        yield {"valueAttachment": {"url": f"{FILE}{file}"}}


def _parts(item: Question, answer: Answer) -> Iterator[tuple[str, dict[str, Any]]]:
    for part, text in answer.b.items():
        if text:
            yield part, {"valueString": text}
    for part, chosen in answer.m.items():
        for code in chosen:
            yield part, {"valueInteger": int(code)} if item.shape is Shape.RANKING else _coding(item, code)


# --- in -------------------------------------------------------------------------------------------


def given(definition: Definition, raw: Mapping[str, Any]) -> dict[str, Any]:
    """What a resource answers: question code → JSON of an answer, as `check_answers` takes it.

    Raises:
        Invalid: not such a resource, or an item that the definition does not ask; `field` is its linkId.
    """
    if raw.get("resourceType") != "QuestionnaireResponse":
        raise Invalid(
            "不是 FHIR 答卷", details=[Fault(field="resourceType", label="答卷", reason="类型不对")]
        )
    found: dict[str, Any] = {}
    faults: list[Fault] = []
    for item in _flat(raw.get("item"), 0):
        link = str(item.get("linkId") or "")
        code, _, part = link.partition(".")
        question = definition.named(code)
        if question is None:
            if item.get("answer"):
                faults.append(Fault(field=link[:80], label="答卷", reason="问卷中没有这一题"))
            continue
        values = [value for value in item.get("answer") or [] if isinstance(value, dict)]
        _add(found.setdefault(code, {}), question, part, values)
    if faults:
        raise Invalid("FHIR 答卷与问卷不符", details=faults[:50])
    return {code: answer for code, answer in found.items() if answer}


def _flat(raw: object, deep: int) -> Iterator[dict[str, Any]]:
    if not isinstance(raw, list) or deep > 10:
        return
    for item in raw:
        if isinstance(item, dict):
            yield item
            yield from _flat(item.get("item"), deep + 1)


def _add(answer: dict[str, Any], question: Question, part: str, values: list[dict[str, Any]]) -> None:
    for value in values:
        coding = value.get("valueCoding")
        text = value.get("valueString")
        number = value.get("valueInteger", value.get("valueDecimal"))
        if part and question.shape is Shape.BLANKS and isinstance(text, str):
            answer.setdefault("b", {})[part] = text
        elif part:
            code = coding.get("code") if isinstance(coding, dict) else number
            answer.setdefault("m", {}).setdefault(part, []).append(str(code))
        elif isinstance(coding, dict):
            answer.setdefault("c", []).append(str(coding.get("code")))
        elif isinstance(number, int | float) and not isinstance(number, bool):
            answer["n"] = str(number)
        elif isinstance(value.get("valueDate"), str):
            answer["d"] = value["valueDate"]
        elif isinstance(value.get("valueAttachment"), dict):
            answer.setdefault("f", []).append(str(value["valueAttachment"].get("url", "")).removeprefix(FILE))
        elif isinstance(text, str):
            answer["o" if question.shape in {Shape.CODE, Shape.CODES} else "t"] = text
