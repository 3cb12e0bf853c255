"""Takes out everything the hospital owns (IN-6): every table as JSON lines, every kept file, the schema, a manifest.

One snapshot of the database, read through a cursor and written as it comes: memory does not grow with it. Sealed columns
stay sealed unless they are opened on purpose. What only opens doors (passwords, sessions, tokens) is not the hospital's
record and stays where it is. Asks nobody's permission: `everything_acts` does, and manage.py.

The folder: manifest.json (what is there: rows, bytes, sha256 of each file, and the sha256 of it all is the manifest's own),
SCHEMA.md, tables/<name>.jsonl.gz (one row a line), files/<sha256> (the bytes of `stored_file` by their digest).
"""

import asyncio
import gzip
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import orjson

from core import clock, crypto, db, everything_schema, storage
from core.errors import Forbidden, NotFound, Refused
from core.everything_schema import WITHHELD_COLUMNS, WITHHELD_TABLES, withheld
from core.models import StoredFile
from core.rotation import PLACES, Place

FORMAT = 1
CHUNK = 1_000
Progress = Callable[[int, int, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the export; `rows` of a table."""

    path: str
    bytes: int
    sha256: str
    rows: int = 0


@dataclass(slots=True)
class Taken:
    """What was taken out."""

    tables: list[Part] = field(default_factory=list)
    files: list[Part] = field(default_factory=list)
    missing: list[str] = field(
        default_factory=list
    )  # digests whose bytes are gone or held back by the scanner
    manifest_sha256: str = ""

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(part.rows for part in self.tables)

    @property
    def bytes(self) -> int:
        """Of all files of the export but the manifest."""
        return sum(part.bytes for part in (*self.tables, *self.files))


async def _quiet(_: int, __: int, ___: str) -> None:
    """Nobody watches."""


async def export(
    folder: Path, *, by: str, reason: str, opened: bool = False, tell: Progress = _quiet
) -> Taken:
    """Write everything into a folder that does not exist yet, or is empty.

    Args:
        folder: where; readable by its owner alone.
        by: who asked, for the manifest.
        reason: what for, for the manifest.
        opened: whether sealed columns stand open in it.
        tell: told (done, total, what) as it goes.

    Raises:
        Refused: there is something in the folder.
    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} 不是空文件夹")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    for name in ("tables", "files"):
        (folder / name).mkdir(mode=0o700)
    taken = Taken()
    async with db.connection() as raw, raw.transaction(isolation="repeatable_read", readonly=True):
        shape = await everything_schema.read(raw)
        names = [table.name for table in shape if table.name not in WITHHELD_TABLES]
        for done, table in enumerate(names):
            await tell(done, len(names), table)
            taken.tables.append(await _table(raw, folder, table, opened=opened))
        migrations = [
            row["name"] for row in await raw.fetch("select name from schema_migration order by name")
        ]
        ids = [
            row["id"]
            for row in await raw.fetch("select min(id::text)::uuid as id from stored_file group by sha256")
        ]
    await _files(folder, ids, taken, tell)
    await asyncio.to_thread(
        (folder / "SCHEMA.md").write_text, everything_schema.document(shape, opened=opened), "utf-8"
    )
    taken.manifest_sha256 = await asyncio.to_thread(_manifest, folder, taken, by, reason, opened, migrations)
    return taken


async def _table(
    raw: "asyncpg.Connection[asyncpg.Record]", folder: Path, table: str, *, opened: bool
) -> Part:
    path = folder / "tables" / f"{table}.jsonl.gz"
    columns = await raw.fetch(
        "select attname from pg_attribute where attrelid = to_regclass($1) and attnum > 0 and not attisdropped order by attnum",
        f"public.{table}",
    )
    wanted = [row["attname"] for row in columns if not withheld(table, row["attname"])]
    sealed = [place for place in PLACES if opened and place.table == table and place.column in wanted]
    bound = [f'{place.row} as "{_row_name(place)}"' for place in sealed if place.row]
    listed = ", ".join([*(f'"{name}"' for name in wanted), *bound])
    rows, chunk = 0, list[str]()
    out = await asyncio.to_thread(gzip.open, path, "wb", 6)
    try:
        async for row in raw.cursor(
            f'select row_to_json(t)::text as line from (select {listed} from "{table}") t',  # noqa: S608 - names of the catalogue
            prefetch=CHUNK,
        ):
            chunk.append(row["line"])
            rows += 1
            if len(chunk) >= CHUNK:
                await asyncio.to_thread(_write, out, chunk, sealed)
                chunk = []
        await asyncio.to_thread(_write, out, chunk, sealed)
    finally:
        await asyncio.to_thread(out.close)
    size, digest = await asyncio.to_thread(_digest, path)
    return Part(f"tables/{path.name}", size, digest, rows)


def _row_name(place: Place) -> str:
    """What for the moment names the row a value was sealed for."""
    return f"row of {place.column}"


def _write(out: Any, lines: Sequence[str], sealed: Sequence[Place]) -> None:
    if not sealed:
        out.write("".join(f"{line}\n" for line in lines).encode())
        return
    ring = crypto.key_ring()
    for line in lines:
        row = orjson.loads(line)
        for place in sealed:
            about = row.pop(_row_name(place), "")
            if not row.get(place.column):
                continue
            value = bytes.fromhex(row[place.column].removeprefix("\\x"))
            if not place.sealed or row[place.sealed]:
                value = ring.open(value, place.name, about)
            row[place.column] = value.decode(errors="replace")
        out.write(orjson.dumps(row) + b"\n")


async def _files(folder: Path, ids: Sequence[Any], taken: Taken, tell: Progress) -> None:
    for done, file_id in enumerate(ids):
        file = await StoredFile.get_or_none(id=file_id)
        if file is None:  # gone since the snapshot
            continue
        if done % 50 == 0:
            await tell(done, len(ids), "附件")
        try:
            data = await storage.read(file)
        except (NotFound, Refused, Forbidden):
            taken.missing.append(file.sha256)
            continue
        path = folder / "files" / file.sha256
        await asyncio.to_thread(path.write_bytes, data)
        taken.files.append(Part(f"files/{file.sha256}", len(data), file.sha256))


def _digest(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        return path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()


def _manifest(
    folder: Path, taken: Taken, by: str, reason: str, opened: bool, migrations: Sequence[str]
) -> str:
    size, digest = _digest(folder / "SCHEMA.md")
    said = {
        "format": FORMAT,
        "made_at": clock.now().isoformat(),
        "made_by": by,
        "reason": reason,
        "sealed_columns": "open" if opened else "sealed",
        "migrations": list(migrations),
        "withheld_tables": sorted(WITHHELD_TABLES),
        "withheld_columns": sorted(WITHHELD_COLUMNS),
        "missing_files": taken.missing,
        "schema": {"path": "SCHEMA.md", "bytes": size, "sha256": digest},
        "tables": [
            {"path": part.path, "rows": part.rows, "bytes": part.bytes, "sha256": part.sha256}
            for part in taken.tables
        ],
        "files": [{"path": part.path, "bytes": part.bytes, "sha256": part.sha256} for part in taken.files],
    }
    data = orjson.dumps(said, option=orjson.OPT_INDENT_2)
    (folder / "manifest.json").write_bytes(data)
    return hashlib.sha256(data).hexdigest()


async def verify(folder: Path) -> list[str]:
    """What of an export is not as its manifest says, a sentence each; empty when it is whole."""
    return await asyncio.to_thread(_verify, folder)


def _verify(folder: Path) -> list[str]:
    said = orjson.loads((folder / "manifest.json").read_bytes())
    found = []
    for part in (said["schema"], *said["tables"], *said["files"]):
        path = folder / part["path"]
        if not path.exists():
            found.append(f"{part['path']}：没有这个文件")
        elif _digest(path) != (part["bytes"], part["sha256"]):
            found.append(f"{part['path']}：内容与清单不符")
        elif "rows" in part:
            with gzip.open(path, "rb") as lines:
                rows = sum(1 for _ in lines)
            if rows != part["rows"]:
                found.append(f"{part['path']}：清单 {part['rows']} 行，实有 {rows} 行")
    return found
