"""The outbox: runs the reactions that were announced."""

from core import events
from core.errors import GiveUp
from core.pump import Queue, Row


async def _run(row: Row) -> tuple[str, str]:
    reaction = events.BY_NAME.get(row["reaction"])
    if reaction is None or row["event"] not in events.Event.known:
        raise GiveUp(f"nobody is wired as {row['reaction']} any more")
    await reaction.run(events.load(row["event"], row["payload"]))
    return "", "done"


OUTBOX = Queue("outbox", _run)
