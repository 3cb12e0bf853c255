"""Statistics of a questionnaire as an Excel workbook, with a line who took it out and when; counts nothing itself.

Numbers stay numbers. What is a word stays text: it can never become a formula.
"""

import asyncio
import io
from collections.abc import Sequence

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from core import audit, exports
from core.actor import Actor
from core.sheets import harmless
from surveys.statistics.asking import Asked
from surveys.statistics.board import board
from surveys.statistics.crosstab import CrossTable, crosstab
from surveys.statistics.lines import Board, between, interval_words

Value = str | int | float | None


async def workbook(asked: Asked, *, by: Actor) -> tuple[str, bytes]:
    """The file's name and its bytes; that it was taken out is an audit line.

    Raises:
        Forbidden: this person reads no responses.
    """
    found = await board(asked, by=by)
    table = await crosstab(asked, by=by) if asked.row and asked.column else None
    data = await asyncio.to_thread(write, found, table, exports.mark(by))
    name = f"问卷统计_{found.known.title}_{asked.since}_{asked.until}.xlsx"
    await audit.record(by, "survey.statistics_export", "questionnaire", found.known.id, query=asked.query())
    await exports.log(by, exports.Kind.STATISTICS, name, data, which=f"{found.known.title}；{asked.period}")
    return name, data


class Book:
    """The workbook while it is written."""

    def __init__(self, mark: str) -> None:
        self.memory = io.BytesIO()
        options = {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        self.book = xlsxwriter.Workbook(self.memory, options)
        self.mark = mark
        self.title = self.book.add_format({"bold": True, "font_size": 14})
        self.soft = self.book.add_format({"font_color": "#666666", "italic": True})
        self.head = self.book.add_format(
            {"bold": True, "bg_color": "#D9E1F2", "border": 1, "text_wrap": True}
        )
        self.text = self.book.add_format({"border": 1, "num_format": "@", "text_wrap": True, "valign": "top"})
        self.number = self.book.add_format({"border": 1, "num_format": "#,##0.##", "valign": "top"})

    def table(
        self, name: str, title: str, heads: Sequence[str], rows: Sequence[Sequence[Value]]
    ) -> Worksheet:
        """A sheet with one table, beginning in row 3."""
        sheet = self.book.add_worksheet(name[:31])
        sheet.write_string(0, 0, harmless(title), self.title)
        sheet.write_string(1, 0, harmless(self.mark), self.soft)
        sheet.set_column(0, 0, 32)
        sheet.set_column(1, max(1, len(heads) - 1), 14)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.set_footer("&C第 &P 页，共 &N 页")
        sheet.freeze_panes(3, 1)
        for at, head in enumerate(heads):
            sheet.write_string(2, at, harmless(head), self.head)
        for line, row in enumerate(rows, start=3):
            for at, value in enumerate(row):
                if value is None:
                    sheet.write_string(line, at, "—", self.text)
                elif isinstance(value, str):
                    sheet.write_string(line, at, harmless(value), self.text)
                else:
                    sheet.write_number(line, at, value, self.number)
        return sheet

    def done(self) -> bytes:
        """The workbook's bytes."""
        self.book.close()
        return self.memory.getvalue()


def write(found: Board, table: CrossTable | None, mark: str) -> bytes:
    """The bytes of the workbook."""
    made = Book(mark)
    about = f"{found.known.title} {found.asked.period}"
    made.table(
        "得分",
        f"{about} 得分",
        (
            "得分",
            "国家维度",
            "份数",
            "均值",
            "95% 区间",
            "剔除存疑后份数",
            "剔除存疑后均值",
            "信度 α",
            "计算方法",
        ),
        [
            (
                *(line.label, line.dimension or "—", line.moments.n, line.moments.mean),
                *(
                    interval_words(line.moments.interval) or "—",
                    line.clean.n,
                    line.clean.mean,
                    line.alpha,
                    line.formula,
                ),
            )
            for line in found.scores
        ],
    )
    made.table(
        "题目",
        f"{about} 题目",
        ("题目", "分类", "作答数", "均值", "最高档 %", "低分 %", "剔除存疑后均值", "各选项人数"),
        [
            (
                *(line.label, line.category or "—", line.n, line.moments.mean if line.moments else None),
                _percent(line.top.value if line.top else None),
                _percent(line.low.value if line.low else None),
                line.clean.mean if line.clean else None,
                "；".join(f"{option.label} {option.n}" for option in line.options),
            )
            for line in found.questions
        ],
    )
    measure = found.measure.label if found.measure else ""
    share = bool(found.measure and found.measure.share)
    unit = "占比 %" if share else "均值"
    for group in found.groups:
        made.table(
            group.variable.label,
            f"{about} 按{group.variable.label}：{measure}",
            (
                group.variable.label,
                "评价次数" if found.measure and found.measure.by_unit else "份数",
                unit,
                "95% 区间",
                "剔除存疑后份数",
                f"剔除存疑后{unit}",
                "与其余相比",
                "校正后 q 值",
            ),
            [
                (line.label, "人数太少，不显示", *([None] * 6))
                if line.hidden
                else (
                    *(line.label, line.n, _told(line.moments.mean, share), between(line) or "—"),
                    *(line.clean, _told(line.clean_moments.mean, share)),
                    ("高于其余" if line.verdict.higher else "低于其余")
                    if line.verdict and line.verdict.differs
                    else "无差异"
                    if line.verdict
                    else "未比较",
                    line.verdict.q if line.verdict else None,
                )
                for line in group.lines
            ],
        )
    made.table(
        "趋势",
        f"{about} 逐月：{measure}",
        ("月份", "份数", unit, "中线", "下限", "上限", "信号"),
        [
            (
                *(one.month, one.n, _told(one.point.value, share), _told(one.point.middle, share)),
                *(_told(one.point.low, share), _told(one.point.high, share)),
                {"high": "高于上限", "low": "低于下限", "run": "连续八点在同侧"}.get(one.point.signal, ""),
            )
            for one in found.trend
        ],
    )
    if table is not None and table.row and table.column:
        _cross(made, table, about)
    return made.done()


def _cross(made: Book, table: CrossTable, about: str) -> None:
    row, column = table.row, table.column
    made.table(
        "交叉表",
        f"{about} {row.label if row else ''} × {column.label if column else ''}",
        (row.label if row else "", "份数", *(label for _, label in table.columns)),
        [
            (line.label, "人数太少，不显示")
            if line.hidden
            else (line.label, line.n, *(cell.n for cell in line.cells))
            for line in table.rows
        ],
    )


def _told(value: float | None, share: bool) -> float | None:
    return _percent(value) if share else value


def _percent(value: float | None) -> float | None:
    return None if value is None else round(100 * value, 1)
