"""The only door to the rows of statistics: conditions with data scope, and the sums everything else is made of.

Data scope is that of the list of responses: the unit or ward where the visit was. Draws no conclusion.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core import db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from staff import queries as staff
from surveys.statistics.asking import Asked
from surveys.statistics.measures import Moments
from surveys.statistics.variables import UNIT_COLUMNS, Known, Variable

EVERYBODY = ""


@dataclass
class Where:
    """A condition with its values."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def arg(self, value: Any, kind: str = "") -> str:
        """A value's place."""
        self.values.append(value)
        return f"${len(self.values)}{f'::{kind}' if kind else ''}"

    @property
    def sql(self) -> str:
        """The whole."""
        return " and ".join(self.parts)


async def reach(by: Actor) -> list[int] | None:
    """The units whose responses a person may count; None for all, those of no department too.

    Raises:
        Forbidden: none at all.
    """
    scopes = by.scope(Permission.SURVEY_READ)
    if not scopes:
        raise Forbidden
    return None if "/" in scopes else list((await staff.tree()).within(scopes))


async def where(asked: Asked, known: Known, by: Actor) -> Where:
    """What is asked for, within what may be seen."""
    found = Where()
    found.parts.append(f"r.questionnaire_id = {found.arg(known.id)}")
    found.parts.append(f"r.day between {found.arg(asked.since)} and {found.arg(asked.until)}")
    await _places(found, asked, by)
    if asked.channel:
        found.parts.append(f"r.channel = {found.arg(asked.channel)}")
    if asked.kind:
        found.parts.append(f"r.visit_kind = {found.arg(asked.kind)}")
    for name, value in asked.filters:
        variable = known.variables.get(name)
        if variable is None:
            continue
        if variable.name in UNIT_COLUMNS:
            column = UNIT_COLUMNS[variable.name]
            found.parts.append(f"{column} = {found.arg(int(value) if value.isdigit() else 0)}")
        elif not variable.slots:
            found.parts.append(f"{variable.sql} = {found.arg(value)}")
        else:
            found.parts.append(variable.condition(value) or "false")
    return found


async def _places(found: Where, asked: Asked, by: Actor, alias: str = "r") -> None:
    tree = await staff.tree()
    for units in (
        await reach(by),
        list(tree.within([tree.unit(asked.unit).path])) if asked.unit is not None else None,
    ):
        if units is not None:
            place = found.arg(units, "bigint[]")
            found.parts.append(f"({alias}.unit_id = any({place}) or {alias}.ward_id = any({place}))")


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a group: all responses and the clean ones among them; moments of each score asked for, all and clean."""

    n: int
    clean: int
    scores: Mapping[str, Moments]
    clean_scores: Mapping[str, Moments]


NOTHING = Sums(0, 0, {}, {})


async def sums(
    asked: Asked, known: Known, keys: Sequence[str], *, by: Actor, variable: Variable | None = None
) -> dict[str, Sums]:
    """Sums of every group of a variable (None: of everybody, under EVERYBODY); those without a value are left out."""
    condition = await where(asked, known, by)
    slots = {key: slot for key in keys if (slot := known.score_slot(key)) is not None}
    columns = ", ".join(
        f"count({x}) as n{slot}, coalesce(sum({x}), 0) as t{slot}, coalesce(sum({x} * {x}), 0) as q{slot}"
        for slot in slots.values()
        for x in (f"r.scores[{slot}]",)
    )
    group = variable.sql if variable else "''::text"
    join = variable.join if variable else ""
    more = f" and {variable.chosen}" if variable and variable.chosen else ""
    rows = await db.fetch(
        f"select {group} as g, r.clean, count(*) as n{', ' if columns else ''}{columns} from survey_row r{join}"  # noqa: S608 - our own SQL
        f" where {condition.sql}{more} group by 1, 2",
        *condition.values,
    )
    found: dict[str, Sums] = {}
    for row in rows:
        key = variable.told(row["g"]) if variable else EVERYBODY
        if key is None:
            continue
        here = {
            name: Moments(row[f"n{slot}"], row[f"t{slot}"], row[f"q{slot}"]) for name, slot in slots.items()
        }
        before = found.get(key, NOTHING)
        found[key] = Sums(
            before.n + row["n"],
            before.clean + (row["n"] if row["clean"] else 0),
            {name: before.scores.get(name, Moments()) + one for name, one in here.items()},
            {
                name: before.clean_scores.get(name, Moments()) + (one if row["clean"] else Moments())
                for name, one in here.items()
            },
        )
    return found


async def answers(asked: Asked, known: Known, *, by: Actor) -> dict[int, dict[int, tuple[int, int]]]:
    """Place → code → how often, and how often among the clean; of everything that was answered."""
    condition = await where(asked, known, by)
    rows = await db.fetch(
        "select u.slot::int as slot, u.code, count(*) as n, count(*) filter (where r.clean) as clean"  # noqa: S608
        " from survey_row r cross join lateral unnest(r.codes) with ordinality as u(code, slot)"
        f" where {condition.sql} and u.code > 0 group by 1, 2",
        *condition.values,
    )
    found: dict[int, dict[int, tuple[int, int]]] = {}
    for row in rows:
        found.setdefault(row["slot"], {})[row["code"]] = (row["n"], row["clean"])
    return found


async def histograms(
    asked: Asked, known: Known, key: str, *, by: Actor, variable: Variable
) -> dict[str, dict[float, int]]:
    """Group → value of a score → how often."""
    slot = known.score_slot(key)
    if slot is None:
        return {}
    condition = await where(asked, known, by)
    rows = await db.fetch(
        f"select {variable.sql} as g, r.scores[{slot}] as value, count(*) as n from survey_row r"  # noqa: S608
        f" where {condition.sql} and r.scores[{slot}] is not null group by 1, 2",
        *condition.values,
    )
    found: dict[str, dict[float, int]] = {}
    for row in rows:
        if (group := variable.told(row["g"])) is not None:
            found.setdefault(group, {})[row["value"]] = row["n"]
    return found


async def cells(
    asked: Asked, known: Known, row: Variable, column: Variable, *, by: Actor
) -> dict[tuple[str, str], tuple[int, int]]:
    """(value of one, value of the other) → how many, and how many clean ones. One table, no join."""
    condition = await where(asked, known, by)
    parts = [condition.sql, *(part for part in (row.chosen, column.chosen) if part)]
    rows = await db.fetch(
        f"select {row.sql} as a, {column.sql} as b, count(*) as n, count(*) filter (where r.clean) as clean"  # noqa: S608
        f" from survey_row r{row.join}{column.join} where {' and '.join(parts)} group by 1, 2",
        *condition.values,
    )
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for one in rows:
        a, b = row.told(one["a"]), column.told(one["b"])
        if a is not None and b is not None:
            found[a, b] = (one["n"], one["clean"])
    return found


async def spread(asked: Asked, known: Known, key: str, *, by: Actor) -> tuple[list[float], float] | None:
    """The variance of each item of a score and of their sum, over the responses that answered all; for Cronbach's α."""
    items: list[str] = []
    for name in known.rules[key].questions:
        code, _, part = name.partition(".")
        question = known.questions.get(code)
        parts = [part] if part else [one.code for one in question.parts] if question else []
        for one in parts or [""]:
            slot = known.book.slots.get((code, one, ""))
            values = known.values(code, one)
            if slot is None or not values:
                return None
            ways = " ".join(f"when {code} then {num!r}::float8" for code, num in values.items())
            items.append(f"case r.codes[{slot}] {ways} end")
    if len(items) < 2:
        return None
    condition = await where(asked, known, by)
    names = [f"x{at}" for at in range(len(items))]
    whole = " + ".join(names)
    row = await db.fetchrow(
        f"select {', '.join(f'var_samp({name}) as {name}' for name in names)}, var_samp({whole}) as whole"  # noqa: S608
        f" from (select {', '.join(f'{sql} as {name}' for name, sql in zip(names, items, strict=True))}"
        f" from survey_row r where {condition.sql}) i where {whole} is not null",
        *condition.values,
    )
    if row is None or row["whole"] is None:
        return None
    return [row[name] for name in names], row["whole"]


async def asks(asked: Asked, known: Known, *, by: Actor) -> tuple[int, int]:
    """How many were asked by name in these days, and how many of them answered (whenever)."""
    found = Where()
    found.parts.append(f"a.questionnaire_id = {found.arg(known.id)}")
    found.parts.append(
        f"a.created_at >= ({found.arg(asked.since)}::date)::timestamp at time zone 'Asia/Shanghai'"
        f" and a.created_at < ({found.arg(asked.until)}::date + 1)::timestamp at time zone 'Asia/Shanghai'"
    )
    await _places(found, asked, by, "v")
    if asked.kind:
        found.parts.append(f"v.kind = {found.arg(asked.kind)}")
    row = await db.fetchrow(
        "select count(*) as asked, count(*) filter (where exists (select 1 from response c where c.ask_id = a.id"  # noqa: S608
        f" and c.state = 'completed')) as answered from survey_ask a left join visit v on v.id = a.visit_id where {found.sql}",
        *found.values,
    )
    return (row["asked"], row["answered"]) if row else (0, 0)


async def texts(asked: Asked, known: Known, *, by: Actor, most: int) -> list[tuple[str, str, str, date]]:
    """Texts that hold the words asked for, the newest first: response, question, body, day."""
    narrow = await where(asked, known, by)
    if words := asked.words.strip():
        place = narrow.arg(words.lower())
        if len(words) > 1:
            narrow.parts.append(f"grams(left(t.body, 1000)) @> grams({place})")
        narrow.parts.append(f"position({place} in lower(t.body)) > 0")
    rows = await db.fetch(
        "select t.response_id::text as id, t.question, t.body, t.day from survey_text t"  # noqa: S608
        f" join survey_row r on r.response_id = t.response_id where {narrow.sql}"
        f" order by t.day desc, t.response_id limit {most}",
        *narrow.values,
    )
    return [(row["id"], row["question"], row["body"], row["day"]) for row in rows]


async def choices(by: Actor) -> list[tuple[int, str]]:
    """Questionnaires with responses, those answered now in front; anonymous ones have rounds instead."""
    if not by.scope(Permission.SURVEY_READ):
        raise Forbidden
    rows = await db.fetch(
        "select q.id, q.title from questionnaire q where q.version_id is not null"
        " and q.kind not in ('staff', 'mutual') order by"
        " exists (select 1 from survey_row r where r.questionnaire_id = q.id) desc, q.active desc, q.title, q.id limit 300"
    )
    return [(row["id"], row["title"]) for row in rows]


async def permitted(questionnaire_id: int, by: Actor) -> int:
    """The same id, if there are statistics of it.

    Raises:
        NotFound: no such questionnaire, or an anonymous one.
    """
    if questionnaire_id not in {one for one, _ in await choices(by)}:
        raise NotFound("没有这份问卷，或它是匿名问卷")
    return questionnaire_id
