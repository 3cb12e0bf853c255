"""Log-in by WeCom: whose account it is, WeCom tells; which browser asked, the sealed state; what more is asked, a parameter."""

from collections.abc import AsyncIterator
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio

from core import clock, db, parameters
from core.actor import system
from core.errors import Invalid, Refused, TooMany, Unauthenticated
from core.settings import settings
from staff import entering, securing
from staff.login import crowd, password, wecom
from staff.login.asking import Asks
from staff.login.wecom import AGAIN, AWAY, SECOND, STRANGER, Unbound
from tests.integrations.outside import Outside, running
from tests.staff.cast import House
from tests.staff.phone import ADDRESS, lines
from tests.staff.test_second_factor import GOOD, enrol

Entered = entering.SignedIn | entering.Pending


@pytest_asyncio.fixture
async def outside(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outside]:
    async with running(monkeypatch) as world:
        people = [{"userid": f"wx_{name}", "name": f"测试{name}"} for name in (*house.staff, "nobody_here")]
        await world.ask("cast", {"wecom": people})
        yield world


async def back(outside: Outside, name: str, token: str, *, inside: bool = True) -> dict[str, str]:
    """What WeCom's page leads back with, once the person has said who they are."""
    address = wecom.address_of(token, inside=inside).removesuffix("#wechat_redirect")
    async with outside.http.get(f"{address}&as=wx_{name}", allow_redirects=False) as answer:
        gone = urlsplit(answer.headers["Location"])
    assert gone.path == "/login/wecom/back"
    return {key: found[0] for key, found in parse_qs(gone.query).items()}


async def enter(given: dict[str, str], token: str, address: str = ADDRESS) -> Entered:
    return await entering.sign_in({**given, "browser": token}, address=address, agent="a test", way="wecom")


async def came(outside: Outside, name: str) -> Entered:
    token = wecom.new_token()
    return await enter(await back(outside, name, token), token)


@pytest.mark.parametrize("inside", [True, False])
async def test_a_bound_account_opens_a_session_inside_wecom_and_by_its_qr_code(
    house: House, outside: Outside, inside: bool
) -> None:
    token = wecom.new_token()
    entered = await enter(await back(outside, "alice", token, inside=inside), token)
    assert isinstance(entered, entering.SignedIn)
    assert (entered.actor.id, entered.limited) == (house.staff["alice"], "")
    assert await lines("login.in") == [("login.in", house.staff["alice"], {"way": "wecom"})]


async def test_the_state_holds_for_one_browser_once_and_five_minutes(outside: Outside) -> None:
    token = wecom.new_token()
    given = await back(outside, "alice", token)
    for wrong in (
        enter(given, wecom.new_token()),
        enter(given, ""),
        enter({**given, "state": given["state"][:-1] + "0"}, token),
        enter({**given, "state": "x"}, token),
    ):
        with pytest.raises(Unauthenticated, match=AGAIN):
            await wrong
    with clock.frozen(clock.now() + timedelta(minutes=5, seconds=2)), pytest.raises(Unauthenticated):
        await enter(given, token)
    assert await db.fetchval("select count(*) from login_state") == 0
    assert isinstance(await enter(given, token), entering.SignedIn)
    with pytest.raises(Unauthenticated, match=AGAIN):
        await enter({**given, "code": (await back(outside, "bob", token))["code"]}, token)
    told = [detail["why"] for _, _, detail in await lines("login.failed")]
    assert told == [*["state"] * 5, "state_used"]


async def test_who_is_not_bound_is_told_so_and_who_has_left_alike(house: House, outside: Outside) -> None:
    await db.execute("update staff set active = false where id = $1", house.staff["bob"])
    for name in ("nobody_here", "bob"):
        with pytest.raises(Unbound):
            await came(outside, name)
    assert [detail for _, _, detail in await lines("login.failed")] == [
        {"way": "wecom", "why": "not_bound", "userid": "wx_nobody_here"},
        {"way": "wecom", "why": "not_bound", "userid": "wx_bob"},
    ]


async def test_errors_of_the_vendor_read_well(outside: Outside) -> None:
    told = []
    for fault in (
        {"errcode": 40029},
        {"errcode": 60020, "errmsg": "not allow to access from your ip"},
        {"http": 500},
    ):
        await outside.fault("wecom", "auth/getuserinfo", **fault)
        with pytest.raises(Unauthenticated) as caught:
            await came(outside, "alice")
        told.append(caught.value.message)
    assert told == [AGAIN, AWAY, AWAY]
    assert [detail["why"] for _, _, detail in await lines("login.failed")] == [
        "vendor 40029",
        "vendor 60020",
        "vendor http 500",
    ]


async def test_a_code_that_wecom_never_gave_is_refused(outside: Outside) -> None:
    token = wecom.new_token()
    given = await back(outside, "alice", token)
    with pytest.raises(Unauthenticated):
        await enter({**given, "code": "made up"}, token)
    with pytest.raises(Invalid):
        await enter({"state": given["state"]}, token)


async def test_somebody_outside_the_corporation_is_told_so(outside: Outside) -> None:
    await outside.fault("wecom", "auth/getuserinfo", vanish=True)  # errcode 0 and no userid
    with pytest.raises(Unauthenticated, match=STRANGER):
        await came(outside, "alice")


@pytest.mark.parametrize(
    ("counted", "required", "asked"),
    [
        ("possession", "off", Asks.PASSWORD),
        ("enough", "all", Asks.NOTHING),
        ("none", "off", Asks.CODE),
    ],
)
async def test_whoever_has_a_second_factor_gives_what_the_parameter_says(
    house: House, outside: Outside, counted: str, required: str, asked: Asks
) -> None:
    await enrol(house, "alice")
    await parameters.change(SECOND.name, counted, by=system())
    await parameters.change("login.second_factor", required, by=system())
    entered = await came(outside, "alice")
    assert (entered.asks if isinstance(entered, entering.Pending) else Asks.NOTHING) is asked


async def test_who_must_have_two_factors_gives_the_password_beside_it(house: House, outside: Outside) -> None:
    await parameters.change("login.second_factor", "all", by=system())
    await db.execute(
        "update staff set password_hash = $2, password_set_at = now() where id = $1",
        house.staff["alice"],
        await password.hashed(GOOD),
    )
    pending = await came(outside, "alice")
    assert isinstance(pending, entering.Pending)
    assert await entering.asked(pending.token) is Asks.PASSWORD
    with pytest.raises(Unauthenticated, match="密码不正确"):
        await entering.finish(pending.token, "Wrong#2026", address=ADDRESS, agent="")
    with pytest.raises(Invalid, match="请输入密码"):
        await entering.finish(pending.token, "", address=ADDRESS, agent="")
    entered = await entering.finish(pending.token, GOOD, address=ADDRESS, agent="")
    assert entered.limited == ""
    assert await entering.asked(pending.token) is Asks.NOTHING
    assert (await lines("login.in"))[-1][2] == {"way": "wecom", "second": "password"}


async def test_where_it_does_not_count_a_second_factor_must_be_set_up(house: House, outside: Outside) -> None:
    await parameters.change(SECOND.name, "none", by=system())
    await parameters.change("login.second_factor", "all", by=system())
    entered = await came(outside, "alice")
    assert isinstance(entered, entering.SignedIn)
    assert entered.limited == "second"


async def test_the_passwords_lock_holds_for_the_step_after_wecom(house: House, outside: Outside) -> None:
    await parameters.change("login.second_factor", "all", by=system())
    await securing.set_password(house.staff["alice"], GOOD, by=await house.actor("keeper"))
    pending = await came(outside, "alice")
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            await entering.finish(pending.token, "Wrong#2026", address=ADDRESS, agent="")
    with pytest.raises(TooMany):
        await entering.finish(pending.token, GOOD, address=ADDRESS, agent="")


async def test_one_address_cannot_come_back_without_end(outside: Outside) -> None:
    await parameters.change(crowd.MOST.name, "20", by=system())
    for _ in range(20):
        await came(outside, "alice")
    with pytest.raises(TooMany):
        await came(outside, "alice")


async def test_without_an_application_there_is_no_such_way(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIYIN_WECOM_CORP_ID", "")
    settings.cache_clear()
    with pytest.raises(Refused, match="尚未接入企业微信"):
        wecom.address_of(wecom.new_token(), inside=True)
