"""The working calendar and the system parameters, as an administrator changes them in pages."""

from datetime import date

import pytest
from aiohttp import FormData

from core import db, parameters
from core.calendar import Day
from staff import working_days
from staff.working_days import calendar
from tests.console.conftest import Console

NEW_YEAR = '{"year": 2027, "papers": [], "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": true}]}'
PAGE = "/settings/holidays"


async def announced() -> list[tuple[date, str, bool]]:
    rows = await db.fetch("select day, name, is_off from holiday order by day")
    return [(row["day"], row["name"], row["is_off"]) for row in rows]


async def test_a_day_made_off_by_hand_is_coloured_named_and_taken_back(console: Console) -> None:
    admin = await console.enter("admin")
    saved = await admin.post(f"{PAGE}/day/2026-11-24", {"kind": "off", "name": "院庆"}, part=True)
    assert (saved.status, saved.headers["HX-Redirect"]) == (200, f"{PAGE}?year=2026")
    page = await (await console.enter("alice")).get(f"{PAGE}?year=2026")
    assert page.one("//*[contains(@class, 'day-off') and contains(@title, '2026-11-24 院庆放假')]") == "24休"
    assert page.words("//details//tbody//td[1]") == ["2026-11-24 星期二"]

    drawer = await admin.get(f"{PAGE}/day/2026-11-24", part=True)
    assert drawer.tree.xpath("//input[@checked]/@value") == ["off"]
    assert drawer.tree.xpath("//input[@name='name']/@value") == ["院庆"]
    await admin.post(f"{PAGE}/day/2026-11-24", {"kind": "plain"}, part=True)
    assert await announced() == []


async def test_a_day_without_a_name_is_refused_beside_the_field_and_nothing_is_written(
    console: Console,
) -> None:
    page = await (await console.enter("admin")).post(f"{PAGE}/day/2026-11-24", {"kind": "off"}, part=True)
    assert (page.status, page.one("//*[@id='day-name-fault']")) == (
        422,
        "名称 1 至 40 个字，年份 2000 至 2199",
    )
    assert page.tree.xpath("//input[@checked]/@value") == ["off"]
    assert await announced() == []


async def test_a_kind_of_day_that_does_not_exist_is_refused(console: Console) -> None:
    page = await (await console.enter("admin")).post(f"{PAGE}/day/2026-11-24", {"kind": "half"}, part=True)
    assert (page.status, page.one("//*[@id='day-kind-fault']")) == (422, "只能是：'off', 'work' or 'plain'")


async def test_nobody_but_an_administrator_changes_the_calendar(console: Console) -> None:
    alice = await console.enter("alice")
    answered = [
        (await alice.post(f"{PAGE}/day/2026-11-24", {"kind": "off", "name": "院庆"})).status,
        (await alice.post(f"{PAGE}/preview", {"text": NEW_YEAR})).status,
        (await alice.post(f"{PAGE}/import", {"text": NEW_YEAR})).status,
    ]
    assert (answered, await announced()) == ([403, 403, 403], [])


async def test_an_announcement_is_shown_before_it_is_taken_over(console: Console) -> None:
    admin = await console.enter("admin")
    guess = "//*[contains(@class, 'guess')]//b"
    assert (await admin.get(f"{PAGE}?year=2027")).one(guess) == "暂定：2027 年的放假安排尚未公布"

    file = FormData()
    file.add_field("file", NEW_YEAR.encode(), filename="2027.json", content_type="application/json")
    preview = await admin.post(f"{PAGE}/preview", file, part=True)
    assert preview.words("//tbody//td") == ["2027-01-01（五） 元旦放假 ← 工作日", "影响时限"]
    assert await announced() == []

    kept = preview.tree.xpath("//textarea")[0].text
    done = await admin.post(f"{PAGE}/import", {"text": kept}, part=True)
    assert done.headers["HX-Redirect"] == f"{PAGE}?year=2027"
    assert await announced() == [(date(2027, 1, 1), "元旦", True)]
    assert (await calendar()).published_years == frozenset({2027})
    assert (await admin.get(f"{PAGE}?year=2027")).words(guess) == []

    again = await admin.post(f"{PAGE}/preview", {"text": NEW_YEAR}, part=True)
    assert again.words("//*[@class='nothing']/p") == ["与现有安排完全一致"]


async def test_each_fault_of_a_file_is_named_and_the_text_is_kept_to_be_mended(console: Console) -> None:
    bad = '{"year": 2027, "days": [{"name": "", "date": "2027-02-30", "isOffDay": 1}]}'
    for door in ("preview", "import"):
        page = await (await console.enter("admin")).post(f"{PAGE}/{door}", {"text": bad}, part=True)
        assert (page.status, page.words("//*[@role='alert']//li")) == (
            422,
            [
                "days[0].name：应为 1—40 字的节日名称",
                "days[0].isOffDay：应为 true 或 false（1）",
                "days[0].date：不是 年-月-日 格式的日期（2027-02-30）",
            ],
        )
        assert page.tree.xpath("//textarea")[0].text == bad
    assert await announced() == []


async def test_a_day_set_by_another_process_is_on_the_page(console: Console) -> None:
    admin = await console.house.actor("admin")
    await working_days.set_day(Day(date(2026, 11, 28), "调试", False), by=admin)
    page = await (await console.enter("alice")).get(f"{PAGE}?year=2026")
    assert page.one("//*[contains(@class, 'day-work') and contains(@title, '2026-11-28')]") == "28班"


PARAMETERS = "/settings/parameters"
IDLE = f"{PARAMETERS}/session.idle_minutes"
NAMES = "//tbody//button[contains(@class, 'row-title')]"


async def test_a_parameter_is_changed_shown_with_who_changed_it_and_set_back(console: Console) -> None:
    keeper = await console.enter("keeper")
    row = "//tr[.//button[starts-with(normalize-space(.), '无操作自动退出')]]/td[position() = 2 or position() = 5]"
    assert (await keeper.get(PARAMETERS)).words(row) == ["30 分钟", "未改动过"]

    saved = await keeper.post(IDLE, {"value": " 45 ", "note": "门诊台要求"}, part=True)
    assert saved.headers["HX-Redirect"] == PARAMETERS
    value, changed = (await keeper.get(PARAMETERS)).words(row)
    assert (value, changed.startswith("测试keeper")) == ("45 分钟默认 30", True)

    await keeper.post(IDLE, {"value": "99", "default": "1"}, part=True)
    value, changed = (await keeper.get(PARAMETERS)).words(row)
    assert (value, changed.startswith("测试keeper")) == ("30 分钟", True)
    assert await db.fetchval("select count(*) from parameter where name = 'session.idle_minutes'") == 0
    history = (await keeper.get(IDLE, part=True)).words("//ol/li//b")
    assert history == ["45 → 默认值", "默认值 → 45"]
    assert (await keeper.get(IDLE, part=True)).words("//ol/li//p") == ["门诊台要求"]
    lines = await db.fetch(
        "select actor_name, detail->>'before' as before, detail->>'after' as after from audit"
        " where action = 'parameter.change' order by id"
    )
    assert [tuple(line) for line in lines] == [("测试keeper", None, "45"), ("测试keeper", "45", "30")]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("4", "应在 5 到 480 之间"),
        ("481", "应在 5 到 480 之间"),
        ("", "必须是整数"),
        ("ten", "必须是整数"),
        ("²", "必须是整数"),
        ("--5", "必须是整数"),
        ("1e2", "必须是整数"),
        ("9" * 200, "必须是整数"),
    ],
)
async def test_a_value_that_does_not_fit_is_refused_beside_the_field(
    console: Console, value: str, reason: str
) -> None:
    keeper = await console.enter("keeper")
    page = await keeper.post(IDLE, {"value": value, "note": "试试"}, part=True)
    assert (page.status, page.one("//*[@id='value-fault']")) == (422, reason)
    assert page.tree.xpath("//input[@id='value' or @id='note']/@value") == [value, "试试"]
    assert await db.fetchval("select count(*) from parameter where name = 'session.idle_minutes'") == 0
    assert await db.fetchval("select count(*) from parameter_change") == 0


async def test_a_value_below_what_a_law_asks_is_refused_in_its_name(console: Console) -> None:
    keeper = await console.enter("keeper")
    page = await keeper.post(f"{PARAMETERS}/audit.keep_days", {"value": "179"}, part=True)
    assert page.status == 422
    assert page.one("//*[@id='value-fault']").startswith("不能小于 180：《网络安全法》")


async def test_what_keeps_the_house_safe_is_the_security_administrators_and_the_rest_is_not(
    console: Console,
) -> None:
    admin, keeper = await console.enter("admin"), await console.enter("keeper")
    other = f"{PARAMETERS}/auto_assign"
    guarded, plain = await admin.get(IDLE, part=True), await keeper.get(other, part=True)
    assert [page.words("//*[@class='st-guard']") for page in (guarded, plain)] == [
        [
            "安全参数，您只能查看。GB/T 22239-2019 8.1.4.2 d) 管理用户权限分离：安全参数由安全管理员修改，系统管理员只能查看。"
        ],
        ["业务参数由系统管理员修改，您只能查看。"],
    ]
    assert [page.tree.xpath("//*[@name='value']") for page in (guarded, plain)] == [[], []]
    refused = [
        await admin.post(IDLE, {"value": "45"}, part=True),
        await admin.post(IDLE, {"default": "1"}, part=True),
        await keeper.post(other, {"value": "false"}, part=True),
    ]
    assert [page.status for page in refused] == [403, 403, 403]
    auditor = await console.enter("auditor")
    assert [(await auditor.get(PARAMETERS)).status, (await auditor.post(IDLE, {"value": "45"})).status] == [
        403,
        403,
    ]
    assert await db.fetchval("select count(*) from parameter_change") == 0


async def test_a_security_administrator_of_one_campus_changes_nothing_for_the_whole_group(
    console: Console,
) -> None:
    await db.execute(
        "update post set unit_id = $2 where staff_id = $1",
        console.house.staff["keeper"],
        console.house.unit["east"],
    )
    keeper = await console.enter("keeper")
    assert [(await keeper.get(PARAMETERS)).status, (await keeper.post(IDLE, {"value": "45"})).status] == [
        200,
        403,
    ]


async def test_a_choice_of_yes_and_no_is_drawn_as_two_buttons(console: Console) -> None:
    admin = await console.enter("admin")
    page = await admin.get(f"{PARAMETERS}/auto_assign", part=True)
    assert page.words("//label[@class='choice']") == ["是", "否"]
    await admin.post(f"{PARAMETERS}/auto_assign", {"value": "false"}, part=True)
    assert await db.fetchval("select value from parameter where name = 'auto_assign'") == "false"


async def test_choices_are_worded_and_nothing_else_is_taken(console: Console) -> None:
    admin = await console.enter("admin")
    path = f"{PARAMETERS}/im.mirror_rooms"
    page = await admin.get(path, part=True)
    assert page.words("//label[@class='choice']") == ["不同步", "仅工单群", "全部群聊"]
    refused = await admin.post(path, {"value": "some"}, part=True)
    assert (refused.status, refused.one("//*[@id='value-fault']")) == (
        422,
        "只能是 不同步、仅工单群、全部群聊",
    )
    await admin.post(path, {"value": "tickets"}, part=True)
    shown = "//tr[.//button[. = '群聊同步到企业微信群']]/td[2]"
    assert (await admin.get(PARAMETERS)).one(shown) == "仅工单群默认 不同步"


async def test_parameters_are_found_by_words_and_by_being_changed(console: Console) -> None:
    admin = await console.enter("keeper")
    found = (await admin.get(f"{PARAMETERS}?q=无操作")).words(NAMES)
    assert ("无操作自动退出" in found, {"无操作" in name for name in found}) == (True, {True})
    assert (await admin.get(f"{PARAMETERS}?q=SESSION.idle_minutes")).words(NAMES) == ["无操作自动退出"]
    nothing = await admin.get(f"{PARAMETERS}?q=没有这样的词")
    assert (nothing.words(NAMES), nothing.one("//*[@class='nothing']/p")) == ([], "没有符合的参数")
    before = (await admin.get(f"{PARAMETERS}?changed=1")).words(NAMES)
    await admin.post(IDLE, {"value": "45"}, part=True)
    assert {*(await admin.get(f"{PARAMETERS}?changed=1")).words(NAMES)} - {*before} == {"无操作自动退出"}


async def test_a_text_is_one_line_of_bounded_length(console: Console) -> None:
    admin = await console.enter("admin")
    path = f"{PARAMETERS}/report.address"
    for bad in ("长" * 201, "一行\n两行"):
        page = await admin.post(path, {"value": bad}, part=True)
        assert (page.status, page.one("//*[@id='value-fault']")) == (422, "最多 200 个字，一行写完")
    await admin.post(path, {"value": "示范路 1 号"}, part=True)
    assert await db.fetchval("select value from parameter where name = 'report.address'") == "示范路 1 号"


async def test_a_kept_value_that_no_longer_fits_is_told_and_the_default_holds(console: Console) -> None:
    await db.execute("insert into parameter (name, value) values ('im.mirror_rooms', 'some')")
    page = await (await console.enter("admin")).get(PARAMETERS)
    shown = "//tr[.//button[. = '群聊同步到企业微信群']]/td[2]"
    assert page.one(shown) == "some已不在可填范围内，现按默认值 不同步 执行"
    assert await parameters.value(parameters.REGISTER["im.mirror_rooms"]) == "off"
