"""Signing in: a way of proving who one is, then what it asks beside, then a session; each step with its audit line.

What a session may not do yet (a password to be changed, a second factor to be set up) is decided here and kept in it.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from core import audit, clock, crypto, db
from core.actions import faults_of
from core.actor import Actor, Door, system
from core.errors import Invalid, NotFound, Unauthenticated
from staff import notices, queries, sessions
from staff.actors import actor_of
from staff.login import WAYS, captcha, certificate, lock, password, passwords, second, wecom
from staff.login.asking import Asks
from staff.notices import Kind

PENDING_LIVES = timedelta(minutes=5)
DECOYS = 8  # one unknown number in so many
WRONG_BOTH = "密码或验证码不正确或已用过。请等手机显示下一个再输；仍不行请返回，重新输入密码"
TOO_LATE = "登录已超时，请从头再来"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has begun: the token for the cookie, who it is, and what must be put right first ("" nothing).

    `noticed`: something serious happened with the account, and its owner is led to where it stands.
    """

    token: str
    actor: Actor
    limited: str = ""
    noticed: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """The first step is proven; `token` and what is asked (a code, or the password) lead to the session."""

    token: str
    asks: Asks = Asks.CODE


async def sign_in(
    given: Mapping[str, str], *, address: str, agent: str, way: str = "password"
) -> SignedIn | Pending:
    """Prove who one is; `given` are the fields of the way's form.

    With way "password" {number, password}, after failures captcha and captcha_token too; with "wecom" {code, state,
    browser}; with "certificate" {challenge}.

    Raises:
        Invalid: the form is not filled in, or the captcha is wrong.
        Unauthenticated: not proven.
        Unbound: the WeCom account is proven and nobody's here.
        TooMany: locked for a while.
    """
    method = WAYS.get(way)
    if method is None:
        raise NotFound("没有这种登录方式")
    try:
        form = method.form.model_validate({name: given.get(name, "") for name in method.form.model_fields})
    except ValidationError as error:
        raise Invalid("请填写登录信息", details=faults_of(error, method.form)) from None
    if way == "password" and await captcha.needed(given.get("number", "").strip(), address):
        await captcha.check(given.get(captcha.TOKEN, ""), given.get(captcha.FIELD, ""))
    if isinstance(form, password.Given):
        try:
            staff_id = await password.Password().prove(form, address=address, forgiving=False)
        except Unauthenticated:
            if await _seems_to_have_second(form.number):
                return await _wait(None, way, Asks.CODE, decoy_of=form.number)
            raise
    else:
        staff_id = await method.prove(form, address=address)
    asks = await method.asks(staff_id)
    if asks in (Asks.CODE, Asks.PASSWORD):
        return await _wait(staff_id, way, asks)
    return await _begin(staff_id, way, address=address, agent=agent, asks=asks)


async def _seems_to_have_second(number: str) -> bool:
    """Whether a wrong password is followed by a second step that leads nowhere, as a right one is by a real one.

    Whoever guesses then learns neither that a password was right nor, since one unknown number in eight is treated alike,
    that there is such an account. People without a second factor are never led astray (ASVS 4.0 2.2, 2.7).
    """
    row = await db.fetchrow("select totp_secret is not null as second from staff where number = $1", number)
    if row is not None:
        return bool(row["second"])
    return crypto.search_hash(f"decoy {number}")[0] % DECOYS == 0


async def _wait(staff_id: int | None, way: str, asks: Asks, *, decoy_of: str = "") -> Pending:
    token = secrets.token_urlsafe(32)
    await db.execute(
        "insert into login_pending (token_hash, staff_id, way, expires_at, asks, decoy_of) values ($1, $2, $3, $4, $5, $6)",
        _digest(token),
        staff_id,
        way,
        clock.now() + PENDING_LIVES,
        asks,
        decoy_of,
    )
    return Pending(token, asks)


async def asked(token: str) -> Asks:
    """What the second step of this token asks for; NOTHING when it is too long ago or done."""
    found = await db.fetchval(
        "select asks from login_pending where token_hash = $1 and used_at is null and expires_at > $2",
        _digest(token),
        clock.now(),
    )
    return Asks(found) if found else Asks.NOTHING


async def finish(token: str, code: str, *, address: str, agent: str) -> SignedIn:
    """The second step: `code` is a code of the app, a recovery code, or the password, as the first step asked.

    Raises:
        Unauthenticated: the first step is too long ago, or what was typed does not fit.
        TooMany: too many wrong ones.
    """
    row = await db.fetchrow(
        "select staff_id, way, asks, decoy_of from login_pending where token_hash = $1 and used_at is null and expires_at > $2",
        _digest(token),
        clock.now(),
    )
    if row is None:
        raise Unauthenticated(TOO_LATE)
    if row["decoy_of"]:  # counted as a real one is, and as wrong
        await lock.attempt(f"second:{row['decoy_of']}", address)
        raise Unauthenticated(WRONG_BOTH)
    recovery = await _second(row["staff_id"], Asks(row["asks"]), code, address)
    used = await db.execute(
        "update login_pending set used_at = $2 where token_hash = $1 and used_at is null",
        _digest(token),
        clock.now(),
    )
    if not used:
        raise Unauthenticated(TOO_LATE)
    return await _begin(
        row["staff_id"],
        row["way"],
        address=address,
        agent=agent,
        asks=Asks(row["asks"]),
        recovery=recovery,
    )


async def _second(staff_id: int, asks: Asks, typed: str, address: str) -> bool:
    """Prove the second step; whether a recovery code did."""
    if asks is Asks.PASSWORD:  # counted, locked and audited as every password is
        someone = await queries.person(staff_id)
        try:
            form = password.Given(number=someone.number, password=typed)
        except ValidationError as error:
            raise Invalid("请输入密码", details=faults_of(error, password.Given)) from None
        try:
            await password.Password().prove(form, address=address)
        except Unauthenticated:
            raise Unauthenticated("密码不正确") from None
        return False
    try:
        return await second.prove(staff_id, typed, address=address)
    except Unauthenticated:
        await _failed(staff_id, address)
        raise Unauthenticated(WRONG_BOTH) from None


async def _failed(staff_id: int, address: str) -> None:
    door = await actor_of(staff_id, Door.WEB, address)
    async with db.transaction():
        await audit.record(door, "login.failed", "staff", staff_id, way="second")
        someone = await queries.person(staff_id)
        if await lock.left(f"second:{someone.number}") == 0:
            await notices.note(staff_id, Kind.LOCKED, by=system("登录"), words="验证码")


async def _begin(
    staff_id: int, way: str, *, address: str, agent: str, asks: Asks, recovery: bool = False
) -> SignedIn:
    limited = await _limited(staff_id, way, asks)
    if way == "password":
        await lock.forgive((await queries.person(staff_id)).number)
    async with db.transaction():
        actor = await actor_of(staff_id, Door.WEB, address)
        news = await notices.news_of_place(staff_id, address=address, agent=agent)
        token = await sessions.begin(staff_id, address=address, agent=agent, limited=limited)
        await audit.record(
            actor,
            "login.in",
            "staff",
            staff_id,
            way=way,
            **({"second": asks} if asks in (Asks.CODE, Asks.PASSWORD) else {}),
        )
        if news:
            await notices.note(staff_id, Kind.NEW_PLACE, by=actor, words=news)
        if recovery:
            left = (await second.standing(staff_id)).codes_left
            await notices.note(staff_id, Kind.RECOVERY_USED, by=actor, words=f"备用码还剩 {left} 个")
        noticed = not limited and await notices.lead(staff_id, sessions.name_of(token))
    return SignedIn(token, actor, limited, noticed)


async def _limited(staff_id: int, way: str, asks: Asks) -> str:
    """What must be put right before anything else: the password's age matters only to who came in by it."""
    if (way == "password" or asks is Asks.PASSWORD) and await passwords.why_change(staff_id):
        return "password"
    return "second" if asks is Asks.SET_UP else ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def sign_out(token: str, *, by: Actor) -> None:
    """End the session of this token; nothing happens when it has ended already."""
    async with db.transaction():
        if await sessions.end(token) is not None:
            await audit.record(by, "login.out", "staff", by.staff_id)


async def tidy() -> int:
    """What the housekeeping calls: sessions, failures, captchas, challenges and half-done log-ins that are over; how many."""
    gone = await sessions.end_over()
    return gone + await lock.tidy() + await captcha.tidy() + await certificate.tidy() + await wecom.tidy()
