"""A running hospital per module: its stories use orders of their own and do not disturb each other."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Generator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio

from channels import rules
from staff.login import captcha, lock
from tests.conftest import Template
from tests.story import people
from tests.story.hospital import Hospital, fresh_database, running, small

_numbers = itertools.count(1)
FAILED = pytest.StashKey[bool]()
"""Whether the test failed, for fixtures that then keep something."""


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


@pytest_asyncio.fixture
async def rough(template_database: Template) -> AsyncIterator[Hospital]:
    """A hospital with two workers, whose limits on our side leave room for a day's messages in a minute."""

    async def move_in(hospital: Hospital) -> None:
        await small(hospital)
        await people.set_parameter(rules.MEMBER_MINUTE, 1000)
        await people.set_parameter(rules.BUNDLE_SECONDS, 0)
        # A log-in cut off by a killed program counts as a failed one until somebody gets in: no captcha, no lock for it.
        await people.set_parameter(captcha.AFTER, captcha.AFTER.high)
        await people.set_parameter(lock.PER_ACCOUNT, lock.PER_ACCOUNT.high)

    template = template_database
    async with (
        fresh_database(template.server_url, template.name, f"{template.name}_rough") as url,
        running(url, workers=2, move_in=move_in) as hospital,
    ):
        yield hospital


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the programs and the database say beside a failure."""
    report = yield
    item.stash[FAILED] = item.stash.get(FAILED, False) or report.failed
    if call.when == "call" and call.excinfo is not None and isinstance(item, pytest.Function):
        for system in item.funcargs.values():
            if isinstance(system, Hospital):
                report.sections.append(("programs", system.logs()))
                with ThreadPoolExecutor(1) as aside:  # the test's own loop may be in any state
                    report.sections.append(("books", aside.submit(asyncio.run, system.books()).result()))
    return report
