"""Asks follow what the hospital's systems tell: nobody asks the dead, about a visit that never was, that goes on after all,
or that was somebody else's.

Each ask is judged anew by how things stand, whatever happened: deaths, cancels and merges may come in any order, and
several at once. What was stopped runs again when its reason is gone. Answers that were given stay.
"""

from core import clock, db, links
from patients.events import (
    DeathWithdrawn,
    PatientDied,
    PatientMerged,
    PatientParted,
    VisitCancelled,
    VisitClosed,
    VisitMoved,
    VisitOpened,
    VisitReopened,
)
from surveys.asks import LINK

# All records of a person: the one that stands for them and those merged into it.
_PERSON = (
    "select coalesce(merged_into, id) from patient where id = any($2::bigint[]) union all select id from patient"
    " where merged_into in (select coalesce(merged_into, id) from patient where id = any($2::bigint[]))"
)
_JUDGE = """
update survey_ask a set stopped_because = w.why,
    open_before = case when w.why = '' then null when a.stopped_because = '' then a.open_until else a.open_before end,
    open_until = case when w.why = '' then a.open_before when a.stopped_because = '' then $1 else a.open_until end
from (
    select o.id, case
        when v.state = 'cancelled' then 'visit'
        when h.deceased then 'death'
        when o.after_end and v.state <> 'closed' then 'reopened'
        when h.id <> coalesce(vp.merged_into, vp.id) then 'moved'
        else '' end as why
    from survey_ask o left join patient p on p.id = o.patient_id
        left join patient h on h.id = coalesce(p.merged_into, p.id)
        left join visit v on v.id = o.visit_id left join patient vp on vp.id = v.patient_id
    where {which}
) w
where a.id = w.id and a.stopped_because <> w.why
    and (a.stopped_because <> '' or a.open_until is null or a.open_until > $1)
"""


async def _judge_persons(*patient_ids: int) -> None:
    which = _JUDGE.format(which=f"o.patient_id in ({_PERSON})")
    await db.execute(which, clock.now(), list(patient_ids))


async def _judge_visit(visit_id: int) -> None:
    await db.execute(_JUDGE.format(which="o.visit_id = $2"), clock.now(), visit_id)


async def patient_died(event: PatientDied) -> None:
    """End what still waits for this person."""
    await _judge_persons(event.patient_id)


async def death_withdrawn(event: DeathWithdrawn) -> None:
    """Ask again, for as long as it was to be."""
    await _judge_persons(event.patient_id)


async def patient_merged(event: PatientMerged) -> None:
    """A record of a person may be that of somebody dead."""
    await _judge_persons(event.patient_id, event.into_id)


async def patient_parted(event: PatientParted) -> None:
    """And they may be two again."""
    await _judge_persons(event.patient_id, event.from_id)


async def visit_cancelled(event: VisitCancelled) -> None:
    """End what waits for an answer about this visit."""
    await _judge_visit(event.visit_id)


async def visit_opened(event: VisitOpened) -> None:
    """A cancel was taken back: ask again."""
    await _judge_visit(event.visit_id)


async def visit_reopened(event: VisitReopened) -> None:
    """A discharge was cancelled: who still lies here is not asked how the stay was."""
    await _judge_visit(event.visit_id)


async def visit_closed(event: VisitClosed) -> None:
    """The discharge came after all."""
    await _judge_visit(event.visit_id)


async def visit_moved(event: VisitMoved) -> None:
    """The visit is another person's: they are asked, by a link of their own; what somebody has begun to answer ends."""
    rows = await db.fetch(
        "update survey_ask a set patient_id = coalesce(v.recorded_for, v.patient_id) from visit v, patient p, patient o"
        " where a.visit_id = $1 and v.id = $1 and p.id = v.patient_id and o.id = a.patient_id"
        " and coalesce(p.merged_into, p.id) <> coalesce(o.merged_into, o.id)"
        " and not exists (select 1 from response r where r.ask_id = a.id and r.state <> 'void') returning a.id",
        event.visit_id,
    )
    for row in rows:
        await links.revoke(LINK, row["id"])
    await _judge_visit(event.visit_id)
