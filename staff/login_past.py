"""How a person signs in, and when and from where they did lately, as who keeps their account sees it. Reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db
from core.errors import NotFound
from core.parameters import number
from staff import sessions
from staff.devices import device, is_phone
from staff.login import certificate_binding, lock

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Entry:
    """A log-in: its device in words; `id` names it, `live` while it is going on."""

    id: str
    device: str
    phone: bool
    agent: str
    address: str
    began_at: datetime
    seen_at: datetime
    ended_at: datetime | None
    live: bool


async def of_staff(staff_id: int) -> list[Entry]:
    """The last ten and all that are going on, the newest first."""
    live = {line.id for line in await sessions.of_staff(staff_id)}
    rows = await db.fetch(
        "select left(encode(sha256(token_hash), 'hex'), 24) as id, agent, address, created_at, seen_at, ended_at"
        " from session where staff_id = $1 order by ended_at is null desc, created_at desc limit $2",
        staff_id,
        SHOWN + len(live),
    )
    found = [
        Entry(
            row["id"],
            device(row["agent"]),
            is_phone(row["agent"]),
            row["agent"],
            row["address"],
            row["created_at"],
            row["seen_at"],
            row["ended_at"],
            row["id"] in live,
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (not one.live, -one.began_at.timestamp()))[: max(SHOWN, len(live))]


async def failures(staff_number: str) -> int:
    """How often a password or code of this account was wrong within the window of the lock."""
    since = clock.now() - timedelta(minutes=await number(lock.WINDOW_MINUTES))
    found: int = await db.fetchval(
        "select count(*) from login_failure where number = any($1::text[]) and at > $2",
        [staff_number, f"second:{staff_number}"],
        since,
    )
    return found


@dataclass(frozen=True, slots=True)
class Card:
    """All of the card."""

    password_at: datetime | None
    must_change: bool
    held_at: datetime | None
    failures: int
    certificates: Sequence[certificate_binding.Bound]
    entries: Sequence[Entry]

    @property
    def password_days(self) -> int | None:
        """How old the password is."""
        return (clock.now() - self.password_at).days if self.password_at else None


async def card(staff_id: int, staff_number: str) -> Card:
    """What the card of this person shows."""
    row = await db.fetchrow("select password_set_at, must_change, held_at from staff where id = $1", staff_id)
    if row is None:
        raise NotFound("没有这位职工")
    return Card(
        row["password_set_at"],
        row["must_change"],
        row["held_at"],
        await failures(staff_number),
        await certificate_binding.of_staff(staff_id),
        await of_staff(staff_id),
    )
