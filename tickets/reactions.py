"""What this package does when something was announced: search index, visit proposals, rooms, telling the person.

Each runs in a transaction of its own, at least once; it writes rows or asks for a job, nothing outward.
"""

from channels import actions as channels
from channels import texts
from channels.drafts import Draft, Lane, Receiver, ReceiverKind
from core import clock, db, jobs
from core.actor import system
from core.search import normalise, tokens
from im import actions as im
from im import groups, sealing
from staff import queries as staff
from staff.events import CalendarChanged
from staff.roles import Role
from tickets import proposing, unknown_units
from tickets.events import CaseReceived, CaseReturned, CaseUpdated, ReplyApproved, TicketAssigned, TicketMoved
from tickets.models import Case, Ticket
from tickets.queries import secrecy
from tickets.states import TicketState
from tickets.story import sentence

MOST_CENTRE_MEMBERS = 12


async def index(event: CaseReceived | CaseUpdated) -> None:
    """Make a case findable by any part of its text."""
    case = await Case.get(id=event.case_id)
    named = case.caller_name if not (case.confidential or case.anonymous) else ""
    parts = (
        case.number,
        case.external_no or "",
        case.platform_no,
        named,
        case.patient_name,
        case.patient_number,
        case.title,
        *case.departments,
        *case.persons,
        case.category,
        case.place,
        case.content,
    )  # the weightiest first: what lies past the index's limit of grams is found by nobody
    body = normalise("\n".join(parts))
    await db.execute(
        "insert into case_search (case_id, tokens, body) values ($1, array_to_tsvector($2::text[]), $3)"
        " on conflict (case_id) do update set tokens = excluded.tokens, body = excluded.body",
        case.id,
        tokens(body),
        body,
    )


async def propose_visits(event: CaseReceived | CaseUpdated) -> None:
    """Find the visits an order may be about; a person confirms. Names of departments that lead nowhere are kept."""
    case = await Case.get(id=event.case_id)
    await proposing.propose(case)
    await unknown_units.note(case)


async def open_room(event: TicketAssigned) -> None:
    """A ticket has a group chat; its members follow the ticket from department to department."""
    await _room(await Ticket.get(id=event.ticket_id))


async def _room(ticket: Ticket) -> None:
    """Open the ticket's room if it has none, and let its members be those who work on it now."""
    case = await secrecy.to_tell_of(ticket.case_id)
    unit = (await staff.tree()).unit(ticket.unit_id)
    members = [person.id for person in await staff.holders(unit.id, Role.LIAISON)]
    members += [case.handler_id] if case.handler_id else await _centre(case, unit.id)
    known = await secrecy.among(case, ticket, members)
    members = [staff_id for staff_id in members if staff_id in known]
    room = await im.open_room(
        ticket.subject, f"#{ticket.id} {case.title}"[:60], members, by=system(), path=ticket.path
    )
    await im.follow(ticket.subject, members, by=system(), path=ticket.path)
    if case.secret:  # also those whom the ticket has left behind
        present = await secrecy.among(case, ticket, await sealing.people_of(room))
        await sealing.expel(ticket.subject, present, f"#{ticket.id} {case.title}", by=system())
        await groups.seal(ticket.subject, sealed=True, by=system())
    await db.execute("update ticket set room_id = $2 where id = $1 and room_id is null", ticket.id, room)


async def _centre(case: Case, unit_id: int) -> list[int]:
    """Who looks after the group when nobody handles the case yet: the centre; of a secret case, its inspectors."""
    if case.secret:
        return await secrecy.inspectors(case, unit_id)
    return [person.id for person in await staff.holders(unit_id, Role.CENTRE_STAFF)][:MOST_CENTRE_MEMBERS]


async def tell_room(event: TicketMoved) -> None:
    """The group chat hears of each step, in one sentence by the bot; with the ticket's end it is closed."""
    ticket = await Ticket.get(id=event.ticket_id)
    # Reactions have no order: this one may come before the one that opens the room.
    if ticket.room_id is None:
        await _room(ticket)
    text = await sentence(event.history_id)
    await im.say(ticket.subject, text, key=f"history:{event.history_id}")
    if ticket.state in (TicketState.DONE, TicketState.WITHDRAWN):
        await im.close_room(ticket.subject, by=system())


async def tell_person(event: ReplyApproved) -> None:
    """Answer the person by the ladder chosen for this reply, or not at all."""
    case = await Case.get(id=event.case_id)
    chosen = await db.fetchrow(
        "select reply, tell_by, tell_text, replied_at from case_round where case_id = $1 and no = $2",
        case.id,
        event.round,
    )
    phone = case.contact_phone or case.caller_phone
    if chosen is None or chosen["tell_by"] == "none":
        return
    patient = await db.fetchrow(
        "select p.id, p.wechat_openid from visit_link l join patient p on p.id = l.patient_id"
        " where l.case_id = $1 and l.state = 'confirmed' and p.wechat_openid is not null and p.phone_hash = $2"
        " and not p.deceased limit 1",
        case.id,
        case.contact_phone_hash or case.caller_phone_hash,
    )
    if not phone and patient is None:
        return
    ladder = {"auto": ("wechat", "sms"), "wechat": ("wechat",), "sms": ("sms",)}[chosen["tell_by"]]
    words = result_words(case, chosen["reply"], chosen["tell_text"])
    await channels.send(
        Draft(
            key=f"result:{case.id}:{event.round}",
            purpose="case.result",
            subject=f"case:{case.id}",
            receiver=Receiver(
                kind=ReceiverKind.PERSON,
                id=patient["id"] if patient else 0,
                name=case.caller_name,
                phone=phone or "",
                openid=patient["wechat_openid"] if patient else "",
            ),
            lane=Lane.NORMAL,
            text=words["sms"],
            texts=words,
            ladder=ladder,
        )
    )


def result_words(case: Case, reply: str, own: str) -> dict[str, str]:
    """What the person will read, by transport: the words chosen for them, or the template's."""
    context = {
        "name": case.caller_name,
        "number": case.number,
        "title": case.title,
        "reply": own or reply,
        "received_at": case.received_at,
        "finished_at": clock.now(),
        "phone": "",
    }
    return {
        "sms": own or texts.render("result", "sms", context),
        "wechat": texts.render("result", "wechat", context),
    }


async def report_result(event: ReplyApproved) -> None:
    """Have the result of a round reported to the platform the order came from."""
    await jobs.enqueue(
        "hotline.result",
        {"case_id": event.case_id, "round": event.round},
        key=f"result:{event.case_id}:{event.round}",
    )


async def report_return(event: CaseReturned) -> None:
    """Have the return of an order reported to the platform."""
    await jobs.enqueue("hotline.return", {"case_id": event.case_id}, key=f"return:{event.case_id}")


async def recount(event: CalendarChanged) -> None:
    """Have every open clock counted again under the new calendar."""
    await jobs.enqueue("clocks.recount", {"years": list(event.years)})
