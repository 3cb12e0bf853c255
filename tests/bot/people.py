"""Small changes to the cast."""

from core import db
from core.crypto import key_ring


async def phone(number: str, text: str) -> None:
    """Write a phone number into somebody's record."""
    sealed = key_ring().encrypt(text, "staff.phone")
    await db.execute("update staff set phone = $2 where number = $1", number, sealed)
