"""Photos and documents sent to the bot become evidence of the ticket that is talked about, or it is asked which."""

from core import db, storage
from core.models import StoredFile
from tests.bot.pictures import in_text, picture
from tests.bot.stage import Stage


async def send(
    stage: Stage, who: str, data: bytes, filename: str, *, kind: str = "image", where: str = "app"
) -> list[str]:
    """Send a file; what the bot has said by then."""
    sent = {
        "userid": who,
        "in": where,
        "kind": kind,
        "filename": filename,
        "base64": in_text(data),
        "wait": True,
    }
    await stage.outside.ask("send_media", sent)
    await stage.heard(where)
    return await stage.texts(who)


async def evidence() -> list[tuple[int, str, bytes]]:
    """(ticket, added by, bytes) of all evidence."""
    rows = await db.fetch(
        "select ticket_id, added_by, file_id from attachment where kind = 'evidence' order by id"
    )
    return [
        (row["ticket_id"], row["added_by"], await storage.read(await StoredFile.get(id=row["file_id"])))
        for row in rows
    ]


async def test_photos_sent_while_a_form_is_filled_in_go_to_its_ticket(stage: Stage) -> None:
    first, _ = await stage.opened("GZ-1"), await stage.opened("GZ-2")
    await stage.say("liaison", f"答复 {first.id}")
    assert (await send(stage, "liaison", picture(1), "a.png"))[-1].endswith(f"作为 #{first.id} 的材料")
    await send(stage, "liaison", "科室说明".encode(), "说明.csv", kind="file")
    assert (await stage.say("liaison", "已电话联系患者并致歉，材料附后")).startswith(
        f"#{first.id} 的答复已提交"
    )
    assert await evidence() == [
        (first.id, "测试联络人甲", picture(1)),
        (first.id, "测试联络人甲", "科室说明".encode()),
    ]


async def test_after_asking_for_material_what_is_sent_is_put_there_until_done(stage: Stage) -> None:
    first, _ = await stage.opened("GZ-1"), await stage.opened("GZ-2")
    said = await stage.say("liaison", f"材料 {first.id}")
    assert said == (
        f"#{first.id} 还没有材料\n接下来发来的照片、文件将作为 #{first.id} 的材料，发“完成”结束"
        "（10 分钟内，发“取消”放弃）"
    )
    await send(stage, "liaison", picture(1), "a.png")
    await send(stage, "liaison", picture(2), "b.png")
    assert await stage.say("liaison", "完成") == f"材料接收已结束（#{first.id}）"
    assert [ticket for ticket, _, _ in await evidence()] == [first.id, first.id]
    await stage.say("liaison", f"材料 {first.id}")
    pictures = [message for message in await stage.messages("liaison") if message["kind"] == "image"]
    assert len(pictures) == 2


async def test_with_several_tickets_it_is_asked_which_and_with_one_it_is_clear(stage: Stage) -> None:
    first = await stage.opened("GZ-1", title="排队过久")
    assert (await send(stage, "liaison", picture(1), "a.png"))[-1].endswith(f"作为 #{first.id} 的材料")
    second = await stage.opened("GZ-2", title="态度不好")
    said = (await send(stage, "liaison", picture(2), "b.png"))[-1]
    assert said == (
        f"要交到哪个工单？请发序号或工单号：\n1. #{first.id} 排队过久\n2. #{second.id} 态度不好\n"
        "（10 分钟内，发“取消”放弃）"
    )
    await send(stage, "liaison", picture(3), "c.png")
    said = await stage.say("liaison", "2")
    assert said.startswith(f"文件将作为 #{second.id} 的材料")
    assert await evidence() == [
        (first.id, "测试联络人甲", picture(1)),
        (second.id, "测试联络人甲", picture(2)),
        (second.id, "测试联络人甲", picture(3)),
    ]


async def test_a_file_for_which_nobody_names_a_ticket_is_put_nowhere(stage: Stage) -> None:
    await stage.opened("GZ-1")
    await stage.opened("GZ-2")
    await send(stage, "liaison", picture(1), "a.png")
    assert await stage.say("liaison", "取消") == "已取消“材料提交”"
    assert await evidence() == []
    assert [row["state"] for row in await db.fetch("select state from bot_file")] == ["dropped"]


async def test_what_is_no_file_we_take_is_refused_in_a_sentence(stage: Stage) -> None:
    ticket = await stage.opened()
    said = (await send(stage, "liaison", b"MZ\x90\x00 program", "photo.exe", kind="file"))[-1]
    assert said.startswith("文件没有提交：“photo.exe”不是可以上传的文件类型")
    assert await evidence() == []
    assert (
        await db.fetchval("select count(*) from history where ticket_id = $1 and verb = 'attach'", ticket.id)
        == 0
    )


async def test_a_file_that_comes_again_is_evidence_once(stage: Stage) -> None:
    await stage.opened()
    await send(stage, "liaison", picture(1), "a.png")
    await stage.outside.ask("callbacks/replay", {"times": 4})
    await stage.heard("app")
    await db.execute("update bot_file set state = 'kept'")  # as if the job had died before it wrote this down
    await db.execute("update job set state = 'due', due_at = now() where kind = 'bot.file'")
    await stage.heard("app")
    assert len(await evidence()) == 1
