"""What the tables and the trend of a board show: the mean of a score, or the share of answers at the best or a bad option.

A share is told with Wilson's interval, compared by shares and watched by a p-chart; a mean by ranks and an XmR chart
(`comparing`, `control`). Counts nothing: it knows the SQL of one response's value.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from surveys.questions.base import Question
from surveys.scoring import formula
from surveys.scoring_rules import Method
from surveys.statistics.variables import Known, Variable

BAD = 2.0  # on a scale of five: this and below is a low answer
ABOUT = " cross join lateral unnest(r.about_scores, r.about_units, r.about_values) as a(slot, unit, value)"
SHARES = {"top": "最高档占比", "low": "低分占比"}


@dataclass(frozen=True, slots=True)
class Part:
    """A value of a response as SQL; `served` the department it is about, "" for that of the visit."""

    value: str
    served: str = ""
    join: str = ""
    condition: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """What is shown. `parts`: a response may bear on several departments, so several values."""

    key: str
    label: str
    formula: str
    parts: tuple[Part, ...]
    share: bool = False
    top: float | None = None  # where the scale ends: an interval does not go beyond it

    @property
    def less_is_better(self) -> bool:
        """Whether high is bad: of low answers."""
        return self.key.startswith("low:")

    @property
    def by_unit(self) -> bool:
        """Whether it tells of the department that served rather than of the visit's."""
        return any(part.served for part in self.parts)


def best(question: Question) -> float:
    """The points of the best option; 0 where there are none."""
    if steps := getattr(question, "steps", None):
        return float(max(steps))
    return max((float(one.score) for one in question.choices if one.score), default=0.0)


def bounds(question: Question) -> tuple[float, float]:
    """From which points on an answer is at the top, up to which it is low. Of recommendation: 9 and 6 (Reichheld 2003)."""
    return (9.0, 6.0) if question.kind == "nps" else (best(question), best(question) * BAD / 5)


def scores(known: Known, keys: Sequence[str]) -> list[Measure]:
    """The scores that any response has."""
    return [_of_score(known, key, slot) for key in keys if (slot := known.score_slot(key)) is not None]


def _of_score(known: Known, key: str, slot: int) -> Measure:
    rule = known.rules[key]
    part = Part("a.value", "a.unit", ABOUT, f"a.slot = {slot}") if rule.by_unit else Part(f"r.scores[{slot}]")
    # The share of one question at its best is 0 or 1 of each response: a share of responses.
    share = rule.method is Method.TOPBOX and rule.to_100 is None and len(rule.questions) == 1
    top = 100.0 if rule.to_100 is not None else None
    return Measure(key, rule.label or key, formula(rule, known.questions), (part,), share, top)


def shares(known: Known) -> list[Measure]:
    """Of every question whose options have points: the share at the best, and the low ones."""
    found = []
    for name, variable in known.variables.items():
        if not variable.slots or variable.several:
            continue
        code, _, part = name.removeprefix("q:").partition(".")
        question = known.questions[code]
        if not question.counted or not best(question) or not known.values(code, part):
            continue
        top, low = bounds(question)
        for key, words, least, most in (
            ("top", f"选 {top:g} 分及以上的人数 ÷ 有分值的作答人数", top, None),
            ("low", f"选 {low:g} 分及以下的人数 ÷ 有分值的作答人数", None, low),
        ):
            parts = tuple(_of_question(known, one, least, most) for one in (variable, *variable.copies))
            found.append(
                Measure(f"{key}:{name}", f"{variable.label} · {SHARES[key]}", words, parts, share=True)
            )
    return found


def _of_question(known: Known, variable: Variable, least: float | None, most: float | None) -> Part:
    """1 where the points are among those wanted, 0 where they are not, null where the option has none."""
    slot = min(variable.slots)
    points = {code: num for (at, code), num in known.nums.items() if at == slot}
    wanted = [
        code
        for code, num in points.items()
        if (least is None or num >= least) and (most is None or num <= most)
    ]
    here = f"r.codes[{slot}]"
    value = (
        f"case when {here} = any({_codes(wanted)}) then 1.0::float8 when {here} = any({_codes(points)})"
        " then 0.0::float8 end"
    )
    return Part(value, variable.served, condition=f"({value}) is not null" if variable.served else "")


def _codes(codes: Iterable[int]) -> str:
    return "'{" + ",".join(str(code) for code in sorted(codes)) + "}'::smallint[]"
