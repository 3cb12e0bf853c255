"""Numbers by series and year, without gaps and without doubles: the series' row is locked until commit."""

from core import clock, db

SERIES = {
    "archive": "归档{year}-{last:05d}",
    "event_report": "事件报告〔{year}〕{last}号",
    "final_report": "终结报告〔{year}〕{last}号",
    "handling_form": "办理单〔{year}〕{last}号",
}


async def next_number(series: str) -> str:
    """The next number of a series in the present year; inside the caller's transaction."""
    year = clock.today().year
    last: int = await db.fetchval(
        "insert into number_series (series, year, last) values ($1, $2, 1)"
        " on conflict (series, year) do update set last = number_series.last + 1 returning last",
        series,
        year,
    )
    return SERIES[series].format(year=year, last=last)
