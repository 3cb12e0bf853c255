"""Terminals of the hospital: self-service kiosks and bedside screens, registered by an administrator, bound to a place.

A terminal is a browser that holds a token (its SHA-256 is kept). It gets it once, by a pairing code that an
administrator reads out. A card counts only when the bridge beside the terminal has signed it, with a key of its own,
over a number this house gave out a moment before (docs/kiosk.md). Knows no pages.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import asyncpg

from core import audit, clock, crypto, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from patients.bindings_finding import CardKind

PAIRING = timedelta(minutes=30)
CHALLENGE = timedelta(minutes=2)
SILENT = timedelta(minutes=3)  # after which a terminal counts as off
TOUCH = timedelta(seconds=30)
BRIDGE_KEY = "terminal.bridge_key"
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class TerminalKind(StrEnum):
    """What stands there."""

    KIOSK = "kiosk"
    BEDSIDE = "bedside"


KIND_LABELS = {TerminalKind.KIOSK: "自助机", TerminalKind.BEDSIDE: "床旁屏"}


@dataclass(frozen=True, slots=True)
class Terminal:
    """A terminal. `seat` names it in addresses; `paired` whether a browser holds its token."""

    id: int
    name: str
    kind: TerminalKind
    unit_id: int | None
    bed: str
    place: str
    seat: str
    paired: bool
    pairing_until: datetime | None
    disabled: bool
    seen_at: datetime | None
    bridge: str
    version: int

    @property
    def label(self) -> str:
        """自助机 or 床旁屏."""
        return KIND_LABELS[self.kind]

    @property
    def health(self) -> tuple[str, str]:
        """How it is, in words, and the tone of the mark."""
        if self.disabled:
            return "已停用", "wait"
        if not self.paired:
            return "待配对", "todo"
        if self.seen_at is None or clock.now() - self.seen_at > SILENT:
            return "无响应", "late"
        return ("读卡器故障", "soon") if self.bridge == "away" else ("正常", "good")


@dataclass(frozen=True, slots=True)
class Described:
    """What an administrator says of a terminal."""

    name: str
    kind: TerminalKind
    unit_id: int | None = None
    bed: str = ""
    place: str = ""


_COLUMNS = (
    "id, name, kind, unit_id, bed, place, seat, token_hash is not null as paired, pairing_until, disabled, seen_at,"
    " bridge, version"
)


def _terminal(row: "asyncpg.Record") -> Terminal:
    return Terminal(**{**dict(row), "kind": TerminalKind(row["kind"])})


def _permit(by: Actor) -> None:
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


async def all_of_them(by: Actor) -> list[Terminal]:
    """Every terminal, those in use first.

    Raises:
        Forbidden: they do not keep the machine.
    """
    _permit(by)
    rows = await db.fetch(f"select {_COLUMNS} from terminal order by disabled, kind, name, id")  # noqa: S608
    return [_terminal(row) for row in rows]


async def one(terminal_id: int, by: Actor) -> Terminal:
    """One terminal.

    Raises:
        Forbidden, NotFound.
    """
    _permit(by)
    row = await db.fetchrow(f"select {_COLUMNS} from terminal where id = $1", terminal_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这台终端")
    return _terminal(row)


async def register(given: Described, *, by: Actor, key: str = "") -> tuple[int, str]:
    """Register a terminal; its id, and the key for the bridge beside it (`key` if given), which is shown this once.

    Raises:
        Forbidden: they do not keep the machine.
        Invalid: no name, or a bedside screen without ward or bed.
        Refused: the bed has a screen already.
    """
    _permit(by)
    _check(given)
    key = key or secrets.token_urlsafe(32)
    async with db.transaction():
        taken = await db.fetchval(
            "select name from terminal where kind = 'bedside' and $1 = 'bedside' and unit_id = $2 and bed = $3 and not disabled",
            given.kind,
            given.unit_id,
            given.bed.strip(),
        )
        if taken:
            raise Refused(f"这张床已有床旁屏：{taken}")
        terminal_id: int = await db.fetchval(
            "insert into terminal (name, kind, unit_id, bed, place, seat, created_by, created_at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
            given.name.strip(),
            given.kind,
            given.unit_id,
            given.bed.strip(),
            given.place.strip(),
            "".join(secrets.choice(_SIGNS) for _ in range(8)),
            by.name,
            clock.now(),
        )
        await db.execute(
            "update terminal set bridge_key = $2 where id = $1",
            terminal_id,
            crypto.key_ring().encrypt(key, BRIDGE_KEY, str(terminal_id)),
        )
        await audit.record(by, "terminal.register", "terminal", terminal_id, kind=given.kind, name=given.name)
    return terminal_id, key


def _check(given: Described) -> None:
    faults = []
    if not 1 <= len(given.name.strip()) <= 60:
        faults.append(Fault(field="name", label="名称", reason="1 至 60 个字"))
    if given.kind is TerminalKind.BEDSIDE:
        if given.unit_id is None:
            faults.append(Fault(field="unit_id", label="病区", reason="床旁屏须选择病区"))
        if not given.bed.strip():
            faults.append(Fault(field="bed", label="床号", reason="床旁屏须填写床号"))
    if len(given.bed) > 20:
        faults.append(Fault(field="bed", label="床号", reason="不能超过 20 个字"))
    if len(given.place) > 100:
        faults.append(Fault(field="place", label="位置", reason="不能超过 100 个字"))
    if faults:
        raise Invalid("终端信息有误", details=faults)


async def pairing_code(terminal_id: int, *, by: Actor) -> str:
    """A code of 8 signs that pairs one browser within half an hour; the browser that was paired before is out.

    Raises:
        Forbidden, NotFound.
        Refused: it is disabled.
    """
    terminal = await one(terminal_id, by)
    if terminal.disabled:
        raise Refused("终端已停用，请先启用")
    code = "".join(secrets.choice(_SIGNS) for _ in range(8))
    async with db.transaction():
        await db.execute(
            "update terminal set pairing_hash = $2, pairing_until = $3, token_hash = null, version = version + 1 where id = $1",
            terminal_id,
            crypto.search_hash(f"pair|{code}"),
            clock.now() + PAIRING,
        )
        await _end_sessions(terminal_id)
        await audit.record(by, "terminal.pairing", "terminal", terminal_id)
    return code


async def pair(code: str) -> tuple[Terminal, str]:
    """Pair a browser by its code; the terminal, and the token for its cookie.

    Raises:
        Invalid: wrong, used or too late (field "code").
    """
    token = secrets.token_urlsafe(32)
    typed = "".join(sign for sign in code.upper() if sign.isalnum())
    row = await db.fetchrow(
        "update terminal set token_hash = $2, pairing_hash = null, pairing_until = null, seen_at = $3"  # noqa: S608
        f" where pairing_hash = $1 and pairing_until > $3 and not disabled returning {_COLUMNS}",
        crypto.search_hash(f"pair|{typed}"),
        _digest(token),
        clock.now(),
    )
    if row is None:
        reason = "配对码不正确或已过期，请在管理页面重新生成"
        raise Invalid(reason, details=[Fault(field="code", label="配对码", reason=reason)])
    return _terminal(row), token


async def set_disabled(terminal_id: int, disabled: bool, *, by: Actor) -> None:
    """Take a terminal out of use, or put it back; out of use it shows nothing and its sessions are over.

    Raises:
        Forbidden, NotFound.
    """
    await one(terminal_id, by)
    async with db.transaction():
        await db.execute(
            "update terminal set disabled = $2, token_hash = case when $2 then null else token_hash end,"
            " version = version + 1 where id = $1",
            terminal_id,
            disabled,
        )
        if disabled:
            await _end_sessions(terminal_id)
        await audit.record(by, "terminal.disable" if disabled else "terminal.enable", "terminal", terminal_id)


async def new_key(terminal_id: int, *, by: Actor) -> str:
    """Another key for the bridge, which is shown this once; the one before signs nothing any more.

    Raises:
        Forbidden, NotFound.
    """
    await one(terminal_id, by)
    key = secrets.token_urlsafe(32)
    await db.execute(
        "update terminal set bridge_key = $2, version = version + 1 where id = $1",
        terminal_id,
        crypto.key_ring().encrypt(key, BRIDGE_KEY, str(terminal_id)),
    )
    await audit.record(by, "terminal.key", "terminal", terminal_id)
    return key


async def _end_sessions(terminal_id: int) -> None:
    await db.execute(
        "update portal_session set ended_at = $2 where terminal_id = $1 and ended_at is null",
        terminal_id,
        clock.now(),
    )


async def of_token(token: str) -> Terminal | None:
    """The terminal whose browser this is; seen now."""
    row = await db.fetchrow(
        f"select {_COLUMNS} from terminal where token_hash = $1 and not disabled",  # noqa: S608
        _digest(token),
    )
    if row is None:
        return None
    now = clock.now()
    if row["seen_at"] is None or now - row["seen_at"] > TOUCH:
        await db.execute("update terminal set seen_at = $2 where id = $1", row["id"], now)
    return _terminal(row)


async def of_seat(seat: str) -> Terminal | None:
    """The terminal that an address names."""
    row = await db.fetchrow(f"select {_COLUMNS} from terminal where seat = $1 and not disabled", seat.upper())  # noqa: S608
    return _terminal(row) if row else None


async def say_bridge(terminal_id: int, ready: bool) -> None:
    """What the terminal's page says of its card reader."""
    await db.execute(
        "update terminal set bridge = $2, seen_at = $3 where id = $1",
        terminal_id,
        "ready" if ready else "away",
        clock.now(),
    )


@dataclass(frozen=True, slots=True)
class Card:
    """What a bridge says it has read: kind, number and holder's name as on the card ("" where the card tells none)."""

    kind: CardKind
    number: str
    name: str
    nonce: str
    signature: str


async def challenge(terminal_id: int) -> str:
    """A number that the next card of this terminal must be signed with; used once, within two minutes."""
    nonce = secrets.token_urlsafe(18)
    await db.execute(
        "insert into card_challenge (nonce_hash, terminal_id, made_at) values ($1, $2, $3)",
        _digest(nonce),
        terminal_id,
        clock.now(),
    )
    return nonce


def signed(key: str, kind: str, number: str, name: str, nonce: str) -> str:
    """What a bridge signs with its key: HMAC-SHA256 over the lines kind, number, name, nonce; hex (docs/kiosk.md)."""
    return hmac.new(key.encode(), f"{kind}\n{number}\n{name}\n{nonce}".encode(), hashlib.sha256).hexdigest()


async def accept(terminal: Terminal, card: Card) -> None:
    """Take a card for read, once.

    Raises:
        Refused: not signed by this terminal's bridge over a number that waits.
    """
    fresh = await db.execute(
        "update card_challenge set used_at = $3 where nonce_hash = $1 and terminal_id = $2 and used_at is null"
        " and made_at > $4",
        _digest(card.nonce),
        terminal.id,
        clock.now(),
        clock.now() - CHALLENGE,
    )
    sealed = await db.fetchval("select bridge_key from terminal where id = $1", terminal.id)
    key = crypto.key_ring().decrypt(sealed, BRIDGE_KEY, str(terminal.id)) if sealed else ""
    right = bool(key) and hmac.compare_digest(
        signed(key, card.kind, card.number, card.name, card.nonce).encode(), card.signature.encode()
    )
    if not fresh or not right:
        raise Refused("没有读到卡，请重新放卡")


async def tidy() -> int:
    """Forget numbers given out more than an hour ago; how many."""
    return await db.execute("delete from card_challenge where made_at < $1", clock.now() - timedelta(hours=1))
