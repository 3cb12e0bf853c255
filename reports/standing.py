"""By which organisation facts are read: as it stood in their month, or as it stands today. Pure; runs nothing.

A fact keeps its unit for ever. Where that unit stood, and what stood below it, may have changed; so whatever is asked
of places is asked month by month where the structure was another.
"""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from staff.queries import OrgTree
from staff.units_past import OrgPast
from tickets.queries.values import Values


@dataclass(frozen=True, slots=True)
class Stretch:
    """The months from `since` until before `until` (None: without end), and the organisation of that time."""

    since: date | None
    until: date | None
    tree: OrgTree

    def holds(self, month: date) -> bool:
        """Whether a month, given by its first day, lies in it."""
        return (self.since is None or month >= self.since) and (self.until is None or month < self.until)


@dataclass(frozen=True, slots=True)
class Standing:
    """The organisation over time; one stretch when it never changed or is read as it stands today."""

    stretches: tuple[Stretch, ...]

    @property
    def varies(self) -> bool:
        """Whether months have to be told apart."""
        return len(self.stretches) > 1

    def tree(self, month: date | None) -> OrgTree:
        """The organisation of a month; the present one for None."""
        if month is None:
            return self.stretches[-1].tree
        return next(stretch.tree for stretch in self.stretches if stretch.holds(month))

    def among(
        self, places: Callable[[OrgTree], Iterable[int]], values: Values, column: str, month: str
    ) -> str:
        """The condition that `column` is one of the places, which each stretch has its own of."""
        ways = []
        for stretch in self.stretches:
            parts = [f"{column} = any({values.arg(sorted(places(stretch.tree)))}::bigint[])"]
            if stretch.since is not None:
                parts.append(f"{month} >= {values.arg(stretch.since)}")
            if stretch.until is not None:
                parts.append(f"{month} < {values.arg(stretch.until)}")
            ways.append(" and ".join(parts))
        return ways[0] if len(ways) == 1 else f"({' or '.join(f'({way})' for way in ways)})"


def today(tree: OrgTree) -> Standing:
    """Everything as it stands today; what was merged counts with its successor."""
    return Standing((Stretch(None, None, tree),))


def then(past: OrgPast, tree: OrgTree) -> Standing:
    """Each month as it stood then."""
    turns = past.turns(tree)
    if not turns:
        return today(tree)
    bounds: list[date | None] = [None, *turns, None]
    return Standing(
        tuple(
            Stretch(since, until, past.tree(since or turns[0] - timedelta(days=1), tree))
            for since, until in itertools.pairwise(bounds)
        )
    )
