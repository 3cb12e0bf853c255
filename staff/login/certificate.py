"""Log-in by a certificate on the phone (移动 CA): a challenge for one browser, signed there, checked here.

A challenge is random, lives three minutes, opens once and only in the browser that asked for it. The CA brings what
the phone made of it, by calling us or when asked; that it was the CA is its own signature's proof, that it was the
person is the certificate's: method, key, chain, dates, usage, revocation, binding. What failed is kept for the audit
line and never told at the door. Begins no session.
"""

import hashlib
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import Field

from core import audit, clock, crypto, db
from core.actions import Form
from core.actor import Actor, ActorKind, Door
from core.errors import Refused, Unauthenticated
from core.logs import logger
from core.settings import settings
from integrations import ca
from integrations.http import CallFailed
from staff.login import certificate_revocation as revocation
from staff.login import crowd
from staff.login.asking import Asks
from staff.login.certificate_chain import Untrusted, Why, chain, read
from staff.login.certificate_keys import Kind, Method, Unfit, check_challenge, key_of, kind_of
from staff.login.certificate_sm2 import NotSigned

log = logger(__name__)

LIVES = timedelta(minutes=3)
ASK_AGAIN = timedelta(seconds=2)
CALLBACK = "/ca/callback"
SEALED = "ca_challenge.answer"  # a subject may hold an ID number
FAILED = "未能确认您的证书，请重试；多次不成功请用工号密码登录，并联系安全管理员"
AWAY = "移动 CA 服务暂时连接不上，请稍后再试，或用工号密码登录"


class Purpose(StrEnum):
    """What a signature is for; it is part of what is signed, so that one cannot serve for the other."""

    LOGIN = "login"
    BIND = "bind"


class Standing(StrEnum):
    """How a challenge stands for its browser."""

    WAITING = "waiting"
    SIGNED = "signed"
    REFUSED = "refused"
    OVER = "over"


TITLES = {Purpose.LOGIN: "登录", Purpose.BIND: "绑定证书到"}


@dataclass(frozen=True, slots=True)
class Begun:
    """A challenge for a browser: the token for its cookie, what the phone scans, and until when."""

    token: str
    qr: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Proven:
    """A certificate that signed a challenge and passed every check; `certain` is False when revocation is unknown."""

    fingerprint: bytes
    kind: Kind
    holder: str
    issuer: str
    serial: str
    not_after: datetime
    certain: bool


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def begin(purpose: Purpose, *, address: str, staff_id: int | None = None) -> Begun:
    """Make a challenge and have the CA ask for its signature; `staff_id` is who binds.

    Raises:
        TooMany: this address has asked for very many.
        Refused: no CA is set, or it cannot be reached.
    """
    if not ca.configured():
        raise Refused("本院尚未接入移动 CA")
    now = clock.now()
    token = secrets.token_urlsafe(32)
    site = urlsplit(settings().public_url).netloc
    # The system and the purpose are signed along: a signature obtained for something else does not open this.
    data = f"huiyin/1 {purpose} {site} {secrets.token_urlsafe(32)}"
    async with db.transaction():
        await crowd.join(f"ca {address}")
        asked = await db.fetchval(
            "select count(*) from ca_challenge where address = $1 and created_at > $2",
            address,
            now - crowd.WINDOW,
        )
        await crowd.bear(asked)
        number = await db.fetchval(
            "insert into ca_challenge (browser_hash, purpose, staff_id, data, address, created_at, expires_at)"
            " values ($1, $2, $3, $4, $5, $6, $7) returning id",
            _digest(token),
            purpose,
            staff_id,
            data,
            address,
            now,
            now + LIVES,
        )
    callback = f"{settings().public_url.rstrip('/')}{settings().path_prefix}{CALLBACK}"
    title = f"{TITLES[purpose]}回音（{settings().hospital_name}）"
    try:
        task = await ca.begin(data.encode(), title, int(LIVES.total_seconds()), callback)
    except CallFailed as error:
        log.warning("ca_away", code=error.code, error=error.message, advice=error.advice)
        raise Refused(AWAY) from None
    await db.execute("update ca_challenge set task = $2, qr = $3 where id = $1", number, task.task, task.qr)
    return Begun(token, task.qr, now + LIVES)


async def shown(token: str) -> Begun | None:
    """The browser's challenge while it waits to be signed, to be shown again; None when there is none."""
    row = await db.fetchrow(
        "select qr, expires_at from ca_challenge where browser_hash = $1 and state = 'waiting' and qr <> ''"
        " and expires_at > $2",
        _digest(token),
        clock.now(),
    )
    return Begun(token, row["qr"], row["expires_at"]) if row else None


async def standing(token: str) -> Standing:
    """How the browser's challenge stands; the CA is asked, but not more often than every two seconds."""
    row = await db.fetchrow(
        "select id, state, task, expires_at from ca_challenge where browser_hash = $1", _digest(token)
    )
    if row is None or row["expires_at"] <= clock.now():
        return Standing.OVER
    if row["state"] == Standing.WAITING and row["task"] and await _my_turn(row["id"]):
        try:
            await _take(await ca.look(row["task"]))
        except CallFailed as error:
            log.warning("ca_away", code=error.code, error=error.message, advice=error.advice)
    state = await db.fetchval("select state from ca_challenge where id = $1", row["id"])
    return Standing(state) if state in tuple(Standing) else Standing.OVER


async def _my_turn(number: int) -> bool:
    return bool(
        await db.execute(
            "update ca_challenge set asked_at = $2 where id = $1 and (asked_at is null or asked_at <= $3)",
            number,
            clock.now(),
            clock.now() - ASK_AGAIN,
        )
    )


async def _take(answer: ca.Answer) -> bool:
    """Keep what came for a waiting challenge; whether it was one."""
    if answer.status is ca.Status.WAITING:
        return False
    signed = answer.status is ca.Status.SIGNED
    return bool(
        await db.execute(
            "update ca_challenge set state = $2, answer = $3 where task = $1 and state = 'waiting' and expires_at > $4",
            answer.task,
            Standing.SIGNED if signed else Standing.REFUSED,
            crypto.key_ring().encrypt(answer.model_dump_json(), SEALED) if signed else None,
            clock.now(),
        )
    )


async def called(headers: Mapping[str, str], body: bytes) -> bool:
    """The CA calls with an answer; whether a challenge was waiting for it. The same call again changes nothing.

    Raises:
        Unauthenticated: not signed by the CA, or too old.
        Invalid: not the shape agreed on.
    """
    answer = ca.called(headers, body)
    async with db.transaction():
        fresh = await db.execute(
            "insert into ca_nonce (nonce, at) values ($1, $2) on conflict do nothing",
            answer.nonce,
            clock.now(),
        )
        return bool(fresh) and await _take(answer)


async def spend(token: str, purpose: Purpose) -> tuple[Proven, int | None]:
    """Use the browser's signed challenge up; the certificate that signed it, and who asked for it (when binding).

    Raises:
        Untrusted: with the check that failed.
    """
    row = await db.fetchrow(
        "update ca_challenge c set state = 'used', answer = null from (select id, answer from ca_challenge"
        " where browser_hash = $1 and purpose = $2 and state = 'signed' and expires_at > $3 for update) old"
        " where c.id = old.id returning c.data, c.staff_id, c.task, old.answer",
        _digest(token),
        purpose,
        clock.now(),
    )
    if row is None:
        raise Untrusted(Why.CHALLENGE, "not signed, used, or another browser's")
    return await _prove(row), row["staff_id"]


async def _prove(row: asyncpg.Record) -> Proven:
    answer = ca.Answer.model_validate_json(crypto.key_ring().decrypt(row["answer"], SEALED))
    if answer.task != row["task"]:
        raise Untrusted(Why.CHALLENGE, "an answer to another task")
    try:
        method = Method(answer.method)
    except ValueError:
        raise Untrusted(Why.ALGORITHM, answer.method) from None
    person = read(_plain(answer.certificate))
    try:
        key = key_of(person)
        check_challenge(key, method, _plain(answer.signature), row["data"].encode())
    except Unfit as error:
        raise Untrusted(Why.ALGORITHM, str(error)) from None
    except NotSigned:
        raise Untrusted(Why.SIGNATURE, "challenge") from None
    way = chain(person, [read(_plain(above)) for above in answer.chain], roots(), clock.now())
    certain = await revocation.ensure(way)
    return Proven(
        fingerprint=hashlib.sha256(person.public_bytes(Encoding.DER)).digest(),
        kind=kind_of(key),
        holder=_name(person.subject),
        issuer=_name(person.issuer),
        serial=f"{person.serial_number:x}",
        not_after=person.not_valid_after_utc,
        certain=certain,
    )


def _plain(text: str) -> bytes:
    try:
        return ca.plain(text)
    except ValueError:
        raise Untrusted(Why.MALFORMED, "base64") from None


def _name(name: x509.Name) -> str:
    """The common name, cut; nothing else of a subject, which may hold an ID number."""
    found = name.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return str(found[0].value)[:80] if found else "—"


def roots() -> Sequence[x509.Certificate]:
    """The certificates the hospital trusts, from the file of the settings, read again when it changes.

    Raises:
        Untrusted: the file cannot be read, or holds no certificate.
    """
    path = Path(settings().ca_roots)
    try:
        return _roots(path, path.stat().st_mtime_ns)
    except (OSError, ValueError) as error:
        log.error("ca_roots_unreadable", error=str(error))
        raise Untrusted(Why.NO_ROOT, f"HUIYIN_CA_ROOTS: {type(error).__name__}") from None


@lru_cache(maxsize=4)
def _roots(path: Path, _changed: int) -> tuple[x509.Certificate, ...]:
    return tuple(x509.load_pem_x509_certificates(path.read_bytes()))


class Given(Form):
    """What the browser brings: the token of its cookie."""

    challenge: str = Field(title="登录请求", min_length=1, max_length=100)


class Certificate:
    """A certificate on the phone."""

    name = "certificate"
    label = "移动 CA 扫码登录"
    form = Given

    async def prove(self, given: Given, *, address: str) -> int:
        """The staff id of whom the certificate is bound to.

        Raises:
            Unauthenticated: some check failed; which one, the audit line says.
        """
        door = Actor(ActorKind.SYSTEM, None, "登录", Door.WEB, address=address)
        try:
            proven, _ = await spend(given.challenge, Purpose.LOGIN)
            staff_id = await self._owner(proven)
        except Untrusted as error:
            async with db.transaction():
                await audit.record(
                    door, "login.failed", "staff", None, way=self.name, why=error.why, words=error.words
                )
            raise Unauthenticated(FAILED) from None
        if not proven.certain:
            async with db.transaction():
                await audit.record(
                    door, "login.revocation_unknown", "staff", staff_id, way=self.name, serial=proven.serial
                )
        return staff_id

    @staticmethod
    async def _owner(proven: Proven) -> int:
        staff_id: int | None = await db.fetchval(
            "update staff_certificate c set used_at = $2 from staff s where c.fingerprint = $1"
            " and c.unbound_at is null and s.id = c.staff_id and s.active and s.held_at is null returning s.id",
            proven.fingerprint,
            clock.now(),
        )
        if staff_id is None:
            raise Untrusted(Why.UNBOUND, f"serial {proven.serial}")
        return staff_id

    async def asks(self, staff_id: int) -> Asks:  # noqa: ARG002 - the same for everybody
        """Nothing more: the phone and its PIN are two factors, one of them cryptographic (GB/T 22239-2019 8.1.4.1 d)."""
        return Asks.NOTHING


async def tidy() -> int:
    """Forget challenges and nonces that are over; how many."""
    over = clock.now() - timedelta(hours=1)
    return await db.execute("delete from ca_challenge where expires_at < $1", over) + await db.execute(
        "delete from ca_nonce where at < $1", over
    )
