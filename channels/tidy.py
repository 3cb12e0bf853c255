"""What may be forgotten: answered frames and receipts of nobody's messages. Messages themselves stay."""

from datetime import timedelta

from core import clock, db
from integrations import wecom_bot_frames

KEEP = timedelta(days=7)


async def tidy() -> int:
    """Delete what is older than a week; how many rows. For the clock, once a day."""
    early = await db.execute("delete from early_receipt where at < $1", clock.now() - KEEP)
    return early + await wecom_bot_frames.tidy(KEEP.days)
