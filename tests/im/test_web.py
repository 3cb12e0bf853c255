"""The HTTP door: files in and out, older pages, the list of rooms; over a real process."""

import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest_asyncio

from core import db
from core.actor import Actor
from core.downloads import disposition
from im import actions, queries
from im.drafts import Draft
from tests.im.conftest import Cast, write
from tests.im.remote import cookie_of, here
from tests.im.test_rooms import PNG


@dataclass
class Door:
    """A chat process, and how each person knocks at it."""

    address: str
    http: aiohttp.ClientSession

    async def get(self, path: str, cookie: str) -> tuple[int, Any]:
        headers = {"Cookie": cookie, "Accept": "application/json"}
        async with self.http.get(self.address + path, headers=headers) as answer:
            return answer.status, await answer.json()

    async def bring(self, room: int, cookie: str, csrf: str, name: str, data: bytes) -> tuple[int, Any]:
        form = aiohttp.FormData(quote_fields=False)  # names as browsers send them
        form.add_field("file", io.BytesIO(data), filename=name)
        headers = {"Cookie": cookie, "X-CSRF-Token": csrf, "Accept": "application/json"}
        url = f"{self.address}/chat/rooms/{room}/files"
        async with self.http.post(url, data=form, headers=headers) as answer:
            return answer.status, await answer.json()


@pytest_asyncio.fixture
async def door(cast: Cast, redis_url: str, files: None) -> AsyncIterator[Door]:
    async with here() as address, aiohttp.ClientSession() as http:
        yield Door(address, http)


async def signed_in(who: Actor) -> tuple[str, str]:
    """Cookie and CSRF token."""
    cookie = await cookie_of(who)
    csrf = await db.fetchval(
        "select csrf from session where staff_id = $1 order by created_at desc limit 1", who.id
    )
    return cookie, csrf


async def test_a_file_goes_in_and_comes_out_for_members_only(cast: Cast, door: Door) -> None:
    alice, csrf = await signed_in(cast.alice)
    status, brought = await door.bring(cast.room, alice, csrf, "现场 照片.png", PNG)
    file_id = UUID(brought["file"]["id"])
    assert (status, brought) == (
        201,
        {"file": {"id": str(file_id), "name": "现场 照片.png", "mime": "image/png", "size": len(PNG)}},
    )
    await actions.post(cast.room, Draft(client_id=uuid4(), file_id=file_id), by=cast.alice)

    path = f"/chat/rooms/{cast.room}/files/{file_id}"
    bob, _ = await signed_in(cast.bob)
    for asked, how in ((path, "inline"), (f"{path}?download", "attachment")):
        async with door.http.get(door.address + asked, headers={"Cookie": bob}) as answer:
            assert await answer.read() == PNG
            said = {
                name: answer.headers[name]
                for name in (
                    "Content-Type",
                    "X-Content-Type-Options",
                    "Content-Disposition",
                    "Content-Security-Policy",
                )
            }
        assert said == {
            "Content-Type": "image/png",
            "X-Content-Type-Options": "nosniff",
            "Content-Disposition": f"{how}; filename=\"_____.png\"; filename*=UTF-8''"
            "%E7%8E%B0%E5%9C%BA%20%E7%85%A7%E7%89%87.png",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
    charlie, _ = await signed_in(cast.charlie)
    assert [(await door.get(path, cookie))[0] for cookie in (charlie, "")] == [404, 401]
    assert (await door.get(f"/chat/rooms/{cast.room}/files/no-uuid", bob))[0] == 404


async def test_a_page_that_a_colleague_uploaded_as_text_is_downloaded_never_shown(
    cast: Cast, door: Door
) -> None:
    alice, csrf = await signed_in(cast.alice)
    _, brought = await door.bring(cast.room, alice, csrf, "网页.txt", b"<script>alert(1)</script>")
    url = f"{door.address}/chat/rooms/{cast.room}/files/{brought['file']['id']}"
    async with door.http.get(url, headers={"Cookie": alice}) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment; ")


async def test_bad_uploads_are_refused_with_one_sentence_and_leave_nothing(cast: Cast, door: Door) -> None:
    alice, csrf = await signed_in(cast.alice)
    charlie, other = await signed_in(cast.charlie)
    said = [
        await door.bring(cast.room, alice, "forged", "图.png", PNG),
        await door.bring(cast.room, charlie, other, "图.png", PNG),
        await door.bring(404, alice, csrf, "图.png", PNG),
        await door.bring(cast.room, alice, csrf, "大.png", PNG + bytes(21 * 1024 * 1024)),
        await door.bring(cast.room, alice, csrf, "木马.exe", b"MZ"),
    ]
    headers = {"Cookie": alice, "X-CSRF-Token": csrf, "Accept": "application/json"}
    async with door.http.post(
        f"{door.address}/chat/rooms/{cast.room}/files",
        data=b"{}",
        headers={**headers, "Content-Type": "text/plain"},
    ) as answer:
        said.append((answer.status, await answer.json()))
    assert [(status, body["error"]["message"].split("；")[0]) for status, body in said] == [
        (403, "页面已过期，请刷新后再试"),
        (404, "没有找到，或您无权查看"),
        (404, "没有找到，或您无权查看"),
        (422, "超过 20 MB"),
        (422, "“木马.exe”不是可以上传的文件类型"),
        (422, "请用表单上传文件"),
    ]
    assert await db.fetchval("select count(*) from room_file") == 0


async def test_older_pages_are_read_backwards_until_the_first_line(cast: Cast, door: Door) -> None:
    for number in range(120):
        await actions.say(cast.room, f"第 {number} 行", key=str(number))
    bob, _ = await signed_in(cast.bob)
    pages = []
    before = ""
    while True:
        _, page = await door.get(f"/chat/rooms/{cast.room}/messages{before}", bob)
        pages.append(page["messages"])
        if not page["more"]:
            break
        before = f"?before={page['messages'][0]['seq']}"
    everything = await queries.since(cast.room, 0, by=cast.bob, limit=1000)
    assert [len(page) for page in pages] == [50, 50, 21]
    assert [one for page in reversed(pages) for one in page] == [one.wire() for one in everything.messages]


async def test_the_list_of_rooms_tells_what_waits(cast: Cast, door: Door) -> None:
    said = await write(cast.room, cast.alice, "在吗")
    bob, _ = await signed_in(cast.bob)
    assert await door.get("/chat/rooms", bob) == (
        200,
        {
            "rooms": [
                {
                    "id": cast.room,
                    "subject": "ticket:12",
                    "title": "工单 12",
                    "closed": False,
                    "unread": 1,
                    "mentions": 0,
                    "last": "测试甲：在吗",
                    "last_at": said.wire()["at"],
                    "quiet": False,
                    "pinned": False,
                }
            ],
            "unread": 1,
            "mentions": 0,
        },
    )


def test_a_file_name_cannot_break_out_of_its_header() -> None:
    assert disposition('a"\r\nSet-Cookie: x.txt', in_place=False) == (
        "attachment; filename=\"a___Set-Cookie__x.txt\"; filename*=UTF-8''a%22%0D%0ASet-Cookie%3A%20x.txt"
    )
