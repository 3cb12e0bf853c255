"""In English: every page of the patients' side, what it says when something is wrong, and every ready-made questionnaire."""

import re

import pytest

from core import db
from patient_portal.words import Language, table
from surveys import shipped
from tests.console.browser import Page
from tests.portal.conftest import Side
from tests.portal.test_kiosk import KIOSK, card, keeper, paired
from tests.portal.test_walk import owner_of

ENGLISH = {"Accept-Language": "en"}
CHINESE = re.compile(r"[\u4e00-\u9fff][\u4e00-\u9fff，。、；：！？（）《》“”·\w]*")
SHOWN = "//body//text()[not(ancestor::script or ancestor::style)] | //title/text() | //@aria-label | //@placeholder | //@alt | //@title"
# What is data of the hospital or of the person, and the button that leads back to Chinese.
DATA = ("示范医院", "张测试", "张*试", "张*", "中文", "候诊两个小时，没有人解释原因", "心血管内科", "心内科", "门诊大厅自助机 1 号", "一楼", "集团", "病人服务中心", "普外科", "一病区", "东院区", "王测甲", "高血压病", "03床")  # fmt: skip
OPEN = (
    "/p/",
    "/p/sign-in",
    "/p/sign-in?by=1&way=identity",
    "/p/feedback",
    "/p/feedback/new/complaint",
    "/p/feedback/new/praise",
    "/p/feedback/new/suggestion",
    "/p/feedback/new/inquiry",
    "/p/feedback/new/report",
    "/p/feedback/find",
    "/p/terms/service",
    "/p/terms/binding",
    "/p/terms/guardian",
    "/p/nowhere",
    "/p/q/none",
    "/p/s/none",
    "/kiosk/",
    "/kiosk/card/id",
)
SIGNED = (
    "/p/",
    "/p/people",
    "/p/people/add",
    "/p/notices",
    "/p/rights",
    "/p/account",
    "/p/account/phone",
    "/p/feedback",
    "/p/feedback/new/complaint",
    "/p/feedback/{case}",
    "/p/f/{token}",
    "/p/visits",
    "/p/people/0",
)
FAULTY = (
    ("/p/sign-in/phone", {"phone": "12"}),
    ("/p/sign-in/phone", {"phone": ""}),
    ("/p/sign-in/identity", {"name": "", "id_number": "1"}),
    ("/p/feedback/new/complaint", {"content": "x"}),
    ("/p/feedback/find", {"code": "AAAABBBBCCCC", "tail": "0000"}),
    ("/kiosk/pair", {"code": "AAAAAAAA"}),
)
WRONG: tuple[tuple[str, dict[str, str]], ...] = (
    ("/p/people/add", {"relation": "", "name": "", "id_number": "", "agreed": ""}),
    ("/p/people/add", {"relation": "self", "name": "甲", "id_number": "990000199001010025", "agreed": ""}),
    ("/p/rights", {}),
    ("/p/agree", {"version": "1"}),
)


def chinese(page: Page) -> list[str]:
    """What of a page is Chinese and no data."""
    text = "\n".join(page.tree.xpath(SHOWN))
    for known in DATA:
        text = text.replace(known, "")
    return [f"{page.path}: {found}" for found in CHINESE.findall(text)]


async def test_no_page_and_no_fault_shows_chinese_to_who_reads_english(
    side: Side, password_hash: str
) -> None:
    nobody = side.visitor()
    left: list[str] = []
    for path in OPEN:
        left += chinese(await nobody.get(path, **ENGLISH))
    for path, given in FAULTY:
        await nobody.get("/p/sign-in", **ENGLISH)
        left += chinese(await nobody.post(path, given, **ENGLISH))
    owner, things = await owner_of(side)
    for path in SIGNED:
        left += chinese(await owner.get(path.format_map(things), **ENGLISH))
    for path, more in WRONG:
        await owner.get("/p/account", **ENGLISH)
        left += chinese(await owner.post(path, more, **ENGLISH))
    admin = await keeper(side, password_hash)
    screen, key = await paired(side, admin, **KIOSK)
    left += chinese(await screen.get("/kiosk/", **ENGLISH))
    await screen.post("/kiosk/card/medical", await card(screen, key, "medical", "P-east"))
    left += chinese(await screen.get("/p/agree", **ENGLISH))
    await screen.agree()
    left += chinese(await screen.get("/kiosk/home", **ENGLISH))
    left += chinese(await screen.get("/kiosk/card/none", **ENGLISH))
    await admin.session.close()
    assert sorted(set(left)) == []
    assert await db.fetchval("select count(*) from portal_feedback") == 1  # there was something to be seen


@pytest.mark.parametrize("key", [one.key for one in shipped.templates()])
def test_every_ready_made_questionnaire_is_whole_in_english(key: str) -> None:
    _, definition = shipped.definition(key)
    told = definition.languages["en"]
    assert set(told) == set(definition.texts())
    assert [text for text in told.values() if CHINESE.search(text)] == []


def test_no_translation_holds_chinese() -> None:
    allowed = {"中文"}
    assert [text for text in table(Language.ENGLISH).values() if set(CHINESE.findall(text)) - allowed] == []
