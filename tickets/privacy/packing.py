"""Packs everything about one person into a locked ZIP: a Word document to read, JSON for machines; fetched until it expires.

《个人信息保护法》 Art. 45 (access and copy). Packed by a job once a second person agreed, kept in storage, handed out by
whoever handles the request or fetched by the asker (`delivering`), who is told the password another way; each time it
is fetched it is a line of the log of exports with the asker as recipient. What stands in it is
`gathering`'s.
"""

import asyncio
import hashlib
import io
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import orjson
import pyzipper
from docx import Document
from docx.document import Document as Word
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from core import audit, clock, crypto, db, exports, parameters, storage
from core.actor import Actor, Permission, system
from core.errors import Forbidden, NotFound, Refused
from core.jobs import Job, enqueue
from core.models import StoredFile
from core.parameters import Parameter
from core.settings import settings
from tickets import history
from tickets.models import Case
from tickets.privacy import requests
from tickets.privacy.gathering import Part, gather
from tickets.privacy.requests import Request
from tickets.queries import access

KIND = "privacy.pack"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+08:00")
_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
MOST_LINES = 500  # of one table of the document; the JSON holds all
DAYS = parameters.declare(
    Parameter(
        "privacy.package_days",
        "个人信息副本可下载的天数",
        int,
        7,
        1,
        30,
        "天",
        source="《个人信息保护法》第十九条：保存期限应为实现目的所必要的最短时间",
    )
)


@dataclass(frozen=True, slots=True)
class Package:
    """A package as the page of its case shows it; `parts` how many records of each."""

    id: UUID
    state: str
    parts: tuple[tuple[str, int], ...]
    error: str
    asked_name: str
    asked_at: datetime
    expires_at: datetime | None
    fetched: int
    file_id: UUID | None
    sent_at: datetime | None
    sent_to: str
    taken_at: datetime | None

    @property
    def here(self) -> bool:
        """Whether it can still be fetched."""
        return self.file_id is not None and self.expires_at is not None and clock.now() < self.expires_at


async def begin(case: Case, *, by: Actor) -> UUID:
    """Have the package made; in the transaction in which a second person agreed (`deciding`), who is `by`."""
    request = await requests.of(case.id)
    if request is None:
        raise Refused("请先核验申请人身份")
    number: UUID = await db.fetchval(
        "insert into privacy_package (case_id, asked_by, asked_name, asked_at) values ($1, $2, $3, $4) returning id",
        case.id,
        by.staff_id,
        by.name,
        clock.now(),
    )
    job = await enqueue(KIND, {"package": str(number)}, key=f"{KIND}:{number}")
    await db.execute("update privacy_package set job_id = $2 where id = $1", number, job)
    await history.add(case.id, "privacy", by, round_no=case.round, text="生成个人信息副本")
    await audit.record(by, "privacy.pack", "case", case.id, patient=request.patient_id, package=str(number))
    return number


def new_password() -> str:
    """Twelve signs that nobody mistakes for one another, in three groups, to be read out over the telephone."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(4)) for _ in range(3))


async def pack(job: Job) -> None:
    """The job. Safe to run twice: the first that is done counts."""
    number = UUID(job.payload["package"])
    row = await db.fetchrow("select case_id from privacy_package where id = $1 and state = 'running'", number)
    if row is None:
        return
    case = await Case.get(id=row["case_id"])
    request = await requests.of(case.id)
    if request is None:
        raise LookupError(f"package {number} of a case without a request")
    parts = await gather(request.patient_id)
    password = new_password()
    data = await asyncio.to_thread(zipped, parts, case.number, request, password)
    file = await storage.keep(f"个人信息副本_{case.number}.zip", data, by=system().name, checked=True)
    days = await parameters.number(DAYS)
    await db.execute(
        "update privacy_package set state = 'done', file_id = $2, sha256 = $3, parts = $4::jsonb, made_at = $5,"
        " expires_at = $6, password = $7 where id = $1 and state = 'running'",
        number,
        file.id,
        hashlib.sha256(data).hexdigest(),
        orjson.dumps({part.label: len(part.records) for part in parts}).decode(),
        clock.now(),
        clock.now() + timedelta(days=days),
        crypto.key_ring().encrypt(password, "privacy_package.password"),
    )


def zipped(parts: list[Part], number: str, request: Request, password: str) -> bytes:
    """The ZIP, locked with AES-256 (WinZip's AE-2, which 7-Zip, WinRAR and the phones' own programs open)."""
    whole = {
        "request": number,
        "made_at": clock.local(clock.now()).isoformat(timespec="seconds"),
        "controller": settings().hospital_name,
        "parts": {
            part.name: {"label": part.label, "source": part.source, "records": part.records} for part in parts
        },
    }
    target = io.BytesIO()
    with pyzipper.AESZipFile(
        target, "w", compression=pyzipper.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as archive:
        archive.setpassword(password.encode())
        archive.writestr("个人信息副本.docx", readable(parts, number, request))
        archive.writestr("data.json", orjson.dumps(whole, option=orjson.OPT_INDENT_2))
    return target.getvalue()


def readable(parts: list[Part], number: str, request: Request) -> bytes:
    """The Word document."""
    document = _paper()
    document.add_heading("个人信息副本", 0)
    document.add_paragraph(
        f"{settings().hospital_name}根据《个人信息保护法》第四十五条，应{request.who}的申请（{number}）提供。"
        f"生成时间：{clock.local(clock.now()):%Y年%-m月%-d日 %H:%M}。"
    )
    document.add_paragraph(
        "本副本含敏感个人信息，请妥善保管。法律、行政法规规定应当保密或者不需要告知的，以及他人的个人信息，不在其中。"
        "病历资料的复制另按《医疗机构病历管理规定》办理。同一内容的机器可读文件见 data.json。"
    )
    for part in parts:
        document.add_heading(f"{part.label}（{len(part.records)} 条）", 1)
        document.add_paragraph(f"来源：{part.source}")
        if not part.records:
            document.add_paragraph("没有记录。")
        elif len(part.records) == 1 and part.name == "person":
            table = document.add_table(0, 2, style="Table Grid")
            for key, head in part.shown.items():
                cells = table.add_row().cells
                cells[0].text, cells[1].text = head, _words(part.records[0].get(key))
        else:
            _table(document, part)
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def _paper() -> Word:
    """An empty A4 document in the fonts of Chinese official papers."""
    document = Document()
    for section in document.sections:
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(22)
    for name, font, size in (("Normal", "宋体", 10.5), ("Title", "黑体", 20), ("Heading 1", "黑体", 14)):
        style = document.styles[name]
        style.font.name, style.font.size = font, Pt(size)
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    return document


def _table(document: Word, part: Part) -> None:
    table = document.add_table(1, len(part.shown), style="Table Grid")
    for cell, head in zip(table.rows[0].cells, part.shown.values(), strict=True):
        cell.paragraphs[0].add_run(head).bold = True
    for record in part.records[:MOST_LINES]:
        for cell, key in zip(table.add_row().cells, part.shown, strict=True):
            cell.text = _words(record.get(key))
    if len(part.records) > MOST_LINES:
        document.add_paragraph(f"此处列出前 {MOST_LINES} 条，全部见 data.json。")


def _words(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if value in (None, "", []):
        return "—"
    if isinstance(value, str) and _INSTANT.fullmatch(value):
        return value[:16].replace("T", " ")
    return str(value)[:5000]


async def of(case_id: int) -> list[Package]:
    """The packages of a request, newest first."""
    rows = await db.fetch(
        "select p.*, j.state as job_state from privacy_package p left join job j on j.id = p.job_id"
        " where p.case_id = $1 order by p.asked_at desc limit 10",
        case_id,
    )
    return [
        Package(
            row["id"],
            "failed"
            if row["state"] == "running" and row["job_state"] in ("parked", "dropped")
            else row["state"],
            tuple(orjson.loads(row["parts"]).items()),
            row["error"],
            row["asked_name"],
            row["asked_at"],
            row["expires_at"],
            row["fetched"],
            row["file_id"],
            row["sent_at"],
            row["sent_to"],
            row["taken_at"],
        )
        for row in rows
    ]


async def fetch(case_id: int, package_id: UUID, *, by: Actor) -> tuple[StoredFile, bytes]:
    """The package, to be handed to who asked; logged with them as recipient.

    Raises:
        Forbidden, NotFound: this person handles no such requests; none, not ready, or expired.
    """
    if not by.can(Permission.PRIVACY_HANDLE):
        raise Forbidden
    await access.case(case_id, by)
    async with db.transaction():
        found = await handed_over(case_id, package_id, by=by)
        await audit.record(by, "privacy.fetch", "case", case_id, package=str(package_id))
    return found


async def handed_over(case_id: int, package_id: UUID, *, by: Actor) -> tuple[StoredFile, bytes]:
    """The package as it leaves the house, counted and logged with the asker as recipient; who may, the caller decides.

    Raises:
        NotFound: none, not ready, or expired.
    """
    request = await requests.of(case_id)
    found = next((one for one in await of(case_id) if one.id == package_id), None)
    if request is None or found is None or not found.here or found.file_id is None:
        raise NotFound("这份副本已过期或尚未完成，请重新生成")
    file = await storage.find(found.file_id)
    data = await storage.read(file)
    await db.execute("update privacy_package set fetched = fetched + 1 where id = $1", package_id)
    await exports.log(
        by,
        exports.Kind.PERSON_PACKAGE,
        file.name,
        data,
        rows=sum(amount for _, amount in found.parts),
        columns=[name for name, _ in found.parts],
        whole=True,
        recipient=request.who,
        purpose="《个人信息保护法》第四十五条：查阅、复制",
        case_id=case_id,
    )
    return file, data


async def forget_expired() -> int:
    """Let go of packages that expired, and of their bytes; how many. For the clock."""
    async with db.transaction():
        rows = await db.fetch(
            "with gone as (select id, file_id from privacy_package where file_id is not null and expires_at < $1"
            " for update) update privacy_package p set file_id = null from gone where p.id = gone.id"
            " returning gone.file_id",
            clock.now(),
        )
        await storage.let_go([row["file_id"] for row in rows])
    return len(rows)
