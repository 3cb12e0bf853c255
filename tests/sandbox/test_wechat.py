"""The service account: tokens, templates with their later result, followers, log-in."""

from typing import Any

from tests.sandbox.actors import Json, Outside
from tests.sandbox.conftest import Starter

DATA = {"thing1": {"value": "退费问题已办结"}, "phrase2": {"value": "已办结"}}


async def account(outside: Outside) -> str:
    """A stable token."""
    config = outside.config
    body = {
        "grant_type": "client_credential",
        "appid": config.wechat_app_id,
        "secret": config.wechat_secret,
    }
    async with outside.http.post(outside.url("/wechat/cgi-bin/stable_token"), json=body) as response:
        return str((await response.json())["access_token"])


async def call(outside: Outside, api: str, body: Json, token: str = "") -> Json:
    """A POST of the account's API."""
    query = {"access_token": token or await account(outside)}
    async with outside.http.post(outside.url(f"/wechat/cgi-bin/{api}"), params=query, json=body) as response:
        return dict(await response.json())


def template(to: str = "carol", **changes: Any) -> Json:
    """A template message."""
    return {"touser": to, "template_id": "T1", "url": "http://127.0.0.1/p/", "data": DATA, **changes}


async def settled(outside: Outside, number: int) -> None:
    """Until the hospital got that many callbacks."""
    for _ in range(500):
        if len(outside.hospital.received) >= number:
            return
        await outside.get("/control/callbacks")
    raise AssertionError(f"only {len(outside.hospital.received)} of {number} callbacks came")


async def test_the_plain_token_call_kills_the_token_before_it_and_the_stable_one_does_not(
    outside: Outside,
) -> None:
    config = outside.config
    first = await account(outside)
    same = await account(outside)
    plain = await outside.get(
        "/wechat/cgi-bin/token",
        grant_type="client_credential",
        appid=config.wechat_app_id,
        secret=config.wechat_secret,
    )
    dead = await call(outside, "message/template/send", template(), first)
    alive = await call(outside, "message/template/send", template(), plain["access_token"])
    assert (first == same, dead["errcode"], alive["errcode"]) == (True, 40001, 0)


async def test_tokens_expire_and_wrong_secrets_get_none(outside: Outside) -> None:
    token = await account(outside)
    wrong = await outside.get(
        "/wechat/cgi-bin/token",
        grant_type="client_credential",
        appid=outside.config.wechat_app_id,
        secret="guess",
    )
    await outside.control("clock", advance=7200)
    expired = await call(outside, "message/template/send", template(), token)
    missing = await outside.get("/wechat/cgi-bin/user/info", openid="carol")
    assert [answer["errcode"] for answer in (wrong, expired, missing)] == [40125, 42001, 41001]


async def test_a_template_message_shows_and_its_result_comes_as_an_event(outside: Outside) -> None:
    answer = await call(outside, "message/template/send", template())
    await settled(outside, 1)
    event = outside.hospital.received[0].event
    (shown,) = await outside.screen(openid="carol")
    assert event.pop("CreateTime").isdigit()
    assert event == {
        "ToUserName": "gh_sandbox",
        "FromUserName": "carol",
        "MsgType": "event",
        "Event": "TEMPLATESENDJOBFINISH",
        "MsgID": str(answer["msgid"]),
        "Status": "success",
    }
    assert shown["note"]["rows"] == [["内容", "退费问题已办结"], ["状态", "已办结"]]


async def test_a_person_who_blocks_templates_yields_success_first_and_a_failed_event_later(
    outside: Outside,
) -> None:
    blocked = {"openid": "carol", "name": "丙测试", "blocks_templates": True}
    await outside.control("cast", patients=[blocked])
    answer = await call(outside, "message/template/send", template())
    await settled(outside, 1)
    assert (answer["errcode"], outside.hospital.received[0].event["Status"]) == (0, "failed:user block")
    assert await outside.screen(openid="carol") == []


async def test_templates_are_refused_for_strangers_non_followers_and_bad_fields(outside: Outside) -> None:
    answers = [
        await call(outside, "message/template/send", template("zoe")),
        await call(outside, "message/template/send", template("dave")),
        await call(outside, "message/template/send", template(data={"thing1": {"value": "长" * 21}})),
        await call(outside, "message/template/send", template(data={"thing1": {"value": ""}})),
        await call(outside, "message/template/send", template(data={"phrase1": {"value": "六个字太长了"}})),
    ]
    assert [answer["errcode"] for answer in answers] == [40003, 43004, 47003, 47003, 47003]
    assert outside.hospital.received == []


async def test_a_repeated_client_msg_id_answers_as_before_and_sends_nothing(outside: Outside) -> None:
    first = await call(outside, "message/template/send", template(client_msg_id="m-1"))
    again = await call(outside, "message/template/send", template(client_msg_id="m-1"))
    assert first == again
    assert len(await outside.screen(openid="carol")) == 1


async def test_too_many_templates_to_one_person_are_43117_and_others_go_on(start: Starter) -> None:
    outside = await start(wechat_same_user_per_minute=1)
    await outside.control("follow", openid="dave", wait=True)
    codes = [
        (await call(outside, "message/template/send", template(to)))["errcode"]
        for to in ("carol", "carol", "dave")
    ]
    assert codes == [0, 43117, 0]


async def test_a_one_time_notice_needs_a_permission_each(outside: Outside) -> None:
    await outside.control("wechat/grant", openid="carol", template_id="T1", times=1)
    codes = [(await call(outside, "message/subscribe/bizsend", template()))["errcode"] for _ in range(2)]
    assert codes == [0, 43101]


async def test_customer_service_words_are_allowed_for_48_hours_after_the_persons_act(
    outside: Outside,
) -> None:
    words = {"touser": "carol", "msgtype": "text", "text": {"content": "已为您登记"}}
    await outside.control("say", openid="carol", text="我要投诉", wait=True)
    soon = await call(outside, "message/custom/send", words)
    await outside.control("clock", advance=48 * 3600 + 1)
    late = await call(outside, "message/custom/send", words)
    await outside.control("say", openid="carol", text="在吗", wait=True)
    many = [(await call(outside, "message/custom/send", words))["errcode"] for _ in range(21)]
    assert (soon["errcode"], late["errcode"], many) == (0, 45015, [0] * 20 + [45047])


async def test_what_people_write_and_scan_reaches_the_hospital(outside: Outside) -> None:
    scene = {"action_name": "QR_STR_SCENE", "action_info": {"scene": {"scene_str": "case-7"}}}
    code = await call(outside, "qrcode/create", {**scene, "expire_seconds": 600})
    await outside.control("say", openid="carol", text="我要投诉", wait=True)
    await outside.control("scan", openid="dave", ticket=code["ticket"], wait=True)
    await outside.control("scan", openid="dave", ticket=code["ticket"], wait=True)
    await outside.control("unfollow", openid="dave", wait=True)
    await outside.control("clock", advance=601)
    expired = await outside.refused("scan", openid="dave", ticket=code["ticket"])
    events = [got.event for got in outside.hospital.received]
    assert (code["expire_seconds"], expired) == (600, (409, "二维码已过期"))
    assert [
        (event["MsgType"], event.get("Event", ""), event.get("EventKey", event.get("Content")))
        for event in events
    ] == [
        ("text", "", "我要投诉"),
        ("event", "subscribe", "qrscene_case-7"),
        ("event", "SCAN", "case-7"),
        ("event", "unsubscribe", ""),
    ]


async def test_nothing_is_told_of_those_who_do_not_follow(outside: Outside) -> None:
    token = await account(outside)
    carol = await outside.get("/wechat/cgi-bin/user/info", access_token=token, openid="carol")
    dave = await outside.get("/wechat/cgi-bin/user/info", access_token=token, openid="dave")
    assert (carol["subscribe"], carol["unionid"]) == (1, "u-carol")
    assert dave == {"subscribe": 0, "openid": "dave", "unionid": ""}


async def test_a_web_login_code_serves_once(outside: Outside) -> None:
    config = outside.config
    query = {"appid": config.wechat_app_id, "redirect_uri": "http://127.0.0.1:9/p/", "as": "carol"}
    url = outside.url("/wechat/connect/oauth2/authorize")
    async with outside.http.get(url, params=query, allow_redirects=False) as response:
        code = response.headers["Location"].partition("code=")[2].partition("&")[0]

    async def exchange(given: str) -> Json:
        return await outside.get(
            "/wechat/sns/oauth2/access_token",
            appid=config.wechat_app_id,
            secret=config.wechat_secret,
            code=given,
            grant_type="authorization_code",
        )

    first, second, unknown = await exchange(code), await exchange(code), await exchange("made-up")
    assert (first["openid"], first["unionid"], first["scope"]) == ("carol", "u-carol", "snsapi_base")
    assert (second["errcode"], unknown["errcode"]) == (40163, 40029)
