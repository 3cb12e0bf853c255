"""Numbers by series and year, without gaps and without doubles: the series' row is locked until commit."""

from core import clock, db

SERIES = {
    "archive": "归档{year}-{last:05d}",
    "event_report": "事件报告〔{year}〕{last}号",
    "final_report": "终结报告〔{year}〕{last}号",
    "handling_form": "办理单〔{year}〕{last}号",
    "petition": "信访〔{year}〕{last}号",
    "petition_archive": "信访归档{year}-{last:05d}",
    "petition_register": "信访登记〔{year}〕{last}号",
    "petition_accepted": "信访受理〔{year}〕{last}号",
    "petition_declined": "信访不受〔{year}〕{last}号",
    "petition_ended": "信访不再受理〔{year}〕{last}号",
    "petition_transfer": "信访转送〔{year}〕{last}号",
    "petition_extension": "信访延期〔{year}〕{last}号",
    "petition_hearing": "信访听证〔{year}〕{last}号",
    "petition_opinion": "信访意见〔{year}〕{last}号",
    "petition_review": "信访复查〔{year}〕{last}号",
    "petition_rereview": "信访复核〔{year}〕{last}号",
    "petition_receipt": "信访送达〔{year}〕{last}号",
    "petition_closing": "信访办结〔{year}〕{last}号",
    "petition_catalogue": "信访案卷〔{year}〕{last}号",
    "statistics_report": "办理情况〔{year}〕{last}号",
    "statistics_annual": "年度分析〔{year}〕{last}号",
    "survey_report": "问卷分析〔{year}〕{last}号",
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
