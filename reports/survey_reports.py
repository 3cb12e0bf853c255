"""Analysis reports of questionnaires as Word: filled from the hospital's template, with charts, numbered, kept.

Made again it gets another number. A report holds what its maker may count, so it is the maker's alone.
"""

from collections.abc import Iterable

from pydantic import Field, JsonValue

from core import clock
from core.actions import Form
from core.actor import Actor, Permission
from core.errors import Refused
from reports.shelf import Draft, Shelf, hospital
from reports.survey_reports_charts import Chart, Series, placed
from staff import queries as staff
from surveys.statistics import words, written
from surveys.statistics.asking import Asked
from surveys.statistics.board import board
from surveys.statistics.lines import Board, between, interval_words, measured
from tickets.word import survey_variables as said
from tickets.word.variables import Kind, Report, ReportContext

MOST_LINES, MOST_TEXTS, MOST_WORDS = 60, 3_000, 15
SCORES, TREND = "〔图：各项得分〕", "〔图：逐月趋势〕"
BRAND, LIMIT, MIDDLE = "1F6FB2", "C0392B", "7A8BA0"
SHELF = Shelf(
    "survey_report",
    "survey_report r join questionnaire q on q.id = r.questionnaire_id",
    "q.title",
    "survey.report",
    Permission.SURVEY_READ,
)
_TEXT: dict[str, JsonValue] = {"widget": "text"}
_LINE: dict[str, JsonValue] = {"widget": "line"}


class SurveyReportForm(Form):
    """What only a person can write."""

    summary: str = Field(
        default="", title="总体评价", description="可不填", max_length=5000, json_schema_extra=_TEXT
    )
    causes: str = Field(
        default="", title="原因分析", description="可不填", max_length=5000, json_schema_extra=_TEXT
    )
    measures: str = Field(
        default="", title="改进措施", description="可不填", max_length=5000, json_schema_extra=_TEXT
    )
    reviewer: str = Field(default="", title="审核人", max_length=50, json_schema_extra=_LINE)
    approver: str = Field(default="", title="签发人", max_length=50, json_schema_extra=_LINE)


async def make(asked: Asked, form: SurveyReportForm, *, by: Actor) -> int:
    """Make a report of what the page shows; its id.

    Raises:
        Forbidden: this person reads no responses.
        NotFound: no such questionnaire, or an anonymous one.
        Refused: too few responses, or the template cannot be filled.
    """
    found = await board(asked, by=by)
    if found.n < found.least:
        raise Refused(f"只有 {found.n} 份答卷，至少 {found.least} 份才能生成报告")
    texts = await written.texts(asked, found.known, by=by, most=MOST_TEXTS)
    scope = await _scope(asked, by)

    async def context(number: str) -> ReportContext:
        return await _context(found, form, number, scope, [one.body for one in texts], by)

    return await SHELF.write(
        Draft(
            Kind.SURVEY_REPORT,
            asked.period,
            scope,
            asked.query(),
            context,
            lambda number: f"{number} {found.known.title}分析报告.docx",
            lambda _context, _template: {"questionnaire_id": found.known.id},
            lambda filled: placed(filled, charts(found)),
        ),
        by=by,
    )


def charts(found: Board) -> dict[str, Chart]:
    """Mark → chart."""
    lines = [line for line in found.scores if found.known.rules[line.key].to_100]
    points = [one.point for one in found.trend]
    share = bool(found.measure and found.measure.share)
    name = f"{found.measure.label}{'（%）' if share else ''}" if found.measure else "均值"

    def told(numbers: Iterable[float | None]) -> list[float | None]:
        return [None if one is None else 100 * one if share else one for one in numbers]

    trend = [Series(name, told(one.value for one in points), BRAND)]
    if any(one.middle is not None for one in points):
        trend += [
            Series("中线", told(one.middle for one in points), MIDDLE, dashed=True),
            Series("下限", told(one.low for one in points), LIMIT, dashed=True),
            Series("上限", told(one.high for one in points), LIMIT, dashed=True),
        ]
    return {
        SCORES: Chart(
            bars=True,
            labels=[line.label for line in lines],
            series=[Series("均值", [line.moments.mean for line in lines], BRAND)],
            title="图 1　各项得分均值（百分制）",
            most=100,
        ),
        TREND: Chart(
            bars=False,
            labels=[one.month for one in found.trend],
            series=trend,
            title=f"图 2　{name}逐月变化与控制限（{'p 图' if share else 'XmR 图'}）",
            most=100 if found.measure and found.measure.top and _within(trend, 100) else None,
        ),
    }


def _within(series: Iterable[Series], most: float) -> bool:
    return all(value is None or value <= most for one in series for value in one.values)


async def _scope(asked: Asked, by: Actor) -> str:
    tree = await staff.tree()
    if asked.unit is not None:
        return tree.label(asked.unit)
    scopes = by.scope(Permission.SURVEY_READ)
    if "/" in scopes:
        return "全部院区"
    return "、".join(tree.label(int(path.strip("/").rpartition("/")[2])) for path in scopes)


async def _context(
    found: Board, form: SurveyReportForm, number: str, scope: str, texts: list[str], by: Actor
) -> ReportContext:
    main = found.main
    told = _percent if found.measure and found.measure.share else _number
    units = next(table for table in found.groups if table.variable.name == "unit")
    return ReportContext(
        hospital=await hospital(),
        report=Report(
            number=number,
            title=f"{found.known.title}分析报告",
            date=clock.today(),
            author=by.name,
            reviewer=form.reviewer,
            approver=form.approver,
        ),
        survey=said.Survey(
            title=found.known.title,
            period=found.asked.period,
            scope=scope,
            received=f"{found.n:,}",
            clean=f"{found.clean:,}",
            rate=_percent(found.asks.value),
            score_name=main.label if main else "得分",
            score=_number(main.moments.mean if main else None),
            interval=interval_words(main.moments.interval if main else None) or "—",
            clean_score=_number(main.clean.mean if main else None),
            formula=main.formula if main else "—",
            nps=_number(found.nps.value if found.nps else None, 0),
            words="、".join(f"{word}（{n}）" for word, n in words.frequent(texts, MOST_WORDS)),
            summary=form.summary,
            causes=form.causes,
            measures=form.measures,
            scores_chart=SCORES,
            trend_chart=TREND,
        ),
        survey_scores=tuple(
            said.SurveyScoreLine(
                name=line.label,
                dimension=line.dimension or "—",
                n=f"{line.moments.n:,}",
                mean=_number(line.moments.mean),
                interval=interval_words(line.moments.interval) or "—",
                clean=_number(line.clean.mean),
                formula=line.formula,
            )
            for line in found.scores
        ),
        survey_questions=tuple(
            said.SurveyQuestionLine(
                name=line.label,
                category=line.category or "—",
                n=f"{line.n:,}",
                mean=_number(line.moments.mean, 2),
                top=_percent(line.top.value if line.top else None),
                low=_percent(line.low.value if line.low else None),
            )
            for line in found.questions
            if line.moments is not None
        ),
        survey_units=tuple(
            said.SurveyUnitLine(
                name=line.label,
                n=f"{line.n:,}",
                mean=measured(line),
                interval=between(line) or "—",
                verdict="未比较"
                if line.verdict is None
                else "无明显差异"
                if not line.verdict.differs
                else "高于其余"
                if line.verdict.higher
                else "低于其余",
            )
            for line in units.lines[:MOST_LINES]
            if not line.hidden
        ),
        survey_months=tuple(
            said.SurveyMonthLine(
                name=one.month,
                n=f"{one.n:,}",
                mean=told(one.point.value),
                limits="—" if one.point.low is None else f"{told(one.point.low)}–{told(one.point.high)}",
                signal={"high": "高于上限", "low": "低于下限", "run": "连续八点同侧"}.get(
                    one.point.signal, "—"
                ),
            )
            for one in found.trend
        ),
    )


def _number(value: float | None, places: int = 1) -> str:
    return "—" if value is None else f"{value:.{places}f}"


def _percent(value: float | None) -> str:
    return "—" if value is None else f"{100 * value:.1f}%"
