"""Every page, part, API answer and file, as every role sees it, holds no person's whole phone or ID number.

What is looked at is the scene of test_walk.py, with numbers in every place where there may be any: also in what people
wrote. Shown whole are only answers to a reason that was given (POST), and documents and packages that say so.
"""

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer

import app
from core import crypto, db
from core.identity import find_ids, find_phones
from core.settings import settings
from staff.roles import Role
from tests.console.browser import Browser
from tests.console.walk_scene import Scene, build
from tests.console.walk_table import TABLE

ID = "990000202002290035"
CALLER, CONTACT, PATIENT, WRITTEN = "13800000917", "19900000926", "13800000977", "19900000931"
NUMBERS = frozenset({ID, CALLER, CONTACT, PATIENT, WRITTEN})
# Whole on purpose, each a way of its own: logged, for a reason, or what the reader typed themselves.
WHOLE = {
    "GET /cases/{id}/privacy/packages/{package}": "the package for the person themselves",
    "GET /imports/{id}/faulty": "the sender's own file goes back to them",
}


@pytest_asyncio.fixture
async def scene(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Scene]:
    """The application with everybody and everything, and numbers everywhere."""
    assert database_url, redis_url
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    async with TestServer(app.make()) as server:
        found = await build(server)
        await _number(found)
        yield found
        await found.leave()


async def _number(scene: Scene) -> None:
    """Put whole numbers into every column and every text of the scene's persons."""
    ring = crypto.key_ring()
    await db.execute(
        "update cases set caller_phone = $1, caller_phone_hash = $2, contact_phone = $3, contact_phone_hash = $4,"
        " title = title || $5, content = content || $6",
        ring.encrypt(CALLER, "cases.caller_phone"),
        crypto.search_hash(CALLER),
        ring.encrypt(CONTACT, "cases.contact_phone"),
        crypto.search_hash(CONTACT),
        f" {WRITTEN}",
        f" 我的电话{WRITTEN}，身份证{ID}。",
    )
    await db.execute(
        "update patient set id_number = $1, id_hash = $2, address = $3, phone = $4, phone_hash = $5",
        ring.encrypt(ID, "patient.id_number"),
        crypto.search_hash(ID),
        ring.encrypt(f"示范市东示区测试街1号，{WRITTEN}", "patient.address"),
        ring.encrypt(PATIENT, "patient.phone"),
        crypto.search_hash(PATIENT),
    )
    await db.execute(
        "update petitioner set phone = $1, id_number = $2",
        ring.encrypt(CALLER, "petitioner.phone"),
        ring.encrypt(ID, "petitioner.id_number"),
    )
    assert scene.at


def words(data: bytes, mime: str) -> str:
    """All that can be read in an answer: of an archive (also Word and Excel) every part."""
    if zipfile.is_zipfile(io.BytesIO(data)):
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "\n".join(archive.read(name).decode(errors="replace") for name in archive.namelist())
    return "" if mime.startswith(("image/", "audio/")) else data.decode(errors="replace")


def numbers_in(text: str) -> set[str]:
    """The persons' numbers that stand in a text, however they are written."""
    found = {number for number in NUMBERS if number in text}
    return found | (NUMBERS & {*find_phones(text), *find_ids(text)})


async def answer(browser: Browser, path: str) -> tuple[int, str]:
    async with browser.session.get(browser.server.make_url(path), allow_redirects=False) as found:
        return found.status, words(await found.read(), found.headers.get("Content-Type", ""))


async def test_no_page_part_api_or_file_tells_any_role_a_whole_number(scene: Scene) -> None:
    told: dict[tuple[str, str], list[str]] = {}
    opened: set[str] = set()
    for line in TABLE:
        if line.method != "GET" or line.path in WHOLE or line.kind in ("machine", "verbs"):
            continue
        path = line.at.format_map(scene.at)
        for role in Role:
            status, text = await answer(await scene.enter(role.value), path)
            if status == 200:
                opened.add(line.path)
            if found := numbers_in(text):
                told.setdefault((line.path, "、".join(sorted(found))), []).append(role.value)
    assert told == {}
    for path in ("GET /cases/{id}", "GET /patients/{id}", "GET /cases", "GET /api/v1/cases/{id}"):
        assert path in opened, f"{path} opened to nobody, so that nothing was seen"


async def test_the_numbers_are_there_and_shown_whole_for_a_reason_that_is_written_down(scene: Scene) -> None:
    """Without this the test above would pass over an empty house."""
    centre = await scene.enter("centre_staff")
    case = scene.at["case"]
    page = await centre.get(f"/cases/{case}")
    assert "138****0917" in page.text
    assert "990000********0035" in page.text
    shown = await centre.post(f"/cases/{case}/reveal", {"reason": "电话核实诉求"}, part=True)
    assert numbers_in(shown.text) == {CALLER, CONTACT, WRITTEN, ID}
    patient = await centre.post(
        f"/patients/{scene.at['patient']}/reveal", {"reason": "核对患者身份"}, part=True
    )
    assert numbers_in(patient.text) >= {PATIENT, ID}
    rows = await db.fetch("select action from audit where action like '%.reveal' order by id")
    assert [row["action"] for row in rows] == ["case.reveal", "patient.reveal"]


async def test_searching_by_a_whole_number_finds_without_telling_it_back_in_the_list(scene: Scene) -> None:
    centre = await scene.enter("centre_staff")
    page = await centre.get(f"/cases?q={CALLER}")
    cells = page.words("//*[contains(@class, 'row-title')]")
    assert cells
    assert [numbers_in(cell) for cell in cells] == [set()] * len(cells)
