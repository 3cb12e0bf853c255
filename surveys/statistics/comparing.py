"""Whether departments differ by more than chance: two shares, two sets of ranks, and a correction for many at once. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from surveys.statistics.measures import Histogram, Share

Key = TypeVar("Key")
FALSE_DISCOVERIES = 0.05  # of what is marked, so much may be chance


@dataclass(frozen=True, slots=True)
class Verdict:
    """One against all others: `p` as tested, `q` after the correction, `higher` where it lies."""

    p: float
    q: float
    higher: bool

    @property
    def differs(self) -> bool:
        """Whether it is marked."""
        return self.q < FALSE_DISCOVERIES


def two_sided(z: float) -> float:
    """The chance of a normal deviate at least so far out."""
    return math.erfc(abs(z) / math.sqrt(2))


def two_shares(one: Share, other: Share) -> float | None:
    """p of the pooled two-proportion z test; None when nothing can be told."""
    whole = one.whole + other.whole
    if not one.whole or not other.whole:
        return None
    pooled = (one.part + other.part) / whole
    spread = pooled * (1 - pooled) * (1 / one.whole + 1 / other.whole)
    if spread <= 0:
        return 1.0
    return two_sided((one.part / one.whole - other.part / other.whole) / math.sqrt(spread))


def ranks(one: Histogram, other: Histogram) -> tuple[float, bool] | None:
    """p of the Mann–Whitney test with its correction for ties (normal, continuity ½), and whether `one` lies higher.

    None when either is empty. Right from about eight values each; the page asks for more than that.
    """
    n, m = sum(one.values()), sum(other.values())
    if not n or not m:
        return None
    below, tied, u = 0, 0.0, 0.0
    for value in sorted({*one, *other}):
        here, there = one.get(value, 0), other.get(value, 0)
        u += here * (below + there / 2)
        below += there
        both = here + there
        tied += both**3 - both
    whole = n + m
    variance = n * m / 12 * (whole + 1 - tied / (whole * (whole - 1)))
    away = u - n * m / 2
    if variance <= 0:
        return 1.0, away > 0
    z = max(0.0, abs(away) - 0.5) / math.sqrt(variance)
    return two_sided(z), away > 0


def corrected(ps: Sequence[float]) -> list[float]:
    """q of each p: Benjamini and Hochberg 1995, the share of false ones among those marked at that level."""
    order = sorted(range(len(ps)), key=lambda at: ps[at], reverse=True)
    found, least = [0.0] * len(ps), 1.0
    for place, at in enumerate(order):
        least = min(least, ps[at] * len(ps) / (len(ps) - place))
        found[at] = least
    return found


def each_against_the_others(groups: Mapping[Key, Histogram]) -> dict[Key, Verdict]:
    """Every group against all others together, by ranks, corrected."""
    together: dict[float, int] = {}
    for histogram in groups.values():
        for value, n in histogram.items():
            together[value] = together.get(value, 0) + n
    tested: dict[Key, tuple[float, bool]] = {}
    for key, histogram in groups.items():
        others = {value: n - histogram.get(value, 0) for value, n in together.items()}
        if (found := ranks(histogram, {value: n for value, n in others.items() if n})) is not None:
            tested[key] = found
    return _judged(tested)


def shares_against_the_others(groups: Mapping[Key, Share]) -> dict[Key, Verdict]:
    """Every group's share against that of all others together, corrected."""
    part, whole = sum(one.part for one in groups.values()), sum(one.whole for one in groups.values())
    tested: dict[Key, tuple[float, bool]] = {}
    for key, one in groups.items():
        other = Share(part - one.part, whole - one.whole)
        if (p := two_shares(one, other)) is not None:
            tested[key] = p, (one.value or 0.0) > (other.value or 0.0)
    return _judged(tested)


def _judged(tested: Mapping[Key, tuple[float, bool]]) -> dict[Key, Verdict]:
    qs = corrected([p for p, _ in tested.values()])
    return {key: Verdict(p, q, higher) for (key, (p, higher)), q in zip(tested.items(), qs, strict=True)}
