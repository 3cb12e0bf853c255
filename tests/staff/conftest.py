"""The house that every test about staff starts from."""

import pytest_asyncio

from tests.staff.cast import House, build


@pytest_asyncio.fixture
async def house(database: str) -> House:
    """Two campuses with a cardiology each, liaisons, a head, a vice-president, the centre, administrators."""
    return await build()
