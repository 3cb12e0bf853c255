"""Posts that one person alone cannot give: which they are, what widens one, and asking for it. Gives nothing itself.

Decided in docs/decisions/0041. A post that is asked for gives no right until another person has confirmed it
(`staff.confirming`).
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from core import audit, clock, db
from core.actor import Actor, ActorKind, Permission
from core.due import Ask, schedule
from core.errors import Refused
from core.events import announce
from core.parameters import Parameter, declare, number
from staff import queries
from staff.events import PostAsked
from staff.holding import holds
from staff.roles import APART, LABELS, ROLES, Role
from staff.tree import Unit

EXPIRES = "staff.post_ask_expires"
DAYS = declare(
    Parameter(
        name="posts.confirm_days",
        label="岗位确认的期限",
        what="重要岗位须另一人确认；这么多天没有人确认，申请作废，须重新提出",
        kind=int,
        default=7,
        low=1,
        high=30,
        unit="天",
        source="GB/T 22239-2019 8.1.4.2 访问控制、8.1.7.1 岗位设置",
    )
)
GUARDED = APART | {Role.VICE_PRESIDENT, Role.SUPERVISOR, Role.DISCIPLINE}


class How(StrEnum):
    """How a post came to be asked for."""

    GIVE = "give"
    IMPORT = "import"
    ADJUST = "adjust"
    REOPEN = "reopen"
    MERGE = "merge"


HOWS = {
    How.GIVE: "授予",
    How.IMPORT: "批量导入",
    How.ADJUST: "调整",
    How.REOPEN: "启用账号",
    How.MERGE: "机构合并带来",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """A post as it is wanted: who, what, where, how far, from when until when."""

    staff_id: int
    unit_id: int
    role: Role
    rank: int = 1
    own: bool = False
    from_on: date | None = None
    until_on: date | None = None
    post_id: int | None = None


def guarded(role: Role, unit: Unit, *, own: bool = False) -> bool:
    """Whether a post needs two people: an administrator, who leads or watches, who reads what is secret, or all cases."""
    if role in GUARDED or Permission.CASE_SECRET in ROLES[role]:
        return True
    return unit.parent_id is None and not own and Permission.CASE_READ in ROLES[role]


def widens(now: Terms | None, wanted: Terms, paths: tuple[str, str] = ("", "")) -> bool:
    """Whether more comes of it than the post that holds gives: another place, further, or longer.

    `paths` are those of the units it lies in now and would lie in.
    """
    if now is None or not paths[1].startswith(paths[0]):
        return True
    longer = now.until_on is not None and (wanted.until_on is None or wanted.until_on > now.until_on)
    return longer or (now.own and not wanted.own)


async def held(staff_id: int, unit_id: int, role: Role) -> Terms | None:
    """The post as it holds today."""
    row = await db.fetchrow(
        "select p.id, p.rank, p.own, p.until_on from post p where p.staff_id = $1 and p.unit_id = $2"  # noqa: S608
        f" and p.role = $3 and {holds()}",
        staff_id,
        unit_id,
        role,
    )
    if row is None:
        return None
    return Terms(staff_id, unit_id, role, row["rank"], row["own"], None, row["until_on"], row["id"])


async def needs_another(wanted: Terms, by: Actor) -> bool:
    """Whether giving it waits for another person. The house itself (a command on the server, the clock) asks nobody."""
    if by.kind is ActorKind.SYSTEM:
        return False
    unit = (await queries.tree()).unit(wanted.unit_id)
    if not guarded(wanted.role, unit, own=wanted.own):
        return False
    return widens(await held(wanted.staff_id, wanted.unit_id, wanted.role), wanted)


async def ask(wanted: Terms, kind: How, why: str, *, by: Actor) -> int:
    """Have the post wait for somebody else's word; asked for anew, the newer terms wait. The id of the row.

    Raises:
        Refused: the person waits for another of the three administrators' posts already.
    """
    if wanted.role in APART:
        other = await db.fetchval(
            "select role from post_asked where staff_id = $1 and state = 'waiting' and role = any($2::text[]) limit 1",
            wanted.staff_id,
            sorted(str(role) for role in APART - {wanted.role}),
        )
        if other is not None:
            raise Refused(f"此人的{LABELS[Role(other)]}岗位正在等待确认，不能再担任{LABELS[wanted.role]}")
    now = clock.now()
    expires = now + timedelta(days=await number(DAYS))
    async with db.transaction():
        asked: int = await db.fetchval(
            "insert into post_asked (kind, staff_id, unit_id, role, rank, own, from_on, until_on, post_id, why, asked_by,"
            " asked_name, asked_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
            " on conflict (staff_id, unit_id, role) where state = 'waiting' do update set kind = $1, rank = $5, own = $6,"
            " from_on = $7, until_on = $8, post_id = $9, why = $10, asked_by = $11, asked_name = $12, asked_at = $13,"
            " expires_at = $14 returning id",
            kind,
            wanted.staff_id,
            wanted.unit_id,
            wanted.role,
            wanted.rank,
            wanted.own,
            wanted.from_on,
            wanted.until_on,
            wanted.post_id,
            why,
            by.staff_id,
            by.name,
            now,
            expires,
        )
        await schedule(Ask(expires, EXPIRES, asked, int(expires.timestamp())))
        await audit.record(
            by,
            "staff.ask_post",
            "staff",
            wanted.staff_id,
            unit=wanted.unit_id,
            role=wanted.role,
            kind=kind,
            reason=why,
            until=wanted.until_on,
        )
        await announce(PostAsked(asked_id=asked))
    return asked


async def forget_merge(unit_id: int, *, by: Actor) -> None:
    """A unit stands for itself again: what its people were to have in its successor is not wanted any more."""
    rows = await db.fetch(
        "update post_asked set state = 'withdrawn', decided_name = $2, decided_at = $3, decided_why = '机构已恢复独立'"
        " where kind = 'merge' and state = 'waiting' and post_id in (select id from post where unit_id = $1)"
        " returning staff_id, unit_id, role",
        unit_id,
        by.name,
        clock.now(),
    )
    for row in rows:
        await audit.record(
            by,
            "staff.return_post",
            "staff",
            row["staff_id"],
            unit=row["unit_id"],
            role=row["role"],
            reason="机构已恢复独立",
        )
