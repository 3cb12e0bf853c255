"""What the tests of personal data share: a hospital with an auditor, a patient with everything, jobs run, a request made."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pyzipper

from core import crypto, db
from core.actor import Door
from core.jobs import run_job
from core.settings import settings
from staff.actors import actor_of
from staff.roles import Role
from tests.console.browser import Browser
from tests.console.desk import Desk, open_desk

PHONE, ID = "13800000001", "990000199001010025"


@asynccontextmanager
async def audited_desk() -> AsyncIterator[Desk]:
    """The hospital with an auditor beside the cast of the case tests."""
    async with open_desk() as opened:
        number = await db.fetchval(
            "insert into staff (number, name, wecom_userid) values ('auditor', '测试审计员', 'auditor') returning id"
        )
        await db.execute(
            "insert into post (staff_id, unit_id, role, rank) values ($1, 1, $2, 1)", number, Role.AUDITOR
        )
        people = {**opened.people, "auditor": await actor_of(number, Door.WEB)}
        yield Desk(opened.server, people, opened.browsers)


async def patient(number: str = "P-1", phone: str = PHONE) -> int:
    ring = crypto.key_ring()
    made: int = await db.fetchval(
        "insert into patient (number, name, gender, phone, phone_hash, id_number, id_hash, address, wechat_openid)"
        " values ($1, '测试甲', '女', $2, $3, $4, $5, $6, 'o-1') returning id",
        number,
        ring.encrypt(phone, "patient.phone"),
        crypto.search_hash(phone),
        ring.encrypt(ID, "patient.id_number"),
        crypto.search_hash(ID),
        ring.encrypt("示范市东示区测试街1号", "patient.address"),
    )
    await db.execute(
        "insert into visit (patient_id, kind, number, unit_id, start_on, end_on, doctor, diagnosis)"
        " values ($1, 'outpatient', $2, 4, '2026-11-02', '2026-11-02', '王测甲', '高血压病')",
        made,
        f"MZ-{number}",
    )
    return made


async def jobs(kind: str) -> None:
    for row in await db.fetch("select id from job where kind = $1 and state = 'due'", kind):
        assert await run_job(row["id"]) == "done"


async def stored() -> set[str]:
    """The names of what lies in storage."""
    return {path.name for path in settings().storage_folder.rglob("*") if path.is_file()}


async def bytes_of(browser: Browser, path: str) -> tuple[int, bytes]:
    async with browser.session.get(browser.server.make_url(path)) as answer:
        return answer.status, await answer.read()


async def agreed_to(desk: Desk, case: int, act: str, browser: Browser) -> None:
    """Ask for a copy or a deletion, and have the head of the centre agree."""
    given = {"confirmed": "yes"} if act == "erase" else {}
    asked = await browser.post(f"/cases/{case}/privacy/{act}", given, part=True)
    assert asked.status == 200, asked.text
    chief = await desk.enter("chief")
    said = await chief.post(f"/cases/{case}/privacy/decide", {"verdict": "yes"}, part=True)
    assert said.status == 200, said.text


async def unlocked(case: int, data: bytes) -> pyzipper.AESZipFile:
    """The newest package of a case, opened with its password."""
    sealed = await db.fetchval(
        "select password from privacy_package where case_id = $1 order by asked_at desc limit 1", case
    )
    archive = pyzipper.AESZipFile(io.BytesIO(data))
    archive.setpassword(crypto.key_ring().decrypt(sealed, "privacy_package.password").encode())
    return archive


async def asked_for(desk: Desk, *rights: str, number: str = "P-1") -> tuple[int, Browser]:
    """A request at the desk, its asker identified; the case."""
    centre = await desk.enter("centre")
    form = {
        "kind": "个人信息",
        "content": "本人要求查阅、更正并删除在贵院的个人信息。",
        "caller_name": "测试甲",
        "caller_phone": PHONE,
        "patient_number": number,
        "draft": f"d{len(desk.browsers)}",
    }
    page = await centre.post("/feedback/new", form)
    assert page.status == 303, page.text
    case = int(page.headers["Location"].rsplit("/", 1)[1])
    check = {"patient_number": number, "rights": list(rights), "note": "核对身份证原件，姓名照片一致"}
    done = await centre.post(f"/cases/{case}/privacy/check", check, part=True)
    assert done.status == 200, done.text
    return case, centre
