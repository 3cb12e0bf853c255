"""Responses taken out: CSV as a stream of any length, Excel up to a bound; answers in words, names never, phones masked.

Each is a line of the log of exports with the sha256 of what left. Texts never become formulas.
"""

import asyncio
import csv
import hashlib
import io
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import xlsxwriter
from aiohttp import web

from console.page import page_query, permit
from console.responses import NAMES, PAGE, known_unit, read
from core import audit, clock, exports
from core.actor import Actor, Permission
from core.downloads import attachment, saving
from core.errors import Fault, Invalid
from core.sheets import harmless
from patients.rows import KIND_LABELS
from staff import queries as staff
from staff.queries import OrgTree
from surveys.answers import Answer, Shape
from surveys.checking import few
from surveys.questionnaires.queries import Version
from surveys.questions.base import Question, parsed
from surveys.responses import queries
from surveys.responses.quality import FLAG_LABELS
from surveys.responses.queries import Exported, ResponseFilter, plain
from surveys.responses.rows import CHANNEL_LABELS
from surveys.statistics.variables import title_of

routes = web.RouteTableDef()
MOST_EXCEL = 100_000
MOST_KEPT = 20_000
BREATH = 20  # lines, some milliseconds
KIND_WORDS = {kind.value: label for kind, label in KIND_LABELS.items()}
HEADS = (
    "编号",
    "版本",
    "提交时间",
    "渠道",
    "就诊类型",
    "院区",
    "科室",
    "病区",
    "医生",
    "用时（秒）",
    "质量标记",
)
Column = tuple[str, str, str]  # question, part, head


def columns(versions: Sequence[Version]) -> tuple[list[tuple[str, str]], list[Column]]:
    """Scores (key, label) and questions of all versions, the newest version's words first; a matrix has one a row."""
    scores: dict[str, str] = {}
    found: dict[tuple[str, str], str] = {}
    for version in versions:
        for rule in version.definition.scores:
            scores.setdefault(rule.key, rule.label or rule.key)
        for item in version.definition.questions:
            if item.shape is Shape.NOTHING:
                continue
            _, _, again = item.step.partition(".")  # the same question about a further department of its step
            title = title_of(item) + (f"（第 {again} 个科室）" if again else "")
            for part in item.parts if item.shape in {Shape.GRID, Shape.BLANKS, Shape.RANKING} else ():
                found.setdefault((item.code, part.code), f"{title} · {part.label}")
            if item.shape not in {Shape.GRID, Shape.BLANKS, Shape.RANKING}:
                found.setdefault((item.code, ""), title)
    return list(scores.items()), [(code, part, head) for (code, part), head in found.items()]


Told = dict[tuple[int, str, str, str], str]


def cells(
    one: Exported, tree: OrgTree, scores: Sequence[tuple[str, str]], asked: Sequence[Column], kept: Told
) -> list[str]:
    """A line; `kept` remembers the words of answers out of few, which come again and again."""
    found = one.response
    site = tree.unit(found.campus_id).name if found.campus_id else ""
    told = [
        str(found.id),
        str(one.number),
        f"{clock.local(found.completed_at):%Y-%m-%d %H:%M:%S}" if found.completed_at else "",
        CHANNEL_LABELS[found.channel],
        KIND_WORDS.get(found.visit_kind, ""),
        site,
        tree.unit(found.unit_id).name if found.unit_id else "",
        tree.unit(found.ward_id).name if found.ward_id else "",
        found.doctor,
        str(round(found.active_ms / 1000)) if found.active_ms else "",
        "、".join(FLAG_LABELS.get(flag, flag) for flag in found.flags),
    ]
    told += [plain(one.scores[key]) if key in one.scores else "" for key, _ in scores]
    items = one.version.definition.by_code
    told += [
        _words(one.version.id, items.get(code), found.answers.get(code), part, kept)
        for code, part, _ in asked
    ]
    return [harmless(text) for text in told]


def _words(version: int, item: Question | None, raw: Any, part: str, kept: Told) -> str:
    if item is None or not raw:
        return ""
    key = few(raw)
    if key is None:
        return _said(item, parsed(raw), part)
    name = (version, item.code, *key)
    if name not in kept:
        if len(kept) > MOST_KEPT:
            kept.clear()
        kept[name] = _said(item, parsed(raw), part)
    return kept[name]


def _said(item: Question | None, answer: Answer | None, part: str) -> str:
    if item is None or answer is None or not answer.given:
        return ""
    if not part:
        return item.said(answer)
    if item.shape is Shape.BLANKS:
        return answer.b.get(part, "")
    labels = {option.code: option.label for option in item.choices}
    return "、".join(labels.get(code, code) for code in answer.m.get(part, ()))


async def _asked(request: web.Request) -> tuple[ResponseFilter, list[Version], str]:
    given = page_query(request.query, NAMES)
    wanted, _ = read(given)
    wanted = await known_unit(wanted)
    if wanted.questionnaire is None:
        fault = Fault(field="questionnaire", label="问卷", reason="请先选择一份问卷再导出")
        raise Invalid("请先选择一份问卷再导出", details=[fault])
    versions = await queries.answered_versions(wanted.questionnaire)
    words = "；".join(f"{ResponseFilter.model_fields[name].title}={text}" for name, text in given.items())
    return wanted, versions, words


async def _lines(wanted: ResponseFilter, versions: Sequence[Version], by: Actor) -> AsyncIterator[list[str]]:
    tree = await staff.tree()
    scores, asked = columns(versions)
    yield [*HEADS, *(label for _, label in scores), *(head for *_, head in asked)]
    kept: Told = {}
    at = 0
    async for one in queries.stream(wanted, by=by):
        yield cells(one, tree, scores, asked, kept)
        at += 1
        if at % BREATH == 0:  # a chunk is worked on without waiting for anything, and others want their pages
            await asyncio.sleep(0)


async def _log(by: Actor, title: str, words: str, rows: int, heads: Sequence[str], digest: str) -> None:
    await exports.log(
        by, exports.Kind.RESPONSES, title, b"", which=words, rows=rows, columns=heads, sha256=digest
    )
    await audit.record(by, "survey.export", "survey", None, filters=words, rows=rows, sha256=digest)


@routes.get(PAGE + ".csv")
async def as_csv(request: web.Request) -> web.StreamResponse:
    """All responses of the filter as CSV, streamed; logged also when the reader goes away in the middle."""
    actor = permit(request, Permission.SURVEY_EXPORT)
    wanted, versions, words = await _asked(request)
    title = versions[0].definition.title if versions else "答卷"
    name = f"{title}_{clock.local(clock.now()):%Y%m%d_%H%M}.csv"
    response = web.StreamResponse(headers=saving(name, "text/csv; charset=utf-8"))
    digest, rows, heads = hashlib.sha256(), 0, list[str]()
    await response.prepare(request)
    try:
        buffer = io.StringIO("\ufeff")
        buffer.seek(0, io.SEEK_END)
        writer = csv.writer(buffer)
        async for line in _lines(wanted, versions, actor):
            heads = heads or line
            writer.writerow(line)
            rows += 1
            if buffer.tell() > 64 * 1024:
                await _send(response, buffer, digest)
        await _send(response, buffer, digest)
    finally:
        await _log(actor, title, words, max(0, rows - 1), heads, digest.hexdigest())
    await response.write_eof()
    return response


async def _send(response: web.StreamResponse, buffer: io.StringIO, digest: "hashlib._Hash") -> None:
    data = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    digest.update(data)
    await response.write(data)


@routes.get(PAGE + ".xlsx")
async def as_excel(request: web.Request) -> web.StreamResponse:
    """The same as a workbook, written to the disk line by line; for more lines than it takes there is CSV."""
    actor = permit(request, Permission.SURVEY_EXPORT)
    wanted, versions, words = await _asked(request)
    title = versions[0].definition.title if versions else "答卷"
    with TemporaryDirectory(prefix="huiyin-") as folder:
        path = Path(folder) / "responses.xlsx"
        book = xlsxwriter.Workbook(
            path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        page = book.add_worksheet("答卷")
        head = book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1, "text_wrap": True})
        page.write_string(0, 0, harmless(f"{exports.mark(actor)}；{words}"))
        page.set_header(f"&L{exports.mark(actor).replace('&', '&&')[:120]}")
        page.set_footer("&C第 &P 页，共 &N 页")
        rows, heads = 0, list[str]()
        async for line in _lines(wanted, versions, actor):
            heads = heads or line
            for at, text in enumerate(line):
                page.write_string(rows + 1, at, text[:32_000], head if rows == 0 else None)
            rows += 1
            if rows > MOST_EXCEL:
                raise Invalid(f"超过 {MOST_EXCEL} 份，请导出 CSV 或缩小范围")
        page.freeze_panes(2, 3)
        page.set_column(0, 0, 38)
        page.set_column(1, max(1, len(heads) - 1), 16)
        await asyncio.to_thread(book.close)
        data = await asyncio.to_thread(path.read_bytes)
    await _log(actor, title, words, rows - 1, heads, hashlib.sha256(data).hexdigest())
    name = f"{title}_{clock.local(clock.now()):%Y%m%d_%H%M}.xlsx"
    return attachment(name, data)
