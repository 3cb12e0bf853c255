"""Files that are opened only for a reason: of well-known persons, of the house's own staff, of whoever asked for it.

Whoever may read patients may open one in need: they say why, it is an audit line, whoever answers for security is told
at once, and it stays open to them for some hours. Until then they change nothing in it either. Neither list nor search shows more of such a person than of others.
"""

from collections.abc import Collection
from datetime import timedelta

from core import clock, db, looking, parameters
from core.actor import Actor, Permission
from core.errors import Forbidden
from core.events import Event, announce
from core.parameters import Parameter
from patients import queries

MARK = "guarded"  # the mark on a patient (patients.people)

HOURS = parameters.declare(
    Parameter(
        "patient.guarded_hours",
        "受保护档案说明原因后可查看的时间",
        int,
        8,
        low=1,
        high=72,
        unit="小时",
        source="GB/T 35273-2020 7.1：对个人信息的访问控制",
    )
)


class Guarded(Forbidden):
    """The file is opened only for a reason, and none was given."""


class GuardedOpened(Event):
    """Somebody opened a guarded file; `opening_id` is the row that says why."""

    opening_id: int
    patient_id: int
    staff_id: int


async def check(patient_id: int, by: Actor) -> None:
    """Pass unless this person's file is guarded and not open to `by`.

    Raises:
        Guarded: it is.
    """
    if await shut([patient_id], by):
        raise Guarded("受保护的档案：请先在患者档案页写明查看原因")


async def shut(patient_ids: Collection[int], by: Actor) -> frozenset[int]:
    """Those of these whose files are guarded and not open to `by`; to the system itself none is shut."""
    if by.staff_id is None:
        return frozenset()
    rows = await db.fetch(
        "select w.id from patient w cross join lateral (select array(select p.id from patient p"
        " where p.id = coalesce(w.merged_into, w.id) or p.merged_into = coalesce(w.merged_into, w.id)) as ids) r"
        " where w.id = any($1::bigint[]) and exists (select 1 from patient_flag f where f.patient_id = any(r.ids)"
        " and f.flag = $2 and f.cleared_at is null and (f.until is null or f.until >= $3))"
        " and not exists (select 1 from patient_opening o where o.patient_id = any(r.ids)"
        " and o.staff_id = $4 and o.until > $5)",
        list(patient_ids),
        MARK,
        clock.today(),
        by.staff_id,
        clock.now(),
    )
    return frozenset(row["id"] for row in rows)


async def open_file(patient_id: int, reason: str, *, by: Actor) -> None:
    """Open a guarded file to `by` for some hours.

    Raises:
        Forbidden, NotFound: not permitted, or out of reach.
        Invalid: no reason.
        TooMany: too many looks within an hour.
    """
    await queries.in_reach(patient_id, by, Permission.PATIENT_READ)
    if by.staff_id is None:
        raise Forbidden
    now = clock.now()
    until = now + timedelta(hours=await parameters.number(HOURS))
    async with db.transaction():
        await looking.note(
            by, "patient.open_guarded", "patient", patient_id, reason=reason, fields=["受保护的档案"]
        )
        opening: int = await db.fetchval(
            "insert into patient_opening (patient_id, staff_id, reason, at, until) values ($1, $2, $3, $4, $5) returning id",
            patient_id,
            by.staff_id,
            looking.reason_of(reason),
            now,
            until,
        )
        await announce(GuardedOpened(opening_id=opening, patient_id=patient_id, staff_id=by.staff_id))
