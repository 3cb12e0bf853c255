"""Working days: seeded, edited, imported after a look at what changes, and told to who counts by them."""

from datetime import date, datetime

import orjson
import pytest

from core import db, events
from core.calendar import Day, from_chinesecalendar, parse_holiday_cn
from core.errors import Fault, Forbidden, Invalid, NotFound
from staff import holiday_rows, stamped, working_days
from staff.events import CalendarChanged
from staff.working_days import Change
from tests.staff.cast import House


async def note(_: CalendarChanged) -> None:
    """A reaction that is only wired, so that an announcement leaves a row."""


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody reacts to CalendarChanged."""
    monkeypatch.setattr(events, "REACTIONS", {})
    monkeypatch.setattr(events, "BY_NAME", {})
    events.react(CalendarChanged, note)


async def years_told() -> list[list[int]]:
    rows = await db.fetch("select payload from outbox where event = 'CalendarChanged' order by id")
    return [orjson.loads(row["payload"])["years"] for row in rows]


def holiday_cn(year: int, *days: tuple[str, str, bool]) -> bytes:
    named = [{"name": name, "date": at, "isOffDay": off} for at, name, off in days]
    return orjson.dumps({"year": year, "papers": [f"https://example.org/{year}"], "days": named})


FILE_2027 = holiday_cn(
    2027,
    ("2026-12-31", "元旦", True),
    ("2027-01-01", "元旦", True),
    ("2027-01-02", "元旦", True),
    ("2027-01-09", "元旦", False),
)


async def test_the_seed_is_the_published_calendar_and_a_second_seed_changes_nothing(
    house: House, told: None
) -> None:
    admin = await house.actor("admin")
    await working_days.seed([2025, 2026, 2027], by=admin)
    assert await working_days.calendar() == from_chinesecalendar([2025, 2026])
    await working_days.seed([2025, 2026, 2027], by=admin)
    assert await years_told() == [[2025], [2026]]


async def test_a_day_set_by_hand_is_a_working_day_at_once_and_others_are_told(
    house: House, told: None
) -> None:
    admin, saturday = await house.actor("admin"), date(2027, 5, 8)
    assert not (await working_days.calendar()).is_workday(saturday)
    await working_days.set_day(Day(saturday, "劳动节", is_off=False), by=admin)
    calendar = await working_days.calendar()
    assert (calendar.is_workday(saturday), calendar.why(saturday)) == (True, "劳动节调休上班")
    assert not calendar.known(saturday)  # one day does not make a year known
    await working_days.clear_day(saturday, by=admin)
    assert not (await working_days.calendar()).is_workday(saturday)
    with pytest.raises(NotFound, match="没有放假或调休安排"):
        await working_days.clear_day(saturday, by=admin)
    assert await years_told() == [[2027], [2027]]


async def test_a_new_name_alone_moves_no_deadline_and_is_not_announced(house: House, told: None) -> None:
    admin = await house.actor("admin")
    await working_days.set_day(Day(date(2027, 5, 8), "劳动节", is_off=False), by=admin)
    await working_days.set_day(Day(date(2027, 5, 8), "院庆", is_off=False), by=admin)
    assert await years_told() == [[2027]]
    assert [row.day.name for row in await working_days.of_year(2027)] == ["院庆"]


async def test_a_preview_shows_what_the_import_then_changes(house: House, told: None) -> None:
    admin = await house.actor("admin")
    await working_days.set_day(Day(date(2027, 1, 2), "元旦", is_off=True), by=admin)
    file = parse_holiday_cn(FILE_2027)
    seen = await working_days.preview(file)
    eve, first, worked = date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 9)
    assert seen == working_days.Preview(
        2027,
        (
            Change(eve, None, Day(eve, "元旦", is_off=True), moves=True),
            Change(first, None, Day(first, "元旦", is_off=True), moves=True),
            Change(worked, None, Day(worked, "元旦", is_off=False), moves=True),
        ),
        publishes=True,
    )
    assert [change.words for change in seen.changes] == [
        "2026-12-31（四） 元旦放假 ← 工作日",
        "2027-01-01（五） 元旦放假 ← 工作日",
        "2027-01-09（六） 元旦调休上班 ← 周末",
    ]
    assert not (await working_days.calendar()).known(first)

    assert await working_days.import_holiday_cn(FILE_2027, by=admin) == seen

    calendar = await working_days.calendar()
    assert [calendar.is_workday(day) for day in (eve, first, worked)] == [False, False, True]
    assert (calendar.known(first), calendar.known(eve)) == (True, False)
    assert await years_told() == [[2026, 2027]]
    again = await working_days.import_holiday_cn(FILE_2027, by=admin)
    assert (again.changes, again.publishes) == ((), False)
    assert await years_told() == [[2026, 2027]]


async def test_a_corrected_file_takes_back_its_own_days_and_leaves_those_set_by_hand(house: House) -> None:
    admin = await house.actor("admin")
    await working_days.import_holiday_cn(FILE_2027, by=admin)
    await working_days.set_day(Day(date(2027, 6, 1), "院庆", is_off=True), by=admin)
    corrected = holiday_cn(2027, ("2027-01-01", "元旦", True), ("2027-01-10", "元旦", False))
    seen = await working_days.import_holiday_cn(corrected, by=admin)
    assert [(change.date.isoformat(), change.after is None) for change in seen.changes] == [
        ("2027-01-02", True),
        ("2027-01-09", True),
        ("2027-01-10", False),
    ]
    assert [row.day.date.isoformat() for row in await working_days.of_year(2027)] == [
        "2027-01-01",
        "2027-01-10",
        "2027-06-01",
    ]


async def test_a_faulty_file_changes_nothing(house: House) -> None:
    admin = await house.actor("admin")
    broken = holiday_cn(2027, ("2027-01-01", "元旦", True), ("2027-02-30", "春节", True))
    with pytest.raises(Invalid) as caught:
        await working_days.import_holiday_cn(broken, by=admin)
    assert [fault.value for fault in caught.value.details] == ["2027-02-30"]
    assert await working_days.of_year(2027) == []


async def test_only_who_may_manage_the_calendar_changes_it(house: House) -> None:
    carol, day = await house.actor("carol"), date(2027, 1, 1)
    with pytest.raises(Forbidden):
        await working_days.set_day(Day(day, "元旦", is_off=True), by=carol)
    with pytest.raises(Forbidden):
        await working_days.clear_day(day, by=carol)
    with pytest.raises(Forbidden):
        await working_days.import_holiday_cn(FILE_2027, by=carol)
    with pytest.raises(Forbidden):
        await working_days.seed([2026], by=carol)
    assert await working_days.of_year(2027) == []


@pytest.mark.parametrize(
    ("at", "name"), [(date(2027, 1, 1), " "), (date(2027, 1, 1), "长" * 41), (date(1999, 1, 1), "元旦")]
)
async def test_a_day_needs_a_name_and_a_year_that_makes_sense(house: House, at: date, name: str) -> None:
    with pytest.raises(Invalid, match="日期或名称有误"):
        await working_days.set_day(Day(at, name, is_off=True), by=await house.actor("admin"))


async def test_a_change_by_another_process_is_seen(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2027, 1, 1)
    assert (await working_days.calendar()).is_workday(day)
    await db.execute("insert into holiday (day, name, is_off) values ($1, '元旦', true)", day)
    assert not (await working_days.calendar(fresh=True)).is_workday(day)
    await db.execute("delete from holiday")
    monkeypatch.setattr(stamped, "LOOK_AGAIN", 0.0)
    assert (await working_days.calendar()).is_workday(day)


def test_rows_of_a_table_are_read_with_their_heading_and_several_ways_to_write_a_date() -> None:
    file = holiday_rows.read_rows(
        2027,
        [
            ("日期", "节日", "休/班"),
            (datetime(2027, 1, 1, 0, 0), "元旦", "休"),  # noqa: DTZ001 - a cell of a sheet has no zone
            ("2027/1/2", "元旦", "放假"),
            ("2027年1月9日", "元旦", "班"),
            (None, None, None),
            (date(2026, 12, 31), "元旦", "休息", "an extra cell"),
        ],
    )
    assert file.days == (
        Day(date(2026, 12, 31), "元旦", is_off=True),
        Day(date(2027, 1, 1), "元旦", is_off=True),
        Day(date(2027, 1, 2), "元旦", is_off=True),
        Day(date(2027, 1, 9), "元旦", is_off=False),
    )


def test_each_bad_row_is_named_with_its_reason() -> None:
    rows = [
        ("2027-01-01", "元旦", "休"),
        ("2027-01-01", "元旦", "休"),
        ("2027-13-01", "元旦", "休"),
        ("2028-01-01", "元旦", "休"),
        ("2027-01-03", "", "休"),
        ("2027-01-04", "元旦", "也许"),
        ("下周三", "元旦", "休"),
        ("2027-01-05",),
    ]
    with pytest.raises(Invalid) as caught:
        holiday_rows.read_rows(2027, rows)
    assert [(fault.field, fault.reason) for fault in caught.value.details] == [
        ("第 2 行", "日期重复"),
        ("第 3 行", "第一列应为日期，例如 2027-01-01"),
        ("第 4 行", "不属于 2027 年（或上年 12 月）"),
        ("第 5 行", "第二列应为 1 至 40 字的节日名称"),
        ("第 6 行", "第三列只能是“休”或“班”"),
        ("第 7 行", "第一列应为日期，例如 2027-01-01"),
        ("第 8 行", "第二列应为 1 至 40 字的节日名称"),
    ]


@pytest.mark.parametrize("rows", [[], [("日期", "节日", "休/班")]])
def test_a_table_without_days_is_refused(rows: list[tuple[object, ...]]) -> None:
    with pytest.raises(Invalid) as caught:
        holiday_rows.read_rows(2027, rows)
    assert caught.value.details == (Fault(field="days", reason="没有 2027 年的日期"),)
