"""Follows the links of the staff pages as each role and tries each query parameter with strings of attack.

What counts as a finding: a 5xx, a string that comes back unescaped, a missing security header, a stack trace, an
answer that another site may read, a page that a cache may keep. Sends no form that changes data but those of the log-in.
Bounded: of addresses that differ only in a number a few are opened, a parameter of one kind of page is attacked once
(whoever came upon it first), and a walk that is not done in time says how far it came.
"""

import asyncio
import html
import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import aiohttp
import lxml.html

from devtools.audit.findings import Finding, Result, Severity
from devtools.audit.stage import NUMBERS, Server, Session, sign_in

MOST_PAGES = 90  # by person; of addresses that differ only in a number two are enough
ALIKE = 2
AT_ONCE = 4  # people who walk at the same time
LONGEST = 900.0  # seconds for all of them
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


@dataclass(slots=True)
class Diary:
    """What all walks know together: which parameter was attacked, what was found, when to stop."""

    until: float
    tried: set[tuple[str, str]] = field(default_factory=set)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    requests: int = 0
    pages: int = 0
    cut: list[str] = field(default_factory=list)


class Crawl:
    """One person's walk."""

    def __init__(self, at: Server, session: Session, http: aiohttp.ClientSession, diary: Diary) -> None:
        self.at, self.session, self.http, self.diary = at, session, http, diary
        self.seen: set[str] = set()
        self.shapes: dict[str, int] = {}

    async def walk(self) -> bool:
        """From the home page on, breadth first; whether it came to its end in time."""
        waiting = deque(["/"])
        while waiting and len(self.seen) < MOST_PAGES:
            if time.monotonic() > self.diary.until:
                return False
            address = waiting.popleft()
            if not self._new(address):
                continue
            text = await self.ask(address)
            waiting.extend(self._links(address, text))
            await self._attack(address, text)
        return True

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
        self.diary.requests += 1
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
            if any(name.lower().startswith("access-control-") for name in answer.headers):
                self._find("cors", Severity.MEDIUM, place, "允许其他网站读取")
            if "html" in answer.content_type and answer.headers.get("Cache-Control") != "no-store":
                self._find("cache", Severity.MEDIUM, place, "页面可能被缓存")
            if "X-Injected" in answer.headers:
                self._find("crlf", Severity.HIGH, place, "回车换行进入了响应头")
            if "Traceback (most recent call last)" in text:
                self._find("trace", Severity.HIGH, place, "页面含有出错堆栈")
            if sent and MARK in sent and sent in text:
                self._find("xss", Severity.HIGH, place, f"未转义地回显 {html.escape(sent)}")
        return text

    def _find(self, rule: str, severity: Severity, place: str, text: str) -> None:
        self.diary.findings.setdefault(
            (rule, re.sub(r"\d+", "#", place)), Finding(rule, severity, place, text)
        )

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
            if (re.sub(r"\d+", "#", path), name) in self.diary.tried:
                continue
            self.diary.tried.add((re.sub(r"\d+", "#", path), name))
            for attack in ATTACKS:
                await self.ask(f"{path}?{urlencode({name: attack})}", attack)
        if (
            re.search(r"/\d+", path)
            and (shape := re.sub(r"\d+", "#", path))
            and (shape, "") not in self.diary.tried
        ):
            self.diary.tried.add((shape, ""))
            for odd in ("0", "99999999999999999999", "%00", "..%2f", "-1", "1e9"):
                await self.ask(re.sub(r"/\d+", f"/{odd}", path, count=1), odd)


def _texts(page: str, xpath: str) -> list[str]:
    """The attributes of a page that the expression finds."""
    found = lxml.html.fromstring(page).xpath(xpath)
    return [str(one) for one in found] if isinstance(found, list) else []


async def pages(at: Server) -> Result:
    """Every role's pages."""
    diary, room = Diary(time.monotonic() + LONGEST), asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:

        async def one(number: str) -> None:
            async with room:
                crawl = Crawl(at, await sign_in(at, number), http, diary)
                if not await crawl.walk():
                    diary.cut.append(number)
                diary.pages += len(crawl.seen)

        await asyncio.gather(*(one(number) for number in NUMBERS))
    words = (
        f"{len(NUMBERS)} 种岗位，{diary.pages} 个页面，{diary.requests} 次请求，{len(ATTACKS)} 种攻击串，"
        f"{len(diary.tried)} 个参数"
    )
    unchecked = f"{LONGEST:.0f} 秒内没有走完：{'、'.join(sorted(diary.cut))}" if diary.cut else ""
    return Result("crawl", "devtools.audit.crawl", words, tuple(diary.findings.values()), unchecked)
