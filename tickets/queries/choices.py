"""What a person may do with a case or its tickets right now: the state table, less what a rule would surely refuse.

Pages, cards and chat ask here, so that none of them offers a button that cannot work. Decides nothing: the
action itself checks again under its lock.
"""

from collections.abc import Iterable, Mapping

from core import clock, db
from core.actions import REGISTER, Action
from core.actor import Actor, Door, Permission
from tickets import extending
from tickets.feedback.words import PRAISE
from tickets.models import Case, Ticket
from tickets.petitions import queries as petitions
from tickets.queries import secrecy
from tickets.sources import SOURCES
from tickets.sources.feedback import FEEDBACK
from tickets.states import OPEN_TICKET, TICKET_TABLE, CaseVerb, TicketVerb, verbs

_DECIDING = {
    TicketVerb.APPROVE_EXTENSION: "extension",
    TicketVerb.REFUSE_EXTENSION: "extension",
    TicketVerb.APPROVE_PAUSE: "pause",
    TicketVerb.REFUSE_PAUSE: "pause",
}
_ASKING = (TicketVerb.ASK_EXTENSION, TicketVerb.ASK_PAUSE)
_TONES = ("primary", "success", "secondary", "danger")


async def of_case(case: Case, by: Actor) -> list[Action]:
    """The actions open to this person on a case, the likeliest first."""
    if not secrecy.whole(case, by):
        return []
    facts = await db.fetchrow(
        "select called_back_at, drafted_by_id, (select count(*) from ticket where case_id = $1 and round = $2"
        " and state = any($3::text[])) as open from case_round where case_id = $1 and no = $2",
        case.id,
        case.round,
        list(OPEN_TICKET),
    )
    hidden: set[str] = _of_another_kind(case) | _of_secrecy(case, by)
    if not case.may_return:
        hidden.add(CaseVerb.RETURN_UPSTREAM)
    if facts is not None:
        if facts["open"]:
            hidden.add(CaseVerb.SUBMIT)
        if case.reply_required and facts["called_back_at"] is None:
            hidden.add(CaseVerb.CLOSE)
        if by.staff_id is not None and facts["drafted_by_id"] == by.staff_id:
            hidden.add(CaseVerb.APPROVE)
    if case.held:
        return _actions("case", {CaseVerb.SPLIT} if by.can(Permission.CASE_HANDLE) else (), set())
    hidden.update((CaseVerb.JOIN, CaseVerb.LEAVE, CaseVerb.MERGE, CaseVerb.SPLIT))  # its panel offers them
    allowed = verbs(SOURCES[case.source].table, case.state, by, None)
    if CaseVerb.EXTEND_UPSTREAM in allowed and (await extending.standing(case)).obstacle:
        hidden.add(CaseVerb.EXTEND_UPSTREAM)
    hidden |= await petitions.hidden(case, by)
    return _actions("case", allowed, hidden)


def _of_secrecy(case: Case, by: Actor) -> set[str]:
    """Secrecy is set on the page: what is typed in chat leaves the house, and others read along."""
    if by.door in (Door.WECOM, Door.CHAT):
        return {CaseVerb.MAKE_SECRET, CaseVerb.LIFT_SECRET}
    return set() if case.secret else {CaseVerb.LIFT_SECRET}


def _of_another_kind(case: Case) -> set[str]:
    """Praise is passed on and not worked on; everything else is not passed on."""
    if case.source != FEEDBACK.name:
        return set()
    if case.appeal_type == PRAISE:  # nothing to be worked on
        return {CaseVerb.SETTLE, CaseVerb.ASSIGN, CaseVerb.SUBMIT, CaseVerb.ACCEPT}
    return {CaseVerb.PASS_ON}


async def of_tickets(case: Case, tickets: Iterable[Ticket], by: Actor) -> dict[int, list[Action]]:
    """The actions open to this person on each of these tickets of one case that they may see, by the ticket's id."""
    wanted = [ticket for ticket in tickets if secrecy.sees_ticket(case, ticket, by)]
    pending = await _pending(wanted)
    return {ticket.id: _of_ticket(case, ticket, by, pending.get(ticket.id)) for ticket in wanted}


async def of_ticket(case: Case, ticket: Ticket, by: Actor) -> list[Action]:
    """The actions open to this person on one ticket."""
    return (await of_tickets(case, (ticket,), by)).get(ticket.id, [])


async def _pending(tickets: list[Ticket]) -> Mapping[int, str]:
    """The kind of the request that waits for a decision, by ticket."""
    rows = await db.fetch(
        "select ticket_id, kind from ticket_request where state = 'pending' and ticket_id = any($1::bigint[])",
        [ticket.id for ticket in tickets],
    )
    return {row["ticket_id"]: row["kind"] for row in rows}


def _of_ticket(case: Case, ticket: Ticket, by: Actor, pending: str | None) -> list[Action]:
    if ticket.round != case.round or case.held:
        return []  # the round is frozen, or the work is done in the main case
    hidden: set[str] = {verb for verb, kind in _DECIDING.items() if kind != pending}
    if pending is not None:
        hidden.update(_ASKING)
    if ticket.due_at is not None and clock.now() > ticket.due_at:
        hidden.add(TicketVerb.ASK_EXTENSION)
    if not case.may_return:
        hidden.add(TicketVerb.RETURN)
    return _actions("ticket", verbs(TICKET_TABLE, ticket.state, by, ticket.path, ticket.holder_id), hidden)


def _actions(subject: str, allowed: Iterable[str], hidden: set[str]) -> list[Action]:
    """Declared actions only: attaching, say, is a door for files and no button."""
    found = [
        action
        for verb in allowed
        if verb not in hidden and (action := REGISTER.get(f"{subject}.{verb}")) is not None
    ]
    return sorted(found, key=lambda action: _TONES.index(action.tone))
