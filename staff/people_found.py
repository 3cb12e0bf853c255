"""People as whoever keeps their accounts sees them: the searched list, and all about one. Reads only.

Only people with a post in the asker's reach; those without any post are seen by who keeps the whole group.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

import asyncpg

from core import clock, db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from core.parameters import number
from staff.holding import holds
from staff.login import lock
from staff.queries import tree, waiting_places
from staff.roles import LABELS, Role

PAGE = 50


class State(StrEnum):
    """By what the list may be narrowed."""

    ACTIVE = "active"
    SHUT = "shut"
    LOCKED = "locked"
    UNBOUND = "unbound"
    NO_POST = "no_post"
    NO_PASSWORD = "no_password"  # noqa: S105 - the name of a state
    HELD = "held"


STATE_LABELS = {
    State.ACTIVE: "在用",
    State.SHUT: "已停用",
    State.LOCKED: "已锁定",
    State.UNBOUND: "未绑定企业微信",
    State.NO_POST: "没有岗位",
    State.NO_PASSWORD: "未设密码",
    State.HELD: "已冻结",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for: words (number, name, pinyin initials), a unit and all below, a role, a state."""

    words: str = ""
    unit_id: int | None = None
    role: Role | None = None
    state: State | None = None


@dataclass(frozen=True, slots=True)
class PostLine:
    """A post in words."""

    id: int
    unit_id: int
    unit: str
    role: Role
    rank: int
    until_on: date | None = None
    from_on: date | None = None
    given_by: str = ""
    own: bool = False

    @property
    def label(self) -> str:
        """The role, the deputy named as such."""
        return LABELS[self.role] + (f"（次序 {self.rank}）" if self.rank > 1 else "")


@dataclass(frozen=True, slots=True)
class Line:
    """A person in the list."""

    id: int
    number: str
    name: str
    title: str
    active: bool
    held: bool
    bound: bool
    locked: bool
    second: bool
    has_password: bool
    last_in: datetime | None
    closed_reason: str
    closed_at: datetime | None
    created_at: datetime
    posts: tuple[PostLine, ...]


_LINE = """
select s.id, s.number, s.name, s.title, s.active, s.held_at is not null as held, s.wecom_userid is not null as bound, s.totp_secret is not null as second,
    s.password_hash <> '' as has_password, s.closed_reason, s.closed_at, s.created_at,
    (select max(created_at) from session where staff_id = s.id) as last_in,
    (select count(*) from login_failure f where f.number = s.number and f.at > $1) >= $2 as locked
from staff s
"""
_POSTS = """
select p.id, p.staff_id, p.unit_id, p.role, p.rank, p.until_on, p.given_by, p.own
from post p join org_unit u on u.id = p.unit_id where p.staff_id = any($1::bigint[]) and {holds} order by u.path, p.rank, p.role
"""
_STATES = {
    State.ACTIVE: "s.active",
    State.SHUT: "not s.active",
    State.LOCKED: "(select count(*) from login_failure f where f.number = s.number and f.at > $1) >= $2",
    State.UNBOUND: "s.active and s.wecom_userid is null",
    State.NO_POST: "not exists (select 1 from post p where p.staff_id = s.id and {holds})",
    State.NO_PASSWORD: "s.active and s.password_hash = ''",
    State.HELD: "s.held_at is not null",
}


async def _window() -> tuple[datetime, int]:
    minutes = await number(lock.WINDOW_MINUTES)
    return clock.now() - timedelta(minutes=minutes), await number(lock.PER_ACCOUNT)


async def listed(wanted: Wanted, *, by: Actor, after: str = "") -> tuple[list[Line], str]:
    """A page of people by number, and the number after which the next begins ("" at the end).

    Raises:
        Forbidden: keeps no accounts.
    """
    scopes = by.scope(Permission.ACCOUNT_MANAGE)
    if not scopes:
        raise Forbidden
    values: list[object] = [*await _window()]

    def arg(value: object) -> str:
        values.append(value)
        return f"${len(values)}"

    conditions = [f"s.number > {arg(after)}"]
    if wanted.words:
        plain = wanted.words.strip()[:40].replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        inside, start, letters = arg(f"%{plain}%"), arg(f"{plain}%"), arg(f"{plain.lower()}%")
        conditions.append(f"(s.name like {inside} or s.number like {start} or s.pinyin like {letters})")
    if wanted.state is not None:
        conditions.append(_STATES[wanted.state].format(holds=holds()))
    held = [holds()] if wanted.unit_id is not None or wanted.role is not None or "/" not in scopes else []
    if "/" not in scopes:
        held.append(f"u.path like any({arg([f'{path}%' for path in scopes])}::text[])")
    if wanted.unit_id is not None:
        unit = (await tree()).unit(wanted.unit_id)
        held.append(f"starts_with(u.path, {arg(unit.path)})")
    if wanted.role is not None:
        held.append(f"p.role = {arg(wanted.role.value)}")
    if held:
        conditions.append(
            "exists (select 1 from post p join org_unit u on u.id = p.unit_id where p.staff_id = s.id and "  # noqa: S608
            + " and ".join(held)
            + ")"
        )
    rows = await db.fetch(
        f"{_LINE} where {' and '.join(conditions)} order by s.number limit {PAGE + 1}", *values
    )
    lines = await _lines(rows[:PAGE])
    return lines, lines[-1].number if len(rows) > PAGE else ""


async def _lines(rows: list[asyncpg.Record]) -> list[Line]:
    house = await tree()
    posts: dict[int, list[PostLine]] = {}
    for row in await db.fetch(_POSTS.format(holds=holds()), [row["id"] for row in rows]):
        posts.setdefault(row["staff_id"], []).append(
            PostLine(
                row["id"],
                row["unit_id"],
                house.label(row["unit_id"]),
                Role(row["role"]),
                row["rank"],
                row["until_on"],
                given_by=row["given_by"],
            )
        )
    return [Line(**dict(row), posts=tuple(posts.get(row["id"], ()))) for row in rows]


async def one(staff_id: int, *, by: Actor) -> Line:
    """One person.

    Raises:
        NotFound: none, or none whose accounts they keep.
    """
    since, most = await _window()
    lines = await _lines(await db.fetch(f"{_LINE} where s.id = $3", since, most, staff_id))
    house = await tree()
    places = [post.unit_id for post in lines[0].posts] if lines else []
    places = places or await waiting_places(staff_id)
    if not lines or not all(
        by.can(Permission.ACCOUNT_MANAGE, scope)
        for scope in [house.unit(place).scope for place in places] or ["/"]
    ):
        raise NotFound("没有这位职工，或不在您的管理范围")
    return lines[0]


async def planned(staff_id: int) -> list[PostLine]:
    """The posts that begin on a day to come."""
    house = await tree()
    rows = await db.fetch(
        "select id, unit_id, role, rank, from_on, until_on, given_by from post_planned where staff_id = $1"
        " order by from_on, id",
        staff_id,
    )
    return [
        PostLine(
            row["id"],
            row["unit_id"],
            house.label(row["unit_id"]),
            Role(row["role"]),
            row["rank"],
            row["until_on"],
            row["from_on"],
            row["given_by"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time for which a post was held on the same terms."""

    role: Role
    unit: str
    own: bool
    rank: int
    since: datetime
    until: datetime | None
    until_on: date | None
    given_by: str
    why: str
    ended_by: str
    ended_why: str

    @property
    def label(self) -> str:
        """The role, the deputy named as such."""
        return LABELS[self.role] + (f"（次序 {self.rank}）" if self.rank > 1 else "")


async def stretches(staff_id: int, most: int = 100) -> list[Stretch]:
    """Who this person was, and when: every post ever held, the newest first."""
    house = await tree()
    rows = await db.fetch(
        "select * from post_term where staff_id = $1 order by until is not null, since desc, id desc limit $2",
        staff_id,
        most,
    )
    return [
        Stretch(
            Role(row["role"]),
            house.label(row["unit_id"]),
            **{name: row[name] for name in Stretch.__dataclass_fields__ if name not in ("role", "unit")},
        )
        for row in rows
    ]
