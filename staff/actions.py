"""What is done to people's accounts: ending sessions, binding WeCom, posts; each with its audit line.

Signing in lies in `staff.entering`, passwords and the second factor in `staff.securing`.
"""

import secrets
from datetime import timedelta

from core import audit, clock, crypto, db
from core.actor import Actor, Door, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.events import announce
from staff import queries, sessions
from staff.actors import actor_of
from staff.events import PostsChanged, WecomBound
from staff.login import lock
from staff.roles import APART, LABELS, Role

CODE_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another
CODE_LENGTH = 8
CODE_LIVES = timedelta(minutes=10)


async def sign_out(token: str, *, by: Actor) -> None:
    """End the session of this token; nothing happens when it has ended already."""
    async with db.transaction():
        if await sessions.end(token) is not None:
            await audit.record(by, "login.out", "staff", by.staff_id)


async def end_session(session_id: str, *, by: Actor) -> None:
    """End one of one's own sessions, by its id in `sessions.of_staff`.

    Raises:
        NotFound: it is over already, or is nobody's or another's.
    """
    if by.staff_id is None:
        raise Forbidden
    async with db.transaction():
        if not await sessions.end_one(by.staff_id, session_id):
            raise NotFound("这个登录已经结束")
        await audit.record(by, "login.end", "staff", by.staff_id, session=session_id)


async def end_other_sessions(token: str, *, by: Actor) -> int:
    """End all of one's own sessions but that of `token`; how many there were."""
    if by.staff_id is None:
        raise Forbidden
    async with db.transaction():
        ended = await sessions.end_others(by.staff_id, token)
        if ended:
            await audit.record(by, "login.end_others", "staff", by.staff_id, sessions_ended=ended)
    return ended


async def make_bind_code(*, by: Actor) -> str:
    """A one-time code, good for ten minutes, by which the signed-in person ties their WeCom account to themselves.

    A code made before is void from now on.
    """
    if by.staff_id is None:
        raise Forbidden
    code = "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
    async with db.transaction():
        await db.execute("delete from bind_code where staff_id = $1", by.staff_id)
        await db.execute(
            "insert into bind_code (code_hash, staff_id, expires_at) values ($1, $2, $3)",
            crypto.search_hash(f"bind {code}"),
            by.staff_id,
            clock.now() + CODE_LIVES,
        )
        await audit.record(by, "staff.make_bind_code", "staff", by.staff_id)
    return code


async def bind_wecom(code: str, userid: str, *, address: str = "") -> Actor:
    """Tie the WeCom account `userid`, proven by the callback it wrote through, to whoever made the code.

    Raises:
        Refused: the code is wrong, used or expired; or the account belongs to another person.
        TooMany: too many wrong codes from this account.
    """
    await lock.attempt(f"wecom:{userid}", address)
    async with db.transaction():
        staff_id = await db.fetchval(
            "update bind_code set used_at = $2 where code_hash = $1 and used_at is null and expires_at > $2"
            " returning staff_id",
            crypto.search_hash(f"bind {code.strip().upper()}"),
            clock.now(),
        )
        if staff_id is None:
            raise Refused("绑定码不正确或已过期，请在网页“我的账号”重新获取")
        await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 13))", userid)
        other = await db.fetchval("select id from staff where wecom_userid = $1", userid)
        if other is not None and other != staff_id:
            raise Refused("这个企业微信账号已绑定其他职工，请联系系统管理员")
        await db.execute("update staff set wecom_userid = $2 where id = $1", staff_id, userid)
        actor = await actor_of(staff_id, Door.WECOM, address)
        await audit.record(actor, "staff.bind_wecom", "staff", staff_id, userid=userid)
        await announce(WecomBound(staff_id=staff_id))
    await lock.forgive(f"wecom:{userid}")
    return actor


async def unbind_wecom(staff_id: int, *, by: Actor) -> None:
    """Untie a person's WeCom account: their own, or as their administrator."""
    if by.staff_id != staff_id:
        await manages(by, staff_id)
    async with db.transaction():
        if await db.execute(
            "update staff set wecom_userid = null where id = $1 and wecom_userid is not null", staff_id
        ):
            await audit.record(by, "staff.unbind_wecom", "staff", staff_id)


async def give_post(staff_id: int, unit_id: int, role: Role, *, rank: int = 1, by: Actor) -> None:
    """Give a person a role in a unit, or change its rank (1 first, 2 deputy); holds from their next step on.

    Raises:
        Refused: one's own post; or keeping accounts and keeping watch would come into one hand.
        Invalid: the rank is not 1 to 9.
    """
    if not 1 <= rank <= 9:
        raise Invalid(
            "次序应为 1 到 9",
            details=[Fault(field="rank", label="次序", reason="应为 1 到 9", value=str(rank))],
        )
    await _changes_posts(by, staff_id, unit_id)
    async with db.transaction():
        if await db.fetchval("select id from staff where id = $1 and active for update", staff_id) is None:
            raise NotFound("没有这位职工，或账号已停用")
        held = {post.role for post in await queries.posts(staff_id)}
        if held | {role} >= APART:
            raise Refused("系统管理员与安全审计员不能由同一人担任")
        changed = await db.execute(
            "insert into post (staff_id, unit_id, role, rank) values ($1, $2, $3, $4)"
            " on conflict (staff_id, unit_id, role) do update set rank = $4 where post.rank <> $4",
            staff_id,
            unit_id,
            role,
            rank,
        )
        if changed:
            await audit.record(by, "staff.give_post", "staff", staff_id, unit=unit_id, role=role, rank=rank)
            await announce(PostsChanged(staff_id=staff_id, unit_id=unit_id))


async def take_post(staff_id: int, unit_id: int, role: Role, *, by: Actor) -> None:
    """Take a role from a person.

    Raises:
        NotFound: they do not hold it.
        Refused: one's own post.
    """
    await _changes_posts(by, staff_id, unit_id)
    async with db.transaction():
        if not await db.execute(
            "delete from post where staff_id = $1 and unit_id = $2 and role = $3", staff_id, unit_id, role
        ):
            raise NotFound(f"该职工在此科室没有“{LABELS[role]}”岗位")
        await audit.record(by, "staff.take_post", "staff", staff_id, unit=unit_id, role=role)
        await announce(PostsChanged(staff_id=staff_id, unit_id=unit_id))


async def _changes_posts(by: Actor, staff_id: int, unit_id: int) -> None:
    unit = (await queries.tree()).unit(unit_id)
    if not by.can(Permission.STAFF_MANAGE, unit.scope):
        raise Forbidden
    if by.staff_id == staff_id:
        raise Refused("不能更改自己的岗位，请由另一位管理员操作")


async def manages(by: Actor, staff_id: int) -> None:
    """Refuse unless `by` administers every unit the person has a post in."""
    tree = await queries.tree()
    held = await queries.posts(staff_id)
    scopes = [tree.unit(post.unit_id).scope for post in held] or ["/"]
    if not all(by.can(Permission.STAFF_MANAGE, scope) for scope in scopes):
        raise Forbidden
