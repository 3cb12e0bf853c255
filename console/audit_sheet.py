"""The audit log taken out as an Excel sheet by the auditor: the lines of a search, with a mark who took it out and when.

Taking it out is a line of the log and a line of the log of exports. Texts never become formulas.
"""

import asyncio
import hashlib
import io
from collections.abc import Sequence

import xlsxwriter

from console import audit_reading
from console.audit_reading import Line, Wanted
from core import audit, clock, exports
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid
from core.exports import Kind
from core.sheets import harmless

MOST = 50_000
CHUNK = 5_000
HEADS = (
    ("时间", 20), ("人员", 12), ("角色", 18), ("途径", 10), ("地址", 16), ("操作", 18), ("操作代码", 20), ("对象", 16),
    ("结果", 8), ("修改前", 24), ("修改后", 24), ("内容", 50), ("浏览器", 30), ("会话", 26), ("追踪号", 18), ("行号", 10),
)  # fmt: skip


async def sheet(wanted: Wanted, *, by: Actor) -> tuple[str, bytes]:
    """The file's name and its bytes.

    Raises:
        Forbidden: this person does not read the log.
        Invalid: too many lines, or it took too long.
    """
    if not by.can(Permission.AUDIT_READ):
        raise Forbidden
    found: list[Line] = []
    while True:
        chunk = await audit_reading.lines(wanted, found[-1].id if found else None, CHUNK, by=by)
        found += chunk
        if len(found) > MOST:
            fault = Fault(field="from", label="起始日期", reason="请缩短起止日期或增加条件")
            raise Invalid(f"符合条件的超过 {MOST} 行，请分段导出", details=[fault])
        if len(chunk) < CHUNK:
            break
    asked = {name: text for name, text in wanted.given.items() if text}
    words = "；".join(f"{name}={text}" for name, text in asked.items()) or "全部"
    data = await asyncio.to_thread(write, found, f"{exports.mark(by)}；条件：{words}；共 {len(found)} 行")
    await exports.log(
        by, Kind.AUDIT, "审计日志", data, which=words, rows=len(found), columns=[name for name, _ in HEADS]
    )
    await audit.record(
        by, "audit.export", "audit", None, filters=asked, rows=len(found), sha256=_digest(data)
    )
    return f"审计日志_{clock.local(clock.now()):%Y%m%d_%H%M}.xlsx", data


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def write(lines: Sequence[Line], mark: str) -> bytes:
    """The bytes of the workbook."""
    memory = io.BytesIO()
    book = xlsxwriter.Workbook(
        memory,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    page = book.add_worksheet("审计日志")
    head = book.add_format({"bold": True, "bg_color": "#D9E1F2", "border": 1})
    text = book.add_format({"border": 1, "num_format": "@", "valign": "top", "text_wrap": True})
    soft = book.add_format({"font_color": "#666666", "italic": True})
    page.write_string(0, 0, harmless(mark), soft)
    for at, (name, width) in enumerate(HEADS):
        page.set_column(at, at, width)
        page.write_string(1, at, name, head)
    for row, line in enumerate(lines, start=2):
        for at, value in enumerate(_cells(line)):
            page.write_string(row, at, harmless(value)[:32_000], text)
    page.freeze_panes(2, 2)
    page.autofilter(1, 0, max(1, len(lines) + 1), len(HEADS) - 1)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_header(f"&L{mark.replace('&', '&&')[:120]}")
    page.set_footer("&C第 &P 页，共 &N 页")
    book.close()
    return memory.getvalue()


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.stamp,
        line.actor,
        line.roles,
        line.door,
        line.address,
        line.action_words,
        line.action,
        line.subject,
        line.result_words,
        line.before or "",
        line.after or "",
        "；".join(f"{name} {value}" for name, value in line.facts),
        line.agent,
        line.session,
        line.trace_id,
        str(line.id),
    )
