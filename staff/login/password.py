"""Proof by staff number and password (argon2id); never says which of the two was wrong, and takes as long either way.

Hashing costs about 80 ms of one core and 32 MB (settings `password_…`; `python -m bench log_in` tells what it costs
here), so it runs in threads that step back behind the pages, with a queue of bounded length.
Parameters: above the minimum of the OWASP Password Storage Cheat Sheet (19 MiB, t=2), RFC 9106 section 4.
"""

import asyncio
import contextlib
import functools
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field

from core import audit, db
from core.actions import Form
from core.actor import Actor, ActorKind, Door
from core.errors import TooMany, Unauthenticated
from core.settings import settings
from staff import notices
from staff.login import lock, second
from staff.login.asking import Asks
from staff.login.strength import LONGEST
from staff.notices import Kind

T = TypeVar("T")
MOST_WAITING = 64
STEP_BACK = 3  # niceness: half of the time that a page gets when both want the same core
WRONG = "工号或密码不正确"

_waiting = 0


@functools.cache
def _hasher() -> PasswordHasher:
    return PasswordHasher(
        time_cost=settings().password_rounds,
        memory_cost=settings().password_megabytes * 1024,
        parallelism=1,
        hash_len=32,
        salt_len=16,
        type=Type.ID,
    )


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(
        settings().password_threads, thread_name_prefix="argon2", initializer=_step_back
    )


def _step_back() -> None:
    """Let this thread wait when pages are to be drawn; Linux alone has threads with a niceness of their own."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), STEP_BACK)


class Given(Form):
    """What is typed into the log-in form."""

    number: str = Field(title="工号", min_length=1, max_length=40, pattern=r"^[^\x00-\x1f]*$")
    password: str = Field(title="密码", min_length=1, max_length=LONGEST)


async def _in_thread(work: Callable[[], T]) -> T:
    global _waiting
    if _waiting >= MOST_WAITING:
        raise TooMany("登录的人太多，请稍后再试")
    _waiting += 1
    try:
        return await asyncio.get_running_loop().run_in_executor(_threads(), work)
    finally:
        _waiting -= 1


async def hashed(password: str) -> str:
    """The argon2id hash of a password, in its standard text form."""
    return await _in_thread(functools.partial(_hasher().hash, password))


@functools.cache
def _nobody() -> str:
    """A hash that no password fits, with today's parameters; checked when there is no account to check."""
    return _hasher().hash("nobody's password: an account without one is checked against this")


async def fits(stored: str, password: str) -> bool:
    """Whether a password is the one of this hash; "" fits none."""
    return await _in_thread(functools.partial(_fits, stored, password))


def _fits(stored: str, password: str) -> bool:
    instead = _nobody()
    try:
        _hasher().verify(stored or instead, password)
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


class Password:
    """Staff number and password."""

    name = "password"
    label = "工号密码登录"
    form = Given

    async def prove(self, given: Given, *, address: str, forgiving: bool = True) -> int:
        """The staff id. Without `forgiving` failures stand until the second step is done too: the count tells nothing.

        Raises:
            Unauthenticated: wrong, unknown, disabled, held or without a password; all told alike.
            TooMany: locked, or too many are logging in at this moment.
        """
        await lock.attempt(given.number, address)
        row = await db.fetchrow(
            "select id, password_hash, active and held_at is null as active from staff where number = $1",
            given.number,
        )
        stored = row["password_hash"] if row and row["active"] else ""
        right = await fits(stored, given.password)
        if row is None or not right:
            await self._failed(given.number, row["id"] if row else None, address)
            raise Unauthenticated(WRONG)
        if forgiving:
            await lock.forgive(given.number)
        if _hasher().check_needs_rehash(stored):
            await db.execute(
                "update staff set password_hash = $3 where id = $1 and password_hash = $2",
                row["id"],
                stored,
                await hashed(given.password),
            )
        staff_id: int = row["id"]
        return staff_id

    async def asks(self, staff_id: int) -> Asks:
        """A second factor, of whoever has or must have one."""
        return await second.asks(staff_id)

    @staticmethod
    async def _failed(number: str, staff_id: int | None, address: str) -> None:
        """An audit line without what was typed: people type their password into the wrong box."""
        door = Actor(ActorKind.SYSTEM, None, "登录", Door.WEB, address=address)
        left = await lock.left(number)
        async with db.transaction():
            await audit.record(door, "login.failed", "staff", staff_id, way="password", left=left)
            if left == 0:
                await audit.record(door, "login.locked", "staff", staff_id, way="password")
                if staff_id is not None:
                    await notices.note(staff_id, Kind.LOCKED, by=door, words="密码")
