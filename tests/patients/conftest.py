"""The patients that every test about them starts from."""

import pytest_asyncio

from tests.patients.cast import Ward, admit


@pytest_asyncio.fixture
async def ward(database: str) -> Ward:
    """Patients seen in the east, in the west, in both, and nowhere."""
    return await admit()
