"""Every row of the vendors' tables of codes, provoked in the sandbox and met as the table says."""

import pytest

from integrations import wechat, wecom, wecom_bot
from integrations.http import CallFailed, Kind
from integrations.wecom_errors import egress_address
from tests.integrations.outside import OPENID, USERID, Outside

WECOM = {
    -1: (Kind.RETRY, 0),
    40001: (Kind.MISCONFIGURED, 0),
    40091: (Kind.MISCONFIGURED, 0),
    40029: (Kind.PERMANENT, 0),
    40078: (Kind.PERMANENT, 0),
    40163: (Kind.PERMANENT, 0),
    40003: (Kind.UNREACHABLE_PERSON, 0),
    60111: (Kind.UNREACHABLE_PERSON, 0),
    301021: (Kind.UNREACHABLE_PERSON, 0),
    81013: (Kind.UNREACHABLE_PERSON, 0),
    82001: (Kind.UNREACHABLE_PERSON, 0),
    40056: (Kind.MISCONFIGURED, 0),
    50003: (Kind.MISCONFIGURED, 0),
    301002: (Kind.MISCONFIGURED, 0),
    48002: (Kind.MISCONFIGURED, 0),
    60011: (Kind.MISCONFIGURED, 0),
    50002: (Kind.MISCONFIGURED, 0),
    45009: (Kind.QUOTA, 60),
    45033: (Kind.RETRY, 1),
    45002: (Kind.PERMANENT, 0),
    45001: (Kind.PERMANENT, 0),
    40006: (Kind.PERMANENT, 0),
    60020: (Kind.MISCONFIGURED, 0),
    50001: (Kind.MISCONFIGURED, 0),
    85005: (Kind.MISCONFIGURED, 0),
    86001: (Kind.PERMANENT, 0),
    86003: (Kind.PERMANENT, 0),
    86008: (Kind.PERMANENT, 0),
    40050: (Kind.PERMANENT, 0),
    99999: (Kind.PERMANENT, 0),
}
WECHAT = {
    -1: (Kind.RETRY, 0),
    40164: (Kind.MISCONFIGURED, 0),
    61004: (Kind.MISCONFIGURED, 0),
    43004: (Kind.FALLBACK, 0),
    43101: (Kind.FALLBACK, 0),
    43117: (Kind.FALLBACK, 0),
    45015: (Kind.FALLBACK, 0),
    45047: (Kind.FALLBACK, 0),
    47003: (Kind.FALLBACK, 0),
    48001: (Kind.FALLBACK, 0),
    48004: (Kind.FALLBACK, 0),
    45009: (Kind.QUOTA, 60),
}


async def test_each_code_of_wecom_means_what_the_table_says(outside: Outside) -> None:
    met = {}
    for code in WECOM:
        await outside.fault("wecom", "message/send", errcode=code)
        with pytest.raises(CallFailed) as caught:
            await wecom.send_text(USERID, "您好")
        assert caught.value.code == str(code)
        assert caught.value.advice
        met[code] = (caught.value.kind, caught.value.wait)
    assert met == WECOM
    assert await outside.phone(userid=USERID) == []


async def test_each_code_of_wechat_means_what_the_table_says(outside: Outside) -> None:
    met = {}
    for code in WECHAT:
        await outside.fault("wechat", "message/template/send", errcode=code)
        with pytest.raises(CallFailed) as caught:
            await wechat.send_template(OPENID, "tpl", {"thing1": "已办结"}, client_msg_id="m1")
        assert caught.value.advice
        met[code] = (caught.value.kind, caught.value.wait)
    assert met == WECHAT
    assert await outside.phone(openid=OPENID) == []


@pytest.mark.parametrize("code", [40014, 42001])
async def test_a_refused_token_is_replaced_once_and_the_message_arrives(outside: Outside, code: int) -> None:
    await outside.fault("wecom", "message/send", errcode=code)
    await wecom.send_text(USERID, "您好")
    assert [message["text"] for message in await outside.phone(userid=USERID)] == ["您好"]


async def test_a_token_refused_twice_is_not_asked_for_a_third_time(outside: Outside) -> None:
    await outside.fault("wecom", "message/send", errcode=42001, times=10)
    with pytest.raises(CallFailed) as caught:
        await wecom.send_text(USERID, "您好")
    assert (caught.value.code, caught.value.kind) == ("42001", Kind.RETRY)
    assert await outside.calls("message/send") == 2


async def test_40001_of_the_service_account_is_a_stale_token_and_not_a_bad_secret(outside: Outside) -> None:
    await wechat.follower(OPENID)
    await outside.ask("tokens/expire", {"system": "wechat"})
    assert (await wechat.follower(OPENID)).subscribe == 1


async def test_an_untrusted_address_is_shown_to_the_administrator(outside: Outside) -> None:
    await outside.fault("wecom", "gettoken", errcode=60020)
    with pytest.raises(CallFailed) as caught:
        await wecom.user_get(USERID)
    assert caught.value.kind is Kind.MISCONFIGURED
    assert caught.value.advice.endswith("IP：127.0.0.1")


def test_the_address_is_found_in_the_words_of_both_vendors() -> None:
    assert (
        egress_address("not allow to access from your ip, hint: [x], from ip: 203.0.113.7, more")
        == "203.0.113.7"
    )
    assert egress_address("invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist") == "203.0.113.9"
    assert egress_address("busy") == ""


async def test_a_receiver_named_as_invalid_is_unreachable_though_the_code_is_zero(outside: Outside) -> None:
    await outside.ask("cast", {"wecom": [{"userid": "gone", "name": "离职者", "active": False}]})
    with pytest.raises(CallFailed) as caught:
        await wecom.send_text("gone", "您好")
    assert caught.value.kind is Kind.UNREACHABLE_PERSON


@pytest.mark.parametrize(
    ("code", "kind"), [(93001, Kind.FALLBACK), (93006, Kind.FALLBACK), (93008, Kind.FALLBACK)]
)
async def test_a_conversation_closed_to_the_bot_falls_back_to_the_application(
    outside: Outside, bot_line: None, code: int, kind: Kind
) -> None:
    await outside.fault("wecom", "aibot_send_msg", errcode=code)
    with pytest.raises(CallFailed) as caught:
        await wecom_bot.send_markdown("k1", USERID, "您好")
    assert (caught.value.code, caught.value.kind) == (str(code), kind)


@pytest.mark.parametrize("code", [846605, 846608])
async def test_a_reply_that_came_too_late_is_to_be_pushed_instead(
    outside: Outside, bot_line: None, code: int
) -> None:
    await outside.fault("wecom", "aibot_respond_msg", errcode=code)
    with pytest.raises(CallFailed) as caught:
        await wecom_bot.respond("k1", "req-1", "您好")
    assert (caught.value.code, caught.value.kind) == (str(code), Kind.CONTEXT_GONE)


@pytest.mark.parametrize("effect", [{"drop": "after"}, {"http": 502}])
async def test_a_call_that_got_no_answer_is_uncertain(outside: Outside, effect: dict[str, object]) -> None:
    await wecom.user_get(USERID)
    await outside.fault("wecom", "message/send", **effect)
    with pytest.raises(CallFailed) as caught:
        await wecom.send_text(USERID, "您好")
    assert (caught.value.kind, caught.value.uncertain) == (Kind.RETRY, True)
    assert "access_token" not in str(caught.value)


async def test_the_same_text_about_the_same_thing_is_one_message(outside: Outside) -> None:
    await outside.fault("wecom", "message/send", drop="after")
    with pytest.raises(CallFailed):
        await wecom.send_text(USERID, "请签收", dedupe=180)
    await wecom.send_text(USERID, "请签收", dedupe=180)
    assert [message["text"] for message in await outside.phone(userid=USERID)] == ["请签收"]
    await outside.ask("clock", {"advance": 181})
    await wecom.send_text(USERID, "请签收", dedupe=180)
    assert len(await outside.phone(userid=USERID)) == 2


async def test_a_server_that_is_not_there_is_a_certain_failure(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wecom.api(), "base", "http://127.0.0.1:9")
    with pytest.raises(CallFailed) as caught:
        await wecom.send_text(USERID, "您好")
    assert (caught.value.code, caught.value.kind, caught.value.uncertain) == ("network", Kind.RETRY, False)


async def test_parallel_calls_are_narrowed_by_45033_and_widened_by_success(outside: Outside) -> None:
    await outside.fault("wecom", "user/get", errcode=45033)
    with pytest.raises(CallFailed):
        await wecom.user_get(USERID)
    assert wecom.api().gate.allowed == 8
    for _ in range(50):
        await wecom.user_get(USERID)
    assert wecom.api().gate.allowed == 9
