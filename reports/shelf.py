"""Word reports on figures: written from the hospital's template, numbered, kept for their maker, listed, taken out.

One way for all kinds; what a report says is its own module's (`documents`, `survey_reports`). Made again it gets another
number. A report holds what its maker may count, so it is the maker's alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core import audit, clock, db, exports, parameters, storage
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound, Refused
from core.models import StoredFile
from core.settings import settings
from tickets import templating
from tickets.numbers import next_number
from tickets.report_context import ADDRESS, DEPARTMENT, PHONE
from tickets.word.fill import FillError, fill
from tickets.word.variables import Hospital, Kind, ReportContext

MOST = 30  # listed


@dataclass(frozen=True, slots=True)
class Made:
    """A report that was made."""

    id: int
    title: str
    number: str
    period: str
    scope: str
    file_id: UUID
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A report to be written: `context` gives its words for a number, `name` the file's, `dressed` adds what is drawn."""

    kind: Kind
    period: str
    scope: str
    query: str
    context: Callable[[str], Awaitable[ReportContext]]
    name: Callable[[str], str]
    more: Callable[[ReportContext, int], Mapping[str, object]]  # further columns; the template's id
    dressed: Callable[[bytes], bytes] = bytes


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where reports of a sort are kept. `rows` is what is read from, `title` its SQL, `told` makes words of that."""

    table: str
    rows: str
    title: str
    action: str  # of the audit log
    reads: Permission
    told: Callable[[str], str] = str

    async def write(self, draft: Draft, *, by: Actor) -> int:
        """Write a report and keep it; its id.

        Raises:
            Forbidden: this person may not read such figures.
            Refused: the template cannot be filled.
        """
        if not by.can(self.reads) or by.staff_id is None:
            raise Forbidden
        template = await templating.in_use(draft.kind)
        data = await templating.content(template)
        # Number, file and row are one transaction: a report that could not be written uses up no number.
        async with db.transaction():
            number = await next_number(draft.kind)
            context = await draft.context(number)
            try:
                filled = await asyncio.to_thread(fill, data, context, {}, draft.kind)
            except FillError as error:
                raise Refused(str(error)) from error
            whole = await asyncio.to_thread(draft.dressed, filled)
            file = await storage.keep(draft.name(number), whole, by=by.name, checked=True)
            row: dict[str, object] = {
                **draft.more(context, template.id),
                "number": number,
                "period": draft.period,
                "scope": draft.scope,
                "file_id": file.id,
                "made_by": by.name,
                "made_by_id": by.staff_id,
                "made_at": clock.now(),
            }
            made: int = await db.fetchval(
                f"insert into {self.table} ({', '.join(row)})"  # noqa: S608 - columns of our own
                f" values ({', '.join(f'${at}' for at in range(1, len(row) + 1))}) returning id",
                *row.values(),
            )
            await audit.record(by, self.action, self.table, made, number=number, query=draft.query)
        return made

    async def mine(self, *, by: Actor) -> list[Made]:
        """The reports this person made, newest first."""
        return await self._made("order by r.made_at desc limit $2", by, MOST)

    async def one(self, report_id: int, *, by: Actor) -> tuple[Made, StoredFile]:
        """A report of this person's own with its file.

        Raises:
            NotFound: none, or somebody else's.
        """
        found = await self._made("and r.id = $2", by, report_id)
        if not found or not by.can(self.reads):
            raise NotFound("没有这份报告，或不是您生成的")
        return found[0], await storage.find(found[0].file_id)

    async def download(self, report_id: int, *, by: Actor) -> tuple[StoredFile, bytes]:
        """The report as Word; that it was taken out is an audit line."""
        made, file = await self.one(report_id, by=by)
        data = await storage.read(file)
        await audit.record(by, f"{self.action}_download", self.table, made.id, number=made.number)
        which = f"{made.period}；范围：{made.scope}"
        await exports.log(by, exports.Kind.STATISTICS, file.name, data, which=which)
        return file, data

    async def _made(self, rest: str, by: Actor, value: int) -> list[Made]:
        rows = await db.fetch(
            f"select r.id, {self.title} as title, r.number, r.period, r.scope, r.file_id, r.made_by, r.made_at"  # noqa: S608
            f" from {self.rows} where r.made_by_id = $1 {rest}",
            by.staff_id,
            value,
        )
        return [Made(**{**dict(row), "title": self.told(row["title"])}) for row in rows]


async def hospital() -> Hospital:
    """Who writes, as every template wants it."""
    return Hospital(
        name=settings().hospital_name,
        department=str(await parameters.value(DEPARTMENT)),
        phone=str(await parameters.value(PHONE)),
        address=str(await parameters.value(ADDRESS)),
    )
