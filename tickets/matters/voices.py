"""What one person sees of a matter: its voices with their own clocks and reporters, proposals, and how it came about.

A case this person may not read whole is not there for them: neither among the voices nor in a count. Reads only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import db
from core.actor import Actor
from core.errors import NotFound
from staff import queries as staff
from tickets.matters import merging, queries
from tickets.models import Case
from tickets.queries import case_page, secrecy
from tickets.queries.case_views import Caller, ClockLine, Seen
from tickets.sources import SOURCES
from tickets.states import TICKET_LABELS, TicketState

MOST = 60


@dataclass(frozen=True, slots=True)
class Part:
    """A department's ticket in a voice."""

    id: int
    unit: str
    state: TicketState
    label: str


@dataclass(frozen=True, slots=True)
class Voice:
    """A case as one voice of a matter: its channel, reporter, limits and departments, as far as the person may see."""

    case: Case
    source: str
    person: str
    caller: Caller
    clocks: tuple[ClockLine, ...]
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Proposed:
    """Another case that may be the same matter; `merge` tells whether the two could also be merged."""

    case: Case
    source: str
    points: int
    reasons: tuple[str, ...]
    merge: bool


@dataclass(frozen=True, slots=True)
class Step:
    """A joining or leaving, and whether it was undone."""

    id: int
    kind: str
    numbers: tuple[str, ...]
    by: str
    at: datetime
    undone_by: str


async def readable(case_ids: Sequence[int], by: Actor) -> list[Case]:
    """Those of the cases that this person reads whole, in the order given."""
    seen = await secrecy.visible(case_ids, by)
    found = {case.id: case for case in await Case.filter(id__in=list(seen))}
    return [
        secrecy.unnumbered(found[each])
        for each in case_ids
        if each in found and secrecy.whole(found[each], by)
    ]


async def voices(case_ids: Sequence[int], by: Actor) -> list[Voice]:
    """The voices among these cases, in the order given; at most `MOST`."""
    tree = await staff.tree()
    made = []
    for case in (await readable(case_ids, by))[:MOST]:
        seen = await case_page.open_case(case.id, by)
        source = SOURCES[case.source]
        parts = [
            Part(
                ticket.id,
                tree.unit(ticket.unit_id).short_name or tree.unit(ticket.unit_id).name,
                ticket.state,
                TICKET_LABELS[ticket.state],
            )
            for ticket in seen.tickets
            if ticket.round == case.round and ticket.state is not TicketState.WITHDRAWN
        ]
        clocks = (await case_page.clocks(seen)).get(None, [])
        caller = case_page.caller(seen, by)
        made.append(Voice(case, source.label, source.person, caller, tuple(clocks), tuple(parts)))
    return made


async def matter(matter_id: int, by: Actor) -> list[Voice]:
    """The voices of a matter in the order in which they came.

    Raises:
        NotFound: there is none that this person may see.
    """
    found = await voices(await queries.members(matter_id), by)
    if not found:
        raise NotFound("没有这件事项，或您无权查看")
    return found


async def proposals(seen: Seen, by: Actor) -> list[Proposed]:
    """What is proposed for a case and not decided, the likeliest first."""
    rows = await db.fetch(
        "select case when case_id = $1 then other_id else case_id end as id, points, reasons from matter_proposal"
        " where (case_id = $1 or other_id = $1) and state = 'proposed' order by points desc, 1 desc",
        seen.case.id,
    )
    others = {case.id: case for case in await readable([row["id"] for row in rows], by)}
    return [
        Proposed(
            others[row["id"]],
            SOURCES[others[row["id"]].source].label,
            row["points"],
            tuple(row["reasons"]),
            not merging.obstacle(seen.case, others[row["id"]]),
        )
        for row in rows
        if row["id"] in others
        and (seen.case.matter_id is None or others[row["id"]].matter_id != seen.case.matter_id)
    ]


async def steps(matter_id: int, by: Actor) -> list[Step]:
    """How the matter came about, the latest first; a step about cases out of reach is not told."""
    rows = await db.fetch(
        "select * from matter_step where from_id = $1 or to_id = $1 order by id desc limit $2",
        matter_id,
        MOST,
    )
    found = []
    for row in rows:
        cases = await readable(row["case_ids"], by)
        if len(cases) == len(row["case_ids"]):
            numbers = tuple(case.number for case in cases)
            found.append(Step(row["id"], row["kind"], numbers, row["by_name"], row["at"], row["undone_by"]))
    return found
