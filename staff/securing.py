"""What keeps an account safe, as verbs: its password, its second factor, lifting a lock; each with its audit line.

Which passwords are good is asked of `staff.login.strength`; codes are checked by `staff.login.second`.
"""

from core import audit, clock, db
from core.actor import Actor
from core.errors import Fault, Forbidden, Invalid, Refused, Unauthenticated
from core.events import announce
from staff import notices, queries, sessions
from staff.actions import manages
from staff.events import AccountHeld
from staff.login import lock, password, passwords, second
from staff.notices import Kind

LEAST = 6  # characters of why somebody else's log-in is touched


async def change_password(old: str, new: str, *, by: Actor) -> None:
    """Set one's own password, knowing the old one; all of one's sessions end.

    Raises:
        Invalid: the old one is wrong (field "old"); the new one is too weak or was used before (field "new").
        TooMany: too many wrong ones; counted together with failed log-ins.
    """
    if by.staff_id is None:
        raise Forbidden
    await _knows(by, old, "old", "原密码")
    await passwords.check(by.staff_id, new, field="new", label="新密码")
    await _write(by.staff_id, new, by=by)


async def _knows(by: Actor, typed: str, field: str, label: str) -> None:
    someone = await queries.person(by.staff_id or 0)
    try:
        await password.Password().prove(
            password.Given(number=someone.number, password=typed), address=by.address
        )
    except Unauthenticated:
        words = f"{label}不正确"
        raise Invalid(words, details=[Fault(field=field, label=label, reason=words)]) from None


async def set_password(staff_id: int, new: str, *, by: Actor) -> None:
    """Set a person's password as their administrator; they change it at the next log-in, all their sessions end.

    Raises:
        Invalid: too weak, or used before.
    """
    if by.staff_id != staff_id:
        await manages(by, staff_id)
    await passwords.check(staff_id, new)
    await _write(staff_id, new, by=by)


async def _write(staff_id: int, new: str, *, by: Actor) -> None:
    async with db.transaction():
        await passwords.write(staff_id, new, must_change=by.staff_id != staff_id)
        ended = await sessions.end_all(staff_id)
        await audit.record(by, "staff.set_password", "staff", staff_id, sessions_ended=ended)
        await notices.note(staff_id, Kind.PASSWORD, by=by)


async def turn_second_off(typed: str, *, by: Actor) -> None:
    """Take one's own second factor away, knowing the password.

    Raises:
        Invalid: the password is wrong (field "password").
        Refused: this person must have one.
    """
    if by.staff_id is None:
        raise Forbidden
    if await second.required(by.staff_id):
        raise Refused("您的岗位必须启用两步验证，不能停用；换手机请联系系统管理员重置")
    await _knows(by, typed, "password", "密码")
    await second.turn_off(by.staff_id, by=by)


def why(reason: str) -> str:
    """The reason for touching somebody else's log-in, on one line.

    Raises:
        Invalid: shorter than six characters, or very long.
    """
    words = " ".join(reason.split())
    if not LEAST <= len(words) <= 200:
        said = f"请写明原因，至少 {LEAST} 个字"
        raise Invalid(said, details=[Fault(field="reason", label="原因", reason=said, value=words[:50])])
    return words


async def reset_second(staff_id: int, reason: str, *, by: Actor) -> None:
    """Take a person's second factor away as their administrator (the phone is lost); their sessions end."""
    if by.staff_id == staff_id:
        raise Refused("不能重置自己的两步验证，请由另一位管理员操作")
    await manages(by, staff_id)
    words = why(reason)
    async with db.transaction():
        await second.turn_off(staff_id, by=by, reason=words)
        await sessions.end_all(staff_id)


async def unlock(staff_id: int, reason: str, *, by: Actor) -> None:
    """Lift the locks that failed log-ins have put on an account."""
    await manages(by, staff_id)
    words = why(reason)
    someone = await queries.person(staff_id)
    async with db.transaction():
        await lock.forgive(someone.number)
        await lock.forgive(f"second:{someone.number}")
        await audit.record(by, "staff.unlock", "staff", staff_id, reason=words)
        await notices.note(staff_id, Kind.UNLOCKED, by=by)


async def acknowledge(notice_id: int | None, session: str, *, by: Actor) -> int:
    """Say of a notice (None: of all that are open) that it was oneself or is known; not of the log-in of `session`; how many."""
    if by.staff_id is None:
        raise Forbidden
    async with db.transaction():
        done = await notices.answered(
            by.staff_id, None if notice_id is None else [notice_id], "mine", session
        )
        if done:
            await audit.record(by, "staff.acknowledge", "staff", by.staff_id, notices=done)
    return done


async def hold(*, by: Actor) -> int:
    """Say of what happened with one's account that it was somebody else: every log-in ends, nobody comes in any more
    until a security administrator has made sure; how many log-ins there were."""
    if by.staff_id is None:
        raise Forbidden
    async with db.transaction():
        await db.execute("update staff set held_at = $2 where id = $1", by.staff_id, clock.now())
        ended = await sessions.end_all(by.staff_id)
        of = await notices.answered(by.staff_id, None, "not_mine", "")
        await audit.record(by, "staff.hold", "staff", by.staff_id, sessions_ended=ended, notices=of)
        number = await notices.note(by.staff_id, Kind.HELD, by=by)
        await announce(AccountHeld(notice_id=number))
    return ended


async def release(staff_id: int, reason: str, *, by: Actor) -> None:
    """Let a held account go, after making sure who asks: its password is void, a one-time one is set next.

    Raises:
        Refused: one's own, or it is not held.
    """
    if by.staff_id == staff_id:
        raise Refused("不能解除自己账号的冻结，请由另一位管理员操作")
    await manages(by, staff_id)
    words = why(reason)
    async with db.transaction():
        if not await db.execute(
            "update staff set held_at = null, password_hash = '', must_change = true"
            " where id = $1 and held_at is not null",
            staff_id,
        ):
            raise Refused("账号没有冻结")
        await audit.record(by, "staff.release", "staff", staff_id, reason=words)
        await notices.note(staff_id, Kind.RELEASED, by=by)
