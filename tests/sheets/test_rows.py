"""Claims about rows: the order a row holds, or the cells to blame, in a clerk's words."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sheets.exports import BEIJING, BEIJING_ROW, big_xlsx, district_xlsx
from tickets.order_fields import Gender, Role, Urgency
from tickets.orders import Order
from tickets.sheets.columns import Mapping, guess_header
from tickets.sheets.fields import Field
from tickets.sheets.reader import Cell, Row, open_sheet
from tickets.sheets.rows import Fault, Parsed, parse_row, raw_row

TODAY = date(2026, 11, 21)


def mapping(*headers: str) -> Mapping:
    found = guess_header([Row(1, headers)])
    assert found is not None
    return found.mapping("测试区热线")


def parse(headers: str, *cells: Cell) -> Parsed:
    """Row 2 of a table with these headers (separated by spaces)."""
    return parse_row(cells, mapping(*headers.split()), 2, today=TODAY)


def faults(headers: str, *cells: Cell) -> list[tuple[str, str, str]]:
    return [(fault.column_letter, fault.value, fault.reason) for fault in parse(headers, *cells).faults]


def test_a_row_of_a_district_export_is_an_order(tmp_path: Path) -> None:
    sheet = open_sheet(district_xlsx(tmp_path / "a.xlsx"))
    found = guess_header(sheet.rows())
    assert found is not None
    parsed = [
        parse_row(row.cells, found.mapping("测试区"), row.number, today=TODAY)
        for row in sheet.rows()
        if row.number > found.last_row
    ]
    assert parsed == [
        Parsed(
            row=5,
            order=Order(
                order_no="GZ-20261121-0001",
                title="挂号排队太久",
                content="市民反映心内科门诊排队两小时。",
                appeal_type="投诉",
                caller_name="张测试",
                caller_gender=Gender.FEMALE,
                caller_phone="13800000001",
                place="测试医院东院区 门诊楼二层",
                urgency=Urgency.URGENT,
                role=Role.CO,
                channel="电话",
                dispatched_at=datetime(2026, 11, 21, 2, 0, tzinfo=UTC),
                upstream_deadline=datetime(2026, 12, 5, 15, 59, 59, tzinfo=UTC),
                hospital_deadline=datetime(2026, 11, 27, 15, 59, 59, tzinfo=UTC),
            ),
            extras={
                Field.ATTRIBUTION: "医疗卫生",
                Field.STATUS: "办理中",
                Field.ADDRESS: "门诊楼二层",
                Field.DIFFICULT: "否",
                Field.CO_HANDLED: "是",
                Field.LEAD_UNIT: "测试区卫生健康局",
                Field.CO_UNITS: "甲单位、乙单位",
                Field.CITY_DISPATCHED_AT: "2026年11月20日 8时5分",
            },
        ),
        Parsed(row=6, order=None),
    ]


def test_a_caller_who_wants_secrecy_is_flagged_and_unnamed() -> None:
    parsed = parse_row([str(cell) for cell in BEIJING_ROW], mapping(*BEIJING), 2, today=TODAY)
    assert parsed.order == Order(
        order_no="热线-261121-000001",
        title="退费未到账",
        content="来电人称退费三天未到账。",
        appeal_type="投诉",
        category="医疗卫生->医疗服务->挂号与退费",
        confidential=True,
        role=Role.LEAD,
    )


def test_every_faulty_cell_of_a_row_is_named_with_its_reason() -> None:
    headers = "工单编号 诉求内容 来电号码 是否保密 派单时间 上级办结期限 紧急程度 标题"
    assert parse(headers, "A 1/2", "", "问前台", "也许", "2026-13-01", "明年", "火急", "#N/A").faults == (
        Fault(2, "A", "工单编号", "A 1/2", "只能由汉字、字母、数字、“-”和“_”组成，不能有空格"),
        Fault(2, "B", "诉求内容", "", "没有填写"),
        Fault(2, "C", "来电号码", "问前台", "不是电话号码，应为手机号或带区号的固定电话"),
        Fault(2, "D", "是否保密", "也许", "只能填“是”或“否”"),
        Fault(2, "E", "派单时间", "2026-13-01", "没有这个日期或时间，请核对"),
        Fault(2, "F", "上级办结期限", "明年", "看不懂的日期，请写成 2026-11-21 或 2026-11-21 08:05"),
        Fault(2, "G", "紧急程度", "火急", "只能是：一般、紧急、特急"),
        Fault(2, "H", "标题", "#N/A", "单元格是公式错误（#N/A），请改成实际内容"),
    )


def test_a_limit_before_the_dispatch_is_blamed_on_the_cell_of_the_limit() -> None:
    assert faults("工单编号 诉求内容 派单时间 办结期限", "A-1", "内容", "2026-11-21", "2026-11-20") == [
        ("D", "2026-11-20", "办结期限早于派单时间，请核对两个时间")
    ]


def test_a_required_field_without_a_column_is_blamed_on_no_column() -> None:
    assert parse("标题 来电人 诉求内容", "标题", "张测试", "内容").faults == (
        Fault(2, "", "工单编号", "", "没有填写"),
    )


@pytest.mark.parametrize("cell", [4.01e17, 123456789012345678, "1.38E+10"])
def test_a_number_that_excel_has_rounded_is_refused_not_imported_wrong(cell: Cell) -> None:
    [(column, _, reason)] = faults("工单编号 诉求内容", cell, "内容")
    assert (column, reason) == ("A", "号码被表格存成了数字，末几位已经丢失，请把该列设为“文本”后重新导出")


def test_numbers_become_text_without_a_decimal_point() -> None:
    order = parse("工单编号 诉求内容 联系电话", 20261121001.0, "内容", 13800000001).order
    assert order == Order(order_no="20261121001", content="内容", contact_phone="13800000001")


@pytest.mark.parametrize(
    ("word", "flag"),
    [("是", True), ("√", True), (1, True), (True, True), ("否", False), ("", False), ("/", False)],
)
def test_yes_and_no_are_read_in_many_words(word: Cell, flag: bool) -> None:
    order = parse("工单编号 诉求内容 是否匿名", "A-1", "内容", word).order
    assert order == Order(order_no="A-1", content="内容", anonymous=flag)


@pytest.mark.parametrize("mark", ["、", ",", "，", ";", "；", "\n"])
def test_several_departments_in_one_cell_are_split(mark: str) -> None:
    order = parse("工单编号 诉求内容 涉及科室", "A-1", "内容", f"心内科{mark} 骨科{mark}").order
    assert order == Order(order_no="A-1", content="内容", departments=("心内科", "骨科"))


def test_a_class_in_three_columns_is_joined() -> None:
    order = parse(
        "工单编号 诉求内容 一级分类 二级分类 三级分类", "A-1", "内容", "医疗卫生", "医疗服务", "退费"
    ).order
    assert order == Order(order_no="A-1", content="内容", category="医疗卫生->医疗服务->退费")


def test_a_web_account_in_the_phone_column_is_kept_as_a_remark() -> None:
    parsed = parse("工单编号 诉求内容 来电人电话/账号", "A-1", "内容", "wx_测试用户")
    assert parsed == Parsed(
        2, Order(order_no="A-1", content="内容"), (), {Field.REMARK: "来电账号：wx_测试用户"}
    )


@pytest.mark.parametrize(
    "cells",
    [(), (None, " "), ("合计", 12), ("制表人：张测试",), ("共 3 条记录",), ("工单编号", "诉求内容", "标题")],
)
def test_blank_rows_footers_and_repeated_headers_are_no_orders(cells: tuple[Cell, ...]) -> None:
    assert parse("工单编号 诉求内容 标题", *cells).skipped


def test_a_sentence_that_looks_like_a_formula_stays_a_sentence() -> None:
    order = parse("工单编号 诉求内容", "A-1", "=cmd|' /C calc'!A0").order
    assert order == Order(order_no="A-1", content="=cmd|' /C calc'!A0")


def test_the_raw_row_keeps_unmapped_and_surplus_columns() -> None:
    assert raw_row(("A-1", "内容", 7, "x"), mapping("工单编号", "诉求内容", "工单编号")) == {
        "工单编号": "A-1",
        "诉求内容": "内容",
        "工单编号 (C)": "7",
        "D": "x",
    }


def test_ten_thousand_rows_become_ten_thousand_orders(tmp_path: Path) -> None:
    sheet = open_sheet(big_xlsx(tmp_path / "a.xlsx", 10_000))
    found = guess_header(sheet.rows())
    assert found is not None
    confirmed = found.mapping("测试区")
    numbers = {
        parsed.order.order_no
        for row in sheet.rows()
        if (parsed := parse_row(row.cells, confirmed, row.number, today=TODAY)).order
    }
    assert numbers == {f"GZ-20261121-{number:06d}" for number in range(1, 10_001)}


CELLS = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.datetimes(),
    st.dates(),
    st.times(),
)


@given(st.lists(CELLS, max_size=23))
def test_any_row_is_an_order_or_faults_or_nothing(cells: list[Cell]) -> None:
    parsed = parse_row(cells, mapping(*BEIJING), 2, today=TODAY)
    assert parsed.skipped or (parsed.order is None) == bool(parsed.faults)
    assert all(fault.reason and fault.row == 2 for fault in parsed.faults)
