"""A list of patients as an Excel sheet, masked; it is a line of the log of exports and of the audit log.

A name or a diagnosis stays text: it can never become a formula in somebody's Excel (OWASP, "CSV Injection").
"""

import asyncio
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import xlsxwriter

from core import audit, clock, db, exports
from core.actor import Actor, Permission
from core.errors import Forbidden, Refused
from core.identity import mask_in_text, mask_name
from patients.search import (
    DISPOSITIONS,
    FLAG_WORDS,
    LISTS,
    RESULTS,
    SORTS,
    TRIAGE,
    List,
    PatientFilter,
    label,
)
from patients.search_pages import ListRow, everything, load
from staff import queries as staff

Label = Callable[[int], str]  # of a unit by its id
MOST = 20_000
_CHUNK = 1_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
COMMON = ("姓名", "性别", "年龄", "电话", "患者号", "标记")
HEADS: dict[List, tuple[str, ...]] = {
    List.OUTPATIENT: ("门诊号", "就诊日期", "科室", "医生", "诊断"),
    List.EMERGENCY: ("急诊号", "就诊日期", "科室", "医生", "分诊级别", "诊断", "去向"),
    List.INSIDE: (
        "住院号", "入院日期", "住院天数", "科室", "病区", "床号", "管床医生", "管床护士", "入院诊断",
    ),
    List.LEFT: (
        "住院号", "入院日期", "出院日期", "住院天数", "科室", "病区", "床号", "管床医生", "管床护士", "入院诊断", "出院诊断",
        "离院方式",
    ),
    List.EXAM: ("体检号", "体检日期", "科室", "体检单位", "套餐", "总检结论", "异常项", "重大阳性"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file to hand over."""

    name: str
    data: bytes
    rows: int


async def sheet(kind: List, wanted: PatientFilter, *, by: Actor) -> Sheet:
    """Write a list as a sheet, names and phones masked, of visits in reach where lists may be taken out.

    Raises:
        Forbidden: this person may not take lists out.
        Refused: more rows than `MOST`, or it took too long.
    """
    if by.staff_id is None or not by.can(Permission.PATIENT_EXPORT):
        raise Forbidden
    ids = await everything(kind, wanted, by, most=MOST + 1)
    if len(ids) > MOST:
        raise Refused(f"符合条件的超过 {MOST} 条，请缩小范围（例如按月）后再导出")
    rows: list[ListRow] = []
    for start in range(0, len(ids), _CHUNK):
        rows += await load(ids[start : start + _CHUNK])
    which = f"{LISTS[kind]}：{await in_words(kind, wanted)}"
    data = await asyncio.to_thread(_workbook, kind, rows, f"{exports.mark(by)}；{which}；姓名和电话已脱敏")
    name = f"{LISTS[kind]}患者_{clock.local(clock.now()):%Y%m%d_%H%M}.xlsx"
    async with db.transaction():
        await audit.record(by, "patient.export", "patient", None, list=str(kind), rows=len(rows), which=which)
        await exports.log(
            by,
            exports.Kind.PATIENT_SHEET,
            name,
            data,
            which=which,
            rows=len(rows),
            columns=[*COMMON, *HEADS[kind]],
        )
    return Sheet(name, data, len(rows))


async def in_words(kind: List, wanted: PatientFilter) -> str:
    """What a list was narrowed to, as a sentence; phones and ID numbers that were searched are masked."""
    tree = await staff.tree()
    parts = []
    for name, text in wanted.pairs():
        parts.append(f"{label(kind, name)}：{mask_in_text(spoken(name, text, tree.label))}")
    return "；".join(parts) or "全部"


def spoken(name: str, text: str, unit: Label) -> str:
    """A value of the filter as the screen says it."""
    if name in ("unit", "ward"):
        return unit(int(text))
    words = {
        "flag": FLAG_WORDS, "free": FLAG_WORDS, "triage": TRIAGE, "disposition": DISPOSITIONS, "result": RESULTS,
        "sort": SORTS,
    }  # fmt: skip
    return words.get(name, {}).get(text, text)


def cells(kind: List, row: ListRow) -> tuple[str | int, ...]:
    """A row of the sheet, in the order of `COMMON` and `HEADS`."""
    marks = "、".join((["已故"] if row.deceased else []) + [word for _, word in row.flags])
    common = (
        mask_name(row.name), row.gender, row.age if row.age is not None else "", row.phone, row.patient_number, marks,
    )  # fmt: skip
    start, end = row.start_on.isoformat(), row.end_on.isoformat() if row.end_on else ""
    own: tuple[str | int, ...] = ()
    match kind:
        case List.OUTPATIENT:
            own = (row.number, start, row.unit, row.doctor, row.diagnosis)
        case List.EMERGENCY:
            triage = TRIAGE.get(str(row.triage), "")
            own = (row.number, start, row.unit, row.doctor, triage, row.diagnosis, row.outcome)
        case List.INSIDE:
            said = row.admission or row.diagnosis
            own = (row.number, start, row.days, row.unit, row.ward, row.bed, row.doctor, row.nurse, said)
        case List.LEFT:
            own = (
                row.number, start, end, row.days, row.unit, row.ward, row.bed, row.doctor, row.nurse, row.admission,
                row.discharge or row.diagnosis, row.disposition,
            )  # fmt: skip
        case List.EXAM:
            own = (
                row.number, start, row.unit, row.employer, row.package, row.conclusion, row.findings, row.severity,
            )  # fmt: skip
    return (*common, *own)


def _workbook(kind: List, rows: Sequence[ListRow], mark: str) -> bytes:
    memory = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(memory, options)
    page = book.add_worksheet(LISTS[kind])
    head = book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1})
    text = book.add_format({"num_format": "@", "valign": "top", "quote_prefix": True})
    page.set_header(f"&L{mark.replace('&', '&&')[:200]}")
    page.set_footer("&C第 &P 页，共 &N 页")
    for at, title in enumerate((*COMMON, *HEADS[kind])):
        page.set_column(at, at, 30 if title.endswith(("诊断", "结论", "异常项")) else 14)
        page.write_string(0, at, title, head)
    for line, row in enumerate(rows, start=1):
        for at, cell in enumerate(cells(kind, row)):
            if isinstance(cell, int):
                page.write_number(line, at, cell)
            else:
                page.write_string(line, at, f"'{cell}" if cell.startswith(_FORMULA) else cell[:32_000], text)
    page.freeze_panes(1, 1)
    book.set_properties({"comments": mark[:250]})
    book.close()
    return memory.getvalue()
