"""Which visits is this order about: a proposal with points and reasons that a person confirms or rejects.

Two kinds of evidence are weighed apart. What ties the order to a *person* (number, identity document, phone,
name) gives up to 60 points, what ties it to a *visit* (day, department, doctor, sort) up to 40. Without a
person no visit is proposed, however well department and day agree: the house has hundreds of such visits a
day. The weights are our own judgement, held by the tests' table of orders. Reads nothing, links nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tickets.clues import Clues, extract
from tickets.evidence import (
    Finding,
    OrderFacts,
    VisitFacts,
    about_matter,
    about_person,
    days_of,
    distance,
)

__all__ = ["Clues", "OrderFacts", "Proposal", "VisitFacts", "clues_of", "extract", "rank", "score"]

FLOOR = 25
PERSON_MOST, MATTER_MOST = 60, 40
STRANGER_MOST = 20  # below FLOOR: nothing but place and time is never a proposal


@dataclass(frozen=True, slots=True)
class Proposal:
    """A visit, 0 to 100 points, and why, the weightiest first."""

    visit_id: int
    points: int
    reasons: tuple[str, ...]


def clues_of(order: OrderFacts, visits: Iterable[VisitFacts] = ()) -> Clues:
    """Read the order's text once for all visits."""
    names = {name for visit in visits for name in visit.departments} | set(order.departments)
    return extract(order.text, order.received_on, sorted(filter(None, names)))


def score(order: OrderFacts, visit: VisitFacts, clues: Clues | None = None) -> Proposal:
    """Weigh one visit against an order; give `clues` (see `clues_of`) when several are weighed.

    A name of which only the family name is known counts when day and department (or doctor) agree as well.
    """
    read = clues_of(order, [visit]) if clues is None else clues
    person = about_person(order, visit, read)
    matter = about_matter(order, visit, read)
    points = min(_gain(person.findings), PERSON_MOST) + min(_gain(matter.findings), MATTER_MOST)
    findings = [*person.findings, *matter.findings]
    points += sum(min(finding.worth, 0) for finding in findings)
    if not person.sure and not (person.likely and matter.sure):
        points = min(points, STRANGER_MOST)
    findings.sort(key=lambda finding: -abs(finding.worth))
    return Proposal(visit.visit_id, max(points, 0), tuple(finding.reason for finding in findings))


def rank(
    order: OrderFacts, visits: Sequence[VisitFacts], limit: int = 5, floor: int = FLOOR
) -> tuple[Proposal, ...]:
    """The best proposals of at least `floor` points; of equals the visit nearest to the matter first."""
    clues = clues_of(order, visits)
    days = days_of(order, clues) or (order.received_on,)
    scored = [(score(order, visit, clues), visit) for visit in visits]
    kept = [pair for pair in scored if pair[0].points >= floor]
    kept.sort(
        key=lambda pair: (
            -pair[0].points,
            min(distance(pair[1], day, order.received_on) for day in days),
            -pair[1].start_on.toordinal(),
            pair[1].visit_id,
        )
    )
    return tuple(proposal for proposal, _ in kept[:limit])


def _gain(findings: Iterable[Finding]) -> int:
    return sum(max(finding.worth, 0) for finding in findings)
