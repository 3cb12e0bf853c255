"""Rooms, members and messages: what is done, and who then sees what."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core import clock, db, events
from core.errors import Forbidden, Invalid, NotFound, Refused
from im import actions, queries
from im.drafts import Draft
from im.events import MessagePosted
from im.views import Member, Message, Quote
from tests.im.conftest import HOUSE, Cast, hire, ids, write

NOON = datetime(2026, 11, 21, 4, tzinfo=UTC)
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02\x00\x00\x00\x90wS\xde"
    b"\x00\x00\x00\x0cIDATx\x9cc\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\x00IEND\xaeB`\x82"
)


async def texts(cast: Cast, by: object = None) -> list[str]:
    """All that this person (Alice by default) reads in the room."""
    page = await queries.since(cast.room, 0, by=by or cast.alice, limit=1000)  # type: ignore[arg-type]
    return [message.text for message in page.messages]


async def test_opening_the_room_of_a_ticket_twice_gives_one_room_with_its_first_members(cast: Cast) -> None:
    again = await actions.open_room("ticket:12", "另一个标题", ids(cast.charlie), by=HOUSE)
    room = await queries.room_of("ticket:12", by=cast.alice)
    assert (again, room.id, room.title) == (cast.room, cast.room, "工单 12")
    assert await queries.members(cast.room, by=cast.alice) == (
        Member(kind="staff", staff_id=cast.alice.id, name="测试甲", joined_seq=0, read_seq=0),
        Member(kind="staff", staff_id=cast.bob.id, name="测试乙", joined_seq=0, read_seq=0),
        Member(kind="bot", staff_id=None, name="回音助手", joined_seq=0, read_seq=0),
    )


async def test_a_room_opened_by_ten_at_once_is_one_room(cast: Cast) -> None:
    opened = await asyncio.gather(
        *(actions.open_room("ticket:13", "工单 13", ids(cast.alice), by=HOUSE) for _ in range(10))
    )
    assert len(set(opened)) == 1
    assert await db.fetchval("select last_seq from room where subject = 'ticket:13'") == 1


async def test_a_room_with_an_unknown_member_is_not_opened_at_all(cast: Cast) -> None:
    with pytest.raises(NotFound, match="没有编号为 9999 的职工"):
        await actions.open_room("ticket:14", "工单 14", [9999], by=HOUSE)
    assert await queries.room_if_any("ticket:14", by=HOUSE) is None


async def test_a_message_is_a_numbered_row_before_it_is_acknowledged_and_is_announced(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hear(_: MessagePosted) -> None:
        """Somebody who reacts, so that the announcement leaves a row."""

    client_id = uuid4()
    monkeypatch.setattr(events, "REACTIONS", {MessagePosted: [events.Reaction("tests:hear", hear)]})
    with clock.frozen(NOON):
        posted = await actions.post(
            cast.room,
            Draft(client_id=client_id, text=" 请看一下 @测试乙 ", mentions=tuple(ids(cast.bob)), reply_to=1),
            by=cast.alice,
        )
    rows = await db.fetch("select event, payload from outbox where event = 'MessagePosted'")

    assert posted == Message(
        room_id=cast.room,
        seq=2,
        client_id=client_id,
        kind="text",
        author_kind="staff",
        author_id=cast.alice.id,
        author="测试甲",
        text="请看一下 @测试乙",
        mentions=tuple(ids(cast.bob)),
        quote=Quote(seq=1, author="系统", text="测试甲、测试乙 加入了群聊"),
        at=NOON,
    )
    assert await queries.message(cast.room, 2, by=cast.bob) == posted
    assert [(row["event"], row["payload"]) for row in rows] == [
        ("MessagePosted", f'{{"seq": 2, "room_id": {cast.room}}}')
    ]


async def test_the_same_client_id_gives_the_same_message_also_at_once_and_after_closing(cast: Cast) -> None:
    client_id = uuid4()
    first = await write(cast.room, cast.alice, "只此一条", client_id)
    again = await asyncio.gather(*(write(cast.room, cast.alice, "只此一条", client_id) for _ in range(8)))
    await actions.close_room("ticket:12", by=HOUSE)
    assert [*again, await write(cast.room, cast.alice, "改了字也还是那条", client_id)] == [first] * 9
    assert (await write_as_bob_fails(cast)) == "群聊已关闭，只能查看"
    assert await texts(cast) == ["测试甲、测试乙 加入了群聊", "只此一条", "群聊已关闭，历史消息可继续查看"]


async def write_as_bob_fails(cast: Cast) -> str:
    with pytest.raises(Refused) as refused:
        await write(cast.room, cast.bob, "还能说吗")
    return refused.value.message


async def test_the_same_client_id_of_two_people_is_two_messages(cast: Cast) -> None:
    client_id = uuid4()
    await write(cast.room, cast.alice, "甲的", client_id)
    await write(cast.room, cast.bob, "乙的", client_id)
    assert (await texts(cast))[1:] == ["甲的", "乙的"]


async def test_numbers_have_no_gaps_when_many_write_and_some_are_refused(cast: Cast) -> None:
    async def attempt(at: int) -> None:
        mentions = tuple(ids(cast.charlie)) if at % 3 == 0 else ()
        who = cast.alice if at % 2 else cast.bob
        try:
            await actions.post(cast.room, Draft(client_id=uuid4(), text=str(at), mentions=mentions), by=who)
        except Invalid:
            return

    await asyncio.gather(*(attempt(at) for at in range(30)))
    page = await queries.since(cast.room, 0, by=cast.alice)
    assert [message.seq for message in page.messages] == list(range(1, 22))


async def test_a_closed_room_can_be_read_and_when_reopened_written_to_again(cast: Cast) -> None:
    await write(cast.room, cast.alice, "关闭之前")
    for _ in range(2):
        await actions.close_room("ticket:12", by=HOUSE)
    await actions.say("ticket:12", "工单已归档", key="archived", as_bot=False)
    for _ in range(2):
        await actions.reopen("ticket:12", by=HOUSE)
    await write(cast.room, cast.bob, "重办之后")
    assert (await texts(cast))[1:] == [
        "关闭之前",
        "群聊已关闭，历史消息可继续查看",
        "工单已归档",
        "群聊已重新开放",
        "重办之后",
    ]


async def test_who_left_sees_the_history_up_to_their_leaving_and_nothing_after(cast: Cast) -> None:
    await write(cast.room, cast.alice, "他在时")
    await actions.follow("ticket:12", ids(cast.alice, cast.charlie), by=HOUSE, exactly=True)
    after = await write(cast.room, cast.alice, "他走后")

    seen = ["测试甲、测试乙 加入了群聊", "他在时", "测试乙 离开了群聊"]
    assert await texts(cast) == [*seen, "测试丙 加入了群聊", "他走后"]
    assert await texts(cast, cast.bob) == seen
    assert [message.text for message in (await queries.before(cast.room, None, by=cast.bob)).messages] == seen
    assert await queries.members(cast.room, by=cast.bob) == ()
    assert await queries.rooms(by=cast.bob) == []
    assert (await queries.room(cast.room, by=cast.bob)).writable is False
    with pytest.raises(NotFound):
        await queries.message(cast.room, after.seq, by=cast.bob)
    with pytest.raises(Refused, match="您已不在群聊中，只能查看离开前的消息"):
        await write(cast.room, cast.bob, "我还能说吗")


async def test_who_is_taken_back_sees_all_that_was_said_meanwhile_and_none_of_it_is_unread(
    cast: Cast,
) -> None:
    await actions.leave(cast.room, by=cast.bob)
    await actions.leave(cast.room, by=cast.bob)
    await write(cast.room, cast.alice, "没有他的时候")
    await actions.follow("ticket:12", ids(cast.bob), by=HOUSE)
    assert await texts(cast, cast.bob) == [
        "测试甲、测试乙 加入了群聊",
        "测试乙 退出了群聊",
        "没有他的时候",
        "测试乙 加入了群聊",
    ]
    assert await queries.waiting(by=cast.bob) == (0, 0)


async def test_following_twice_says_it_once(cast: Cast) -> None:
    for _ in range(2):
        await actions.follow("ticket:12", ids(cast.alice, cast.bob, cast.charlie), by=HOUSE, exactly=True)
    assert await texts(cast) == ["测试甲、测试乙 加入了群聊", "测试丙 加入了群聊"]


async def test_for_a_stranger_there_is_no_such_room_and_the_house_sees_it(cast: Cast) -> None:
    kept = await write(cast.room, cast.alice, "只给群里的人看")
    stranger = cast.charlie
    for attempt in (
        queries.room(cast.room, by=stranger),
        queries.room_of("ticket:12", by=stranger),
        queries.since(cast.room, 0, by=stranger),
        queries.before(cast.room, None, by=stranger),
        queries.message(cast.room, kept.seq, by=stranger),
        queries.members(cast.room, by=stranger),
        queries.file(cast.room, uuid4(), by=stranger),
        actions.mark_read(cast.room, 1, by=stranger),
        actions.leave(cast.room, by=stranger),
        actions.recall(cast.room, kept.seq, by=stranger),
        actions.bring_file(cast.room, "图.png", PNG, by=stranger),
        write(cast.room, stranger, "让我看看"),
    ):
        with pytest.raises(NotFound, match="没有找到，或您无权查看"):
            await attempt
    assert await queries.rooms(by=stranger) == []
    assert (await queries.message(cast.room, kept.seq, by=HOUSE)) == kept


async def test_unread_counts_leave_out_ones_own_notices_and_what_was_recalled(cast: Cast) -> None:
    await write(cast.room, cast.alice, "第一条")
    await actions.post(
        cast.room,
        Draft(client_id=uuid4(), text="@测试乙 第二条", mentions=tuple(ids(cast.bob))),
        by=cast.alice,
    )
    wrong = await write(cast.room, cast.alice, "写错了")
    await actions.recall(cast.room, wrong.seq, by=cast.alice)
    await actions.say(cast.room, "工单将于明日到期", key="due", mentions=ids(cast.bob))
    await write(cast.room, cast.bob, "我自己说的")

    (line,) = await queries.rooms(by=cast.bob)
    assert (line.unread, line.mentions, line.last) == (3, 2, "测试乙：我自己说的")
    assert await queries.waiting(by=cast.bob) == (3, 2)

    await actions.mark_read(cast.room, 3, by=cast.bob)
    assert await queries.waiting(by=cast.bob) == (1, 1)
    await actions.mark_read(cast.room, 2, by=cast.bob)  # a late mark never goes back
    await actions.mark_read(cast.room, 10**9, by=cast.bob)  # nor past the end
    assert await queries.waiting(by=cast.bob) == (0, 0)
    marks = {member.name: member.read_seq for member in await queries.members(cast.room, by=cast.alice)}
    assert marks == {"测试甲": 0, "测试乙": 7, "回音助手": 0}


async def test_rooms_are_listed_with_the_last_spoken_in_first_and_closed_ones_apart(cast: Cast) -> None:
    other = await actions.open_room("ticket:13", "工单 13", ids(cast.alice), by=HOUSE)
    await write(cast.room, cast.alice, "后说的")
    assert [line.id for line in await queries.rooms(by=cast.alice)] == [cast.room, other]
    await actions.close_room("ticket:12", by=HOUSE)
    assert [line.id for line in await queries.rooms(by=cast.alice)] == [other]
    assert [line.id for line in await queries.rooms(by=cast.alice, closed=True)] == [cast.room]


async def test_a_recalled_message_keeps_its_place_and_loses_its_words_everywhere(cast: Cast) -> None:
    wrong = await write(cast.room, cast.alice, "不该说的话")
    await actions.post(cast.room, Draft(client_id=uuid4(), text="回复", reply_to=wrong.seq), by=cast.bob)
    with pytest.raises(Forbidden, match="只能撤回自己的消息"):
        await actions.recall(cast.room, wrong.seq, by=cast.bob)
    for _ in range(2):
        await actions.recall(cast.room, wrong.seq, by=cast.alice)

    page = await queries.since(cast.room, 1, by=cast.bob)
    assert [(one.kind.value, one.text, one.recalled, one.recalls) for one in page.messages] == [
        ("text", "", True, None),
        ("text", "回复", False, None),
        ("recall", "测试甲 撤回了一条消息", False, wrong.seq),
    ]
    assert page.messages[1].quote == Quote(seq=wrong.seq, author="测试甲", text="")
    assert await db.fetchval("select text from room_message where seq = $1", wrong.seq) == "不该说的话"


async def test_a_message_can_be_recalled_for_two_minutes(cast: Cast) -> None:
    with clock.frozen(NOON):
        said = await write(cast.room, cast.alice, "两分钟")
        late = await write(cast.room, cast.alice, "两分钟零一秒")
    with clock.frozen(NOON + timedelta(minutes=2)):
        await actions.recall(cast.room, said.seq, by=cast.alice)
    with clock.frozen(NOON + timedelta(minutes=2, seconds=1)), pytest.raises(Refused, match="超过 2 分钟"):
        await actions.recall(cast.room, late.seq, by=cast.alice)


async def test_the_bot_says_a_line_of_one_key_once_in_each_room(cast: Cast) -> None:
    other = await actions.open_room("ticket:13", "工单 13", ids(cast.alice), by=HOUSE)
    said = [await actions.say(room, "工单已签收", key="signed") for room in ("ticket:12", cast.room, other)]
    assert [(line.room_id, line.seq, line.author, line.author_kind.value) for line in said] == [
        (cast.room, 2, "回音助手", "bot"),
        (cast.room, 2, "回音助手", "bot"),
        (other, 2, "回音助手", "bot"),
    ]
    with pytest.raises(NotFound, match="没有这个群聊"):
        await actions.say("ticket:404", "喂", key="x")


async def test_twenty_messages_in_ten_seconds_are_enough(cast: Cast) -> None:
    with clock.frozen(NOON):
        for number in range(20):
            await write(cast.room, cast.alice, str(number))
        with pytest.raises(Refused, match="发送太快了，请稍等几秒再发"):
            await write(cast.room, cast.alice, "第二十一条")
        await write(cast.room, cast.bob, "别人照常")
    with clock.frozen(NOON + timedelta(seconds=10)):
        await write(cast.room, cast.alice, "歇一会再说")
    assert (await texts(cast))[-2:] == ["别人照常", "歇一会再说"]


async def test_a_file_is_posted_only_where_and_by_whom_it_was_brought(cast: Cast, files: None) -> None:
    other = await actions.open_room("ticket:13", "工单 13", ids(cast.alice, cast.bob), by=HOUSE)
    file = await actions.bring_file(cast.room, "现场照片.png", PNG, by=cast.alice)
    for room, who in ((other, cast.alice), (cast.room, cast.bob)):
        with pytest.raises(Invalid) as refused:
            await actions.post(room, Draft(client_id=uuid4(), file_id=file.id), by=who)
        assert refused.value.message == "文件：请先上传到本群聊"
    with pytest.raises(NotFound):  # brought, but not shown to anybody yet
        await queries.file(cast.room, file.id, by=cast.bob)

    posted = await actions.post(
        cast.room, Draft(client_id=uuid4(), file_id=file.id, text="走廊"), by=cast.alice
    )
    assert (posted.kind.value, posted.file, posted.text) == ("file", file, "走廊")
    assert (await queries.file(cast.room, file.id, by=cast.bob)).sha256 != ""
    assert [line.last for line in await queries.rooms(by=cast.bob)] == [
        "测试甲：[图片] 走廊",
        "测试甲、测试乙 加入了群聊",
    ]
    with pytest.raises(NotFound):  # the other room does not show it
        await queries.file(other, file.id, by=cast.bob)


async def test_the_file_of_a_recalled_message_is_no_longer_shown(cast: Cast, files: None) -> None:
    file = await actions.bring_file(cast.room, "发错了.png", PNG, by=cast.alice)
    posted = await actions.post(cast.room, Draft(client_id=uuid4(), file_id=file.id), by=cast.alice)
    assert (await queries.file(cast.room, file.id, by=cast.bob)).name == "发错了.png"
    await actions.recall(cast.room, posted.seq, by=cast.alice)
    for who in (cast.alice, cast.bob):
        with pytest.raises(NotFound):
            await queries.file(cast.room, file.id, by=who)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("病毒.exe", b"MZ....", "不是可以上传的文件类型"),
        ("假图片.png", b"%PDF-1.7", "的内容与扩展名不符"),
        ("空.png", b"", "是空文件"),
        ("坏.png", PNG[:20], "不是完好的图片"),
    ],
)
async def test_a_bad_file_is_refused_with_its_reason(
    cast: Cast, files: None, name: str, data: bytes, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        await actions.bring_file(cast.room, name, data, by=cast.alice)
    assert await db.fetchval("select count(*) from room_file") == 0


async def test_changes_of_rooms_and_members_are_audited(cast: Cast) -> None:
    newcomer = await hire("d", "测试丁")
    await actions.follow("ticket:12", ids(cast.alice, newcomer), by=HOUSE, exactly=True)
    said = await write(cast.room, cast.alice, "错")
    await actions.recall(cast.room, said.seq, by=cast.alice)
    await actions.close_room("ticket:12", by=HOUSE)
    await actions.reopen("ticket:12", by=HOUSE)
    rows = await db.fetch("select action, actor_name from audit where subject = 'room' order by id")
    assert [(row["action"], row["actor_name"]) for row in rows] == [
        ("room.open", "系统"),
        ("room.join", "系统"),
        ("room.leave", "系统"),
        ("room.join", "系统"),
        ("room.recall", "测试甲"),
        ("room.close", "系统"),
        ("room.reopen", "系统"),
    ]


async def test_a_message_and_its_announcement_are_undone_together(cast: Cast) -> None:
    async def write_and_fail() -> None:
        async with db.transaction():
            await write(cast.room, cast.alice, "写了又没写")
            raise Refused("后面的步骤没有成功")

    with pytest.raises(Refused, match="后面的步骤没有成功"):
        await write_and_fail()
    again = await write(cast.room, cast.alice, "这次写了")
    assert (again.seq, (await texts(cast))[1:]) == (2, ["这次写了"])
