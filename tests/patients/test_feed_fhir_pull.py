"""A FHIR server is fetched from page by page, by the time of change; the sandbox's HIS plays it over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer

from core import db, jobs
from integrations import http
from integrations.fhir import FhirServer
from integrations.http import CallFailed
from patients.feeds import links, pulling
from patients.feeds.kinds import FhirForm
from patients.feeds.links import Link
from sandbox.his import fhir
from sandbox.his.fhir import BOOK, TOKEN, Book
from tests.intake.feeds import encounter, person, work
from tests.patients.feed import ENGINEER, everything, parked
from tests.staff.cast import build
from wiring import wire


@dataclass
class Outside:
    """The server and the link to it."""

    book: Book
    link: Link
    address: str


@pytest_asyncio.fixture
async def outside(database: str, redis_url: str) -> AsyncIterator[Outside]:
    """A FHIR server with nobody in it, and a link."""
    assert database
    assert redis_url
    wire()
    await build()
    app = web.Application()
    fhir.attach(app)
    app[BOOK] = Book(0)
    async with TestServer(app) as server:
        address = str(server.make_url("/fhir"))
        form = FhirForm(
            name="FHIR 平台",
            mapping="fhir",
            address=address,
            secret=TOKEN,
            view="Patient Encounter",
            overlap=60,
        )
        link = await links.link(await links.save(None, form, by=ENGINEER))
        yield Outside(app[BOOK], link, address)
    await http.close_http()


async def fetch(link: Link) -> Link:
    """Have the link fetched from by the worker's job; as it stands afterwards."""
    await pulling.ask(link.id, by=ENGINEER)
    assert await jobs.run_job(await db.fetchval("select max(id) from job")) == "done"
    return await links.link(link.id)


async def test_pages_are_fetched_to_the_end_and_only_what_changed_afterwards(outside: Outside) -> None:
    for at in range(450):  # three pages
        outside.book.put(person(f"p{at}", identifier=[], telecom=[]))
    outside.book.put(encounter(subject={"reference": "Patient/p7"}))
    link = await fetch(outside.link)
    assert (link.pull_error, link.pulled_rows, sorted(link.mark)) == ("", 451, ["Encounter", "Patient"])
    outside.book.put(person("p7", identifier=[], telecom=[], name=[{"text": "测试改"}]))
    link = await fetch(link)
    assert link.pulled_rows == 452
    await work()
    assert await parked() == []
    found = await everything()
    assert (len(found["patient"]), [one["whose"] for one in found["visit"]]) == (450, ["p7"])
    assert [one["name"] for one in found["patient"] if one["number"] == "p7"] == ["测试改"]


async def test_a_wrong_token_is_written_down(outside: Outside) -> None:
    given = {name: getattr(outside.link, name, "") for name in FhirForm.model_fields}
    await links.save(outside.link.id, FhirForm.model_validate(given | {"secret": "wrong"}), by=ENGINEER)
    link = await fetch(outside.link)
    assert (link.pull_error, link.pulled_rows) == ("服务器应答 HTTP 401", 0)


async def test_the_token_is_carried_nowhere_else(database: str, redis_url: str) -> None:
    assert database
    assert redis_url
    asked: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        following = {"relation": "next", "url": "http://127.0.0.1:9/fhir/Patient?page=2"}
        return web.json_response({"resourceType": "Bundle", "link": [following], "entry": []})

    app = web.Application()
    app.router.add_get("/fhir/Patient", elsewhere)
    async with TestServer(app) as server:
        pages = FhirServer(str(server.make_url("/fhir")), TOKEN).pages("Patient", "")
        assert await anext(pages) == []
        with pytest.raises(CallFailed, match="下一页不在同一服务器上"):
            await anext(pages)
    assert asked == ["/fhir/Patient"]
    await http.close_http()
