"""Working days: what is announced, what is guessed, and how a year's file is read."""

import json
from datetime import date, timedelta

import chinese_calendar
import pytest

from core.calendar import Calendar, Day, HolidayFile, from_chinesecalendar, parse_holiday_cn
from core.errors import Invalid
from tests.pure.calendars import announced

NOTICE = "https://www.gov.cn/zhengce/content/202511/content_7047090.htm"


def test_every_day_of_2025_and_2026_is_as_the_package_says() -> None:
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(730)]
    ours = {day: announced().is_workday(day) for day in days}
    assert ours == {day: chinese_calendar.is_workday(day) for day in days}


def test_years_beyond_the_package_are_left_out_and_never_raise() -> None:
    calendar = from_chinesecalendar([2003, 2026, 2027, 2035])
    assert calendar.published_years == frozenset({2026})
    assert not calendar.known(date(2027, 1, 1))
    assert calendar.is_workday(date(2027, 1, 1))  # a Friday: guessed, and said to be unknown


@pytest.mark.parametrize(
    ("day", "why", "worked"),
    [
        (date(2026, 2, 14), "春节调休上班", True),
        (date(2026, 2, 16), "春节放假", False),
        (date(2026, 2, 7), "周末", False),
        (date(2026, 2, 9), "工作日", True),
        (date(2026, 9, 20), "国庆节调休上班", True),
    ],
)
def test_a_day_says_why_it_counts_or_not(day: date, why: str, worked: bool) -> None:
    assert (announced().why(day), announced().is_workday(day)) == (why, worked)


@pytest.mark.parametrize(
    ("start", "steps", "end"),
    [
        (date(2026, 2, 13), 1, date(2026, 2, 14)),
        (date(2026, 2, 24), -1, date(2026, 2, 14)),
        (date(2026, 2, 20), 0, date(2026, 2, 20)),
        (date(2026, 10, 1), 3, date(2026, 10, 10)),
    ],
)
def test_shifting_counts_working_days_both_ways(start: date, steps: int, end: date) -> None:
    assert announced().shift(start, steps) == end


def test_a_calendar_does_not_change_when_the_rows_it_was_made_from_do() -> None:
    rows = {date(2027, 1, 1): Day(date(2027, 1, 1), "元旦", is_off=True)}
    calendar = Calendar(rows, frozenset({2027}))
    rows.clear()
    assert not calendar.is_workday(date(2027, 1, 1))


def test_the_next_years_file_may_move_a_day_of_this_december() -> None:
    newer = announced().merged(
        [
            Day(date(2026, 12, 27), "元旦", is_off=False),
            Day(date(2027, 1, 1), "元旦", is_off=True),
            Day(date(2027, 1, 2), "元旦", is_off=True),
        ],
        [2027],
    )
    # 2 January is a Saturday: off before and after
    assert announced().changes(newer) == (date(2026, 12, 27), date(2027, 1, 1))
    assert newer.known(date(2027, 1, 1))
    assert announced().changes(announced()) == ()


def test_a_year_file_is_read_in_order_of_its_dates() -> None:
    text = json.dumps(
        {
            "$schema": "schema.json",
            "year": 2027,
            "papers": [NOTICE],
            "days": [
                {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
                {"name": "元旦", "date": "2026-12-27", "isOffDay": False},
            ],
        }
    )
    expected = HolidayFile(
        2027,
        (NOTICE,),
        (Day(date(2026, 12, 27), "元旦", is_off=False), Day(date(2027, 1, 1), "元旦", is_off=True)),
    )
    assert parse_holiday_cn(text) == expected
    assert parse_holiday_cn(b"\xef\xbb\xbf" + text.encode()) == expected


def _faults(text: str | bytes) -> list[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        parse_holiday_cn(text)
    return [(fault.field, fault.reason) for fault in refused.value.details]


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", [("", "不是有效的 UTF-8 JSON 文件")]),
        ("{", [("", "不是有效的 UTF-8 JSON 文件")]),
        (b"\xff\xfe", [("", "不是有效的 UTF-8 JSON 文件")]),
        ("[" * 100_000, [("", "不是有效的 UTF-8 JSON 文件")]),
        ("9" * 5000, [("", "不是有效的 UTF-8 JSON 文件")]),
        (" " * 1_000_001, [("", "文件过大，不是节假日文件")]),
        ("[]", [("", "最外层应为对象 {year, papers, days}")]),
        ('{"year": "2027", "days": []}', [("year", "年份应为四位整数，例如 2027")]),
        ('{"year": true, "days": []}', [("year", "年份应为四位整数，例如 2027")]),
        ('{"year": 2027, "days": []}', [("days", "没有任何日期：2027 年放假安排可能尚未公布")]),
        (
            '{"year": 2027, "papers": [1], "days": null}',
            [("papers", "应为通知网址的列表"), ("days", "没有任何日期：2027 年放假安排可能尚未公布")],
        ),
    ],
)
def test_a_file_that_is_not_a_year_file_is_refused(text: str | bytes, faults: list[tuple[str, str]]) -> None:
    assert _faults(text) == faults


def test_each_faulty_day_is_named_by_its_place() -> None:
    days = [
        {"name": "元旦", "date": "2027-01-01", "isOffDay": True},
        {"name": "元旦", "date": "2027-01-01", "isOffDay": False},
        {"name": "", "date": "2027-02-30", "isOffDay": 1},
        {"name": "春节", "date": "2027-W01-1", "isOffDay": True},
        {"name": "春节", "date": "2026-11-30", "isOffDay": True},
        "2027-05-01",
    ]
    assert _faults(json.dumps({"year": 2027, "days": days})) == [
        ("days[1].date", "日期重复"),
        ("days[2].name", "应为 1—40 字的节日名称"),
        ("days[2].isOffDay", "应为 true 或 false"),
        ("days[2].date", "不是 年-月-日 格式的日期"),
        ("days[3].date", "不是 年-月-日 格式的日期"),
        ("days[4].date", "不属于 2027 年（或上年 12 月）"),
        ("days[5]", "应为对象 {name, date, isOffDay}"),
    ]
