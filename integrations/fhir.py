"""Reads a FHIR R4 server page by page (search by `_lastUpdated`, FHIR R4 3.1.1.4.8, 3.1.1.6): knows no mapping.

The next page is where the server says it is, and only at the server's own address: a link to elsewhere would carry our
token there.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from integrations import http
from integrations.http import CallFailed, Kind

SYSTEM = "fhir"
PAGE = 200
MOST = 16 * 1024 * 1024
MOST_PAGES = 1_000_000

Resource = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FhirServer:
    """A server at `address` (without a slash at its end), opened by a Bearer token ("" for none)."""

    address: str
    token: str

    async def pages(self, kind: str, since: str) -> AsyncIterator[list[Resource]]:
        """The resources of a type that changed at `since` (an instant, "" for all) or later, oldest change first.

        Raises:
            CallFailed: it did not answer as a FHIR server does.
        """
        first = {"_count": str(PAGE), "_sort": "_lastUpdated"}
        params: dict[str, str] | None = first | ({"_lastUpdated": f"ge{since}"} if since else {})
        url, seen = f"{self.address}/{kind}", set[str]()
        for _ in range(MOST_PAGES):
            bundle = await self._bundle(kind, url, params)
            entries = bundle.get("entry") or []
            yield [
                one["resource"]
                for one in entries
                if isinstance(one, dict)
                and isinstance(one.get("resource"), dict)
                and one["resource"].get("resourceType") == kind
            ]
            following = self._next(kind, url, bundle)
            if not following:
                return
            if following in seen:
                raise CallFailed(SYSTEM, kind, "loop", "下一页的地址绕了一圈", Kind.PERMANENT)
            seen.add(following)
            url, params = following, None

    async def _bundle(self, kind: str, url: str, params: dict[str, str] | None) -> dict[str, Any]:
        headers = {"Accept": "application/fhir+json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        answer = await http.call(
            SYSTEM, kind, "GET", url, params=params, headers=headers, most=MOST, patience=http.LONG_PATIENCE
        )
        if answer.status != 200:
            sort = Kind.MISCONFIGURED if answer.status in (401, 403) else Kind.PERMANENT
            raise CallFailed(SYSTEM, kind, f"http {answer.status}", f"服务器应答 HTTP {answer.status}", sort)
        bundle: dict[str, Any] = http.read_json(SYSTEM, kind, answer)
        if bundle.get("resourceType") != "Bundle" or not isinstance(bundle.get("entry", []), list):
            raise CallFailed(SYSTEM, kind, "shape", "应答不是 Bundle", Kind.PERMANENT)
        return bundle

    def _next(self, kind: str, url: str, bundle: dict[str, Any]) -> str:
        links = bundle.get("link")
        for link in links if isinstance(links, list) else []:
            if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
                following: str = urljoin(url, link["url"])
                if urlsplit(following)[:2] != urlsplit(self.address)[:2]:
                    raise CallFailed(
                        SYSTEM, kind, "elsewhere", "下一页不在同一服务器上，已拒绝", Kind.PERMANENT
                    )
                return following
        return ""
