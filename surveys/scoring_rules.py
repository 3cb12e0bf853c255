"""How a questionnaire is scored, as its version declares it: which questions, how they are put together, onto which scale.

Computes nothing (`surveys.scoring` does); `checking.problems` says what hinders publishing.
"""

from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from surveys.answers import Words
from surveys.logic import NUMBER
from surveys.questions.base import CODE, CodeText, Frozen

ITEM = r"^[a-z][a-z0-9_]{0,39}(\.[a-z][a-z0-9_]{0,39})?$"


class Method(StrEnum):
    """How the points of the questions become one number."""

    SUM = "sum"
    MEAN = "mean"
    WEIGHTED = "weighted"  # Σ points × weight ÷ Σ weight of what was answered
    TOPBOX = "topbox"  # the share of answers at `top` points or above, 0 to 1


METHOD_WORDS = {
    Method.SUM: "合计",
    Method.MEAN: "平均",
    Method.WEIGHTED: "加权平均",
    Method.TOPBOX: "高分占比",
}


class Linear(Frozen):
    """A straight line onto 0–100: `low` becomes 0, `high` becomes 100.

    Two conversions of a five-point answer are common and differ a lot: low 0 (x × 20; one star is 20) and low 1
    ((x − 1) ÷ 4 × 100; one star is 0). So the formula is shown beside every score.
    """

    name: Words = Field(default="", max_length=40)
    low: str = Field(pattern=NUMBER)
    high: str = Field(pattern=NUMBER)

    @property
    def formula(self) -> str:
        """ "x × 20", "(x − 1) ÷ 4 × 100"."""
        low, high = Decimal(self.low), Decimal(self.high)
        width = high - low
        if width == 0:
            return "—"
        inner = "x" if low == 0 else f"(x − {_plain(low)})" if low > 0 else f"(x + {_plain(-low)})"
        factor = Decimal(100) / width
        if low == 0 and factor == factor.quantize(Decimal("0.01")):
            return inner if factor == 1 else f"{inner} × {_plain(factor)}"
        return f"{inner} ÷ {_plain(width)} × 100"


TIMES_TWENTY = Linear(name="五分制 ×20", low="0", high="5")
FROM_ZERO = Linear(name="五分制 0–100", low="1", high="5")


class ScoreRule(Frozen):
    """One score of a response.

    `questions` name questions, or one part of them ("env.clean": a row of a matrix); a matrix named as a whole counts
    each of its rows. The points of an answer are the number given, or the points of the chosen option (several: their
    sum). Questions that were hidden or left open are not counted; with fewer than `min_answered` there is no score.
    `dimension` is a code of `surveys.dimensions`; with `by_unit` the score is worked out apart for every department
    that served (`surveys.dynamic.queries.serving`).
    """

    key: CodeText
    label: Words = Field(default="", max_length=60)
    questions: tuple[str, ...] = Field(default=(), max_length=300)
    method: Method = Method.MEAN
    weights: dict[str, str] = Field(default_factory=dict, max_length=300)
    top: str | None = Field(default=None, pattern=NUMBER)
    to_100: Linear | None = None
    min_answered: int = Field(default=1, ge=1, le=300)
    dimension: str = Field(default="", pattern=rf"^$|{CODE}")
    by_unit: bool = False

    @property
    def formula(self) -> str:
        """The rule in words, without the questions: "平均，(x − 1) ÷ 4 × 100，至少答 3 题"."""
        top = f"（≥ {self.top} 分）" if self.method is Method.TOPBOX and self.top else ""
        words = [f"{METHOD_WORDS[self.method]}{top}"]
        if self.to_100 is not None:
            words.append(self.to_100.formula)
        if self.min_answered > 1:
            words.append(f"至少答 {self.min_answered} 题")
        return "，".join(words)


def _plain(number: Decimal) -> str:
    return format(number.normalize(), "f")
