"""Seals everything anew under the present key and ends; stopped and continued from outside. For bench/rotation.py only."""

import uvloop

import wiring
from core import clock, db, rotation
from core.jobs import Job
from core.settings import settings


async def main() -> None:
    """The rotation, as the worker runs it."""
    wiring.wire()
    await db.open_db(settings().database_url)
    try:
        number = await db.fetchval(
            "insert into job (kind, payload, due_at, lease_until) values ($1, '{}', $2, 'infinity') returning id",
            rotation.KIND,
            clock.now(),
        )
        await rotation.rotate(Job(number, rotation.KIND, {}, 1))
    finally:
        await db.close_db()


if __name__ == "__main__":
    uvloop.run(main())
