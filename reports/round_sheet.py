"""Results of an anonymous round as an Excel workbook: what the page shows and not a line more; counts nothing itself.

Small groups are hidden with another one as on the page, texts stand in the order of random keys; nothing names a person,
a time or an order.
"""

import asyncio

from core import audit, exports
from core.actor import Actor
from reports.survey_reports_sheet import Book
from surveys.anonymous.results import Mean, Results, results
from surveys.statistics.lines import interval_words

HIDDEN = "人数太少，不显示"


async def workbook(round_id: int, *, by: Actor) -> tuple[str, bytes]:
    """The file's name and its bytes; that it was taken out is an audit line and one of the log of exports.

    Raises:
        Forbidden: this person reads no results.
        NotFound: no such round within reach.
        Refused: it is not closed.
    """
    found = await results(round_id, by=by)
    data = await asyncio.to_thread(write, found, exports.mark(by))
    name = f"{found.round.kind.words}_{found.round.title}.xlsx"
    which = f"{found.round.title}；{found.round.opens_on} 至 {found.round.closes_on}"
    await audit.record(by, "survey.round_export", "survey_round", found.round.id, sheets=found.sheets)
    await exports.log(by, exports.Kind.STATISTICS, name, data, which=which)
    return name, data


def write(found: Results, mark: str) -> bytes:
    """The bytes of the workbook."""
    made = Book(mark)
    title = found.round.title
    rules = [rule.label or rule.key for rule in found.version.definition.scores]
    made.table(
        "说明",
        f"{title} 说明",
        ("项目", "内容"),
        [
            ("问卷", f"{found.version.definition.title}（第 {found.version.number} 版）"),
            ("时间", f"{found.round.opens_on} 至 {found.round.closes_on}"),
            ("份数", found.sheets),
            *(() if found.shown else (("结果", HIDDEN),)),
            ("显示规则", f"少于 {found.round.threshold} 份的组不显示，并再隐藏一组，以免用总数相减推出"),
            ("匿名", "答案不含姓名、时间和先后次序，文字次序已打乱"),
        ],
    )
    if found.scores:
        made.table(
            "得分",
            f"{title} 得分",
            ("得分", "国家维度", "份数", "均值", "95% 区间", "计算方法"),
            [(one.label, one.dimension or "—", *_mean(one.mean), one.formula) for one in found.scores],
        )
    for at, table in enumerate(found.tables, 1):
        made.table(
            f"分组{at}",
            f"{title} 按{table.label}",
            (table.label, "份数", *(head for rule in rules for head in (rule, f"{rule} 95% 区间"))),
            [
                (line.label, HIDDEN)
                if line.hidden
                else (line.label, line.n, *(cell for mean in line.means for cell in _mean(mean)[1:]))
                for line in table.lines
            ],
        )
    if found.answers:
        made.table(
            "各题作答",
            f"{title} 各题作答",
            ("题目", "选项", "人次", "占比 %"),
            [
                (line.label, label, n, round(100 * share, 1))
                for line in found.answers
                for label, n, share in line.options
            ],
        )
    if found.texts:
        made.table("文字意见", f"{title} 文字意见（次序已打乱）", ("题目", "内容"), found.texts)
    return made.done()


def _mean(one: Mean) -> tuple[int, float | None, str]:
    return one.n, one.value, interval_words(one.interval) or "—"
