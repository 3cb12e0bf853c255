"""What several verbs need: the frozen round, the units concerned, names of departments to units. Declares no verb."""

from core import clock
from core.actor import Actor
from core.errors import Fault, Invalid, Refused
from staff import queries as staff
from staff.queries import Unit
from tickets import clocks, history
from tickets.models import Case, Ticket, TicketRequest
from tickets.queries import secrecy
from tickets.queries.access import unit_ids_of
from tickets.states import TicketState

ACCUSED = "accused_units"  # the field in which a department is named that is not to work on the case


def check_round(case: Case, ticket: Ticket) -> None:
    """A ticket of a round that was left behind stays as it is.

    Raises:
        Refused: the case is in a later round, or waits, merged, for the reply of another.
    """
    if case.held:
        raise Refused(f"工单 #{ticket.id} 的诉求已并入 {case.merged_number}，请在该诉求的工单中一并办理")
    if ticket.round != case.round:
        raise Refused(f"工单 #{ticket.id} 属于第 {ticket.round} 轮办理，已冻结；当前为第 {case.round} 轮")


async def unit_named(name: str, case: Case, field: str = "unit") -> Unit:
    """The unit of this id, name or other name; one on the case's own campus is preferred.

    Raises:
        Invalid: there is none, or several; names the field and, where there are several, all of them.
        Refused: it is accused in this very case; said so that it tells nothing of it.
    """
    tree = await staff.tree()
    text = name.strip()
    if text.isdigit():
        unit = next((known for known in tree.below() if known.id == int(text)), None)
    else:
        campus = tree.unit(case.campus_id).name if case.campus_id else ""
        unit = tree.find(text) or tree.find(text, campus)
    if unit is not None:
        if field != ACCUSED and secrecy.barred_unit(case, unit.path):
            raise Refused("该科室不能承办本诉求，请另选科室")
        return unit
    several = [tree.label(known.id) for known in tree.below() if text in known.names]
    reason = (
        f"有多个“{text}”：{'、'.join(several[:8])}，请写明院区"
        if several
        else f"没有找到科室“{text}”，请核对名称"
    )
    raise Invalid(reason, details=[Fault(field=field, label="科室", reason=reason, value=text)])


async def new_ticket(case: Case, unit: Unit, role: str, instructions: str, by: Actor) -> Ticket:
    """A department's ticket in the present round, with its clock and its line of history; announce it with the step."""
    ticket = await Ticket.create(
        case_id=case.id,
        round=case.round,
        unit_id=unit.id,
        path=unit.path,
        role=role,
        state=TicketState.ASSIGNED,
        instructions=instructions,
        assigned_at=clock.now(),
    )
    await clocks.open_department(case, ticket)
    await ticket.save()
    await history.add(
        case.id,
        "assign",
        by,
        round_no=case.round,
        ticket_id=ticket.id,
        states=("", TicketState.ASSIGNED),
        text=instructions,
        detail={"unit_to": unit.id},
    )
    return ticket


async def lapse_requests(ticket: Ticket) -> None:
    """A request nobody decided has lost its object when the ticket moves on."""
    await TicketRequest.filter(ticket_id=ticket.id, state="pending").update(
        state="lapsed", decided_at=clock.now()
    )


async def concern(case: Case) -> None:
    """Set the units concerned with a case anew, from its campus and the tickets that are not withdrawn."""
    tree = await staff.tree()
    ids: set[int] = set()
    if case.campus_id:
        ids.update(unit_ids_of(tree.unit(case.campus_id).path))
    for ticket in await Ticket.filter(case_id=case.id).exclude(state=TicketState.WITHDRAWN):
        ids.update(unit_ids_of(ticket.path))
    if case.secret:  # the accused are not concerned, but whoever inspects the house they belong to is
        for barred in case.barred_unit_ids:
            ids.update(unit_ids_of(tree.unit(barred).path)[:-1])
    case.unit_ids = sorted(ids)
