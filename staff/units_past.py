"""The organisation as it stood: trees of other days, and the months from which its structure was another.

Statistics of past years are read by it, so that a department that moved or merged is counted where it stood then.
"""

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta

from core import db
from staff import queries
from staff.stamped import Stamped
from staff.tree import OrgTree, build

MOST_KEPT = 120


@dataclass(frozen=True, slots=True)
class Held:
    """A term of a unit: its parent and names, from `since` until before `until` (None: it holds)."""

    unit_id: int
    parent_id: int | None
    name: str
    short_name: str
    since: date
    until: date | None


class OrgPast:
    """All terms of all units. Made by `read` or in a test; does not change."""

    def __init__(self, held: Iterable[Held]) -> None:
        self._held: dict[int, list[Held]] = {}
        # day → the present tree it was made from, and it
        self._trees: dict[date, tuple[OrgTree, OrgTree]] = {}
        for term in sorted(held, key=lambda term: term.since):
            self._held.setdefault(term.unit_id, []).append(term)

    def turns(self, now: OrgTree) -> tuple[date, ...]:
        """The first days of the months from which the structure was another, in order; none when it never changed.

        A change within a month counts from the next: figures are kept by month.
        """
        days = {
            later.since
            for terms in self._held.values()
            for earlier, later in itertools.pairwise(terms)
            if earlier.parent_id != later.parent_id
        }
        for unit in now.units:
            terms = self._held.get(unit.id, [])
            if terms and terms[-1].until is not None and terms[-1].parent_id != unit.parent_id:
                days.add(terms[-1].until)  # merged: it stands below its successor since
        return tuple(sorted({day if day.day == 1 else _next_month(day) for day in days}))

    def tree(self, day: date, now: OrgTree) -> OrgTree:
        """The units as they were called and stood on `day`; nothing leads to a successor in it.

        A unit that did not exist on that day stands where it first stood, or where it stands now when it was closed.
        """
        kept = self._trees.get(day)
        if kept is not None and kept[0] is now:
            return kept[1]
        if len(self._trees) >= MOST_KEPT:
            self._trees.clear()
        found = self._tree(day, now)
        self._trees[day] = (now, found)
        return found

    def _tree(self, day: date, now: OrgTree) -> OrgTree:
        parents: dict[int, int | None] = {}
        names: dict[int, tuple[str, str]] = {}
        for unit in now.units:
            term = self._on(unit.id, day)
            parents[unit.id] = term.parent_id if term else unit.parent_id
            names[unit.id] = (term.name, term.short_name) if term else (unit.name, unit.short_name)
        made = []
        for unit in now.units:
            line = _line(unit.id, parents)
            path = f"/{'/'.join(map(str, line))}/" if line else unit.path
            name, short = names[unit.id]
            parent = parents[unit.id] if line else unit.parent_id
            made.append(
                replace(unit, parent_id=parent, path=path, name=name, short_name=short, merged_into=None)
            )
        return build(made, day)

    def _on(self, unit_id: int, day: date) -> Held | None:
        terms = self._held.get(unit_id, [])
        for term in terms:
            if day < (term.until or date.max):
                return term  # the one that holds, or the first after
        return None


def _line(unit_id: int, parents: dict[int, int | None]) -> list[int]:
    """The ids from the top down to the unit; empty when they run in a circle, as half-known pasts may."""
    line, at = [unit_id], parents.get(unit_id)
    while at is not None:
        if at in line or at not in parents:
            return []
        line.append(at)
        at = parents[at]
    return line[::-1]


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


async def _read() -> OrgPast:
    rows = await db.fetch("select unit_id, parent_id, name, short_name, since, until from org_term")
    return OrgPast(Held(**dict(row)) for row in rows)


_past = Stamped("org", _read)


async def past() -> OrgPast:
    """The terms of all units, cached as `queries.tree` is."""
    await queries.tree()
    return await _past.get()


async def forget() -> None:
    """Have this process see its own change of units at once, in the present and in the past."""
    await queries.forget_tree()
    await _past.forget()
