"""Passwords over time: how old one may become, which of before may not come back, and setting a new one.

Argon2 is asked for by `staff.login.password`; who may set whose is asked by `staff.actions`.
"""

from datetime import timedelta

from core import clock, db
from core.errors import Fault, Invalid, NotFound
from core.parameters import Parameter, declare, number
from core.settings import settings
from staff import queries
from staff.login import password, strength

SOURCE = "GB/T 22239-2019 8.1.4.1 a) 身份鉴别信息定期更换"
DAYS = declare(
    Parameter(
        "password.days",
        "密码有效天数",
        int,
        90,
        low=0,
        high=365,
        unit="天",
        source=SOURCE,
        what="到期后登录时须先改密码；0 为不限",
    )
)
HISTORY = declare(
    Parameter(
        "password.history",
        "不得与最近几次的密码相同",
        int,
        5,
        low=0,
        high=24,
        unit="次",
        source=SOURCE,
        what="0 为不比较",
    )
)


async def check(staff_id: int, new: str, *, field: str = "password", label: str = "密码") -> None:
    """Refuse a password that is too weak for this person or was theirs before.

    Raises:
        Invalid: with the reason.
    """
    someone = await queries.person(staff_id)
    about = (someone.number, someone.name, settings().hospital_name, someone.phone or "")
    strength.check(new, field=field, label=label, about=filter(None, about))
    most = await number(HISTORY)
    rows = await db.fetch(
        "select hash from (select password_hash as hash, now() as set_at from staff where id = $1 and password_hash <> ''"
        " union all select hash, set_at from password_history where staff_id = $1) h order by set_at desc limit $2",
        staff_id,
        most,
    )
    for row in rows:
        if await password.fits(row["hash"], new):
            words = f"不能与最近 {most} 次用过的密码相同"
            raise Invalid(words, details=[Fault(field=field, label=label, reason=words)])


async def write(staff_id: int, new: str, *, must_change: bool) -> None:
    """Set the password inside the caller's transaction, and keep the old one's hash.

    Args:
        staff_id: whose.
        new: checked already.
        must_change: whether somebody else chose it, so that the person changes it at the next log-in.
    """
    made, now = await password.hashed(new), clock.now()
    old = await db.fetchval("select password_hash from staff where id = $1 for update", staff_id)
    if old is None:
        raise NotFound("没有这位职工")
    if old:
        await db.execute(
            "insert into password_history (staff_id, hash, set_at) values ($1, $2, $3)", staff_id, old, now
        )
    await db.execute(
        "update staff set password_hash = $2, password_set_at = $3, must_change = $4 where id = $1",
        staff_id,
        made,
        now,
        must_change,
    )
    await db.execute(
        "delete from password_history where staff_id = $1 and id not in (select id from password_history"
        " where staff_id = $1 order by set_at desc, id desc limit 24)",
        staff_id,
    )


async def why_change(staff_id: int) -> str:
    """The reason why a person must change their password before anything else; "" when they need not."""
    row = await db.fetchrow("select must_change, password_set_at from staff where id = $1", staff_id)
    if row is None:
        return ""
    if row["must_change"]:
        return "这是管理员为您设置的密码，请先改成只有您知道的密码"
    days = await number(DAYS)
    if days and row["password_set_at"] and clock.now() - row["password_set_at"] > timedelta(days=days):
        return f"密码已使用超过 {days} 天，请更换"
    return ""
