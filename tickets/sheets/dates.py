"""Reads a moment from a table cell, however a platform writes it.

Understands date cells, Excel serial numbers of both epochs, and text such as 2026-11-21, 2026/11/21 8:05,
2026年11月21日 8时5分, 20261121080500, 11月21日 and 二〇二六年十一月二十一日. Times without an offset are
Beijing time. A day and month in an unclear order is refused, never guessed.
"""

import re
import unicodedata
from datetime import UTC, date, datetime, time, timedelta, timezone
from math import isfinite
from typing import Final

from tickets.order_fields import CHINA
from tickets.sheets.reader import Cell

# Serial day 0 of the two epochs; 1899-12-30 makes up for the day 1900-02-29 that Excel invented.
_EPOCH_1900: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall clock without a zone, as in the file
_EPOCH_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001
_FIRST_YEAR, _LAST_YEAR = 2000, 2100
_SERIALS: Final = range(34_000, 74_000)  # serial days 1993..2102, wide enough for both epochs
NOTHING: Final = frozenset({"", "-", "--", "—", "/", "无", "暂无", "空", "null", "none", "nan", "n/a"})

_CLOCK = (
    r"(?:\s*T?\s*(?:(?:星期|周)[一二三四五六日天]\s*)?(?P<half>上午|中午|下午|晚上|凌晨|am|pm)?\s*"
    r"(?P<hour>\d{1,2})\s*(?:[:时点]\s*(?:(?P<minute>\d{1,2})\s*[:分]?|(?P<thirty>半))?"
    r"\s*(?:(?P<second>\d{1,2})(?:\.\d+)?\s*秒?)?)\s*(?P<late>am|pm)?\s*(?P<zone>z|[+-]\d{2}:?\d{2})?)?"
    r"\s*(?:(?:星期|周)[一二三四五六日天])?(?:前|之前)?"
)
_FORMS: Final = tuple(
    re.compile(form + clock, re.IGNORECASE)
    for form, clock in (
        (r"(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*[日号]?", _CLOCK),
        (r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", _CLOCK),
        (
            r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})T?(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?",
            "",
        ),
        (r"(?P<month>\d{1,2})\s*月\s*(?P<day>\d{1,2})\s*[日号]?", _CLOCK),
        (r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})", _CLOCK),
        (r"(?P<month>\d{1,2})/(?P<day>\d{1,2})/(?P<year>\d{4})", _CLOCK),
    )
)
_TWO_DIGIT_YEAR = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(?!\d).*")
_PLAIN_NUMBER = re.compile(r"\d{5}(\.\d+)?|1\d{9}|1\d{12}")  # serial days, or seconds or ms since 1970
_ROUND = re.compile(r"[()]")
_CHINESE_RUN = re.compile(r"[〇零○一二三四五六七八九十]+(?=[年月日号时点分秒])")
_CHINESE_DIGIT: Final = {digit: str(value) for value, digit in enumerate("〇一二三四五六七八九")} | {
    "零": "0",
    "○": "0",
}
_NOT_A_TIME: Final = "看不懂的日期，请写成 2026-11-21 或 2026-11-21 08:05"


def read_moment(cell: Cell, *, today: date, date_1904: bool = False, limit: bool = False) -> datetime | None:
    """The aware UTC instant a cell means, None for an empty one; raises ValueError with the reason.

    `limit` marks a deadline: a bare date runs to 23:59:59 of that day, and a date without a year is the
    one nearest to `today` rather than the last one past.
    """
    moment = _wall(cell, today=today, date_1904=date_1904, limit=limit)
    if moment is None:
        return None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(f"年份 {moment.year} 不合理，请核对")
    if limit and moment.time() == time(0):
        moment = moment.replace(hour=23, minute=59, second=59)
    return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(UTC)


def _wall(cell: Cell, *, today: date, date_1904: bool, limit: bool) -> datetime | None:
    if cell is None:
        return None
    if isinstance(cell, str):
        text = " ".join(_ROUND.sub(" ", unicodedata.normalize("NFKC", cell)).split())
        if text.lower() in NOTHING:
            return None
        if _PLAIN_NUMBER.fullmatch(text):
            return _number(float(text), date_1904)
        return _from_text(_CHINESE_RUN.sub(_arabic, text), today=today, limit=limit)
    if isinstance(cell, datetime):
        return _rounded(cell)
    if isinstance(cell, date):
        return datetime.combine(cell, time(0))
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _number(cell, date_1904)
    raise ValueError(_NOT_A_TIME)


def _number(value: float, date_1904: bool) -> datetime:
    if not isfinite(value):
        raise ValueError(_NOT_A_TIME)
    if int(value) in _SERIALS:
        return _rounded((_EPOCH_1904 if date_1904 else _EPOCH_1900) + timedelta(days=value))
    if value == int(value):
        digits = str(int(value))
        if len(digits) in {8, 12, 14}:
            return _from_text(digits, today=date.min, limit=False)
        if _PLAIN_NUMBER.fullmatch(digits) and len(digits) > 5:
            return datetime.fromtimestamp(int(digits[:10]), UTC).astimezone(CHINA)
    raise ValueError(_NOT_A_TIME)


def _rounded(moment: datetime) -> datetime:
    """Serial numbers carry a rounding error of some microseconds."""
    if moment.year > _LAST_YEAR:
        raise ValueError(f"年份 {moment.year} 不合理，请核对")
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def _arabic(match: re.Match[str]) -> str:
    text = match.group()
    if "十" not in text:
        return "".join(_CHINESE_DIGIT[digit] for digit in text)
    tens, _, units = text.partition("十")
    return str(int(_CHINESE_DIGIT.get(tens, "1")) * 10 + int(_CHINESE_DIGIT.get(units, "0")))


def _from_text(text: str, *, today: date, limit: bool) -> datetime:
    for form in _FORMS:
        if match := form.fullmatch(text):
            return _built(match.groupdict(), today=today, limit=limit)
    if _TWO_DIGIT_YEAR.fullmatch(text):
        raise ValueError("年份只有两位，分不清年月日，请写成四位年份")
    raise ValueError(_NOT_A_TIME)


def _built(parts: dict[str, str | None], *, today: date, limit: bool) -> datetime:
    hour, minute, second = (int(parts.get(name) or 0) for name in ("hour", "minute", "second"))
    half = (parts.get("half") or parts.get("late") or "").lower()
    if parts.get("thirty"):
        minute = 30
    if half in {"下午", "晚上", "pm"} and hour < 12:
        hour += 12
    if half in {"上午", "凌晨", "am"} and hour == 12:
        hour = 0
    month, day = int(parts["month"] or 0), int(parts["day"] or 0)
    later = timedelta(days=1 if hour == 24 and minute == second == 0 else 0)
    try:
        clock = time(0 if later else hour, minute, second)
        if parts.get("year"):
            on = date(int(parts["year"] or 0), month, day)
        else:
            on = _year_inferred(month, day, today=today, limit=limit)
        moment = datetime.combine(on, clock) + later
    except (ValueError, OverflowError):
        raise ValueError("没有这个日期或时间，请核对") from None
    zone = parts.get("zone")
    if not zone:
        return moment
    if zone.lower() == "z":
        return moment.replace(tzinfo=UTC)
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
    if offset >= timedelta(days=1):
        raise ValueError("没有这个日期或时间，请核对")
    return moment.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset))


def _year_inferred(month: int, day: int, *, today: date, limit: bool) -> date:
    """The year an event in the past (at most tomorrow) or a limit nearest to today must belong to."""
    candidates = []
    for year in (today.year - 1, today.year, today.year + 1):
        try:
            candidates.append(date(year, month, day))
        except ValueError:
            continue  # 29 February exists in one year of the three at most
    if not candidates:
        raise ValueError("没有这个日期")
    if limit:
        return min(candidates, key=lambda on: abs((on - today).days))
    past = [on for on in candidates if on <= today + timedelta(days=1)]
    return max(past) if past else candidates[0]
