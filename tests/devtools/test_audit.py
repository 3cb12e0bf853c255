"""The walk of `make audit` finds what is wrong on purpose, and nothing else; the report tells it as a document."""

import re
import time
from pathlib import Path

import aiohttp
import docx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from devtools.audit import report
from devtools.audit.crawl import HEADERS, Crawl, Diary
from devtools.audit.crew import statements
from devtools.audit.findings import Finding, Result, Severity
from devtools.audit.stage import Server, Session
from devtools.audit.static import judged

GOOD = dict.fromkeys(HEADERS, "x") | {"Cache-Control": "no-store"}
LINKS = "".join(f'<a href="/{name}?q=1">x</a>' for name in ("fine", "echo", "broken", "bare", "kept"))


def faulty_site() -> web.Application:
    """Pages of which each but one has one fault."""
    stored: list[str] = []

    def page(text: str, status: int = 200, **more: str) -> web.Response:
        return web.Response(text=text, status=status, content_type="text/html", headers=GOOD | more)

    async def home(_: web.Request) -> web.Response:
        form = '<form method="post" action="/save"><input name="csrf_token"><input name="said" value="ok"></form>'
        return page(LINKS + form)

    async def fine(_: web.Request) -> web.Response:
        return page("<p>ok</p>")

    async def echo(request: web.Request) -> web.Response:
        return page(f"<p>{request.query['q']}</p>")

    async def broken(request: web.Request) -> web.Response:
        return page("x", 500 if "'" in request.query["q"] else 200)

    async def bare(_: web.Request) -> web.Response:
        return web.Response(text="<p>x</p>", content_type="text/html")

    async def kept(_: web.Request) -> web.Response:
        return page("<br>".join(stored))

    async def save(request: web.Request) -> web.Response:
        stored.append(str((await request.post())["said"]))
        return page("thanks")

    app = web.Application()
    app.add_routes(
        [web.get("/", home), web.get("/fine", fine), web.get("/echo", echo), web.get("/broken", broken)]
    )
    app.add_routes([web.get("/bare", bare), web.get("/kept", kept), web.post("/save", save)])
    return app


async def test_a_walk_finds_each_fault_once_and_what_a_form_has_stored_when_it_looks_again() -> None:
    diary = Diary(time.monotonic() + 60)
    async with TestServer(faulty_site()) as server, aiohttp.ClientSession() as http:
        crawl = Crawl(Server(str(server.make_url("")), ""), "nobody", Session(), http, diary)
        assert await crawl.walk("/")
        assert set(diary.findings) == {
            ("xss", "/echo"),
            ("5xx", "/broken"),
            ("header", "/bare"),
            ("cache", "/bare"),
        }
        (form,) = diary.forms
        assert (form.action, [name for name, _ in form.fields]) == ("/save", ["csrf_token", "said"])
        await crawl.attack_form(form)
        assert ("xss", "/kept") not in diary.findings
        await crawl.ask("/kept")
        assert ("xss", "/kept") in diary.findings


def test_a_string_of_attack_in_a_statement_is_told_and_one_among_the_values_is_not(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text(
        "LOG:  execute a: select 1 from cases where name = $1\n"
        "LOG:  execute b: select 1 from cases where name = '' or '1'='1'\n"
        "ERROR:  invalid input syntax: \"' or '1'='1\"\n"
    )
    assert [(one.rule, one.text.rpartition("：")[2]) for one in statements(log)] == [
        ("sql", "LOG:  execute b: select 1 from cases where name = '' or '1'='1'")
    ]


@pytest.mark.parametrize(
    ("line", "rule", "is_judged"),
    [
        ('f"select {X}"  # noqa: S608', "B608", True),
        ("assert x  # noqa: S101 - inserted above", "B101", True),
        ("assert x  # noqa: S101", "B101", False),  # a mark without a reason judges nothing
        ("assert x  # noqa: S608 - other", "B101", False),
        ("eval(x)  # noqa: S307 - a reason", "B307", False),  # no class of lines that we have looked at
    ],
)
def test_a_mark_in_the_code_judges_its_rule_and_gives_its_reason(
    line: str, rule: str, is_judged: bool
) -> None:
    assert bool(judged(line, rule)) is is_judged


def test_the_report_has_every_part_tells_what_is_open_and_is_in_chinese(tmp_path: Path) -> None:
    results = [
        Result(
            "bandit",
            "bandit 1.0",
            "16 个包",
            (
                Finding("B608", Severity.MEDIUM, "core/a.py:7", "Possible SQL injection vector", "值走参数"),
                Finding("B105", Severity.LOW, "core/b.py:9", "Possible hardcoded password", "动词名"),
            ),
        ),
        Result("npm", "npm audit 1", "", unchecked="漏洞信息源不可用"),
        Result(
            "crawl",
            "devtools.audit.crew",
            "3 个页面",
            (Finding("xss", Severity.HIGH, "/echo", "未转义地显示"),),
            table=(("身份", "打开的页面数"), ("患者", "3")),
        ),
    ]
    document = docx.Document(str(report.write(results, tmp_path)))
    headings = [one.text for one in document.paragraphs if str(one.style and one.style.name) == "Heading 1"]
    assert [text.partition("、")[2] or text for text in headings] == [
        "概述",
        "工具与方法",
        "结果汇总",
        "未处理的问题",
        "已研判的提示",
        "运行时检查明细",
        "未能核查的内容",
        "结论",
        "附录一　第三方依赖清单",
        "附录二　已研判提示的位置",
    ]
    tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
    assert min(len(rows) for rows in tables) > 1
    assert ["高", "1", "0", "1"] in tables[3]
    assert ["高", "页面遍历与注入尝试", "/echo", "跨站脚本\nxss\n未转义地显示"] in tables[5]
    assert ["中", "静态安全分析\n拼接 SQL 语句\nB608", "1", "core/a.py", "值走参数"] in tables[6]
    assert ["患者", "3"] in tables[7]
    assert [row[0] for row in tables[8]] == ["", "编制", "复核", "批准", "审计单位（盖章）"]
    words = "\n".join(one.text for one in document.paragraphs)
    assert "未处理的问题：高级 1 项" in words
    assert not re.search(r"Possible|hardcoded|vector", words + str(tables))
