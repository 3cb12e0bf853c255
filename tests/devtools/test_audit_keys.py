"""What the walk of `make audit` is let in with: a patient, links, tokens, and some of each kind of case and ticket."""

from collections.abc import AsyncIterator

import pytest_asyncio

from devtools.audit import keys
from tests.console.desk import Desk, open_desk
from tests.patients.feed import open_link, take
from tests.patients.history import Sender, stay


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The running application and its people."""
    async with open_desk() as opened:
        yield opened


async def test_the_keys_open_a_patients_pages_and_name_cases_and_tickets(desk: Desk) -> None:
    await take(
        await open_link(), [Sender().send("ADT^A01", "0830", stay(ward="心血管内科", campus="东院区"))]
    )
    case, tickets = await desk.receive()
    found = await keys.made(("/cases",))
    assert (found.cases, found.tickets) == ((case.id,), tuple(ticket.id for ticket in tickets))
    assert set(found.feeds) == set(keys.FEEDS)
    assert found.cookie
    assert found.routes == ("/cases",)
