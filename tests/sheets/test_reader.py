"""Claims about opening files: which are read, how, and which are refused with which sentence."""

# ruff: noqa: DTZ001 - cells hold wall clock times without a zone

import io
import tracemalloc
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.sheets.exports import BEIJING, BEIJING_ROW, big_xlsx, district_xlsx, grouped_xlsx, with_member
from tests.sheets.old_excel import ole, write_xls
from tickets.sheets.reader import Row, SheetError, open_sheet


def rows(path: Path) -> list[Row]:
    return list(open_sheet(path).rows())


def refusal(path: Path, filename: str = "") -> str:
    with pytest.raises(SheetError) as caught:
        list(open_sheet(path, filename=filename).rows())
    return str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_a_text_table_is_read_in_any_usual_encoding_and_separator(
    tmp_path: Path, encoding: str, separator: str
) -> None:
    text = '工单编号|诉求内容\r\nA-1|退费；很慢\r\n\r\nA-2|"两行\n内容"\r\n'.replace("|", separator)
    path = tmp_path / "工单.csv"
    path.write_bytes(text.replace("；", "。").encode(encoding))
    assert rows(path) == [
        Row(1, ("工单编号", "诉求内容")),
        Row(2, ("A-1", "退费。很慢")),
        Row(4, ("A-2", "两行\n内容")),
    ]


def test_numbers_forced_to_be_text_come_back_bare(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('编号,内容\n="0001",\'13800000001\n=1+1,=HYPERLINK("x")\n', encoding="utf-8")
    assert rows(path)[1:] == [Row(2, ("0001", "13800000001")), Row(3, ("=1+1", '=HYPERLINK("x")'))]


def test_merged_cells_have_their_value_everywhere(tmp_path: Path) -> None:
    assert rows(grouped_xlsx(tmp_path / "a.xlsx")) == [
        Row(1, ("工单编号", "诉求内容", "来电人", "来电人", "来电人", "办结期限", "办结期限")),
        Row(2, ("工单编号", "诉求内容", "姓名", "性别", "电话", "市级", "区级")),
        Row(3, ("CITY-1", "投诉挂号难", "王测试", "男", "020-81234567", "12月5日", "11月30日 17:30")),
        Row(4, ("CITY-2", "咨询医保", "李测试", "女", "13800000002", "12月5日")),
    ]


def test_an_old_excel_file_is_read_with_dates_and_merged_cells(tmp_path: Path) -> None:
    path = write_xls(
        tmp_path / "a.xls",
        [
            ["标题", None, None],
            ["工单编号", "诉求内容", "派单时间"],
            ["A-1", "内容", 46347.5],
            ["A-2", "内容二", None],
        ],
        merges=[(0, 0, 0, 2), (2, 3, 2, 2)],
    )
    noon = datetime(2026, 11, 21, 12, 0)
    assert rows(path) == [
        Row(1, ("标题", "标题", "标题")),
        Row(2, ("工单编号", "诉求内容", "派单时间")),
        Row(3, ("A-1", "内容", noon)),
        Row(4, ("A-2", "内容二", noon)),
    ]


def test_what_a_file_is_is_decided_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = district_xlsx(tmp_path / "a.xlsx")
    renamed = path.rename(tmp_path / "a.xls")
    assert rows(renamed)[3].cells[0] == "GZ-20261121-0001"


def test_a_named_work_sheet_is_chosen_and_hidden_ones_are_not_offered(tmp_path: Path) -> None:
    book = Workbook()
    book.create_sheet("隐藏").sheet_state = "hidden"
    second = book.create_sheet("十一月")
    second.append(["x"])
    book.epoch = CALENDAR_MAC_1904
    book.save(tmp_path / "a.xlsx")
    sheet = open_sheet(tmp_path / "a.xlsx", sheet="十一月")
    assert (sheet.names, sheet.name, sheet.date_1904) == (("Sheet", "十一月"), "十一月", True)
    assert list(sheet.rows()) == [Row(1, ("x",))]
    assert refusal_of_sheet(tmp_path / "a.xlsx") == "文件中没有名为“十二月”的工作表"


def refusal_of_sheet(path: Path) -> str:
    with pytest.raises(SheetError) as caught:
        open_sheet(path, sheet="十二月")
    return str(caught.value)


def test_rows_may_be_read_twice(tmp_path: Path) -> None:
    sheet = open_sheet(district_xlsx(tmp_path / "a.xlsx"))
    assert list(sheet.rows()) == list(sheet.rows()) != []


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "文件是空的"),
        (b" \n,,\n", "工作表里没有内容"),
        (b"%PDF-1.7", "这是 PDF 文件，请向平台索取 Excel 或 CSV 格式的工单"),
        (b"\x89PNG\r\n\x1a\n", "这是图片，不是表格"),
        (b"PK\x03\x04 cut short", "表格文件不完整，可能没有下载完，请重新下载后再导入"),
        (
            b"<html><table><tr><td>1",
            "这个文件其实是网页，不是 Excel 表格，请在 Excel 中打开后另存为 .xlsx 再导入",
        ),
        (b'<?xml version="1.0"?><Workbook/>', "这是 XML 格式的表格，请在 Excel 中打开后另存为 .xlsx 再导入"),
        (b"\x09\x08\x10\x00\x00\x06", "这是 Excel 95 以前的旧格式，请在 Excel 中另存为 .xlsx 后再导入"),
        (b"ab\x00cd", "这不是表格文件，请导入 .xlsx、.xls 或 .csv 文件"),
        (b"\xff\xff\xff\xff,1\n", "认不出文件的文字编码，请在 Excel 中打开并另存为 .xlsx 后再导入"),
        (ole({"EncryptedPackage": b"x"}), "文件有密码保护，请取消密码后再导入"),
        (
            ole({"Workbook": b"x", "_VBA_PROJECT": b"x"}),
            "不接受带宏的表格，请在 Excel 中另存为 .xlsx（不含宏）后再导入",
        ),
        (ole({"WordDocument": b"x"}), "这是 Word 文档，不是表格"),
        (ole({"Workbook": b"garbage"}), "表格文件已损坏，请在 Excel 中打开并另存为 .xlsx 后再导入"),
        (b"x" * (20 * 1024 * 1024 + 1), "文件超过 20 MB，请分成几个文件导入"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_one_sentence(
    tmp_path: Path, data: bytes, sentence: str
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(data)
    assert refusal(path) == sentence


def test_macros_are_refused_by_name_and_by_content(tmp_path: Path) -> None:
    path = district_xlsx(tmp_path / "a.xlsx")
    assert refusal(path, "工单.xlsm") == "不接受带宏的表格（.xlsm），请在 Excel 中另存为 .xlsx 后再导入"
    assert refusal(with_member(path, "xl/vbaProject.bin", b"x")) == (
        "不接受带宏的表格，请在 Excel 中另存为 .xlsx（不含宏）后再导入"
    )


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = district_xlsx(tmp_path / "a.xlsx")
    with (
        zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("xl/bomb.xml", "w") as member,
    ):
        for _ in range(201):
            member.write(bytes(1024 * 1024))
    assert path.stat().st_size < 1024 * 1024
    assert refusal(path) == "表格解压后超过 200 MB，请分成几个文件导入"


def test_a_plain_zip_is_no_table(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr("工单.csv", "x")
    assert refusal(tmp_path / "a.xlsx") == "这是压缩包，请先解压，再导入里面的表格"


def test_more_than_two_hundred_columns_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(",".join("x" * 201), encoding="utf-8")
    assert refusal(path) == "表格列数超过 200 列，请删去无关的列后再导入"


def test_more_than_two_hundred_thousand_rows_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n" * 200_001, encoding="utf-8")
    assert refusal(path) == "表格超过 20 万行，请分成几个文件导入"


def test_entities_in_a_sheet_are_not_expanded(tmp_path: Path) -> None:
    source, target = district_xlsx(tmp_path / "a.xlsx"), tmp_path / "b.xlsx"
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "xl/worksheets/sheet1.xml":
                evil = b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>'
                data = evil + data.replace(
                    b"</sheetData>", b"<row><c t='str'><v>&e;</v></c></row></sheetData>"
                )
            new.writestr(name, data)
    assert refusal(target) == "表格文件已损坏，请在 Excel 中打开并另存为 .xlsx 后再导入"


def _peak(path: Path) -> tuple[int, int]:
    tracemalloc.start()
    try:
        count = sum(1 for _ in open_sheet(path).rows())
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_ten_thousand_rows_need_no_more_memory_than_five_hundred(tmp_path: Path) -> None:
    few, few_peak = _peak(big_xlsx(tmp_path / "few.xlsx", 500, columns=4))
    many, many_peak = _peak(big_xlsx(tmp_path / "many.xlsx", 10_000, columns=4))
    assert (few, many) == (501, 10_001)
    assert many_peak < few_peak + 4 * 1024 * 1024


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return grouped_xlsx(tmp_path_factory.mktemp("sound") / "a.xlsx").read_bytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.binary(max_size=200).map(lambda tail: bytes.fromhex("D0CF11E0A1B11AE1") + tail),
        st.text("工单,;\t\"'\n\r=A1", max_size=200).map(lambda text: text.encode("gb18030")),
    )
)
def test_any_bytes_are_rows_or_one_sentence(tmp_path: Path, data: bytes) -> None:
    _read_or_refuse(tmp_path, data)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(hits=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_excel_file_is_rows_or_one_sentence(
    tmp_path: Path, sound: bytes, hits: list[tuple[float, int]]
) -> None:
    damaged = bytearray(sound)
    for place, value in hits:
        damaged[int(place * len(damaged))] = value
    _read_or_refuse(tmp_path, bytes(damaged))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(old=st.text(st.characters(codec="ascii"), min_size=1, max_size=3), new=st.text(max_size=12))
def test_a_sheet_with_nonsense_in_its_xml_is_rows_or_one_sentence(
    tmp_path: Path, sound: bytes, old: str, new: str
) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sound)) as archive, zipfile.ZipFile(target, "w") as changed:
        for name in archive.namelist():
            data = archive.read(name)
            if name.startswith("xl/"):
                data = data.replace(old.encode(), new.encode(), 3)
            changed.writestr(name, data)
    _read_or_refuse(tmp_path, target.getvalue())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
@given(hits=st.lists(st.tuples(st.integers(0, 6000), st.integers(0, 255)), min_size=1, max_size=6))
def test_a_damaged_old_excel_file_is_rows_or_one_sentence(
    tmp_path: Path, hits: list[tuple[int, int]]
) -> None:
    damaged = bytearray(
        write_xls(tmp_path / "sound.xls", [["工单编号", 46347.5]], [(0, 0, 0, 1)]).read_bytes()
    )
    for place, value in hits:
        damaged[place % len(damaged)] = value
    _read_or_refuse(tmp_path, bytes(damaged))


def _rows_or_refusal(tmp_path: Path, data: bytes) -> tuple[list[Row], str]:
    path = tmp_path / "upload"
    path.write_bytes(data)
    try:
        return list(open_sheet(path).rows()), ""
    except SheetError as refused:
        return [], str(refused)


def _read_or_refuse(tmp_path: Path, data: bytes) -> None:
    found, refusal = _rows_or_refusal(tmp_path, data)
    assert bool(found) != bool(refusal)
    assert all(row.cells for row in found)


def test_a_beijing_csv_in_gb18030_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    line = ",".join(f'"{cell}"' for cell in BEIJING_ROW)
    path.write_bytes(f"{','.join(BEIJING)}\n{line}\n".encode("gb18030"))
    assert rows(path) == [Row(1, tuple(BEIJING)), Row(2, tuple(map(str, BEIJING_ROW[:19])))]
