"""The hospital of the case tests behind the real application: who sits there, and how each opens a browser."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp.test_utils import BaseTestServer, TestServer

import app
from core import db
from core.actor import Actor, Door, system
from core.outbox import OUTBOX
from core.pump import drain
from staff import sessions
from staff.actors import actor_of
from staff.queries import forget_tree
from tests.console.browser import Browser, open_browser
from tests.tickets.conftest import PEOPLE, UNITS, order
from tickets.models import Case, Ticket
from tickets.receiving import receive

PLATFORM = system("测试热线平台", Door.API)


@dataclass(frozen=True)
class Desk:
    """The running application and the cast of tests/tickets by name."""

    server: BaseTestServer
    people: Mapping[str, Actor]
    browsers: list[Browser]

    def __getattr__(self, name: str) -> Actor:
        return self.people[name]

    async def enter(self, name: str) -> Browser:
        """The browser of somebody who has signed in."""
        who = self.people[name].id
        assert who is not None
        token = await sessions.begin(who, address="127.0.0.1", agent="tests")
        browser = open_browser(self.server)
        browser.session.cookie_jar.update_cookies({sessions.COOKIE: token})
        browser.csrf = await db.fetchval(
            "select csrf from session where staff_id = $1 order by created_at desc, csrf limit 1", who
        )
        self.browsers.append(browser)
        return browser

    async def receive(self, **more: object) -> tuple[Case, list[Ticket]]:
        """A case and its tickets, with every reaction done."""
        received = await receive(order(**more), by=PLATFORM)  # type: ignore[arg-type]  # fields of an order
        await settle()
        case = await Case.get(id=received.case_id)
        return case, await Ticket.filter(case_id=case.id).order_by("id")


async def settle() -> None:
    """Let every reaction run, and those they lead to; nothing may fail."""
    while await drain(OUTBOX):
        pass
    failed = await db.fetch("select reaction, error from outbox where error <> ''")
    assert [dict(row) for row in failed] == []


@asynccontextmanager
async def open_desk() -> AsyncIterator[Desk]:
    """The application for the length of the block."""
    async with TestServer(app.make()) as server:
        for unit in UNITS:
            await db.execute(
                "insert into org_unit (id, parent_id, path, kind, name) values ($1, $2, $3, $4, $5)", *unit
            )
        await forget_tree()
        people = {}
        for key, name, unit_id, role, rank in PEOPLE:
            staff_id = await db.fetchval(
                "insert into staff (number, name, wecom_userid) values ($1, $2, $1) returning id", key, name
            )
            await db.execute(
                "insert into post (staff_id, unit_id, role, rank) values ($1, $2, $3, $4)",
                staff_id,
                unit_id,
                role,
                rank,
            )
            people[key] = await actor_of(staff_id, Door.WEB)
        desk = Desk(server, people, [])
        yield desk
        for browser in desk.browsers:
            await browser.session.close()
