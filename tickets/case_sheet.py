"""A list of cases as an Excel workbook: its columns, and what stands in them. The writing is `core.sheets`."""

from collections.abc import Sequence
from pathlib import Path

from core.sheets import Cell, ListSheet
from tickets.queries.case_rows import CaseRow

COLUMNS: tuple[tuple[str, int], ...] = (
    ("编号", 20),
    ("工单编号", 28),
    ("来源", 12),
    ("标题", 44),
    ("诉求类型", 10),
    ("问题分类", 32),
    ("状态", 10),
    ("轮次", 6),
    ("紧急程度", 10),
    ("院区", 12),
    ("承办科室", 36),
    ("来电人", 10),
    ("电话", 16),
    ("收到时间", 18),
    ("当前时限", 18),
    ("办结时间", 18),
    ("经办人", 12),
)


class CaseSheet(ListSheet):
    """The workbook; `mark` says who took it out, when and for what, `stamp` of a whole one whose it is."""

    def __init__(self, folder: Path, mark: str = "", stamp: str = "") -> None:
        super().__init__(folder, "诉求", COLUMNS, mark, stamp)

    def add_cases(self, rows: Sequence[CaseRow]) -> None:
        """Write some cases below the last."""
        self.add(map(cells, rows))


def cells(row: CaseRow) -> tuple[Cell, ...]:
    """A row of the sheet, in the order of `COLUMNS`."""
    return (
        row.number,
        row.external_no,
        row.source,
        row.title,
        row.type,
        row.category,
        row.label,
        row.round,
        row.urgency,
        row.campus,
        "；".join(f"{ticket.unit}（{ticket.label}）" for ticket in row.tickets),
        row.caller,
        row.phone,
        row.received_at,
        row.due_at,
        row.closed_at,
        row.handler,
    )
