"""Signing in by WeChat: the browser that left comes back, once, in time; a number joins two accounts into one."""

from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from core import clock, db
from patient_portal import page
from tests.integrations.outside import OPENID, Outside, running
from tests.portal.conftest import Side
from tests.portal.test_walk import BIND
from tests.portal.visitors import Visitor, code_on


async def away(visitor: Visitor, outside: Outside, wanted: str = "/p/people") -> str:
    """To WeChat and back: the address it leads to, with the code and the state."""
    left = await visitor.get(f"/p/wechat?next={wanted}")
    assert left.status == 303
    address = left.headers["Location"].removesuffix("#wechat_redirect")
    async with outside.http.get(f"{address}&as={OPENID}", allow_redirects=False) as answer:
        gone = urlsplit(answer.headers["Location"])
    assert gone.path == "/p/wechat/back"
    return f"{gone.path}?{gone.query}"


async def test_wechat_opens_a_session_once_and_to_the_browser_that_asked(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(monkeypatch) as outside:
        alice, eve = side.visitor(), side.visitor()
        address = await away(alice, outside)
        assert (await eve.get(address)).headers["Location"].startswith("/p/sign-in?by=1")
        entered = await alice.get(address)
        assert entered.headers["Location"] == "/p/people"
        await alice.agree()
        assert (await alice.get("/p/people")).status == 200
        assert (await eve.get("/p/people")).status == 303

        used = await alice.get(address)
        assert used.headers["Location"].startswith("/p/sign-in?by=1")
        late = await away(eve, outside)
        with clock.frozen(clock.now() + timedelta(minutes=6)):
            assert (await eve.get(late)).headers["Location"].startswith("/p/sign-in?by=1")
        actions = await db.fetchval(
            "select array_agg(action order by id) from audit where action like 'portal.%'"
        )
        assert actions == ["portal.failed", "portal.enter", "portal.agree", "portal.failed", "portal.failed"]


async def test_inside_wechat_nobody_is_asked_for_a_way(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (iPhone) MicroMessenger/8.0"}
    async with running(monkeypatch):
        alice = side.visitor()
        led = await alice.get("/p/sign-in?next=/p/people", **agent)
        assert led.headers["Location"] == "/p/wechat?next=/p/people"
        assert (await alice.get("/p/sign-in?by=1", **agent)).status == 200


async def test_a_number_that_is_proven_joins_the_account_by_wechat_to_that_by_phone(
    side: Side, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_phone = side.visitor()
    await by_phone.enter("13800000001")
    await by_phone.get("/p/people/add")
    await by_phone.post("/p/people/add", {"name": "张测试", "id_number": "990000199001010025", **BIND})
    await db.execute("update portal_code set created_at = created_at - interval '2 minutes'")
    async with running(monkeypatch) as outside:
        alice = side.visitor()
        await alice.get(await away(alice, outside))
        await alice.agree()
        assert "张测试" not in (await alice.get("/p/people")).text
        await alice.get("/p/account/phone")
        asked = await alice.post("/p/account/phone", {"phone": "13800000001"})
        assert asked.headers["Location"] == "/p/account/phone/code"
        await alice.get("/p/account/phone/code")
        joined = await alice.post("/p/account/phone/code", {"code": await code_on("13800000001")})
        assert joined.headers["Location"] == "/p/account"
        assert "张测试" in (await alice.get("/p/people")).text
        again = side.visitor()
        await again.get(await away(again, outside))
        assert "张测试" in (await again.get("/p/people")).text
    kept = await db.fetch("select phone_hash is not null as phone, openid from portal_account order by id")
    assert [tuple(row) for row in kept] == [(True, OPENID), (False, "joined:2")]


async def test_only_the_sites_of_the_parameter_may_show_our_pages_in_a_frame(side: Side) -> None:
    alice = side.visitor()
    assert "frame-ancestors 'self'" in (await alice.get("/p/")).headers["Content-Security-Policy"]
    await db.execute(
        "insert into parameter (name, value) values ('portal.frame_ancestors', 'https://www.example.com http://b.example;x')"
    )
    page._framing = (0.0, [])
    shown = (await alice.get("/p/?embed=1")).headers["Content-Security-Policy"]
    assert shown.endswith("frame-ancestors 'self' https://www.example.com")
    page._framing = (0.0, [])
