"""One person's walk: follows the links, tries each parameter and each form with strings of attack.

What counts as a finding: a 5xx, a string that comes back unescaped, a missing security header, a stack trace, an
answer that another site may read, a page that a cache may keep. Who walks, and what is asked afterwards: crew.py.
Bounded: of addresses that differ only in a number a few are opened, a parameter or form of one kind of page is
attacked once, by whoever came upon it first.
"""

import html
import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import aiohttp
import lxml.html

from devtools.audit.findings import Finding, Severity
from devtools.audit.stage import Server, Session
from staff.sessions import CSRF_FIELD

MOST_PAGES = 400  # by person; of addresses that differ only in a number two are enough
ALIKE = 2
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
# Sent, these end the walker's own session or the account of another one.
ENDS = re.compile(
    r"logout|sign-out|/not-me|/prove|/release|/login|/sessions|/password|/second|/shut|/kiosk/end|/unbind|/terms?/|/posts?/"
)


@dataclass(frozen=True, slots=True)
class Form:
    """A form that changes something, by whom it was seen; its fields with what stood in them."""

    who: str
    action: str
    fields: tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Diary:
    """What all walks know together: which parameter was attacked, what was found, when to stop."""

    until: float
    tried: set[tuple[str, str]] = field(default_factory=set)
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    requests: int = 0
    forms: list[Form] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


class Crawl:
    """One person's walk."""

    def __init__(
        self, at: Server, who: str, session: Session, http: aiohttp.ClientSession, diary: Diary
    ) -> None:
        self.at, self.who, self.session, self.http, self.diary = at, who, session, http, diary
        self.seen: set[str] = set()
        self.shapes: dict[str, int] = {}

    async def walk(self, *starts: str) -> bool:
        """From these pages on, breadth first; whether it came to its end in time."""
        waiting = deque(starts)
        while waiting and len(self.seen) < MOST_PAGES:
            if time.monotonic() > self.diary.until:
                return False
            address = waiting.popleft()
            if not self._new(address):
                continue
            text = await self.ask(address)
            waiting.extend(self._links(address, text))
            await self._attack(address, text)
            self._note(address, text)
        return True

    async def attack_form(self, form: Form) -> None:
        """All fields of a form with each string at once, then each field by itself with three of them."""
        names = [name for name, _ in form.fields if name != CSRF_FIELD]
        kept = [(name, value) for name, value in form.fields if name != CSRF_FIELD]
        for attack in ATTACKS:
            await self.ask(form.action, attack, [(name, attack) for name in names])
        for name in dict.fromkeys(names):
            for attack in (ATTACKS[0], ATTACKS[2], ATTACKS[9]):
                await self.ask(
                    form.action, attack, [(one, attack if one == name else value) for one, value in kept]
                )

    def _note(self, address: str, text: str) -> None:
        """Write down the forms of a page that nobody has seen yet."""
        if not text.strip():
            return
        for form in lxml.html.fromstring(text).iter("form"):
            target = form.get("hx-post") or (
                form.get("action") if (form.get("method") or "").lower() == "post" else None
            )
            if target is None:
                continue
            action = urlsplit(urljoin(f"{self.at.url}{address}", target))
            fields = tuple(
                (name, one.get("value") or "")
                for one in form.iterdescendants()
                if (name := one.get("name")) and one.get("type") not in ("file", "submit")
            )
            shape = re.sub(r"\d+", "#", action.path), "form:" + ",".join(sorted({name for name, _ in fields}))
            if shape in self.diary.tried or ENDS.search(action.path) or len(fields) < 2:
                continue
            self.diary.tried.add(shape)
            where = action.path + (f"?{action.query}" if action.query else "")
            self.diary.forms.append(Form(self.who, where, fields))

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

    async def ask(self, address: str, sent: str = "", data: list[tuple[str, str]] | None = None) -> str:
        """The page, or what a form with these fields comes to; what is wrong with the answer is written down."""
        self.diary.requests += 1
        async with self.http.request(
            "GET" if data is None else "POST",
            f"{self.at.url}{address}",
            headers=self.session.headers,
            data=None if data is None else aiohttp.FormData(data),
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
            if raw := next((one for one in ATTACKS[:2] if one in text), ""):
                self._find("xss", Severity.HIGH, place, f"未转义地显示 {html.escape(raw)}")
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
