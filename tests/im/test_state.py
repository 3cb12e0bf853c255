"""What a page knows of a room: the changes it was told, applied to what it had, equal what the server would tell now."""

import asyncio
import random
import signal
from typing import Any
from uuid import uuid4

from core.actor import Actor
from im import groups, live
from tests.im.conftest import hire, ids, write
from tests.im.remote import Client, cookie_of, process
from tests.im.timeline import applied, settled

PARTS = ("state", "members", "seen")


def known(answer: dict[str, Any]) -> dict[str, Any]:
    """What the server tells of the room beside its messages."""
    return {**{part: answer[part] for part in PARTS}, "stale": False}


async def act(client: Client, room: int, name: str, **more: Any) -> dict[str, Any]:
    """Have something done; it must not be refused."""
    answer = await client.ask("act", {"room": room, "act": name, **more})
    assert answer == {"ok": True}, (name, answer)
    return answer


async def _cast(room_name: str) -> tuple[int, list[Actor]]:
    people = [await hire(f"s{at}", f"测试{name}") for at, name in enumerate("甲乙丙丁")]
    room = await groups.found(uuid4(), room_name, ids(*people[1:3]), by=people[0])
    return room, people


async def test_every_change_applied_to_an_old_state_equals_a_fresh_look(
    database: str, redis_url: str
) -> None:
    room, (alice, bob, carl, dora) = await _cast("变更全程")
    said = await write(room, bob, "请大家看")
    bad = await write(room, bob, "不当的话")
    live.open_live(redis_url)
    async with (
        process() as one,
        process() as two,
        Client(one, await cookie_of(alice)) as owner,
        Client(two, await cookie_of(bob)) as desk,
        Client(one, await cookie_of(bob)) as phone,
    ):
        first = {name: await client.ask("join", {"room": room, "since": None}) for name, client in
                 (("owner", owner), ("desk", desk), ("phone", phone))}  # fmt: skip
        (b, c, d) = ids(bob, carl, dora)
        for name, more in (
            ("rename", {"title": "改过的名字"}),
            ("add", {"staff_ids": [d]}),
            ("role", {"staff_id": b, "role": "admin"}),
            ("announce", {"client_id": str(uuid4()), "text": "周五开会"}),
            ("pin", {"seq": said.seq, "on": True}),
            ("pin", {"seq": bad.seq, "on": True}),
            ("hush_member", {"staff_id": c, "on": True}),
            ("hush", {"on": True}),
        ):
            await act(owner, room, name, **more)
        told = await desk.until_heard("change")
        assert told["room"] == room
        announced = (await owner.ask("join", {"room": room, "since": None}))["state"]["announcement"]["seq"]
        await act(desk, room, "see", seq=announced)
        recalled = await owner.ask("recall", {"room": room, "seq": bad.seq, "reason": "不合适"})
        assert recalled == {"ok": True}
        await act(owner, room, "hush", on=False)
        await act(owner, room, "remove", staff_id=c)
        await act(owner, room, "role", staff_id=b, role="owner")
        await groups.add(room, [c], by=bob)
        await desk.ask("read", {"room": room, "seq": bad.seq})
        await act(desk, room, "close", reason="会议结束")
        fresh = await owner.ask("join", {"room": room, "since": 0})
        versions = fresh["state"]["version"]
        for client in (owner, desk, phone):
            await client.until_version(versions)
            await client.until_mark(b, bad.seq)
        ends = {name: settled(first[name], client.heard) for name, client in
                (("owner", owner), ("desk", desk), ("phone", phone))}  # fmt: skip
        lists = [
            applied(first["owner"]["messages"], client.messages, start=0) for client in (owner, desk, phone)
        ]
        fresh = await owner.ask("join", {"room": room, "since": 0})
    await live.close_live()
    assert ends == {name: known(fresh) for name in ("owner", "desk", "phone")}
    assert lists == [fresh["messages"]] * 3
    assert fresh["state"]["closed"] is True
    assert [pin["seq"] for pin in fresh["state"]["pins"]] == [said.seq]


async def test_late_doubled_and_lost_changes_never_end_in_a_wrong_state(
    database: str, redis_url: str
) -> None:
    room, (alice, bob, *_) = await _cast("乱序")
    async with (
        process() as address,
        Client(address, await cookie_of(alice)) as owner,
        Client(address, await cookie_of(bob)) as other,
    ):
        old = await other.ask("join", {"room": room, "since": None})
        for at in range(6):
            await act(owner, room, "rename", title=f"第 {at} 个名字")
        await other.until_version(old["state"]["version"] + 6)
        fresh = await other.ask("join", {"room": room, "since": None})
        told = [entry for entry in other.heard if entry[0] == "change"]
    chance = random.Random(7)
    for _ in range(8):
        mixed = told + chance.sample(told, 3)
        chance.shuffle(mixed)
        end = settled(old, mixed)
        # either it ends right, or the page knows that it must look again
        assert end == known(fresh) or end["stale"]
    assert settled(old, [*told, *told]) == known(fresh)
    assert settled(old, told[1:]) == {**known(old), "stale": True}
    assert settled(fresh, told) == known(fresh)


async def test_a_server_restart_under_load_leaves_every_client_with_the_same_list_and_state(
    database: str, redis_url: str
) -> None:
    room, (alice, bob, carl, _) = await _cast("重启")
    async with process() as steady:
        clients: list[Client] = []
        async with process(end=signal.SIGKILL) as dying:
            for who, address in ((alice, dying), (alice, steady), (bob, dying), (bob, steady), (carl, dying)):
                client = await Client(address, await cookie_of(who)).__aenter__()
                clients.append(client)
            first = [await client.ask("join", {"room": room, "since": None}) for client in clients]
            posting = [
                asyncio.create_task(clients[1 if at % 2 else 3].say(room, f"重启前 {at}")) for at in range(16)
            ]
            await act(clients[1], room, "rename", title="重启之前")
            port = int(dying.rsplit(":", 1)[1])
        lost = [client.heard[:] for client in clients]
        answers = await asyncio.gather(*posting)
        await act(clients[1], room, "announce", client_id=str(uuid4()), text="重启之中")
        await write(room, bob, "重启之中说的")
        async with process(port):
            for client in clients:
                await client.back()
            await clients[2].say(room, "重启之后")
            healed = [await client.ask("join", {"room": room, "since": 0}) for client in clients]
            fresh = await clients[3].ask("join", {"room": room, "since": 0})
            for client in clients:
                await client.__aexit__(None, None, None)
    assert [error for error in answers if "error" in error] == []
    for answer, heard, joined in zip(first, lost, healed, strict=True):
        messages = [data["message"] for name, data in heard if name == "message"]
        assert applied(answer["messages"], [*messages, *joined["messages"]], start=0) == fresh["messages"]
        # what it was told before the restart, then the look after it: the order a page applies them in
        assert settled(joined, [entry for entry in heard if entry[0] in ("change", "seen")]) == known(fresh)
    assert fresh["messages"][-1]["text"] == "重启之后"
    assert fresh["state"]["announcement"]["text"] == "重启之中"
