"""The sums everything else is made of: few passes over the rows, each asked once until the rows change.

What may be counted is `scoping`'s to say; a score that departments are given (SV-5) is summed by who served. Draws no
conclusion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import asyncpg

from core.actor import Actor
from core.errors import NotFound
from staff import queries as staff
from staff.tree import OrgTree
from surveys.statistics import kept
from surveys.statistics.asking import Asked
from surveys.statistics.measures import Moments, Share
from surveys.statistics.measuring import ABOUT, Measure, Part
from surveys.statistics.scoping import of_answers, of_either, of_scores, of_visits, places
from surveys.statistics.variables import UNIT_COLUMNS, Known, Variable

PLACES = ("campus", "unit", "ward")
MOST_COLUMNS = 1_200  # PostgreSQL takes 1,664
GROUPS = (*PLACES, "channel", "kind")
ALPHA = (
    20_000  # responses from which reliability is worked out: of more it does not change in the second place
)


@dataclass
class Sums:
    """Of a group: how many, and how many of them clean; moments of each score, all and clean."""

    n: int = 0
    clean: int = 0
    scores: dict[str, Moments] = field(default_factory=dict)
    clean_scores: dict[str, Moments] = field(default_factory=dict)

    def add(self, key: str, one: Moments, *, clean: bool) -> None:
        """More of a score."""
        self.scores[key] = self.scores.get(key, Moments()) + one
        if clean:
            self.clean_scores[key] = self.clean_scores.get(key, Moments()) + one


@dataclass
class Tally:
    """A group by one score: how often each value, all and clean; of responses without the score only how many."""

    n: int = 0
    clean: int = 0
    values: dict[float, int] = field(default_factory=dict)
    clean_values: dict[float, int] = field(default_factory=dict)

    @property
    def share(self) -> Share:
        """Of a measure that is one: those with 1."""
        return Share(self.values.get(1.0, 0), sum(self.values.values()))

    def add(self, value: float | None, n: int, *, clean: bool) -> None:
        """So many with that value."""
        self.n += n
        self.clean += n if clean else 0
        if value is not None:
            self.values[value] = self.values.get(value, 0) + n
            if clean:
                self.clean_values[value] = self.clean_values.get(value, 0) + n


async def size(asked: Asked, known: Known, *, by: Actor) -> tuple[int, int]:
    """How many responses, and how many clean ones: of those departments' visits, or about them."""
    where = await of_either(asked, known, by)
    rows = await kept.fetch(
        known,
        f"select r.clean, count(*) as n from survey_row r where {where.sql} group by 1",  # noqa: S608 - our own SQL, as everywhere here
        where,
    )
    return sum(row["n"] for row in rows), sum(row["n"] for row in rows if row["clean"])


async def sums(asked: Asked, known: Known, keys: Sequence[str], *, by: Actor) -> Sums:
    """Of everybody, with every score. `n` counts responses of visits there."""
    found = Sums()
    plain = {key: slot for key in keys if (slot := known.score_slot(key)) and not known.by_unit(key)}
    where = await of_visits(asked, known, by)
    columns = "".join(f", {_moments(f'r.scores[{slot}]', slot)}" for slot in plain.values())
    for row in await kept.fetch(
        known,
        f"select r.clean, count(*) as n{columns} from survey_row r where {where.sql} group by 1",  # noqa: S608
        where,
    ):
        found.n += row["n"]
        found.clean += row["n"] if row["clean"] else 0
        for key, slot in plain.items():
            one = Moments(row[f"n{slot}"], row[f"t{slot}"], row[f"q{slot}"])
            found.add(key, one, clean=row["clean"])
    apart = {slot: key for key in keys if (slot := known.score_slot(key)) and known.by_unit(key)}
    if apart:
        about = await of_scores(asked, known, by)
        about.parts.append(f"a.slot = any({about.arg(list(apart), 'smallint[]')})")
        for row in await kept.fetch(
            known,
            f"select r.clean, a.slot, {_moments('a.value')} from survey_row r{ABOUT}"  # noqa: S608
            f" where {about.sql} group by 1, 2",
            about,
        ):
            found.add(apart[row["slot"]], Moments(row["n"], row["t"], row["q"]), clean=row["clean"])
    return found


def _moments(value: str, slot: int | str = "") -> str:
    return (
        f"count({value}) as n{slot}, coalesce(sum({value}), 0) as t{slot},"
        f" coalesce(sum({value} * {value}), 0) as q{slot}"
    )


async def by_groups(
    asked: Asked, known: Known, measure: Measure, *, by: Actor
) -> dict[str, dict[str, Tally]]:
    """Variable of GROUPS → value → tally of a measure, in one pass; what departments are told of by who served.

    `n` is the number of responses; of such a measure the number of times somebody said something of a department.
    """
    tree = await staff.tree()
    found: dict[str, dict[str, Tally]] = {name: {} for name in GROUPS}
    for part in measure.parts:
        place = (
            f"null::bigint as campus_id, coalesce({part.served}, r.ward_id, r.unit_id) as unit_id, null::bigint as ward_id"
            if part.served
            else "r.campus_id, r.unit_id, r.ward_id"
        )
        for row in await _told_by(asked, known, part, f"{place}, r.channel, r.visit_kind", 7, by=by):
            stands = (
                {name: placed(tree, name, row["unit_id"]) for name in PLACES}
                if part.served
                else {name: row[f"{name}_id"] for name in PLACES}
            )
            for name, group in (stands | {"channel": row["channel"], "kind": row["visit_kind"]}).items():
                if group:
                    tally = found[name].setdefault(str(group), Tally())
                    tally.add(row["value"], row["n"], clean=row["clean"])
    return found


async def by_month(asked: Asked, known: Known, measure: Measure, *, by: Actor) -> dict[str, Tally]:
    """ "2026-11" → tally of a measure."""
    found: dict[str, Tally] = {}
    for part in measure.parts:
        for row in await _told_by(asked, known, part, "r.day", 3, by=by):
            tally = found.setdefault(f"{row['day']:%Y-%m}", Tally())
            tally.add(row["value"], row["n"], clean=row["clean"])
    return found


async def by_doctor(asked: Asked, known: Known, measure: Measure, *, by: Actor) -> dict[str, Tally]:
    """Doctor → tally; nothing of a measure of departments: it tells nothing of one person."""
    found: dict[str, Tally] = {}
    if not measure.by_unit:
        for row in await _told_by(asked, known, measure.parts[0], "r.doctor", 3, by=by):
            if row["doctor"]:
                tally = found.setdefault(row["doctor"], Tally())
                tally.add(row["value"], row["n"], clean=row["clean"])
    return found


async def _told_by(
    asked: Asked, known: Known, part: Part, columns: str, many: int, *, by: Actor
) -> "Sequence[asyncpg.Record]":
    """How often each value by `columns` (with cleanness and value `many`)."""
    if not part.served:
        where = await of_visits(asked, known, by)
    elif part.join:
        where = await of_scores(asked, known, by)
    else:
        where = await of_answers(asked, known, by, part.served)
    more = f" and {part.condition}" if part.condition else ""
    return await kept.fetch(
        known,
        f"select {columns}, r.clean, {part.value} as value, count(*) as n from survey_row r{part.join}"  # noqa: S608
        f" where {where.sql}{more} group by {', '.join(str(at) for at in range(1, many + 1))}",
        where,
    )


def placed(tree: OrgTree, name: str, unit_id: int | None) -> int | None:
    """The campus, department or ward in which a unit stands, or that it is."""
    if unit_id is None:
        return None
    try:
        unit = tree.unit(unit_id)
    except NotFound:  # a unit that was taken out of the organisation altogether
        return None
    kinds = {"campus": ("campus", "clinic"), "unit": ("department",), "ward": ("ward",)}[name]
    for step in reversed(unit.path.strip("/").split("/")):
        if tree.unit(int(step)).kind in kinds:
            return int(step)
    return None


async def answers(asked: Asked, known: Known, *, by: Actor) -> dict[int, dict[int, tuple[int, int]]]:
    """Place → code → how often, and how often among the clean; of everything that was answered."""
    found: dict[int, dict[int, tuple[int, int]]] = {}
    codes = [(slot, code) for (slot, _), code in known.book.codes.items()]
    if len(codes) <= MOST_COLUMNS and (not known.by_steps or (await places(asked, by)).whole):
        # A counter for each code is twice as fast as taking the arrays apart.
        where = await of_visits(asked, known, by)
        columns = "".join(
            f", count(*) filter (where r.codes[{slot}] = {code}) as c{at}"
            for at, (slot, code) in enumerate(codes)
        )
        for row in await kept.fetch(
            known,
            f"select r.clean{columns} from survey_row r where {where.sql} group by 1",  # noqa: S608
            where,
        ):
            for at, (slot, code) in enumerate(codes):
                n, clean = found.setdefault(slot, {}).get(code, (0, 0))
                found[slot][code] = (n + row[f"c{at}"], clean + (row[f"c{at}"] if row["clean"] else 0))
        return found
    where = await of_answers(asked, known, by, "u.served")
    for row in await kept.fetch(
        known,
        "select u.slot::int as slot, u.code, count(*) as n, count(*) filter (where r.clean) as clean"  # noqa: S608
        " from survey_row r cross join lateral unnest(r.codes, r.served) with ordinality as u(code, served, slot)"
        f" where {where.sql} and u.code > 0 group by 1, 2",
        where,
    ):
        found.setdefault(row["slot"], {})[row["code"]] = (row["n"], row["clean"])
    return found


async def cells(
    asked: Asked, known: Known, row: Variable, column: Variable, *, by: Actor
) -> dict[tuple[str, str], tuple[int, int]]:
    """(value of one, value of the other) → how many, and how many clean ones. One table, no join.

    An answer about a department that served stands under that department, not under that of the visit.
    """
    tree = await staff.tree()
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for one, other in _pairs(row, column):
        served = one.served or other.served
        where = await (of_answers(asked, known, by, served) if served else of_visits(asked, known, by))
        parts = [where.sql, *(part for part in (one.chosen, other.chosen) if part)]
        a, b = _sql(one, served), _sql(other, served)
        for line in await kept.fetch(
            known,
            f"select {a} as a, {b} as b, count(*) as n, count(*) filter (where r.clean) as clean"  # noqa: S608
            f" from survey_row r{one.join}{other.join} where {' and '.join(parts)} group by 1, 2",
            where,
        ):
            key = (_told(one, line["a"], tree, served), _told(other, line["b"], tree, served))
            if key[0] is not None and key[1] is not None:
                n, clean = found.get((key[0], key[1]), (0, 0))
                found[key[0], key[1]] = (n + line["n"], clean + line["clean"])
    return found


def _pairs(row: Variable, column: Variable) -> list[tuple[Variable, Variable]]:
    """With the copies of a question for further departments: of one step in step, else each with each."""
    rows, columns = (row, *row.copies), (column, *column.copies)
    if row.step and row.step == column.step:
        return list(zip(rows, columns, strict=False))
    return [(one, other) for one in rows for other in columns]


def _sql(one: Variable, served: str) -> str:
    return f"coalesce({served}, {UNIT_COLUMNS[one.name]})" if served and one.name in UNIT_COLUMNS else one.sql


def _told(one: Variable, raw: str | int | date | None, tree: OrgTree, served: str) -> str | None:
    if served and one.name in UNIT_COLUMNS:
        stands = placed(tree, one.name, int(raw)) if isinstance(raw, int) else None
        return None if stands is None else str(stands)
    return one.told(raw)


async def alphas(
    asked: Asked, known: Known, keys: Sequence[str], *, by: Actor
) -> Mapping[str, tuple[list[float], float]]:
    """Score → the variance of each item and of their sum, over those of the newest ALPHA responses that answered all."""
    columns: list[str] = []
    names: dict[str, list[str]] = {}
    for key in keys:
        items = _items(known, key)
        if len(items) > 1:
            names[key] = [f"x{len(columns) + at}" for at in range(len(items))]
            columns += [f"{sql} as {name}" for name, sql in zip(names[key], items, strict=True)]
    if not names:
        return {}
    where = await of_visits(asked, known, by)
    wanted = []
    for key, them in names.items():
        whole = " + ".join(them)
        there = f"filter (where {whole} is not null)"
        wanted += [f"var_samp({name}) {there} as {name}" for name in them]
        wanted.append(f"var_samp({whole}) {there} as whole{list(names).index(key)}")
    (row,) = await kept.fetch(
        known,
        f"select {', '.join(wanted)} from (select {', '.join(columns)} from survey_row r where {where.sql}"  # noqa: S608
        f" order by r.day desc limit {ALPHA}) i",
        where,
    )
    return {
        key: ([row[name] for name in them], row[f"whole{at}"])
        for at, (key, them) in enumerate(names.items())
        if row[f"whole{at}"] is not None
    }


def _items(known: Known, key: str) -> list[str]:
    """The points of each item of a score as SQL; none when one of them has no points yet, or the score is by department."""
    if known.by_unit(key):
        return []
    found: list[str] = []
    for name in known.rules[key].questions:
        code, _, part = name.partition(".")
        question = known.questions.get(code)
        parts = [part] if part else [one.code for one in question.parts] if question else []
        for one in parts or [""]:
            slot = known.book.slots.get((code, one, ""))
            values = known.values(code, one)
            if slot is None or not values:
                return []
            ways = " ".join(f"when {code} then {num!r}::float8" for code, num in values.items())
            found.append(f"case r.codes[{slot}] {ways} end")
    return found
