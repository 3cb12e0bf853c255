"""What several verbs of petitions need: the petition of a case under its lock, days as instants, the next round.

Declares no verb.
"""

from datetime import date, datetime, time

from core import clock
from core.actor import Actor
from core.clock import SHANGHAI
from core.errors import Fault, Invalid, Refused
from core.events import Event
from tickets import clocks
from tickets.actions import rounds
from tickets.models import Case, Clock, Ticket
from tickets.petitions.models import Opinion, Petition
from tickets.petitions.words import Route
from tickets.queries import access
from tickets.states import OPEN_TICKET

NOON = time(12)


async def lock(case_id: int, by: Actor) -> tuple[Case, Petition]:
    """A petition this person may see and its case, both locked.

    Raises:
        Refused: the case is no petition.
    """
    case = await access.lock_case(case_id, by)
    found = await Petition.select_for_update().get_or_none(case_id=case.id)
    if found is None:
        raise Refused("这件诉求不是信访件")
    return case, found


def instant(on: date | None, *, since: datetime, label: str) -> datetime:
    """The instant a day stands for: now when none is named or it is today, else its noon.

    Raises:
        Invalid: the day is to come, or before `since`.
    """
    today = clock.today()
    if on is None or on == today:
        return clock.now()
    wrong = ""
    if on > today:
        wrong = "不能晚于今天"
    elif on < clock.local(since).date():
        wrong = f"不能早于 {clock.local(since):%Y-%m-%d}"
    if wrong:
        raise Invalid(
            f"{label}{wrong}", details=[Fault(field="on", label=label, reason=wrong, value=str(on))]
        )
    return datetime.combine(on, NOON, SHANGHAI)


async def stopped_on(case: Case, kind: str, at: datetime) -> None:
    """End the clock of this kind as met on the day it was, which may be days before it is written down."""
    running = await Clock.filter(
        case_id=case.id, kind=kind, round=case.round, ticket_id=None, state__in=("running", "paused")
    ).values_list("id", flat=True)
    await clocks.end_kind(case, kind)
    await Clock.filter(id__in=list(running)).update(ended_at=at)


async def overdue(case: Case, kind: str) -> bool:
    """Whether the running limit of this kind has passed."""
    found = await Clock.filter(
        case_id=case.id, kind=kind, round=case.round, ticket_id=None, state__in=("running", "paused")
    ).first()
    return found is not None and clock.now() > found.due_at


async def opinion(case: Case, stage: str) -> Opinion:
    """The opinion of this stage in the present round; saved by the caller when it is new."""
    found = await Opinion.get_or_none(case_id=case.id, round=case.round, stage=stage)
    return found or Opinion(case_id=case.id, round=case.round, stage=stage)


async def still_open(case: Case) -> int:
    """How many tickets of the present round are not done."""
    return await Ticket.filter(case_id=case.id, round=case.round, state__in=list(OPEN_TICKET)).count()


async def next_round(case: Case, petition: Petition, because: str, by: Actor) -> tuple[Event, ...]:
    """Freeze the round that is over and open the next: the same departments, 60 days anew. The caller saves the case."""
    now = clock.now()
    await clocks.end_case(case, "void")
    last = await rounds.freeze_and_open(case, because, now)
    petition.final, petition.settled = False, ""
    petition.prolonged_days, petition.prolonged_at = 0, None
    petition.prolonged_by = petition.prolonged_because = ""
    await petition.save()
    if petition.route == Route.PETITION:
        await clocks.open_kind(case, "decision", now)
    return await rounds.assign_again(case, last, f"第 {case.round} 轮办理：{because}", by)
