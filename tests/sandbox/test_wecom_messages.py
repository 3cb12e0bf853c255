"""Application messages, files and groups: who gets them, what is swallowed, what is taken back."""

import io

import aiohttp

from tests.sandbox.actors import Outside, button_card, failure
from tests.sandbox.conftest import Starter

PNG = b"\x89PNG\r\n\x1a\n0123456789"


async def test_unknown_receivers_are_named_in_lower_case_while_the_others_get_it(outside: Outside) -> None:
    answer = await outside.send("Alice|Zoe|bob", text={"content": "开会"})
    assert {key: answer[key] for key in ("errcode", "invaliduser", "invalidparty", "unlicenseduser")} == {
        "errcode": 0,
        "invaliduser": "zoe",
        "invalidparty": "",
        "unlicenseduser": "",
    }
    assert [await outside.texts(userid=who) for who in ("Alice", "Bob")] == [["开会"], ["开会"]]


async def test_nobody_known_at_all_is_an_error(outside: Outside) -> None:
    assert failure(await outside.send("Zoe", text={"content": "开会"})) == (
        81013,
        "user & party & tag all invalid",
    )


async def test_bad_contents_are_refused_one_by_one(outside: Outside) -> None:
    answers = [
        await outside.send("Alice", text={"content": " "}),
        await outside.send("Alice", markdown={"content": "长" * 700}),
        await outside.send("Alice", image={"media_id": "none"}),
        await outside.send("Alice", poem={"content": "x"}),
        await outside.wecom("message/send", {"touser": "Alice", "msgtype": "text", "agentid": 7}),
        await outside.wecom("message/send", {"touser": "Alice", "msgtype": "text"}),
    ]
    assert [answer["errcode"] for answer in answers] == [44004, 45002, 40007, 40008, 40056, 40058]
    assert failure(answers[-1])[1] == "invalid Request Parameter: agentid: Field required"
    assert await outside.screen(userid="Alice") == []


async def test_text_beyond_2048_bytes_is_cut_at_a_character(outside: Outside) -> None:
    await outside.send("Alice", text={"content": "长" * 700})
    assert await outside.texts(userid="Alice") == ["长" * 682]


async def test_the_31st_message_of_a_minute_is_swallowed_without_a_word(outside: Outside) -> None:
    answers = [await outside.send("Alice", text={"content": str(number)}) for number in range(31)]
    meters = await outside.get("/control/counters")
    shown = await outside.texts(userid="Alice")
    await outside.control("clock", advance=61)
    await outside.send("Alice", text={"content": "下一分钟"})
    assert {answer["errcode"] for answer in answers} == {0}
    assert shown == [str(number) for number in range(30)]
    assert meters["counters"]["wecom.dropped"] == 1
    assert [drop["whom"] for drop in meters["drops"]] == ["wecom:Alice"]
    assert (await outside.texts(userid="Alice"))[-1] == "下一分钟"


async def test_one_members_limit_takes_nothing_from_another(start: Starter) -> None:
    outside = await start(member_per_minute=1)
    await outside.send("Alice", text={"content": "一"})
    await outside.send("Alice|Bob", text={"content": "二"})
    assert [await outside.texts(userid=who) for who in ("Alice", "Bob")] == [["一"], ["二"]]


async def test_the_same_json_within_the_interval_is_shown_once(outside: Outside) -> None:
    async def send() -> int:
        content = {"text": {"content": "提醒"}, "enable_duplicate_check": 1, "duplicate_check_interval": 600}
        return int((await outside.send("Alice", **content))["errcode"])

    first, second = await send(), await send()
    shown = await outside.texts(userid="Alice")
    await outside.control("clock", advance=601)
    third = await send()
    assert (first, second, third) == (0, 0, 0)
    assert (shown, await outside.texts(userid="Alice")) == (["提醒"], ["提醒", "提醒"])


async def test_a_message_can_be_taken_back_for_a_day(outside: Outside) -> None:
    early = (await outside.send("Alice", text={"content": "错了"}))["msgid"]
    late = (await outside.send("Alice", template_card=button_card()))["msgid"]
    back = await outside.wecom("message/recall", {"msgid": early})
    await outside.control("clock", advance=24 * 3600 + 1)
    outside.token = ""
    too_late = await outside.wecom("message/recall", {"msgid": late})
    assert (failure(back), failure(too_late)) == (
        (0, "ok"),
        (40058, "invalid Request Parameter: msgid: older than 24 hours"),
    )
    assert [message["recalled"] for message in await outside.screen(userid="Alice")] == [True, False]


async def upload(outside: Outside, kind: str, filename: str, data: bytes) -> dict[str, object]:
    """``media/upload``."""
    outside.token = outside.token or (await outside.gettoken())["access_token"]
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("media", io.BytesIO(data), filename=filename)
    url = outside.url("/wecom/cgi-bin/media/upload")
    query = {"access_token": outside.token, "type": kind}
    async with outside.http.post(url, params=query, data=form) as response:
        return dict(await response.json())


async def test_a_picture_goes_up_out_and_comes_back_for_three_days(outside: Outside) -> None:
    up = await upload(outside, "image", "凭证.png", PNG)
    media_id = str(up["media_id"])
    await outside.send("Alice", image={"media_id": media_id})
    url = outside.url("/wecom/cgi-bin/media/get")
    query = {"access_token": outside.token, "media_id": media_id}
    async with outside.http.get(url, params=query) as response:
        assert await response.read() == PNG
    (message,) = await outside.screen(userid="Alice")
    assert (message["kind"], message["filename"], message["picture"]) == ("image", "凭证.png", True)
    await outside.control("clock", advance=3 * 24 * 3600 + 1)
    outside.token = ""
    assert failure(await outside.send("Alice", image={"media_id": media_id}))[0] == 40007


async def test_files_of_a_wrong_kind_or_size_are_refused(outside: Outside) -> None:
    answers = [
        await upload(outside, "image", "a.exe", PNG),
        await upload(outside, "picture", "a.png", PNG),
        await upload(outside, "file", "a.txt", b"abc"),
        await upload(outside, "voice", "a.amr", b"x" * (2 * 1024 * 1024 + 1)),
    ]
    assert [answer["errcode"] for answer in answers] == [40004, 40004, 40006, 40006]


async def test_a_group_is_made_changed_read_and_written_to(outside: Outside) -> None:
    group = {"name": "1024协办", "owner": "Alice", "userlist": ["Alice", "Bob"], "chatid": "ticket1024"}
    made = await outside.wecom("appchat/create", group)
    again = await outside.wecom("appchat/create", group)
    renamed = await outside.wecom("appchat/update", {"chatid": "ticket1024", "name": "1024办结"})
    pushed = await outside.wecom(
        "appchat/send", {"chatid": "ticket1024", "msgtype": "text", "text": {"content": "请协办"}}
    )
    found = await outside.get("/wecom/cgi-bin/appchat/get", access_token=outside.token, chatid="ticket1024")
    assert [answer["errcode"] for answer in (made, again, renamed, pushed)] == [0, 86215, 0, 0]
    assert found["chat_info"] == {
        "chatid": "ticket1024",
        "name": "1024办结",
        "owner": "Alice",
        "userlist": ["Alice", "Bob"],
        "chat_type": 0,
    }
    assert await outside.texts(userid="Bob") == ["群聊已创建：甲测试、乙测试", "群名改为“1024办结”", "请协办"]


async def test_groups_of_one_of_strangers_and_cards_into_groups_are_refused(outside: Outside) -> None:
    one = await outside.wecom("appchat/create", {"userlist": ["Alice"]})
    strangers = await outside.wecom("appchat/create", {"userlist": ["Alice", "Zoe"]})
    bad_id = await outside.wecom("appchat/create", {"userlist": ["Alice", "Bob"], "chatid": "带中文"})
    await outside.wecom("appchat/create", {"userlist": ["Alice", "Bob"], "chatid": "g1"})
    card = await outside.wecom(
        "appchat/send", {"chatid": "g1", "msgtype": "template_card", "template_card": button_card()}
    )
    nowhere = await outside.wecom(
        "appchat/send", {"chatid": "g2", "msgtype": "text", "text": {"content": "在吗"}}
    )
    assert [answer["errcode"] for answer in (one, strangers, bad_id, card, nowhere)] == [
        86216,
        86216,
        86001,
        40008,
        86003,
    ]
