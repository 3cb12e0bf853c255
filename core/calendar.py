"""Which days are working days in mainland China, and why; a value, never a look-up that can fail.

Under the 《全国年节及纪念日放假办法》 the State Council announces each year's holidays and make-up days late in
the year before. A year that is not announced yet is guessed as Monday to Friday and said
to be unknown. This module reads no database and no network: rows come in, a `Calendar` comes out.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from types import MappingProxyType

import chinese_calendar

from core.errors import Fault, Invalid

WEEKDAYS = "一二三四五六日"
FILE_LIMIT = 1_000_000  # characters; a real year file has about 5,000


@dataclass(frozen=True, slots=True)
class Day:
    """One announced day: off (`is_off`), or a weekend day that is worked (`not is_off`)."""

    date: date
    name: str
    is_off: bool


@dataclass(frozen=True, slots=True)
class Calendar:
    """The announced days by date, and the years whose announcement is in.

    The last days of a December may be re-arranged by the *next* year's announcement (29 December 2018
    became a working day that way), so when a calendar arrives, ask `changes` which days moved.
    """

    days: Mapping[date, Day] = field(default_factory=dict)
    published_years: frozenset[int] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "days", MappingProxyType(dict(self.days)))

    def is_workday(self, day: date) -> bool:
        """True on a working day; an unannounced day counts as worked from Monday to Friday."""
        announced = self.days.get(day)
        return day.weekday() < 5 if announced is None else not announced.is_off

    def known(self, day: date) -> bool:
        """False when the year is not announced: `is_workday` is then a guess, the result provisional."""
        return day.year in self.published_years

    def why(self, day: date) -> str:
        """The reason in Chinese, for example 春节放假, 春节调休上班, 周末 or 工作日."""
        announced = self.days.get(day)
        if announced is None:
            return "工作日" if day.weekday() < 5 else "周末"
        if announced.is_off:
            return f"{announced.name}放假"
        return f"{announced.name}调休上班" if day.weekday() >= 5 else f"{announced.name}正常上班"

    def next_workday(self, day: date) -> date:
        """The first working day after `day`."""
        return self.shift(day, 1)

    def shift(self, day: date, working_days: int) -> date:
        """The n-th working day after `day` (before it when negative); `day` itself for 0."""
        step = timedelta(days=1 if working_days > 0 else -1)
        left = abs(working_days)
        while left:
            day += step
            left -= self.is_workday(day)
        return day

    def merged(self, days: Iterable[Day], published_years: Iterable[int] = ()) -> "Calendar":
        """A new calendar in which `days` replace the days of the same date."""
        return Calendar(
            {**self.days, **{day.date: day for day in days}},
            self.published_years | frozenset(published_years),
        )

    def changes(self, newer: "Calendar") -> tuple[date, ...]:
        """The dates that are worked in one calendar and off in the other, in order."""
        dates = sorted(self.days.keys() | newer.days.keys())
        return tuple(day for day in dates if self.is_workday(day) != newer.is_workday(day))


def from_chinesecalendar(years: Iterable[int]) -> Calendar:
    """Seed from the `chinesecalendar` package; years it does not hold are left out, never an error."""
    names = {holiday.value: holiday.chinese for holiday in chinese_calendar.Holiday}
    days: list[Day] = []
    published: set[int] = set()
    for year in sorted(set(years)):
        found = _days_of_year(year, names)
        if found is not None:
            days += found
            published.add(year)
    return Calendar({day.date: day for day in days}, frozenset(published))


def _days_of_year(year: int, names: Mapping[str, str]) -> list[Day] | None:
    """The announced days of a year, None when the package does not hold it (it then raises)."""
    days: list[Day] = []
    day = date(year, 1, 1)
    while day.year == year:
        try:
            is_off, name = chinese_calendar.get_holiday_detail(day)
        except NotImplementedError:
            return None
        if name is not None:
            days.append(Day(day, names[name], bool(is_off)))
        day += timedelta(days=1)
    return days


@dataclass(frozen=True, slots=True)
class HolidayFile:
    """One year's announcement: the notices it rests on (addresses) and its days, sorted by date."""

    year: int
    papers: tuple[str, ...]
    days: tuple[Day, ...]


def parse_holiday_cn(text: str | bytes) -> HolidayFile:
    """Read a holiday-cn year file: `{year, papers[], days[{name, date, isOffDay}]}` (UTF-8).

    Raises `Invalid` with every fault by its place, in Chinese. A file without days is a year that is not
    announced yet and is refused, or the year would pass as known without a single holiday.
    """
    data = _load(text)
    year = data.get("year")
    if not isinstance(year, int) or isinstance(year, bool) or not 1949 <= year <= 2199:
        raise _invalid(Fault(field="year", reason="年份应为四位整数，例如 2027", value=_short(year)))
    papers = data.get("papers", [])
    faults: list[Fault] = []
    if not isinstance(papers, list) or not all(isinstance(paper, str) for paper in papers):
        faults.append(Fault(field="papers", reason="应为通知网址的列表", value=_short(papers)))
        papers = []
    rows = data.get("days")
    if not isinstance(rows, list) or not rows:
        raise _invalid(*faults, Fault(field="days", reason=f"没有任何日期：{year} 年放假安排可能尚未公布"))
    days: dict[date, Day] = {}
    for index, row in enumerate(rows):
        day = _day(row, f"days[{index}]", year, faults)
        if day is not None and day.date in days:
            faults.append(Fault(field=f"days[{index}].date", reason="日期重复", value=day.date.isoformat()))
        elif day is not None:
            days[day.date] = day
    if faults:
        raise _invalid(*faults)
    return HolidayFile(year, tuple(papers), tuple(days[key] for key in sorted(days)))


def _load(text: str | bytes) -> dict[str, object]:
    if len(text) > FILE_LIMIT:
        raise _invalid(Fault(field="", reason="文件过大，不是节假日文件"))
    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff")
        data = json.loads(decoded)
    except (ValueError, RecursionError) as error:
        raise _invalid(Fault(field="", reason="不是有效的 UTF-8 JSON 文件")) from error
    if not isinstance(data, dict):
        raise _invalid(Fault(field="", reason="最外层应为对象 {year, papers, days}"))
    return data


def _day(row: object, where: str, year: int, faults: list[Fault]) -> Day | None:
    """One row of `days`; adds what is wrong to `faults` and gives None then."""
    if not isinstance(row, dict):
        faults.append(Fault(field=where, reason="应为对象 {name, date, isOffDay}", value=_short(row)))
        return None
    before = len(faults)
    name, is_off = row.get("name"), row.get("isOffDay")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 40:
        faults.append(Fault(field=f"{where}.name", reason="应为 1—40 字的节日名称", value=_short(name)))
    if not isinstance(is_off, bool):
        faults.append(Fault(field=f"{where}.isOffDay", reason="应为 true 或 false", value=_short(is_off)))
    day = _date(row.get("date"))
    if day is None:
        faults.append(
            Fault(field=f"{where}.date", reason="不是 年-月-日 格式的日期", value=_short(row.get("date")))
        )
    elif day.year != year and (day.year, day.month) != (year - 1, 12):
        faults.append(
            Fault(field=f"{where}.date", reason=f"不属于 {year} 年（或上年 12 月）", value=day.isoformat())
        )
    if len(faults) > before or day is None:
        return None
    return Day(day, str(name).strip(), bool(is_off))


def _date(value: object) -> date | None:
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def _invalid(*faults: Fault) -> Invalid:
    return Invalid("节假日文件有误，未导入", details=faults)


def _short(value: object) -> str:
    return "" if value is None else str(value)[:60]
