"""Limits moved with the working days: each person concerned is told once, of all that is theirs. Writes message rows only.

A ticket's limit concerns who holds it, else the liaison of its department; a case's own limits its handler, else
the centre. Whoever may not know of a secret case is not told of it.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg

from bot.audience import MOST_CENTRE
from bot.places import staff_receiver
from channels import actions as channels
from channels.drafts import Draft
from core import clock, db
from core.actor import Door
from core.errors import HuiyinError
from core.identity import mask_in_text
from staff import queries as staff
from staff.actors import actor_of
from staff.queries import Person
from staff.roles import Role
from tickets import clock_kinds
from tickets.events import LimitsRecounted
from tickets.queries import secrecy

LINES = 12
_MOVED = """
select m.clock_id, m.kind, m.case_id, m.ticket_id, m.before_at, m.after_at, c.title, c.received_at, c.secret,
    c.handler_id, c.campus_id, t.holder_id, t.unit_id
from recount_moved m
join cases c on c.id = m.case_id
join clock k on k.id = m.clock_id and k.state in ('running', 'paused')
left join ticket t on t.id = m.ticket_id
where m.recount_id = $1 and c.merged_into is null
order by m.after_at, m.clock_id
"""


@dataclass(slots=True)
class _Audience:
    """Who is concerned, each unit and person looked up once for a whole recount."""

    people: dict[int, Person] = field(default_factory=dict)
    units: dict[tuple[int, Role], list[int]] = field(default_factory=dict)

    async def of(self, row: asyncpg.Record) -> list[int]:
        """The people of one limit that moved."""
        if row["ticket_id"] is not None:
            return (
                [row["holder_id"]]
                if row["holder_id"]
                else (await self._holders(row["unit_id"], Role.LIAISON))[:1]
            )
        if row["handler_id"]:
            return [row["handler_id"]]
        unit = row["campus_id"] or next(
            (unit.id for unit in (await staff.tree()).units if unit.parent_id is None), None
        )
        role = Role.DISCIPLINE if row["secret"] else Role.CENTRE_STAFF
        return (await self._holders(unit, role))[:MOST_CENTRE] if unit else []

    async def _holders(self, unit_id: int, role: Role) -> list[int]:
        if (unit_id, role) not in self.units:
            self.units[unit_id, role] = [person.id for person in await staff.holders(unit_id, role)]
        return self.units[unit_id, role]


async def recounted(event: LimitsRecounted) -> None:
    """Tell everybody concerned what moved, in one message each."""
    audience = _Audience()
    theirs: dict[int, list[asyncpg.Record]] = defaultdict(list)
    for row in await db.fetch(_MOVED, event.recount_id):
        for staff_id in await audience.of(row):
            theirs[staff_id].append(row)
    people = await staff.people(theirs)
    for staff_id, rows in sorted(theirs.items()):
        if staff_id in people and (seen := await _visible(staff_id, rows)):
            person = people[staff_id]
            await channels.send(
                Draft(
                    key=f"recount:{event.recount_id}:{staff_id}",
                    purpose="ticket.limit",
                    subject=f"recount:{event.recount_id}",
                    receiver=staff_receiver(person),
                    text=_text(seen),
                )
            )


async def _visible(staff_id: int, rows: list[asyncpg.Record]) -> list[asyncpg.Record]:
    """The rows this person may know of; only those of secret cases are looked at again."""
    secret = {row["case_id"] for row in rows if row["secret"] and row["ticket_id"] is None}
    if not secret:
        return rows
    try:
        allowed = await secrecy.visible(secret, await actor_of(staff_id, Door.WECOM))
    except HuiyinError:  # the account is closed
        return []
    return [row for row in rows if row["case_id"] not in secret or row["case_id"] in allowed]


def _text(rows: list[asyncpg.Record]) -> str:
    lines = [f"放假安排有调整，您负责的 {len(rows)} 个时限随之变更："]
    lines += [f"{at}. {_line(row)}" for at, row in enumerate(rows[:LINES], start=1)]
    if len(rows) > LINES:
        lines.append(f"…另有 {len(rows) - LINES} 个，请在“工作日历”的“时限变更”中查看")
    return "\n".join(lines)


def _line(row: asyncpg.Record) -> str:
    limit = f"{_number(row)} {clock_kinds.label(row['kind'])}"
    title = "" if row["secret"] else f"：{_cut(mask_in_text(row['title']))}"
    return f"{limit} {_short(row['before_at'])} → {_short(row['after_at'])}{title}"


def _number(row: asyncpg.Record) -> str:
    if row["ticket_id"] is not None:
        return f"#{row['ticket_id']}"
    return f"{clock.local(row['received_at']):%Y%m%d}-{row['case_id']}"


def _short(instant: datetime) -> str:
    return f"{clock.local(instant):%m-%d %H:%M}"


def _cut(title: str) -> str:
    return title if len(title) <= 20 else f"{title[:19]}…"
