"""The walks together: every role, a patient and nobody; then the forms they saw, then every page once more.

A string that a form has stored must not be a part of any page, and must never have been a part of a statement: the
stage's database writes its statements down without their values. A walk that is not done in time says so.
"""

import asyncio
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from devtools.audit import things
from devtools.audit.crawl import ATTACKS, MARK, SKIP, Crawl, Diary, Form
from devtools.audit.findings import Finding, Result, Severity
from devtools.audit.stage import NUMBERS, Server, Session, sign_in
from patient_portal.visitor import COOKIE as VISITOR_COOKIE

AT_ONCE = 4  # people who walk at the same time
LONGEST = 1500.0  # seconds for all of them
NOBODY, PATIENT = "未登录者", "患者"
IN_STATEMENTS = (MARK, ATTACKS[2], "pg_sleep", "jndi")


class Crew:
    """Everybody who walks: the sample's people, a patient, nobody."""

    def __init__(self, at: Server, http: aiohttp.ClientSession) -> None:
        self.at, self.diary = at, Diary(time.monotonic() + LONGEST)
        self.http, self.room = http, asyncio.Semaphore(AT_ONCE)
        self.crawls: dict[str, Crawl] = {}

    async def walk(self) -> None:
        """Everybody follows the links; nobody and the patient begin with the links that were sent to them, too."""
        patient = Session(self.at.keys.cookie, self.at.keys.csrf, VISITOR_COOKIE)
        fixed = [one for one in self.at.keys.routes if "{" not in one]
        known = (*await things.made(self.at), *fixed)
        people = {number: (await sign_in(self.at, number), ("/", *known)) for number in NUMBERS}
        people[PATIENT] = (patient, ("/p/", *known))
        people[NOBODY] = (Session(), ("/login", "/p/", "/kiosk/", *self.at.keys.addresses, *known))

        async def one(who: str) -> None:
            session, starts = people[who]
            async with self.room:
                crawl = self.crawls[who] = Crawl(self.at, who, session, self.http, self.diary)
                if not await crawl.walk(*starts):
                    self.diary.cut.append(who)

        await asyncio.gather(*(one(who) for who in people))

    async def send_forms(self) -> None:
        """Each form that was seen, with strings of attack, as long as the time does."""
        until = time.monotonic() + LONGEST

        async def one(form: Form) -> None:
            async with self.room:
                if time.monotonic() < until:
                    await self.crawls[form.who].attack_form(form)
                else:
                    self.diary.left.append(form.action)

        await asyncio.gather(*(one(form) for form in self.diary.forms))

    async def look_again(self) -> None:
        """Every page once more: what a form has stored must not be a part of any."""

        async def one(crawl: Crawl) -> None:
            async with self.room:
                for address in sorted(crawl.seen):
                    await crawl.ask(address)

        await asyncio.gather(*(one(crawl) for crawl in self.crawls.values()))

    def missed(self) -> list[str]:
        """The addresses of the router that nobody has opened."""
        opened = {urlsplit(address).path for crawl in self.crawls.values() for address in crawl.seen}
        return [
            route
            for route in self.at.keys.routes
            if not SKIP.search(route) and not any(re.fullmatch(_pattern(route), path) for path in opened)
        ]


def _pattern(route: str) -> str:
    return re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(route))


def statements(log: Path) -> list[Finding]:
    """Strings of attack in the words of a statement, by the database's log, which holds no values."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        return [
            Finding("sql", Severity.HIGH, "数据库日志", f"攻击串成为 SQL 语句的一部分：{line.strip()[:200]}")
            for line in lines
            # An error names the value it is about; only what is carried out counts.
            if any(attack in line for attack in IN_STATEMENTS) and not re.search(r"(ERROR|DETAIL):  ", line)
        ]


async def pages(at: Server) -> Result:
    """Everybody's pages and forms."""
    async with aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=60), cookie_jar=aiohttp.DummyCookieJar()
    ) as http:
        crew = Crew(at, http)
        await crew.walk()
        await crew.send_forms()
        await crew.look_again()
    diary, missed = crew.diary, crew.missed()
    opened = sum(len(crawl.seen) for crawl in crew.crawls.values())
    words = (
        f"{len(NUMBERS)} 种岗位、患者和未登录者，{opened} 个页面，{diary.requests} 次请求，{len(ATTACKS)} 种攻击串，"
        f"{len(diary.tried)} 个参数和表单（其中提交表单 {len(diary.forms)} 个）"
    )
    unchecked = [f"{LONGEST:.0f} 秒内没有走完：{'、'.join(sorted(diary.cut))}"] if diary.cut else []
    if diary.left:
        unchecked.append(f"{len(diary.left)} 张表单没有来得及提交：{'、'.join(sorted(diary.left))}")
    if missed:
        unchecked.append(
            f"示例数据里没有走到的 {len(missed)} 个地址（另有逐地址权限测试）：{'、'.join(missed)}"
        )
    found = (*diary.findings.values(), *(statements(at.log) if at.log else ()))
    table = (
        ("身份", "打开的页面数"),
        *((who, str(len(crawl.seen))) for who, crawl in sorted(crew.crawls.items())),
    )
    return Result("crawl", "devtools.audit.crew", words, found, "；".join(unchecked), table)
