"""Which visits a case is about: a person confirms or rejects what was proposed, or links another by hand.

Each decision is a line of the history and of the audit log; nothing is deleted, and a decision can be changed
for as long as the case is not archived. Proposes nothing (`proposing` does).
"""

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Forbidden, NotFound, Refused
from patients import guarding
from patients import queries as patients
from patients.rows import VisitRow
from tickets import history
from tickets.models import Case
from tickets.queries import access
from tickets.states import CaseState

BY_HAND = "人工关联"


async def confirm(case_id: int, visit_id: int, *, by: Actor) -> None:
    """The case is about this visit; the patient's file then shows the case.

    Raises:
        NotFound: it was neither proposed nor linked, or lies out of this person's reach.
        Refused: the case is archived.
    """
    await _decide(case_id, visit_id, "confirmed", by)


async def reject(case_id: int, visit_id: int, *, by: Actor) -> None:
    """The case is not about this visit; also takes a confirmation back. Raises as `confirm`."""
    await _decide(case_id, visit_id, "rejected", by)


async def link(case_id: int, visit_id: int, *, by: Actor) -> None:
    """Link a visit that nobody proposed. Raises as `confirm`."""
    visit = await patients.visit(visit_id, by)
    await guarding.check(visit.patient_id, by)
    async with transaction():
        case = await _open(case_id, by)
        await db.execute(
            "insert into visit_link (case_id, visit_id, patient_id, reasons) values ($1, $2, $3, $4)"
            " on conflict (case_id, visit_id) do nothing",
            case.id,
            visit.id,
            visit.patient_id,
            [BY_HAND],
        )
        await _write(case, visit, "confirmed", by)


async def _decide(case_id: int, visit_id: int, state: str, by: Actor) -> None:
    visit = await patients.visit(visit_id, by)
    await guarding.check(visit.patient_id, by)
    async with transaction():
        case = await _open(case_id, by)
        known = await db.fetchval(
            "select state from visit_link where case_id = $1 and visit_id = $2", case.id, visit.id
        )
        if known in (None, "withdrawn"):
            raise NotFound("这次就诊没有与本诉求关联")
        if known != state:  # the same decision again is no step
            await _write(case, visit, state, by)


async def _open(case_id: int, by: Actor) -> Case:
    if not by.can(Permission.CASE_HANDLE):
        raise Forbidden
    case = await access.lock_case(case_id, by)
    if case.state is CaseState.ARCHIVED:
        raise Refused("诉求已归档，不能再修改关联的就诊")
    return case


async def _write(case: Case, visit: VisitRow, state: str, by: Actor) -> None:
    await db.execute(
        "update visit_link set state = $3, decided_by = $4, decided_at = $5 where case_id = $1 and visit_id = $2",
        case.id,
        visit.id,
        state,
        by.name,
        clock.now(),
    )
    verb = "link_visit" if state == "confirmed" else "unlink_visit"
    await history.add(
        case.id,
        verb,
        by,
        round_no=case.round,
        text=f"{visit.patient_name} {visit.start_on} {visit.kind_label} {visit.unit}",
        detail={"visit": visit.id, "patient": visit.patient_id},
    )
    await audit.record(by, f"case.{verb}", "case", case.id, visit=visit.id, patient=visit.patient_id)
