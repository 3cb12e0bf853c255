"""Values as HL7 v2 writes them: instants, days, yes and no, numbers; and phones and ID numbers as people write them."""

import re
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from core.clock import SHANGHAI

_TIME = re.compile(
    r"(?P<year>\d{4})(?:-?(?P<month>\d{2})(?:-?(?P<day>\d{2})(?:[ T]?(?P<hour>\d{2})(?::?(?P<minute>\d{2})"
    r"(?::?(?P<second>\d{2})(?:\.\d{1,6})?)?)?)?)?)?(?P<zone>[+-]\d{2}:?\d{2})?"
)


def instant(text: str) -> datetime:
    """A time stamp (TS/DTM, `20260301083000`, with or without zone; without one it is the hospital's wall clock).

    Raises:
        ValueError: it is none.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError("不是 HL7 时间，应如 20260301083000")
    numbers = [
        int(found[name] or low)
        for name, low in (("year", 1), ("month", 1), ("day", 1), ("hour", 0), ("minute", 0), ("second", 0))
    ]
    try:
        bare = datetime(*numbers)  # type: ignore[arg-type]  # noqa: DTZ001 - the zone follows
        if not 1850 <= bare.year <= 2200:
            raise ValueError
        if found["zone"] is None:
            return bare.replace(tzinfo=SHANGHAI)
        digits = found["zone"].replace(":", "")
        ahead = timedelta(hours=int(digits[1:3]), minutes=int(digits[3:5]))
        return bare.replace(tzinfo=timezone(-ahead if digits[0] == "-" else ahead))
    except ValueError:
        raise ValueError("没有这样的日期或时间") from None


def day(text: str) -> date:
    """A day (DT, or the day of a time stamp).

    Raises:
        ValueError: it is none.
    """
    return instant(text).date()


def amount(text: str) -> Decimal | None:
    """A plain number; None for "<0.5", "阳性" and the like, and for what no column holds."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < Decimal("1e15") else None


_NUMBER = r"(-?\d+(?:\.\d+)?)"
_BETWEEN = re.compile(rf"{_NUMBER}\s*(?:-{{1,2}}|~|～|—|–|至)\s*{_NUMBER}")
_BELOW = re.compile(rf"(?:<=?|＜|≤|小于)\s*{_NUMBER}")
_ABOVE = re.compile(rf"(?:>=?|＞|≥|大于)\s*{_NUMBER}")


def beside(value: str, limits: str) -> str:
    """How a result lies to its reference range as laboratories print it: "H", "L", "A", "" for within or not to be told.

    For results whose sender marks none of them: "9.9" beside "0-0.04" is "H", "阳性" beside "阴性" is "A".
    """
    words = limits.strip().strip("()（）[]").strip()
    number = amount(value)
    if number is None:
        is_positive = "阳性" in value and "阴" not in value
        return "A" if is_positive and words.startswith("阴性") else ""
    if found := _BETWEEN.fullmatch(words):
        low, high = Decimal(found[1]), Decimal(found[2])
        return "" if low > high else "L" if number < low else "H" if number > high else ""
    if found := _BELOW.fullmatch(words):
        return "H" if number > Decimal(found[1]) else ""
    if found := _ABOVE.fullmatch(words):
        return "L" if number < Decimal(found[1]) else ""
    return ""
