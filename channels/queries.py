"""The only door to the rows of messages and cards; changes nothing."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from channels.drafts import Card
from core import clock, db
from core.settings import settings
from integrations import hotline, sms, wechat, wecom, wecom_bot

SYSTEMS = {
    "wecom": ("企业微信应用", wecom.configured),
    "wecom_bot": ("企业微信智能机器人", wecom_bot.configured),
    "wechat": ("微信服务号", wechat.configured),
    "sms": ("短信平台", sms.configured),
    "hotline": ("12345 热线平台", hotline.configured),
}


async def staff_told(subject: str) -> set[int]:
    """The staff ids of all who were or are to be told of a subject."""
    rows = await db.fetch(
        "select distinct receiver_id from message where subject = $1 and receiver_kind = 'staff' and receiver_id <> 0",
        subject,
    )
    return {row["receiver_id"] for row in rows}


def shown_hash(shown: Card | str) -> bytes:
    """A short hash of what a card shows, so that a correction that changes nothing is not sent."""
    text = shown if isinstance(shown, str) else shown.model_dump_json(exclude={"task_id"})
    return hashlib.sha256(text.encode()).digest()[:16]


class Health(StrEnum):
    """How an outside system stands."""

    OFF = "off"
    GOOD = "good"
    TROUBLED = "troubled"
    ALARM = "alarm"


@dataclass(frozen=True, slots=True)
class Alarm:
    """A fault of set-up that still lasts; `advice` tells the administrator what to do."""

    code: str
    message: str
    advice: str
    count: int
    first_at: datetime
    last_at: datetime


@dataclass(frozen=True, slots=True)
class SystemState:
    """One line of the operator's page."""

    system: str
    label: str
    health: Health
    waiting: int
    failed_today: int
    last_sent_at: datetime | None
    alarms: tuple[Alarm, ...]


async def health() -> list[SystemState]:
    """How each outside system stands, for the operator's page."""
    alarms: dict[str, list[Alarm]] = {}
    for row in await db.fetch("select * from channel_alarm where cleared_at is null order by last_at desc"):
        alarm = Alarm(*(row[name] for name in ("code", "message", "advice", "count", "first_at", "last_at")))
        alarms.setdefault(row["system"], []).append(alarm)
    since = clock.now() - timedelta(hours=24)
    figures = {
        row["system"]: row
        for row in await db.fetch(
            "select case transport when 'wecom_app' then 'wecom' else transport end as system,"
            " max(done_at) filter (where outcome in ('sent', 'delivered')) as last_sent_at,"
            " count(*) filter (where outcome not in ('sent', 'delivered', 'begun')) as failed"
            " from message_attempt where at > $1 group by 1",
            since,
        )
    }
    waiting = {
        row["system"]: row["number"]
        for row in await db.fetch(
            "select case ladder[step + 1] when 'wecom_app' then 'wecom' else ladder[step + 1] end as system,"
            " count(*) as number from message where state in ('waiting', 'sending') group by 1"
        )
    }
    states = []
    for system, (label, configured) in SYSTEMS.items():
        found = figures.get(system)
        failed = found["failed"] if found else 0
        states.append(
            SystemState(
                system,
                label,
                _health(configured=configured(), alarmed=system in alarms, troubled=bool(failed)),
                waiting.get(system, 0),
                failed,
                found["last_sent_at"] if found else None,
                tuple(alarms.get(system, ())),
            )
        )
    return states


def _health(*, configured: bool, alarmed: bool, troubled: bool) -> Health:
    if not configured:
        return Health.OFF
    if alarmed:
        return Health.ALARM
    return Health.TROUBLED if troubled else Health.GOOD


@dataclass(frozen=True, slots=True)
class Line:
    """A message as a page lists it; `way` is the transport of its newest attempt."""

    id: int
    purpose: str
    receiver_name: str
    text: str
    state: str
    reason: str
    way: str
    segments: int
    created_at: datetime
    sent_at: datetime | None
    done_at: datetime | None


_LINES = (
    "select m.id, m.purpose, m.receiver_name, m.text, m.state, m.reason, coalesce(a.transport, '') as way,"
    " coalesce(a.segments, 0) as segments, m.created_at, m.sent_at, m.done_at from message m"
    " left join message_attempt a on a.message_id = m.id and a.no = m.attempts"
)


async def about(subject: str) -> list[Line]:
    """The messages about a subject, oldest first."""
    return await _lines("m.subject = $1", subject)


async def failed_ones(limit: int = 100) -> list[Line]:
    """The newest messages that reached nobody, for the operator's page."""
    return (
        await _lines("m.state = 'failed' and m.id > coalesce((select max(id) from message), 0) - $1", 100_000)
    )[-limit:]


async def message(number: int) -> Line | None:
    """One message."""
    found = await _lines("m.id = $1", number)
    return found[0] if found else None


async def _lines(where: str, value: object) -> list[Line]:
    rows = await db.fetch(f"{_LINES} where {where} order by m.id", value)
    return [Line(**dict(row)) for row in rows]


@dataclass(frozen=True, slots=True)
class HeldCard:
    """A card on somebody's phone."""

    task_id: str
    userid: str
    subject: str
    message_id: int
    state: str


async def card(task_id: str) -> HeldCard | None:
    """The card of a task id, as a click names it."""
    row = await db.fetchrow(
        "select task_id, userid, subject, message_id, state from card_copy where task_id = $1", task_id
    )
    return HeldCard(**dict(row)) if row else None


async def cards(subject: str) -> Sequence[HeldCard]:
    """All cards about a subject, stale ones included, oldest first."""
    rows = await db.fetch(
        "select task_id, userid, subject, message_id, state from card_copy where subject = $1 order by id",
        subject,
    )
    return [HeldCard(**dict(row)) for row in rows]


async def last_to_phone(phone_hash: bytes, since: timedelta) -> Line | None:
    """The newest message sent to a phone number within `since`: what an SMS reply is most likely about."""
    number = await db.fetchval(
        "select id from message where phone_hash = $1 and sent_at > $2 order by sent_at desc limit 1",
        phone_hash,
        clock.now() - since,
    )
    return await message(number) if number is not None else None


def ways() -> tuple[str, ...]:
    """The ways to reach staff that are set up, the preferred first."""
    chosen = [("wecom_app", wecom.configured()), ("wecom_bot", wecom_bot.configured())]
    if settings().wecom_way == "bot":
        chosen.reverse()
    return tuple(name for name, ready in chosen if ready)
