"""Who walks: of each role one person near cardiology and one in orthopaedics; somebody without a post. No test here.

Near means that the post reaches cardiology (unit 4), to which everything belongs that is looked at; far posts lie
in orthopaedics (unit 6) alone.
"""

from dataclasses import dataclass

from core import db
from core.actor import Actor, Door, Permission
from staff.actors import actor_of
from staff.queries import forget_tree
from staff.roles import ROLES, Role
from tests.tickets.conftest import UNITS

HERE, THERE, WHOLE = 4, 6, 1
IN_DEPARTMENTS = {Role.LIAISON, Role.DEPARTMENT_HEAD, Role.CLINICIAN, Role.VICE_PRESIDENT}
IDLE = "idle"


@dataclass(frozen=True)
class Person:
    """Somebody who walks."""

    key: str
    role: Role | None
    near: bool
    id: int

    @property
    def holds(self) -> frozenset[str]:
        """What they may do somewhere, as the role says."""
        return frozenset(ROLES[self.role]) if self.role is not None else frozenset()

    def reaches(self, *permissions: str) -> bool:
        """Whether they hold one of these for cardiology."""
        return self.near and not self.holds.isdisjoint(permissions)

    async def actor(self, door: Door = Door.WEB) -> Actor:
        """As they act now."""
        return await actor_of(self.id, door)


def far(role: Role) -> str:
    """The name of the one in orthopaedics."""
    return f"{role}@far"


async def settle_in() -> dict[str, Person]:
    """Write the small hospital with all who walk; by name: the role, the role with "@far", "idle"."""
    for unit in UNITS:
        await db.execute(
            "insert into org_unit (id, parent_id, path, kind, name) values ($1, $2, $3, $4, $5)", *unit
        )
    await forget_tree()
    found = {}
    for role in Role:
        near = HERE if role in IN_DEPARTMENTS else WHOLE
        found[role.value] = await _person(role.value, role, near)
        found[far(role)] = await _person(far(role), role, THERE)
    found[IDLE] = await _person(IDLE, None, None)
    return found


async def _person(key: str, role: Role | None, unit: int | None) -> Person:
    number: int = await db.fetchval(
        "insert into staff (number, name, wecom_userid) values ($1, $2, $1) returning id", key, f"测试{key}"
    )
    if role is not None:
        await db.execute("insert into post (staff_id, unit_id, role) values ($1, $2, $3)", number, unit, role)
    return Person(key, role, unit not in (THERE, None), number)


def permissions(words: str) -> frozenset[str]:
    """The permissions named in a line of a table; a word that is none is a mistake in the table."""
    return frozenset(Permission(word) for word in words.split())
