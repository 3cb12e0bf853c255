"""Control charts: what a measure does by itself from month to month, and where it does something else. Pure.

Limits are three standard deviations: a p-chart for shares, individuals and moving ranges (XmR) for means. Signals:
a point beyond a limit, or eight in a row on one side of the middle (Western Electric 1956, Wheeler 1993).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from surveys.statistics.measures import Share

RUN = 8
SIGMAS = 3
MOVING = 2.66  # 3 ÷ 1.128, the mean range of two
FEWEST = 6  # points before limits mean anything


@dataclass(frozen=True, slots=True)
class Point:
    """A point of the chart; limits and middle are None while there are too few. `signal`: "", "high", "low", "run"."""

    value: float | None
    middle: float | None = None
    low: float | None = None
    high: float | None = None
    signal: str = ""


def shares(points: Sequence[Share]) -> list[Point]:
    """A p-chart: limits of each point by its own n, within 0 and 1."""
    counted = [point for point in points if point.whole]
    if len(counted) < FEWEST:
        return [Point(point.value) for point in points]
    middle = sum(point.part for point in counted) / sum(point.whole for point in counted)
    found = []
    for point in points:
        if not point.whole:
            found.append(Point(None, middle))
            continue
        half = SIGMAS * math.sqrt(middle * (1 - middle) / point.whole)
        found.append(Point(point.value, middle, max(0.0, middle - half), min(1.0, middle + half)))
    return _signalled(found)


def means(points: Sequence[float | None]) -> list[Point]:
    """An XmR chart: one value each, limits by the mean moving range."""
    values = [value for value in points if value is not None]
    if len(values) < FEWEST:
        return [Point(value) for value in points]
    middle = sum(values) / len(values)
    ranges = [abs(b - a) for a, b in itertools.pairwise(values)]
    half = MOVING * sum(ranges) / len(ranges)
    return _signalled([Point(value, middle, middle - half, middle + half) for value in points])


def _signalled(points: Sequence[Point]) -> list[Point]:
    found: list[Point] = []
    side, length = 0, 0
    for point in points:
        value, middle = point.value, point.middle
        if value is None or middle is None or point.low is None or point.high is None:
            found.append(point)
            continue
        here = (value > middle) - (value < middle)
        length = length + 1 if here and here == side else 1 if here else 0
        side = here
        signal = (
            "high" if value > point.high else "low" if value < point.low else "run" if length >= RUN else ""
        )
        found.append(Point(value, middle, point.low, point.high, signal))
    return found
