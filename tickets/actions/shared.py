"""What several verbs need: the frozen round, the units concerned, names of departments to units. Declares no verb."""

from core.errors import Fault, Invalid, Refused
from staff import queries as staff
from staff.queries import Unit
from tickets.models import Case, Ticket
from tickets.queries.access import unit_ids_of
from tickets.states import TicketState


def check_round(case: Case, ticket: Ticket) -> None:
    """A ticket of a round that was left behind stays as it is.

    Raises:
        Refused: the case is in a later round.
    """
    if ticket.round != case.round:
        raise Refused(f"工单 #{ticket.id} 属于第 {ticket.round} 轮办理，已冻结；当前为第 {case.round} 轮")


async def unit_named(name: str, field: str = "unit") -> Unit:
    """The unit of this id, name or other name.

    Raises:
        Invalid: there is none; names the field.
    """
    tree = await staff.tree()
    text = name.strip()
    unit = tree.unit(int(text)) if text.isdigit() else tree.find(text)
    if unit is None:
        fault = Fault(field=field, label="科室", reason=f"没有找到科室“{text}”", value=text)
        raise Invalid(f"没有找到科室“{text}”，请核对名称", details=[fault])
    return unit


async def concern(case: Case) -> None:
    """Set the units concerned with a case anew, from its campus and the tickets that are not withdrawn."""
    tree = await staff.tree()
    ids: set[int] = set()
    if case.campus_id and (campus := tree.unit(case.campus_id)):
        ids.update(unit_ids_of(campus.path))
    for ticket in await Ticket.filter(case_id=case.id).exclude(state=TicketState.WITHDRAWN):
        ids.update(unit_ids_of(ticket.path))
    case.unit_ids = sorted(ids)
