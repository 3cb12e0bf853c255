"""Keeps what was said, sealed, one row for each subject of each message, and gives it back to be folded.

Decides nothing about what it means. The caller holds the lock of the subject (`patients.locks`).
"""

from collections.abc import Iterable
from typing import TypeVar

from core import crypto, db
from patients.folding import Fact
from patients.said import SUBJECTS, Heard, PatientSaid, Said

S = TypeVar("S", bound=Said)

_PLACE = "record_fact.body"


async def forget(message_id: int) -> list[tuple[str, str]]:
    """Take back what this message said before it was repaired; the subjects it spoke of."""
    rows = await db.fetch("delete from record_fact where message_id = $1 returning subject, key", message_id)
    return [(row["subject"], row["key"]) for row in rows]


async def keep(message_id: int, heard: Heard) -> None:
    """Keep everything a message says."""
    rows = []
    for place, said in enumerate(heard.said):
        text = said.model_dump_json(exclude_unset=True)
        mark = crypto.search_hash(text)
        subject = SUBJECTS[type(said)]
        if isinstance(said, PatientSaid) and said.weak and await _said_before(said.number, mark, heard):
            continue
        sealed = crypto.key_ring().encrypt(text, _PLACE)
        rows.append((subject, said.number, heard.at, heard.rank, message_id, place, sealed, mark))
    await db.executemany(
        "insert into record_fact (subject, key, at, rank, message_id, place, body, said_hash)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        rows,
    )


async def _said_before(number: str, mark: bytes, heard: Heard) -> bool:
    """Whether the same was said in passing at an earlier time; the earliest of the same words is the one that counts."""
    rows = await db.fetch(
        "select id, at, rank from record_fact where subject = 'patient' and key = $1 and said_hash = $2",
        number,
        mark,
    )
    later = [row["id"] for row in rows if (row["at"], row["rank"]) > (heard.at, heard.rank)]
    if later:
        await db.execute("delete from record_fact where id = any($1::bigint[])", later)
    return len(later) < len(rows)


async def of(kind: type[S], key: str) -> list[Fact[S]]:
    """Everything that was said of one subject."""
    rows = await db.fetch(
        "select at, rank, body from record_fact where subject = $1 and key = $2 order by at, rank",
        SUBJECTS[kind],
        key,
    )
    ring = crypto.key_ring()
    return [
        Fact(row["at"], row["rank"], kind.model_validate_json(ring.decrypt(row["body"], _PLACE)))
        for row in rows
    ]


async def known(subject: str, keys: Iterable[str]) -> set[str]:
    """Those of the subjects of which anything was said."""
    rows = await db.fetch(
        "select distinct key from record_fact where subject = $1 and key = any($2::text[])",
        subject,
        list(keys),
    )
    return {row["key"] for row in rows}
