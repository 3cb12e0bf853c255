"""Turns a member of staff into an Actor with the grants of their posts at this moment; decides nothing else."""

from collections.abc import Iterable

from core import clock, db
from core.actor import Actor, ActorKind, Door, Grant, own_path
from core.errors import Unauthenticated
from staff.roles import OF_ONES_OWN, ROLES, Role


async def actor_of(staff_id: int, door: Door, address: str = "") -> Actor:
    """The person as an actor.

    Raises:
        Unauthenticated: no such person, or their account is disabled or held.
    """
    row = await db.fetchrow(
        "select s.name, coalesce(array_agg(p.role) filter (where p.id is not null), '{}') as roles,"
        " coalesce(array_agg(case when p.own then '' when u.parent_id is null then '/' else u.path end)"
        " filter (where p.id is not null), '{}') as paths from staff s left join post p on p.staff_id = s.id"
        " and (p.until_on is null or p.until_on >= $2) left join org_unit u on u.id = p.unit_id"
        " where s.id = $1 and s.active and s.held_at is null group by s.id",
        staff_id,
        clock.today(),
    )
    if row is None:
        raise Unauthenticated("账号不存在、已停用或已冻结，请联系安全管理员")
    return Actor(
        kind=ActorKind.STAFF,
        id=staff_id,
        name=row["name"],
        door=door,
        grants=grants(staff_id, zip(row["roles"], row["paths"], strict=True)),
        address=address,
        roles=tuple(sorted(set(row["roles"]))),
    )


def grants(staff_id: int, held: Iterable[tuple[str, str]]) -> tuple[Grant, ...]:
    """The grants of posts given as (role, path), "" for one's own work only; each once, in a fixed order."""
    own = own_path(staff_id)
    return tuple(
        sorted(
            {
                Grant(permission, path or own)
                for role, path in held
                for permission in (ROLES[Role(role)] if path else ROLES[Role(role)] & OF_ONES_OWN)
            },
            key=lambda grant: (grant.path, grant.permission),
        )
    )
