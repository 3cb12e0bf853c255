"""A member of staff at the console: signs in as the page does, uses the action API, downloads what is there."""

from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
import lxml.html

Json = dict[str, Any]


class Refusal(Exception):
    """The product said no; the sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Desk:
    """One person's signed-in browser, without scripts."""

    base: str
    number: str
    password: str
    csrf: str = ""

    async def __aenter__(self) -> Self:
        self.session = aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), timeout=aiohttp.ClientTimeout(total=60)
        )
        try:
            await self._enter()
        except BaseException:  # the web process may be dead at this moment: leave nothing open behind
            await self.session.close()
            raise
        return self

    async def _enter(self) -> None:
        form = {"number": self.number, "password": self.password}
        async with self.session.post(f"{self.base}/login", data=form, allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
        tree: Any = lxml.html.fromstring(await self.page("/"))
        self.csrf = tree.xpath("//input[@name='csrf_token']/@value")[0]

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.session.close()

    @property
    def cookie(self) -> str:
        """The session's cookie as a header, for Socket.IO."""
        return "; ".join(f"{cookie.key}={cookie.value}" for cookie in self.session.cookie_jar)

    async def page(self, path: str) -> str:
        """A page's text."""
        async with self.session.get(f"{self.base}{path}") as answer:
            text = await answer.text()
            assert answer.status == 200, f"{path}: {answer.status} {text[:2000]}"
            return text

    async def download(self, path: str) -> bytes:
        """A file's bytes."""
        async with self.session.get(f"{self.base}{path}") as answer:
            data = await answer.read()
            assert answer.status == 200, f"{path}: {answer.status} {data[:500]!r}"
            return data

    async def get(self, path: str) -> Json:
        """A reading call of the API."""
        async with self.session.get(f"{self.base}/api/v1{path}") as answer:
            return await _read(answer)

    async def json(self, path: str) -> Json:
        """What an address of a page answers as JSON."""
        async with self.session.get(f"{self.base}{path}") as answer:
            return await _read(answer)

    async def act(self, subject: str, number: int, verb: str, **form: Any) -> Json:
        """Run an action: `act("cases", 3, "approve")`.

        Raises:
            Refusal: it was refused.
        """
        url = f"{self.base}/api/v1/{subject}/{number}/{verb}"
        async with self.session.post(url, json=form, headers={"X-CSRF-Token": self.csrf}) as answer:
            return await _read(answer)

    async def submit(self, path: str, **form: Any) -> str:
        """Send a form of a page; the text of where it leads."""
        async with self.session.post(
            f"{self.base}{path}", data={"csrf_token": self.csrf, **form}, headers={"X-CSRF-Token": self.csrf}
        ) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise Refusal(answer.status, text)
            return text


async def _read(answer: aiohttp.ClientResponse) -> Json:
    found: Json = await answer.json()
    if answer.status >= 400:
        raise Refusal(answer.status, f"{found['error']['message']} {found['error'].get('details', '')}")
    return found
