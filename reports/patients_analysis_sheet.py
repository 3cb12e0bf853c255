"""The patients of an analysis as an Excel sheet, names and phones masked; a line of the log of exports. Counts nothing."""

import asyncio
import io
from dataclasses import dataclass

import xlsxwriter

from core import audit, clock, db, exports
from core.actor import Actor, Permission
from core.errors import Forbidden, Refused
from core.identity import mask_in_text, mask_name
from core.sheets import harmless
from reports.patients_analysis import Found, Patient, analyse, people
from reports.patients_analysis_asked import Wanted, spoken

MOST = 20_000
HEADS = ("姓名", "性别", "年龄", "患者号", "电话", "期间就诊次数", "最近就诊", "标记")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file to hand over."""

    name: str
    data: bytes
    rows: int


async def sheet(wanted: Wanted, by: Actor) -> Sheet:
    """Write the figures and the patients behind them.

    Raises:
        Forbidden: this person may not take lists of patients out, or not of all that they see.
        Refused: more patients than `MOST`, or it took too long.
    """
    if by.staff_id is None or by.scope(Permission.PATIENT_EXPORT) != by.scope(Permission.PATIENT_READ):
        raise Forbidden
    found = await analyse(wanted, by)
    if found.people > MOST:
        raise Refused(f"符合条件的患者超过 {MOST} 人，请缩小范围后再导出")
    rows = (await people(wanted, by, limit=MOST)).rows
    which = mask_in_text("；".join(f"{label}：{text}" for label, text in await spoken(wanted)))
    data = await asyncio.to_thread(_workbook, found, rows, f"{exports.mark(by)}；{which}；姓名和电话已脱敏")
    name = f"患者分析_{clock.local(clock.now()):%Y%m%d_%H%M}.xlsx"
    async with db.transaction():
        await audit.record(
            by, "patient.export", "patient", None, list="analysis", rows=len(rows), which=which
        )
        await exports.log(
            by, exports.Kind.PATIENT_SHEET, name, data, which=which, rows=len(rows), columns=HEADS
        )
    return Sheet(name, data, len(rows))


def _workbook(found: Found, rows: tuple[Patient, ...], mark: str) -> bytes:
    memory = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(memory, options)
    head = book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1})
    whole = book.add_worksheet("汇总")
    whole.set_column(0, 0, 32)
    line = 0
    for label, count in (("患者人数", found.people), ("就诊人次", found.visits), ("相关诉求", found.cases)):
        whole.write_string(line, 0, label)
        whole.write_number(line, 1, count)
        line += 1
    groups = (
        ("就诊类别", found.kinds),
        ("性别", found.genders),
        ("年龄", found.ages),
        ("科室", found.units),
        ("标记", found.flags),
        ("诉求种类", found.sources),
        ("诉求类型（前 12）", found.types),
        ("推荐意愿", found.promoters),
        ("电话访问结果", found.calls),
    )
    for title, shares in groups:
        line += 1
        whole.write_string(line, 0, title, head)
        whole.write_string(line, 1, "数量", head)
        for share in shares:
            line += 1
            whole.write_string(line, 0, share.label)
            whole.write_number(line, 1, share.count)
        line += 1
    page = book.add_worksheet("患者")
    for each in (whole, page):
        each.set_header(f"&L{mark.replace('&', '&&')[:200]}")
    for at, title in enumerate(HEADS):
        page.set_column(at, at, 16)
        page.write_string(0, at, title, head)
    for at, row in enumerate(rows, start=1):
        marks = "、".join((["已故"] if row.deceased else []) + [word for _, word in row.flags])
        age = str(row.age) if row.age is not None else ""
        cells = (
            mask_name(row.name),
            row.gender,
            age,
            row.number,
            row.phone,
            str(row.visits),
            row.last_on.isoformat(),
            marks,
        )
        for column, cell in enumerate(cells):
            page.write_string(at, column, harmless(cell))
    page.freeze_panes(1, 1)
    book.close()
    return memory.getvalue()
