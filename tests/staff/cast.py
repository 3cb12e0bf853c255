"""The cast of the tests about people: a small group with two campuses, and who works there."""

from dataclasses import dataclass

from core import clock, db
from core.actor import Actor, Door
from staff import actors
from staff.queries import forget_tree
from staff.roles import Role


@dataclass(frozen=True)
class House:
    """Ids of the units and people by a short name."""

    unit: dict[str, int]
    staff: dict[str, int]

    async def actor(self, name: str, door: Door = Door.WEB) -> Actor:
        """The person as they act now."""
        return await actors.actor_of(self.staff[name], door)


UNITS = (  # short name, parent, kind, name, short name on screens, aliases
    ("group", "", "group", "示范医院集团", "集团", ()),
    ("east", "group", "campus", "示范医院东院区", "东院区", ("东院",)),
    ("west", "group", "campus", "示范医院西院区", "西院区", ("西院",)),
    ("centre", "group", "department", "病人服务中心", "", ("投诉办",)),
    ("east_cardiology", "east", "department", "心血管内科", "心内科", ("心脏内科",)),
    ("east_ward", "east_cardiology", "ward", "心内科一病区", "", ()),
    ("west_cardiology", "west", "department", "心血管内科", "心内科", ()),
    ("west_surgery", "west", "department", "普外科", "", ("外一科",)),
)
POSTS = (  # person, unit, role, rank
    ("alice", "east_cardiology", Role.LIAISON, 1),
    ("dora", "east_cardiology", Role.LIAISON, 2),
    ("head", "east_cardiology", Role.DEPARTMENT_HEAD, 1),
    ("bob", "west_cardiology", Role.LIAISON, 1),
    ("west_vp", "west", Role.VICE_PRESIDENT, 1),
    ("carol", "group", Role.CENTRE_STAFF, 1),
    ("admin", "group", Role.ADMINISTRATOR, 1),
    ("keeper", "group", Role.SECURITY, 1),
    ("auditor", "group", Role.AUDITOR, 1),
)


async def build() -> House:
    """Write the cast into the open database; captcha and second factor are asked for only where a test says so."""
    await db.execute(
        "insert into parameter (name, value) values ('login.captcha_after', '10'), ('login.second_factor', 'off')"
        " on conflict (name) do nothing"
    )
    unit: dict[str, int] = {}
    paths: dict[str, str] = {"": "/"}
    for key, parent, kind, name, short, aliases in UNITS:
        unit[key] = await db.fetchval(
            "insert into org_unit (parent_id, path, kind, name, short_name) values ($1, $2, $3, $4, $5) returning id",
            unit.get(parent),
            f"new {key}",
            kind,
            name,
            short,
        )
        paths[key] = f"{paths[parent]}{unit[key]}/"
        await db.execute("update org_unit set path = $2 where id = $1", unit[key], paths[key])
        for alias in aliases:
            await db.execute("insert into org_name (unit_id, name) values ($1, $2)", unit[key], alias)
    staff: dict[str, int] = {}
    for name, place, role, rank in POSTS:
        staff[name] = await db.fetchval(
            "insert into staff (number, name, wecom_userid, created_at) values ($1, $2, $3, $4) returning id",
            name,
            f"测试{name}",
            f"wx_{name}",
            clock.now(),
        )
        await db.execute(
            "insert into post (staff_id, unit_id, role, rank) values ($1, $2, $3, $4)",
            staff[name],
            unit[place],
            role,
            rank,
        )
    await forget_tree()
    return House(unit, staff)
