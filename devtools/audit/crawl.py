"""Follows every link of the staff pages as each role and tries every query parameter with strings of attack.

What counts as a finding: a 5xx, a string that comes back unescaped, a missing security header, a stack trace.
Sends no form that changes data but those of the log-in.
"""

import asyncio
import html
import re
from collections import deque
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import aiohttp
import lxml.html

from devtools.audit.findings import Finding, Result, Severity
from devtools.audit.stage import NUMBERS, Server, Session, sign_in

MOST_PAGES = 120  # by person; of addresses that differ only in a number three are enough
ALIKE = 3
MARK = "hyx"
ATTACKS = (
    f"<script>{MARK}(1)</script>",
    f'"><img src=x onerror={MARK}(1)>',
    "' or '1'='1",
    "1; select pg_sleep(0)--",
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "{{7*7}}",
    "${jndi:ldap://127.0.0.1/x}",
    "a\r\nX-Injected: 1",
    "\x00",
    "9" * 400,
    "测" * 700,
    "-1",
    "NaN",
    "[]",
    "%",
)
HEADERS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options")
SKIP = re.compile(
    r"^/(logout|static|socket\.io|api/|metrics|healthz|readyz)|\.(docx|xlsx|pdf|zip|png|wav)($|\?)"
)


class Crawl:
    """One person's walk."""

    def __init__(self, at: Server, session: Session, http: aiohttp.ClientSession) -> None:
        self.at, self.session, self.http = at, session, http
        self.seen: set[str] = set()
        self.shapes: dict[str, int] = {}
        self.tried: set[tuple[str, str]] = set()
        self.requests = 0
        self.findings: dict[tuple[str, str], Finding] = {}

    async def walk(self) -> None:
        """From the home page on, breadth first."""
        waiting = deque(["/"])
        while waiting and len(self.seen) < MOST_PAGES:
            address = waiting.popleft()
            if not self._new(address):
                continue
            text = await self.ask(address)
            waiting.extend(self._links(address, text))
            await self._attack(address, text)

    def _new(self, address: str) -> bool:
        shape = (
            re.sub(r"\d+|[0-9a-f-]{20,}", "#", urlsplit(address).path)
            + "?"
            + ",".join(sorted({name for name, _ in parse_qsl(urlsplit(address).query)}))
        )
        if address in self.seen or self.shapes.get(shape, 0) >= ALIKE or SKIP.search(address):
            return False
        self.seen.add(address)
        self.shapes[shape] = self.shapes.get(shape, 0) + 1
        return True

    async def ask(self, address: str, sent: str = "") -> str:
        """The page; what is wrong with the answer is written down."""
        self.requests += 1
        async with self.http.get(
            f"{self.at.url}{address}",
            headers={"Cookie": self.session.headers["Cookie"]},
            allow_redirects=False,
        ) as answer:
            text = await answer.text(errors="replace") if "text" in answer.content_type else ""
            place = urlsplit(address).path
            if answer.status >= 500:
                self._find("5xx", Severity.HIGH, place, f"{answer.status}：{sent[:60]!r}")
            missing = [name for name in HEADERS if name not in answer.headers]
            if missing and answer.status != 304:
                self._find("header", Severity.MEDIUM, place, "缺少 " + "、".join(missing))
            if "X-Injected" in answer.headers:
                self._find("crlf", Severity.HIGH, place, "回车换行进入了响应头")
            if "Traceback (most recent call last)" in text:
                self._find("trace", Severity.HIGH, place, "页面含有出错堆栈")
            if sent and MARK in sent and sent in text:
                self._find("xss", Severity.HIGH, place, f"未转义地回显 {html.escape(sent)}")
        return text

    def _find(self, rule: str, severity: Severity, place: str, text: str) -> None:
        self.findings.setdefault((rule, re.sub(r"\d+", "#", place)), Finding(rule, severity, place, text))

    def _links(self, address: str, text: str) -> Iterable[str]:
        if not text.strip():
            return
        for name in ("href", "hx-get", "src"):
            for link in _texts(text, f"//@{name}"):
                whole = urlsplit(urljoin(f"{self.at.url}{address}", link))
                if whole.netloc == urlsplit(self.at.url).netloc:
                    yield whole.path + (f"?{whole.query}" if whole.query else "")

    async def _attack(self, address: str, text: str) -> None:
        """Each parameter of the address, and of forms that only ask (method get), with each string."""
        path = urlsplit(address).path
        names = {name for name, _ in parse_qsl(urlsplit(address).query)}
        if text.strip():
            names.update(_texts(text, "//form[not(@method) or @method='get']//@name"))
        for name in sorted(names):
            if (re.sub(r"\d+", "#", path), name) in self.tried:
                continue
            self.tried.add((re.sub(r"\d+", "#", path), name))
            for attack in ATTACKS:
                await self.ask(f"{path}?{urlencode({name: attack})}", attack)
        if (
            re.search(r"/\d+", path)
            and (shape := re.sub(r"\d+", "#", path))
            and (shape, "") not in self.tried
        ):
            self.tried.add((shape, ""))
            for odd in ("0", "99999999999999999999", "%00", "..%2f", "-1", "1e9"):
                await self.ask(re.sub(r"/\d+", f"/{odd}", path, count=1), odd)


def _texts(page: str, xpath: str) -> list[str]:
    """The attributes of a page that the expression finds."""
    found = lxml.html.fromstring(page).xpath(xpath)
    return [str(one) for one in found] if isinstance(found, list) else []


async def pages(at: Server) -> Result:
    """Every role's pages."""
    asked, seen = 0, 0
    findings: dict[tuple[str, str], Finding] = {}
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http:
        for number in NUMBERS:
            crawl = Crawl(at, await sign_in(at, number), http)
            await crawl.walk()
            asked, seen = asked + crawl.requests, seen + len(crawl.seen)
            findings = {**crawl.findings, **findings}
            await asyncio.sleep(0)
    words = f"{len(NUMBERS)} 种岗位，{seen} 个页面，{asked} 次请求，{len(ATTACKS)} 种攻击串"
    return Result("crawl", "devtools.audit.crawl", words, tuple(findings.values()))
