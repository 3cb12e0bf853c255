"""Keeps watch over the links: figures for the page and for Prometheus, an alarm when one that should speak is silent."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db
from core.events import announce
from core.metrics import WAITING
from patients.feeds import links
from patients.feeds.events import LinkFellSilent, LinkSpokeAgain
from patients.feeds.links import Link
from staff.working_days import calendar

EVERY = 30.0  # seconds between two looks


@dataclass(frozen=True, slots=True)
class Standing:
    """How a link is: messages of the last hour and day, what waits and since when, what is parked."""

    link: Link
    hour: int
    day: int
    waiting: int
    oldest: datetime | None
    parked: int
    faults_today: int

    @property
    def health(self) -> str:
        """off, silent, late (something waits for over a minute), troubled (something is parked), good."""
        if not self.link.active:
            return "off"
        if self.link.silent_since is not None:
            return "silent"
        if self.oldest is not None and clock.now() - self.oldest > timedelta(minutes=1):
            return "late"
        return "troubled" if self.parked else "good"

    @property
    def lag(self) -> int:
        """Seconds for which the oldest message has waited."""
        return 0 if self.oldest is None else max(0, int((clock.now() - self.oldest).total_seconds()))


async def standing() -> list[Standing]:
    """Every link, by name."""
    now = clock.now()
    rows = await db.fetch(
        "select l.id,"
        " (select count(*) from feed_message m where m.link_id = l.id and m.created_at > $1) as hour,"
        " (select count(*) from feed_message m where m.link_id = l.id and m.created_at > $2) as day,"
        " (select count(*) from feed_message m where m.link_id = l.id and m.state = 'due') as waiting,"
        " (select min(created_at) from feed_message m where m.link_id = l.id and m.state = 'due') as oldest,"
        " (select count(*) from feed_message m where m.link_id = l.id and m.state = 'parked') as parked,"
        " (select count(*) from feed_message m where m.link_id = l.id and m.created_at > $2 and m.fault_at <> '')"
        " as faults_today from feed_link l",
        now - timedelta(hours=1),
        now - timedelta(days=1),
    )
    figures = {row["id"]: row for row in rows}
    return [
        Standing(
            link,
            *(
                figures[link.id][name]
                for name in ("hour", "day", "waiting", "oldest", "parked", "faults_today")
            ),
        )
        for link in await links.all_links()
        if link.id in figures
    ]


async def strangers(limit: int = 20) -> list[dict[str, object]]:
    """Who knocked of late and is no link of ours."""
    rows = await db.fetch(
        "select application, facility, address, times, last_at from feed_stranger order by last_at desc limit $1",
        limit,
    )
    return [dict(row) for row in rows]


def too_long(link: Link, now: datetime, *, working: bool) -> bool:
    """Whether a link has been silent for longer than it may: counted within the hours in which it is expected to speak,
    so that a system which sleeps at night raises nobody at seven."""
    if not link.silent_minutes or link.last_at is None or (link.silent_working and not working):
        return False
    here = clock.local(now)
    start = here.replace(hour=link.silent_from, minute=0, second=0, microsecond=0)
    if not link.silent_from <= here.hour < link.silent_to:
        return False
    return now - max(link.last_at, start if link.silent_from else link.last_at) > timedelta(
        minutes=link.silent_minutes
    )


async def _works_today(link: Link, now: datetime) -> bool:
    if not link.silent_working:
        return True
    return (await calendar()).is_workday(clock.local(now).date())


async def look() -> int:
    """Bring the last message of each link up to date, raise and end alarms; how many links are silent."""
    now = clock.now()
    async with db.transaction():
        await db.execute(
            "update feed_link l set last_at = m.at from (select link_id, max(created_at) as at from feed_message"
            " where created_at > $1 group by link_id) m where m.link_id = l.id"
            " and (l.last_at is null or l.last_at < m.at)",
            now - timedelta(days=8),
        )
        silent = 0
        for link in await links.all_links(active=True):
            quiet = too_long(link, now, working=await _works_today(link, now))
            silent += quiet
            if quiet and link.silent_since is None:
                if await db.execute(
                    "update feed_link set silent_since = $2 where id = $1 and silent_since is null",
                    link.id,
                    now,
                ):
                    await announce(LinkFellSilent(link_id=link.id))
            elif (
                not quiet
                and link.silent_since is not None
                and await db.execute(
                    "update feed_link set silent_since = null where id = $1 and silent_since is not null",
                    link.id,
                )
            ):
                await announce(LinkSpokeAgain(link_id=link.id))
    return silent


async def gauge() -> None:
    """Set the Prometheus gauges of all feeds together."""
    found = await standing()
    WAITING.labels("feed_message", "due").set(sum(one.waiting for one in found))
    WAITING.labels("feed_message", "parked").set(sum(one.parked for one in found))
    WAITING.labels("feed_message", "late").set(sum(one.waiting for one in found if one.health == "late"))
