"""The narrow rows statistics count by: derived from facts, scores and texts whenever a response is new or has changed.

A place of `codes` belongs to a question (a row of a matrix, an option of a multiple choice) and holds a small number:
so a cross-table of a million responses reads one table and joins nothing. What is due stands in `survey_row_due`.
"""

import secrets

from core import db
from core.db import transaction
from surveys.statistics.deriving import derive

BATCH = 2_000
AT_ONCE = 10_000  # so many a page takes care of by itself; the clock does the rest
LOCK = "survey.rows"


async def catch_up(questionnaire_id: int, most: int = AT_ONCE) -> int:
    """Derive what is due of a questionnaire; how many are due still (another process may be at it)."""
    done = 0
    while done < most:
        taken = await _batch(questionnaire_id)
        done += taken
        if taken < BATCH:
            break
    waiting: int = await db.fetchval(
        "select count(*) from survey_row_due where questionnaire_id = $1", questionnaire_id
    )
    return waiting


async def catch_up_all() -> str:
    """By the clock: every questionnaire of which something is due."""
    waiting = await db.fetch("select distinct questionnaire_id as id from survey_row_due")
    for row in waiting:
        await catch_up(row["id"], 200_000)
    return f"{len(waiting)} 份问卷的统计已更新" if waiting else ""


async def rebuild(questionnaire_id: int) -> None:
    """Forget all rows of a questionnaire and derive them anew, after facts or scores were rebuilt."""
    async with transaction():
        await _locked(questionnaire_id)
        for table in (
            "survey_row",
            "survey_text",
            "survey_code",
            "survey_slot",
            "survey_score_slot",
            "survey_row_due",
        ):
            await db.execute(f"delete from {table} where questionnaire_id = $1", questionnaire_id)  # noqa: S608
        await _changed(questionnaire_id)
        await db.execute(
            "insert into survey_row_due (response_id, questionnaire_id)"
            " select id, questionnaire_id from response where questionnaire_id = $1 and state = 'completed'",
            questionnaire_id,
        )
    while await catch_up(questionnaire_id, 100 * BATCH):
        pass


async def revision(questionnaire_id: int) -> int:
    """A number drawn anew whenever rows change: the same number, the same rows. 0 while there are none."""
    found: int | None = await db.fetchval(
        "select revision from survey_row_state where questionnaire_id = $1", questionnaire_id
    )
    return found or 0


async def _changed(questionnaire_id: int) -> None:
    await db.execute(
        "insert into survey_row_state (questionnaire_id, revision) values ($1, $2)"
        " on conflict (questionnaire_id) do update set revision = excluded.revision",
        questionnaire_id,
        secrets.randbits(63) or 1,
    )


async def _locked(questionnaire_id: int) -> None:
    await db.execute("select pg_advisory_xact_lock(hashtext($1), $2::int)", LOCK, questionnaire_id % 2**31)


async def _batch(questionnaire_id: int) -> int:
    async with transaction():
        await _locked(questionnaire_id)
        due = await db.fetch(
            "select id, response_id from survey_row_due where questionnaire_id = $1 order by id limit $2",
            questionnaire_id,
            BATCH,
        )
        if not due:
            return 0
        ids = list({row["response_id"] for row in due})
        await derive(questionnaire_id, ids)
        await _changed(questionnaire_id)
        await db.execute(
            "delete from survey_row_due where id = any($1::bigint[])", [row["id"] for row in due]
        )
        return len(due)
