"""The documents made for a case, and who may read them: the handling form is for departments too. Reads only."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from core import db
from core.actor import Actor
from core.errors import NotFound
from tickets.queries import case_page, secrecy
from tickets.queries.case_views import Seen
from tickets.queries.values import Values
from tickets.word.variables import Kind

_REPORT = (
    "select r.id, r.case_id, r.round, r.kind, r.number, t.version as template_version, t.name as template_name,"
    " r.ticket_ids, r.file_id, r.made_by, r.made_at, r.whole from case_report r join word_template t on t.id = r.template_id"
)


@dataclass(frozen=True, slots=True)
class ReportLine:
    """A document that was made; it never changes."""

    id: int
    case_id: int
    round: int
    kind: Kind
    number: str
    template_version: int
    template_name: str
    ticket_ids: tuple[int, ...]
    file_id: UUID
    made_by: str
    made_at: datetime
    whole: bool = False  # phones and ID numbers stand in it in full


def _line(row: "asyncpg.Record") -> ReportLine:
    return ReportLine(**{**dict(row), "kind": Kind(row["kind"]), "ticket_ids": tuple(row["ticket_ids"])})


def _readable(line: ReportLine, seen: Seen) -> bool:
    """A department reads the form that went out with its own tickets and nobody else's; of a secret case, none."""
    if not seen.whole:
        return False
    if seen.inside:
        return True
    own = set(seen.ticket_ids)
    return line.kind is Kind.HANDLING_FORM and bool(line.ticket_ids) and own.issuperset(line.ticket_ids)


async def of_case(seen: Seen, by: Actor) -> list[ReportLine]:
    """The documents of a case that this person may read, the latest first."""
    rows = await db.fetch(_REPORT + " where r.case_id = $1 order by r.id desc", seen.case.id)
    lines = [line for line in map(_line, rows) if _readable(line, seen)]
    closed = await _closed([number for line in lines for number in line.ticket_ids], by)
    return [line for line in lines if closed.isdisjoint(line.ticket_ids)]


async def _closed(ticket_ids: list[int], by: Actor) -> set[int]:
    """Tickets of secret cases that this person does not read whole: a document that quotes one is closed to them."""
    values = Values()
    rows = await db.fetch(
        f"select t.id from ticket t join cases c on c.id = t.case_id where t.id = any({values.arg(ticket_ids)}::bigint[])"  # noqa: S608
        f" and not {secrecy.condition(by, values, whole=True)}",
        *values,
    )
    return {row["id"] for row in rows}


async def report(report_id: int, by: Actor) -> tuple[ReportLine, Seen]:
    """One document and its case.

    Raises:
        NotFound: none that this person may read.
    """
    row = await db.fetchrow(_REPORT + " where r.id = $1", report_id)
    if row is None:
        raise NotFound("没有这份文书，或您无权查看")
    line = _line(row)
    seen = await case_page.open_case(line.case_id, by)
    if not _readable(line, seen) or await _closed(list(line.ticket_ids), by):
        raise NotFound("没有这份文书，或您无权查看")
    return line, seen
