"""What surveys put into the timeline of a patient: questionnaires answered, asked and waiting, calls that asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core import clock, db
from core.actor import Actor, Permission
from patients.profile_timeline import Entry, Layer, Person, Source
from staff import queries as staff
from surveys.responses.calling import OUTCOME_LABELS, CallOutcome
from surveys.responses.quality import FLAG_LABELS
from surveys.responses.rows import CHANNEL_LABELS

_ANSWERED = """
select r.id, r.completed_at, q.title, r.channel, r.flags,
    (select string_agg(coalesce(rule ->> 'label', s.key) || ' ' || trim_scale(round(s.value, 1)), '　' order by s.key)
        from response_score s join questionnaire_version v on v.id = r.version_id
        left join lateral (select one as rule from jsonb_array_elements(v.body -> 'scores') as one
            where one ->> 'key' = s.key) as named on true
        where s.response_id = r.id and s.unit_id is null) as scores
from response r join questionnaire q on q.id = r.questionnaire_id
where r.patient_id = any($1::bigint[]) and r.state = 'completed' and ($3::timestamptz is null or r.completed_at < $3)
    and ($2::bigint[] is null or r.unit_id = any($2) or r.ward_id = any($2))
order by r.completed_at desc limit $4
"""
_WAITING = """
select a.created_at, a.open_until, a.stopped_because, q.title,
    exists (select 1 from response r where r.ask_id = a.id and r.state = 'draft') as begun
from survey_ask a join questionnaire q on q.id = a.questionnaire_id left join visit v on v.id = a.visit_id
where a.patient_id = any($1::bigint[]) and ($3::timestamptz is null or a.created_at < $3)
    and ($2::bigint[] is null or v.unit_id = any($2) or v.ward_id = any($2))
    and not exists (select 1 from response r where r.ask_id = a.id and r.state = 'completed')
order by a.created_at desc limit $4
"""
_CALLS = """
select c.at, q.title, c.outcome, c.note, s.name from survey_call c join questionnaire q on q.id = c.questionnaire_id
join staff s on s.id = c.staff_id left join visit v on v.id = c.visit_id
where c.patient_id = any($1::bigint[]) and ($3::timestamptz is null or c.at < $3)
    and ($2::bigint[] is null or v.unit_id = any($2) or v.ward_id = any($2))
order by c.at desc limit $4
"""


async def _units(by: Actor) -> list[int] | None:
    """The units whose responses this person may read; none at all without the permission."""
    scopes = by.scope(Permission.SURVEY_READ)
    if not scopes:
        return []
    return None if "/" in scopes else list((await staff.tree()).within(scopes))


async def _answered(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    rows = await db.fetch(_ANSWERED, list(who.records), await _units(by), before, limit)
    return [
        Entry(
            row["completed_at"],
            Layer.SURVEY,
            row["title"],
            "　".join(filter(None, (f"{CHANNEL_LABELS[row['channel']]}填写", row["scores"]))),
            f"/surveys/responses/{row['id']}",
            marks=tuple((FLAG_LABELS[flag], "soon") for flag in row["flags"] if flag in FLAG_LABELS),
        )
        for row in rows
    ]


async def _waiting(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    rows = await db.fetch(_WAITING, list(who.records), await _units(by), before, limit)
    return [
        Entry(
            row["created_at"],
            Layer.SURVEY,
            row["title"],
            "已发放",
            marks=_standing(row),
        )
        for row in rows
    ]


_STOPPED = {
    "death": "患者已故，已停止填写",
    "visit": "就诊已取消，已停止填写",
    "reopened": "出院已取消，暂停填写",
    "moved": "就诊已更正为他人，已停止填写",
}


def _standing(row: Any) -> tuple[tuple[str, str], ...]:
    """Whether an ask still waits, and if not why."""
    if row["stopped_because"]:
        return ((_STOPPED[row["stopped_because"]], "late"),)
    if row["open_until"] is not None and row["open_until"] <= clock.now():
        return (("已过期", "wait"),)
    return (("填写中", "doing"),) if row["begun"] else (("待填写", "wait"),)


async def _calls(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    rows = await db.fetch(_CALLS, list(who.records), await _units(by), before, limit)
    return [
        Entry(
            row["at"],
            Layer.CALL,
            f"电话访问 · {row['title']}",
            "　".join(filter(None, (row["name"], row["note"]))),
            marks=(
                (
                    OUTCOME_LABELS[CallOutcome(row["outcome"])],
                    "good" if row["outcome"] == "reached" else "wait",
                ),
            ),
        )
        for row in rows
    ]


SOURCES = (Source(Layer.SURVEY, _answered), Source(Layer.SURVEY, _waiting), Source(Layer.CALL, _calls))
