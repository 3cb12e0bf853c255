"""Groups people make themselves: who may do what to whom, and what all then see of it."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from core import db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Forbidden, Invalid, NotFound, Refused
from im import actions, groups, order, queries, state
from im.drafts import Draft
from im.views import Announcement, Mine, Quote, Role
from tests.im.conftest import hire, ids, write

KEY = UUID("6f0f7b9e-6a4b-4a0a-9a6e-0d7f7c1b2a3d")


@dataclass(frozen=True)
class Group:
    """Olga owns it, Adam is its admin, Mia and Nils are members, Zoe is not in it; Eve moderates the whole house."""

    room: int
    olga: Actor
    adam: Actor
    mia: Actor
    nils: Actor
    zoe: Actor
    eve: Actor


@pytest_asyncio.fixture
async def group(database: str) -> Group:
    names = ("测试群主", "测试管理", "测试成员", "测试新人", "测试外人", "测试客服")
    people = [await hire(f"g{at}", name) for at, name in enumerate(names)]
    olga, adam, mia, nils, zoe, eve = people
    olga = Actor(olga.kind, olga.id, olga.name, olga.door, (Grant(Permission.TICKET_READ, "/1/2/"),))
    eve = Actor(ActorKind.STAFF, eve.id, eve.name, Door.CHAT, (Grant(Permission.CHAT_MODERATE, "/1/"),))
    room = await groups.found(KEY, " 值班  协调群 ", ids(adam, mia, nils), by=olga)
    await groups.set_role(room, ids(adam)[0], Role.ADMIN, by=olga)
    return Group(room, olga, adam, mia, nils, zoe, eve)


async def said(group: Group) -> list[str]:
    """All lines of the room."""
    page = await queries.since(group.room, 0, by=group.olga, limit=1000)
    return [message.text for message in page.messages]


async def roles(group: Group) -> dict[str, str]:
    """Who is in, as what."""
    return {who.name: who.role.value for who in await queries.inside(group.room) if who.kind == "staff"}


async def test_a_group_has_its_name_owner_and_members_and_the_same_key_is_the_same_group(
    group: Group,
) -> None:
    again = await groups.found(KEY, "另一个名字", ids(group.zoe), by=group.olga)
    room = await queries.room(group.room, by=group.olga)
    assert (again, room.title, room.role, room.own_group) == (group.room, "值班 协调群", Role.OWNER, True)
    assert await roles(group) == {
        "测试群主": "owner",
        "测试管理": "admin",
        "测试成员": "member",
        "测试新人": "member",
    }
    assert await said(group) == ["测试群主 创建了群聊“值班 协调群”", "测试群主 将 测试管理 设为管理员"]


async def test_a_group_needs_a_name_and_somebody_else(group: Group) -> None:
    for title, others, reason in (
        ("  ", ids(group.mia), "群名称：请填写 1 到 40 个字"),
        ("字" * 41, ids(group.mia), "群名称：请填写 1 到 40 个字"),
        ("只有自己", ids(group.olga), "群成员：请至少选择一位同事"),
    ):
        with pytest.raises(Invalid) as refused:
            await groups.found(uuid4(), title, others, by=group.olga)
        assert refused.value.message == reason
    with pytest.raises(NotFound, match="没有编号为 9999 的职工"):
        await groups.found(uuid4(), "没有的人", [9999], by=group.olga)


async def test_members_take_others_in_admins_put_members_out_and_only_the_owner_puts_an_admin_out(
    group: Group,
) -> None:
    (zoe, nils, adam, olga) = ids(group.zoe, group.nils, group.adam, group.olga)
    await groups.add(group.room, [zoe, nils], by=group.mia)
    with pytest.raises(Forbidden):
        await groups.remove(group.room, zoe, by=group.mia)
    await groups.remove(group.room, zoe, by=group.adam)
    await groups.remove(group.room, zoe, by=group.adam)  # gone already: nothing happens
    with pytest.raises(Refused, match="不能对群主或其他管理员进行此操作"):
        await groups.remove(group.room, olga, by=group.adam)
    with pytest.raises(Refused, match="退出群聊"):
        await groups.remove(group.room, adam, by=group.adam)
    await groups.remove(group.room, adam, by=group.olga)
    assert (await said(group))[2:] == [
        "测试外人 加入了群聊",
        "测试管理 将 测试外人 移出了群聊",
        "测试群主 将 测试管理 移出了群聊",
    ]


async def test_the_owner_hands_over_and_when_an_owner_leaves_the_next_in_line_owns_it(group: Group) -> None:
    await groups.set_role(group.room, ids(group.mia)[0], Role.OWNER, by=group.olga)
    with pytest.raises(Forbidden, match="只有群主可以设置管理员或转让群主"):
        await groups.set_role(group.room, ids(group.nils)[0], Role.ADMIN, by=group.olga)
    assert await roles(group) == {
        "测试成员": "owner",
        "测试群主": "admin",
        "测试管理": "admin",
        "测试新人": "member",
    }
    await actions.leave(group.room, by=group.mia)
    assert await roles(group) == {"测试群主": "owner", "测试管理": "admin", "测试新人": "member"}
    await actions.leave(group.room, by=group.olga)
    await actions.leave(group.room, by=group.adam)
    assert await roles(group) == {"测试新人": "owner"}
    await groups.add(group.room, ids(group.olga), by=group.nils)  # an owner who comes back is a member
    assert await roles(group) == {"测试新人": "owner", "测试群主": "member"}


async def test_an_announcement_stands_on_top_until_the_next_and_counts_who_read_it(group: Group) -> None:
    key = uuid4()
    with pytest.raises(Forbidden, match="发布群公告"):
        await order.announce(group.room, uuid4(), "我也来一条", by=group.mia)
    first = await order.announce(group.room, key, "周五开会", by=group.adam)
    again = await order.announce(group.room, key, "周五开会", by=group.adam)
    for _ in range(2):
        await order.see(group.room, first.seq, by=group.mia)
    now = await state.load(group.room)
    assert again == first
    assert now.announcement == Announcement(seq=first.seq, author="测试管理", text="周五开会", at=first.at)
    assert await state.announcement_seen(group.room, first.seq) == sorted(ids(group.adam, group.mia))
    assert [(line.unread, line.mentions) for line in await queries.rooms(by=group.nils)] == [(1, 1)]
    second = await order.announce(group.room, uuid4(), "改到周四", by=group.olga)
    assert (await state.load(group.room)).announcement == Announcement(
        seq=second.seq, author="测试群主", text="改到周四", at=second.at
    )
    await order.unannounce(group.room, by=group.adam)
    await order.unannounce(group.room, by=group.adam)
    assert (await state.load(group.room)).announcement is None
    assert (await said(group))[2:] == ["周五开会", "改到周四", "测试管理 撤下了群公告"]


async def test_pins_are_ten_at_most_and_go_with_the_recall_of_their_message(group: Group) -> None:
    lines = [await write(group.room, group.mia, f"第 {at} 条") for at in range(11)]
    with pytest.raises(Forbidden):
        await order.pin(group.room, lines[0].seq, on=True, by=group.mia)
    for line in lines[:10]:
        await order.pin(group.room, line.seq, on=True, by=group.adam)
    with pytest.raises(Refused, match="最多置顶 10 条消息"):
        await order.pin(group.room, lines[10].seq, on=True, by=group.adam)
    with pytest.raises(Refused, match="这条消息不能置顶"):
        await order.pin(group.room, 1, on=True, by=group.adam)  # a notice
    for at in range(1, 9):
        await order.pin(group.room, lines[at].seq, on=False, by=group.adam)
    await actions.recall(group.room, lines[9].seq, by=group.mia)
    assert (await state.load(group.room)).pins == (
        Quote(seq=lines[0].seq, author="测试成员", text="第 0 条"),
    )


async def test_who_is_silenced_cannot_write_alone_or_with_all_others(group: Group) -> None:
    await order.hush_member(group.room, ids(group.mia)[0], on=True, by=group.adam)
    with pytest.raises(Refused, match="您已被禁言，暂时不能发言"):
        await write(group.room, group.mia, "让我说")
    await write(group.room, group.nils, "我还能说")
    with pytest.raises(Refused, match="不能对群主或其他管理员进行此操作"):
        await order.hush_member(group.room, ids(group.olga)[0], on=True, by=group.adam)
    await order.hush_member(group.room, ids(group.mia)[0], on=False, by=group.olga)
    await order.hush(group.room, on=True, by=group.olga)
    for who in (group.mia, group.nils):
        with pytest.raises(Refused, match="全员禁言"):
            await write(group.room, who, "不能说")
    await write(group.room, group.adam, "管理员能说")
    await order.hush(group.room, on=False, by=group.adam)
    await write(group.room, group.mia, "又能说了")
    assert (await said(group))[2:] == [
        "测试管理 禁言了 测试成员",
        "我还能说",
        "测试群主 解除了 测试成员 的禁言",
        "测试群主 开启了全员禁言",
        "管理员能说",
        "测试管理 解除了全员禁言",
        "又能说了",
    ]


async def test_only_who_runs_the_group_speaks_to_all(group: Group) -> None:
    with pytest.raises(Forbidden, match="@所有人"):
        await actions.post(group.room, Draft(client_id=uuid4(), text="@所有人", to_all=True), by=group.mia)
    await actions.post(group.room, Draft(client_id=uuid4(), text="@所有人 请看", to_all=True), by=group.adam)
    assert [await queries.waiting(by=who) for who in (group.olga, group.mia, group.adam)] == [
        (1, 1),
        (1, 1),
        (0, 0),
    ]


async def test_who_runs_the_group_takes_back_anothers_words_with_a_reason_that_all_see(group: Group) -> None:
    bad = await write(group.room, group.mia, "不当言论")
    with pytest.raises(Forbidden, match="只能撤回自己的消息"):
        await actions.recall(group.room, bad.seq, by=group.nils)
    with pytest.raises(Invalid, match="请写明撤回他人消息的原因"):
        await actions.recall(group.room, bad.seq, by=group.adam)
    await actions.recall(group.room, bad.seq, by=group.adam, reason="与工作无关")
    seen = await queries.message(group.room, bad.seq, by=group.mia)
    assert (seen.text, seen.recalled, seen.recalled_by, seen.reason) == ("", True, "测试管理", "与工作无关")
    kept = await db.fetchrow("select text, recalled_by from room_message where seq = $1", bad.seq)
    assert kept is not None
    assert (kept["text"], kept["recalled_by"]) == ("不当言论", "测试管理")


async def test_the_owner_dissolves_the_group_and_it_can_still_be_read(group: Group) -> None:
    with pytest.raises(Forbidden):
        await groups.dissolve(group.room, "", by=group.adam)
    await groups.dissolve(group.room, "", by=group.olga)
    await groups.dissolve(group.room, "", by=group.olga)
    with pytest.raises(Refused, match="群聊已关闭，只能查看"):
        await groups.rename(group.room, "还能改吗", by=group.olga)
    with pytest.raises(Refused, match="群聊已关闭，只能查看"):
        await write(group.room, group.mia, "还能说吗")
    assert (await said(group))[-1] == "测试群主 解散了群聊。历史消息可继续查看"
    assert [line.id for line in await queries.rooms(by=group.mia, closed=True)] == [group.room]


async def test_the_centre_looks_into_rooms_of_its_part_of_the_house_and_keeps_order_there(
    group: Group,
) -> None:
    bad = await write(group.room, group.mia, "不当言论")
    page = await queries.since(group.room, 0, by=group.eve)
    assert [message.text for message in page.messages][-1] == "不当言论"
    assert await queries.rooms(by=group.eve) == []  # it is not one of hers
    assert [line.id for line in await queries.moderated("协调", by=group.eve)] == [group.room]
    assert await queries.moderated("别的名字", by=group.eve) == []
    assert await queries.moderated("协调", by=group.olga) == []
    with pytest.raises(Refused, match="您已不在群聊中"):
        await write(group.room, group.eve, "我不在群里")
    await actions.recall(group.room, bad.seq, by=group.eve, reason="不当言论")
    await order.hush_member(group.room, ids(group.mia)[0], on=True, by=group.eve)
    with pytest.raises(Invalid, match="请写明关闭群聊的原因"):
        await groups.dissolve(group.room, " ", by=group.eve)
    await groups.dissolve(group.room, "已处理完毕", by=group.eve)
    assert (await said(group))[-2:] == [
        "测试客服 禁言了 测试成员",
        "测试客服 关闭了群聊，原因：已处理完毕。历史消息可继续查看",
    ]
    rows = await db.fetch("select action from audit where actor_name = '测试客服' order by id")
    assert [row["action"] for row in rows] == ["room.recall", "room.hush", "room.close"]


async def test_another_part_of_the_house_and_a_sealed_room_are_closed_to_moderators(group: Group) -> None:
    elsewhere = Actor(
        ActorKind.STAFF, group.zoe.id, group.zoe.name, Door.CHAT, (Grant(Permission.CHAT_MODERATE, "/1/3/"),)
    )
    for who, what in ((group.eve, 2), (elsewhere, 0)):
        if what:
            assert (await queries.room(group.room, by=who)).last_seq == what
            continue
        with pytest.raises(NotFound):
            await queries.room(group.room, by=who)
    await groups.seal(f"group:{KEY}", sealed=True, by=group.olga)
    with pytest.raises(NotFound):
        await queries.room(group.room, by=group.eve)
    assert await queries.moderated("", by=group.eve) == []
    assert (await queries.room(group.room, by=group.mia)).last_seq == 2


async def test_ones_own_wishes_are_ones_own(group: Group) -> None:
    other = await groups.found(uuid4(), "后建的群", ids(group.mia), by=group.olga)
    await order.wish(group.room, quiet=True, pinned=True, by=group.mia)
    assert [line.id for line in await queries.rooms(by=group.mia)] == [group.room, other]
    assert [line.id for line in await queries.rooms(by=group.olga)] == [other, group.room]
    assert await state.mine(group.room, group.mia.id) == Mine(quiet=True, pinned=True)
    assert await state.mine(group.room, group.olga.id) == Mine()
    with pytest.raises(NotFound):
        await order.wish(group.room, quiet=True, pinned=True, by=group.zoe)


async def test_what_is_forwarded_goes_in_ones_own_name_from_rooms_one_may_read(group: Group) -> None:
    other = await groups.found(uuid4(), "另一个群", ids(group.zoe), by=group.mia)
    line = await write(group.room, group.adam, "请转告大家")
    sent = await actions.forward(group.room, line.seq, other, uuid4(), by=group.mia)
    assert (sent.room_id, sent.author, sent.text) == (other, "测试成员", "请转告大家")
    with pytest.raises(NotFound):
        await actions.forward(group.room, line.seq, other, uuid4(), by=group.zoe)
    with pytest.raises(NotFound):
        await actions.forward(group.room, line.seq, other, uuid4(), by=group.adam)
    await groups.seal(f"group:{KEY}", sealed=True, by=group.olga)
    with pytest.raises(Refused, match="不能转发"):
        await actions.forward(group.room, line.seq, other, uuid4(), by=group.mia)
