"""The Socket.IO door, with a real PostgreSQL, a real Redis and, where it matters, several real processes."""

import asyncio
import json
from uuid import uuid4

import pytest
import redis
from socketio.exceptions import ConnectionError as NotConnected

from core import db
from im import actions, live, queries
from staff import sessions
from tests.im.conftest import HOUSE, Cast, ids, write
from tests.im.remote import Client, cookie_of, here, process
from tests.im.timeline import applied


async def fresh(cast: Cast) -> list[dict[str, object]]:
    page = await queries.since(cast.room, 0, by=cast.alice, limit=10_000)
    return [message.wire() for message in page.messages]


async def test_who_is_signed_in_joins_their_room_and_who_is_not_signed_in_is_sent_away(
    cast: Cast, redis_url: str
) -> None:
    await write(cast.room, cast.alice, "今天能回复吗")
    async with here() as address:
        async with Client(address, await cookie_of(cast.bob)) as bob:
            joined = await bob.ask("join", {"room": cast.room, "since": None})
        with pytest.raises(NotConnected):
            await Client(address, "").__aenter__()
        with pytest.raises(NotConnected):
            await Client(address, f"{sessions.COOKIE}=forged").__aenter__()

    assert joined == {
        "me": cast.bob.id,
        "room": {
            "id": cast.room,
            "subject": "ticket:12",
            "title": "工单 12",
            "last_seq": 2,
            "closed": False,
            "member": True,
            "until": None,
            "role": "member",
            "hushed": False,
            "silenced": False,
            "moderates": False,
            "sealed": False,
            "writable": True,
        },
        "state": {
            "version": 1,
            "title": "工单 12",
            "closed": False,
            "hushed": False,
            "announcement": None,
            "pins": [],
        },
        "may": ["leave", "pin"],
        "mine": {"quiet": False, "pinned": False},
        "seen": [],
        "mirror": "",
        "online": [cast.bob.id],
        "messages": await fresh(cast),
        "more": False,
        "members": [member.wire() for member in await queries.members(cast.room, by=cast.alice)],
    }
    assert [message["text"] for message in joined["messages"]] == [
        "测试甲、测试乙 加入了群聊",
        "今天能回复吗",
    ]


async def test_a_page_of_another_site_cannot_connect_with_our_cookie(cast: Cast, redis_url: str) -> None:
    cookie = await cookie_of(cast.alice)
    async with here() as address:
        with pytest.raises(NotConnected):
            await Client(address, cookie, origin="https://other.example").__aenter__()
        async with Client(address, cookie, origin=address) as alice:
            assert (await alice.say(cast.room, "从自己的页面"))["message"]["text"] == "从自己的页面"


async def test_two_processes_and_ten_hurried_people_end_with_the_same_ordered_list(
    cast: Cast, redis_url: str
) -> None:
    async with process() as one, process() as two:
        alices = [Client(one if at % 2 else two, await cookie_of(cast.alice)) for at in range(5)]
        bobs = [Client(two if at % 2 else one, await cookie_of(cast.bob)) for at in range(5)]
        clients = [*alices, *bobs]
        for client in clients:
            await client.__aenter__()
        said = await asyncio.gather(
            *(client.say(cast.room, f"{at}-{turn}") for turn in range(3) for at, client in enumerate(clients))
        )
        seqs = [answer["message"]["seq"] for answer in said]
        assert sorted(seqs) == list(range(2, 32))
        healed = [await client.settle(cast.room, seqs) for client in clients]
        lists = [
            applied([], [*client.messages, *more], start=1)
            for client, more in zip(clients, healed, strict=True)
        ]
        for client in clients:
            await client.__aexit__(None, None, None)

    assert lists == [(await fresh(cast))[1:]] * 10


async def test_a_message_sent_four_times_by_a_weak_network_is_one_message(cast: Cast, redis_url: str) -> None:
    client_id = str(uuid4())
    async with (
        process() as one,
        process() as two,
        Client(one, await cookie_of(cast.alice)) as phone,
        Client(two, await cookie_of(cast.alice)) as desk,
    ):
        answers = await asyncio.gather(
            *(client.say(cast.room, "只此一条", client_id) for client in (phone, desk, phone, desk))
        )
    assert [answer["message"] for answer in answers] == [(await fresh(cast))[-1]] * 4
    assert [message["text"] for message in await fresh(cast)] == ["测试甲、测试乙 加入了群聊", "只此一条"]


async def test_who_was_away_catches_up_page_by_page(cast: Cast, redis_url: str) -> None:
    for number in range(130):
        await actions.say(cast.room, f"第 {number} 行", key=str(number))
    async with here() as address, Client(address, await cookie_of(cast.bob)) as bob:
        missed = await bob.catch_up(cast.room, since=7)
        latest = await bob.ask("join", {"room": cast.room, "since": None})
    assert missed == (await fresh(cast))[7:]
    assert (latest["messages"], latest["more"]) == ((await fresh(cast))[-50:], True)


async def test_a_client_whose_network_broke_comes_back_and_catches_up_what_was_said_meanwhile(
    cast: Cast, redis_url: str
) -> None:
    async with (
        process() as one,
        process() as two,
        Client(one, await cookie_of(cast.alice)) as alice,
        Client(two, await cookie_of(cast.bob)) as bob,
    ):
        gone, back = asyncio.Event(), asyncio.Event()
        bob.sio.on("disconnect", lambda *_: gone.set())
        bob.sio.on("connect", back.set)
        await alice.say(cast.room, "断线之前")
        await bob.until([2])
        await bob.sio.eio.ws.close()
        await asyncio.wait_for(gone.wait(), 10)
        unheard = await alice.say(cast.room, "断线之时")
        await asyncio.wait_for(back.wait(), 10)
        await alice.say(cast.room, "回来之后")
        await bob.until([4])
        caught = await bob.catch_up(cast.room, since=2)
    assert unheard["message"] not in bob.messages
    assert applied(caught, bob.messages, start=2) == (await fresh(cast))[2:]
    assert [message["text"] for message in caught] == ["断线之时", "回来之后"]


async def test_when_redis_is_flushed_or_its_connections_are_cut_nothing_is_lost(
    cast: Cast, redis_url: str
) -> None:
    server = redis.Redis.from_url(redis_url)
    async with (
        process() as one,
        process() as two,
        Client(one, await cookie_of(cast.alice)) as alice,
        Client(two, await cookie_of(cast.bob)) as bob,
    ):
        await alice.say(cast.room, "清空之前")
        await bob.until([2])
        server.flushall()
        await alice.say(cast.room, "清空之后")
        await bob.until([2, 3])
        server.client_kill_filter(_type="pubsub")
        unheard = await alice.say(cast.room, "频道断开之时")
        healed = await bob.catch_up(cast.room, since=3)
    server.close()
    assert healed == [unheard["message"]]
    assert [message["text"] for message in await fresh(cast)][1:] == ["清空之前", "清空之后", "频道断开之时"]


async def test_what_is_told_applied_to_an_old_list_equals_a_fresh_fetch(cast: Cast, redis_url: str) -> None:
    await write(cast.room, cast.alice, "旧消息")
    async with (
        process() as address,
        Client(address, await cookie_of(cast.alice)) as alice,
        Client(address, await cookie_of(cast.bob)) as bob,
    ):
        old = (await bob.ask("join", {"room": cast.room, "since": None}))["messages"]
        await alice.say(cast.room, "写错了", mentions=[cast.bob.id])
        await alice.say(cast.room, "更正", reply_to=3)
        await bob.say(cast.room, "收到", reply_to=2)
        assert await alice.ask("recall", {"room": cast.room, "seq": 3}) == {"ok": True}
        live.open_live(redis_url)
        await actions.say("ticket:12", "工单已签收", key="signed", mentions=ids(cast.alice))
        await actions.follow("ticket:12", ids(cast.alice, cast.bob, cast.charlie), by=HOUSE)
        await actions.close_room("ticket:12", by=HOUSE)
        await live.close_live()
        await bob.until(range(3, 10))
        told = list(bob.messages)
    assert applied(old, told, start=0) == await fresh(cast)
    assert applied(old, told[::-1] + told, start=0) == await fresh(cast)  # late, and twice
    assert [message["text"] for message in told] == [
        "写错了",
        "更正",
        "收到",
        "测试甲 撤回了一条消息",
        "工单已签收",
        "测试丙 加入了群聊",
        "群聊已关闭，历史消息可继续查看",
    ]


async def test_read_marks_are_told_to_the_others(cast: Cast, redis_url: str) -> None:
    async with (
        here() as address,
        Client(address, await cookie_of(cast.alice)) as alice,
        Client(address, await cookie_of(cast.bob)) as bob,
    ):
        await alice.say(cast.room, "请看")
        assert await bob.ask("read", {"room": cast.room, "seq": 2}) == {"ok": True}
        assert await alice.until_heard("read") == {"room": cast.room, "marks": [[cast.bob.id, 2]]}
        members = (await alice.ask("join", {"room": cast.room, "since": 2}))["members"]
    assert {member["name"]: member["read_seq"] for member in members} == {
        "测试甲": 0,
        "测试乙": 2,
        "回音助手": 0,
    }


async def test_who_left_is_told_so_and_hears_nothing_that_is_said_afterwards(
    cast: Cast, redis_url: str
) -> None:
    live.open_live(redis_url)
    async with (
        process() as address,
        Client(address, await cookie_of(cast.alice)) as alice,
        Client(address, await cookie_of(cast.bob)) as bob,
    ):
        await alice.say(cast.room, "他还在")
        await bob.until([2])
        await actions.follow("ticket:12", ids(cast.alice), by=HOUSE, exactly=True)
        await bob.until_heard("change")
        await alice.say(cast.room, "他走了")
        await alice.until([2, 3, 4])
        after = await bob.ask("join", {"room": cast.room, "since": 0})
        refused = await bob.say(cast.room, "我还能说吗")
    await live.close_live()
    assert [message["text"] for message in bob.messages] == ["他还在", "测试乙 离开了群聊"]
    assert [message["text"] for message in after["messages"]] == [
        "测试甲、测试乙 加入了群聊",
        "他还在",
        "测试乙 离开了群聊",
    ]
    assert (after["members"], after["room"]["writable"], after["room"]["last_seq"]) == ([], False, 3)
    assert refused["error"]["message"] == "您已不在群聊中，只能查看离开前的消息"


async def test_a_session_that_has_ended_cannot_write_and_is_sent_away(cast: Cast, redis_url: str) -> None:
    async with here() as address, Client(address, await cookie_of(cast.alice)) as alice:
        await alice.say(cast.room, "还登录着")
        gone = asyncio.Event()
        alice.sio.on("disconnect", lambda *_: gone.set())
        await db.execute("update session set ended_at = now()")
        refused = await alice.say(cast.room, "已退出")
        await asyncio.wait_for(gone.wait(), 10)
    assert [message["text"] for message in await fresh(cast)][1:] == ["还登录着"]
    assert (refused["error"]["code"], refused["error"]["message"]) == ("unauthenticated", "请先登录")


BAD = [
    ("join", "ticket", "invalid", "请求的格式不对"),
    ("join", {"room": "x", "since": 0}, "invalid", "群聊：必须是整数"),
    ("join", {"room": 2**63, "since": 0}, "invalid", f"群聊：不能大于 {2**53}"),
    ("join", {"room": 1, "since": -1}, "invalid", "起始序号：不能小于 0"),
    ("join", {"room": 404, "since": 0}, "not_found", "没有找到，或您无权查看"),
    ("post", {"room": 1, "client_id": "nonsense", "text": "x"}, "invalid", "消息编号：不是合法的编号"),
    ("post", {"room": 404, "client_id": str(uuid4()), "text": "x"}, "not_found", "没有找到，或您无权查看"),
    (
        "post",
        {"room": 1, "client_id": str(uuid4()), "text": "字" * 4001},
        "invalid",
        "消息内容：不能超过 4000 个字",
    ),
    ("post", {"room": 1, "client_id": str(uuid4()), "text": "  \n "}, "invalid", "消息不能为空"),
    (
        "post",
        {"room": 1, "client_id": str(uuid4()), "text": "a\0b"},
        "invalid",
        "消息内容：含有无法保存的字符",
    ),
    (
        "post",
        {"room": 1, "client_id": str(uuid4()), "text": "x", "reply_to": 99},
        "invalid",
        "回复的消息：没有这条消息",
    ),
    (
        "post",
        {"room": 1, "client_id": str(uuid4()), "text": "x", "mentions": [99]},
        "invalid",
        "提到的人：只能提到群里的人",
    ),
    (
        "post",
        {"room": 1, "client_id": str(uuid4()), "text": "x", "admin": True},
        "invalid",
        "admin：没有这一项",
    ),
    (
        "post",
        {"room": 1, "client_id": str(uuid4()), "text": "", "file_id": str(uuid4())},
        "invalid",
        "文件：请先上传到本群聊",
    ),
    ("post", ["x"], "invalid", "请求的格式不对"),
    ("post", None, "invalid", "请求的格式不对"),
    ("read", {"room": 1}, "invalid", "消息序号：必填"),
    ("recall", {"room": 1, "seq": 1}, "forbidden", "只能撤回自己的消息"),
]


async def test_each_bad_request_gets_one_clear_sentence_and_changes_nothing(
    cast: Cast, redis_url: str
) -> None:
    before = await fresh(cast)
    async with here() as address, Client(address, await cookie_of(cast.alice)) as alice:
        said = []
        for event, data, _, _ in BAD:
            mine = json.loads(json.dumps(data))
            if isinstance(mine, dict) and mine.get("room") == 1:
                mine["room"] = cast.room
            said.append((await alice.ask(event, mine))["error"])
        still = await alice.say(cast.room, "照常")
    assert [(error["code"], error["message"]) for error in said] == [(code, text) for _, _, code, text in BAD]
    assert await fresh(cast) == [*before, still["message"]]
