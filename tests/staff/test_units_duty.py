"""The duty roster: who is on duty hears first; planned by whoever heads the unit, never of strangers."""

from datetime import date, datetime, timedelta

import pytest

from core import clock, db
from core.errors import Forbidden, Invalid
from staff import duty, duty_roster, queries
from staff.duty import Shift
from staff.duty_roster import Turn
from staff.roles import Role
from tests.staff.cast import House


def at(text: str) -> datetime:
    """An instant on the hospital's wall clock."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=clock.SHANGHAI)


@pytest.mark.parametrize(
    ("instant", "running"),
    [
        ("2026-11-23 08:00", {("2026-11-23", "day"), ("2026-11-23", "all")}),
        ("2026-11-23 17:29", {("2026-11-23", "day"), ("2026-11-23", "all")}),
        ("2026-11-23 17:30", {("2026-11-23", "night"), ("2026-11-23", "all")}),
        ("2026-11-24 07:59", {("2026-11-23", "night"), ("2026-11-23", "all")}),
    ],
)
def test_a_night_belongs_to_the_day_on_which_it_began(instant: str, running: set[tuple[str, str]]) -> None:
    days, shifts = duty.turns(at(instant))
    assert {(str(day), str(shift)) for day, shift in zip(days, shifts, strict=True)} == running


async def test_whoever_is_on_duty_comes_first_and_the_others_keep_their_order(house: House) -> None:
    unit, staff, head = house.unit["east_cardiology"], house.staff, await house.actor("head")

    async def first_to_last(instant: str) -> list[int]:
        with clock.frozen(at(instant)):
            return [person.id for person in await queries.holders(house.unit["east_ward"], Role.LIAISON)]

    with clock.frozen(at("2026-11-22 10:00")):
        await duty_roster.set_day(
            unit, date(2026, 11, 23), {Shift.DAY: [staff["alice"]], Shift.NIGHT: [staff["dora"]]}, by=head
        )
    assert await first_to_last("2026-11-23 09:00") == [staff["alice"], staff["dora"]]
    assert await first_to_last("2026-11-23 20:00") == [staff["dora"], staff["alice"]]
    assert await first_to_last("2026-11-24 03:00") == [staff["dora"], staff["alice"]]
    assert await first_to_last("2026-11-24 09:00") == [staff["alice"], staff["dora"]]  # nobody is planned
    await db.execute("update staff set active = false where id = $1", staff["dora"])
    assert await first_to_last("2026-11-23 20:00") == [staff["alice"]]


async def test_only_the_units_own_liaisons_are_planned_and_only_by_its_head_or_an_administrator(
    house: House,
) -> None:
    unit, staff = house.unit["east_cardiology"], house.staff
    day, admin = clock.today(), await house.actor("admin")
    with pytest.raises(Invalid, match="只能安排本科室的联络人或副联络人"):
        await duty_roster.set_day(unit, day, {Shift.ALL: [staff["bob"]]}, by=admin)
    with pytest.raises(Invalid, match="只能排昨天起一年以内的班"):
        await duty_roster.set_day(unit, day - timedelta(days=2), {Shift.ALL: [staff["alice"]]}, by=admin)
    with pytest.raises(Forbidden):
        await duty_roster.set_day(unit, day, {Shift.ALL: [staff["alice"]]}, by=await house.actor("alice"))
    with pytest.raises(Forbidden):
        await duty_roster.set_day(
            house.unit["west_cardiology"], day, {Shift.ALL: [staff["bob"]]}, by=await house.actor("head")
        )
    assert await duty_roster.turns(unit, date.min, date.max) == []


async def test_a_copy_fills_empty_days_alone_and_leaves_out_who_is_no_liaison_any_more(house: House) -> None:
    unit, staff, head = house.unit["east_cardiology"], house.staff, await house.actor("head")
    with clock.frozen(at("2026-11-02 10:00")):
        await duty_roster.set_day(unit, date(2026, 11, 2), {Shift.ALL: [staff["alice"]]}, by=head)
        await duty_roster.set_day(unit, date(2026, 11, 3), {Shift.DAY: [staff["dora"]]}, by=head)
        await duty_roster.set_day(unit, date(2026, 11, 4), {Shift.DAY: [staff["alice"]]}, by=head)
        await duty_roster.set_day(unit, date(2026, 11, 11), {Shift.NIGHT: [staff["alice"]]}, by=head)
        await db.execute("delete from post where staff_id = $1", staff["dora"])
        filled = await duty_roster.copy(unit, date(2026, 11, 9), date(2026, 11, 15), 7, by=head)
    assert filled == 1
    assert await duty_roster.turns(unit, date(2026, 11, 9), date(2026, 11, 15)) == [
        Turn(date(2026, 11, 9), Shift.ALL, staff["alice"], "测试alice"),
        Turn(date(2026, 11, 11), Shift.NIGHT, staff["alice"], "测试alice"),
    ]
    (line,) = await db.fetch("select detail->>'days' as days from audit where action = 'duty.copy'")
    assert line["days"] == "1"
