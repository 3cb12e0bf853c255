"""What the documents of a petition may quote, and the contents of its file. Reads only.

A document of a petition names the petitioner whole: it goes to them, to their superior organ or into the file, and
only whoever sees the inside of the case reads it here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from core import clock, db
from core.settings import settings
from tickets.models import Case, Clock
from tickets.petitions import queries
from tickets.petitions.models import Opinion, Petition
from tickets.petitions.queries import PersonLine
from tickets.petitions.words import GROUNDS, Ground
from tickets.word import petition_variables as say
from tickets.word.variables import Kind

# The order of a file: opinion, acceptance, material, investigation, delivery.
_OPINIONS = (Kind.PETITION_REREVIEW, Kind.PETITION_REVIEW, Kind.PETITION_OPINION)
_ACCEPTANCE = (
    Kind.PETITION_ACCEPTED,
    Kind.PETITION_DECLINED,
    Kind.PETITION_ENDED,
    Kind.PETITION_TRANSFER,
    Kind.PETITION_EXTENSION,
    Kind.PETITION_HEARING,
)
_MATERIAL = (Kind.PETITION_REGISTER,)
_INQUIRY = (Kind.EVENT_REPORT, Kind.FINAL_REPORT, Kind.HANDLING_FORM, Kind.PETITION_CLOSING)
_DELIVERY = (Kind.PETITION_RECEIPT,)


@dataclass(frozen=True, slots=True)
class Parts:
    """The groups of variables of a petition."""

    petition: say.Petition
    petitioners: tuple[say.PetitionerLine, ...]
    deliveries: tuple[say.DeliveryLine, ...]
    catalogue: tuple[say.CatalogueLine, ...]


async def parts(case: Case) -> Parts | None:
    """What a template may say of this case as a petition; None when it is none."""
    petition = await queries.of(case)
    if petition is None:
        return None
    people = await queries.people(case, whole=True)
    return Parts(
        await _petition(case, petition, people),
        tuple(
            say.PetitionerLine(
                name=person.name or "匿名",
                id_kind=person.id_kind,
                id_number=person.id_number,
                phone=person.phone,
                address=person.address,
            )
            for person in people
        ),
        tuple(
            say.DeliveryLine(
                document=line.document,
                number=line.number,
                way=line.way,
                receiver=line.receiver,
                delivered_on=clock.local(line.delivered_at).date(),
                note=line.note,
                recorded_by=line.recorded_by,
            )
            for line in await queries.deliveries(case)
        ),
        tuple(await catalogue(case)),
    )


def addressee(people: Sequence[PersonLine], count: int) -> str:
    """ "赵某某", "赵某某等 3 人", "匿名信访人"."""
    name = next((person.name for person in people if person.name), "")
    if not name:
        return "匿名信访人"
    return f"{name}等 {count} 人" if count > 1 else name


async def _petition(case: Case, petition: Petition, people: Sequence[PersonLine]) -> say.Petition:
    stages = {row.stage: row for row in await Opinion.filter(case_id=case.id, round=case.round)}
    none = Opinion(case_id=case.id, round=case.round, stage="decision")
    own = stages.get("decision", none)
    review, rereview = stages.get("review", none), stages.get("rereview", none)
    due = await Clock.filter(case_id=case.id, round=case.round, kind="decision").order_by("-id").first()
    repeated = await Petition.get_or_none(case_id=petition.repeat_of) if petition.repeat_of else None
    return say.Petition(
        number=petition.number,
        form=queries.form_label(petition),
        category=case.appeal_type,
        purpose=petition.purpose,
        topic=case.category,
        addressee=addressee(people, petition.people),
        people=str(petition.people),
        received_on=clock.local(petition.received_at).date(),
        transferred_by=petition.transferred_by,
        transfer_no=petition.transfer_no,
        oral_record=petition.oral_record,
        repeat=f"与{repeated.number}重复" if repeated else "",
        route="" if petition.ground else queries.route_label(petition),
        accepted_on=clock.local(petition.accepted_at).date() if petition.accepted_at else None,
        due_on=clock.local(due.due_at).date() if due else None,
        ground=GROUNDS[Ground(petition.ground)] if petition.ground else "",
        told_route=petition.told_route,
        organ=petition.organ,
        extension_days=str(petition.prolonged_days) if petition.prolonged_days else "",
        extension_reason=petition.prolonged_because,
        extension_by=petition.prolonged_by,
        outcome=own.outcome,
        claims=own.claims,
        facts=own.facts,
        opinion=own.opinion,
        basis=own.basis,
        agreement=own.agreement,
        review_organ=own.organ or review.organ,
        review_outcome=review.outcome,
        review_opinion=review.opinion,
        review_reason=review.asked_because,
        review_basis=review.basis,
        rereview_organ=rereview.organ,
        rereview_outcome=rereview.outcome,
        rereview_opinion=rereview.opinion,
        rereview_reason=rereview.asked_because,
        rereview_basis=rereview.basis,
        settled=petition.settled,
        archive_no=case.archive_no or "",
        retention=petition.retention,
    )


@dataclass(frozen=True, slots=True)
class _Item:
    order: tuple[int, int]
    name: str
    number: str
    author: str
    on: date
    note: str


async def catalogue(case: Case) -> list[say.CatalogueLine]:
    """The table of contents of the file: opinions, acceptance, material, investigation, delivery; each by its date."""
    found = [*await _documents(case), *await _files(case), *await _investigation(case), *await _handed(case)]
    return [
        say.CatalogueLine(
            place=str(place),
            name=item.name,
            number=item.number,
            author=item.author,
            on=item.on,
            note=item.note,
        )
        for place, item in enumerate(sorted(found, key=lambda item: item.order), start=1)
    ]


async def _documents(case: Case) -> list[_Item]:
    groups = (_OPINIONS, _ACCEPTANCE, _MATERIAL, _INQUIRY, _DELIVERY)
    where = {kind: at for at, kinds in enumerate(groups) for kind in kinds}
    rows = await db.fetch(
        "select id, kind, number, round, made_at from case_report where case_id = $1 and kind <> $2 order by id",
        case.id,
        Kind.PETITION_CATALOGUE,
    )
    return [
        _Item(
            (where[Kind(row["kind"])], row["id"]),
            Kind(row["kind"]).label,
            row["number"],
            settings().hospital_name,
            clock.local(row["made_at"]).date(),
            f"第 {row['round']} 轮" if row["round"] > 1 else "",
        )
        for row in rows
    ]


async def _files(case: Case) -> list[_Item]:
    rows = await db.fetch(
        "select id, name, kind, added_by, added_at from attachment where case_id = $1 order by id", case.id
    )
    notes = {"original": (2, "信访材料"), "evidence": (3, "科室材料"), "record": (3, "调查材料")}
    return [
        _Item(
            (notes[row["kind"]][0], 10**9 + row["id"]),
            row["name"],
            "",
            row["added_by"],
            clock.local(row["added_at"]).date(),
            notes[row["kind"]][1],
        )
        for row in rows
    ]


async def _investigation(case: Case) -> list[_Item]:
    row = await db.fetchrow(
        "select written_by, written_at, version from event_record where case_id = $1", case.id
    )
    if row is None:
        return []
    day = clock.local(row["written_at"]).date()
    return [_Item((3, 0), "调查核实记录", "", row["written_by"], day, f"第 {row['version']} 稿")]


async def _handed(case: Case) -> list[_Item]:
    return [
        _Item(
            (4, 10**9 + at),
            f"{line.document}送达记录",
            line.number,
            line.recorded_by,
            clock.local(line.delivered_at).date(),
            f"{line.way}，签收人 {line.receiver}",
        )
        for at, line in enumerate(await queries.deliveries(case))
    ]


def ready(kind: Kind, petition: Petition, done: set[str]) -> str:
    """Why this document cannot be made yet, "" when it can; `done` are the stages whose opinion is decided."""
    wanted: dict[Kind, tuple[bool, str]] = {
        Kind.PETITION_ACCEPTED: (petition.accepted_at is not None, "信访件还没有受理"),
        Kind.PETITION_DECLINED: (
            bool(petition.ground) and petition.ground != Ground.FINAL,
            "信访件没有作出不予受理的决定",
        ),
        Kind.PETITION_ENDED: (petition.ground == Ground.FINAL, "信访件没有作出不再受理的决定"),
        Kind.PETITION_TRANSFER: (bool(petition.organ), "信访件没有转送或提出异议"),
        Kind.PETITION_EXTENSION: (petition.prolonged_days > 0, "信访件没有批准延期"),
        Kind.PETITION_OPINION: ("decision" in done, "处理意见还没有签发"),
        Kind.PETITION_REVIEW: ("review" in done, "还没有登记复查意见"),
        Kind.PETITION_REREVIEW: ("rereview" in done, "还没有登记复核意见"),
        Kind.PETITION_CLOSING: (bool(petition.settled), "信访件还没有办结"),
    }
    possible, why = wanted.get(kind, (True, ""))
    return "" if possible else why


async def decided(case: Case) -> set[str]:
    """The stages of the present round whose opinion is decided."""
    rows = await Opinion.filter(case_id=case.id, round=case.round)
    return {row.stage for row in rows if row.decided_at is not None}


async def makeable(case: Case, petition: Petition) -> list[Kind]:
    """The documents that could be made now, in the order of their use."""
    done = await decided(case)
    return [kind for kind in Kind if kind.source == "petition" and not ready(kind, petition, done)]
