"""The pages of dictionaries: cards, a word added, retired, taken back, moved; forms take their options from them."""

from core import db, dictionaries
from tests.console.conftest import Console
from tests.console.desk import open_desk

PAGE = "/settings/dictionaries"
CHANNEL = f"{PAGE}/feedback.channel"
WORDS = "//section[.//h2[. = '可选的词条']]//tbody//button[contains(@class, 'row-title')]"


async def number(label: str) -> int:
    found: int = await db.fetchval(
        "select id from dictionary_word where label = $1 order by id limit 1", label
    )
    return found


async def test_every_dictionary_has_a_card_and_what_is_kept_elsewhere_a_link(console: Console) -> None:
    admin = await console.enter("admin")
    page = await admin.get(PAGE)
    titles = page.words("//a[contains(@class, 'st-book')]/b")
    assert {"标签", "来源渠道", "与患者关系", "主要诉求", "处理记录类型", "处理种类", "回访方式", "职称"} <= {
        *titles
    }
    for path in page.tree.xpath("//a[contains(@class, 'st-book')]/@href"):
        assert (path, (await admin.get(path)).status) == (path, 200)


async def test_a_word_is_added_moved_retired_and_taken_back(console: Console) -> None:
    admin = await console.enter("admin")
    added = await admin.post(f"{CHANNEL}/add", {"label": " 院长 信箱 ", "code": "YZ"})
    assert (added.status, added.headers["Location"]) == (303, CHANNEL)
    assert (await admin.get(CHANNEL)).words(WORDS)[-2:] == ["其他", "院长 信箱"]
    mine = await number("院长 信箱")
    await admin.post(f"{CHANNEL}/{mine}/up")
    assert (await admin.get(CHANNEL)).words(WORDS)[-2:] == ["院长 信箱", "其他"]
    await admin.post(f"{CHANNEL}/{mine}/off")
    page = await admin.get(CHANNEL)
    assert "院长 信箱" not in page.words(WORDS)
    assert page.words("//section[.//h2[. = '已停用']]//tbody//td[1]") == ["院长 信箱"]
    await admin.post(f"{CHANNEL}/{mine}/on")
    assert "院长 信箱" in (await admin.get(CHANNEL)).words(WORDS)


async def test_what_does_not_fit_is_told_beside_its_field_and_kept(console: Console) -> None:
    admin = await console.enter("admin")
    page = await admin.post(f"{CHANNEL}/add", {"label": "一、二", "code": "A"})
    assert (page.status, page.one("//*[@id='label-fault']")) == (422, "1 至 20 个字，不含顿号、逗号和分号")
    assert page.tree.xpath("//input[@id='label']/@value") == ["一、二"]
    twice = await admin.post(f"{CHANNEL}/add", {"label": "来访"})
    assert (twice.status, twice.one("//main//*[@role='alert']")) == (409, "“来访”已经在来源渠道里")


async def test_a_code_is_set_and_an_unused_word_renamed_in_the_drawer(console: Console) -> None:
    admin = await console.enter("admin")
    mine = await number("意见箱")
    assert (await admin.get(f"{CHANNEL}/{mine}", part=True)).tree.xpath("//input[@readonly]") == []
    done = await admin.post(f"{CHANNEL}/{mine}", {"label": "意见簿", "code": "YJ"}, part=True)
    assert done.headers["HX-Redirect"] == CHANNEL
    found = await db.fetchrow("select label, code, changed_by from dictionary_word where id = $1", mine)
    assert found is not None
    assert tuple(found) == ("意见簿", "YJ", "测试admin")


async def test_a_fixed_word_can_be_neither_renamed_nor_retired(console: Console) -> None:
    admin = await console.enter("admin")
    await dictionaries.open_dictionaries()
    fixed = await db.fetchval(
        "select id from dictionary_word where dictionary = 'case.call_back_way' and label = '电话'"
    )
    path = f"{PAGE}/case.call_back_way/{fixed}"
    assert (await admin.post(f"{path}/off")).status == 409
    refused = await admin.post(path, {"label": "话机", "code": ""}, part=True)
    assert (refused.status, refused.one("//*[@role='alert']")) == (409, "“电话”由系统按它判断，不能改名")


async def test_a_word_of_another_dictionary_is_not_reached(console: Console) -> None:
    admin = await console.enter("admin")
    tag = await db.fetchval("select id from dictionary_word where dictionary = 'feedback.tag' limit 1")
    asked = [
        await admin.get(f"{CHANNEL}/{tag}"),
        await admin.post(f"{CHANNEL}/{tag}/off"),
        await admin.get(f"{PAGE}/no.such"),
        await admin.post(f"{CHANNEL}/{tag}/explode"),
    ]
    assert [page.status for page in asked] == [404, 404, 404, 404]


async def test_forms_offer_the_words_of_the_hospital_and_refuse_retired_ones(
    database_url: str, redis_url: str
) -> None:
    async with open_desk() as desk:
        chief = await desk.enter("chief")
        await chief.post(f"{PAGE}/feedback.relation/add", {"label": "护工"})
        await chief.post(f"{PAGE}/feedback.relation/{await number('代理人')}/off")
        centre = await desk.enter("centre")
        page = await centre.get("/feedback/new")
        assert page.tree.xpath("//input[@name='relation']/@value") == ["本人", "家属", "其他", "护工"]
        form = {"draft": "d1", "kind": "投诉", "content": "排队太久，没有人解释。"}
        refused = await centre.post("/feedback/new", {**form, "relation": "代理人"})
        assert (refused.status, refused.words("//*[@class='fault']")) == (
            422,
            ["没有“代理人”，可选：本人、家属、其他、护工"],
        )
        taken = await centre.post("/feedback/new", {**form, "relation": "护工"})
        assert taken.status == 303
        assert await db.fetchval("select relation from feedback") == "护工"
        used = await chief.get(f"{PAGE}/feedback.relation")
        assert used.one("//tr[.//button[. = '护工']]/td[3]") == "1"
        rename = await chief.post(
            f"{PAGE}/feedback.relation/{await number('护工')}", {"label": "陪护"}, part=True
        )
        assert rename.status == 409
