"""Whether whoever sits at a signed-in browser is still its owner: the second factor, or the password, once more."""

from datetime import datetime, timedelta

from core import audit, clock, db
from core.actor import Actor
from core.errors import Forbidden, Refused, Unauthenticated
from core.parameters import Parameter, declare, number
from staff import queries, sessions
from staff.login import password, second
from staff.login.asking import Asks

MINUTES = declare(
    Parameter(
        "session.step_up_minutes",
        "重要操作前多久内须确认过本人",
        int,
        15,
        low=5,
        high=120,
        unit="分钟",
        source="OWASP ASVS 4.0 3.7.1；GB/T 22239-2019 8.1.4.1 身份鉴别",
        what="授予和收回岗位、重设他人密码或两步验证、完整导出、安全参数等操作前，须在这段时间内输入过密码或验证码",
    )
)


async def minutes() -> int:
    """For how long a proof holds."""
    return await number(MINUTES)


async def fresh(at: datetime) -> bool:
    """Whether a proof of this moment still holds."""
    return clock.now() - at <= timedelta(minutes=await minutes())


async def asks(staff_id: int) -> Asks:
    """What is asked: a code of whoever has a second factor, else the password; NOTHING where there is neither."""
    if (await second.standing(staff_id)).on:
        return Asks.CODE
    has = await db.fetchval("select password_hash <> '' from staff where id = $1", staff_id)
    return Asks.PASSWORD if has else Asks.NOTHING


async def prove(typed: str, token: str, *, by: Actor) -> str:
    """Prove it; the new token of the session.

    Raises:
        Unauthenticated: it does not fit.
        Refused: there is nothing to ask; one signs in anew.
        TooMany: too many wrong ones, counted with those of the log-in.
    """
    if by.staff_id is None:
        raise Forbidden
    wanted = await asks(by.staff_id)
    if wanted is Asks.NOTHING:
        raise Refused("您没有设置密码和两步验证，请退出后重新登录")
    someone = await queries.person(by.staff_id)
    if wanted is Asks.CODE:
        await second.prove(by.staff_id, typed, address=by.address)
    else:
        if not typed:
            raise Unauthenticated("请输入登录密码")
        try:
            given = password.Given(number=someone.number, password=typed[:128])
            await password.Password().prove(given, address=by.address)
        except Unauthenticated:
            raise Unauthenticated("密码不正确") from None
    async with db.transaction():
        fresh_token = await sessions.renew(token)
        await audit.record(by, "login.proven", "staff", by.staff_id, way=wanted.value)
    return fresh_token
