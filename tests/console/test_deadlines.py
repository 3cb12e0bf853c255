"""The periods of the clocks as an administrator changes and tries them."""

import json
from datetime import timedelta

import pytest

from core import clock, db
from core.actor import system
from core.errors import Forbidden, NotFound
from tests.console.browser import Browser, Page
from tests.console.conftest import Console
from tests.tickets.conftest import order
from tickets import rules
from tickets.deadlines import Unit
from tickets.receiving import receive

PAGE = "/settings/deadlines"
UPSTREAM = f"{PAGE}/hotline/投诉/upstream"
GOOD = {"amount": "12", "unit": "working_days", "basis": "测试市热线办法第 9 条"}
MONDAY = {"source": "hotline", "appeal_type": "投诉", "received_at": "2026-03-02T09:00"}


async def row(admin: Browser, label: str) -> list[str]:
    """The cells of one appeal type of the hotline."""
    page = await admin.get(PAGE)
    return page.words(f"//section[.//h2 = '12345 热线']//tr[td[1][. = '{label}']]/td[position() > 1]")


async def tried(admin: Browser, **more: str) -> Page:
    query = "&".join(f"{name}={value}" for name, value in {**MONDAY, **more}.items())
    return await admin.get(f"{PAGE}/try?{query}", part=True)


async def test_the_table_shows_own_periods_with_their_basis_and_those_taken_from_other_types(
    console: Console,
) -> None:
    admin = await console.enter("admin")
    assert await row(admin, "投诉") == [
        "15 个工作日 《广东省12345政务服务便民热线管理办法》（2022） 出厂设置",
        "5 个工作日 《医疗机构投诉管理办法》（国家卫健委令第3号）：5 个工作日内反馈 出厂设置",
        "3 个工作日 沿用“其他类型”",
    ]
    assert await row(admin, "其他类型") == [
        "10 个工作日 院内约定 出厂设置",
        "5 个工作日 院内约定 出厂设置",
        "3 个工作日 院内约定 出厂设置",
    ]


async def test_a_period_is_changed_shown_with_who_changed_it_and_written_to_the_audit_log(
    console: Console,
) -> None:
    admin = await console.enter("admin")
    drawer = await admin.get(UPSTREAM, part=True)
    assert drawer.tree.xpath("//input[@name='amount']/@value") == ["15"]
    assert drawer.tree.xpath("//input[@name='unit'][@checked]/@value") == ["working_days"]
    saved = await admin.post(UPSTREAM, GOOD, part=True)
    assert saved.headers["HX-Redirect"] == PAGE
    assert (await row(admin, "投诉"))[0].startswith("12 个工作日 测试市热线办法第 9 条 测试admin，")
    kept = await db.fetchval("select detail from audit where action = 'deadline_rule.change'")
    assert json.loads(kept) == {
        "source": "hotline",
        "type": "投诉",
        "kind": "upstream",
        "before": {
            "amount": 15,
            "unit": "working_days",
            "basis": "《广东省12345政务服务便民热线管理办法》（2022）",
            "count_start_day": False,
            "roll_over_last_day": True,
            "end_of_day": "17:30",
        },
        "amount": 12,
        "unit": "working_days",
        "basis": "测试市热线办法第 9 条",
        "count_start_day": False,
        "roll_over_last_day": True,
        "end_of_day": "17:30",
    }


async def test_a_type_gets_a_period_of_its_own_and_the_other_types_keep_theirs(console: Console) -> None:
    admin = await console.enter("admin")
    await admin.post(
        f"{PAGE}/hotline/投诉/department", {"amount": "48", "unit": "hours", "basis": "院内约定"}, part=True
    )
    found = [(await row(admin, label))[2].split(" 院")[0] for label in ("投诉", "求助", "其他类型")]
    assert found == ["48 小时", "3 个工作日 沿用“其他类型”", "3 个工作日"]


async def test_what_does_not_fit_is_told_beside_its_field_and_nothing_is_written(console: Console) -> None:
    admin = await console.enter("admin")
    for change, field, reason in (
        ({"amount": "0"}, "amount", "不能小于 1"),
        ({"amount": "366"}, "amount", "不能大于 365"),
        ({"amount": "ten"}, "amount", "必须是整数"),
        ({"unit": "weeks"}, "unit", "只能是：'working_days', 'calendar_days' or 'hours'"),
        ({"basis": "  "}, "basis", "必填"),
    ):
        page = await admin.post(UPSTREAM, {**GOOD, **change}, part=True)
        assert (page.status, page.one(f"//*[@id='rule-{field}-fault']")) == (422, reason)
    assert await db.fetchval("select count(*) from deadline_rule where changed_by <> ''") == 0
    assert (await (await console.enter("alice")).post(UPSTREAM, GOOD, part=True)).status == 403


async def test_the_rule_itself_is_guarded_whoever_calls(console: Console) -> None:
    admin, alice = await console.house.actor("admin"), await console.house.actor("alice")
    with pytest.raises(Forbidden):
        await rules.change("hotline", "投诉", "upstream", 5, Unit.HOURS, "院内约定", by=alice)
    for source, appeal_type, kind in (
        ("fax", "", "upstream"),
        ("hotline", "闲聊", "upstream"),
        ("hotline", "", "x"),
    ):
        with pytest.raises(NotFound):
            await rules.change(source, appeal_type, kind, 5, Unit.HOURS, "院内约定", by=admin)


async def test_a_clock_that_runs_keeps_its_limit_and_the_next_case_gets_the_new_one(console: Console) -> None:
    admin = await console.enter("admin")
    limits = []
    for number in ("GZ-1", "GZ-2"):
        with clock.frozen(clock.now().replace(microsecond=0)):
            found = await receive(order(number, departments=[], campus=""), by=system("测试热线平台"))
        limits.append(found.case_id)
        await admin.post(UPSTREAM, {"amount": "24", "unit": "hours", "basis": "院内约定"}, part=True)
    rows = await db.fetch(
        "select due_at - start_at as span from clock where kind = 'upstream' order by case_id"
    )
    assert [row["span"] == timedelta(hours=24) for row in rows] == [False, True]


async def test_the_tester_shows_three_limits_with_their_reasons(console: Console) -> None:
    admin = await console.enter("admin")
    page = await tried(admin)
    assert page.words("//article/header/b") == ["上级时限", "医院时限", "科室时限"]
    assert page.words("//*[@class='tried-due']") == [
        "2026-03-23 17:30",
        "2026-03-09 17:30",
        "2026-03-05 17:30",
    ]
    upstream, hospital, department = page.words("//article/p")
    assert upstream.startswith("2026-03-02 收到，次日起算 15 个工作日；周末不计")
    assert upstream.endswith("依据：《广东省12345政务服务便民热线管理办法》（2022）。")
    assert "医疗机构投诉管理办法" in hospital
    assert department.startswith("2026-03-02 交办，次日起算 3 个工作日")
    assert await db.fetchval("select count(*) from clock") == 0


async def test_a_printed_limit_wins_and_holds_back_those_below_it(console: Console) -> None:
    admin = await console.enter("admin")
    page = await tried(admin, upstream_at="2026-03-05T12:00")
    assert page.words("//*[@class='tried-due']") == [
        "2026-03-05 12:00",
        "2026-03-04 17:30",
        "2026-03-03 17:30",
    ]
    upstream, hospital, _ = page.words("//article/p")
    assert upstream.startswith("工单载明的办结时限（上级办结期限），以工单为准")
    assert "须比上级时限 2026-03-05 12:00 提前 1 个工作日" in hospital


async def test_a_type_without_rules_of_its_own_is_tried_by_those_of_other_types(console: Console) -> None:
    admin = await console.enter("admin")
    page = await tried(admin, appeal_type="other")
    assert page.one("//p[@class='soft']").startswith("其他类型，2026-03-02 09:00 收到")
    assert page.words("//*[@class='tried-due']")[0] == "2026-03-16 17:30"


async def test_a_faulty_instant_is_told(console: Console) -> None:
    admin = await console.enter("admin")
    told = {
        received: (page.status, page.words("//*[@role='alert']//li"))
        for received in ("yesterday", "1999-01-01T09:00", "9999-12-31T09:00")
        for page in [await tried(admin, received_at=received)]
    }
    assert {received: status for received, (status, _) in told.items()} == dict.fromkeys(told, 422)
    assert told["yesterday"][1] == ["收到时间：时间格式应为 2026-11-21 09:30"]


async def test_how_a_period_begins_and_ends_is_set_shown_and_counted(console: Console) -> None:
    admin = await console.enter("admin")
    path = f"{PAGE}/petition/other/notice"
    drawer = await admin.get(path, part=True)
    assert drawer.tree.xpath("//input[@name='end_of_day']/@value") == ["17:30"]
    assert drawer.tree.xpath("//input[@name='roll_over_last_day'][@checked]/@value") == ["true"]
    await admin.post(
        path,
        {
            "amount": "15",
            "unit": "calendar_days",
            "basis": "《信访工作条例》第二十三条",
            "count_start_day": "true",
            "roll_over_last_day": "false",
            "end_of_day": "24:00",
        },
        part=True,
    )
    page = await admin.get(PAGE)
    cell = page.words("//section[.//h2 = '信访']//tr[td[1][. = '告知时限']]/td[2]")
    assert cell[0].startswith(
        "15 个自然日 当日计入，休息日不顺延，截止 24:00 《信访工作条例》第二十三条 测试admin"
    )
    found = await tried(admin, source="petition", appeal_type="申诉求决")
    due = dict(zip(found.words("//article/header/b"), found.words("//*[@class='tried-due']"), strict=True))
    assert due["告知时限"] == "2026-03-16 23:59"
    again = await admin.get(path, part=True)
    assert again.tree.xpath("//input[@name='end_of_day']/@value") == ["24:00"]
    faulty = await admin.post(
        path, {"amount": "15", "unit": "calendar_days", "basis": "x", "end_of_day": "25:00"}, part=True
    )
    assert faulty.status == 422
    assert faulty.words("//*[@id='rule-end_of_day-fault']") != []


async def test_the_tester_shows_every_kind_of_the_chosen_source(console: Console) -> None:
    admin = await console.enter("admin")
    page = await tried(admin, source="petition", appeal_type="申诉求决")
    assert page.words("//article/header/b") == [
        "告知时限",
        "异议时限",
        "办理时限",
        "科室时限",
        "申请复查期限",
        "复查时限",
        "申请复核期限",
        "复核时限",
    ]
    assert page.words("//*[@class='tried-due']")[:3] == [
        "2026-03-17 17:30",
        "2026-03-09 17:30",
        "2026-05-01 17:30",
    ]
