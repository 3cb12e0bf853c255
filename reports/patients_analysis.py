"""Patients by several conditions at once (PT-9): over visits, marks, cases and what people said; counted and listed.

Visits count within the viewer's reach, cases where the viewer may read them and never secret ones hidden from them,
answers and calls as `patients_analysis_surveys` says.
Changes nothing; every answer comes within `PATIENCE`, or a sentence instead of it.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import orjson
from asyncpg.exceptions import QueryCanceledError

from core import clock, db
from core.actor import Actor, Permission
from core.errors import Forbidden
from core.identity import mask_phone
from patients import queries as patients
from patients.rows import KIND_LABELS, opened
from patients.search import FLAG_WORDS
from patients.search_pages import TooBroad, flags_of
from patients.search_rare import STANDING, pattern
from reports import patients_analysis_surveys as surveys
from reports.patients_analysis_asked import CALL_WORDS, GENDERS, NPS, OF_CASES, SOURCE_WORDS, Wanted
from staff import queries as staff
from tickets.queries import access, secrecy
from tickets.queries.case_sql import OF_TOPIC
from tickets.queries.values import Values
from tickets.states import OPEN_CASE

PATIENCE = 10_000  # ms
PAGE = 30


@dataclass(frozen=True, slots=True)
class Share:
    """A part of the whole: its word, how many people (or visits), and of every hundred."""

    label: str
    count: int
    percent: float


@dataclass(frozen=True, slots=True)
class Found:
    """What the conditions come to."""

    people: int
    visits: int
    cases: int
    months: tuple[tuple[str, int, int], ...]  # "2026-11", visits, people
    kinds: tuple[Share, ...]
    genders: tuple[Share, ...]
    ages: tuple[Share, ...]
    units: tuple[Share, ...]
    flags: tuple[Share, ...]
    sources: tuple[Share, ...]  # of cases
    types: tuple[Share, ...]  # of cases, the twelve most common
    answered: int | None  # people who answered a questionnaire; None where the viewer may not know
    promoters: tuple[Share, ...]  # answers to questions of recommendation
    calls: tuple[Share, ...]
    score: tuple[Decimal, int] | None  # mean and number of answers of the score that was asked for


@dataclass(frozen=True, slots=True)
class Patient:
    """One of the patients, masked."""

    id: int
    number: str
    name: str
    gender: str
    age: int | None
    phone: str
    deceased: bool
    visits: int
    last_on: date
    flags: tuple[tuple[str, str], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class People:
    """A page of patients, who came last first; `next` asks for those below."""

    rows: tuple[Patient, ...]
    next: tuple[date, int] | None


async def analyse(wanted: Wanted, by: Actor) -> Found:
    """Count.

    Raises:
        Forbidden: patients may be read nowhere.
        TooBroad: it took too long.
    """
    sql, values = await _chosen(wanted, by)
    cases = _cases(by, values)
    said = surveys.figures(wanted, await surveys.reach(by), values)
    async with _guarded():
        text = await db.fetchval(
            f"with {sql}, met as materialized (select v.* from v join chosen on chosen.id = v.patient_id),"  # noqa: S608
            f" {RECORDS}, about as materialized (select distinct c.id, c.source, c.appeal_type from records"
            f" join {cases} on c.patient_id = records.id)"
            " select json_build_object("
            "'people', (select count(*) from chosen), 'visits', (select count(*) from met),"
            " 'cases', (select count(*) from about),"
            " 'months', (select json_agg(m order by m.month) from (select to_char(start_on, 'YYYY-MM') as month,"
            " count(*) as visits, count(distinct patient_id) as people from met group by 1) m),"
            " 'kinds', (select json_object_agg(kind, n) from (select kind, count(*) as n from met group by 1) k),"
            " 'genders', (select json_object_agg(gender, n) from (select gender, count(*) as n from chosen group by 1) g),"
            " 'ages', (select json_object_agg(band, n) from (select coalesce(least(age / 10, 9), -1) as band, count(*) as n"
            " from chosen group by 1) a),"
            " 'units', (select json_agg(u order by u.n desc, u.unit_id) from (select unit_id, count(*) as n from met"
            " group by 1 order by n desc, unit_id limit 12) u),"
            " 'flags', (select json_object_agg(flag, n) from (select f.flag, count(distinct chosen.id) as n from chosen"
            f" join patient_flag f on f.patient_id = chosen.id where {STANDING} group by 1) f),"
            " 'sources', (select json_object_agg(source, n) from (select source, count(*) as n from about group by 1) s),"
            " 'types', (select json_agg(t order by t.n desc, t.appeal_type) from (select appeal_type, count(*) as n from about"
            " where appeal_type <> '' group by 1 order by n desc, appeal_type limit 12) t),"
            f" 'deceased', (select count(*) from chosen where deceased), {said})",
            *values,
        )
    return await _found(orjson.loads(text), may_know=by.can(Permission.SURVEY_READ))


async def _found(said: Mapping[str, Any], *, may_know: bool) -> Found:
    tree = await staff.tree()
    people, visits = said["people"], said["visits"]
    kinds = {kind.value: label for kind, label in KIND_LABELS.items()}
    bands = {str(band): f"{band * 10}—{band * 10 + 9} 岁" for band in range(9)} | {
        "9": "90 岁及以上",
        "-1": "不详",
    }
    flags = dict(said["flags"] or {})
    if said["deceased"]:
        flags["deceased"] = said["deceased"]
    return Found(
        people=people,
        visits=visits,
        cases=said["cases"],
        months=tuple((one["month"], one["visits"], one["people"]) for one in said["months"] or ()),
        kinds=_shares(said["kinds"], kinds, visits),
        genders=_shares(said["genders"], dict(zip(GENDERS, GENDERS, strict=True)), people),
        ages=_shares(said["ages"], bands, people),
        units=tuple(
            Share(tree.label(one["unit_id"]), one["n"], round(100 * one["n"] / visits, 1))
            for one in said["units"] or ()
        ),
        flags=_shares(flags, FLAG_WORDS, people),
        sources=_shares(said["sources"], SOURCE_WORDS, said["cases"]),
        types=tuple(
            Share(one["appeal_type"], one["n"], round(100 * one["n"] / said["cases"], 1))
            for one in said["types"] or ()
        ),
        answered=said["answered"] if may_know else None,
        promoters=_shares(said["nps"], NPS, sum((said["nps"] or {}).values())),
        calls=_shares(said["calls"], CALL_WORDS, sum((said["calls"] or {}).values())),
        score=_score(said["score"]),
    )


def _score(said: Mapping[str, Any] | None) -> tuple[Decimal, int] | None:
    return (Decimal(str(said["mean"])), said["answers"]) if said and said["answers"] else None


def _shares(counts: Mapping[str, int] | None, words: Mapping[str, str], whole: int) -> tuple[Share, ...]:
    given = counts or {}
    return tuple(
        Share(word, given[name], round(100 * given[name] / whole, 1))
        for name, word in words.items()
        if given.get(name)
    )


async def people(
    wanted: Wanted, by: Actor, *, after: tuple[date, int] | None = None, limit: int = PAGE
) -> People:
    """The patients themselves, a page at a time.

    Raises:
        Forbidden, TooBroad.
    """
    sql, values = await _chosen(wanted, by)
    edge = "true" if after is None else f"(last_on, id) < ({values.arg(after[0])}, {values.arg(after[1])})"
    async with _guarded():
        rows = await db.fetch(
            f"with {sql} select * from chosen where {edge} order by last_on desc, id desc limit {limit + 1:d}",  # noqa: S608
            *values,
        )
        marks = await flags_of({row["id"] for row in rows[:limit]})
    found = []
    for row in rows[:limit]:
        phone = opened(row["phone"], "phone")
        found.append(
            Patient(
                row["id"],
                row["number"],
                row["name"],
                row["gender"],
                row["age"],
                mask_phone(phone) if phone else "",
                row["deceased"],
                row["visits"],
                row["last_on"],
                marks.get(row["id"], ()),
            )
        )
    more = len(rows) > limit
    return People(tuple(found), (found[-1].last_on, found[-1].id) if more else None)


async def _chosen(wanted: Wanted, by: Actor) -> tuple[str, Values]:
    """`v`, the visits that meet the conditions, and `chosen`, the patients, as parts of a WITH; and the values."""
    values = Values()
    units = await patients.reach(by, Permission.PATIENT_READ)
    if wanted.unit is not None:
        tree = await staff.tree()
        below = tree.within([tree.unit(wanted.unit).path])
        units = below if units is None else tuple(set(below) & set(units))
    visits = [
        "v.state <> 'cancelled'",
        f"v.start_on >= {values.arg(wanted.since)}",
        f"v.start_on <= {values.arg(wanted.until)}",
    ]
    if units is not None:
        mark = values.arg(list(units))
        visits.append(f"(v.unit_id = any({mark}::bigint[]) or v.ward_id = any({mark}::bigint[]))")
    if wanted.kind:
        visits.append(f"v.kind = any({values.arg(list(wanted.kind))}::text[])")
    if wanted.diagnosis:
        said = "v.diagnosis || ' ' || v.admission_diagnosis || ' ' || v.discharge_diagnosis"
        visits.append(f"lower({said}) like {values.arg(pattern(wanted.diagnosis))}")
    if wanted.doctor:
        visits.append(f"lower(v.doctor) like {values.arg(pattern(wanted.doctor))}")
    who = _who(wanted, by, values)
    if surveys.asked(wanted):
        if not by.can(Permission.SURVEY_READ):
            raise Forbidden("您没有查看答卷的权限，不能按问卷、得分和电话访问结果分析")
        who += surveys.conditions(wanted, await surveys.reach(by), values)
    sql = (
        "v as materialized (select v.id, v.patient_id, v.kind, v.unit_id, v.start_on from visit v"  # noqa: S608
        f" where {' and '.join(visits)}), chosen as materialized (select p.id, p.number, p.name, p.gender, p.phone,"
        " p.deceased, extract(year from age(p.born_on))::int as age, t.visits, t.last_on from (select patient_id,"
        f" count(*) as visits, max(start_on) as last_on from v group by patient_id having count(*) >= {wanted.times:d}) t"
        f" join patient p on p.id = t.patient_id where {' and '.join(who)})"
    )
    return sql, values


RECORDS = (  # all records of those chosen
    "records as materialized (select id as root, id from chosen union all"
    " select chosen.id, m.id from chosen join patient m on m.merged_into = chosen.id)"
)


def _cases(by: Actor, values: Values) -> str:
    """The cases of patients that the viewer may read, as a sub-select `c` with `patient_id`."""
    scope = values.arg(access.scope(by))
    hidden = secrecy.condition(by, values, whole=True)
    return (
        "(select l.patient_id, c.id, c.state, c.source, c.appeal_type, c.category from visit_link l"  # noqa: S608
        " join cases c on c.id = l.case_id where l.state = 'confirmed'"
        f" and ({scope}::bigint[] is null or c.unit_ids && {scope}) and {hidden}) c"
    )


def _who(wanted: Wanted, by: Actor, values: Values) -> list[str]:
    """The conditions on the patient."""
    parts = ["true"]
    if wanted.gender:
        parts.append(f"p.gender = any({values.arg(list(wanted.gender))}::text[])")
    if wanted.youngest is not None:
        parts.append(f"p.born_on <= {values.arg(_years_ago(wanted.youngest))}")
    if wanted.oldest is not None:
        parts.append(f"p.born_on > {values.arg(_years_ago(wanted.oldest + 1))}")
    if wanted.flag:
        parts.append(_bears(wanted.flag, values))
    if wanted.free:
        parts.append(f"not {_bears(wanted.free, values)}")
    if wanted.has or any(getattr(wanted, name) for name in OF_CASES):
        parts.append(_of_cases(wanted, by, values))
    return parts


def _of_cases(wanted: Wanted, by: Actor, values: Values) -> str:
    own = ["true"]
    if wanted.type:
        own.append(f"c.appeal_type = any({values.arg(list(wanted.type))}::text[])")
    if wanted.source:
        own.append(f"c.source = any({values.arg(list(wanted.source))}::text[])")
    if wanted.category:
        own.append(f"starts_with(c.category, {values.arg(wanted.category)})")
    if wanted.topic is not None:
        own.append(OF_TOPIC.format(topic=values.arg(wanted.topic)))
    if wanted.has == "open":
        own.append(f"c.state = any({values.arg(sorted(OPEN_CASE))}::text[])")
    if wanted.mood:
        own.append(
            "exists (select 1 from case_round r where r.case_id = c.id"  # noqa: S608
            f" and r.callback_satisfied = any({values.arg(list(wanted.mood))}::text[]))"
        )
    found = (
        f"(select coalesce(o.merged_into, o.id) from {_cases(by, values)} join patient o on o.id = c.patient_id"  # noqa: S608
        f" where {' and '.join(own)})"
    )
    return f"p.id {'not in' if wanted.has == 'without' else 'in'} {found}"


def _bears(flags: Sequence[str], values: Values) -> str:
    marks = [flag for flag in flags if flag != "deceased"]
    ways = ["p.deceased"] if "deceased" in flags else []
    if marks:
        ways.append(
            "exists (select 1 from patient_flag f where f.patient_id in (select p.id union all"  # noqa: S608
            " select m.id from patient m where m.merged_into = p.id)"
            f" and f.flag = any({values.arg(marks)}::text[]) and {STANDING})"
        )
    return f"({' or '.join(ways)})"


def _years_ago(years: int) -> date:
    today = clock.today()
    try:
        return today.replace(year=today.year - years)
    except ValueError:  # 29 February
        return today.replace(year=today.year - years, day=28)


@asynccontextmanager
async def _guarded() -> AsyncIterator[None]:
    """One snapshot and a limit of time.

    Raises:
        TooBroad: it took longer.
    """
    try:
        async with db.transaction():
            await db.execute(
                "select set_config('statement_timeout', $1, true), set_config('work_mem', '64MB', true),"
                " set_config('plan_cache_mode', 'force_custom_plan', true)",
                str(PATIENCE),
            )
            yield
    except QueryCanceledError:
        raise TooBroad from None
