"""Finds the visits an order may be about, with the reasons; writes proposals only, a person confirms."""

from datetime import date, datetime

from core import clock, db
from core.actor import system
from core.crypto import search_hash
from core.identity import find_ids, find_phones
from patients import queries as patients
from patients.rows import VisitRow
from staff import queries as staff
from tickets.matching import OrderFacts, VisitFacts, clues_of, rank
from tickets.models import Case

MOST_PROPOSED = 5


async def propose(case: Case) -> int:
    """Write the best proposals for a case; what a person has decided already is left alone. How many were found."""
    facts = _facts(case)
    clues = clues_of(facts)
    tree = await staff.tree()
    units = [unit.id for name in case.departments if (unit := tree.find(name)) is not None]
    names = {*facts.names, *clues.patients, *clues.selves} | ({facts.caller} if facts.caller else set())
    visits = await patients.candidates(
        by=system("就诊关联"),
        phones=[search_hash(phone) for phone in facts.phones],
        ids=list(facts.id_hashes),
        names=sorted(names),
        numbers=sorted({*clues.numbers, *([facts.patient_number] if facts.patient_number else [])}),
        unit_ids=units,
        around=facts.occurred_on or facts.received_on,
    )
    found = rank(facts, [_visit(row) for row in visits], MOST_PROPOSED)
    owners = {row.id: row.patient_id for row in visits}
    for proposal in found:
        await db.execute(
            "insert into visit_link (case_id, visit_id, patient_id, points, reasons) values ($1, $2, $3, $4, $5)"
            " on conflict (case_id, visit_id) do update set points = excluded.points, reasons = excluded.reasons"
            " where visit_link.state = 'proposed'",
            case.id,
            proposal.visit_id,
            owners[proposal.visit_id],
            proposal.points,
            list(proposal.reasons),
        )
    return len(found)


def _facts(case: Case) -> OrderFacts:
    said = f"{case.title}\n{case.content}"
    given = [phone for phone in (case.caller_phone, case.contact_phone) if phone]
    return OrderFacts(
        text=said,
        received_on=_day(case.dispatched_at or case.received_at),
        phones=tuple(dict.fromkeys([*given, *find_phones(said)])),
        names=(case.patient_name,) if case.patient_name else (),
        caller=case.caller_name,
        id_hashes=tuple(search_hash(number) for number in find_ids(said)),
        patient_number=case.patient_number,
        occurred_on=_day(case.occurred_at) if case.occurred_at else None,
        departments=tuple(case.departments),
    )


def _day(instant: datetime) -> date:
    return clock.local(instant).date()


def _visit(row: VisitRow) -> VisitFacts:
    return VisitFacts(
        visit_id=row.id,
        patient_id=row.patient_id,
        name=row.patient_name,
        kind=row.kind,
        department=row.unit,
        start_on=row.start_on,
        end_on=row.end_on,
        phones=(row.phone,) if row.phone else (),
        id_hash=row.id_hash,
        patient_number=row.patient_number,
        visit_number=row.number,
        department_aliases=row.unit_names,
        campus=row.campus,
        doctor=row.doctor,
        diagnosis=row.diagnosis,
    )
