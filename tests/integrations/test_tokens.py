"""Access tokens: one refresh for all, kept encrypted, never hammered for."""

import asyncio

import pytest

from core import db
from integrations import wechat, wecom
from integrations.http import CallFailed, Kind
from integrations.tokens import Fresh, TokenKeeper
from tests.integrations.outside import OPENID, USERID, Outside


async def test_twenty_sends_at_once_fetch_one_token(outside: Outside) -> None:
    await asyncio.gather(*(wecom.send_text(USERID, f"第 {at} 条") for at in range(20)))
    assert await outside.calls("gettoken") == 1
    assert len(await outside.phone(userid=USERID)) == 20


async def test_twenty_sends_with_a_token_that_just_died_fetch_one_new_token(outside: Outside) -> None:
    await wecom.user_get(USERID)
    await outside.ask("tokens/expire", {"system": "wecom"})
    await asyncio.gather(*(wecom.send_text(USERID, f"第 {at} 条") for at in range(20)))
    assert await outside.calls("gettoken") == 2
    assert len(await outside.phone(userid=USERID)) == 20


async def test_a_token_at_its_end_is_replaced_before_the_vendor_complains(outside: Outside) -> None:
    await wecom.user_get(USERID)
    await outside.ask("clock", {"advance": 7201})  # the vendor's clock only: ours still believes the token
    await wecom.user_get(USERID)
    assert await outside.calls("gettoken") == 2
    assert await outside.calls("user/get") == 3


async def test_processes_share_one_token(outside: Outside) -> None:
    fetched = []

    async def fetch(*, force: bool) -> Fresh:
        fetched.append(force)
        await asyncio.sleep(0.05)
        return Fresh(f"token-{len(fetched)}", 7200)

    processes = [TokenKeeper("wecom:test", fetch) for _ in range(5)]
    assert set(await asyncio.gather(*(process.get() for process in processes))) == {"token-1"}
    assert set(await asyncio.gather(*(process.renew("token-1") for process in processes))) == {"token-2"}
    assert fetched == [False, False]


async def test_a_token_is_not_readable_in_the_database(outside: Outside) -> None:
    await wecom.user_get(USERID)
    token = await wecom.api().keeper.get()
    assert token.encode() not in await db.fetchval("select value from integration_token")


async def test_after_a_failed_fetch_nobody_asks_again_at_once(outside: Outside) -> None:
    await outside.fault("wecom", "gettoken", errcode=40001)
    for _ in range(5):
        with pytest.raises(CallFailed) as caught:
            await wecom.user_get(USERID)
        assert caught.value.kind is Kind.MISCONFIGURED
    assert await outside.calls("gettoken") == 1


async def test_the_service_account_is_asked_by_force_only_when_it_insists_on_a_bad_token(
    outside: Outside,
) -> None:
    await wechat.follower(OPENID)
    await outside.fault("wechat", "user/info", errcode=40001)  # says it is bad, yet hands it out again
    assert (await wechat.follower(OPENID)).subscribe == 1
    asked = [
        entry["asked"]
        for entry in (await outside.look("traffic"))["traffic"]
        if entry["api"] == "stable_token"
    ]
    assert ['"force_refresh":true' in text for text in asked] == [True, False, False]


async def test_a_forced_token_is_not_asked_for_twice_within_thirty_seconds(outside: Outside) -> None:
    await wechat.follower(OPENID)
    await outside.fault("wechat", "user/info", errcode=40001)
    await wechat.follower(OPENID)
    await outside.fault("wechat", "user/info", errcode=40001)
    with pytest.raises(CallFailed) as caught:
        await wechat.follower(OPENID)
    assert (caught.value.code, caught.value.kind) == ("forced_limit", Kind.RETRY)
    assert 20 < caught.value.wait <= 30
    assert await outside.calls("stable_token") == 4
