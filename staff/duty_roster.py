"""The duty roster (值班表) of a unit: who of its liaisons takes what comes in, by day and shift.

Planned by whoever administers the unit or heads it. `staff.queries.holders` puts those on duty first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from core import audit, clock, db
from core.actor import Actor, Permission
from core.errors import Forbidden, Invalid
from staff import duty, queries
from staff.duty import SHIFTS, Shift
from staff.holding import holds
from staff.organising_rows import fault
from staff.roles import Role

FARTHEST = timedelta(days=370)
MOST = 5  # of one shift


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's turn on a day."""

    day: date
    shift: Shift
    staff_id: int
    name: str


async def turns(unit_id: int, first: date, last: date) -> list[Turn]:
    """The turns of a unit from `first` to `last`, both included, in order."""
    rows = await db.fetch(
        "select d.day, d.shift, d.staff_id, s.name from duty d join staff s on s.id = d.staff_id"
        " where d.unit_id = $1 and d.day between $2 and $3"
        " order by d.day, array_position(array['day', 'night', 'all'], d.shift), s.id",
        unit_id,
        first,
        last,
    )
    return [Turn(row["day"], Shift(row["shift"]), row["staff_id"], row["name"]) for row in rows]


async def on_now(unit_id: int) -> list[Turn]:
    """Whose turn it is at this moment."""
    days, shifts = duty.turns(clock.now())
    running = set(zip(days, shifts, strict=True))
    return [turn for turn in await turns(unit_id, min(days), max(days)) if (turn.day, turn.shift) in running]


def may(by: Actor, path: str) -> bool:
    """Whether this person plans the roster of the unit at `path`."""
    return by.can(Permission.STAFF_MANAGE, path) or by.can(Permission.TICKET_ENDORSE, path)


async def _liaisons(unit_id: int, by: Actor) -> set[int]:
    """The unit's own active liaisons, of whom the roster is made."""
    unit = (await queries.tree()).unit(unit_id)
    if not may(by, unit.path):
        raise Forbidden
    rows = await db.fetch(
        "select p.staff_id from post p join staff s on s.id = p.staff_id and s.active"  # noqa: S608
        f" where p.unit_id = $1 and p.role = $2 and {holds()}",
        unit_id,
        Role.LIAISON,
    )
    return {row["staff_id"] for row in rows}


def _day(day: date) -> None:
    today = clock.today()
    if not today - timedelta(days=1) <= day <= today + FARTHEST:
        raise fault("day", "日期", "只能排昨天起一年以内的班", str(day))


async def set_day(unit_id: int, day: date, wanted: Mapping[Shift, Iterable[int]], *, by: Actor) -> None:
    """Have exactly these people on duty on a day; a day of the past stays as it was.

    Raises:
        Invalid: a person is no liaison of the unit, too many of one shift, or the day is past or too far.
        Forbidden: `by` plans no roster here.
    """
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtextextended('duty', $1))", unit_id)
        known = await _liaisons(unit_id, by)
        _day(day)
        rows = [(shift, staff_id) for shift, people in wanted.items() for staff_id in dict.fromkeys(people)]
        for shift, staff_id in rows:
            if staff_id not in known:
                raise fault(shift, SHIFTS[shift], "只能安排本科室的联络人或副联络人", str(staff_id))
            if sum(other is shift for other, _ in rows) > MOST:
                raise fault(shift, SHIFTS[shift], f"一个班次最多 {MOST} 人")
        before = await turns(unit_id, day, day)
        if {(turn.shift, turn.staff_id) for turn in before} == set(rows):
            return
        await db.execute("delete from duty where unit_id = $1 and day = $2", unit_id, day)
        await _write(unit_id, [(day, shift, staff_id) for shift, staff_id in rows], by)
        await audit.record(
            by,
            "duty.set",
            "org_unit",
            unit_id,
            day=day,
            before=[[turn.shift, turn.staff_id] for turn in before],
            after=[[shift, staff_id] for shift, staff_id in rows],
        )


async def _write(unit_id: int, rows: Iterable[tuple[date, Shift, int]], by: Actor) -> None:
    await db.executemany(
        "insert into duty (unit_id, day, shift, staff_id, changed_by, changed_at) values ($1, $2, $3, $4, $5, $6)",
        [(unit_id, day, str(shift), staff_id, by.name, clock.now()) for day, shift, staff_id in rows],
    )


async def copy(unit_id: int, first: date, last: date, days_back: int, *, by: Actor) -> int:
    """Fill the days from `first` to `last` on which nobody is planned with the turns `days_back` days earlier.

    Days that are past or planned already stay; whoever is no liaison any more is left out. How many days were filled.

    Raises:
        Invalid: not whole weeks back, or too many days.
        Forbidden: `by` plans no roster here.
    """
    if days_back not in (7, 28, 35) or not timedelta() <= last - first <= timedelta(days=62):
        raise Invalid("只能复制上周或上月的排班")
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtextextended('duty', $1))", unit_id)
        known = await _liaisons(unit_id, by)
        first = max(first, clock.today())
        last = min(last, clock.today() + FARTHEST)
        planned = {turn.day for turn in await turns(unit_id, first, last)}
        back = timedelta(days=days_back)
        rows = [
            (turn.day + back, turn.shift, turn.staff_id)
            for turn in await turns(unit_id, first - back, last - back)
            if turn.day + back not in planned and turn.staff_id in known
        ]
        await _write(unit_id, rows, by)
        filled = len({day for day, _, _ in rows})
        if filled:
            await audit.record(
                by, "duty.copy", "org_unit", unit_id, first=first, last=last, back=days_back, days=filled
            )
    return filled
