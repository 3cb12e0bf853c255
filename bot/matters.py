"""What this person may do with a ticket or a case now, as actions of the register; decides nothing by itself.

The state tables say which step is possible and who may; what is pending and what was ruled says the rest.
A secret case is veiled for everybody here: what is said in chat leaves the house, and others read along.
"""

from dataclasses import dataclass

from core import clock
from core.actions import REGISTER, Action
from core.actor import Actor
from core.errors import Refused
from tickets.models import Case, Ticket
from tickets.queries import access, choices, secrecy
from tickets.sources import SOURCES
from tickets.states import (
    CASE_LABELS,
    TICKET_LABELS,
    TICKET_TABLE,
    CaseVerb,
    TicketVerb,
    move,
)

# What is nearest to the next step comes first: on a card six fit, and three more in its menu.
IMPORTANCE = (
    "ticket.sign",
    "ticket.endorse",
    "ticket.approve_extension",
    "ticket.refuse_extension",
    "ticket.approve_pause",
    "ticket.refuse_pause",
    "ticket.answer",
    "ticket.approve",
    "ticket.send_back",
    "ticket.resume",
    "ticket.ask",
    "ticket.ask_extension",
    "ticket.transfer",
    "ticket.return",
    "ticket.ask_pause",
    "ticket.urge",
    "ticket.withdraw",
    "case.approve",
    "case.send_back",
    "case.accept",
    "case.assign",
    "case.submit",
    "case.call_back",
    "case.close",
    "case.rework",
    "case.return_upstream",
    "case.extend_upstream",
)
# Who answers for what others wrote must have seen the newest of it.
REVIEWS = frozenset(
    {
        "ticket.endorse",
        "ticket.approve",
        "ticket.send_back",
        "ticket.approve_extension",
        "ticket.refuse_extension",
        "ticket.approve_pause",
        "ticket.refuse_pause",
        "case.approve",
        "case.send_back",
    }
)
_DECIDES = frozenset(
    {
        TicketVerb.APPROVE_EXTENSION,
        TicketVerb.REFUSE_EXTENSION,
        TicketVerb.APPROVE_PAUSE,
        TicketVerb.REFUSE_PAUSE,
    }
)


@dataclass(frozen=True, slots=True)
class Matter:
    """A ticket with its case, or a case alone."""

    case: Case
    ticket: Ticket | None = None

    @property
    def kind(self) -> str:
        """As in the register of actions."""
        return "case" if self.ticket is None else "ticket"

    @property
    def id(self) -> int:
        """The id actions take."""
        number: int = self.case.id if self.ticket is None else self.ticket.id
        return number

    @property
    def version(self) -> int:
        """Grows with every step."""
        version: int = self.case.version if self.ticket is None else self.ticket.version
        return version

    @property
    def subject(self) -> str:
        """The name for messages and rooms."""
        return f"case:{self.case.id}" if self.ticket is None else f"ticket:{self.ticket.id}"

    @property
    def number(self) -> str:
        """The number people say."""
        return self.case.number if self.ticket is None else f"#{self.ticket.id}"

    @property
    def label(self) -> str:
        """The state as shown."""
        return self.case.label if self.ticket is None else self.ticket.label


async def ticket(ticket_id: int, by: Actor) -> Matter:
    """A ticket this person may see.

    Raises:
        NotFound: there is none, or none for this person.
    """
    found = await access.ticket(ticket_id, by)
    return Matter(secrecy.veil(await Case.get(id=found.case_id)), found)


async def case(case_id: int, by: Actor) -> Matter:
    """A case this person may see.

    Raises:
        NotFound: there is none, or none for this person.
    """
    return Matter(secrecy.veil(await access.case(case_id, by)))


async def of(kind: str, number: int, by: Actor) -> Matter:
    """A ticket or case by its id.

    Raises:
        NotFound: there is none, or none for this person.
    """
    return await (ticket if kind == "ticket" else case)(number, by)


def rank(action: Action) -> int:
    """Its place in the order of importance; what is not listed comes last."""
    return IMPORTANCE.index(action.name) if action.name in IMPORTANCE else len(IMPORTANCE)


async def now(matter: Matter, by: Actor) -> list[Action]:
    """What this person may do with it now, the most important first."""
    if matter.ticket is None:
        return sorted(await choices.of_case(matter.case, by), key=rank)
    return sorted(await choices.of_ticket(matter.case, matter.ticket, by), key=rank)


async def check(action: Action, matter: Matter, by: Actor) -> None:
    """Whether the step is possible now, asked before anybody is asked for words; the action checks again.

    Raises:
        Refused: it is not.
        Forbidden: not for this person.
    """
    if action.name not in REGISTER or action in await now(matter, by):
        return
    try:
        if matter.ticket is None:
            move(
                SOURCES[matter.case.source].table,
                CASE_LABELS,
                matter.case.state,
                CaseVerb(action.verb),
                by,
                None,
            )
        elif matter.ticket.round == matter.case.round:
            verb = TicketVerb(action.verb)
            move(TICKET_TABLE, TICKET_LABELS, matter.ticket.state, verb, by, matter.ticket.path)
    except Refused as error:
        raise Refused(f"{matter.number} {error.message}") from None
    if matter.ticket is None:
        # What hides a step of a case is told by the action in its own words: let it speak.
        return
    raise Refused(_why_not(action, matter, matter.ticket))


def _why_not(action: Action, matter: Matter, ticket: Ticket) -> str:
    case = matter.case
    if ticket.round != case.round:
        return f"工单 {matter.number} 属于第 {ticket.round} 轮办理，已冻结；当前为第 {case.round} 轮"
    if action.verb in _DECIDES:
        return f"工单 {matter.number} 没有等待审批的申请"
    if action.verb == TicketVerb.RETURN:
        return "本诉求已指定承办科室，不能退回；如有困难请“问中心”"
    if action.verb == TicketVerb.ASK_EXTENSION and ticket.due_at and clock.now() > ticket.due_at:
        return "已超过办理时限，不能再申请延期；请尽快答复，或“问中心”说明情况"
    return "已有一项申请在等待审批，请等审批后再提"
