"""Spans of days as statistics speak of them."""

from datetime import date

import pytest

from reports.period import Period, Span, of_day, trend


@pytest.mark.parametrize(
    ("span", "label", "before", "year"),
    [
        (Span.MONTH, "2026年3月", "2026年2月", "2025年3月"),
        (Span.QUARTER, "2026年第1季度", "2025年第4季度", "2025年第1季度"),
        (Span.YEAR, "2026年", "2025年", "2025年"),
    ],
)
def test_a_period_is_compared_with_the_one_before_and_that_of_the_last_year(
    span: Span, label: str, before: str, year: str
) -> None:
    period = of_day(span, date(2026, 3, 31))
    assert (period.label, period.before().label, period.year_before().label) == (label, before, year)
    assert period.before().after() == period


def test_any_days_are_compared_with_as_many_before_and_the_same_of_the_last_year() -> None:
    period = Period(Span.DAYS, date(2024, 2, 20), date(2024, 3, 1))
    assert period.label == "2024-02-20 至 2024-02-29"
    assert period.before() == Period(Span.DAYS, date(2024, 2, 10), date(2024, 2, 20))
    assert period.year_before() == Period(Span.DAYS, date(2023, 2, 20), date(2023, 3, 1))


@pytest.mark.parametrize(
    ("start", "end", "months", "rests"),
    [
        ("2026-01-01", "2026-03-01", ["2026-01-01", "2026-02-01"], []),
        (
            "2026-01-15",
            "2026-04-02",
            ["2026-02-01", "2026-03-01"],
            [("2026-01-15", "2026-02-01"), ("2026-04-01", "2026-04-02")],
        ),
        ("2026-01-15", "2026-02-20", [], [("2026-01-15", "2026-02-20")]),
        ("2025-12-01", "2026-01-01", ["2025-12-01"], []),
    ],
)
def test_a_period_is_whole_months_and_the_days_at_its_ends(
    start: str, end: str, months: list[str], rests: list[tuple[str, str]]
) -> None:
    found = Period(Span.DAYS, date.fromisoformat(start), date.fromisoformat(end)).parts()
    assert ([str(month) for month in found[0]], [(str(one), str(two)) for one, two in found[1]]) == (
        months,
        rests,
    )


@pytest.mark.parametrize(
    ("span", "day", "first", "last"),
    [
        (Span.YEAR, date(2026, 5, 1), date(2026, 1, 1), date(2026, 11, 30)),
        (Span.YEAR, date(2025, 5, 1), date(2025, 1, 1), date(2025, 12, 31)),
        (Span.QUARTER, date(2026, 11, 1), date(2025, 12, 1), date(2026, 11, 30)),
        (Span.MONTH, date(2026, 3, 1), date(2025, 4, 1), date(2026, 3, 31)),
    ],
)
def test_the_trend_never_lies_in_the_future(span: Span, day: date, first: date, last: date) -> None:
    found = trend(of_day(span, day), date(2026, 11, 22))
    assert (found.start, found.last) == (first, last)
