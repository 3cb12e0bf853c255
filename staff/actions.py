"""What is done to people's accounts: ending sessions, binding WeCom, posts; each with its audit line.

Signing in lies in `staff.entering`, passwords and the second factor in `staff.securing`.
"""

import secrets
from datetime import date, datetime, time, timedelta

from core import audit, clock, crypto, db
from core.actor import Actor, Door, Permission
from core.due import Ask, schedule
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.events import announce
from staff import notices, queries, sessions
from staff.actors import actor_of
from staff.events import PostsChanged, WecomBound
from staff.guarded_posts import How, Terms, ask, held, needs_another
from staff.login import lock
from staff.notices import Kind
from staff.roles import APART, LABELS, OF_THE_GROUP, Role

CODE_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # none that looks like another
CODE_LENGTH = 8
CODE_LIVES = timedelta(minutes=10)
POST_ENDS = "staff.post_ends"
POST_BEGINS = "staff.post_begins"


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


async def make_bind_code(staff_id: int | None = None, *, by: Actor) -> str:
    """A one-time code, good for ten minutes, by which a person ties their WeCom account to themselves.

    For oneself, or as their administrator for somebody else. A code made before is void from now on.
    """
    whose = by.staff_id if staff_id is None else staff_id
    if whose is None:
        raise Forbidden
    if whose != by.staff_id:
        await manages(by, whose)
    code = "".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH))
    async with db.transaction():
        await db.execute("delete from bind_code where staff_id = $1", whose)
        await db.execute(
            "insert into bind_code (code_hash, staff_id, expires_at) values ($1, $2, $3)",
            crypto.search_hash(f"bind {code}"),
            whose,
            clock.now() + CODE_LIVES,
        )
        await audit.record(by, "staff.make_bind_code", "staff", whose)
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
        await notices.note(staff_id, Kind.WECOM_BOUND, by=actor, words=f"企业微信账号 {userid}")
        await announce(WecomBound(staff_id=staff_id))
    await lock.forgive(f"wecom:{userid}")
    return actor


async def unbind_wecom(staff_id: int, *, by: Actor, reason: str = "") -> None:
    """Untie a person's WeCom account: their own, or as their administrator."""
    if by.staff_id != staff_id:
        await manages(by, staff_id)
    async with db.transaction():
        if await db.execute(
            "update staff set wecom_userid = null where id = $1 and wecom_userid is not null", staff_id
        ):
            why = {"reason": reason} if reason else {}
            await audit.record(by, "staff.unbind_wecom", "staff", staff_id, **why)
            await notices.note(staff_id, Kind.WECOM_UNBOUND, by=by)


async def give_post(
    staff_id: int,
    unit_id: int,
    role: Role,
    *,
    rank: int = 1,
    until_on: date | None = None,
    own: bool = False,
    kind: How = How.GIVE,
    why: str = "",
    by: Actor,
) -> bool:
    """Give a person a role in a unit, or change its rank (1 first, 2 deputy), reach or last day; whether it holds now.

    With `own` it reaches only the cases and tickets that they work on themselves. A guarded post waits for another
    person instead (`staff.guarded_posts`), and a narrower one does not.

    Raises:
        Refused: one's own post; or two of the three administrators would come into one hand.
        Invalid: the rank is not 1 to 9, the last day is over, or the role is one of the whole group.
    """
    check_last(until_on)
    wanted = Terms(staff_id, unit_id, role, rank, own, None, until_on)
    async with db.transaction():
        await may_give(staff_id, unit_id, role, rank=rank, by=by)
        if await needs_another(wanted, by):
            await ask(wanted, kind, why, by=by)
            return False
        await write_post(wanted, given_by=by.name, why=why, by=by)
    return True


def check_last(until_on: date | None) -> None:
    """Refuse a last day that is over.

    Raises:
        Invalid: it is.
    """
    if until_on is not None and until_on < clock.today():
        words = "截止日期不能早于今天"
        raise Invalid(
            words, details=[Fault(field="until_on", label="截止日期", reason=words, value=str(until_on))]
        )


async def write_post(wanted: Terms, *, given_by: str, why: str = "", by: Actor) -> None:
    """Write a post on these terms, now or from its first day on; who may was asked before, in the same transaction.

    With `post_id` that very post is changed, also its unit.

    Raises:
        Refused: the post that is to be changed is there no more, or the person has one like it in the other unit.
    """
    if wanted.post_id is not None:
        await _leave_place(wanted, by)
    if wanted.from_on is not None and wanted.from_on > clock.today():
        await _plan(wanted, given_by, by)
        return
    changed = await db.fetchrow(
        "insert into post (staff_id, unit_id, role, rank, until_on, given_by, given_at, own)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (staff_id, unit_id, role) do update"
        " set rank = $4, until_on = $5, given_by = $6, given_at = $7, own = $8"
        " where post.rank <> $4 or post.until_on is distinct from $5 or post.own <> $8 returning id, xmax <> 0 as turned",
        wanted.staff_id,
        wanted.unit_id,
        wanted.role,
        wanted.rank,
        wanted.until_on,
        given_by,
        clock.now(),
        wanted.own,
    )
    if changed is None:
        return
    if changed["turned"]:
        await end_term(wanted.staff_id, wanted.unit_id, wanted.role, by.name, why or "变更")
    if why:
        await db.execute(
            "update post_term set why = $2 where post_id = $1 and until is null", changed["id"], why
        )
    term: dict[str, object] = {"until": wanted.until_on} if wanted.until_on is not None else {}
    if wanted.own:
        term["own"] = True
    await audit.record(
        by,
        "staff.give_post",
        "staff",
        wanted.staff_id,
        unit=wanted.unit_id,
        role=wanted.role,
        rank=wanted.rank,
        **term,
    )
    await _rights_changed(wanted.staff_id, f"增加或调整岗位：{LABELS[wanted.role]}", by)
    if wanted.until_on is not None:
        await end_with_the_day(wanted.staff_id, wanted.until_on)
    await announce(PostsChanged(staff_id=wanted.staff_id, unit_id=wanted.unit_id))


async def _leave_place(wanted: Terms, by: Actor) -> None:
    """The post that is changed leaves its unit, or waits for its first day, if it is to stand elsewhere or later."""
    row = await db.fetchrow(
        "select unit_id, role from post where id = $1 and staff_id = $2 for update",
        wanted.post_id,
        wanted.staff_id,
    )
    if row is None or row["role"] != wanted.role:
        raise Refused("原来的岗位已变更或收回，请重新提出")
    later = wanted.from_on is not None and wanted.from_on > clock.today()
    if row["unit_id"] == wanted.unit_id and not later:
        return
    if row["unit_id"] != wanted.unit_id and await held(wanted.staff_id, wanted.unit_id, wanted.role):
        raise Refused(f"此人在该科室已有“{LABELS[wanted.role]}”岗位")
    await db.execute("delete from post where id = $1", wanted.post_id)
    await end_term(wanted.staff_id, row["unit_id"], wanted.role, by.name, "调整岗位")
    await _rights_changed(wanted.staff_id, f"调整岗位：{LABELS[wanted.role]}", by)
    await announce(PostsChanged(staff_id=wanted.staff_id, unit_id=row["unit_id"]))


async def end_term(staff_id: int, unit_id: int, role: str, by_name: str, why: str) -> None:
    """Say of the stretch that has just ended by whom and why."""
    await db.execute(
        "update post_term set until = $4, ended_by = $5, ended_why = $6 where id = (select id from post_term"
        " where staff_id = $1 and unit_id = $2 and role = $3 and until is not null order by id desc limit 1)",
        staff_id,
        unit_id,
        role,
        clock.now(),
        by_name,
        why,
    )


async def _plan(wanted: Terms, given_by: str, by: Actor) -> None:
    assert wanted.from_on is not None  # noqa: S101 - asked by the caller
    number: int = await db.fetchval(
        "insert into post_planned (staff_id, unit_id, role, rank, from_on, until_on, given_by, own)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (staff_id, unit_id, role) do update"
        " set rank = $4, from_on = $5, until_on = $6, given_by = $7, own = $8 returning id",
        wanted.staff_id,
        wanted.unit_id,
        wanted.role,
        wanted.rank,
        wanted.from_on,
        wanted.until_on,
        given_by,
        wanted.own,
    )
    begins = datetime.combine(wanted.from_on, time(), clock.SHANGHAI)
    await schedule(Ask(begins, POST_BEGINS, number, wanted.from_on.toordinal()))
    await audit.record(
        by,
        "staff.plan_post",
        "staff",
        wanted.staff_id,
        unit=wanted.unit_id,
        role=wanted.role,
        begins=wanted.from_on,
        until=wanted.until_on,
    )


async def may_give(staff_id: int, unit_id: int, role: Role, *, rank: int, by: Actor) -> None:
    """Refuse what `give_post` would refuse; locks the person.

    Raises:
        Forbidden, Refused, Invalid, NotFound: as there.
    """
    if not 1 <= rank <= 9:
        raise Invalid(
            "次序应为 1 到 9",
            details=[Fault(field="rank", label="次序", reason="应为 1 到 9", value=str(rank))],
        )
    await changes_posts(by, staff_id, unit_id)
    if await db.fetchval("select id from staff where id = $1 and active for update", staff_id) is None:
        raise NotFound("没有这位职工，或账号已停用")
    others = {post.role for post in await queries.posts(staff_id)} & APART - {role}
    if role in APART and (other := next(iter(others), None)) is not None:
        raise Refused(f"{LABELS[other]}与{LABELS[role]}不能由同一人担任")
    if role in OF_THE_GROUP and (await queries.tree()).unit(unit_id).parent_id is not None:
        words = f"“{LABELS[role]}”管全集团，请选择集团"
        raise Invalid(words, details=[Fault(field="unit", label="科室", reason=words)])


async def take_post(staff_id: int, unit_id: int, role: Role, *, by: Actor) -> None:
    """Take a role from a person.

    Raises:
        NotFound: they do not hold it.
        Refused: one's own post.
    """
    await changes_posts(by, staff_id, unit_id)
    async with db.transaction():
        if not await db.execute(
            "delete from post where staff_id = $1 and unit_id = $2 and role = $3", staff_id, unit_id, role
        ):
            raise NotFound(f"该职工在此科室没有“{LABELS[role]}”岗位")
        await end_term(staff_id, unit_id, role, by.name, "收回")
        await audit.record(by, "staff.take_post", "staff", staff_id, unit=unit_id, role=role)
        await _rights_changed(staff_id, f"收回岗位：{LABELS[role]}", by)
        await announce(PostsChanged(staff_id=staff_id, unit_id=unit_id))


async def _rights_changed(staff_id: int, words: str, by: Actor) -> None:
    """Who may do more or less than before comes in anew (ASVS 4.0 3.3.3); what was open on the screen is of before."""
    if await sessions.end_all(staff_id):
        await notices.note(staff_id, Kind.POSTS, by=by, words=words)


async def end_with_the_day(staff_id: int, last: date) -> None:
    """Have the posts of a person that end with this day taken from them after it; `posts.end` does it."""
    morning = datetime.combine(last + timedelta(days=1), time(), clock.SHANGHAI)
    await schedule(Ask(morning, POST_ENDS, staff_id, last.toordinal()))


async def changes_posts(by: Actor, staff_id: int, unit_id: int) -> None:
    """Refuse unless `by` keeps the accounts of this unit and the person is somebody else."""
    unit = (await queries.tree()).unit(unit_id)
    if not by.can(Permission.ACCOUNT_MANAGE, unit.scope):
        raise Forbidden
    if by.staff_id == staff_id:
        raise Refused("不能更改自己的岗位，请由另一位管理员操作")


async def manages(by: Actor, staff_id: int) -> None:
    """Refuse unless `by` administers every unit the person has a post in."""
    tree = await queries.tree()
    posts = await queries.posts(staff_id)
    places = [post.unit_id for post in posts] or await queries.waiting_places(staff_id)
    scopes = [tree.unit(unit_id).scope for unit_id in places] or ["/"]
    if not all(by.can(Permission.ACCOUNT_MANAGE, scope) for scope in scopes):
        raise Forbidden
