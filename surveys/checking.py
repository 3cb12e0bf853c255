"""The two checks of a questionnaire: may this definition be published, and may these answers be taken.

The server's word is the last: what a browser showed, hid or allowed is worked out again here. Writes nothing.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from core.errors import Fault, Invalid
from surveys import piping, scoring_check
from surveys.answers import Answer
from surveys.definition import Conditions, Definition, types_of
from surveys.facts import FACT_CODES, FACT_TYPES
from surveys.logic import Type, Value, evaluate
from surveys.logic_check import Scope, check
from surveys.questions.base import END, Question, parsed

NO_FACTS: Mapping[str, Value] = {}
MOST_KEPT = 64  # answers to one question that are remembered


class Problem(BaseModel):
    """Why a definition may not be published: in which question, where in it ("options.2", "show_if"), why."""

    model_config = ConfigDict(frozen=True)

    question: str
    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers that were taken, by question; `dropped` are those given to questions that turned out hidden."""

    given: dict[str, Answer]
    dropped: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The answers as they are kept: codes only, nothing empty."""
        return {
            code: answer.model_dump(mode="json", exclude_defaults=True) for code, answer in self.given.items()
        }


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that counts with what conditions may know of it, or why it cannot be taken, or nothing given."""

    answer: Answer | None
    reason: str
    values: Mapping[str, Value]


# --- publish --------------------------------------------------------------------------------------


def problems(definition: Definition) -> list[Problem]:
    """Everything that hinders publishing, in the order of the questions."""
    found: list[Problem] = []
    if not definition.title:
        found.append(Problem(question="", place="title", reason="请写出表单名称"))
    if not definition.questions:
        found.append(Problem(question="", place="pages", reason="还没有题目"))
    for at, page in enumerate(definition.pages):
        if not page.items and len(definition.pages) > 1:
            found.append(Problem(question="", place=f"pages.{at}", reason=f"第 {at + 1} 页没有题目"))
    twice = Counter(item.code for item in definition.questions)
    for item in definition.questions:
        if twice[item.code] > 1:
            found.append(Problem(question=item.code, place="code", reason=f"编码 {item.code} 重复了"))
        if item.code == END:
            found.append(Problem(question=item.code, place="code", reason="编码 end 另有用途，请换一个"))
        found.extend(Problem(question=item.code, place=gap.place, reason=gap.reason) for gap in item.gaps())
    found.extend(
        Problem(question="", place=place, reason=reason) for place, reason in scoring_check.gaps(definition)
    )
    found.extend(
        Problem(question=code, place=place, reason=reason) for code, place, reason in piping.gaps(definition)
    )
    return [*found, *_logic_problems(definition)]


def _logic_problems(definition: Definition) -> Iterator[Problem]:
    order = [item.code for item in definition.questions]
    types: dict[str, Type] = dict(FACT_TYPES)
    codes: dict[str, frozenset[str]] = dict(FACT_CODES)
    for at, item in enumerate(definition.questions):
        if item.show_if is not None:
            scope = Scope(types, codes, frozenset(order[at:]))
            for trouble in check(item.show_if, scope):
                yield Problem(question=item.code, place="show_if", reason=trouble.reason)
        for name, kind, known in types_of(item):
            types[name] = kind
            if known is not None:
                codes[name] = known
        for number, jump in enumerate(item.jumps):
            place = f"jumps.{number}"
            for trouble in check(jump.when, Scope(types, codes, frozenset(order[at + 1 :]))):
                yield Problem(question=item.code, place=place, reason=trouble.reason)
            if jump.to != END and jump.to not in order:
                yield Problem(question=item.code, place=place, reason="要跳到的题目不存在或已删除")
            elif jump.to != END and order.index(jump.to) <= at:
                yield Problem(question=item.code, place=place, reason="只能往后跳")


# --- submit ---------------------------------------------------------------------------------------


class Judge:
    """Judges the answers to one version. An answer out of few (a step, an option) is judged once and remembered."""

    def __init__(self, definition: Definition, conditions: Conditions) -> None:
        self.definition, self.conditions = definition, conditions
        self._kept: dict[str, dict[tuple[str, str], Judged]] = {
            item.code: {} for item in definition.questions
        }

    def answers(self, given: Mapping[str, Any], facts: Mapping[str, Value] = NO_FACTS) -> Answers:
        """As `check_answers`."""
        faults: list[Fault] = []
        taken: dict[str, Answer] = {}
        dropped: list[str] = []
        values: dict[str, Value] = dict(facts)
        conditions = self.conditions
        for item in self.definition.questions:
            code = item.code
            if not shown(item, conditions, values):
                dropped += [code] if _has(given, code) else []
                continue
            one = self._judged(item, given.get(code) or {})
            if one.reason:
                faults.append(Fault(field=item.name(), label=item.title, reason=one.reason))
            elif one.answer is not None:
                taken[code] = one.answer
                if conditions:
                    values |= one.values
        strange = [code for code in given if code not in self._kept]
        faults += [Fault(field=f"q.{code[:60]}", label="答案", reason="没有这一题") for code in strange[:20]]
        if faults:
            raise Invalid("填写的内容有误", details=faults)
        return Answers(given=taken, dropped=tuple(dropped))

    def _judged(self, item: Question, raw: Any) -> Judged:
        key = few(raw)
        if key is None:
            return _judged(item, raw)
        kept = self._kept[item.code]
        found = kept.get(key)
        if found is None:
            found = _judged(item, raw)
            if not found.reason and len(kept) < MOST_KEPT:
                kept[key] = found
        return found


def few(raw: Any) -> tuple[str, str] | None:
    """The name of an answer that may come again: one number, or one option without words."""
    if type(raw) is not dict or len(raw) != 1:
        return None
    number = raw.get("n")
    if type(number) is str:
        return "n", number
    chosen = raw.get("c")
    if type(chosen) is list and len(chosen) == 1 and type(chosen[0]) is str:
        return "c", chosen[0]
    return None


def check_answers(
    definition: Definition,
    conditions: Conditions,
    given: Mapping[str, Any],
    facts: Mapping[str, Value] = NO_FACTS,
) -> Answers:
    """The answers that count.

    Args:
        definition: what was asked.
        conditions: when each question is shown, as kept with the published version.
        given: question code → the JSON of an answer (`surveys.answers`).
        facts: what is known of the visit, "f:visit.kind" → value; what is missing is unknown.

    Raises:
        Invalid: with a fault for each question; `field` is "q.<code>", `label` the title.
    """
    return Judge(definition, conditions).answers(given, facts)


def _judged(item: Question, raw: Any) -> Judged:
    answer = parsed(raw)
    if answer is None:
        return Judged(None, "答案的格式不对", {})
    reason = item.complaint(answer) or (item.lacking(answer) if item.required else "")
    if reason or not answer.given:
        return Judged(None, reason, {})
    return Judged(answer, "", item.values(answer))


def shown(item: Question, conditions: Conditions, values: Mapping[str, Value]) -> bool:
    """Whether a question is shown, knowing what came before it."""
    node = conditions.get(item.code)
    return node is None or evaluate(node, values) is True


def _has(given: Mapping[str, Any], code: str) -> bool:
    raw = given.get(code)
    if not raw:
        return False
    if (key := few(raw)) is not None:
        return key[0] == "c" or bool(key[1].strip())
    answer = parsed(raw)
    return answer is None or bool(answer.given)


def path(
    definition: Definition,
    conditions: Conditions,
    given: Mapping[str, Any],
    facts: Mapping[str, Value] = NO_FACTS,
) -> Sequence[str]:
    """The codes of what is shown, as answered so far; what cannot be read counts as not answered."""
    values: dict[str, Value] = dict(facts)
    seen = []
    for item in definition.questions:
        if not shown(item, conditions, values):
            continue
        seen.append(item.code)
        answer = parsed(given.get(item.code) or {})
        if answer is not None:
            values |= item.values(answer)
    return seen
