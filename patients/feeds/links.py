"""The links: which systems may speak to us, how and by which mapping; kept by an administrator, audited.

The forms of the kinds are in `patients.feeds.kinds`. A link's secret (a password, a server's token) is sealed, never
shown, and kept when a form leaves it empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from core import audit, clock, crypto, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from patients.feeds import formats, mapping
from patients.feeds.kinds import KIND_OF, AnyForm, LinkForm
from patients.feeds.reasons import reasoned

__all__ = ["Link", "LinkForm", "all_links", "link", "met_stranger", "save", "secret"]

_COLUMNS = (
    "id, name, kind, application, facility, charset, mapping, domain, processing, silent_minutes, active, silent_since,"
    " last_at, address, view, key_columns, mark_column, overlap, pull_minutes, mark, pulled_at, pulled_rows, pull_error,"
    " tls, ack, silent_from, silent_to, silent_working, paused_because, paused_by, paused_at,"
    " (select jsonb_object_agg(codes, said) from (select codes, jsonb_object_agg(code, meaning) as said from feed_code c"
    " where c.link_id = feed_link.id group by codes) as t) as codes"
)
_PLACE = "feed_link.secret"


@dataclass(frozen=True, slots=True)
class Link:
    """A link. HL7: `application` and `facility` are MSH-3 and MSH-4 of its sender. What is pulled: from `address`, how
    far (`mark`, by view or type), when and how many rows last; `pull_error` is "" when the last pull went well."""

    id: int
    name: str
    kind: str
    application: str
    facility: str
    charset: str
    mapping: str
    domain: str
    processing: str
    silent_minutes: int
    active: bool
    silent_since: datetime | None
    last_at: datetime | None
    address: str = ""
    view: str = ""
    key_columns: str = ""
    mark_column: str = ""
    overlap: int = 0
    pull_minutes: int = 0
    mark: dict[str, str] = field(default_factory=dict)
    pulled_at: datetime | None = None
    pulled_rows: int = 0
    pull_error: str = ""
    tls: bool = False  # of a view's database
    ack: str = "original"
    silent_from: int = 0  # from which hour of the day to which it is expected to speak
    silent_to: int = 24
    silent_working: bool = False  # on working days only
    paused_because: str = ""
    paused_by: str = ""
    paused_at: datetime | None = None
    codes: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict
    )  # laid over those of its mapping file

    @property
    def pulls(self) -> bool:
        """Whether we fetch from it, rather than it sends to us."""
        return bool(self.address)


def _link(row: "asyncpg.Record") -> Link:
    given = dict(row)
    codes = given["codes"] or {}
    given["codes"] = orjson.loads(codes) if isinstance(codes, str) else codes
    given["mark"] = orjson.loads(given["mark"]) if isinstance(given["mark"], str) else given["mark"]
    return Link(**given)


async def all_links(*, active: bool = False) -> list[Link]:
    """The links, by name; only those in use when `active`."""
    rows = await db.fetch(f"select {_COLUMNS} from feed_link where active or not $1 order by name", active)  # noqa: S608
    return [_link(row) for row in rows]


async def link(link_id: int) -> Link:
    """One link.

    Raises:
        NotFound: none.
    """
    row = await db.fetchrow(f"select {_COLUMNS} from feed_link where id = $1", link_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这条链路")
    return _link(row)


async def secret(link_id: int) -> str:
    """The password or token with which we fetch, "" when there is none; for whoever fetches, never for a page."""
    value = await db.fetchval("select secret from feed_link where id = $1", link_id)
    return crypto.key_ring().decrypt(value, _PLACE, str(link_id)) if value else ""


def _check(by: Actor, kind: str, form: AnyForm) -> None:
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    try:
        formats.check(kind, form.mapping)
    except mapping.MappingError as error:
        fault = Fault(field="mapping", label="映射文件", reason="；".join(error.faults), value=form.mapping)
        raise Invalid("映射文件有误", details=[fault]) from None


async def save(link_id: int | None, form: AnyForm, *, by: Actor, kind: str = "") -> int:
    """Make a link or change one; its id. `kind` tells JSON from SOAP, whose forms are alike.

    Raises:
        Forbidden: not an operator.
        Invalid: the mapping is faulty, or another link has the name or the sender.
        NotFound: no such link.
    """
    kind = kind or KIND_OF[type(form)]
    _check(by, kind, form)
    told = form.model_dump()
    hidden = told.pop("secret", "")
    values: dict[str, Any] = dict(told)
    if hidden:
        told["secret"] = True  # that it was set; never what it is
    columns = list(values)
    try:
        async with db.transaction():
            if link_id is None:
                marks = ", ".join(f"${at}" for at in range(2, len(columns) + 2))
                link_id = await db.fetchval(
                    f"insert into feed_link (kind, {', '.join(columns)}) values ($1, {marks}) returning id",  # noqa: S608
                    kind,
                    *values.values(),
                )
                assert link_id is not None  # noqa: S101 - returned by the insert above
                await _keep_secret(link_id, hidden)
                await audit.record(by, "feed.create", "feed_link", link_id, kind=kind, **told)
                return link_id
            before = await link(link_id)
            sets = ", ".join(f"{name} = ${at}" for at, name in enumerate(columns, start=2))
            await db.execute(
                f"update feed_link set {sets}, silent_since = null where id = $1",  # noqa: S608
                link_id,
                *values.values(),
            )
            await _keep_secret(link_id, hidden)
            # Another server, another view or another watermark: how far we were means nothing there.
            aim = ("address", "view", "mark_column")
            if any(getattr(before, name) != told.get(name, "") for name in aim):
                await db.execute("update feed_link set mark = '{}', pull_error = '' where id = $1", link_id)
            changed = {name: value for name, value in told.items() if getattr(before, name, None) != value}
            await audit.record(by, "feed.change", "feed_link", link_id, **changed)
            return link_id
    except asyncpg.UniqueViolationError as error:
        is_name = "name" in (error.constraint_name or "")
        field_, label = ("name", "名称") if is_name else ("application", "发送系统（MSH-3）")
        fault = Fault(field=field_, label=label, reason="已有另一条链路使用")
        raise Invalid(f"{label}已有另一条链路使用", details=[fault]) from None


async def pause(link_id: int, reason: str, *, by: Actor) -> None:
    """Take nothing more from a link, until it is resumed; whoever speaks on it is refused.

    Raises:
        Forbidden, NotFound.
        Invalid: no reason.
        Refused: it is paused.
    """
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    words = reasoned(reason)
    await link(link_id)
    async with db.transaction():
        paused = await db.execute(
            "update feed_link set active = false, silent_since = null, paused_because = $2, paused_by = $3, paused_at = $4"
            " where id = $1 and active",
            link_id,
            words,
            by.name,
            clock.now(),
        )
        if not paused:
            raise Refused("这条链路已停用")
        await audit.record(by, "feed.pause", "feed_link", link_id, reason=words)


async def resume(link_id: int, *, by: Actor) -> None:
    """Take messages of a link again; its silence is counted from now.

    Raises:
        Forbidden, NotFound.
        Refused: it runs.
    """
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    await link(link_id)
    async with db.transaction():
        resumed = await db.execute(
            "update feed_link set active = true, silent_since = null, paused_because = '', paused_by = '', paused_at = null,"
            " last_at = case when last_at is not null then $2::timestamptz end where id = $1 and not active",
            link_id,
            clock.now(),
        )
        if not resumed:
            raise Refused("这条链路正在使用")
        await audit.record(by, "feed.resume", "feed_link", link_id)


async def _keep_secret(link_id: int, hidden: str) -> None:
    """Sealed for this link alone, so that nobody with the database's pen can send it to a server of their own."""
    if hidden:
        sealed = crypto.key_ring().encrypt(hidden, _PLACE, str(link_id))
        await db.execute("update feed_link set secret = $2 where id = $1", link_id, sealed)


async def met_stranger(application: str, facility: str, address: str) -> None:
    """Note that somebody knocked who is no link of ours; nothing of what they sent is kept."""
    await db.execute(
        "insert into feed_stranger (application, facility, address, first_at, last_at) values ($1, $2, $3, $4, $4)"
        " on conflict (application, facility, address) do update set times = feed_stranger.times + 1, last_at = $4",
        application.replace("\x00", "")[:60],
        facility.replace("\x00", "")[:60],
        address[:60],
        clock.now(),
    )
