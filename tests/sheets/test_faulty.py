"""Claims about the file of refused rows: a clerk can correct it and import it again, and it is harmless."""

# ruff: noqa: DTZ001 - cells hold wall clock times without a zone

import zipfile
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

from openpyxl import load_workbook

from tickets.sheets.columns import guess_header
from tickets.sheets.faulty import REASON_HEADER, FaultyRow, write_faulty
from tickets.sheets.reader import Row, open_sheet
from tickets.sheets.rows import Fault

HEADERS = ("工单编号", "诉求内容", "派单时间", "来电号码")
BAD_NUMBER = Fault(5, "A", "工单编号", "A 1", "不能有空格")
NO_COLUMN = Fault(5, "", "标题", "", "没有填写")
EVIL = ("=1+1", "+cmd|'/C calc'!A0", "-2+3", "@SUM(A1)")


def test_refused_rows_come_back_with_their_cells_and_reasons(tmp_path: Path) -> None:
    target = tmp_path / "faulty.xlsx"
    row = FaultyRow(("A 1", "内容", datetime(2026, 11, 21, 8, 5), 13800000001), (BAD_NUMBER, NO_COLUMN))
    assert write_faulty(target, HEADERS, [row]) == 1
    assert list(open_sheet(target).rows()) == [
        Row(1, (*HEADERS, REASON_HEADER)),
        Row(
            2,
            (
                "A 1",
                "内容",
                datetime(2026, 11, 21, 8, 5),
                13800000001,
                "A 列“工单编号”：不能有空格；“标题”：没有填写",
            ),
        ),
    ]


def test_the_file_can_be_imported_again_without_a_new_mapping(tmp_path: Path) -> None:
    target = tmp_path / "faulty.xlsx"
    write_faulty(target, HEADERS, [FaultyRow(("A 1",), (BAD_NUMBER,))])
    first = guess_header([Row(1, HEADERS)])
    again = guess_header(open_sheet(target).rows())
    assert first is not None
    assert again is not None
    assert first.mapping("x").columns == again.mapping("x").columns


def test_no_cell_of_a_caller_becomes_a_formula(tmp_path: Path) -> None:
    target = tmp_path / "faulty.xlsx"
    write_faulty(target, ("=1+1", "b", "c", "d"), [FaultyRow(EVIL, (BAD_NUMBER,))])
    with zipfile.ZipFile(target) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    sheet = load_workbook(target).worksheets[0]
    assert [(cell.value, cell.data_type) for cell in sheet[2]][:4] == [(text, "s") for text in EVIL]
    assert [cell.quotePrefix for cell in sheet[2]][:4] == [True] * 4


def test_only_the_faulty_cell_is_coloured(tmp_path: Path) -> None:
    target = tmp_path / "faulty.xlsx"
    write_faulty(target, HEADERS, [FaultyRow(("A 1", "内容", date(2026, 11, 21), None), (BAD_NUMBER,))])
    colours = [cell.fill.fgColor.rgb for cell in load_workbook(target).worksheets[0][2]]
    assert colours == ["FFFFC7CE", "00000000", "00000000", "00000000", "00000000"]


def test_values_that_excel_cannot_hold_are_written_as_text_or_cut() -> None:
    target = BytesIO()
    cells = (float("nan"), "长" * 40_000, 10**18, True)
    assert write_faulty(target, HEADERS, [FaultyRow(cells, ())]) == 1
    values = [cell.value for cell in load_workbook(target).worksheets[0][2]]
    cut = "…（内容过长，已截断）"
    assert values == ["nan", "长" * (32_767 - len(cut)) + cut, str(10**18), True, ""]


def test_the_same_rows_give_the_same_bytes() -> None:
    first, second = BytesIO(), BytesIO()
    for target in (first, second):
        write_faulty(target, HEADERS, [FaultyRow(("A 1",), (BAD_NUMBER,))])
    assert first.getvalue() == second.getvalue()
