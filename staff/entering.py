"""Signing in: a way of proving who one is, then the second factor, then a session; each step with its audit line.

What a session may not do yet (a password to be changed, a second factor to be set up) is decided here and kept in it.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from pydantic import ValidationError

from core import audit, clock, db
from core.actions import faults_of
from core.actor import Actor, Door
from core.errors import Invalid, NotFound, Unauthenticated
from staff import sessions
from staff.actors import actor_of
from staff.login import WAYS, captcha, lock, passwords, second

PENDING_LIVES = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has begun: the token for the cookie, who it is, and what must be put right first ("" nothing)."""

    token: str
    actor: Actor
    limited: str = ""


@dataclass(frozen=True, slots=True)
class Pending:
    """The first step is proven; `token` and a code of the second factor lead to the session."""

    token: str


async def sign_in(
    given: Mapping[str, str], *, address: str, agent: str, way: str = "password"
) -> SignedIn | Pending:
    """Prove who one is; with way "password", `given` is {number, password}, after failures captcha and captcha_token too.

    Raises:
        Invalid: the form is not filled in, or the captcha is wrong.
        Unauthenticated: not proven.
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
    staff_id = await method.prove(form, address=address)
    if (await second.standing(staff_id)).on:
        return await _wait(staff_id, way)
    return await _begin(staff_id, way, address=address, agent=agent)


async def _wait(staff_id: int, way: str) -> Pending:
    token = secrets.token_urlsafe(32)
    await db.execute(
        "insert into login_pending (token_hash, staff_id, way, expires_at) values ($1, $2, $3, $4)",
        _digest(token),
        staff_id,
        way,
        clock.now() + PENDING_LIVES,
    )
    return Pending(token)


async def finish(token: str, code: str, *, address: str, agent: str) -> SignedIn:
    """The second step: a code of the app, or a recovery code.

    Raises:
        Unauthenticated: the first step is too long ago, or the code does not fit.
        TooMany: too many wrong codes.
    """
    row = await db.fetchrow(
        "select staff_id, way from login_pending where token_hash = $1 and used_at is null and expires_at > $2",
        _digest(token),
        clock.now(),
    )
    if row is None:
        raise Unauthenticated("登录已超时，请重新输入工号和密码")
    try:
        await second.prove(row["staff_id"], code, address=address)
    except Unauthenticated:
        await _failed(row["staff_id"], address)
        raise
    used = await db.execute(
        "update login_pending set used_at = $2 where token_hash = $1 and used_at is null",
        _digest(token),
        clock.now(),
    )
    if not used:
        raise Unauthenticated("登录已超时，请重新输入工号和密码")
    return await _begin(row["staff_id"], row["way"], address=address, agent=agent, second_step=True)


async def _failed(staff_id: int, address: str) -> None:
    door = await actor_of(staff_id, Door.WEB, address)
    async with db.transaction():
        await audit.record(door, "login.failed", "staff", staff_id, way="second")


async def _begin(staff_id: int, way: str, *, address: str, agent: str, second_step: bool = False) -> SignedIn:
    limited = await _limited(staff_id, way)
    async with db.transaction():
        actor = await actor_of(staff_id, Door.WEB, address)
        token = await sessions.begin(staff_id, address=address, agent=agent, limited=limited)
        await audit.record(
            actor, "login.in", "staff", staff_id, way=way, **({"second": True} if second_step else {})
        )
    return SignedIn(token, actor, limited)


async def _limited(staff_id: int, way: str) -> str:
    """What must be put right before anything else: the password's age matters only to who came in by it."""
    if way == "password" and await passwords.why_change(staff_id):
        return "password"
    if await second.required(staff_id) and not (await second.standing(staff_id)).on:
        return "second"
    return ""


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def sign_out(token: str, *, by: Actor) -> None:
    """End the session of this token; nothing happens when it has ended already."""
    async with db.transaction():
        if await sessions.end(token) is not None:
            await audit.record(by, "login.out", "staff", by.staff_id)


async def tidy() -> int:
    """What the housekeeping calls: failures, captchas and half-done log-ins that are over; how many."""
    return await lock.tidy() + await captcha.tidy()
