"""What people do on their WeCom phones reaches the hospital, encrypted, repeated, out of order."""

import base64
from typing import Any

from wechatpy.enterprise.crypto import WeChatCrypto

from tests.sandbox.actors import Outside, button_card, failure
from tests.sandbox.conftest import Starter

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n0123456789").decode()


async def test_a_line_typed_to_the_application_arrives_encrypted_and_signed(outside: Outside) -> None:
    done = await outside.control("say", userid="Alice", text="我的", wait=True)
    (got,) = outside.hospital.received
    event = got.event
    assert (done["delivery"]["outcome"], done["delivery"]["attempts"]) == ("delivered", 1)
    assert event.pop("MsgId").isdigit()
    assert event.pop("CreateTime").isdigit()
    assert event == {
        "ToUserName": outside.config.wecom_corp_id,
        "FromUserName": "Alice",
        "MsgType": "text",
        "Content": "我的",
        "AgentID": "1000002",
    }
    assert "我的" not in got.body.decode()


async def test_a_picture_comes_with_an_address_and_a_media_id_that_can_be_fetched(outside: Outside) -> None:
    outside.token = (await outside.gettoken())["access_token"]
    await outside.control("send_media", userid="Alice", filename="现场.png", base64=PNG, wait=True)
    event = outside.hospital.received[0].event
    query = {"access_token": outside.token, "media_id": event["MediaId"]}
    async with outside.http.get(outside.url("/wecom/cgi-bin/media/get"), params=query) as by_id:
        fetched = await by_id.read()
    async with outside.http.get(event["PicUrl"]) as by_address:
        assert await by_address.read() == fetched == base64.b64decode(PNG)
    assert event["MsgType"] == "image"


async def test_every_press_brings_a_response_code_of_its_own_that_works_once(outside: Outside) -> None:
    await outside.send("Alice", template_card=button_card())
    for _ in range(2):
        await outside.control("press", userid="Alice", task_id="task-1", key="sign", wait=True)
    events = [got.event for got in outside.hospital.received]
    codes = [event["ResponseCode"] for event in events]
    agent = outside.config.wecom_agent_id

    async def use(code: str) -> int:
        body = {
            "userids": ["Alice"],
            "agentid": agent,
            "response_code": code,
            "button": {"replace_name": "已签收"},
        }
        return int((await outside.wecom("message/update_template_card", body))["errcode"])

    assert [(event["Event"], event["EventKey"], event["TaskId"], event["CardType"]) for event in events] == [
        ("template_card_event", "sign", "task-1", "button_interaction")
    ] * 2
    assert len(set(codes)) == 2
    assert [await use(code) for code in (*codes, codes[0])] == [0, 0, 40058]


async def test_selected_options_and_menu_entries_are_told(outside: Outside) -> None:
    options = [{"id": "a", "text": "甲"}, {"id": "b", "text": "乙"}]
    card: dict[str, Any] = {
        "card_type": "multiple_interaction",
        "task_id": "choose",
        "main_title": {"title": "转派"},
        "select_list": [{"question_key": "dept", "option_list": options}],
        "submit_button": {"text": "确认", "key": "go"},
        "action_menu": {"desc": "更多", "action_list": [{"text": "取消", "key": "cancel"}]},
    }
    await outside.send("Alice", template_card=card)
    await outside.control(
        "press", userid="Alice", task_id="choose", key="go", selected={"dept": ["b"]}, wait=True
    )
    await outside.control("press", userid="Alice", task_id="choose", key="cancel", menu=True, wait=True)
    chosen, menu = outside.hospital.received
    assert (
        "<SelectedItems><SelectedItem><QuestionKey><![CDATA[dept]]></QuestionKey>"
        "<OptionIds><OptionId><![CDATA[b]]></OptionId></OptionIds></SelectedItem></SelectedItems>"
    ) in chosen.plain
    assert (menu.event["Event"], menu.event["EventKey"]) == ("template_card_menu_event", "cancel")


async def test_a_grey_button_a_foreign_card_and_an_unknown_key_cannot_be_pressed(outside: Outside) -> None:
    code = (await outside.send("Alice", template_card=button_card()))["response_code"]
    foreign = await outside.refused("press", userid="Bob", task_id="task-1", key="sign")
    unknown = await outside.refused("press", userid="Alice", task_id="task-1", key="burn")
    agent = outside.config.wecom_agent_id
    body = {"atall": 1, "agentid": agent, "response_code": code, "button": {"replace_name": "已签收"}}
    await outside.wecom("message/update_template_card", body)
    grey = await outside.refused("press", userid="Alice", task_id="task-1", key="sign")
    assert (foreign[0], unknown[0], grey) == (404, 404, (409, "卡片上的按钮已失效"))
    assert outside.hospital.received == []


async def test_an_unanswered_callback_is_sent_three_times_more_and_then_given_up(outside: Outside) -> None:
    outside.hospital.default = (500, "")
    done = await outside.control("open", userid="Alice", where="app", wait=True)
    meters = (await outside.get("/control/counters"))["counters"]
    assert (done["delivery"]["outcome"], len(outside.hospital.received)) == ("failed", 4)
    assert meters == {"wecom.callback_attempts_failed": 4, "wecom.callback_failed": 1}
    signatures = {got.query["msg_signature"] for got in outside.hospital.received}
    assert ({got.event["Event"] for got in outside.hospital.received}, len(signatures)) == (
        {"enter_agent"},
        4,
    )


async def test_a_redirect_is_no_success_and_the_second_attempt_may_be(outside: Outside) -> None:
    outside.hospital.answers = [(302, ""), (200, "")]
    done = await outside.control("say", userid="Alice", text="在吗", wait=True)
    assert (done["delivery"]["outcome"], done["delivery"]["attempts"]) == ("delivered", 2)


async def test_a_callback_that_hangs_is_cut_off_and_repeated(start: Starter) -> None:
    outside = await start(callback_timeout=0.05, callback_retry_seconds=(0.01,), app_url="http://127.0.0.1:1")
    done = await outside.control("say", userid="Alice", text="在吗", wait=True)
    assert (done["delivery"]["outcome"], done["delivery"]["attempts"], done["delivery"]["status"]) == (
        "failed",
        2,
        0,
    )


async def test_the_same_news_is_replayed_as_often_as_asked(outside: Outside) -> None:
    await outside.send("Alice", template_card=button_card())
    await outside.control("press", userid="Alice", task_id="task-1", key="sign", wait=True)
    replayed = await outside.control("callbacks/replay", times=4)
    for _ in range(200):
        if len(outside.hospital.received) == 5:
            break
        await outside.get("/control/callbacks")
    assert len(replayed["callbacks"]) == 4
    assert len({got.plain for got in outside.hospital.received}) == 1
    assert len(outside.hospital.received) == 5


async def test_held_callbacks_are_delivered_in_the_order_asked_for(outside: Outside) -> None:
    await outside.control("callbacks/hold")
    said = [
        (await outside.control("say", userid="Alice", text=text))["delivery"]["number"]
        for text in ("一", "二", "三")
    ]
    kept = list(outside.hospital.received)
    await outside.control("callbacks/release", order=[said[1], said[0]])
    await outside.control("callbacks/release")
    assert (kept, [got.event["Content"] for got in outside.hospital.received]) == ([], ["二", "一", "三"])


async def test_passive_answers_show_on_the_phone(outside: Outside) -> None:
    await outside.send("Alice", template_card=button_card())
    config = outside.config
    crypto = WeChatCrypto(config.wecom_token, config.wecom_aes_key, config.wecom_corp_id)
    grey = "<xml><MsgType>update_button</MsgType><Button><ReplaceName>已签收</ReplaceName></Button></xml>"
    text = "<xml><MsgType>text</MsgType><Content>请直接发送答复内容</Content></xml>"
    outside.hospital.answers = [
        (200, crypto.encrypt_message(grey, "n1", "1")),
        (200, crypto.encrypt_message(text, "n2", "2")),
    ]
    await outside.control("press", userid="Alice", task_id="task-1", key="sign", wait=True)
    await outside.control("say", userid="Alice", text="答复", wait=True)
    shown = await outside.screen(userid="Alice")
    assert shown[0]["card"]["replace_text"] == "已签收"
    assert [message["text"] for message in shown[1:]] == ["答复", "请直接发送答复内容"]


async def test_the_callback_address_is_checked_by_echo(outside: Outside) -> None:
    good = await outside.control("callbacks/verify")
    outside.hospital.config = outside.config.model_copy(update={"wecom_token": "other"})
    bad = await outside.control("callbacks/verify")
    assert (good["ok"], bad["ok"]) == (True, False)


async def test_talk_in_a_group_without_the_bot_is_heard_by_nobody_outside(outside: Outside) -> None:
    await outside.wecom("appchat/create", {"userlist": ["Alice", "Bob"], "chatid": "g1"})
    said = await outside.control("say", userid="Alice", text="大家好", where="group:g1")
    stranger = await outside.refused("say", userid="Alice", text="大家好", where="group:g2")
    assert (said["heard"], stranger[0], outside.hospital.received) == (False, 404, [])
    assert (await outside.texts(userid="Bob"))[-1] == "大家好"
    assert failure(await outside.gettoken()) == (0, "ok")
