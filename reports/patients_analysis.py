"""Patients by several conditions at once (PT-9): over visits, marks, cases and what people said; counted and listed.

Visits count within the viewer's reach, cases where the viewer may read them and never secret ones hidden from them.
Changes nothing; every answer comes within `PATIENCE`, or a sentence instead of it.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

import orjson
from asyncpg.exceptions import QueryCanceledError
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from core import clock, db
from core.actions import reason
from core.actor import Actor, Permission
from core.errors import Fault
from core.identity import mask_phone
from patients import queries as patients
from patients.rows import KIND_LABELS, VisitKind, opened
from patients.search import FLAG_WORDS, Flags
from patients.search_pages import TooBroad, flags_of
from patients.search_rare import STANDING, pattern
from staff import queries as staff
from tickets.queries import access, secrecy
from tickets.queries.values import Values
from tickets.sources import SOURCES
from tickets.states import OPEN_CASE

PATIENCE = 10_000  # ms
PAGE = 30
LONGEST = 3 * 366  # days of a period
USUAL = 90
MOOD = ("满意", "基本满意", "不满意")
HAS = {"with": "有诉求", "open": "有未办结诉求", "without": "没有诉求"}
ANSWERED = {"yes": "填写过问卷", "no": "没有填写过问卷"}
GENDERS = ("男", "女", "未知")
TYPES = tuple(dict.fromkeys(name for one in SOURCES.values() for name in one.appeal_types))


def _type(text: str) -> str:
    if text not in TYPES:
        raise ValueError("没有这个类型")
    return text


Id = Annotated[int, Field(gt=0, lt=2**63)]
Age = Annotated[int, Field(ge=0, le=150)]


class Wanted(BaseModel):
    """Which patients: those with visits in the period that meet every part; of a part with several, any of them.

    `times` is the least number of such visits. Ages are of today. `has`, `type`, `mood` look at all cases of the person.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    since: date = Field(title="就诊日期起", default_factory=lambda: clock.today() - timedelta(days=USUAL))
    until: date = Field(title="就诊日期止", default_factory=clock.today)
    kind: tuple[VisitKind, ...] = Field(default=(), title="就诊类别")
    unit: Id | None = Field(default=None, title="科室")
    diagnosis: str = Field(default="", title="诊断含", max_length=60)
    doctor: str = Field(default="", title="医生", max_length=40)
    times: Annotated[int, Field(ge=1, le=999)] = Field(default=1, title="就诊次数不少于")
    gender: tuple[Literal["男", "女", "未知"], ...] = Field(default=(), title="性别")
    youngest: Age | None = Field(default=None, title="年龄不小于")
    oldest: Age | None = Field(default=None, title="年龄不大于")
    flag: Flags = Field(default=(), title="带有标记")
    free: Flags = Field(default=(), title="排除标记")
    has: Literal["", "with", "open", "without"] = Field(default="", title="诉求")
    type: tuple[Annotated[str, BeforeValidator(_type)], ...] = Field(default=(), title="诉求类型")
    mood: tuple[Literal["满意", "基本满意", "不满意"], ...] = Field(default=(), title="回访结果")
    answered: Literal["", "yes", "no"] = Field(default="", title="问卷")

    @model_validator(mode="after")
    def _in_order(self) -> "Wanted":
        if self.since > self.until:
            raise ValueError("起始日期晚于截止日期")
        if (self.until - self.since).days > LONGEST:
            raise ValueError("一次最多分析三年")
        return self

    def pairs(self) -> list[tuple[str, str]]:
        """The parts that are given, as names and texts of an address; the period always."""
        given = self.model_dump(mode="json")
        empty = Wanted(since=self.since, until=self.until).model_dump(mode="json")
        return [
            (name, str(one))
            for name, value in given.items()
            if name in ("since", "until") or value != empty[name]
            for one in (value if isinstance(value, list) else [value])
        ]

    def query(self) -> str:
        """The query of the address, without "?"."""
        return urlencode(self.pairs())


MANY = frozenset({"kind", "gender", "flag", "free", "type", "mood"})
OF_CASES = frozenset({"has", "type", "mood"})


def read(
    pairs: Iterable[tuple[str, str]], units: Collection[int] | None = None
) -> tuple[Wanted, tuple[Fault, ...]]:
    """The conditions of an address, and what was left out of them because it makes no sense."""
    given: dict[str, Any] = {}
    for name, text in pairs:
        if name in Wanted.model_fields and text.strip():
            if name in MANY:
                given.setdefault(name, []).append(text)
            else:
                given[name] = text
    faults: list[Fault] = []
    found = Wanted()
    for _ in range(len(Wanted.model_fields) + 1):
        try:
            found = Wanted.model_validate(given)
            break
        except ValidationError as error:
            for entry in error.errors():
                name = str(entry["loc"][0]) if entry["loc"] else "since"
                if not entry["loc"]:
                    given.pop("until", None)
                value = given.pop(name, "")
                said = reason(entry["type"], entry.get("ctx", {}), entry["msg"])
                label = Wanted.model_fields[name].title or name
                faults.append(Fault(field=name, label=label, reason=said, value=str(value)[:60]))
    if units is not None and found.unit is not None and found.unit not in units:
        faults.append(Fault(field="unit", label="科室", reason="没有这个科室", value=str(found.unit)))
        found = found.model_copy(update={"unit": None})
    return found, tuple(faults)


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
    cases = _cases(by, values, "chosen.id")
    async with _guarded():
        text = await db.fetchval(
            f"with {sql}, met as materialized (select v.* from v join chosen on chosen.id = v.patient_id)"  # noqa: S608
            " select json_build_object("
            "'people', (select count(*) from chosen), 'visits', (select count(*) from met),"
            f" 'cases', (select count(distinct c.id) from chosen join {cases} on true),"
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
            " 'deceased', (select count(*) from chosen where deceased))",
            *values,
        )
    return await _found(orjson.loads(text))


async def _found(said: Mapping[str, Any]) -> Found:
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
    )


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
    sql = (
        "v as materialized (select v.id, v.patient_id, v.kind, v.unit_id, v.start_on from visit v"  # noqa: S608
        f" where {' and '.join(visits)}), chosen as materialized (select p.id, p.number, p.name, p.gender, p.phone,"
        " p.deceased, extract(year from age(p.born_on))::int as age, t.visits, t.last_on from (select patient_id,"
        f" count(*) as visits, max(start_on) as last_on from v group by patient_id having count(*) >= {wanted.times:d}) t"
        f" join patient p on p.id = t.patient_id where {' and '.join(who)})"
    )
    return sql, values


def _cases(by: Actor, values: Values, patient: str) -> str:
    """The cases of a patient (an expression) that the viewer may read, as a sub-select `c`."""
    scope = values.arg(access.scope(by))
    hidden = secrecy.condition(by, values, whole=True)
    return (
        "lateral (select c.id, c.state, c.appeal_type from visit_link l join cases c on c.id = l.case_id"  # noqa: S608
        f" where l.patient_id = {patient} and l.state = 'confirmed'"
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
    if wanted.has or wanted.type or wanted.mood:
        parts.append(_of_cases(wanted, by, values))
    if wanted.answered:
        said = "exists (select 1 from response r where r.patient_id = p.id and r.state = 'completed')"
        parts.append(said if wanted.answered == "yes" else f"not {said}")
    return parts


def _of_cases(wanted: Wanted, by: Actor, values: Values) -> str:
    own = ["true"]
    if wanted.type:
        own.append(f"c.appeal_type = any({values.arg(list(wanted.type))}::text[])")
    if wanted.has == "open":
        own.append(f"c.state = any({values.arg(sorted(OPEN_CASE))}::text[])")
    if wanted.mood:
        own.append(
            "exists (select 1 from case_round r where r.case_id = c.id"  # noqa: S608
            f" and r.callback_satisfied = any({values.arg(list(wanted.mood))}::text[]))"
        )
    found = f"exists (select 1 from {_cases(by, values, 'p.id')} where {' and '.join(own)})"  # noqa: S608
    return f"not {found}" if wanted.has == "without" else found


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


async def spoken(wanted: Wanted) -> list[tuple[str, str]]:
    """The conditions in words, (label, value)."""
    tree = await staff.tree()
    words: dict[str, Mapping[str, str]] = {
        "kind": {kind.value: label for kind, label in KIND_LABELS.items()},
        "flag": FLAG_WORDS,
        "free": FLAG_WORDS,
        "has": HAS,
        "answered": ANSWERED,
    }
    return [
        (
            Wanted.model_fields[name].title or name,
            tree.label(int(text)) if name == "unit" else words.get(name, {}).get(text, text),
        )
        for name, text in wanted.pairs()
    ]
