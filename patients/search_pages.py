"""The lists of patients: a page of the visits that meet a filter, within what a person may see; masked. Changes nothing.

Every answer comes within `PATIENCE`, or a sentence instead of it.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

from asyncpg import Record
from asyncpg.exceptions import QueryCanceledError

from core import clock, db
from core.actor import Actor, Permission
from core.errors import Refused
from core.identity import mask_phone
from patients import queries
from patients.people import FLAG_LABELS, Flag
from patients.rows import opened
from patients.search import DISPOSITIONS, List, PatientFilter
from patients.search_rare import STANDING, Sets, sets
from patients.search_sql import After, statement, walks
from staff import queries as staff
from staff.queries import OrgTree

PAGE = 30
MOST_COUNTED = 1_000
PATIENCE = 3_000  # ms
PATIENCE_TO_WALK = 600
PATIENCE_TO_COUNT = 500
PATIENCE_TO_EXPORT = 60_000
_COLUMNS = (
    "v.id, v.patient_id, v.kind, v.number, v.unit_id, v.ward_id, v.bed, v.start_on, v.end_on, v.doctor, v.nurse,"
    " v.diagnosis, v.admission_diagnosis, v.discharge_diagnosis, v.disposition, v.triage, v.outcome, v.register_type,"
    " v.employer, v.package, v.conclusion, v.findings, v.severity, v.state, p.number as patient_number, p.name,"
    " p.gender, p.born_on, p.phone, p.deceased"
)


class TooBroad(Refused):
    """The list took too long; what would help is told."""

    def __init__(self) -> None:
        super().__init__("符合条件的就诊太分散，没能及时查完。请加上日期、科室或完整的号码再查。")


@dataclass(frozen=True, slots=True)
class ListRow:
    """A visit with its patient, as a list shows them; the phone masked, "" where there is none."""

    id: int
    patient_id: int
    patient_number: str
    name: str
    gender: str
    age: int | None
    phone: str
    deceased: bool
    flags: tuple[tuple[str, str], ...]  # mark and word
    number: str
    unit: str
    ward: str
    bed: str
    start_on: date
    end_on: date | None
    doctor: str
    nurse: str
    diagnosis: str
    admission: str
    discharge: str
    disposition: str
    triage: int | None
    outcome: str
    register_type: str
    employer: str
    package: str
    conclusion: str
    findings: str
    severity: str

    @property
    def days(self) -> int:
        """Days from the first to the last, or to today."""
        return max(1, ((self.end_on or clock.today()) - self.start_on).days)


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in order; `next` asks for the rows below, None at the end."""

    rows: tuple[ListRow, ...]
    next: After | None


async def page(
    kind: List, wanted: PatientFilter, by: Actor, *, after: After | None = None, limit: int = PAGE
) -> Page:
    """The next rows of a list.

    Raises:
        Forbidden: patients may be read nowhere.
        TooBroad: it took too long.
    """
    units = await reach(wanted, by)
    async with guarded(PATIENCE):
        found = await sets(kind, wanted)
        hits = await _hits(kind, wanted, found, units, after, limit + 1)
        rows = await load([row["id"] for row in hits[:limit]])
    last = hits[limit - 1] if len(hits) > limit else None
    return Page(tuple(rows), After(last["at"], last["id"]) if last else None)


async def _hits(
    kind: List,
    wanted: PatientFilter,
    found: Sets,
    units: Sequence[int] | None,
    after: After | None,
    limit: int,
) -> "list[Record]":
    """The next (id, at). What is common and yet never met on the way (a mark that no one of this list bears) is given up
    soon, and taken by set.
    """
    if walks(wanted, found):
        sql, values = statement(kind, wanted, found, units, after=after, limit=limit)
        try:
            async with db.transaction():
                await db.execute("select set_config('statement_timeout', $1, true)", str(PATIENCE_TO_WALK))
                hits = await db.fetch(sql, *values)
                await db.execute("select set_config('statement_timeout', $1, true)", str(PATIENCE))
                return hits
        except QueryCanceledError:
            pass
    sql, values = statement(kind, wanted, found, units, after=after, limit=limit, by_set=True)
    return await db.fetch(sql, *values)


async def count(kind: List, wanted: PatientFilter, by: Actor) -> int | None:
    """How many there are, at most `MOST_COUNTED` + 1, which means "more"; None when counting is too dear."""
    units = await reach(wanted, by)
    try:
        async with guarded(PATIENCE_TO_COUNT):
            found = await sets(kind, wanted)
            sql, values = statement(kind, wanted, found, units, after=None, limit=None)
            number: int = await db.fetchval(
                f"select count(*) from ({sql} limit {MOST_COUNTED + 1}) as found",  # noqa: S608
                *values,
            )
    except TooBroad:
        return None
    return number


async def everything(kind: List, wanted: PatientFilter, by: Actor, *, most: int) -> list[int]:
    """The ids of a whole list in its order, at most `most`, where this person may both read and take out.

    Raises:
        Forbidden, TooBroad.
    """
    units = await reach(wanted, by)
    also = await queries.reach(by, Permission.PATIENT_EXPORT)
    if also is not None:
        units = also if units is None else tuple(set(units) & set(also))
    async with guarded(PATIENCE_TO_EXPORT):
        found = await sets(kind, wanted)
        sql, values = statement(kind, wanted, found, units, after=None, limit=most)
        return [row["id"] for row in await db.fetch(sql, *values)]


async def reach(wanted: PatientFilter, by: Actor) -> Sequence[int] | None:
    """The units in which visits may lie: those in reach, narrowed to what is asked for; None for all."""
    units = await queries.reach(by, Permission.PATIENT_READ)
    if wanted.unit is None:
        return units
    tree = await staff.tree()
    below = tree.within([tree.unit(wanted.unit).path])
    return below if units is None else tuple(set(below) & set(units))


async def load(ids: Sequence[int], *, whole: bool = False) -> list[ListRow]:
    """The rows of these visits, in the order of the ids; phones in full when `whole`."""
    rows = await db.fetch(
        f"select {_COLUMNS} from visit v join patient p on p.id = v.patient_id where v.id = any($1::bigint[])",  # noqa: S608
        list(ids),
    )
    by_id = {row["id"]: row for row in rows}
    marks = await flags_of({row["patient_id"] for row in rows})
    tree = await staff.tree()
    return [
        _row(by_id[number], marks.get(by_id[number]["patient_id"], ()), tree, whole=whole)
        for number in ids
        if number in by_id
    ]


async def flags_of(patient_ids: set[int]) -> dict[int, tuple[tuple[str, str], ...]]:
    """The marks that stand, (mark, word), by the record that stands for the person."""
    rows = await db.fetch(
        "select distinct coalesce(p.merged_into, p.id) as whose, f.flag from patient_flag f"  # noqa: S608
        " join patient p on p.id = f.patient_id where f.patient_id in (select unnest($1::bigint[])"
        f" union all select id from patient where merged_into = any($1::bigint[])) and {STANDING} order by 1, 2",
        list(patient_ids),
    )
    found: dict[int, tuple[tuple[str, str], ...]] = {}
    for row in rows:
        found[row["whose"]] = (*found.get(row["whose"], ()), (row["flag"], FLAG_LABELS[Flag(row["flag"])]))
    return found


def _age(born: date | None) -> int | None:
    if born is None:
        return None
    today = clock.today()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _row(row: "Record", marks: tuple[tuple[str, str], ...], tree: OrgTree, *, whole: bool) -> ListRow:
    phone = opened(row["phone"], "phone")
    return ListRow(
        id=row["id"],
        patient_id=row["patient_id"],
        patient_number=row["patient_number"],
        name=row["name"],
        gender=row["gender"],
        age=_age(row["born_on"]),
        phone=phone if whole or not phone else mask_phone(phone),
        deceased=row["deceased"],
        flags=marks,
        number=row["number"],
        unit=tree.label(row["unit_id"]),
        ward=tree.unit(row["ward_id"]).name if row["ward_id"] else "",
        bed=row["bed"],
        start_on=row["start_on"],
        end_on=row["end_on"],
        doctor=row["doctor"],
        nurse=row["nurse"],
        diagnosis=row["diagnosis"],
        admission=row["admission_diagnosis"],
        discharge=row["discharge_diagnosis"],
        disposition=DISPOSITIONS.get(row["disposition"], ""),
        triage=row["triage"],
        outcome=row["outcome"],
        register_type=row["register_type"],
        employer=row["employer"],
        package=row["package"],
        conclusion=row["conclusion"],
        findings=row["findings"],
        severity=row["severity"],
    )


@asynccontextmanager
async def guarded(patience: int) -> AsyncIterator[None]:
    """One snapshot, a limit of time in milliseconds, and plans of the shape `search_sql` means.

    Raises:
        TooBroad: it took longer.
    """
    try:
        async with db.transaction():
            await db.execute(
                "select set_config('statement_timeout', $1, true), set_config('work_mem', '32MB', true),"
                " set_config('jit', 'off', true), set_config('max_parallel_workers_per_gather', '0', true),"
                " set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true),"
                " set_config('enable_mergejoin', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)",
                str(patience),
            )
            yield
    except QueryCanceledError:
        raise TooBroad from None
