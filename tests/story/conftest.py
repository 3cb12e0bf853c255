"""A running hospital per module: its stories use orders of their own and do not disturb each other."""

import itertools
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.conftest import Template
from tests.story.hospital import Hospital, fresh_database, running

_numbers = itertools.count(1)


@pytest_asyncio.fixture(scope="module")
async def hospital(template_database: Template, request: pytest.FixtureRequest) -> AsyncIterator[Hospital]:
    """A small hospital with its programs running; a module may set WAY and WORKERS."""
    template = template_database
    way = getattr(request.module, "WAY", "app")
    workers = getattr(request.module, "WORKERS", 1)
    async with (
        fresh_database(template.server_url, template.name, f"{template.name}_story_{next(_numbers)}") as url,
        running(url, way=way, workers=workers) as system,
    ):
        yield system
