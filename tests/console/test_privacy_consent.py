"""The scan on which an agreement rests: brought on this page by this very person, shown to who writes agreements down."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from aiohttp import FormData

from core import clock, db, storage
from core.errors import Invalid
from core.settings import settings
from patients import consent_noting
from patients.consent import Channel, Purpose, Way
from tests.console.desk import Desk
from tests.console.privacy_cast import audited_desk, bytes_of, patient


@pytest_asyncio.fixture
async def desk(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """The hospital with an auditor, its files in a folder of this test's own."""
    assert database_url, redis_url
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    async with audited_desk() as opened:
        yield opened


SAID = {"given": "given", "purposes": "education", "channels": "sms", "way": "书面签字"}


def form(**more: str) -> FormData:
    made = FormData(quote_fields=False)
    for name, value in {**SAID, **more}.items():
        made.add_field(name, value)
    return made


def with_scan(**more: str) -> FormData:
    made = form(**more)
    made.add_field("proof_file", "同意书".encode(), filename="同意书.txt", content_type="text/plain")
    return made


async def test_a_scan_is_kept_with_the_line_and_opened_by_who_writes_agreements_down(desk: Desk) -> None:
    one = await patient()
    liaison, bones, auditor = [await desk.enter(name) for name in ("liaison", "bones", "auditor")]
    noted = await liaison.post(f"/patients/{one}/consent/new", with_scan(), part=True)
    assert noted.headers.get("HX-Redirect") == f"/patients/{one}", noted.text
    part = await liaison.get(f"/patients/{one}/consent", part=True)
    (path,) = part.tree.xpath("//a[contains(@href, '/proof')]/@href")
    assert await bytes_of(liaison, path) == (200, "同意书".encode())
    assert [(await bytes_of(other, path))[0] for other in (bones, auditor)] == [404, 403]
    seen = await db.fetch("select actor_name from audit where action = 'patient.consent_proof'")
    assert [row["actor_name"] for row in seen] == ["测试联络人甲"]


async def test_a_scan_of_a_faulty_form_is_named_by_a_receipt_that_holds_here_alone(desk: Desk) -> None:
    one, two = await patient(), await patient("P-2", "13800000009")
    liaison, centre = await desk.enter("liaison"), await desk.enter("centre")
    path, other = f"/patients/{one}/consent/new", f"/patients/{two}/consent/new"
    faulty = await liaison.post(path, with_scan(on="2099-01-01"), part=True)
    assert faulty.status == 422
    (receipt,) = faulty.tree.xpath("//input[@name='proof_file'][@type='hidden']/@value")
    for browser, where, named in (
        (liaison, path, receipt.partition(".")[0]),  # the bare id
        (liaison, path, f"{uuid4()}.{receipt.partition('.')[2]}"),  # another file's
        (liaison, other, receipt),  # another page
        (centre, path, receipt),  # another person
    ):
        refused = await browser.post(where, form(proof_file=named), part=True)
        assert refused.words("//*[@class='fault']") == ["同意须留凭证：文件编号、录音编号或上传扫描件"]
    assert (await liaison.post(path, form(proof_file=receipt), part=True)).status == 200
    assert await db.fetchval("select proof_file::text from consent") == receipt.partition(".")[0]


async def test_a_file_of_somebody_else_or_of_something_else_proves_no_agreement(desk: Desk) -> None:
    one = await patient()
    liaison = desk.people["liaison"]
    alien = await storage.keep("同意书.txt", b"x", by=desk.centre)
    used = await storage.keep("凭证.txt", b"y", by=liaison)
    case, _ = await desk.receive()
    await db.execute(
        "insert into attachment (case_id, kind, file_id, name, added_by, added_at)"
        " values ($1, 'record', $2, '凭证.txt', '测试', now())",
        case.id,
        used.id,
    )
    for file in (alien, used):
        entry = consent_noting.Entry(
            (Purpose.SURVEY,), (Channel.SMS,), True, Way.PAPER, clock.today(), proof_file=file.id
        )
        with pytest.raises(Invalid, match="请在本页重新上传"):
            await consent_noting.note(one, entry, by=liaison)
    assert await db.fetchval("select count(*) from consent") == 0
