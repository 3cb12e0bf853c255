"""The pages of people, posts and rights as the security administrator uses them, and what they never show."""

import io

import pytest
from aiohttp import FormData
from openpyxl import Workbook, load_workbook

from core import db
from staff.importing.people_sheets import COLUMNS
from staff.importing.sheet_rows import REASON
from tests.console.browser import Browser
from tests.console.conftest import Console

PAGE = "/settings/staff"


async def at(console: Console, name: str) -> str:
    return f"{PAGE}/{console.house.staff[name]}"


def sheet(*rows: tuple[str, ...]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    page.append(["人员名单"])
    page.append(list(COLUMNS))
    for row in rows:
        page.append(list(row))
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def upload(browser: Browser, data: bytes, name: str = "人员.xlsx") -> FormData:
    made = FormData(quote_fields=False)
    made.add_field("csrf_token", browser.csrf)
    made.add_field("file", data, filename=name)
    return made


async def test_a_person_is_searched_opened_and_changed(console: Console) -> None:
    keeper = await console.enter("keeper")
    found = await keeper.get(f"{PAGE}?q=alice")
    assert found.words("//tbody//a[@class='row-title']") == ["测试alice"]
    page = await keeper.get(await at(console, "alice"))
    assert page.words("//table//td[@data-label='管到哪里']") == ["本科室及下属病区"]
    drawer = await keeper.get(f"{await at(console, 'alice')}/edit", part=True)
    assert drawer.tree.xpath("//input[@name='name']/@value") == ["测试alice"]
    faulty = await keeper.post(f"{await at(console, 'alice')}/edit", {"name": "", "phone": "12"}, part=True)
    assert (faulty.status, faulty.words("//*[@class='fault']")) == (422, ["必填", "不是有效的电话号码"])
    await keeper.post(f"{await at(console, 'alice')}/edit", {"name": "测试改名"})
    assert (await keeper.get(f"{PAGE}?q=csgm")).words("//tbody//a[@class='row-title']") == ["测试改名"]


async def test_a_new_account_gets_its_password_once_and_must_change_it(console: Console) -> None:
    keeper = await console.enter("keeper")
    given = {
        "number": "90001",
        "name": "测试新人",
        "role": "liaison",
        "unit": str(console.house.unit["west_surgery"]),
    }
    made = await keeper.post(PAGE, given)
    assert made.status == 303
    path = made.headers["Location"]
    shown = await keeper.post(f"{path}/password")
    password = shown.one("//b[@class='people-signs']")
    assert password not in (await keeper.get(path)).text
    entered = await console.stranger().post("/login", {"number": "90001", "password": password})
    assert (entered.status, entered.headers["Location"]) == (303, "/account/settle")
    again = await keeper.post(PAGE, given, part=True)
    assert (again.status, again.words("//*[@class='fault']")) == (422, ["工号 90001 已有账号"])


async def test_posts_are_given_for_a_term_and_taken(console: Console) -> None:
    keeper, path = await console.enter("keeper"), await at(console, "bob")
    unit = str(console.house.unit["west_surgery"])
    given = {"role": "department_head", "unit": unit, "rank": "2", "until_on": "2099-12-31"}
    assert (await keeper.post(f"{path}/posts", given)).status == 303
    page = await keeper.get(path)
    assert page.words("//td[@data-label='期限']") == ["长期", "至 2099-12-31"]
    wrong = await keeper.post(f"{path}/posts", {**given, "until_on": "2001-01-01"}, part=True)
    assert (wrong.status, wrong.words("//*[@class='fault']")) == (422, ["截止日期不能早于今天"])
    apart = await keeper.post(f"{path}/posts", {"role": "auditor", "unit": unit}, part=True)
    assert (apart.status, apart.words("//*[@class='fault']")) == (422, ["“安全审计员”管全集团，请选择集团"])
    for action in page.tree.xpath("//form[contains(@action, '/take')]/@action"):
        assert (await keeper.post(action)).status == 303
    assert "没有岗位的账号能登录" in (await keeper.get(path)).text


async def test_a_shut_account_is_out_at_once_and_says_why(console: Console) -> None:
    keeper, alice = await console.enter("keeper"), await console.enter("alice")
    assert (await alice.get("/account")).status == 200
    path = await at(console, "alice")
    assert (await keeper.post(f"{path}/shut", {"reason": ""}, part=True)).status == 422
    assert (await keeper.post(f"{path}/shut", {"reason": "调离本院"})).status == 303
    assert (await alice.get("/account")).headers["Location"] == "/login?next=/account"
    assert "调离本院" in (await keeper.get(path)).text
    assert (await keeper.post(f"{path}/reopen", {"reason": "返聘"})).status == 303


async def test_nobody_finds_a_button_for_their_own_account(console: Console) -> None:
    keeper = await console.enter("keeper")
    page = await keeper.get(await at(console, "keeper"))
    assert page.tree.xpath("//form[starts-with(@action, '/settings/staff')]") == []
    assert page.tree.xpath("//button[starts-with(@hx-get, '/settings/staff')]") == []
    post = {"role": "centre_head", "unit": str(console.house.unit["group"])}
    for act, body in {"shut": {"reason": "测试原因"}, "password": {}, "posts": post}.items():
        answer = await keeper.post(f"{await at(console, 'keeper')}/{act}", body, part=True)
        assert answer.status == 409, act


@pytest.mark.parametrize("name", ["admin", "auditor", "alice"])
async def test_accounts_are_kept_by_the_security_administrator_alone(console: Console, name: str) -> None:
    other = await console.enter(name)
    path = await at(console, "bob")
    assert [(await other.get(asked)).status for asked in (PAGE, path, f"{PAGE}/import")] == [403] * 3
    assert (await other.post(f"{path}/password")).status == 403


async def test_the_matrix_says_who_may_do_what_and_why(console: Console) -> None:
    keeper = await console.enter("keeper")
    page = await keeper.get("/settings/matrix")
    row = page.tree.xpath("//tr[td[text()='审计日志（安全审计员）']]")[0]
    assert [cell.get("title") for cell in row.xpath(".//span[@class='matrix-yes']")] == [
        "安全审计员：审计日志（安全审计员）"
    ]
    alice, unit = console.house.staff["alice"], console.house.unit["west_surgery"]
    why = await keeper.get(f"/settings/matrix?person={alice}&unit={unit}")
    told = why.words("//tr[td[text()='签收、办理、答复']]/td")
    assert told[1:] == ["不能", "有此权限的岗位不管这个科室：科室联络人（东院区 · 心血管内科）"]


async def test_a_sheet_is_shown_before_it_is_taken_and_faulty_rows_come_back(console: Console) -> None:
    keeper = await console.enter("keeper")
    data = sheet(
        ("90001", "测试甲", "护师", "13800000011", "普外科", "西院区", "科室联络人", "2"),
        ("bob", "测试改名", "", "", "普外科", "", "科室负责人", ""),
        ("90002", "测试乙", "", "", "心血管内科", "", "", ""),  # in which campus?
        ("90003", "测试丙", "", "", "普外科", "", "安全管理员", ""),
        ("坏号", "测试丁", "", "138", "普外科", "", "", "12"),
    )
    before = await db.fetchval("select count(*) from staff")
    shown = await keeper.post(f"{PAGE}/import/preview", upload(keeper, data))
    assert shown.status == 200
    assert shown.words("//td[@data-label='结果']") == [
        "有误“院区”列：有多个“心血管内科”（东院区 · 心血管内科、西院区 · 心血管内科），请写明",
        "有误“角色”列：“安全管理员”不能批量授予，请在个人页面授予",
        "有误“次序”列：应为 1 到 9；“手机号”列：不是有效的电话号码；“工号”列：格式不对",
        "新增",
        "更新姓名 测试bob → 测试改名岗位 科室负责人（西院区 · 普外科）",
    ]
    assert await db.fetchval("select count(*) from staff") == before
    rows = shown.tree.xpath("//textarea[@name='rows']/text()")[0]
    done = await keeper.post(f"{PAGE}/import", {"rows": rows})
    assert (done.status, done.one("//h1")) == (200, "导入结果")
    assert await db.fetchval("select count(*) from staff") == before + 1
    async with keeper.session.post(
        keeper.server.make_url(f"{PAGE}/import/faulty"),
        data={"rows": rows},
        headers={"X-CSRF-Token": keeper.csrf},
    ) as answer:
        book = load_workbook(io.BytesIO(await answer.read()))
    page = book.worksheets[0]
    cells = [[cell.value or "" for cell in row] for row in page.iter_rows()]
    assert (cells[0][-1], [row[0] for row in cells[1:]]) == (REASON, ["90002", "90003", "坏号"])


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.xlsx", b"no sheet at all", ""),
        ("a.csv", "姓名,电话\n测试甲,1\n".encode(), "没有找到表头"),
        ("a.csv", "工号,姓名\n".encode(), "表头下没有内容"),
    ],
)
async def test_a_hostile_file_is_refused_in_words(
    console: Console, name: str, data: bytes, words: str
) -> None:
    keeper = await console.enter("keeper")
    answer = await keeper.post(f"{PAGE}/import/preview", upload(keeper, data, name))
    assert (answer.status, words in answer.one("//div[@class='faults']")) == (422, True)
    assert (await keeper.post(f"{PAGE}/import", {"rows": "["})).status == 422
