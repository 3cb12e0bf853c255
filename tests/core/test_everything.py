"""Everything taken out: each row and each file is in it, the manifest proves it, doors stay shut, sealed stays sealed."""

import gzip
import hashlib
from pathlib import Path
from typing import Any

import orjson
import pytest

import wiring
from core import clock, crypto, db, everything, everything_acts, everything_schema, storage
from core.actor import Actor, ActorKind, Door, Grant, Permission, system
from core.errors import Forbidden, NotFound, Refused
from core.everything_acts import AskForm, WordForm
from core.jobs import Job
from core.settings import settings

BY = system("测试")


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of the test's own, and the sealed columns declared."""
    wiring.wire()
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "kept"))
    monkeypatch.setenv("HUIYIN_EXPORT_FOLDER", str(tmp_path / "out"))
    settings.cache_clear()


async def person(number: str, *permissions: Permission) -> Actor:
    """A member of staff with these permissions for the whole group."""
    staff_id = await db.fetchval(
        "insert into staff (number, name, password_hash) values ($1, $1, 'secret-hash') returning id", number
    )
    grants = tuple(Grant(permission, "/") for permission in permissions)
    return Actor(ActorKind.STAFF, staff_id, number, Door.WEB, grants)


async def furnish() -> str:
    """Some rows of many kinds and two names of one file; its digest."""
    ring = crypto.key_ring()
    for at in range(1_203):  # more than one chunk
        await db.execute(
            "insert into patient (number, name, phone, phone_hash) values ($1, '测试' || $1, $2, $3)",
            f"P{at}",
            ring.encrypt(f"138{at:08d}", "patient.phone"),
            crypto.search_hash(f"138{at:08d}"),
        )
    first = await storage.keep("病历.txt", "住院病历".encode(), by="测试", checked=True)
    await storage.keep("又一份.txt", "住院病历".encode(), by="测试", checked=True)
    return first.sha256


def lines(folder: Path, table: str) -> list[dict[str, Any]]:
    """The rows of a table of an export."""
    with gzip.open(folder / "tables" / f"{table}.jsonl.gz") as file:
        return [orjson.loads(line) for line in file]


async def test_every_table_is_in_it_with_every_row_and_reads_back_as_it_was(
    database: str, tmp_path: Path
) -> None:
    digest = await furnish()
    await person("somebody")
    folder = tmp_path / "all"
    taken = await everything.export(folder, by="测试", reason="测试迁移")
    assert await everything.verify(folder) == []
    tables = await db.fetch(
        "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
        " and not relispartition"
    )
    names = {row["relname"] for row in tables} - everything_schema.WITHHELD_TABLES
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    counts = {part["path"][7:-9]: part["rows"] for part in manifest["tables"]}
    assert set(counts) == names
    assert counts == {
        name: await db.fetchval(f'select count(*) from "{name}"')  # noqa: S608 - names of the catalogue
        for name in names
    }
    assert sum(counts.values()) == taken.rows
    rows = {row["number"]: row for row in lines(folder, "patient")}
    kept = await db.fetchrow("select row_to_json(p)::text as said from patient p where number = 'P77'")
    assert kept is not None
    assert rows["P77"] == orjson.loads(kept["said"])
    assert (folder / "files" / digest).read_bytes().decode() == "住院病历"
    assert [part["sha256"] for part in manifest["files"]] == [digest]
    assert taken.manifest_sha256 == hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
    assert "secret-hash" not in "".join(map(str, lines(folder, "staff")))
    assert "password_hash" not in lines(folder, "staff")[0]
    with pytest.raises(Refused):
        await everything.export(folder, by="测试", reason="再来一次")


async def test_sealed_columns_are_open_only_when_that_was_asked_for(database: str, tmp_path: Path) -> None:
    await furnish()
    await everything.export(tmp_path / "sealed", by="测试", reason="测试迁移")
    await everything.export(tmp_path / "open", by="测试", reason="测试迁移", opened=True)
    shut = next(row for row in lines(tmp_path / "sealed", "patient") if row["number"] == "P7")
    bare = next(row for row in lines(tmp_path / "open", "patient") if row["number"] == "P7")
    value = bytes.fromhex(shut["phone"].removeprefix("\\x"))
    assert crypto.key_ring().decrypt(value, "patient.phone") == "13800000007" == bare["phone"]
    assert "13800000007" not in str(shut)


async def test_a_tampered_or_shortened_export_is_told(database: str, tmp_path: Path) -> None:
    await furnish()
    folder = tmp_path / "all"
    await everything.export(folder, by="测试", reason="测试迁移")
    (folder / "tables" / "patient.jsonl.gz").write_bytes(gzip.compress(b"{}\n"))
    (folder / "tables" / "visit.jsonl.gz").unlink()
    assert await everything.verify(folder) == [
        "tables/patient.jsonl.gz：内容与清单不符",
        "tables/visit.jsonl.gz：没有这个文件",
    ]


async def test_the_schema_names_every_column_with_its_meaning(database: str, tmp_path: Path) -> None:
    await everything.export(tmp_path / "all", by="测试", reason="测试迁移")
    said = (tmp_path / "all" / "SCHEMA.md").read_text("utf-8")
    assert "| number | text | yes | the hospital's own patient id |" in said
    assert "| phone | bytea |  | sealed |" in said
    assert "Two numbers are one person." in said  # what stands above `create table patient_merge`
    assert "- `PRIMARY KEY (visit_id, place)`" in said
    columns = await db.fetch(
        "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and not c.relispartition"
        " and a.attnum > 0 and not a.attisdropped"
    )
    missing = [
        f"{row['relname']}.{row['attname']}"
        for row in columns
        if row["relname"] not in everything_schema.WITHHELD_TABLES
        and not everything_schema.withheld(row["relname"], row["attname"])
        and f"| {row['attname']} |" not in said.partition(f"## {row['relname']}\n")[2].partition("\n## ")[0]
    ]
    assert missing == []


async def test_one_person_asks_another_agrees_and_the_job_writes_it(database: str) -> None:
    await furnish()
    admin = await person("admin", Permission.DATA_EXPORT, Permission.EXPORT_APPROVE)
    head = await person("head", Permission.EXPORT_APPROVE)
    wish = AskForm(reason="更换系统的数据迁移", opened=True)
    with pytest.raises(Forbidden):
        await everything_acts.ask(wish, by=head)
    number = await everything_acts.ask(wish, by=admin)
    with pytest.raises(Refused):
        await everything_acts.ask(wish, by=admin)
    with pytest.raises(Forbidden):
        await everything_acts.decide(number, WordForm(agreed=True), by=admin)
    with pytest.raises(Refused):
        await everything_acts.agreed(number)
    await everything_acts.decide(number, WordForm(agreed=True), by=head)
    with pytest.raises(NotFound):
        await everything_acts.decide(number, WordForm(agreed=False), by=head)
    assert await everything_acts.agreed(number) == "head"
    job = await db.fetchval("select id from job where kind = $1", everything_acts.KIND)
    await everything_acts.write(Job(job, everything_acts.KIND, {"export": number}, 1))
    (row,) = await everything_acts.listed(admin)
    place = everything_acts.place()
    assert place is not None
    assert (row.state, row.decided_by, await everything.verify(place / row.folder)) == ("done", "head", [])
    log = await db.fetchrow("select kind, rows, whole, recipient, approved_by, sha256 from data_export")
    assert log is not None
    assert dict(log) == {
        "kind": "everything",
        "rows": row.rows,
        "whole": True,
        "recipient": "admin",
        "approved_by": "head",
        "sha256": row.manifest_sha256,
    }
    await everything_acts.write(
        Job(job, everything_acts.KIND, {"export": number}, 2)
    )  # twice changes nothing
    assert len(list(place.iterdir())) == 1
    assert row.done_at is not None
    assert row.done_at <= clock.now()


async def test_what_opens_doors_is_in_no_export_sealed_or_open(database: str, tmp_path: Path) -> None:
    """A column that is sealed and of no person is a credential of somebody's system."""
    await db.execute(
        "insert into feed_link (name, kind, application, charset, mapping, secret)"
        " values ('院内', 'sql', 'x', 'utf-8', 'visits_view', $1)",
        crypto.key_ring().encrypt("reader:a password of a test", "feed_link.secret"),
    )
    folder = tmp_path / "all"
    await everything.export(folder, by="测试", reason="测试迁移", opened=True)
    with gzip.open(folder / "tables" / "feed_link.jsonl.gz") as lines:
        (row,) = map(orjson.loads, lines)
    assert (row["name"], "secret" in row) == ("院内", False)
    assert everything_schema.withheld("terminal", "bridge_key")
    assert not everything_schema.withheld("cases", "secret")
