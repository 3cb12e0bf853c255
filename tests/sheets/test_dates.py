"""Claims about moments in cells; the clock of the tests stands at 2026-11-21 in China."""

# ruff: noqa: DTZ001 - cells hold wall clock times without a zone

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.sheets.dates import read_moment
from tickets.sheets.reader import Cell

TODAY = date(2026, 11, 21)
CHINA = ZoneInfo("Asia/Shanghai")


def local(moment: datetime | None) -> str:
    return moment.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("2026-11-21", "2026-11-21 00:00:00"),
        ("2026/11/21 8:05", "2026-11-21 08:05:00"),
        ("2026.11.21 08:05:33.123", "2026-11-21 08:05:33"),
        ("2026年11月21日 8时5分", "2026-11-21 08:05:00"),
        ("2026年11月21日17时前", "2026-11-21 17:00:00"),
        ("2026-11-21（周六） 下午3点半", "2026-11-21 15:30:00"),
        ("二〇二六年十一月二十一日 八时五分", "2026-11-21 08:05:00"),
        ("２０２６－１１－２１", "2026-11-21 00:00:00"),
        ("20261121", "2026-11-21 00:00:00"),
        (20261121, "2026-11-21 00:00:00"),
        ("20261121080500", "2026-11-21 08:05:00"),
        ("2026-11-21T08:05:00+08:00", "2026-11-21 08:05:00"),
        ("2026-11-21T00:05:00Z", "2026-11-21 08:05:00"),
        ("11/21/2026 8:05", "2026-11-21 08:05:00"),
        ("2026-11-21 24:00", "2026-11-22 00:00:00"),
        ("11月21日", "2026-11-21 00:00:00"),
        ("11月23日", "2025-11-23 00:00:00"),
        (46347.336805, "2026-11-21 08:05:00"),
        ("46347", "2026-11-21 00:00:00"),
        (1795219500000, "2026-11-21 08:05:00"),
        (datetime(2026, 11, 21, 8, 5), "2026-11-21 08:05:00"),
        (date(2026, 11, 21), "2026-11-21 00:00:00"),
        (None, ""),
        ("", ""),
        ("无", ""),
        (" - ", ""),
    ],
)
def test_a_moment_is_read_however_it_is_written(cell: Cell, meant: str) -> None:
    assert local(read_moment(cell, today=TODAY)) == meant


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("昨天", "看不懂的日期，请写成 2026-11-21 或 2026-11-21 08:05"),
        ("2026-02-30", "没有这个日期或时间，请核对"),
        ("2026-11-21 25:00", "没有这个日期或时间，请核对"),
        ("05/06/26", "年份只有两位，分不清年月日，请写成四位年份"),
        ("1026-11-21", "年份 1026 不合理，请核对"),
        (datetime(9999, 12, 31, 23, 59, 59, 999999), "年份 9999 不合理，请核对"),
        (5, "看不懂的日期，请写成 2026-11-21 或 2026-11-21 08:05"),
        (True, "看不懂的日期，请写成 2026-11-21 或 2026-11-21 08:05"),
        (time(8, 5), "看不懂的日期，请写成 2026-11-21 或 2026-11-21 08:05"),
        (float("nan"), "看不懂的日期，请写成 2026-11-21 或 2026-11-21 08:05"),
    ],
)
def test_what_is_no_moment_is_refused_with_a_reason(cell: Cell, reason: str) -> None:
    with pytest.raises(ValueError) as caught:
        read_moment(cell, today=TODAY)
    assert str(caught.value) == reason


def test_the_same_day_has_two_serial_numbers_in_the_two_epochs() -> None:
    assert local(read_moment(46347.5, today=TODAY)) == "2026-11-21 12:00:00"
    assert local(read_moment(44885.5, today=TODAY, date_1904=True)) == "2026-11-21 12:00:00"


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("2026-12-05", "2026-12-05 23:59:59"),
        (datetime(2026, 12, 5), "2026-12-05 23:59:59"),
        ("2026-12-05 17:30", "2026-12-05 17:30:00"),
        ("1月4日", "2027-01-04 23:59:59"),
    ],
)
def test_a_limit_without_an_hour_runs_to_the_end_of_its_day(cell: Cell, meant: str) -> None:
    assert local(read_moment(cell, today=TODAY, limit=True)) == meant


@given(
    st.one_of(
        st.text("0123456789年月日时分秒:-/.T Z+十二上午下星期（）", max_size=24),
        st.text(max_size=24),
        st.floats(),
        st.integers(),
        st.datetimes(),
        st.dates(),
        st.times(),
        st.booleans(),
    ),
    st.booleans(),
    st.booleans(),
)
def test_any_cell_is_a_moment_or_a_value_error(cell: Cell, date_1904: bool, limit: bool) -> None:
    moment, refusal = _moment_or_refusal(cell, date_1904=date_1904, limit=limit)
    assert refusal or moment is None or moment.utcoffset() is not None


def _moment_or_refusal(cell: Cell, *, date_1904: bool, limit: bool) -> tuple[datetime | None, str]:
    try:
        return read_moment(cell, today=TODAY, date_1904=date_1904, limit=limit), ""
    except ValueError as error:
        return None, str(error)
