"""Patients' browsers without scripts: they fill in the forms of the pages, and read the codes their phones get."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, CookieJar, FormData
from aiohttp.test_utils import BaseTestServer

from core import db
from core.crypto import search_hash
from tests.console.browser import Page

READ = {"agreed_version": "2", "guardian_version": "2"}  # what the form of binding shows
AGENT = "Mozilla/5.0 (Linux; Android 14) Mobile"


@dataclass
class Visitor:
    """One person's browser on the patients' side."""

    server: BaseTestServer
    session: ClientSession
    csrf: str = ""

    async def get(self, path: str, **headers: str) -> Page:
        """A page, without following redirects; remembers its token."""
        return await self._ask("GET", path, None, headers)

    async def post(self, path: str, data: Mapping[str, Any] | FormData | None = None, **headers: str) -> Page:
        """A form as the page sends it, with the token of the last page."""
        if isinstance(data, FormData):
            if self.csrf:
                data.add_field("csrf_token", self.csrf)
            return await self._ask("POST", path, data, headers)
        return await self._ask("POST", path, {"csrf_token": self.csrf, **(data or {})}, headers)

    async def _ask(self, method: str, path: str, data: Any, headers: Mapping[str, str]) -> Page:
        async with self.session.request(
            method, self.server.make_url(path), data=data, headers=headers, allow_redirects=False
        ) as answer:
            text = await answer.text() if "text" in answer.content_type else ""
            page = Page(answer.status, text, dict(answer.headers), path)
        if found := re.findall(r'name="csrf_token" value="([^"]*)"', page.text):
            self.csrf = found[-1]
        return page

    async def enter(self, phone: str, wanted: str = "/p/") -> Page:
        """Sign in by the code that is sent to a phone."""
        await self.get("/p/sign-in")
        asked = await self.post("/p/sign-in/phone", {"phone": phone, "next": wanted})
        assert asked.status == 303, asked.text
        entered = await self.post("/p/sign-in/code", {"code": await code_on(phone), "next": wanted})
        await self.agree()
        await self.get("/p/account")
        return entered

    async def agree(self) -> None:
        """Agree to how the service works, where that is asked."""
        page = await self.get("/p/agree")
        if page.status == 200:
            version = page.tree.xpath("//input[@name='version']/@value")[0]
            assert (await self.post("/p/agree", {"version": version})).status == 303

    async def leave(self) -> None:
        """Close the browser."""
        await self.session.close()


async def code_on(phone: str) -> str:
    """The code in the newest text that waits to be sent to a phone ("" none)."""
    text: str | None = await db.fetchval(
        "select text from message where purpose = 'portal.code' and phone_hash = $1 order by id desc limit 1",
        search_hash(phone),
    )
    return found[0] if text and (found := re.findall(r"\d{6}", text)) else ""


def open_visitor(server: BaseTestServer) -> Visitor:
    """A new browser without cookies."""
    return Visitor(server, ClientSession(cookie_jar=CookieJar(unsafe=True), headers={"User-Agent": AGENT}))
