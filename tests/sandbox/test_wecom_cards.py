"""The rules of template cards, one refusal each, and what may follow from a card that was sent."""

from typing import Any

import pytest

from tests.sandbox.actors import Outside, button_card, failure

OPTION = {"id": "1", "text": "一"}


def rows(number: int) -> list[dict[str, str]]:
    """That many key-value rows."""
    return [{"keyname": f"项{index}", "value": "值"} for index in range(number)]


def buttons(number: int) -> list[dict[str, str]]:
    """That many buttons with keys of their own."""
    return [{"text": "好", "key": f"k{index}"} for index in range(number)]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"task_id": ""}, "template_card.task_id"),
        ({"task_id": "带中文"}, "template_card.task_id"),
        ({"task_id": "x" * 129}, "template_card.task_id"),
        ({"button_list": []}, "template_card.button_list"),
        ({"button_list": buttons(7)}, "template_card.button_list"),
        ({"button_list": [{"text": "好"}]}, "template_card.button_list.0"),
        ({"button_list": buttons(1) * 2}, "template_card.button_list"),
        ({"button_list": [{"text": "好", "key": "k", "style": 5}]}, "template_card.button_list.0.style"),
        ({"horizontal_content_list": rows(7)}, "template_card.horizontal_content_list"),
        ({"jump_list": [{"type": 1, "title": "去"}]}, "template_card.jump_list.0"),
        ({"jump_list": [{"title": "去"}] * 4}, "template_card.jump_list"),
        ({"main_title": {"title": ""}}, "template_card.main_title.title"),
        ({"card_type": "poster"}, "template_card.card_type"),
        ({"card_type": "text_notice"}, "template_card.card_action"),
        (
            {"card_type": "vote_interaction", "checkbox": {"question_key": "q", "option_list": [OPTION]}},
            "template_card.submit_button",
        ),
        (
            {
                "card_type": "vote_interaction",
                "checkbox": {"question_key": "q", "option_list": [OPTION] * 21},
            },
            "template_card.checkbox.option_list",
        ),
        (
            {
                "card_type": "multiple_interaction",
                "select_list": [{"question_key": "q", "option_list": [OPTION] * 11}],
            },
            "template_card.select_list.0.option_list",
        ),
        (
            {
                "card_type": "multiple_interaction",
                "select_list": [{"question_key": "q", "option_list": [OPTION]}] * 4,
            },
            "template_card.select_list",
        ),
        (
            {
                "card_type": "text_notice",
                "card_action": {"type": 1, "url": "http://127.0.0.1/"},
                "task_id": "",
                "action_menu": {"action_list": [{"text": "停", "key": "stop"}]},
            },
            "template_card.task_id",
        ),
    ],
)
async def test_a_card_against_the_rules_is_refused_by_the_name_of_its_field(
    outside: Outside, changes: dict[str, Any], field: str
) -> None:
    code, message = failure(await outside.send("Alice", template_card=button_card(**changes)))
    assert (code, message.split(": ")[1], await outside.screen(userid="Alice")) == (40058, field, [])


async def test_all_five_kinds_arrive_and_only_those_that_can_change_bring_a_code(outside: Outside) -> None:
    action = {"type": 1, "url": "http://127.0.0.1/"}
    title = {"title": "标题"}
    submit = {"text": "提交", "key": "go"}
    cards = [
        {"card_type": "text_notice", "main_title": title, "card_action": action},
        {
            "card_type": "text_notice",
            "main_title": title,
            "card_action": action,
            "task_id": "with-menu",
            "action_menu": {"desc": "更多", "action_list": [{"text": "不再提醒", "key": "mute"}]},
        },
        {
            "card_type": "news_notice",
            "main_title": title,
            "card_action": action,
            "card_image": {"url": "http://127.0.0.1/a.png"},
        },
        button_card("b", button_list=buttons(6), horizontal_content_list=rows(6)),
        {
            "card_type": "vote_interaction",
            "main_title": title,
            "task_id": "v",
            "checkbox": {"question_key": "q", "mode": 1, "option_list": [OPTION]},
            "submit_button": submit,
        },
        {
            "card_type": "multiple_interaction",
            "main_title": title,
            "task_id": "m",
            "select_list": [{"question_key": "q", "title": "科室", "option_list": [OPTION]}],
            "submit_button": submit,
        },
    ]
    answers = [await outside.send("Alice", template_card=card) for card in cards]
    assert [failure(answer) for answer in answers] == [(0, "ok")] * 6
    assert [bool(answer.get("response_code")) for answer in answers] == [False, True, False, True, True, True]
    shown = [message["card"]["card_type"] for message in await outside.screen(userid="Alice")]
    assert shown == [card["card_type"] for card in cards]


async def test_a_task_id_serves_once_per_application(outside: Outside) -> None:
    await outside.send("Alice", template_card=button_card("same"))
    again = await outside.send("Bob", template_card=button_card("same"))
    assert failure(again) == (40058, "invalid Request Parameter: template_card.task_id: used before")


async def update(outside: Outside, code: str, **changes: Any) -> dict[str, Any]:
    """``update_template_card`` of Alice's card with grey words, unless told otherwise."""
    agent = outside.config.wecom_agent_id
    body = {"userids": ["Alice"], "agentid": agent, "response_code": code, **changes}
    return await outside.wecom("message/update_template_card", body)


async def test_a_response_code_updates_once_and_only_those_named(outside: Outside) -> None:
    code = (await outside.send("Alice|Bob", template_card=button_card()))["response_code"]
    grey = {"button": {"replace_name": "甲测试已签收"}}
    first = await update(outside, code, userids=["alice", "Zoe"], **grey)
    second = await update(outside, code, **grey)
    looks = [(await outside.screen(userid=who))[0]["card"]["replace_text"] for who in ("Alice", "Bob")]
    assert first == {"errcode": 0, "errmsg": "ok", "invaliduser": ["Zoe"]}
    assert failure(second) == (40058, "invalid Request Parameter: response_code: used before")
    assert looks == ["甲测试已签收", ""]


async def test_a_response_code_dies_after_72_hours(outside: Outside) -> None:
    code = (await outside.send("Alice", template_card=button_card()))["response_code"]
    await outside.control("clock", advance=72 * 3600)
    outside.token = ""
    late = await update(outside, code, button={"replace_name": "晚了"})
    assert failure(late) == (40058, "invalid Request Parameter: response_code: expired")


async def test_a_whole_new_card_reaches_every_holder_with_atall_and_keeps_its_task(outside: Outside) -> None:
    code = (await outside.send("Alice|Bob", template_card=button_card()))["response_code"]
    new = button_card("", main_title={"title": "工单 1024 已转派"})
    answer = await update(outside, code, userids=[], atall=1, template_card=new)
    looks = [(await outside.screen(userid=who))[0]["card"] for who in ("Alice", "Bob")]
    assert failure(answer) == (0, "ok")
    assert [(look["main_title"]["title"], look["task_id"]) for look in looks] == [
        ("工单 1024 已转派", "task-1")
    ] * 2


async def test_a_refused_update_leaves_the_code_good(outside: Outside) -> None:
    code = (await outside.send("Alice", template_card=button_card()))["response_code"]
    bad = await update(outside, code, template_card=button_card("", button_list=buttons(7)))
    both = await update(outside, code, template_card=button_card(""), button={"replace_name": "两个"})
    good = await update(outside, code, button={"replace_name": "已办"})
    assert [answer["errcode"] for answer in (bad, both, good)] == [40058, 40058, 0]
