"""What somebody wrote never becomes a formula in somebody's spreadsheet."""

from pathlib import Path

import pytest
from openpyxl import load_workbook

from core.sheets import ListSheet, harmless


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u3000=1",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM(1)",
    ],
    ids=["equals", "plus", "minus", "at", "tab", "cr", "lf", "blanks", "wide blank", "＝", "＋", "－", "＠"],
)
def test_a_text_that_could_begin_a_formula_has_an_apostrophe_before_it(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "门诊=急诊", "1-2", "张测试", " 空格"], ids=["none", "amid", "range", "name", "blank"]
)
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


def test_a_stamp_stands_in_every_row_and_below_every_page_and_none_where_none_is_asked_for(
    tmp_path: Path,
) -> None:
    for stamp, heads in (("测试 导出", ["姓名", "导出标识"]), ("", ["姓名"])):
        sheet = ListSheet(tmp_path, "清单", [("姓名", 10)], "测试 于 今天 导出", stamp)
        sheet.add([["甲"], ["乙"]])
        sheet.close()
        page = load_workbook(tmp_path / "list.xlsx").worksheets[0]
        rows = [list(row) for row in page.iter_rows(values_only=True)]
        assert rows == [heads, *([name, stamp] if stamp else [name] for name in ("甲", "乙"))]
        assert page.oddFooter is not None
        assert page.oddHeader is not None
        assert (page.oddFooter.left.text or "") == stamp
        assert page.oddHeader.left.text == "测试 于 今天 导出"
