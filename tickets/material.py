"""Material of a case: the original order's files, evidence from departments, records of the centre. Nothing is deleted."""

from core import clock, db, storage
from core.actor import Actor
from core.db import transaction
from core.models import StoredFile
from tickets import history
from tickets.queries import access
from tickets.states import TicketVerb


async def attach(
    case_id: int, file: StoredFile, *, kind: str, by: Actor, round_no: int = 1, ticket_id: int | None = None
) -> int:
    """Put a kept file to a case; the row's id. Inside the caller's transaction."""
    number: int = await db.fetchval(
        "insert into attachment (case_id, ticket_id, round, kind, file_id, name, added_by, added_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        case_id,
        ticket_id,
        round_no,
        kind,
        file.id,
        file.name,
        by.name,
        clock.now(),
    )
    return number


async def add_evidence(ticket_id: int, name: str, data: bytes, *, by: Actor) -> str:
    """A liaison's photo or document to a ticket; the name it is kept under.

    Raises:
        Refused: the ticket is over.
        Invalid: not a file we take.
    """
    file = await storage.keep(name, data, by=by)
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        before = ticket.state
        ticket.move(TicketVerb.ATTACH, by)
        await attach(case.id, file, kind="evidence", by=by, round_no=case.round, ticket_id=ticket.id)
        await history.ticket_moved(ticket, TicketVerb.ATTACH, by, before, text=file.name, file=str(file.id))
    return file.name


async def add_record(case_id: int, name: str, data: bytes, *, by: Actor) -> str:
    """A document of the centre to a case (statement, letter, recording)."""
    file = await storage.keep(name, data, by=by)
    async with transaction():
        case = await access.lock_case(case_id, by)
        await attach(case.id, file, kind="record", by=by, round_no=case.round)
        await history.add(
            case.id, "attach", by, round_no=case.round, text=file.name, detail={"file": str(file.id)}
        )
    return file.name
