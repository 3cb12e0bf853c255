"""What this package announces: past tense, ids only."""

from core.events import Event


class CaseReceived(Event):
    """A case was opened, from whatever source."""

    case_id: int


class CaseUpdated(Event):
    """The sender changed an order that was sent before."""

    case_id: int


class CaseMoved(Event):
    """A case took a step; `history_id` is the line that tells which."""

    case_id: int
    verb: str
    history_id: int


class TicketAssigned(Event):
    """A ticket came to a department: new, or by transfer."""

    ticket_id: int


class TicketMoved(Event):
    """A ticket took a step; `history_id` is the line that tells which."""

    ticket_id: int
    case_id: int
    verb: str
    history_id: int


class ClockStepped(Event):
    """A clock reached a step of the ladder: somebody is to be reminded."""

    clock_id: int
    step: int


class DeadlineMoved(Event):
    """A clock's limit is another one now: the platform granted more time."""

    clock_id: int


class LimitsRecounted(Event):
    """The working days changed and limits moved with them; `recount_moved` holds which."""

    recount_id: int


class ReplyApproved(Event):
    """The reply of a round was approved: the person is told, and the platform gets the result."""

    case_id: int
    round: int


class ExtensionRefused(Event):
    """The platform does not grant the time asked for; `history_id` is the line that says why."""

    case_id: int
    history_id: int


class CaseReturned(Event):
    """A case is given back to the platform."""

    case_id: int


class AuditorAlarmed(Event):
    """The auditor found what a person must look at; its round says what."""

    round_id: int


class ProofMade(Event):
    """The daily proof of the auditor was made; `day` is its day, 2026-11-21."""

    day: str


class PrivacyWaits(Event):
    """A copy or a deletion that a person asked for waits for a second person's word; a line of `privacy_check`."""

    check_id: int


class PrivacyDecided(Event):
    """A second person agreed to it, or refused it; `check_id` is the line that asked."""

    check_id: int


class WholeExportAsked(Event):
    """A sheet with names and phones in full waits for another person's word; `export_id` is its uuid."""

    export_id: str


class WholeExportDecided(Event):
    """Another person agreed to such a sheet, or refused it."""

    export_id: str
