"""What a new user finds on the page of links: one that is healthy but for two messages, each with its place and reason."""

from core import db
from core.pump import drain
from patients.feeds import unknown_units
from patients.feeds.processing import FEED
from sample import feeds, seed


async def test_two_messages_of_the_sample_cannot_be_taken_and_say_why(database: str) -> None:
    await seed(password="Sample#2026")
    for _ in range(2):
        await feeds.seed()
    while await drain(FEED):
        pass
    rows = await db.fetch("select state, fault_at, error from feed_message order by id")
    assert [(row["state"], row["fault_at"]) for row in rows] == [("parked", "PV1-3.1"), ("parked", "PV1-2")]
    assert "科室没有对应" in rows[0]["error"]
    (name,) = await unknown_units.listed()
    assert (name.name, name.site, name.waiting) == ("心内二病区", "东院区", 1)
