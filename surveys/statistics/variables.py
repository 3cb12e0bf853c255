"""What responses can be grouped and narrowed by: where the visit was, the channel, the month, and each question of choices.

Each variable knows its words and its SQL over `survey_row r`; numbers in the SQL are places and codes of our own.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from core import db
from patients.rows import KIND_LABELS
from staff import queries as staff
from surveys.answers import Shape
from surveys.dynamic.picking import MOST_UNITS, copy_code
from surveys.facts import FACTS
from surveys.piping import PLACEHOLDER
from surveys.questionnaires import queries as questionnaires
from surveys.questions.base import Question
from surveys.responses.rows import CHANNEL_LABELS
from surveys.scoring_rules import ScoreRule
from surveys.statistics import rows
from surveys.statistics.book import Book

UNIT_COLUMNS = {"campus": "r.campus_id", "unit": "r.unit_id", "ward": "r.ward_id"}
WORDS = {
    "campus": "院区",
    "unit": "科室",
    "ward": "病区",
    "doctor": "医生",
    "channel": "渠道",
    "kind": "就诊类型",
    "month": "月份",
}
COLUMNS = {
    **{name: f"{column}::text" for name, column in UNIT_COLUMNS.items()},
    "doctor": "nullif(r.doctor, '')",
    "channel": "r.channel",
    "kind": "nullif(r.visit_kind, '')",
    "month": "r.day",  # words are made of days after counting: to_char for each of a million rows is slow
}
MOST_OPTIONS = 60  # of a question that can be a variable


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable. `slots`: place → the option it stands for ("" when the place holds the option's code itself)."""

    name: str
    label: str
    slots: Mapping[int, str]
    options: Mapping[str, str]  # value → words, in order; of a column: those known beforehand
    codes: Mapping[str, int]  # value → code in the single place
    step: str = ""  # of care, that the question is about
    copies: "tuple[Variable, ...]" = ()  # the same question about the second, third … department of its step

    @property
    def several(self) -> bool:
        """Whether a response may stand in several of its groups."""
        return any(self.slots.values())

    @property
    def sql(self) -> str:
        """The value, or the number that `told` reads; null for none. Of a multiple choice it needs `join`."""
        if self.name in COLUMNS:
            return COLUMNS[self.name]
        if self.several:
            return f"{self.alias}.option"
        (slot,) = self.slots
        return f"nullif(r.codes[{slot}], 0)"

    @property
    def alias(self) -> str:
        """Of the join."""
        return f"m{min(self.slots)}"

    @property
    def join(self) -> str:
        """One row for each option that was chosen."""
        if not self.several:
            return ""
        rows = ", ".join(f"('{slot}', r.codes[{slot}], r.served[{slot}])" for slot in self.slots)
        return f" cross join lateral (values {rows}) as {self.alias}(option, chosen, whom)"

    @property
    def served(self) -> str:
        """The department that the answer is about, where the question belongs to a step of care; "" where none."""
        if not self.step:
            return ""
        return f"{self.alias}.whom" if self.several else f"r.served[{min(self.slots)}]"

    @property
    def chosen(self) -> str:
        """The condition that goes with the join."""
        return f"{self.alias}.chosen > 0" if self.several else ""

    def told(self, raw: str | int | date | None) -> str | None:
        """The value that a row of the result stands for."""
        if raw is None or self.name in COLUMNS:
            return None if raw is None else f"{raw:%Y-%m}" if isinstance(raw, date) else str(raw)
        if isinstance(raw, date):
            return None
        if self.several:
            return self.slots.get(int(raw))
        return next((value for value, code in self.codes.items() if code == int(raw)), None)

    def condition(self, value: str) -> str | None:
        """That a response has this value, of whichever department; None when there is no such value."""
        found = [part for one in (self, *self.copies) if (part := one.alone(value)) is not None]
        return f"({' or '.join(found)})" if found else None

    def alone(self, value: str) -> str | None:
        """The same without its copies."""
        if self.several:
            slot = next((slot for slot, option in self.slots.items() if option == value), None)
            return f"r.codes[{slot}] > 0" if slot is not None else None
        code = self.codes.get(value)
        return f"r.codes[{min(self.slots)}] = {code}" if code is not None and self.slots else None


@dataclass(frozen=True)
class Known:
    """A questionnaire as statistics know it: its questions (of the newest version that has them), scores, places."""

    id: int
    title: str
    questions: Mapping[str, Question]
    rules: Mapping[str, ScoreRule]
    book: Book
    nums: Mapping[tuple[int, int], float]
    revision: int
    variables: Mapping[str, Variable] = field(default_factory=dict)

    @property
    def by_steps(self) -> bool:
        """Whether answers or scores can be about other departments than the one where the visit was."""
        return any(one.step for one in self.questions.values()) or any(r.by_unit for r in self.rules.values())

    def by_unit(self, key: str) -> bool:
        """Whether a score is given to the department that served."""
        return key in self.rules and self.rules[key].by_unit

    def score_slot(self, key: str) -> int | None:
        """The place of a score; None while no response has it."""
        return self.book.scores.get(key)

    def values(self, question: str, part: str = "") -> Mapping[int, float]:
        """Code → points of a question in its single place."""
        slot = self.book.slots.get((question, part, ""))
        return {code: num for (at, code), num in self.nums.items() if at == slot}


async def known(questionnaire_id: int) -> Known:
    """Read it; the caller asked who may see it."""
    found = await questionnaires.by_id(questionnaire_id)
    questions: dict[str, Question] = {}
    rules: dict[str, ScoreRule] = {}
    for version in await questionnaires.versions(questionnaire_id):
        for question in version.definition.questions:
            questions.setdefault(question.code, question)
        for rule in version.definition.scores:
            rules.setdefault(rule.key, rule)
    book = await Book(questionnaire_id).read()
    points = await db.fetch(
        "select slot, code, num::float8 as num from survey_code where questionnaire_id = $1 and num is not null",
        questionnaire_id,
    )
    nums = {(row["slot"], row["code"]): row["num"] for row in points}
    variables = await _columns() | _of_questions(questions, book)
    revision = await rows.revision(questionnaire_id)
    return Known(questionnaire_id, found.title, questions, rules, book, nums, revision, variables)


async def _columns() -> dict[str, Variable]:
    tree = await staff.tree()
    kinds = {"campus": ("campus", "clinic"), "unit": ("department",), "ward": ("ward",)}
    options: dict[str, dict[str, str]] = {
        name: {str(unit.id): tree.label(unit.id) for unit in tree.units if unit.kind in wanted}
        for name, wanted in kinds.items()
    }
    options |= {
        "channel": dict(CHANNEL_LABELS),
        "kind": {kind.value: words for kind, words in KIND_LABELS.items()},
        "doctor": {},
        "month": {},
    }
    return {name: Variable(name, WORDS[name], {}, options[name], {}) for name in COLUMNS}


def _of_questions(questions: Mapping[str, Question], book: Book) -> dict[str, Variable]:
    found: dict[str, Variable] = {}
    again = _again(questions)
    for (code, part, option), slot in book.slots.items():
        asked = questions.get(again.get(code, code))
        if asked is None or asked.shape is Shape.RANKING:
            continue
        name = f"q:{code}.{part}" if part else f"q:{code}"
        label = title_of(asked) + (f"：{part_label(asked, part)}" if part else "")
        words = {one.code: one.label for one in asked.choices}
        if option:
            before = found.get(name)
            slots = {**(before.slots if before else {}), slot: option}
            chosen = set(slots.values())
            found[name] = Variable(
                name, label, slots, {c: w for c, w in words.items() if c in chosen}, {}, asked.step
            )
            continue
        codes = {value: at for (where, value), at in book.codes.items() if where == slot}
        if len(codes) > MOST_OPTIONS:
            continue
        if not words:
            words = {value: value for value in sorted(codes, key=float)}
        found[name] = Variable(name, label, {slot: ""}, words, codes, asked.step)
    for copy, code in again.items():
        for name in [one for one in found if one[2:].partition(".")[0] == copy]:
            base = f"q:{code}{name[2 + len(copy) :]}"
            gone = found.pop(name)
            if base in found:
                one = found[base]
                options = {**one.options, **gone.options}
                if not questions[code].choices:
                    options = {value: options[value] for value in sorted(options, key=float)}
                found[base] = replace(one, copies=(*one.copies, gone), options=options)
    order = {code: at for at, code in enumerate(questions)}
    return dict(sorted(found.items(), key=lambda one: order.get(one[0][2:].partition(".")[0], 999)))


def _again(questions: Mapping[str, Question]) -> dict[str, str]:
    """What a question is called for the second, third … department of its step → the question."""
    return {
        copy_code(code, number): code
        for code, asked in questions.items()
        if asked.step
        for number in range(2, MOST_UNITS + 1)
        if copy_code(code, number) not in questions
    }


def title_of(question: Question) -> str:
    """The title where it is about everybody: what is filled in for a person is told by its name instead."""
    return PLACEHOLDER.sub(_blank, question.title)


def _blank(found: "re.Match[str]") -> str:
    name = found[2]
    if found[1] == "f" and name.startswith("unit."):
        return "〔科室〕"
    return f"〔{FACTS[name].label}〕" if name in FACTS else "〔…〕"


def part_label(question: Question, part: str) -> str:
    """The words of a row of a matrix."""
    return next((one.label for one in question.parts if one.code == part), part)
