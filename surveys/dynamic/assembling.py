"""Put a questionnaire together for a visit, and keep what was put together as a version that never changes.

Visits of the same way share a version (kept by its hash). What a visit was given stays once somebody has begun to answer;
until then later records (a report that comes in the evening) may still change it.
"""

import hashlib

from core import clock, db
from core.db import transaction
from core.errors import NotFound, Refused
from surveys.definition import Definition, conditions
from surveys.dynamic.path import Served, path
from surveys.dynamic.picking import MOST_UNITS, has_steps, picked
from surveys.questionnaires import queries
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Version
from surveys.questionnaires.rows import as_json, digest

_KINDS = {
    "outpatient": Kind.OUTPATIENT,
    "online": Kind.OUTPATIENT,
    "emergency": Kind.EMERGENCY,
    "inpatient": Kind.INPATIENT,
    "exam": Kind.EXAM,
}


async def put_together(visit_id: int, questionnaire_id: int | None = None) -> Version:
    """The version that this visit is asked.

    Args:
        visit_id: the visit.
        questionnaire_id: the frame; None: the newest one in use for this kind of visit that names steps.

    Raises:
        NotFound: no such visit or questionnaire.
        Refused: nobody may answer it now, or there is no such frame.
    """
    if questionnaire_id is None:
        questionnaire_id = await _frame_for(visit_id)
    frame = await queries.open_version(questionnaire_id)
    if not has_steps(frame.definition):
        return frame
    kept = await db.fetchrow(
        "select s.version_id, coalesce(v.frame_id, v.id) as frame_id, exists (select 1 from response r"
        "   where r.visit_id = s.visit_id and r.questionnaire_id = s.questionnaire_id and r.state <> 'void') as begun"
        " from visit_sheet s join questionnaire_version v on v.id = s.version_id"
        " where s.visit_id = $1 and s.questionnaire_id = $2",
        visit_id,
        questionnaire_id,
    )
    if kept is not None and kept["begun"] and kept["frame_id"] == frame.id:
        return await queries.version(kept["version_id"])
    served = await path(visit_id)
    if not served:
        raise NotFound("没有这次就诊")
    steps: dict[str, int] = {}
    for one in served:
        steps[one.step] = steps.get(one.step, 0) + 1
    async with transaction():
        version_id = await _version(frame, picked(frame.definition, steps))
        await _keep(visit_id, questionnaire_id, version_id, served)
    return await queries.version(version_id)


async def _frame_for(visit_id: int) -> int:
    kind = await db.fetchval("select kind from visit where id = $1", visit_id)
    if kind is None:
        raise NotFound("没有这次就诊")
    wanted = _KINDS.get(kind, Kind.GENERAL)
    kinds = [wanted, *((Kind.DISCHARGED,) if wanted is Kind.INPATIENT else ()), Kind.GENERAL]
    rows = await db.fetch(
        "select id, version_id from questionnaire where active and kind = any($1)"
        " order by array_position($1::text[], kind), changed_at desc, id desc",
        kinds,
    )
    for row in rows:
        if has_steps((await queries.version(row["version_id"])).definition):
            return int(row["id"])
    raise Refused("没有使用中的、按就诊环节组成的问卷")


async def _version(frame: Version, made: Definition) -> int:
    """The id of the version that says this; the frame itself when nothing was left out."""
    told = digest(made)
    if told == frame.sha256:
        return frame.id
    await db.execute("select pg_advisory_xact_lock($1)", _lock(frame.id, told))
    known: int | None = await db.fetchval(
        "select id from questionnaire_version where frame_id = $1 and sha256 = $2", frame.id, told
    )
    if known is not None:
        return known
    await db.fetchval("select id from questionnaire where id = $1 for update", frame.questionnaire_id)
    made_id: int = await db.fetchval(
        "insert into questionnaire_version (questionnaire_id, number, body, conditions, sha256, migrates, note,"
        " published_by, reviewed_by, published_at, frame_id) select $1, least(min(number), 0) - 1, $2::jsonb, $3::jsonb,"
        " $4, $5, $6, $7, $8, $9, $10 from questionnaire_version where questionnaire_id = $1 returning id",
        frame.questionnaire_id,
        as_json(made.model_dump(mode="json")),
        as_json({code: node.model_dump(mode="json") for code, node in conditions(made).items()}),
        told,
        frame.migrates,
        f"由第 {frame.number} 版按就诊环节组成",
        frame.published_by,
        frame.reviewed_by,
        clock.now(),
        frame.id,
    )
    return made_id


def _lock(frame_id: int, told: str) -> int:
    """Two visits of the same way at once make one version."""
    return int.from_bytes(hashlib.sha256(f"{frame_id}:{told}".encode()).digest()[:8], signed=True)


async def _keep(visit_id: int, questionnaire_id: int, version_id: int, served: list[Served]) -> None:
    await db.execute(
        "insert into visit_sheet (visit_id, questionnaire_id, version_id, made_at) values ($1, $2, $3, $4)"
        " on conflict (visit_id, questionnaire_id) do update set version_id = excluded.version_id,"
        " made_at = excluded.made_at",
        visit_id,
        questionnaire_id,
        version_id,
        clock.now(),
    )
    await db.execute(
        "delete from visit_serving where visit_id = $1 and questionnaire_id = $2", visit_id, questionnaire_id
    )
    number: dict[str, int] = {}
    rows = []
    for one in served:
        number[one.step] = number.get(one.step, 0) + 1
        if number[one.step] <= MOST_UNITS:
            step = one.step if number[one.step] == 1 else f"{one.step}.{number[one.step]}"
            rows.append((visit_id, questionnaire_id, step, one.unit_id))
    await db.executemany(
        "insert into visit_serving (visit_id, questionnaire_id, step, unit_id) values ($1, $2, $3, $4)", rows
    )
