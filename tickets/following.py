"""Cases follow their patients: the visits they point at may move with a merge, or turn out never to have been.

A person's decision (confirmed, rejected) stays; what was only proposed for a visit that never was is withdrawn.
"""

from core import db
from core.actor import system
from patients.events import (
    DeathWithdrawn,
    PatientDied,
    PatientMerged,
    PatientParted,
    VisitCancelled,
    VisitMoved,
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
    await db.execute("delete from visit_link where visit_id = $1 and state = 'proposed'", event.visit_id)
    rows = await db.fetch(
        "select l.case_id, c.round, v.number from visit_link l join cases c on c.id = l.case_id"
        " join visit v on v.id = l.visit_id where l.visit_id = $1 and l.state = 'confirmed' order by l.case_id",
        event.visit_id,
    )
    for row in rows:
        await history.add(
            row["case_id"],
            "visit_cancelled",
            FEED,
            round_no=row["round"],
            text=f"关联的就诊 {row['number']} 已被医院信息系统取消",
            detail={"visit": event.visit_id},
        )


async def patient_died(event: PatientDied) -> None:
    """Whoever works on a case of this person reads in its story that they are dead, before anybody calls."""
    await _tell(
        event.patient_id, "patient_died", "关联的患者已登记死亡：请勿再联系患者本人，需要时联系其家属"
    )


async def death_withdrawn(event: DeathWithdrawn) -> None:
    """And that it was not so."""
    await _tell(event.patient_id, "death_withdrawn", "关联的患者的死亡登记已撤销")


async def _tell(patient_id: int, verb: str, text: str) -> None:
    rows = await db.fetch(
        "select distinct l.case_id, c.round from visit_link l join cases c on c.id = l.case_id"
        " join patient p on p.id = l.patient_id where l.state = 'confirmed' and c.state not in ('closed', 'archived')"
        " and coalesce(p.merged_into, p.id) = (select coalesce(merged_into, id) from patient where id = $1)"
        " order by l.case_id",
        patient_id,
    )
    for row in rows:
        await history.add(
            row["case_id"], verb, FEED, round_no=row["round"], text=text, detail={"patient": patient_id}
        )


async def patient_merged(event: PatientMerged) -> None:
    """Links move with their visits; those of visits recorded for this patient are looked at once more."""
    await _follow(event.patient_id)


async def patient_parted(event: PatientParted) -> None:
    """As `patient_merged`, back again."""
    await _follow(event.patient_id)


async def _follow(patient_id: int) -> None:
    await db.execute(
        "update visit_link l set patient_id = v.patient_id from visit v where l.visit_id = v.id"
        " and (v.recorded_for = $1 or (v.patient_id = $1 and v.recorded_for is null)) and l.patient_id <> v.patient_id",
        patient_id,
    )
