"""Whether a post holds on this very day, as a condition of SQL: for every question of who holds what.

A post ends with its last day, whether or not the clock has tidied it away yet (docs/decisions/0021).
"""

from core import clock


def holds(alias: str = "p") -> str:
    """The condition that the post by this alias has not ended; the day is the hospital's."""
    return f"({alias}.until_on is null or {alias}.until_on >= date '{clock.today():%Y-%m-%d}')"
