"""What the sample hospital lacks and a working one has: sheets taken out, documents, an import, a file in a chat.

They are made as people make them, by their forms, before anybody walks; then the addresses of one of each thing are
filled in from the database, so that everybody tries them whether or not a page of theirs leads there.
"""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import aiohttp
import asyncpg
from openpyxl import Workbook
from PIL import Image

from devtools.audit.stage import Server, Session, sign_in

T = TypeVar("T")

LONGEST = 120.0  # seconds until all that was asked for is made
OPEN_ROOM = (
    "select t.id, t.room_id, t.case_id from ticket t join room_member m on m.room_id = t.room_id and m.left_at is null"
    " join staff s on s.id = m.staff_id and s.number = 'xinnei' where t.state = 'in_progress' order by t.id limit 1"
)
MADE = "select not exists (select 1 from job where state = 'due' and kind ~ 'export|import')"


@dataclass(frozen=True, slots=True)
class Asked:
    """A form: who sends it, where, its fields, a file if it takes one."""

    who: str
    address: str
    fields: tuple[tuple[str, str], ...] = ()
    file: tuple[str, bytes] | None = None


# The parameters of addresses, as the router names them, by rows that are there; two of each are enough.
FILLED = {
    "/audit/checks/{id}": "select id from audit_check",
    "/cases/exports/{id}": "select id from case_export",
    "/cases/exports/{id}/file": "select id from case_export where state = 'done'",
    "/cases/exports/{id}/progress": "select id from case_export",
    "/cases/{id}/do/classify": "select case_id as id from feedback",
    "/cases/{id}/do/flag_risk": "select case_id as id from feedback",
    "/cases/{id}/files/{file}": "select case_id as id, file_id as file from attachment",
    "/cases/{id}/feedback/files/{file}": "select case_id as id, file_id as file from attachment",
    "/cases/{id}/privacy/{act}": "select f.case_id as id, a as act from feedback f, unnest('{check,erase,decide,refuse}'::text[]) a",
    "/cases/{id}/privacy/packages/{package}": "select case_id as id, id as package from privacy_package",
    "/cases/{id}/privacy/packages/{package}/password": "select case_id as id, id as package from privacy_package",
    "/cases/{id}/files/{file}/reveal": "select case_id as id, file_id as file from attachment",
    "/settings/staff/{id}/reveal": "select id from staff",
    "/chat/rooms/{room}/export": "select room_id as room from room_file",
    "/chat/rooms/{room}/files/{file}": "select room_id as room, file_id as file from room_file",
    "/chat/rooms/{room}/messages": "select room_id as room from room_file",
    "/chat/rooms/{room}/pane": "select room_id as room from room_file",
    "/imports/{id}": "select id from import_file",
    "/imports/{id}/faulty": "select id from import_file",
    "/imports/{id}/progress": "select id from import_file",
    "/kiosk/card/{kind}": "select kind from unnest('{id,code}'::text[]) kind",
    "/matters/{id}": "select id from matter",
    "/operate/feeds/{id}/edit": "select id from feed_link",
    "/operate/feeds/{id}/messages/{message}": "select link_id as id, id as message from feed_message",
    "/p/ask/{id}": "select id from survey_ask",
    "/patients/exports/{id}": "select id from patient_export",
    "/patients/exports/{id}/file": "select id from patient_export where state = 'done'",
    "/patients/exports/{id}/progress": "select id from patient_export",
    "/patients/{id}/consent": "select id from patient",
    "/patients/{id}/consent/new": "select id from patient",
    "/patients/{id}/consent/{line}/proof": "select patient_id as id, id as line from consent where patient_id is not null",
    "/patients/{id}/unflag/{flag}": "select patient_id as id, flag from patient_flag",
    "/patients/{id}/unmerge/{merge}": "select survivor as id, id as merge from patient_merge",
    "/petitions/{id}/file": "select case_id as id from petition",
    "/pictures/{id}": "select id from survey_picture",
    "/reports/{id}": "select id from case_report",
    "/reports/{id}/file": "select id from case_report",
    "/settings/holidays/moved/{recount}": "select id as recount from recount",
    "/settings/confirmations/{id}/return": "select id from post_asked where state = 'waiting'",
    "/settings/questionnaires/{id}/bank": "select id from questionnaire",
    "/settings/schedules/{name}": "select name from schedule",
    "/settings/staff/{id}/hand-over": "select id from staff",
    "/settings/staff/{id}/posts/{post}/adjust": "select staff_id as id, id as post from post",
    "/settings/units/{id}/{what}/{row}/correct": "select unit_id as id, 'terms' as what, id as row from org_term",
    "/settings/units/{id}/duty/{day}": "select id, current_date + 1 as day from org_unit",
    "/settings/terms/{kind}": "select kind from portal_terms",
    "/settings/units/{id}/names": "select id from org_unit",
    "/settings/units/{id}/new": "select id from org_unit",
    "/statistics/reports/{id}/file": "select id from statistics_report",
    "/surveys/interviews/{response}": "select id as response from response where channel = 'phone'",
    "/surveys/responses/{response}/files/{file}": "select r.id as response, f.id as file from response r, stored_file f",
    "/surveys/responses/{response}/reveal": "select id as response from response",
    "/surveys/statistics/reports/{id}/file": "select id from survey_report",
    "/tickets/{id}/chat": "select id from ticket",
}


def picture() -> bytes:
    """A small picture."""
    target = io.BytesIO()
    Image.new("RGB", (40, 30), "#0a9396").save(target, "PNG")
    return target.getvalue()


def orders() -> bytes:
    """A sheet of orders of which one is faulty."""
    book, target = Workbook(write_only=True), io.BytesIO()
    sheet = book.create_sheet()
    for line in (
        ("工单编号", "诉求内容", "来电时间"),
        (uuid4().hex[:12], "门诊大厅饮水机没有热水", "2026-03-01 09:00"),
        ("", "没有编号", "不是时间"),
    ):
        sheet.append(line)
    book.save(target)
    return target.getvalue()


async def made(at: Server) -> list[str]:
    """Have them made; the addresses to try."""
    connection = await asyncpg.connect(at.database_url)
    try:
        ticket, room, case = await _until(lambda: connection.fetchrow(OPEN_ROOM))
        await _send(
            at,
            Asked("zhongxin", "/cases/exports", (("query", ""),)),
            Asked("zhongxin", "/patients/outpatient/sheet", (("query", ""),)),
            Asked("zhongxinzr", "/statistics/reports/new", (("kind", "statistics_report"),)),
            Asked("zhongxinzr", "/surveys/statistics/reports/new"),
            Asked(
                "zhongxinzr", f"/cases/{case}/report", (("kind", "handling_form"), ("tickets", str(ticket)))
            ),
            Asked("zhongxin", "/imports", (("sender", "12345 热线平台"),), ("来单.xlsx", orders())),
            Asked("xinnei", f"/chat/rooms/{room}/files", file=("现场.png", picture())),
        )
        await _until(lambda: connection.fetchval(MADE))
        return [
            route.format(**row)
            for route, sql in FILLED.items()
            for row in await connection.fetch(f"select * from ({sql}) as found limit 2")  # noqa: S608 - the table above
        ]
    finally:
        await connection.close()


async def _until(asking: Callable[[], Awaitable[T]]) -> T:
    """What is asked for, once there is some: the worker opens the rooms of the sample and makes what was asked for."""
    until = time.monotonic() + LONGEST
    while not (found := await asking()):
        if time.monotonic() > until:
            raise SystemExit("the worker has not made what was asked for")
        await asyncio.sleep(0.5)
    return found


async def _send(at: Server, *asked: Asked) -> None:
    people: dict[str, Session] = {}
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http:
        for one in asked:
            if one.who not in people:
                people[one.who] = await sign_in(at, one.who)
            data = aiohttp.FormData(list(one.fields))
            if one.file:
                data.add_field("file", one.file[1], filename=one.file[0])
            async with http.post(
                f"{at.url}{one.address}", data=data, headers=people[one.who].headers, allow_redirects=False
            ) as answer:
                if answer.status >= 400:
                    raise SystemExit(f"{one.who} {one.address}: {answer.status}")
