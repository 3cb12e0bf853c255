"""The sheet of names and codes: hostile rows are given back, sound ones are taken, and it can go out and come in again."""

from collections.abc import Sequence
from io import BytesIO

import pytest
from openpyxl import load_workbook

from core import db
from core.errors import Invalid
from staff import queries, units_names, units_queries
from staff.importing import code_sheets
from staff.importing.code_sheets import COLUMNS, Outcome
from staff.importing.sheet_rows import REASON
from tests.staff.cast import House

HEAD = (1, ["科室名称", "院区", "系统", "编码", "名称", "生效日期", "失效日期"])


def rows(*cells: Sequence[object]) -> list[tuple[int, dict[str, str]]]:
    """A sheet of these rows below the header."""
    return code_sheets.table([HEAD, *((at, row) for at, row in enumerate(cells, start=2))])


async def test_sound_rows_are_taken_and_each_hostile_one_is_given_back_with_its_reason(house: House) -> None:
    admin = await house.actor("admin")
    sheet = rows(
        ["普外科", "", "HIS", "0301", "普外", "2026-01-01", ""],
        ["普外科", "", "his", "0301", "普外", "2026-01-01", ""],  # said twice
        ["心内科", "", "HIS", "0101", "", "", ""],  # both campuses have one
        ["心内科", "东院", "HIS", 101.0, "", "", ""],
        ["心内科", "西院", "HIS", "0301", "", "", ""],  # another's code
        ["普外科", "", "火星系统", "1", "", "", ""],
        ["普外科", "", "HIS", "", "", "", ""],
        ["普外科", "", "HIS", "7", "", "2026-02-30", ""],
        ["普外科", "", "HIS", "7", "", "2026-02-01", "2026-01-01"],
        ['=HYPERLINK("x")', "", "HIS", "8", "", "", ""],
        ["", "", "HIS", "9", "", "", ""],
        ["普外科", "", "LIS", "x" * 300, "", "", ""],
        ["普外科", "", "本院别名", "", "123", "", ""],
        ["普外科", "", "本院别名", "", "心血管内科", "", ""],  # its neighbour's name
        ["普外科", "", "EMR", "", "=1+1", "", ""],
    )
    lines = await code_sheets.take(sheet, by=admin)
    assert [(line.number, line.outcome.value, line.reason) for line in lines] == [
        (2, "new", ""),
        (3, "faulty", "与前面的一行重复"),
        (4, "faulty", "有多个“心内科”（东院区 · 心血管内科、西院区 · 心血管内科），请在“院区”列写明"),
        (5, "new", ""),
        (6, "faulty", "编码 0301 在这段时间已属于“西院区 · 普外科”"),
        (7, "faulty", f"没有“火星系统”这个系统，可用：{'、'.join(units_names.SYSTEMS.values())}"),
        (8, "faulty", "名称：名称和编码至少填一项"),
        (9, "faulty", "生效日期：应为 2026-01-31 这样的日期"),
        (10, "faulty", "失效日期：应晚于生效日期"),
        (11, "faulty", '没有找到科室“=HYPERLINK("x")”'),
        (12, "faulty", "没有写明科室"),
        (13, "faulty", "编码：最多 40 个字符"),
        (14, "faulty", "名称：不能全是数字"),
        (15, "faulty", "“心血管内科”已是“西院区 · 心血管内科”的名称，请先停用那个名称"),
        (16, "new", ""),
    ]
    tree = await queries.tree()
    assert {
        code: unit.id if (unit := tree.by_code("his", code)) else None for code in ("0301", "101", "8")
    } == {
        "0301": house.unit["west_surgery"],
        "101": house.unit["east_cardiology"],
        "8": None,
    }
    assert await db.fetchval("select count(*) from audit where action = 'unit.name'") == 3


async def test_what_was_given_back_can_be_put_right_and_nothing_in_it_is_a_formula(house: House) -> None:
    lines = await code_sheets.preview(
        rows(["=cmd|x", "", "HIS", "8", "=1+1", "", ""]), by=await house.actor("admin")
    )
    bad = [{**line.cells, REASON: line.reason} for line in lines if line.outcome is Outcome.FAULTY]
    sheet = load_workbook(BytesIO(code_sheets.book(bad, faulty=True))).active
    assert sheet is not None
    found = [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]
    assert [value for value, _ in found[0]] == [*COLUMNS, REASON]
    assert found[1][0] == ("=cmd|x", "s")
    assert found[1][4] == ("=1+1", "s")


async def test_what_goes_out_comes_in_again_and_changes_nothing_but_an_end(house: House) -> None:
    admin = await house.actor("admin")
    await code_sheets.take(rows(["普外科", "", "HIS", "0301", "普外", "2026-01-01", ""]), by=admin)
    out = await code_sheets.exported()
    back = [(at, row) for at, row in enumerate(out, start=2)]
    assert {line.outcome for line in await code_sheets.take(back, by=admin)} == {Outcome.SAME}
    ended = [(at, {**row, "失效日期": "2026-06-01"} if row["编码"] == "0301" else row) for at, row in back]
    assert [line.outcome for line in await code_sheets.take(ended, by=admin)].count(Outcome.END) == 1
    assert [str(row.until) for row in await units_queries.namings() if row.code == "0301"] == ["2026-06-01"]


@pytest.mark.parametrize(
    ("sheet", "why"),
    [
        ([(1, ["姓名", "电话"]), (2, ["甲", "1"])], "没有找到表头"),
        ([(at, ["x"]) for at in range(1, 40)], "没有找到表头"),
        ([HEAD, *((at, ["甲", "", "HIS", str(at)]) for at in range(2, 5_010))], "一次最多导入 5000 行"),
    ],
)
def test_a_sheet_without_header_or_end_is_refused(sheet: list[tuple[int, list[str]]], why: str) -> None:
    with pytest.raises(Invalid, match=why):
        code_sheets.table(sheet)
