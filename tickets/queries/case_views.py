"""What one person sees of a case, as values that a page draws; frozen, reads nothing and decides nothing."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from core.actions import Action
from patients.rows import VisitRow
from tickets.models import Case, Ticket, TicketRequest


@dataclass(frozen=True, slots=True)
class Seen:
    """A case with those of its tickets that this person sees, all rounds, oldest first.

    `inside`: they see the centre's part too. `whole`: its secrecy keeps nothing from them.
    """

    case: Case
    tickets: tuple[Ticket, ...]
    inside: bool
    whole: bool = True

    @property
    def ticket_ids(self) -> list[int]:
        """Their ids."""
        return [ticket.id for ticket in self.tickets]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who called, as far as this page shows it."""

    name: str
    phone: str
    contact: str
    revealable: bool


@dataclass(frozen=True, slots=True)
class ClockLine:
    """A limit with its reason in full; `share` of its time used, 0 to 100; `stopped` when it counts no more."""

    kind: str
    label: str
    due_at: datetime
    provisional: bool
    reason: str
    state: str
    stopped: datetime | None
    share: int

    @property
    def kept(self) -> bool:
        """Whether it was met in time (of one that was met)."""
        return self.stopped is not None and self.stopped <= self.due_at


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file of the case; `source` says who it came from."""

    file_id: UUID
    name: str
    mime: str
    size: int
    kind: str
    ticket_id: int | None
    added_by: str
    added_at: datetime

    @property
    def picture(self) -> bool:
        """Whether it can be shown in place."""
        return self.mime.startswith("image/")


@dataclass(frozen=True, slots=True)
class TicketCard:
    """A ticket as the page shows it."""

    ticket: Ticket
    unit: str
    holder: str
    frozen: bool
    clock: ClockLine | None
    requests: tuple[TicketRequest, ...]
    choices: tuple[Action, ...]
    files: tuple[FileLine, ...]
    may_attach: bool


@dataclass(frozen=True, slots=True)
class StoryLine:
    """One step as a sentence."""

    id: int
    round: int
    verb: str
    ticket_id: int | None
    said: str
    door: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A visit the case may be about, and what was decided."""

    visit: VisitRow
    state: str
    points: int
    reasons: tuple[str, ...]
    decided_by: str
    decided_at: datetime | None


@dataclass(frozen=True, slots=True)
class Record:
    """The event record in its present version."""

    occurred_at: str
    place: str
    people: str
    facts: str
    handling: str
    conclusion: str
    version: int
    written_by: str
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Round:
    """A round of handling; frozen when a later one was opened."""

    no: int
    opened_at: datetime
    opened_because: str
    frozen_at: datetime | None
    reply: str
    verified: str
    solved: str
    unsolved_reason: str
    tell_by: str
    tell_text: str
    drafted_by: str
    approved_by: str
    replied_at: datetime | None
    called_back_at: datetime | None
    callback_way: str
    callback_solved: str
    callback_satisfied: str
    callback_remark: str
    callback_by: str
    receipts: tuple[str, ...] = field(default=())
