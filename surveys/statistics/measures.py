"""Measures of answers: mean, shares, NPS, their intervals, reliability. Pure; plain formulas, each with its source.

A measure without enough to be reckoned from is None, never 0. All intervals are of 95 %.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Z = 1.959963984540054  # the 97.5 % point of the normal distribution
# The 97.5 % points of Student's t with 1 to 30 degrees of freedom.
_T = (
    *(12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281),
    *(2.2010, 2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860),
    *(2.0796, 2.0739, 2.0687, 2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423),
)
PROMOTER, PASSIVE = 9, 7  # Reichheld 2003: 9–10 recommend, 0–6 detract
Histogram = Mapping[float, int]  # value → how often


@dataclass(frozen=True, slots=True)
class Interval:
    """From where to where, with 95 % confidence."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`; `value` from 0 to 1, None of nothing."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """The share."""
        return self.part / self.whole if self.whole else None

    @property
    def interval(self) -> Interval | None:
        """Wilson's."""
        return wilson(self.part, self.whole)


@dataclass(frozen=True, slots=True)
class Moments:
    """What a mean and its interval are made of: sums that can be added up."""

    n: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(self.n + other.n, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float | None:
        """The mean."""
        return self.total / self.n if self.n else None

    @property
    def variance(self) -> float | None:
        """Of the sample (n − 1)."""
        if self.n < 2:
            return None
        return max(0.0, (self.squares - self.total**2 / self.n) / (self.n - 1))

    @property
    def interval(self) -> Interval | None:
        """Student's: mean ± t · s ÷ √n."""
        if self.mean is None or self.variance is None:
            return None
        half = student(self.n - 1) * math.sqrt(self.variance / self.n)
        return Interval(self.mean - half, self.mean + half)


def moments(histogram: Histogram) -> Moments:
    """The moments of values."""
    return Moments(
        sum(histogram.values()),
        sum(value * n for value, n in histogram.items()),
        sum(value * value * n for value, n in histogram.items()),
    )


def student(freedom: int) -> float:
    """The 97.5 % point of Student's t; beyond 30 by the expansion of Abramowitz & Stegun 26.7.5."""
    if freedom <= len(_T):
        return _T[freedom - 1]
    z, v = Z, float(freedom)
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )


def wilson(part: int, whole: int) -> Interval | None:
    """The score interval of a share (Wilson 1927); None of nothing. It never leaves 0 … 1 and is right for few."""
    if whole <= 0:
        return None
    p, zz = part / whole, Z * Z
    middle = (p + zz / (2 * whole)) / (1 + zz / whole)
    half = Z / (1 + zz / whole) * math.sqrt(p * (1 - p) / whole + zz / (4 * whole * whole))
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def top_box(histogram: Histogram, best: float) -> Share:
    """The share of answers at the best value (HCAHPS: "always", 9–10)."""
    return Share(sum(n for value, n in histogram.items() if value >= best), sum(histogram.values()))


def low_box(histogram: Histogram, bad: float) -> Share:
    """The share of answers at a bad value or below."""
    return Share(sum(n for value, n in histogram.items() if value <= bad), sum(histogram.values()))


@dataclass(frozen=True, slots=True)
class Promoters:
    """Net promoter score: promoters less detractors, −100 to 100."""

    promoters: int
    passives: int
    detractors: int

    @property
    def n(self) -> int:
        """Everybody who answered."""
        return self.promoters + self.passives + self.detractors

    @property
    def value(self) -> float | None:
        """The score."""
        return 100 * (self.promoters - self.detractors) / self.n if self.n else None

    @property
    def interval(self) -> Interval | None:
        """Normal, with the variance of a difference of two shares of one sample: p + d − (p − d)²."""
        if not self.n or self.value is None:
            return None
        p, d = self.promoters / self.n, self.detractors / self.n
        half = 100 * Z * math.sqrt(max(0.0, p + d - (p - d) ** 2) / self.n)
        return Interval(max(-100.0, self.value - half), min(100.0, self.value + half))


def nps(histogram: Histogram) -> Promoters:
    """From answers 0 to 10."""
    return Promoters(
        sum(n for value, n in histogram.items() if value >= PROMOTER),
        sum(n for value, n in histogram.items() if PASSIVE <= value < PROMOTER),
        sum(n for value, n in histogram.items() if value < PASSIVE),
    )


def alpha(items: Sequence[float], whole: float) -> float | None:
    """Cronbach's α (1951): k ÷ (k − 1) · (1 − Σ item variances ÷ variance of the sum).

    Args:
        items: variance of each item over the responses that answered all of them.
        whole: variance of their sum over the same.
    """
    k = len(items)
    if k < 2 or whole <= 0:
        return None
    return k / (k - 1) * (1 - sum(items) / whole)
