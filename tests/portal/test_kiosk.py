"""Screens of the hospital: paired once, believing signed cards alone, and leaving nothing of anybody behind."""

import re

from core import db
from patients.bindings_terminals import signed
from tests.console.browser import Browser, open_browser
from tests.portal.conftest import Side
from tests.portal.visitors import Visitor

KIOSK = {"name": "门诊大厅自助机 1 号", "kind": "kiosk", "place": "一楼"}


async def keeper(side: Side, password_hash: str) -> Browser:
    """Whoever keeps the machine, signed in at the staff pages."""
    await db.execute("update staff set password_hash = $1", password_hash)
    browser = open_browser(side.server)
    assert (await browser.enter("admin")).status == 303
    return browser


async def paired(side: Side, admin: Browser, **terminal: str) -> tuple[Visitor, str]:
    """A screen that was registered and paired; and its bridge's key."""
    made = await admin.post("/settings/terminals/new", terminal)
    assert made.status == 200, made.text
    key = made.one("//p[@class='terminal-key']")
    number = await db.fetchval("select max(id) from terminal")
    code = (await admin.post(f"/settings/terminals/{number}/pairing")).one("//p[@class='terminal-code']")
    screen = side.visitor()
    await screen.get("/kiosk/")
    assert (await screen.post("/kiosk/pair", {"code": "AAAAAAAA"})).status == 422
    answer = await screen.post("/kiosk/pair", {"code": code.lower()})
    assert answer.headers["Location"].startswith("/kiosk/?seat=")
    assert (await side.visitor().post("/kiosk/pair", {"code": code})).status == 422
    return screen, key


async def card(
    screen: Visitor, key: str, kind: str, number: str, *, nonce: str = "", name: str = ""
) -> dict[str, str]:
    """What the bridge hands over for a card, for the number the page has just given out."""
    page = await screen.get(f"/kiosk/card/{kind}")
    nonce = nonce or page.tree.xpath("//*[@id='bridge']/@data-nonce")[0]
    return {
        "number": number,
        "name": name,
        "nonce": nonce,
        "signature": signed(key, kind, number, name, nonce),
    }


async def test_a_signed_card_opens_its_holders_page_once(side: Side, password_hash: str) -> None:
    admin = await keeper(side, password_hash)
    screen, key = await paired(side, admin, **KIOSK)
    start = await screen.get("/kiosk/")
    assert start.one("//h1") == "欢迎使用自助服务"
    assert "connect-src 'self' http://127.0.0.1:9123" in start.headers["Content-Security-Policy"]

    forged = await card(screen, "another key", "medical", "P-east")
    assert (await screen.post("/kiosk/card/medical", forged)).status == 409
    stranger = await card(screen, key, "medical", "P-nobody")
    unknown = await screen.post("/kiosk/card/medical", stranger)
    assert (unknown.status, "请到服务台办理" in unknown.text) == (409, True)
    other = await card(screen, key, "id", "990000199001010025", name="别人")
    assert (await screen.post("/kiosk/card/id", other)).status == 409

    right = await card(screen, key, "id", "990000199001010025", name="张测试")
    entered = await screen.post("/kiosk/card/id", right)
    assert entered.headers["Location"] == "/kiosk/home"
    await screen.agree()
    home = await screen.get("/kiosk/home")
    assert home.one("//h1") == "张*试，您好"
    assert home.headers["Cache-Control"] == "no-store"
    assert (await screen.get("/p/visits")).status == 403  # a card alone shows no diagnoses

    assert (await screen.post("/kiosk/end")).headers["Location"] == "/kiosk/"
    assert (await screen.get("/kiosk/home")).headers["Location"] == "/kiosk/?fresh=1"
    assert (await screen.post("/kiosk/card/id", right)).status == 409  # the same card's word, again
    await admin.session.close()


async def test_the_start_page_ends_whatever_session_there_was(side: Side, password_hash: str) -> None:
    admin = await keeper(side, password_hash)
    screen, key = await paired(side, admin, **KIOSK)
    await screen.post("/kiosk/card/medical", await card(screen, key, "medical", "P-east"))
    await screen.agree()
    assert (await screen.get("/kiosk/home")).status == 200
    await screen.get("/kiosk/")
    assert (await screen.get("/kiosk/home")).status == 303
    assert await db.fetchval("select count(*) from portal_session where ended_at is null") == 0
    await admin.session.close()


async def test_a_screen_at_a_bed_asks_whoever_lies_there_for_four_digits(
    side: Side, password_hash: str
) -> None:
    admin = await keeper(side, password_hash)
    ward = str(side.ward.house.unit["east_ward"])
    screen, _ = await paired(side, admin, name="03床床旁屏", kind="bedside", unit_id=ward, bed="03床")
    seat = await db.fetchval("select seat from terminal")
    start = await screen.get(f"/kiosk/?seat={seat}")
    assert start.one("//h1") == "03床，您好"
    assert "张" not in start.one("//main")
    assert (await screen.post("/kiosk/bed", {"tail": "9999"})).status == 422
    assert (await screen.post("/kiosk/bed", {"tail": "0025"})).headers["Location"] == "/kiosk/home"
    await screen.agree()
    assert (await screen.get("/kiosk/home")).one("//h1") == "张*试，您好"
    await screen.get("/kiosk/")
    await db.execute("update visit set state = 'closed', end_on = start_on where bed = '03床'")
    assert (await screen.post("/kiosk/bed", {"tail": "0025"})).status == 422
    again = await admin.post(
        "/settings/terminals/new", {"name": "二号", "kind": "bedside", "unit_id": ward, "bed": "03床"}
    )
    assert again.status == 409
    await admin.session.close()


async def test_a_terminal_that_is_taken_out_of_use_is_out_at_once(side: Side, password_hash: str) -> None:
    admin = await keeper(side, password_hash)
    screen, key = await paired(side, admin, **KIOSK)
    await screen.post("/kiosk/card/medical", await card(screen, key, "medical", "P-east"))
    assert (await screen.get("/kiosk/alive?bridge=away")).status == 200
    listed = await admin.get("/settings/terminals")
    assert (
        listed.words("//tbody//span[contains(@class, 'badge') or contains(@class, 'mark')]")[0]
        == "读卡器故障"
    )
    number = re.findall(r"/settings/terminals/(\d+)/disable", listed.text)[0]
    assert (await admin.post(f"/settings/terminals/{number}/disable")).status == 303
    assert (await screen.get("/kiosk/home")).status == 303
    assert (await screen.get("/kiosk/card/id")).status == 403
    assert (await screen.get("/kiosk/")).one("//h1") == "登记终端"
    actions = await db.fetchval(
        "select array_agg(action order by id) from audit where action like 'terminal.%'"
    )
    assert actions == ["terminal.register", "terminal.pairing", "terminal.pair", "terminal.disable"]
    await admin.session.close()
