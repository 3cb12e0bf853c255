"""What a document may quote, read from the case, its tickets, rounds, visits and material. Writes nothing.

Who asked for secrecy, or gave no name, is not named in any document, whatever the template asks for.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from core import clock, db
from core.actor import Actor
from core.errors import NotFound
from core.parameters import Parameter, declare, value
from core.settings import settings
from patients import queries as patients
from staff import queries as staff
from staff.queries import OrgTree
from tickets.models import Case, Clock, Ticket
from tickets.petitions import documents
from tickets.sources import SOURCES
from tickets.word import variables as say
from tickets.word.values import MAX_ITEMS
from tickets.word.variables import Kind, ReportContext

TELL_BY = {"auto": "微信或短信", "wechat": "微信", "sms": "短信", "none": "未另行告知"}
ROLES = {"lead": "主办", "co": "协办"}


def _text(name: str, label: str, default: str) -> Parameter:
    what = "写在报告、告知书的抬头或落款，留空则不写"
    return declare(Parameter(name=name, label=label, kind=str, default=default, what=what))


DEPARTMENT = _text("report.department", "文书：承办部门", "病人服务中心")
PHONE = _text("report.phone", "文书：联系电话", "")
ADDRESS = _text("report.address", "文书：医院地址", "")


@dataclass(frozen=True, slots=True)
class Written:
    """The document itself: its number, and what whoever makes it adds."""

    number: str
    kind: Kind
    cause: str
    reviewer: str
    approver: str
    author: str


@dataclass(frozen=True, slots=True)
class Asked:
    """A document with the pictures it shows, by the name they are given to `fill` under."""

    written: Written
    photos: tuple[str, ...]


async def gather(case: Case, chosen: Sequence[tuple[Case, Ticket]], asked: Asked, by: Actor) -> ReportContext:
    """Everything a template may say about this case, with these tickets quoted; visits as far as `by` may see them.

    A ticket comes with its case: one document may speak for several cases of one matter.
    """
    tickets = [ticket for _, ticket in chosen]
    rounds = await db.fetch("select * from case_round where case_id = $1 order by no", case.id)
    now = next(row for row in rounds if row["no"] == case.round)
    tree = await staff.tree()
    quoted = await _tickets(chosen, tree)
    written = asked.written
    return ReportContext(
        hospital=say.Hospital(
            name=settings().hospital_name,
            department=str(await value(DEPARTMENT)),
            phone=str(await value(PHONE)),
            address=str(await value(ADDRESS)),
        ),
        report=say.Report(
            number=written.number,
            title=f"关于“{case.title}”的{written.kind.label}",
            date=clock.today(),
            author=written.author,
            reviewer=written.reviewer,
            approver=written.approver or now["approved_by"],
        ),
        case=await _case(case, tree),
        event=await _event(case, written.cause, now),
        reply=say.Reply(
            text=now["reply"],
            way=TELL_BY[now["tell_by"]] if now["replied_at"] else "",
            at=now["replied_at"],
            by=now["drafted_by"],
            solved=now["callback_solved"] or now["solved"],
            satisfied=now["callback_satisfied"],
        ),
        tickets=tuple(quoted),
        voices=tuple(
            _voice(each) for each in {owner.id: owner for owner in (case, *_owners(chosen))}.values()
        ),
        rounds=tuple(_round(row, case) for row in rounds),
        visits=tuple(await _visits(case, by)),
        attachments=tuple(await _attachments(case, tickets, tree)),
        photos=tuple(say.Photo(image=name, caption=name.partition(" ")[2]) for name in asked.photos),
    )


async def with_petition(context: ReportContext, case: Case, kind: Kind) -> ReportContext:
    """The same with what a petition has beside it; as it is for every other document."""
    found = await documents.parts(case) if kind.source == "petition" else None
    if found is None:
        return context
    title = f"关于{found.petition.addressee}反映“{case.title}”信访事项的{kind.label}"
    return context.model_copy(
        update={
            "report": context.report.model_copy(update={"title": title}),
            "petition": found.petition,
            "petitioners": found.petitioners,
            "deliveries": found.deliveries,
            "catalogue": found.catalogue,
        }
    )


async def _case(case: Case, tree: OrgTree) -> say.Case:
    limits = {
        row.kind: row.due_at
        for row in await Clock.filter(case_id=case.id, ticket_id=None, round=case.round).order_by("id")
    }
    hidden = case.confidential or case.anonymous
    source = SOURCES.get(case.source)
    return say.Case(
        number=case.number,
        order_no=case.external_no or "",
        source=source.label if source else case.source,
        channel=case.channel,
        appeal_type=case.appeal_type,
        category=case.category,
        title=case.title,
        content=case.content,
        caller_name=("匿名" if case.anonymous else "要求保密") if hidden else case.caller_name,
        caller_gender="" if hidden or case.caller_gender == "未知" else case.caller_gender,
        caller_phone="" if hidden else case.caller_phone or "",
        contact_phone="" if hidden else case.contact_phone or "",
        confidential=case.confidential,
        place=case.place,
        campus=tree.unit(case.campus_id).name if case.campus_id else "",
        patient_name=case.patient_name,
        patient_number=case.patient_number,
        urgency=case.urgency,
        role=case.role,
        state=case.label,
        occurred_at=case.occurred_at,
        received_at=case.received_at,
        dispatched_at=case.dispatched_at,
        upstream_deadline=limits.get("upstream"),
        hospital_deadline=limits.get("hospital"),
    )


async def _event(case: Case, cause: str, now: "asyncpg.Record") -> say.Event:
    row = await db.fetchrow("select * from event_record where case_id = $1", case.id)
    return say.Event(
        summary=case.title,
        facts=row["facts"] if row else "",
        cause=cause,
        opinion=(row["conclusion"] or row["handling"] if row else "") or now["reply"],
        measures=row["handling"] if row else "",
        verified=now["verified"],
    )


def _owners(chosen: Sequence[tuple[Case, Ticket]]) -> list[Case]:
    return [owner for owner, _ in chosen]


def _voice(case: Case) -> say.Voice:
    """One of the cases a document speaks for; nobody is named."""
    source = SOURCES.get(case.source)
    return say.Voice(
        number=case.number,
        order_no=case.external_no or "",
        source=source.label if source else case.source,
        title=case.title,
        content=case.content,
        received_at=case.received_at,
    )


async def _tickets(chosen: Sequence[tuple[Case, Ticket]], tree: OrgTree) -> list[say.Ticket]:
    tickets = [ticket for _, ticket in chosen]
    people = await staff.people(ticket.holder_id for ticket in tickets if ticket.holder_id)
    endorsed = {
        row["ticket_id"]: row["actor_name"]
        for row in await db.fetch(
            "select distinct on (ticket_id) ticket_id, actor_name from history where verb = 'endorse'"
            " and ticket_id = any($1::bigint[]) order by ticket_id, id desc",
            [ticket.id for ticket in tickets],
        )
    }
    return [
        say.Ticket(
            number=str(ticket.id),
            case_number=owner.number,
            order_no=owner.external_no or "",
            department=tree.unit(ticket.unit_id).name,
            role=ROLES[ticket.role],
            liaison=people[ticket.holder_id].name if ticket.holder_id else "",
            answer=ticket.answer,
            verified=ticket.verified,
            reviewer=endorsed.get(ticket.id, ""),
            state=ticket.label,
            sent_at=ticket.assigned_at,
            signed_at=ticket.signed_at,
            answered_at=ticket.answered_at,
            deadline=ticket.due_at,
        )
        for owner, ticket in chosen
    ]


def _round(row: "asyncpg.Record", case: Case) -> say.Round:
    return say.Round(
        number=str(row["no"]),
        opened_at=row["opened_at"],
        closed_at=row["frozen_at"] or (case.closed_at if row["no"] == case.round else None),
        reply=row["reply"],
        solved=row["callback_solved"],
        satisfied=row["callback_satisfied"],
        reason=row["opened_because"],
    )


async def _visits(case: Case, by: Actor) -> list[say.Visit]:
    ids = await db.fetch(
        "select visit_id from visit_link where case_id = $1 and state = 'confirmed' order by visit_id",
        case.id,
    )
    found = []
    for row in ids:
        try:
            visit = await patients.visit(row["visit_id"], by)
        except NotFound:
            continue  # out of this person's reach: not theirs to quote
        found.append(
            say.Visit(
                number=visit.number,
                kind=visit.kind_label,
                department=visit.unit,
                doctor=visit.doctor,
                visited_at=visit.start_on,
                diagnosis=visit.diagnosis,
            )
        )
    return found


async def _attachments(case: Case, tickets: Sequence[Ticket], tree: OrgTree) -> list[say.AttachmentLine]:
    """The order's own files, and the evidence of the tickets that are quoted."""
    units = {ticket.id: tree.unit(ticket.unit_id).name for ticket in tickets}
    rows = await db.fetch(
        "select name, kind, ticket_id from attachment where (case_id = $1 and kind = 'original')"
        " or ticket_id = any($2::bigint[]) order by id limit $3",
        case.id,
        list(units),
        MAX_ITEMS,
    )
    return [
        say.AttachmentLine(name=row["name"], source=units.get(row["ticket_id"], "来单材料")) for row in rows
    ]
