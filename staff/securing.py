"""What keeps an account safe, as verbs: its password, its second factor, lifting a lock; each with its audit line.

Which passwords are good is asked of `staff.login.strength`; codes are checked by `staff.login.second`.
"""

from core import audit, db
from core.actor import Actor
from core.errors import Fault, Forbidden, Invalid, Refused, Unauthenticated
from staff import queries, sessions
from staff.actions import manages
from staff.login import lock, password, passwords, second


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


async def reset_second(staff_id: int, *, by: Actor) -> None:
    """Take a person's second factor away as their administrator (the phone is lost); their sessions end."""
    if by.staff_id == staff_id:
        raise Refused("不能重置自己的两步验证，请由另一位管理员操作")
    await manages(by, staff_id)
    async with db.transaction():
        await second.turn_off(staff_id, by=by)
        await sessions.end_all(staff_id)


async def unlock(staff_id: int, *, by: Actor) -> None:
    """Lift the locks that failed log-ins have put on an account."""
    await manages(by, staff_id)
    someone = await queries.person(staff_id)
    async with db.transaction():
        await lock.forgive(someone.number)
        await lock.forgive(f"second:{someone.number}")
        await audit.record(by, "staff.unlock", "staff", staff_id)
