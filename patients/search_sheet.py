"""A list of patients as the rows of a sheet, masked: its columns, its cells, its filter in words. Writes no file.

Who asks for a sheet and what becomes of it is `patients.exporting`.
"""

from collections.abc import Callable

from core.identity import mask_in_text, mask_name
from core.sheets import Cell
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
from patients.search_pages import ListRow
from staff import queries as staff

Label = Callable[[int], str]  # of a unit by its id
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


def columns(kind: List) -> list[tuple[str, int]]:
    """Title and width of each column of a list's sheet."""
    return [
        (title, 30 if title.endswith(("诊断", "结论", "异常项")) else 14) for title in (*COMMON, *HEADS[kind])
    ]


async def in_words(kind: List, wanted: PatientFilter) -> str:
    """Which list, and what it was narrowed to, as a sentence; phones and ID numbers that were searched are masked."""
    tree = await staff.tree()
    parts = []
    for name, text in wanted.pairs():
        parts.append(f"{label(kind, name)}：{mask_in_text(spoken(name, text, tree.label))}")
    return f"{LISTS[kind]}：{'；'.join(parts) or '全部'}"


def spoken(name: str, text: str, unit: Label) -> str:
    """A value of the filter as the screen says it."""
    if name in ("unit", "ward"):
        return unit(int(text))
    words = {
        "flag": FLAG_WORDS, "free": FLAG_WORDS, "triage": TRIAGE, "disposition": DISPOSITIONS, "result": RESULTS,
        "sort": SORTS,
    }  # fmt: skip
    return words.get(name, {}).get(text, text)


def cells(kind: List, row: ListRow) -> tuple[Cell, ...]:
    """A row of the sheet, in the order of `COMMON` and `HEADS`."""
    marks = "、".join((["已故"] if row.deceased else []) + [word for _, word in row.flags])
    common = (
        mask_name(row.name), row.gender, row.age if row.age is not None else "", row.phone, row.patient_number, marks,
    )  # fmt: skip
    start, end = row.start_on.isoformat(), row.end_on.isoformat() if row.end_on else ""
    own: tuple[Cell, ...] = ()
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
