"""The application's API against the sandbox: media, groups, log-in, cards and their codes."""

from urllib.parse import parse_qs, urlsplit

import pytest

from integrations import wechat, wecom
from integrations.http import CallFailed, Json, Kind
from integrations.wecom import Group, Media, Member
from tests.integrations.outside import OPENID, OTHER, USERID, Outside


def card(task_id: str) -> Json:
    """A small card with one button."""
    return {
        "card_type": "button_interaction",
        "task_id": task_id,
        "main_title": {"title": "新工单"},
        "button_list": [{"text": "签收", "key": "sign", "style": 1}],
    }


async def test_a_file_goes_up_and_comes_down_unchanged(outside: Outside) -> None:
    media_id = await wecom.upload_media(
        "file", "情况说明.docx", "application/octet-stream", b"PK\x03\x04" * 1000
    )
    assert await wecom.download_media(media_id) == Media(
        filename="情况说明.docx",
        mime="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        data=b"PK\x03\x04" * 1000,
    )
    await wecom.send_file(USERID, media_id)
    assert [message["filename"] for message in await outside.phone(userid=USERID)] == ["情况说明.docx"]


async def test_a_media_id_that_is_gone_is_a_failure_and_not_a_file(outside: Outside) -> None:
    with pytest.raises(CallFailed) as caught:
        await wecom.download_media("media_none")
    assert caught.value.code == "40007"


async def test_a_group_is_made_changed_and_spoken_to(outside: Outside) -> None:
    chatid = await wecom.appchat_create("t12", "工单 12", USERID, [USERID, OTHER])
    await wecom.appchat_update(chatid, name="工单 12 协调群")
    await wecom.appchat_send(chatid, "请各位查看")
    assert await wecom.appchat_get(chatid) == Group(
        chatid="t12", name="工单 12 协调群", owner=USERID, userlist=(USERID, OTHER)
    )
    assert [m["text"] for m in await outside.phone(conversation="group:t12")] == ["请各位查看"]


async def test_a_code_updates_a_card_once(outside: Outside) -> None:
    sent = await wecom.send_card(USERID, card("c-1"))
    await wecom.update_card([USERID], sent.response_code, words="已签收")
    (message,) = await outside.phone(userid=USERID)
    assert message["card"]["replace_text"] == "已签收"
    with pytest.raises(CallFailed) as caught:
        await wecom.update_card([USERID], sent.response_code, words="再次")
    assert (caught.value.code, caught.value.kind) == ("40058", Kind.PERMANENT)


async def test_a_message_is_taken_back(outside: Outside) -> None:
    sent = await wecom.send_text(USERID, "发错了")
    await wecom.recall(sent.msgid)
    (message,) = await outside.phone(userid=USERID)
    assert message["recalled"]


async def test_text_beyond_2048_bytes_is_cut_at_a_character(outside: Outside) -> None:
    await wecom.send_text(USERID, "长" * 1000)
    (message,) = await outside.phone(userid=USERID)
    assert message["text"] == "长" * 681 + "…"


async def test_a_member_logs_in_by_the_link(outside: Outside) -> None:
    link = wecom.oauth_url("http://127.0.0.1:8000/login/wecom", "s1").removesuffix("#wechat_redirect")
    async with outside.http.get(f"{link}&as={USERID}", allow_redirects=False) as response:
        back = parse_qs(urlsplit(response.headers["Location"]).query)
    assert back["state"] == ["s1"]
    assert await wecom.userid_of_code(back["code"][0]) == USERID
    with pytest.raises(CallFailed) as caught:
        await wecom.userid_of_code(back["code"][0])
    assert caught.value.code == "40029"


async def test_a_follower_logs_in_by_the_link_and_scans_a_code(outside: Outside) -> None:
    link = wechat.oauth_url("http://127.0.0.1:8000/p/", "s2").removesuffix("#wechat_redirect")
    async with outside.http.get(f"{link}&as={OPENID}", allow_redirects=False) as response:
        code = parse_qs(urlsplit(response.headers["Location"]).query)["code"][0]
    assert await wechat.openid_of_code(code) == OPENID
    assert (await wechat.qrcode("bed-12", seconds=600)).expire_seconds == 600


async def test_a_member_is_read_from_the_address_book(outside: Outside) -> None:
    member = await wecom.user_get(OTHER)
    assert member == Member(
        userid=OTHER, name="测试乙", position="科主任", status=1, department=member.department
    )
