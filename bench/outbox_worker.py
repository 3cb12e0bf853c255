"""Our worker with one reaction more, the lightest there is: it writes one row. For bench/outbox.py only."""

import uvloop

from core import db, events
from core.events import Event
from worker import main


class Drummed(Event):
    """One beat of the benchmark's drum."""

    beat: int


async def note(event: Drummed) -> None:
    """Write the beat down."""
    await db.execute("insert into drum (beat) values ($1) on conflict do nothing", event.beat)


def wire_drum() -> None:
    """Have beats noted."""
    events.react(Drummed, note)


if __name__ == "__main__":
    wire_drum()
    uvloop.run(main())
