"""A cross-table of a million responses: two variables and three filters, and the board of the same, from a cold process.

`run()` writes SIZE responses with their answers by SQL, has a part of them derived into rows by the product's own code (so
the rate of deriving is measured on the real thing), copies those rows up to SIZE, and asks.

Required (the project's figure): the cross-table below 1 s. SIZE is taken from BENCH_SURVEY_SIZE.
"""

import os
import time
from collections.abc import Awaitable
from datetime import timedelta

import asyncpg

from bench.case_list import p95
from bench.stage import Row, stage
from core import clock, db
from core.actor import system
from core.settings import settings
from surveys import shipped
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.rows import insert, insert_version, put_in_force
from surveys.statistics import kept, rows
from surveys.statistics.asking import Asked
from surveys.statistics.board import board
from surveys.statistics.crosstab import crosstab

SIZE = int(os.environ.get("BENCH_SURVEY_SIZE", "1000000"))
DERIVED = 20_000
TIMES = 10
BY = system("压测")
FIVE = "array['very_good', 'good', 'fair', 'poor', 'bad']"
_RESPONSES = f"""
insert into response (id, questionnaire_id, version_id, answers, visit_kind, campus_id, unit_id, doctor, state, channel,
    flags, started_at, saved_at, completed_at, day)
select gen_random_uuid(), $1, $2, (
        select jsonb_object_agg(q.code, jsonb_build_object('c', array[({FIVE})[1 + abs(hashtext(g || q.code)) % 25 / 5]]))
        from unnest($5::text[]) as q(code)
    ), 'outpatient', 2 + g % 4, 10 + g % 60, '医生' || g % 300, 'completed',
    (array['wechat', 'sms', 'qr', 'kiosk', 'phone'])[1 + g % 5],
    case when g % 17 = 0 then '{{speeding}}'::text[] else '{{}}' end, $3::timestamptz - g % 700 * interval '1 day',
    $3, $3::timestamptz - g % 700 * interval '1 day', ($3::timestamptz - g % 700 * interval '1 day')::date
from generate_series(1, $4::int) g
"""  # noqa: S608 - our own words
_SCORES = """
insert into response_score (response_id, key, value, answered, formula)
select r.id, k, 25 * (abs(hashtext(r.id::text || k)) % 5), 3, 'bench' from response r cross join unnest($1::text[]) k
"""
_COPIES = """
insert into survey_row (response_id, questionnaire_id, version_id, day, visit_kind, campus_id, unit_id, ward_id, doctor,
    channel, clean, codes, scores)
select gen_random_uuid(), questionnaire_id, version_id, day - (g * 7) % 300, visit_kind, campus_id,
    unit_id, ward_id, doctor, channel, clean, codes, scores
from survey_row cross join generate_series(1, $1::int) g
"""


async def filled(size: int) -> tuple[int, float]:
    """The questionnaire, and responses derived per second."""
    _, definition = shipped.definition("outpatient")
    async with db.transaction():
        of = await insert(Kind.OUTPATIENT, definition, BY)
        version = await insert_version(of, definition, BY)
        await put_in_force(of, version)
    derived = min(size, DERIVED)
    graded = [
        item.code for item in definition.questions if item.kind == "single" and item.counted and item.scores
    ]
    await db.execute(_RESPONSES, of, version, clock.now(), derived, graded)
    await db.execute(_SCORES, [rule.key for rule in definition.scores])
    begun = time.perf_counter()
    while await rows.catch_up(of):
        pass
    rate = derived / (time.perf_counter() - begun)
    raw = await asyncpg.connect(settings().database_url)  # without the time limit of our own statements
    if size > derived:
        await raw.execute(_COPIES, size // derived - 1)
    await raw.execute("vacuum (analyze) survey_row")
    await raw.close()
    return of, rate


async def timed(what: Awaitable[object], *, again: bool = False) -> float:
    """Milliseconds of an awaitable; nothing that was counted before is used, unless it is asked `again`."""
    if not again:
        kept.forget()
    begun = time.perf_counter()
    await what
    return 1000 * (time.perf_counter() - begun)


async def run() -> list[Row]:
    """The rows."""
    async with stage():
        await db.open_db(settings().database_url)
        try:
            of, rate = await filled(SIZE)
            since = clock.today() - timedelta(days=1000)
            asked = Asked(
                questionnaire=of,
                since=since,
                row="q:doc_listen",
                column="q:nurse_kind",
                filters=(("q:env_clean", "good"), ("q:reg_wait", "very_good"), ("channel", "wechat")),
            )
            wide = asked.model_copy(update={"filters": (), "row": "unit"})
            narrow = [await timed(crosstab(asked, by=BY)) for _ in range(TIMES)]
            open_ones = [await timed(crosstab(wide, by=BY)) for _ in range(TIMES)]
            boards = [await timed(board(asked.model_copy(update={"filters": ()}), by=BY)) for _ in range(2)]
            again = await timed(board(asked.model_copy(update={"filters": ()}), by=BY), again=True)
            size: int = await db.fetchval("select count(*) from survey_row")
            return [
                ("responses", size, ""),
                ("responses derived", rate, "/s"),
                ("cross-table, two variables, three filters, p95", p95(narrow), "ms"),
                ("cross-table of departments, no filter, p95", p95(open_ones), "ms"),
                ("the whole board", min(boards), "ms"),
                ("the same while no row has changed", again, "ms"),
            ]
        finally:
            await db.close_db()
