"""A million responses of thirty questions taken out as CSV, while somebody else opens the first page of their list.

`run()` fills the table by SQL, then a head of the centre fetches the file from one web process as a browser does; the
process's memory is looked at twice a second. Required (the project's figures): streaming, memory flat; first page of the
list of responses below 150 ms. The argument is the number of responses.
"""

import asyncio
import statistics
import sys
import time
from pathlib import Path

import aiohttp
import asyncpg
import uvloop

from bench.case_list import p95
from bench.stage import Row, free_port, stage
from bench.stage import answers as answering
from core import clock, db
from core.actor import system
from staff import sessions
from surveys.definition import Definition
from surveys.questionnaires import rows
from surveys.questionnaires.kinds import Kind

SIZE = 1_000_000
QUESTIONS = 30
TIMES = 20
_FILL = """
insert into response (id, questionnaire_id, version_id, visit_kind, campus_id, unit_id, doctor, state, channel, flags,
    answers, active_ms, started_at, saved_at, completed_at, day)
select gen_random_uuid(), $1, $2, 'outpatient', 2, 3 + g % 2, '医生' || g % 300, 'completed',
    (array['wechat', 'sms', 'qr', 'kiosk', 'phone'])[1 + g % 5], '{}', (array[ANSWERS])[1 + g % 4]::jsonb, 90000,
    t.at, t.at, t.at, t.at::date
from generate_series(1, $4::int) g cross join lateral (select $3::timestamptz - g * interval '40 seconds' as at) t
"""


def definition() -> Definition:
    """Twenty scales, nine questions of five options, one text."""
    items: list[dict[str, object]] = []
    for at in range(QUESTIONS):
        item: dict[str, object] = {"kind": "scale", "code": f"q{at}", "title": f"第 {at + 1} 个问题"}
        if at % 3 == 2:
            options = [{"code": f"o{n}", "label": f"选项 {n}", "score": str(n)} for n in range(1, 6)]
            item = {"kind": "single", "code": f"q{at}", "title": f"第 {at + 1} 个问题", "options": options}
        elif at == QUESTIONS - 2:
            item = {"kind": "long_text", "code": f"q{at}", "title": "您的建议"}
        items.append(item)
    return Definition.model_validate({"title": "导出压测", "pages": [{"items": items}]})


def _answers(turn: int) -> str:
    told = []
    for at in range(QUESTIONS):
        step = 1 + (at * 7 + turn) % 5
        body = f'{{"n": "{step}"}}' if at % 3 != 2 else f'{{"c": ["o{step}"]}}'
        if at == QUESTIONS - 2:
            body = '{"t": "整体满意，候诊时间再短一些就更好了。"}'
        told.append(f'"q{at}": {body}')
    return "'{" + ", ".join(told) + "}'"


async def _filled(url: str, size: int) -> tuple[int, str]:
    """The questionnaire, and the cookie of somebody who may take responses out."""
    await db.open_db(url)
    by = system("压测")
    asked = definition()
    async with db.transaction():
        of = await rows.insert(Kind.OUTPATIENT, asked, by)
        version = await rows.insert_version(of, asked, by)
        await rows.put_in_force(of, version)
    await db.execute("insert into staff (id, number, name) values (91, 'h', '压测主任')")
    await db.execute("insert into post (staff_id, unit_id, role) values (91, 1, 'centre_head')")
    token = await sessions.begin(91, address="127.0.0.1", agent="bench")
    await db.close_db()
    raw = await asyncpg.connect(url)
    await raw.execute("alter table response disable trigger user")
    fill = _FILL.replace("ANSWERS", ", ".join(_answers(turn) for turn in range(4)))
    await raw.execute(fill, of, version, clock.now(), size, timeout=1800)
    await raw.execute("alter table response enable trigger user")
    await raw.execute("vacuum (analyze) response")
    await raw.execute("checkpoint")
    await raw.close()
    return of, f"{sessions.COOKIE}={token}"


def _memory(pid: int) -> float:
    """Megabytes of a process."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


async def run(size: int = SIZE) -> list[Row]:
    """The rows of the table."""
    async with stage() as place:
        of, cookie = await _filled(place.database_url, size)
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        own = place.program("app.py", HUIYIN_PORT=str(port), HUIYIN_PUBLIC_URL=address)
        limits = aiohttp.ClientTimeout(total=None)
        async with own as child, aiohttp.ClientSession(headers={"Cookie": cookie}, timeout=limits) as http:
            await answering(f"{address}/healthz")
            page = f"{address}/surveys/responses?questionnaire={of}"

            async def opened() -> float:
                began = time.perf_counter()
                async with http.get(page) as answer:
                    await answer.read()
                    answer.raise_for_status()
                return (time.perf_counter() - began) * 1000

            alone = [await opened() for _ in range(TIMES)][1:]
            seen = [_memory(child.pid)]
            first = 0.0
            lines = size_of = 0
            beside: list[float] = []

            async def watched() -> None:
                while True:
                    await asyncio.sleep(0.5)
                    seen.append(_memory(child.pid))
                    beside.append(await opened())

            watching = asyncio.create_task(watched())
            began = time.perf_counter()
            async with http.get(f"{address}/surveys/responses.csv?questionnaire={of}") as answer:
                answer.raise_for_status()
                async for part in answer.content.iter_chunked(1 << 16):
                    first = first or time.perf_counter() - began
                    lines += part.count(b"\n")
                    size_of += len(part)
            took = time.perf_counter() - began
            watching.cancel()
    half = seen[len(seen) // 2 :]
    return [
        ("response export: responses in the file (without the head)", lines - 1, "responses"),
        ("response export: size", round(size_of / 2**20, 1), "MB"),
        ("response export: took", round(took, 1), "s"),
        ("response export: first bytes after", round(first * 1000, 1), "ms"),
        ("response export: memory before", round(seen[0], 1), "MB"),
        ("response export: most in the first half", round(max(seen[: len(seen) // 2 + 1]), 1), "MB"),
        ("response export: most in the second half", round(max(half), 1), "MB"),
        ("response list: first page p95, alone (required: 150)", round(p95(alone), 1), "ms"),
        ("response list: first page p50, beside the export", round(statistics.median(beside), 1), "ms"),
        ("response list: first page p95, beside the export", round(p95(beside), 1), "ms"),
    ]


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for what, figure, unit in runner.run(run(*(int(word) for word in sys.argv[1:]))):
            print(f"{what:<72} {figure:>12,} {unit}")
