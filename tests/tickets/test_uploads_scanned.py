"""With a scanner configured nothing is given out before it was called clean; without an answer nothing passes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from core import clock, db, jobs, quarantine, storage
from core.errors import Forbidden, Refused
from core.quarantine import Standing
from core.settings import settings
from integrations import clamav
from sandbox.clamd import EICAR, VERSION, Clamd
from tests.console.desk import settle
from tests.tickets.conftest import Cast

NO_PATIENCE = 0.0


@pytest_asyncio.fixture
async def scanner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> AsyncIterator[Clamd]:
    """A scanner, and the settings that name it."""
    clamd = Clamd()
    server = await clamd.serve()
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    monkeypatch.setenv("HUIYIN_CLAMAV_ADDRESS", f"127.0.0.1:{clamd.port}")
    settings.cache_clear()
    yield clamd
    server.close()
    settings.cache_clear()


async def run_jobs() -> list[str]:
    """What came of the jobs that ask the scanner and are due."""
    rows = await db.fetch("select id from job where kind = $1 and state = 'due' order by id", quarantine.KIND)
    return [await jobs.run_job(row["id"]) for row in rows]


async def test_a_file_is_given_out_once_it_was_called_clean_and_not_before(
    cast: Cast, scanner: Clamd
) -> None:
    file = await storage.keep("病历.txt", b"plain words", by=cast.liaison)
    with pytest.raises(Refused, match="等待病毒检查"):
        await quarantine.pass_or_refuse(file.sha256, patience=NO_PATIENCE)
    reading = asyncio.create_task(storage.read(file))
    assert await run_jobs() == ["done"]
    assert await reading == b"plain words"
    again = await storage.keep("同一内容.txt", b"plain words", by=cast.centre)
    assert (await run_jobs(), await storage.read(again), scanner.asked) == ([], b"plain words", 1)


async def test_a_file_with_a_virus_is_set_apart_and_its_bringer_the_administrator_and_the_log_are_told(
    cast: Cast, scanner: Clamd, tmp_path: Path
) -> None:
    file = await storage.keep("说明.txt", EICAR, by=cast.liaison)
    await run_jobs()
    await settle()
    with pytest.raises(Forbidden, match="已隔离"):
        await storage.read(file)
    apart = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
    assert apart == [Path("apart") / file.sha256]
    told = await db.fetch("select receiver_name, purpose from message order by receiver_name")
    assert [tuple(row) for row in told] == [
        ("测试管理员", "file.infected"),
        ("测试联络人甲", "file.infected"),
    ]
    line = await db.fetchrow(
        "select actor_name, action, detail ->> 'found' as found from audit where action = 'file.infected'"
    )
    assert line is not None
    assert tuple(line) == ("病毒扫描", "file.infected", "Win.Test.EICAR_HDB-1")
    with pytest.raises(Forbidden):
        await storage.read(await storage.keep("换个名字.txt", EICAR, by=cast.head))


async def test_while_the_scanner_is_away_or_says_neither_yes_nor_no_files_wait_and_are_asked_about_again(
    cast: Cast, scanner: Clamd, monkeypatch: pytest.MonkeyPatch
) -> None:
    scanner.small = 4
    file = await storage.keep("病历.txt", b"plain words", by=cast.liaison)
    assert await run_jobs() == ["done"]
    with pytest.raises(Refused, match="等待病毒检查"):
        await quarantine.pass_or_refuse(file.sha256, patience=NO_PATIENCE)
    scanner.small = 4000
    with clock.frozen(clock.now() + quarantine.AGAIN * 2):
        assert await quarantine.sweep() == 1
        assert await run_jobs() == ["done"]
    assert await storage.read(file) == b"plain words"


async def test_a_silent_scanner_is_away(scanner: Clamd, monkeypatch: pytest.MonkeyPatch) -> None:
    scanner.silent = True
    monkeypatch.setattr(clamav, "ANSWER", 0.2)
    with pytest.raises(quarantine.ScannerAway, match="没有收到应答"):
        await clamav.scan(b"words")
    scanner.silent = False
    assert await clamav.version() == VERSION


async def test_without_a_scanner_files_pass_and_the_standing_says_so(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    settings.cache_clear()
    file = await storage.keep("病历.txt", b"plain words", by=cast.liaison)
    assert await storage.read(file) == b"plain words"
    assert await quarantine.standing() == Standing(False, 0, None, 0, None)
    settings.cache_clear()


async def test_what_we_made_ourselves_is_not_asked_about(cast: Cast, scanner: Clamd) -> None:
    file = await storage.keep("名单.txt", b"made by us", checked=True)
    assert (await storage.read(file), await run_jobs(), scanner.asked) == (b"made by us", [], 0)
