"""A sheet of 10,000 orders: read, previewed and taken over by one process; how long, and how much its memory grows.

Required (the project's figures): below 60 seconds, memory flat. The jobs run in this process as a worker runs
them; growth is counted from a first small import, by which everything is loaded, to the highest point.
"""

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import uvloop
import xlsxwriter

from bench.stage import Row, Stage, stage
from core import bell, clock, db, jobs
from core.actor import system
from core.settings import settings
from tickets.imports import actions, queries
from wiring import wire

ROWS = 10_000
HEADERS = [
    "工单编号",
    "工单标题",
    "诉求内容",
    "诉求类型",
    "区交办时间",
    "诉求渠道",
    "紧急程度",
    "求助人员",
    "求助号码",
    "性别",
    "事件发生地",
    "涉及科室",
    "市交办办结期限",
]
BY = system("压测")


def write_sheet(path: Path, prefix: str, rows: int) -> Path:
    """A sheet as a platform exports it, with distinct orders."""
    book = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    sheet = book.add_worksheet("工单")
    sheet.write_row(0, 0, ["12345 热线交办工单导出表"])
    sheet.write_row(2, 0, HEADERS)
    sent = clock.local(clock.now()) - timedelta(days=1)
    for at in range(rows):
        line = (
            f"{prefix}-{at:06d}",
            f"门诊排队过久 {at}",
            f"第 {at} 位来电人反映心血管内科门诊排队三小时仍未看上病，要求说明原因并改进叫号流程。",
            ("投诉", "咨询", "求助")[at % 3],
            f"{sent:%Y-%m-%d %H:%M}",
            "电话",
            "一般",
            "张测试",
            f"138{at:08d}",
            "女",
            "东院区门诊楼",
            "心血管内科",
            f"{sent + timedelta(days=10 + at % 5):%Y-%m-%d} 18:00",
        )
        sheet.write_row(3 + at, 0, line)
    book.close()
    return path


async def _work() -> None:
    while waiting := await db.fetchval(
        "select id from job where state = 'due' and kind like 'import.%' order by id"
    ):
        await jobs.run_job(waiting)


async def _import(path: Path) -> tuple[float, float, queries.Import]:
    """Bring a sheet in whole: seconds to the preview, seconds to the end, the import as it is then."""
    began = time.perf_counter()
    number = await actions.upload(path.name, path.read_bytes(), "压测平台", by=BY)
    await _work()
    previewed = time.perf_counter() - began
    await actions.confirm(number, with_changed=False, by=BY)
    await _work()
    return previewed, time.perf_counter() - began, await queries.one(number, BY)


def _memory(name: str) -> float:
    """MB of this process: VmRSS now, or VmHWM at its highest."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def _measured(place: Stage) -> list[Row]:
    small = await asyncio.to_thread(write_sheet, place.folder / "small.xlsx", "S", 500)
    big = await asyncio.to_thread(write_sheet, place.folder / "big.xlsx", "L", ROWS)
    await _import(small)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the highest point counts from here
    before = _memory("VmRSS")
    previewed, whole, done = await _import(big)
    growth = _memory("VmHWM") - before
    again = await actions.upload(big.name, big.read_bytes(), "压测平台", by=BY)
    await _work()
    double = (await queries.one(again, BY)).same
    return [
        (f"import of {ROWS} rows (required: below 60)", round(whole, 1), "s"),
        ("import: until the preview stands", round(previewed, 1), "s"),
        ("import: orders taken", done.taken, f"of {ROWS}"),
        ("import: memory at its highest above the start", round(growth, 1), "MB"),
        ("import: doubles when the same sheet comes again", double, f"of {ROWS}"),
    ]


async def run() -> list[Row]:
    """The import's figures."""
    async with stage() as place:
        wire()
        await db.open_db(place.database_url)
        bell.open_redis(settings().redis_url)
        try:
            return await _measured(place)
        finally:
            await bell.close_redis()
            await db.close_db()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for line in runner.run(run()):
            print(*line)
