"""Group chats behind the real application: the page, groups made there, files kept as material, the export."""

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import orjson
import pytest
import pytest_asyncio

from core import db
from core.settings import settings
from im import actions, groups
from im import queries as rooms
from im.drafts import Draft
from tests.console.browser import Browser, Page
from tests.console.desk import Desk, open_desk
from tests.im.test_rooms import PNG


@pytest_asyncio.fixture
async def desk(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    async with open_desk() as opened:
        yield opened


async def found(browser: Browser, **form: object) -> Page:
    """Ask for a new group as the page does."""
    data = orjson.dumps({"key": str(uuid4()), "title": "值班协调群", **form})
    headers = {"Content-Type": "application/json", "X-CSRF-Token": browser.csrf, "Accept": "application/json"}
    url = browser.server.make_url("/chat/groups")
    async with browser.session.post(url, data=data, headers=headers) as answer:
        return Page(answer.status, await answer.text(), dict(answer.headers), "/chat/groups")


async def test_a_group_is_made_on_the_page_and_only_its_members_open_it(desk: Desk) -> None:
    liaison, bones = await desk.enter("liaison"), await desk.enter("bones")
    refused = await found(liaison, staff_ids=[desk.liaison.id])
    assert orjson.loads(refused.text)["error"]["message"] == "群成员：请至少选择一位同事"
    made = await found(liaison, staff_ids=[desk.head.id])
    room = orjson.loads(made.text)["room"]
    page = await liaison.get(f"/chat?room={room}")
    assert page.words("//h3[@class='im-title']") == ["值班协调群"]
    assert (await bones.get(f"/chat?room={room}")).status == 404
    assert (await bones.get(f"/chat/rooms/{room}/messages")).status == 404
    assert (await bones.get(f"/chat/rooms/{room}/export")).status == 404
    listed = orjson.loads((await liaison.get("/chat/rooms")).text)
    assert [line["title"] for line in listed["rooms"]] == ["值班协调群"]


async def test_people_are_found_by_name_and_by_department(desk: Desk) -> None:
    liaison = await desk.enter("liaison")
    by_name = orjson.loads((await liaison.get("/chat/people?q=bones")).text)["people"]
    assert [(who["id"], who["name"]) for who in by_name] == [(desk.bones.id, desk.bones.name)]
    units = {
        unit["label"]: unit["id"] for unit in orjson.loads((await liaison.get("/chat/units")).text)["units"]
    }
    of_unit = orjson.loads((await liaison.get(f"/chat/people?unit={units[by_name[0]['unit']]}")).text)[
        "people"
    ]
    assert desk.bones.id in [who["id"] for who in of_unit]
    assert desk.liaison.id not in [who["id"] for who in of_unit]


async def test_a_file_of_a_tickets_room_is_kept_as_material_once_by_who_works_on_it(desk: Desk) -> None:
    case, (ticket, *_) = await desk.receive()
    room = await rooms.room_of(ticket.subject, by=desk.liaison)
    file = await actions.bring_file(room.id, "走廊.png", PNG, by=desk.centre)
    shown = await actions.post(room.id, Draft(client_id=uuid4(), file_id=file.id), by=desk.centre)
    plain = await actions.post(room.id, Draft(client_id=uuid4(), text="只是一句话"), by=desk.centre)
    liaison, bones = await desk.enter("liaison"), await desk.enter("bones")
    kept = await liaison.post(f"/chat/rooms/{room.id}/messages/{shown.seq}/evidence")
    assert orjson.loads(kept.text) == {"said": f"“走廊.png”已存为工单 #{ticket.id} 的材料"}
    again = await liaison.post(f"/chat/rooms/{room.id}/messages/{shown.seq}/evidence")
    assert (again.status, "已经是工单" in again.text) == (409, True)
    assert (await liaison.post(f"/chat/rooms/{room.id}/messages/{plain.seq}/evidence")).status == 404
    assert (await bones.post(f"/chat/rooms/{room.id}/messages/{shown.seq}/evidence")).status == 404
    rows = await db.fetch(
        "select case_id, ticket_id, kind, name, added_by from attachment where kind = 'evidence'"
    )
    assert [dict(row) for row in rows] == [
        {
            "case_id": case.id,
            "ticket_id": ticket.id,
            "kind": "evidence",
            "name": "走廊.png",
            "added_by": desk.liaison.name,
        }
    ]


async def test_the_export_holds_every_line_and_file_and_not_what_was_recalled(desk: Desk) -> None:
    room = await groups.found(uuid4(), "待归档的群", [desk.head.id or 0], by=desk.liaison)
    file = await actions.bring_file(room, "走廊.png", PNG, by=desk.head)
    await actions.post(room, Draft(client_id=uuid4(), text="<b>看这里</b>", file_id=file.id), by=desk.head)
    wrong = await actions.post(room, Draft(client_id=uuid4(), text="不当的话"), by=desk.head)
    await actions.recall(room, wrong.seq, by=desk.liaison, reason="不当言论")
    await actions.post(room, Draft(client_id=uuid4(), text="=1+1"), by=desk.head)
    head, liaison = await desk.enter("head"), await desk.enter("liaison")
    assert (await head.get(f"/chat/rooms/{room}/export")).status == 403
    async with liaison.session.get(liaison.server.make_url(f"/chat/rooms/{room}/export")) as answer:
        pack = zipfile.ZipFile(io.BytesIO(await answer.read()))
    page, table = (pack.read(f"聊天记录.{ending}").decode("utf-8-sig") for ending in ("html", "csv"))
    assert pack.namelist() == ["聊天记录.html", "聊天记录.csv", "文件/00002_走廊.png"]
    assert pack.read("文件/00002_走廊.png") == PNG
    assert "&lt;b&gt;看这里&lt;/b&gt;" in page
    recalled = f"（消息已由 {desk.liaison.name} 撤回，原因：不当言论）"
    assert (recalled in page, recalled in table) == (True, True)
    assert ("不当的话" in page, "不当的话" in table, ",'=1+1," in table) == (False, False, True)
    assert (
        await db.fetchval("select count(*) from audit where action = 'room.export' and subject_id = $1", room)
        == 1
    )


async def test_a_recording_is_played_in_pieces_and_is_a_voice_message(desk: Desk) -> None:
    room = await groups.found(uuid4(), "语音", [desk.head.id or 0], by=desk.liaison)
    sound = b"\x1aE\xdf\xa3" + bytes(range(200))
    file = await actions.bring_file(room, "语音1.webm", sound, by=desk.head)
    said = await actions.post(room, Draft(client_id=uuid4(), file_id=file.id, seconds=7), by=desk.head)
    assert (said.kind.value, said.seconds) == ("voice", 7)
    liaison = await desk.enter("liaison")
    url = liaison.server.make_url(f"/chat/rooms/{room}/files/{file.id}")
    async with liaison.session.get(url, headers={"Range": "bytes=2-5"}) as piece:
        assert (piece.status, piece.headers["Content-Range"], await piece.read()) == (
            206,
            f"bytes 2-5/{len(sound)}",
            sound[2:6],
        )
    async with liaison.session.get(url, headers={"Range": "bytes=999-"}) as beyond:
        assert (beyond.status, beyond.headers["Content-Range"]) == (416, f"bytes */{len(sound)}")
    async with liaison.session.get(url) as whole:
        assert (whole.status, whole.content_type, await whole.read()) == (200, "audio/webm", sound)
