"""Doors anybody may enter by: a QR code on a wall, a link of the web site, a terminal's questionnaire; made and closed by staff."""

import secrets
import time
from dataclasses import dataclass

import asyncpg

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from staff import queries as staff
from surveys.questionnaires import queries as questionnaires
from surveys.responses.drafting import Entrance
from surveys.responses.rows import Channel

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is misread from paper
LENGTH = 10
FRESH = (
    5.0  # seconds for which a process believes that a door is open: thousands may come through one at a time
)
MOST_KEPT = 1000
_kept: dict[tuple[int, str], tuple[float, Entrance]] = {}
DOORS = (Channel.QR, Channel.WEB, Channel.KIOSK, Channel.BEDSIDE)
CLOSED = "这个入口已停用，如需填写请联系服务台"


@dataclass(frozen=True, slots=True)
class Listed:
    """An entrance as staff see it."""

    entrance: Entrance
    title: str
    unit: str
    responses: int


def _entrance(row: "asyncpg.Record") -> Entrance:
    return Entrance(
        row["id"],
        row["code"],
        row["questionnaire_id"],
        Channel(row["channel"]),
        row["label"],
        row["unit_id"],
        row["active"],
    )


_COLUMNS = "e.id, e.code, e.questionnaire_id, e.channel, e.label, e.unit_id, e.active"


async def by_code(code: str) -> Entrance:
    """The entrance of a code.

    Raises:
        NotFound: no such code.
        Refused: it was closed.
    """
    until, kept = _kept.get((db.opening(), code), (0.0, None))
    if kept is not None and time.monotonic() < until:
        return kept
    row = None
    if code.isascii() and code.isalnum() and len(code) <= 40:
        row = await db.fetchrow(f"select {_COLUMNS} from survey_entrance e where code = $1", code)  # noqa: S608
    if row is None:
        raise NotFound("没有这份问卷，请核对网址或重新扫码")
    found = _entrance(row)
    if len(_kept) > MOST_KEPT:
        _kept.clear()
    if found.active:
        _kept[db.opening(), code] = (time.monotonic() + FRESH, found)
    else:
        raise Refused(CLOSED)
    return found


async def _reach(unit_id: int | None, by: Actor) -> None:
    path = (await staff.tree()).unit(unit_id).path if unit_id is not None else "/"
    if not by.can(Permission.SURVEY_DESIGN, path):
        raise Forbidden


async def create(
    questionnaire_id: int, channel: Channel, label: str, *, by: Actor, unit_id: int | None = None
) -> Entrance:
    """A new door.

    Raises:
        Invalid: no words, or no such channel.
        Refused: the questionnaire may not be answered now, or is anonymous.
    """
    label = " ".join(label.split())[:60]
    faults = [] if label else [Fault(field="label", label="张贴位置", reason="请写明张贴或放置的位置")]
    if channel not in DOORS:
        faults.append(Fault(field="channel", label="渠道", reason="这种渠道没有公开入口"))
    if faults:
        raise Invalid("填写的内容有误", details=faults)
    await _reach(unit_id, by)
    version = await questionnaires.open_version(questionnaire_id)
    if version.kind.anonymous:
        raise Refused("匿名问卷不能用公开入口")
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    async with transaction():
        row = await db.fetchrow(
            "insert into survey_entrance as e (code, questionnaire_id, channel, label, unit_id, created_by, created_at)"  # noqa: S608
            f" values ($1, $2, $3, $4, $5, $6, $7) returning {_COLUMNS}",
            code,
            questionnaire_id,
            channel,
            label,
            unit_id,
            by.name,
            clock.now(),
        )
        if row is None:
            raise Refused("没有建成，请再试一次")
        await audit.record(by, "survey.entrance_open", "survey_entrance", row["id"], label=label)
    return _entrance(row)


async def close(entrance_id: int, *, by: Actor) -> None:
    """Close a door; what was begun by it may be finished.

    Raises:
        NotFound: no such door, or closed already.
    """
    async with transaction():
        row = await db.fetchrow(
            "select unit_id, active from survey_entrance where id = $1 for update", entrance_id
        )
        if row is None or not row["active"]:
            raise NotFound("没有这个入口，或已停用")
        try:
            await _reach(row["unit_id"], by)
        except Forbidden:
            raise NotFound("没有这个入口，或已停用") from None
        await db.execute("update survey_entrance set active = false where id = $1", entrance_id)
        _kept.clear()
        await audit.record(by, "survey.entrance_close", "survey_entrance", entrance_id)


async def listed(by: Actor) -> list[Listed]:
    """The doors in reach of whoever may read surveys, open ones first, the newest first."""
    scopes = by.scope(Permission.SURVEY_READ)
    if not scopes:
        raise Forbidden
    tree = await staff.tree()
    units = None if "/" in scopes else tree.within(scopes)
    rows = await db.fetch(
        f"select {_COLUMNS}, q.title, (select count(*) from response r where r.entrance_id = e.id"  # noqa: S608
        " and r.state = 'completed') as responses"
        " from survey_entrance e join questionnaire q on q.id = e.questionnaire_id"
        " where $1::bigint[] is null or e.unit_id = any($1::bigint[]) order by e.active desc, e.id desc limit 200",
        list(units) if units is not None else None,
    )
    return [
        Listed(
            _entrance(row),
            row["title"],
            tree.label(row["unit_id"]) if row["unit_id"] else "",
            row["responses"],
        )
        for row in rows
    ]
