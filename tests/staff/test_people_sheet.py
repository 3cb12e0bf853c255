"""A hostile sheet of people: every faulty row says in which columns, and nothing of it is written."""

from collections.abc import Mapping

import pytest

from core import db
from staff.importing import people_sheets
from staff.importing.people_sheets import Outcome
from tests.staff.cast import House

GOOD = {
    "工号": "90001",
    "姓名": "测试甲",
    "科室": "普外科",
    "院区": "西院区",
    "角色": "科室联络人",
    "次序": "1",
}


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"姓名": '=HYPERLINK("http://x")'}, "“姓名”列：像是公式或代码，请填写文字"),
        ({"职务": "<script>"}, "“职务”列：像是公式或代码，请填写文字"),
        ({"职务": "@SUM(A1)"}, "“职务”列：像是公式或代码，请填写文字"),
        ({"角色": "院长"}, "“角色”列：没有“院长”这个角色"),
        (
            {"角色": "系统管理员"},
            "“角色”列：“系统管理员”不能批量授予，请在个人页面授予；“科室”列：“系统管理员”管全集团",
        ),
        ({"科室": ""}, "“科室”列：没有写明科室"),
        ({"科室": "没有的科"}, "“科室”列：没有找到科室“没有的科”"),
        (
            {"科室": "心血管内科", "院区": ""},
            "“院区”列：有多个“心血管内科”（东院区 · 心血管内科、西院区 · 心血管内科），请写明",
        ),
        ({"次序": "0"}, "“次序”列：应为 1 到 9"),
        ({"工号": "ALICE"}, "“工号”列：与工号 alice 只差大小写，请核对"),
        ({"工号": "keeper"}, "“工号”列：不能通过导入更改自己的账号"),
        (
            {"角色": "院长", "科室": "", "次序": "x"},
            "“科室”列：没有写明科室；“角色”列：没有“院长”这个角色；“次序”列：应为 1 到 9",
        ),
    ],
    ids=[
        *("formula", "markup", "function", "role", "administrator", "no_unit", "unit", "two_units", "rank"),
        *("case", "own", "several"),
    ],
)
async def test_a_faulty_row_says_in_which_columns_and_is_not_written(
    house: House, cells: Mapping[str, str], reason: str
) -> None:
    keeper = await house.actor("keeper")
    before = await db.fetchval("select count(*) from staff"), await db.fetchval("select count(*) from post")
    (line,) = await people_sheets.take([(7, {**GOOD, **cells})], by=keeper)
    assert (line.number, line.outcome, line.reason) == (7, Outcome.FAULTY, reason)
    after = await db.fetchval("select count(*) from staff"), await db.fetchval("select count(*) from post")
    assert before == after


async def test_two_rows_of_one_number_must_tell_the_same_person(house: House) -> None:
    rows = [
        (2, GOOD),
        (3, {**GOOD, "角色": "科室负责人"}),
        (4, {**GOOD, "姓名": "测试乙", "角色": "临床医护"}),
        (5, GOOD),
    ]
    lines = await people_sheets.take(rows, by=await house.actor("keeper"))
    assert [(line.number, str(line.outcome), line.reason) for line in lines] == [
        (2, "new", ""),
        (3, "new", ""),
        (4, "faulty", "“姓名”列：与第 2 行同一工号的内容不同"),
        (5, "faulty", "“工号”列：与第 2 行重复"),
    ]
    held = await db.fetch(
        "select s.name, p.role from staff s join post p on p.staff_id = s.id where s.number = '90001' order by p.role"
    )
    assert [tuple(row) for row in held] == [("测试甲", "department_head"), ("测试甲", "liaison")]
