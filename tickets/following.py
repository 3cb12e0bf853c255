"""Cases follow their patients: the visits they point at may move with a merge, or turn out never to have been.

A person's decision (confirmed, rejected) stays; what was only proposed for a visit that never was is withdrawn, and
proposed again when its cancel is taken back.
"""

from core import db
from core.actor import system
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
from tickets import history

FEED = system("医院信息系统")


async def visit_moved(event: VisitMoved) -> None:
    """The links to a visit name the patient it belongs to now."""
    await db.execute(
        "update visit_link l set patient_id = v.patient_id from visit v"
        " where v.id = $1 and l.visit_id = v.id and l.patient_id <> v.patient_id",
        event.visit_id,
    )


async def visit_cancelled(event: VisitCancelled) -> None:
    """Proposals are withdrawn; where a person has confirmed the visit, the case's story says that it was cancelled."""
    await db.execute(
        "update visit_link set state = 'withdrawn' where visit_id = $1 and state = 'proposed'", event.visit_id
    )
    await _tell_of_visit(event.visit_id, "visit_cancelled", "关联的就诊 {} 已被医院信息系统取消")


async def visit_opened(event: VisitOpened) -> None:
    """A cancel was taken back: what was proposed stands again, and who read of the cancel reads of this."""
    await db.execute(
        "update visit_link set state = 'proposed' where visit_id = $1 and state = 'withdrawn'", event.visit_id
    )
    await _tell_of_visit(event.visit_id, "visit_restored", "关联的就诊 {} 的取消已撤回，就诊仍然有效")


async def visit_reopened(event: VisitReopened) -> None:
    """Whoever works on a case about a stay reads that the patient has not left."""
    await _tell_of_visit(event.visit_id, "visit_reopened", "关联的住院 {} 的出院已取消，患者仍在院")


async def visit_closed(event: VisitClosed) -> None:
    """And, where that was told, that they have."""
    await _tell_of_visit(event.visit_id, "visit_closed", "关联的住院 {} 已再次办理出院")


# What takes back what; the first of each pair is told of in any case, the second only after it.
_BACK = {"visit_restored": "visit_cancelled", "visit_closed": "visit_reopened"}


async def _tell_of_visit(visit_id: int, verb: str, text: str) -> None:
    kinds = {verb, _BACK.get(verb, ""), *(back for back, first in _BACK.items() if first == verb)} - {""}
    rows = await db.fetch(
        "select l.case_id, c.round, v.number, (select h.verb from history h where h.case_id = l.case_id"
        " and h.verb = any($2::text[]) and h.detail ->> 'visit' = l.visit_id::text order by h.id desc limit 1) as told"
        " from visit_link l join cases c on c.id = l.case_id join visit v on v.id = l.visit_id"
        " where l.visit_id = $1 and l.state = 'confirmed' and ($3 or v.kind = 'inpatient') order by l.case_id",
        visit_id,
        list(kinds),
        verb in ("visit_cancelled", "visit_restored"),
    )
    for row in rows:
        if row["told"] == verb or (verb in _BACK and row["told"] != _BACK[verb]):
            continue
        await history.add(
            row["case_id"],
            verb,
            FEED,
            round_no=row["round"],
            text=text.format(row["number"]),
            detail={"visit": visit_id},
        )


async def patient_died(event: PatientDied) -> None:
    """Whoever works on a case of this person reads in its story that they are dead, before anybody calls."""
    await _tell_of_death(event.patient_id)


async def death_withdrawn(event: DeathWithdrawn) -> None:
    """And that it was not so."""
    await _tell_of_death(event.patient_id)


_DEATH = {
    "patient_died": "关联的患者已登记死亡：请勿再联系患者本人，需要时联系其家属",
    "death_withdrawn": "关联的患者的死亡登记已撤销",
}


async def _tell_of_death(*patient_ids: int) -> None:
    """Tell the running cases of these persons how it stands, where their story says otherwise."""
    rows = await db.fetch(
        "select distinct l.case_id, c.round, h.id, h.deceased, (select y.verb from history y where y.case_id = l.case_id"
        " and y.verb in ('patient_died', 'death_withdrawn') order by y.id desc limit 1) as told"
        " from visit_link l join cases c on c.id = l.case_id join patient p on p.id = l.patient_id"
        " join patient h on h.id = coalesce(p.merged_into, p.id)"
        " where l.state = 'confirmed' and c.state not in ('closed', 'archived') and h.id in"
        " (select coalesce(merged_into, id) from patient where id = any($1::bigint[])) order by l.case_id, h.id",
        list(patient_ids),
    )
    for row in rows:
        verb = "patient_died" if row["deceased"] else "death_withdrawn"
        if (row["told"] or "death_withdrawn") != verb:
            await history.add(
                row["case_id"],
                verb,
                FEED,
                round_no=row["round"],
                text=_DEATH[verb],
                detail={"patient": row["id"]},
            )


async def patient_merged(event: PatientMerged) -> None:
    """Links move with their visits; those of visits recorded for this patient are looked at once more."""
    await _follow(event.patient_id)
    await _tell_of_death(event.into_id)


async def patient_parted(event: PatientParted) -> None:
    """As `patient_merged`, back again."""
    await _follow(event.patient_id)
    await _tell_of_death(event.patient_id, event.from_id)


async def _follow(patient_id: int) -> None:
    await db.execute(
        "update visit_link l set patient_id = v.patient_id from visit v where l.visit_id = v.id"
        " and (v.recorded_for = $1 or (v.patient_id = $1 and v.recorded_for is null)) and l.patient_id <> v.patient_id",
        patient_id,
    )
