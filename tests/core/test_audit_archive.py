"""Months of the audit log leave the table whole and proven, and come back for reading."""

import gzip
import hashlib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import orjson
import pytest
import pytest_asyncio

from core import (
    audit,
    audit_archive,
    audit_archiving,
    audit_chain,
    audit_keeping,
    audit_restoring,
    clock,
    db,
)
from core.actor import Door, system
from core.audit_archive import Proof
from core.errors import NotFound, Refused
from core.stores import store

TESTER = system("测试", Door.COMMAND)
MARCH, APRIL = date(2024, 3, 1), date(2024, 4, 1)


async def line(number: int, *at: int) -> None:
    """A line of 2024 at this month, day and hour (UTC)."""
    month, day, hour = at
    with clock.frozen(datetime(2024, month, day, hour, 30, tzinfo=UTC)):
        await audit.record(TESTER, "test.step", "thing", number, note=f"第 {number} 行，含“引号”和\n换行")


async def seal_all() -> None:
    """Every line under a seal."""
    while await audit.seal():
        pass


@pytest_asyncio.fixture
async def log(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lines on both sides of the end of March, sealed; the folder of the storage."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    monkeypatch.setattr(audit_archiving, "PART", 2)
    for number, at in enumerate([(3, 1, 0), (3, 9, 8), (3, 31, 23), (4, 1, 0), (4, 2, 9)]):
        await line(number, *at)
    await seal_all()
    await db.execute("select audit_partitions(date '2024-03-01')")
    return tmp_path


async def things(table: str = "audit") -> list[tuple[object, ...]]:
    """The lines about things, as they read."""
    rows = await db.fetch(
        f"select {', '.join(audit_chain.COLUMNS)} from {table} where subject = 'thing' order by id"  # noqa: S608
    )
    return [tuple(row) for row in rows]


async def test_a_month_is_archived_let_go_and_read_again(log: Path) -> None:
    before = await things()
    made = await audit_archiving.write(MARCH, by=TESTER)
    assert (made.lines, made.first_seal, made.last_seal, made.online) == (3, 1, 1, True)
    assert await audit_restoring.prove(MARCH) == Proof("2024-03", 3, 1, "")
    assert await audit_archiving.release(MARCH, by=TESTER) == 3
    assert await things() == before[3:]
    await seal_all()
    verdict = await audit.verify()
    assert (verdict.broken, verdict.archived, verdict.lines) == ("", 3, 4)
    assert await audit_restoring.prove(MARCH) == Proof("2024-03", 3, 1, "")

    assert await audit_restoring.restore(MARCH, by=TESTER) == 3
    assert await things("audit_restored") == before[:3]
    assert (await audit_archive.find(MARCH)).restored == 3
    assert await audit_restoring.restore(MARCH, by=TESTER) == 3
    assert await audit_restoring.forget(MARCH, by=TESTER) == 3
    assert await things("audit_restored") == []
    rows = await db.fetch("select action from audit where subject = 'audit_archive' order by id")
    assert [row["action"] for row in rows] == [
        "audit.archive",
        "audit.release",
        "audit.restore",
        "audit.restore",
        "audit.forget_copy",
    ]


async def test_what_was_done_twice_is_done_once(log: Path) -> None:
    assert await audit_archiving.write(MARCH, by=TESTER) == await audit_archiving.write(MARCH, by=TESTER)
    assert await audit_archiving.release(MARCH, by=TESTER) == 3
    assert await audit_archiving.release(MARCH, by=TESTER) == 0


async def test_an_archive_can_be_proven_with_its_files_alone(log: Path) -> None:
    """As docs/operations.md tells an outsider to."""
    made = await audit_archiving.write(MARCH, by=TESTER)

    def read(key: str) -> bytes:
        return (log / key[:2] / key[2:4] / key).read_bytes()

    manifest = orjson.loads(read(made.manifest))
    lines = [
        text
        for part in manifest["parts"]
        if part["kind"] == "lines"
        for text in gzip.decompress(read(part["sha256"])).splitlines()
    ]
    (seal,) = (
        orjson.loads(text)
        for part in manifest["parts"]
        if part["kind"] == "seals"
        for text in gzip.decompress(read(part["sha256"])).splitlines()
    )
    hashes = b"".join(hashlib.sha256(text).digest() for text in lines)
    own = hashlib.sha256(bytes.fromhex(seal["before"]) + hashes).hexdigest()
    assert (len(lines), manifest["lines"], manifest["month"], own) == (3, 3, "2024-03", seal["hash"])


@pytest.mark.parametrize("kind", ["lines", "seals", "manifest"])
@pytest.mark.parametrize("how", ["changed", "gone"])
async def test_a_file_that_is_gone_or_changed_is_found_and_nothing_is_let_go(
    log: Path, kind: str, how: str
) -> None:
    made = await audit_archiving.write(MARCH, by=TESTER)
    manifest = await audit_archive.manifest_of(made)
    key = next((part.sha256 for part in manifest.parts if part.kind == kind), made.manifest)
    path = log / key[:2] / key[2:4] / key
    if how == "gone":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-3] + b"xyz")
    assert (await audit_restoring.prove(MARCH)).broken != ""
    for step in (audit_archiving.release(MARCH, by=TESTER), audit_restoring.restore(MARCH, by=TESTER)):
        with pytest.raises(Refused, match="校验未通过"):
            await step
    assert len(await things()) == 5


async def test_an_archive_forged_whole_does_not_fit_the_chain(log: Path) -> None:
    """Somebody with the storage and the table of archives, and even with the key, rewrites a month."""
    made = await audit_archiving.write(MARCH, by=TESTER)
    manifest = await audit_archive.manifest_of(made)
    first = next(part for part in manifest.parts if part.kind == "lines")
    lines = [orjson.loads(text) for text in await audit_archive.read_part(first)]
    lines[0][4] = "别人"
    forged = await audit_archiving.put_part("lines", [orjson.dumps(one) for one in lines])
    parts = tuple(forged if part == first else part for part in manifest.parts)
    body = orjson.dumps(manifest.model_copy(update={"parts": parts}).sealed().model_dump())
    key = hashlib.sha256(body).hexdigest()
    await store().put(key, body)
    await db.execute("alter table audit_archive disable trigger user")
    await db.execute("update audit_archive set manifest = $1", key)
    assert (await audit_restoring.prove(MARCH)).broken == "归档登记与审计日志中的记录不符"
    await db.execute("alter table audit disable trigger user")
    await db.execute("delete from audit where action = 'audit.archive'")
    broken = (await audit_restoring.prove(MARCH)).broken
    assert broken == f"封印 1：第 {lines[0][0]} 行在封印之后被改动"


async def test_a_broken_or_unsealed_month_is_not_archived(log: Path) -> None:
    await line(9, 3, 12, 1)
    with pytest.raises(Refused, match="2024-03 不能归档：有 1 行尚未封印"):
        await audit_archiving.write(MARCH, by=TESTER)
    await seal_all()
    await db.execute("alter table audit disable trigger user; alter table audit_202403 disable trigger user")
    await db.execute("update audit set actor_name = '别人' where subject_id = 1")
    with pytest.raises(Refused, match="不能归档：封印 1：第 2 行在封印之后被改动"):
        await audit_archiving.write(MARCH, by=TESTER)
    with pytest.raises(NotFound):
        await audit_archiving.write(date(2023, 1, 1), by=TESTER)
    assert await audit_archive.archives() == []


async def test_a_line_missing_beside_an_archive_is_still_missed(log: Path) -> None:
    await audit_archiving.write(MARCH, by=TESTER)
    await audit_archiving.release(MARCH, by=TESTER)
    await seal_all()
    await db.execute("alter table audit disable trigger user; alter table audit_202404 disable trigger user")
    await db.execute("delete from audit where subject_id = 4")
    assert (await audit.verify()).broken == "封印 2：缺少 1 行审计记录（第 5 行起）"


async def test_a_seal_of_before_that_spans_two_months_is_kept_whole_in_the_first(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    await line(1, 3, 31, 23)
    await line(2, 4, 1, 0)
    rows = await db.fetch(
        "select id, at, actor_kind, actor_id, actor_name, door, address, action, subject, subject_id, detail, trace_id"
        " from audit order by id"
    )
    sha = hashlib.sha256(b"")
    for row in rows:
        sha.update(orjson.dumps([str(value) for value in row.values()]))
    await db.execute(
        "insert into audit_seal (ids, before, hash) values ($1::bigint[], '', $2)",
        [row["id"] for row in rows],
        sha.digest(),
    )
    await db.execute("delete from audit_unsealed")
    await db.execute("select audit_partitions(date '2024-03-01')")
    for month in (MARCH, APRIL):
        made = await audit_archiving.write(month, by=TESTER)
        assert (made.lines, made.first_seal, made.last_seal) == (1, 1, 1)
        assert await audit_archiving.release(month, by=TESTER) == 1
    assert await audit_restoring.prove(MARCH) == Proof("2024-03", 2, 1, "")
    assert await audit_restoring.prove(APRIL) == Proof("2024-04", 1, 1, "")
    await seal_all()
    assert (await audit.verify()).archived == 2


def test_the_seal_of_a_manifest_covers_every_field() -> None:
    made = audit_archive.Manifest(
        format=1,
        hospital="测试医院",
        month="2024-03",
        made_at="",
        made_by="",
        columns=("id",),
        lines=1,
        first_at="",
        last_at="",
        ids="{[1,2)}",
        first_seal=1,
        last_seal=1,
        parts=(),
    ).sealed()
    for name, value in made.model_dump(exclude={"seal"}).items():
        other = {str: "anders", int: 99}.get(type(value), ("anders",))
        if name == "parts":
            other = (audit_archive.Part(kind="lines", sha256="", bytes=1, count=1),)
        assert made.model_copy(update={name: other}).own_seal() != made.seal


def test_a_month_is_written_as_one() -> None:
    assert audit_archive.month_of("2024-12") == date(2024, 12, 1)
    assert audit_archive.bounds(date(2024, 12, 1))[1] == datetime(2025, 1, 1, tzinfo=UTC)
    for text in ("2024", "2024-13", "", "../etc"):
        with pytest.raises(NotFound):
            audit_archive.month_of(text)


async def test_a_month_in_use_is_let_go_of_another_time(log: Path, database: str) -> None:
    await audit_archiving.write(MARCH, by=TESTER)
    other = await asyncpg.connect(database)
    async with other.transaction():
        await other.execute("lock table audit in access share mode")
        with pytest.raises(Refused, match="数据库正忙"):
            await audit_archiving.release(MARCH, by=TESTER)
    await other.close()
    assert await audit_archiving.release(MARCH, by=TESTER) == 3


async def test_each_archive_is_read_again_by_night_and_a_lost_file_is_told(log: Path) -> None:
    made = await audit_archiving.write(MARCH, by=TESTER)
    await audit_archiving.release(MARCH, by=TESTER)

    async def proofs() -> list[tuple[str, str]]:
        rows = await db.fetch("select what, broken from audit_check order by id")
        return [(row["what"], row["broken"]) for row in rows]

    await seal_all()
    assert await audit_keeping.nightly() > 3
    assert await proofs() == [("chain", ""), ("2024-03", "")]
    await seal_all()
    await audit_keeping.nightly()
    assert await proofs() == [("chain", ""), ("2024-03", ""), ("chain", "")]  # it was read this month
    key = (await audit_archive.manifest_of(made)).parts[0].sha256
    (log / key[:2] / key[2:4] / key).unlink()
    await seal_all()
    with clock.frozen(clock.now() + timedelta(days=31)):
        with pytest.raises(Refused, match="2024-03 的归档有问题"):
            await audit_keeping.nightly()
        with pytest.raises(Refused, match="2024-03 的归档有问题"):  # and again until it is found
            await audit_keeping.nightly()
