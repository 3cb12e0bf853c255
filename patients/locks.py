"""Locks by number, held to the end of the transaction, so that two messages of one patient are taken one after another.

All locks of a message are taken at once and in one order: two messages never wait for each other.
"""

import hashlib
from collections.abc import Iterable

from core import db

MERGES = "merges"  # whoever changes who is whom


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big", signed=True)


async def hold(names: Iterable[str]) -> None:
    """Wait for these names ("patient P1", "visit Z1") and hold them to the end of the transaction."""
    numbers = sorted({_number(name) for name in names})
    await db.execute(
        "select pg_advisory_xact_lock(n) from unnest($1::bigint[]) with ordinality as t(n, at) order by at",
        numbers,
    )
