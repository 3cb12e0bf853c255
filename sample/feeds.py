"""The link on which the sandbox's HIS speaks to the sample hospital; made once, then kept by its administrator."""

from core import db
from core.actor import system
from patients.feeds import links
from patients.feeds.links import LinkForm

HIS = LinkForm(
    name="沙盒 HIS", application="SANDBOX-HIS", facility="HOSP", mapping="sample_his", silent_minutes=0
)


async def seed() -> None:
    """Make the link, unless a link of its sender is there."""
    there = await db.fetchval("select true from feed_link where application = $1", HIS.application)
    if not there:
        await links.save(None, HIS, by=system("示例数据"))
