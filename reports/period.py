"""Spans of days as statistics speak of them: a month, a quarter, a year, any days; and what each is compared with.

Pure.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Span(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"
    DAYS = "days"


LABELS = {Span.MONTH: "月", Span.QUARTER: "季度", Span.YEAR: "年", Span.DAYS: "自定义"}
_MONTHS = {Span.MONTH: 1, Span.QUARTER: 3, Span.YEAR: 12}


def first_of(day: date) -> date:
    """The first day of its month."""
    return day.replace(day=1)


def months_later(first: date, months: int) -> date:
    """The first day of a month some months away."""
    at = first.year * 12 + first.month - 1 + months
    return date(at // 12, at % 12 + 1, 1)


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to before `end`."""

    span: Span
    start: date
    end: date

    @property
    def last(self) -> date:
        """The last day."""
        return self.end - timedelta(days=1)

    @property
    def label(self) -> str:
        """ "2026年11月", "2026年第4季度", "2026年", "2026-11-01 至 2026-11-15"."""
        match self.span:
            case Span.MONTH:
                return f"{self.start.year}年{self.start.month}月"
            case Span.QUARTER:
                return f"{self.start.year}年第{(self.start.month + 2) // 3}季度"
            case Span.YEAR:
                return f"{self.start.year}年"
        return f"{self.start} 至 {self.last}"

    def before(self) -> "Period":
        """The period just before, of the same length (环比)."""
        if months := _MONTHS.get(self.span):
            return Period(self.span, months_later(self.start, -months), self.start)
        return Period(self.span, self.start - (self.end - self.start), self.start)

    def after(self) -> "Period":
        """The period just after."""
        if months := _MONTHS.get(self.span):
            return Period(self.span, self.end, months_later(self.end, months))
        return Period(self.span, self.end, self.end + (self.end - self.start))

    def year_before(self) -> "Period":
        """The same period of the year before (同比)."""
        return Period(self.span, _year_before(self.start), _year_before(self.end))

    def parts(self) -> tuple[list[date], list[tuple[date, date]]]:
        """The whole months it holds, and the days at its ends that are no whole month, as spans to before the second."""
        months = []
        first = self.start if self.start.day == 1 else months_later(first_of(self.start), 1)
        end = first
        while months_later(end, 1) <= self.end:
            months.append(end)
            end = months_later(end, 1)
        if not months:
            return [], [(self.start, self.end)] if self.start < self.end else []
        return months, [span for span in ((self.start, first), (end, self.end)) if span[0] < span[1]]


def _year_before(day: date) -> date:
    """29 February becomes 28."""
    return day.replace(year=day.year - 1, day=28 if (day.month, day.day) == (2, 29) else day.day)


def of_day(span: Span, day: date) -> Period:
    """The month, quarter or year in which a day lies; the day alone for other spans."""
    if span is Span.DAYS:
        return Period(span, day, day + timedelta(days=1))
    months = _MONTHS[span]
    start = date(day.year, (day.month - 1) // months * months + 1, 1)
    return Period(span, start, months_later(start, months))


def trend(period: Period, today: date) -> Period:
    """The months of a year; otherwise the twelve months to the end of the period. None lies in the future."""
    last = months_later(first_of(max(period.start, min(period.last, today))), 1)
    first = period.start if period.span is Span.YEAR else months_later(last, -12)
    return Period(Span.DAYS, first, last)
