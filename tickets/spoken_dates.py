"""Days as people say them (昨天, 上周三, 11月20日, 20号, 三天前), told apart from house, bed and queue numbers.

A year that is not said is the latest in which the day is not far ahead. Dates that cannot be, or lie more than
three years back (birthdays) or two months ahead, are left out. Reads no clock: `today` is given.
"""

import re
import unicodedata
from datetime import date, timedelta

_DIGITS = {char: value for value, char in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_N = r"(?:[0-9]{1,2}|[一二三四五六七八九十]{1,3})"
_SPOKEN = re.compile(
    rf"""
    (?<![0-9])(?P<year>(?:19|20)[0-9]{{2}}|今年|去年|前年)(?:年|[-/.])?(?P<month>{_N})[-/.月](?P<day>{_N})(?![0-9])
    | (?P<whichmonth>上个?月|本月|这个?月)(?:份)?(?P<monthday>{_N})[日号]
    | (?<![0-9])(?P<month2>{_N})月份?(?P<day2>{_N})(?:[日号]|(?![0-9个份]))
    | (?P<ago>[0-9]{{1,2}}|[一二两三四五六七八九十]{{1,3}})个?(?P<unit>天|日|周|星期|礼拜)(?:之|以)?前
    | (?P<word>大前天|[今昨前](?:天|日|早|晨|晚|夜))
    | (?<![一二两三四五六七八九每0-9至到—~-])(?P<which>上上个?|上个?|本|这个?)?(?:周|星期|礼拜)
      (?P<weekday>[一二三四五六日天])(?![至到—~-])
    | (?<![0-9月第])(?P<only>[0-9]{{1,2}}(?=[日号])|[一二三四五六七八九十]{{1,3}}(?=号))[日号]
      (?![楼床房诊窗门栋线院厅机桌柜台室座内后前以])
    """,
    re.VERBOSE,
)
_JOINS = re.compile(r"\s*[日号]?\s*(?:至|到|-|—|~)\s*")


def dates_in(text: str, today: date) -> tuple[date, ...]:
    """The days a text speaks of, each once, in order of appearance; both ends of a span."""
    plain = unicodedata.normalize("NFKC", text)
    found: dict[date, None] = {}
    last: date | None = None
    end = 0
    for match in _SPOKEN.finditer(plain):
        if match["only"] and last and _JOINS.fullmatch(plain, end, match.start()):
            day = _date(last.year, last.month, _number(match["only"]))  # 18日至20日: the same month
        else:
            day = _resolve(match, today)
        if day is not None and -3 * 366 <= (day - today).days <= 60:
            found[day] = None
            last, end = day, match.end()
    return tuple(found)


def _resolve(match: re.Match[str], today: date) -> date | None:
    if match["year"]:
        years = {"今年": today.year, "去年": today.year - 1, "前年": today.year - 2}
        year = years.get(match["year"]) or int(match["year"])
        return _date(year, _number(match["month"]), _number(match["day"]))
    if match["month2"]:
        return _without_year(_number(match["month2"]), _number(match["day2"]), today)
    if match["whichmonth"]:
        first = today.replace(day=1)
        month = first if match["whichmonth"][0] in "本这" else first - timedelta(days=1)
        return _date(month.year, month.month, _number(match["monthday"]))
    if match["ago"]:
        length = 1 if match["unit"] in {"天", "日"} else 7
        return today - timedelta(days=length * _number(match["ago"]))
    if match["word"]:
        back = 3 if match["word"] == "大前天" else "今昨前".index(match["word"][0])
        return today - timedelta(days=back)
    if match["weekday"]:
        return _weekday(match["which"] or "", match["weekday"], today)
    return _latest_day(_number(match["only"]), today)


def _weekday(which: str, name: str, today: date) -> date:
    """上周三 counts from this week's Monday; a bare 周三 is the latest one, today included."""
    index = "一二三四五六日".index(name.replace("天", "日"))
    monday = today - timedelta(days=today.weekday())
    if which:
        return monday + timedelta(days=index - 7 * which.count("上"))
    day = monday + timedelta(days=index)
    return day if day <= today else day - timedelta(days=7)


def _without_year(month: int, day: int, today: date) -> date | None:
    here = _date(today.year, month, day)
    if here is not None and (here - today).days <= 60:
        return here
    return _date(today.year - 1, month, day)


def _latest_day(day: int, today: date) -> date | None:
    """The latest day of that number, today included."""
    here = _date(today.year, today.month, day)
    if here is not None and here <= today:
        return here
    before = today.replace(day=1) - timedelta(days=1)
    return _date(before.year, before.month, day)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _number(text: str) -> int:
    """12, 十二, 二十, 两; 0 for what is no number (二三)."""
    if text.isascii():
        return int(text)
    if len(text) == 1:
        return 10 if text == "十" else _DIGITS[text]
    tens, ten, ones = text.partition("十")
    if not ten or "十" in ones or len(tens) > 1 or len(ones) > 1:
        return 0
    return (_DIGITS[tens] if tens else 1) * 10 + (_DIGITS[ones] if ones else 0)
