"""Builds the exports of three hotline platforms, as bytes a platform could have sent; all synthetic."""

# ruff: noqa: DTZ001 - cells hold wall clock times without a zone

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import xlsxwriter
from openpyxl import Workbook


def _headers(text: str) -> list[str]:
    return text.split()


DISTRICT = _headers(
    "工单编号 工单标题 诉求内容 诉求类型 区交办时间 区交办办结期限 诉求渠道 诉求归口 紧急程度 工单状态 求助人员 求助号码 性别 "
    "事件发生地 诉求详细地址 是否疑难 是否协办 市交办主办单位 市交办协办单位 市交办时间 市交办办结期限"
)
BEIJING = _headers(
    "工单编号 工单类型 问题分类 标签 标题 主要内容 工单状态 来电人 来电人电话/账号 被反映区 被反映街乡镇 办理结果 回复内容 "
    "处理受理方式 办结时间 企业名称 是否解决 是否满意 工单性质 村/社区 小区点位"
)
INTERFACE = _headers(
    "hotlineId hotlineNo platformNo appealTypeName areaName appealContent contactName contactPhone "
    "hotlineSource handleStatus acceptDeptName handleResult syncTime finishTime"
)

DISTRICT_ROW: Sequence[object] = (
    "GZ-20261121-0001",
    "挂号排队太久",
    "市民反映心内科门诊排队两小时。",
    "投诉",
    datetime(2026, 11, 21, 10, 0),
    "2026-11-27",
    "电话",
    "医疗卫生",
    "紧急",
    "办理中",
    "张测试",
    13800000001,
    "女士",
    "测试医院东院区",
    "门诊楼二层",
    "否",
    "是",
    "测试区卫生健康局",
    "甲单位、乙单位",
    "2026年11月20日 8时5分",
    "2026/12/5",
)
BEIJING_ROW: Sequence[object] = (
    "热线-261121-000001",
    "投诉",
    "医疗卫生 → 医疗服务 → 挂号与退费",
    "挂号,退费",
    "退费未到账",
    "来电人称退费三天未到账。",
    "办理中",
    "保密",
    "保密",
    "测试区",
    "测试街道",
    "",
    "",
    "直接派单",
    "",
    "测试医院",
    "",
    "未评价",
    "转办",
    "",
    "",
)


def district_xlsx(path: Path, *, rows: Sequence[Sequence[object]] = (DISTRICT_ROW,)) -> Path:
    """A district export: merged title, export time, blank line, header in row 4, a total below."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "工单"
    sheet.append(["12345 热线交办工单导出表"])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(DISTRICT))
    sheet.append(["导出时间：", datetime(2026, 11, 21, 12, 0)])
    sheet.append([])
    sheet.append(DISTRICT)
    for row in rows:
        sheet.append(list(row))
    sheet.append(["合计：", len(rows)])
    book.save(path)
    return path


def beijing_csv(path: Path, *, encoding: str, rows: Sequence[Sequence[object]] = (BEIJING_ROW,)) -> Path:
    """A Beijing style CSV, header in the first row."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(BEIJING)
    writer.writerows(rows)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def grouped_xlsx(path: Path) -> Path:
    """A city export with a two-row header, groups merged sideways, single columns merged downwards."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["工单编号", "诉求内容", "来电人", None, None, "办结期限", None])
    sheet.append([None, None, "姓名", "性别", "电话", "市级", "区级"])
    for area in ("A1:A2", "B1:B2", "C1:E1", "F1:G1"):
        sheet.merge_cells(area)
    sheet.append(["CITY-1", "投诉挂号难", "王测试", "男", "020-81234567", "12月5日", "11月30日 17:30"])
    sheet.append(["CITY-2", "咨询医保", "李测试", "女", "13800000002", None, None])
    # One limit for both orders, written once in a merged cell.
    sheet.merge_cells("F3:F4")
    book.save(path)
    return path


def big_xlsx(path: Path, count: int, *, columns: int = len(DISTRICT)) -> Path:
    """A long district export, written in constant memory."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet()
    for column, header in enumerate(DISTRICT[:columns]):
        sheet.write_string(0, column, header)
    for number in range(1, count + 1):
        for column, value in enumerate(DISTRICT_ROW[:columns]):
            text = f"GZ-20261121-{number:06d}" if column == 0 else str(value)
            sheet.write_string(number, column, text)
    book.close()
    return path


def with_member(path: Path, name: str, data: bytes) -> Path:
    """The same archive with one more member."""
    with ZipFile(path, "a") as archive:
        archive.writestr(name, data)
    return path
