"""Claims about finding the header and proposing fields for the columns of three platforms."""

from pathlib import Path

import pytest

from tests.sheets.exports import BEIJING, DISTRICT, INTERFACE, district_xlsx, grouped_xlsx
from tickets.sheets.columns import HeaderGuess, Mapping, column_letter, guess_header, match_header, signature
from tickets.sheets.fields import HEADERS, SPECS, Field, Kind
from tickets.sheets.reader import Cell, Row, open_sheet


def guess(*rows: tuple[Cell, ...]) -> HeaderGuess:
    """The guess for a table of these rows."""
    found = guess_header(Row(number, row) for number, row in enumerate(rows, start=1))
    assert found is not None
    return found


def fields(found: HeaderGuess) -> list[Field | None]:
    return [match.field for match in found.matches]


def test_a_district_export_is_understood_whole() -> None:
    assert fields(guess(tuple(DISTRICT))) == [
        Field.ORDER_NO, Field.TITLE, Field.CONTENT, Field.APPEAL_TYPE, Field.DISPATCHED_AT,
        Field.HOSPITAL_DEADLINE, Field.CHANNEL, Field.ATTRIBUTION, Field.URGENCY, Field.STATUS,
        Field.CALLER_NAME, Field.CALLER_PHONE, Field.CALLER_GENDER, Field.PLACE, Field.ADDRESS,
        Field.DIFFICULT, Field.CO_HANDLED, Field.LEAD_UNIT, Field.CO_UNITS, Field.CITY_DISPATCHED_AT,
        Field.UPSTREAM_DEADLINE,
    ]  # fmt: skip


def test_a_beijing_style_sheet_is_understood_whole() -> None:
    assert fields(guess(tuple(BEIJING))) == [
        Field.ORDER_NO, Field.APPEAL_TYPE, Field.CATEGORY, Field.TAGS, Field.TITLE, Field.CONTENT,
        Field.STATUS, Field.CALLER_NAME, Field.CALLER_PHONE, Field.DISTRICT, Field.STREET,
        Field.HANDLE_RESULT, Field.PUBLIC_REPLY, Field.HANDLE_METHOD, Field.FINISHED_AT, Field.COMPANY,
        Field.SOLVED, Field.SATISFIED, Field.ROLE, Field.VILLAGE, Field.SPOT,
    ]  # fmt: skip


def test_an_interface_dump_is_understood_but_for_its_technical_id() -> None:
    assert fields(guess(tuple(INTERFACE))) == [
        None, Field.ORDER_NO, Field.PLATFORM_NO, Field.APPEAL_TYPE, Field.DISTRICT, Field.CONTENT,
        Field.CALLER_NAME, Field.CONTACT_PHONE, Field.CHANNEL, Field.STATUS, Field.UNIT,
        Field.HANDLE_RESULT, Field.DISPATCHED_AT, Field.FINISHED_AT,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "field", "confidence"),
    [
        ("工单编号", Field.ORDER_NO, 1.0),
        ("* 工 单\n编 号：", Field.ORDER_NO, 1.0),
        ("工单编号（必填）", Field.ORDER_NO, 0.98),
        ("ＨｏｔｌｉｎｅＮｏ", Field.ORDER_NO, 1.0),
        ("order_no", Field.ORDER_NO, 1.0),
        ("来电人电话/账号", Field.CALLER_PHONE, 1.0),
        ("问题分类(三级)", Field.CATEGORY, 0.98),
        ("诉求内容描述", Field.CONTENT, 0.6),
        ("处理时限（天）", None, 0.0),
        ("序号", None, 0.0),
        ("导入失败原因", None, 0.0),
        ("13800000001", None, 0.0),
        ("", None, 0.0),
    ],
)
def test_a_header_is_recognised_in_spite_of_how_it_is_dressed(
    header: str, field: Field | None, confidence: float
) -> None:
    assert match_header(header) == (field, confidence)


def test_the_header_is_found_below_title_export_time_and_blank_line(tmp_path: Path) -> None:
    found = guess_header(open_sheet(district_xlsx(tmp_path / "a.xlsx")).rows())
    assert found is not None
    assert (found.first_row, found.last_row, found.headers, found.missing) == (4, 4, tuple(DISTRICT), ())


def test_a_header_of_two_rows_is_read_as_group_and_name(tmp_path: Path) -> None:
    found = guess_header(open_sheet(grouped_xlsx(tmp_path / "a.xlsx")).rows())
    assert found is not None
    assert (found.first_row, found.last_row) == (1, 2)
    assert [(match.header, match.field) for match in found.matches] == [
        ("工单编号", Field.ORDER_NO),
        ("诉求内容", Field.CONTENT),
        ("来电人 姓名", Field.CALLER_NAME),
        ("来电人 性别", Field.CALLER_GENDER),
        ("来电人 电话", Field.CALLER_PHONE),
        ("办结期限 市级", Field.UPSTREAM_DEADLINE),
        ("办结期限 区级", Field.HOSPITAL_DEADLINE),
    ]


def test_the_first_order_is_not_taken_for_a_second_header_row() -> None:
    found = guess(("工单编号", "诉求内容", "诉求类型"), ("A-1", "投诉标题字体太小", "投诉"))
    assert (found.first_row, found.last_row) == (1, 1)


def test_a_field_wanted_by_two_columns_goes_to_the_surer_one() -> None:
    found = guess(("诉求内容描述", "诉求内容", "工单编号", "工单号"))
    assert fields(found) == [None, Field.CONTENT, Field.ORDER_NO, None]


def test_required_fields_without_a_column_are_named() -> None:
    assert guess(("标题", "来电人", "性别")).missing == (Field.ORDER_NO, Field.CONTENT)


def test_a_table_without_any_header_gives_no_guess() -> None:
    assert guess_header([Row(1, ("甲", "乙")), Row(2, (1, 2))]) is None


def test_a_saved_mapping_comes_back_equal_and_follows_moved_columns() -> None:
    mapping = guess(("序号", "工单编号", "主要内容")).mapping("测试区热线")
    again = Mapping.model_validate_json(mapping.model_dump_json())
    assert again == mapping
    moved = again.applied_to(("主要内容", "备用", "工单编号"))
    assert moved is not None
    assert [(item.column, item.field) for item in moved.columns] == [(2, Field.ORDER_NO), (0, Field.CONTENT)]
    assert again.applied_to(("工单编号", "别的")) is None


def test_the_signature_is_blind_to_spaces_and_remarks_only() -> None:
    assert signature(["工单编号", "标题"]) == signature(["工单 编号(必填)", "＊标题"])
    assert signature(["工单编号", "标题"]) != signature(["标题", "工单编号"])


@pytest.mark.parametrize(("column", "letter"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_are_named_as_excel_names_them(column: int, letter: str) -> None:
    assert column_letter(column) == letter


def test_every_field_is_described_and_its_label_leads_back_to_it() -> None:
    assert set(SPECS) == set(Field)
    assert {field: match_header(field.spec.label)[0] for field in Field} == {field: field for field in Field}
    assert {spec.kind for spec in SPECS.values()} <= set(Kind)
    assert sorted(HEADERS.values()) != []
