"""The petition of a case as a person may see it: its facts, persons, opinions, deliveries, file. Reads only.

Names, numbers and addresses are masked; whoever sees the inside of the case may have them shown for a reason.
"""

from dataclasses import dataclass
from datetime import date, datetime

from core import clock, db
from core.actor import Actor
from core.masks import mask_address, mask_id, mask_name, mask_phone
from tickets.models import Case, Clock
from tickets.petitions.models import Disposal, Opinion, Petition, Petitioner
from tickets.petitions.words import FORMS, GROUNDS, ROUTES, Category, Form, Ground, Retention, Route
from tickets.states import CaseState, CaseVerb
from tickets.word.variables import Kind

_ASKING = {CaseVerb.ASK_REVIEW: "review_window", CaseVerb.ASK_REREVIEW: "rereview_window"}
_YEARS = {Retention.THIRTY: 30, Retention.TEN: 10}


@dataclass(frozen=True, slots=True)
class PersonLine:
    """A petitioner, masked."""

    place: int
    name: str
    id_kind: str
    id_number: str
    phone: str
    address: str


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """What was handed over; `report_id` None when the document is another organ's."""

    document: str
    way: str
    receiver: str
    delivered_at: datetime
    note: str
    recorded_by: str
    report_id: int | None
    number: str

    @property
    def on(self) -> date:
        """The day, as people say it."""
        return clock.local(self.delivered_at).date()


async def of(case: Case) -> Petition | None:
    """The petition of a case, if it is one; whoever asks has seen the case already."""
    return await Petition.get_or_none(case_id=case.id) if case.source == "petition" else None


def form_label(petition: Petition) -> str:
    """来信, 来访 …"""
    return FORMS[Form(petition.form)]


def route_label(petition: Petition) -> str:
    """The way of Art. 31, or why it was not accepted; "" while nothing is decided."""
    if petition.ground:
        return GROUNDS[Ground(petition.ground)]
    return ROUTES[Route(petition.route)] if petition.route else ""


async def people(case: Case, *, whole: bool = False) -> list[PersonLine]:
    """The petitioners, the first leads; masked unless `whole` (for documents)."""
    rows = await Petitioner.filter(case_id=case.id).order_by("place")
    if whole:
        return [
            PersonLine(
                row.place, row.name, row.id_kind, row.id_number or "", row.phone or "", row.address or ""
            )
            for row in rows
        ]
    hidden = case.confidential
    return [
        PersonLine(
            row.place,
            (mask_name(row.name) if hidden else row.name) or "匿名",
            row.id_kind,
            mask_id(row.id_number) if row.id_number else "",
            mask_phone(row.phone) if row.phone else "",
            mask_address(row.address) if row.address else "",
        )
        for row in rows
    ]


async def opinions(case: Case) -> list[Opinion]:
    """All opinions that were drafted, by round and stage."""
    rows = await Opinion.filter(case_id=case.id).order_by("round", "id")
    return [row for row in rows if row.outcome or row.asked_at]


async def deliveries(case: Case) -> list[DeliveryLine]:
    """What was handed over, in the order in which it was written down."""
    rows = await db.fetch(
        "select d.document, d.way, d.receiver, d.delivered_at, d.note, d.recorded_by, d.report_id,"
        " coalesce(r.number, '') as number from petition_delivery d left join case_report r on r.id = d.report_id"
        " where d.case_id = $1 order by d.id",
        case.id,
    )
    return [DeliveryLine(**{**dict(row), "document": Kind(row["document"]).label}) for row in rows]


async def disposal(case: Case) -> Disposal | None:
    """The record of the file's destruction, as far as it has got."""
    return await Disposal.get_or_none(case_id=case.id)


async def documents_made(case: Case) -> set[str]:
    """The kinds of documents made in the present round."""
    rows = await db.fetch(
        "select distinct kind from case_report where case_id = $1 and round = $2", case.id, case.round
    )
    return {row["kind"] for row in rows}


def kept_until(case: Case, petition: Petition) -> date | None:
    """The last day of the file's keeping: the years are counted from the end of the year it was filed in."""
    years = _YEARS.get(Retention(petition.retention)) if petition.retention else None
    if years is None or case.archived_at is None:
        return None
    return date(clock.local(case.archived_at).year + years, 12, 31)


async def hidden(case: Case, by: Actor) -> set[str]:
    """The verbs that a rule would surely refuse now, though the state table allows them."""
    petition = await of(case)
    if petition is None:
        return set()
    found: set[str] = set()
    running = {
        row.kind: row.due_at
        for row in await Clock.filter(
            case_id=case.id, round=case.round, ticket_id=None, state__in=("running", "paused")
        )
    }
    now = clock.now()
    if petition.form != Form.TRANSFERRED or now > running.get("objection", now):
        found.add(CaseVerb.OBJECT)
    if petition.prolonged_days or now > running.get("decision", datetime.min.replace(tzinfo=now.tzinfo)):
        found.add(CaseVerb.PROLONG)
    appeal = case.appeal_type == Category.APPEAL and petition.route == Route.PETITION
    for verb, kind in _ASKING.items():  # one that came in time may be written down after the window's end
        if not appeal or kind not in running:
            found.add(verb)
    if case.state is CaseState.UNDER_REVIEW and by.staff_id is not None:
        drafted = await Opinion.get_or_none(case_id=case.id, round=case.round, stage="decision")
        if drafted is not None and drafted.drafted_by_id == by.staff_id:
            found.add(CaseVerb.ISSUE_OPINION)
    if case.state is CaseState.ARCHIVED:
        found |= await _disposing(case, petition, by)
    return found


async def _disposing(case: Case, petition: Petition, by: Actor) -> set[str]:
    verbs = {CaseVerb.PROPOSE_DISPOSAL, CaseVerb.APPROVE_DISPOSAL, CaseVerb.RECORD_DISPOSAL}
    found = await disposal(case)
    if found is None:
        until = kept_until(case, petition)
        allowed = {CaseVerb.PROPOSE_DISPOSAL} if until is not None and clock.today() > until else set()
    elif found.approved_at is None:
        own = by.staff_id is not None and found.proposed_by_id == by.staff_id
        allowed = set() if own else {CaseVerb.APPROVE_DISPOSAL}
    else:
        allowed = set() if found.done_at else {CaseVerb.RECORD_DISPOSAL}
    return {str(verb) for verb in verbs - allowed}
