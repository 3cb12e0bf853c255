"""A browser without scripts: keeps cookies, sends the page's CSRF token, reads pages as trees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import lxml.html
from aiohttp import ClientSession, CookieJar, FormData
from aiohttp.test_utils import BaseTestServer

PASSWORD = "Test-1234"


@dataclass(frozen=True)
class Page:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]
    path: str

    @property
    def tree(self) -> Any:
        """The page, or the part of one, as elements."""
        return lxml.html.fromstring(self.text or "<p></p>")

    def words(self, css: str) -> list[str]:
        """The visible words of each element that the selector of XPath kind finds."""
        return [" ".join(element.text_content().split()) for element in self.tree.xpath(css)]

    def one(self, xpath: str) -> str:
        """The words of the only element found."""
        (found,) = self.words(xpath)
        return found


@dataclass
class Browser:
    """One person's browser."""

    server: BaseTestServer
    session: ClientSession
    prefix: str = ""
    csrf: str = ""
    seen: list[str] = field(default_factory=list)

    async def get(self, path: str, *, part: bool = False, **headers: str) -> Page:
        """Ask for a page without following redirects; `part` as htmx does."""
        return await self._ask("GET", path, None, part=part, headers=headers)

    async def post(
        self,
        path: str,
        data: Mapping[str, Any] | FormData | None = None,
        *,
        part: bool = False,
        **headers: str,
    ) -> Page:
        """Send a form as the page would, with the token of the session."""
        sent = {"X-CSRF-Token": self.csrf} if self.csrf else {}
        return await self._ask("POST", path, data or {}, part=part, headers={**sent, **headers})

    async def _ask(
        self, method: str, path: str, data: Any, *, part: bool, headers: Mapping[str, str]
    ) -> Page:
        more = {"HX-Request": "true"} if part else {}
        async with self.session.request(
            method,
            self.server.make_url(f"{self.prefix}{path}"),
            data=data,
            headers={**more, **headers},
            allow_redirects=False,
        ) as answer:
            return Page(answer.status, await answer.text(), dict(answer.headers), path)

    async def enter(self, number: str, password: str = PASSWORD, **data: str) -> Page:
        """Fill in the log-in form; remembers the CSRF token when it opens."""
        page = await self.post("/login", {"number": number, "password": password, **data})
        if page.status == 303:
            home = await self.get("/")
            self.csrf = home.tree.xpath("//input[@name='csrf_token']/@value")[0]
        return page


def open_browser(server: BaseTestServer, prefix: str = "") -> Browser:
    """A new browser without cookies."""
    return Browser(server, ClientSession(cookie_jar=CookieJar(unsafe=True)), prefix)
