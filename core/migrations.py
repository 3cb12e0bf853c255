"""Brings the schema up to date from `migrations/NNNN_name.sql`, in order, each once; never goes back.

Plain SQL because partitions, triggers, operator classes and partial indexes are most of our schema
(docs/decisions/0002-plain-sql-migrations.md).
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg

FOLDER = Path(__file__).resolve().parent.parent / "migrations"
LOCK = 0x48554959  # "HUIY": two processes that start together must not migrate together


class MigrationError(Exception):
    """A migration that has run was changed afterwards, or one is missing."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file: its number and name, its text, the sha256 of the text."""

    name: str
    sql: str

    @property
    def digest(self) -> str:
        """Tells whether the file was changed after it ran."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def available(folder: Path = FOLDER) -> list[Migration]:
    """The migrations that ship with this version, in order."""
    return [Migration(path.stem, path.read_text()) for path in sorted(folder.glob("[0-9]*.sql"))]


async def migrate(url: str, folder: Path = FOLDER) -> list[str]:
    """Run what has not run yet, each in its own transaction; the names of those that ran.

    Raises:
        MigrationError: a file that already ran now reads differently.
    """
    raw = await asyncpg.connect(url)
    try:
        await raw.execute("select pg_advisory_lock($1)", LOCK)
        await raw.execute(
            "create table if not exists schema_migration ("
            " name text primary key, digest text not null, ran_at timestamptz not null default now())"
        )
        done = {
            row["name"]: row["digest"] for row in await raw.fetch("select name, digest from schema_migration")
        }
        ran = []
        for step in available(folder):
            if step.name in done:
                if done[step.name] != step.digest:
                    raise MigrationError(
                        f"{step.name} has run and was changed afterwards; add a new file instead"
                    )
                continue
            async with raw.transaction():
                await raw.execute(step.sql)
                await raw.execute(
                    "insert into schema_migration (name, digest) values ($1, $2)", step.name, step.digest
                )
            ran.append(step.name)
        await _open_months(raw)
        return ran
    finally:
        await raw.close()


async def _open_months(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    """The audit log's partitions, before any program writes into it: one made beside a writer would refuse its line."""
    if await raw.fetchval("select to_regproc('audit_partitions')") is not None:
        await raw.execute("select audit_partitions(current_date)")


async def pending(url: str, folder: Path = FOLDER) -> list[str]:
    """Names of migrations that have not run on this database."""
    raw = await asyncpg.connect(url)
    try:
        if await raw.fetchval("select to_regclass('schema_migration')") is None:
            return [step.name for step in available(folder)]
        done = {row["name"] for row in await raw.fetch("select name from schema_migration")}
        return [step.name for step in available(folder) if step.name not in done]
    finally:
        await raw.close()
