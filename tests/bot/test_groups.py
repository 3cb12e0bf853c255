"""A room's copy as an application group in WeCom: who is in it, what is said there, and what never goes there."""

from datetime import timedelta
from uuid import uuid4

from core import clock, db
from core.jobs import run_job
from core.outbox import OUTBOX
from core.pump import drain
from im import actions, groups, order
from im import queries as rooms
from im.drafts import Draft
from integrations import wecom
from tests.bot.stage import Stage, settle


async def wish(which: str) -> None:
    await db.execute(
        "insert into parameter (name, value, changed_by) values ('im.mirror_rooms', $1, '测试')"
        " on conflict (name) do update set value = $1",
        which,
    )


async def copies(stage: Stage) -> dict[str, tuple[list[str], list[str]]]:
    """Application groups by name: members and what the application said there."""
    found = {}
    for row in await db.fetch("select chatid from room_mirror order by room_id"):
        group = await wecom.appchat_get(row["chatid"])
        said = await stage.outside.phone(conversation=f"group:{group.chatid}")
        found[group.name] = (sorted(group.userlist), [message["text"] for message in said])
    return found


async def found(stage: Stage, title: str, *others: str, owner: str = "liaison") -> int:
    ids = [stage.actor(who).id or 0 for who in others]
    room = await groups.found(uuid4(), title, ids, by=stage.actor(owner))
    await settle()
    return room


async def say(stage: Stage, room: int, who: str, text: str) -> None:
    await actions.post(room, Draft(client_id=uuid4(), text=text), by=stage.actor(who))


async def test_a_group_is_copied_with_its_members_and_lines_in_order(stage: Stage) -> None:
    await wish("all")
    room = await found(stage, "值班协调群", "head", "centre")
    for at in range(5):
        await say(stage, room, "liaison" if at % 2 else "head", f"第 {at} 句")
    await order.announce(room, uuid4(), "周五开会", by=stage.actor("liaison"))
    await groups.remove(room, stage.actor("head").id or 0, by=stage.actor("liaison"))
    await groups.rename(room, "新的名字", by=stage.actor("liaison"))
    await settle()
    names = {who: stage.actor(who).name for who in ("liaison", "head", "centre")}
    assert await copies(stage) == {
        "新的名字": (
            ["centre", "liaison"],
            [
                f"{names['liaison']} 创建了群聊“值班协调群”",
                *(f"{names['liaison' if at % 2 else 'head']}：第 {at} 句" for at in range(5)),
                f"{names['liaison']}：【群公告】周五开会",
                f"{names['liaison']} 将 {names['head']} 移出了群聊",
                f"{names['liaison']} 将群名改为“新的名字”",
            ],
        )
    }
    assert await db.fetchval("select sent_seq = last_seq from room_mirror m join room r on r.id = m.room_id")


async def test_only_what_the_hospital_wants_is_copied_and_a_sealed_room_never(stage: Stage) -> None:
    await found(stage, "没有打开同步", "head")
    await wish("tickets")
    await found(stage, "只同步工单群", "head")
    ticket = await stage.opened()
    room = await rooms.room_of(ticket.subject, by=stage.actor("liaison"))
    before = await copies(stage)
    assert list(before) == [room.title]
    await groups.seal(ticket.subject, sealed=True, by=stage.actor("centre"))
    await settle()
    await say(stage, room.id, "liaison", "检举人是谁不能出系统")
    await settle()
    ((name, (members, said)),) = (await copies(stage)).items()
    assert (members, said) == (before[name][0], [*before[name][1], "本群不再同步消息，请在系统内查看。"])


async def test_a_failure_is_kept_and_mended_and_a_job_that_runs_again_sends_nothing_twice(
    stage: Stage,
) -> None:
    await wish("all")
    room = await found(stage, "会出错的群", "head")
    await stage.outside.fault("wecom", "appchat/send", errcode=-1)
    await say(stage, room, "liaison", "第一句")
    while await drain(OUTBOX):
        pass
    (number,) = [
        row["id"] for row in await db.fetch("select id from job where kind = 'room.mirror' and state = 'due'")
    ]
    assert await run_job(number) == "again"
    state = await db.fetchrow("select state, error <> '' as told from room_mirror where room_id = $1", room)
    assert state is not None
    assert dict(state) == {"state": "failed", "told": True}
    await db.execute("update job set due_at = now() - interval '1 second', error = '' where id = $1", number)
    assert await run_job(number) == "done"
    await db.execute("update job set state = 'due', attempts = 0 where kind = 'room.mirror'")
    await settle()
    ((_, (_, said)),) = (await copies(stage)).items()
    name = stage.actor("liaison").name
    assert said == [f"{name} 创建了群聊“会出错的群”", f"{name}：第一句"]


async def test_who_wished_for_quiet_is_nudged_only_when_mentioned_and_to_all_means_everybody(
    stage: Stage,
) -> None:
    room = await found(stage, "提醒", "head", "centre")
    await order.wish(room, quiet=True, pinned=False, by=stage.actor("head"))

    async def post(text: str, **more: object) -> list[str]:
        """Who is nudged for this line, when nobody reads for a minute."""
        now = clock.now()
        draft = Draft.model_validate({"client_id": uuid4(), "text": text, **more})
        await actions.post(room, draft, by=stage.actor("liaison"))
        await settle()
        with clock.frozen(now + timedelta(minutes=1)):
            await settle()
        return sorted(
            [who for who in ("head", "centre") if any(text in said for said in await stage.texts(who))]
        )

    assert await post("无人被提到") == []
    assert await post("请看一下", mentions=(stage.actor("head").id,)) == ["head"]
    assert await post("请大家都看", to_all=True) == ["centre", "head"]
