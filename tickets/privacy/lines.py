"""Writes the lines of `privacy_check`: who checked, asked, agreed, refused. Judges nothing; inside the caller's transaction."""

from core import clock, db
from core.actor import Actor


async def write(case_id: int, what: str, step: str, note: str, by: Actor, asked: int | None = None) -> int:
    """One line; its number."""
    number: int = await db.fetchval(
        "insert into privacy_check (case_id, what, step, asked, note, by_id, by_name, at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        case_id,
        what,
        step,
        asked,
        note,
        by.staff_id,
        by.name,
        clock.now(),
    )
    return number
