"""A small hospital for the tests of cases and tickets: one group, two campuses, three departments, a cast."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest_asyncio

from core import clock, db
from core.actor import Actor, Door
from staff.actors import actor_of
from staff.roles import Role
from tickets.orders import Order
from wiring import wire


@dataclass
class Cast:
    """Who plays: actors by name, units by name."""

    people: dict[str, Actor] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Actor:
        return self.people[name]


UNITS = (
    (1, None, "/1/", "group", "测试医院集团"),
    (2, 1, "/1/2/", "campus", "东院区"),
    (3, 1, "/1/3/", "campus", "西院区"),
    (4, 2, "/1/2/4/", "department", "心血管内科"),
    (5, 2, "/1/2/5/", "department", "收费处"),
    (6, 3, "/1/3/6/", "department", "骨科"),
)
PEOPLE = (
    ("liaison", "测试联络人甲", 4, Role.LIAISON, 1),
    ("deputy", "测试联络人乙", 4, Role.LIAISON, 2),
    ("head", "测试主任甲", 4, Role.DEPARTMENT_HEAD, 1),
    ("cashier", "测试收费员", 5, Role.LIAISON, 1),
    ("bones", "测试骨科联络人", 6, Role.LIAISON, 1),
    ("centre", "测试客服甲", 1, Role.CENTRE_STAFF, 1),
    ("second", "测试客服乙", 1, Role.CENTRE_STAFF, 1),
    ("chief", "测试中心主任", 1, Role.CENTRE_HEAD, 1),
    ("vice", "测试副院长", 2, Role.VICE_PRESIDENT, 1),
    ("admin", "测试管理员", 1, Role.ADMINISTRATOR, 1),
)


@pytest_asyncio.fixture
async def cast(database: object) -> Cast:
    """The hospital and its people, in a fresh database."""
    wire()
    found = Cast()
    for number, parent, path, kind, name in UNITS:
        await db.execute(
            "insert into org_unit (id, parent_id, path, kind, name) values ($1, $2, $3, $4, $5)",
            number,
            parent,
            path,
            kind,
            name,
        )
        found.units[name] = number
    for key, name, unit, role, rank in PEOPLE:
        staff_id = await db.fetchval(
            "insert into staff (number, name, wecom_userid) values ($1, $2, $1) returning id", key, name
        )
        await db.execute(
            "insert into post (staff_id, unit_id, role, rank) values ($1, $2, $3, $4)",
            staff_id,
            unit,
            role,
            rank,
        )
        found.people[key] = await actor_of(staff_id, Door.WEB)
    return found


def order(number: str = "GZ-1", **more: object) -> Order:
    """A complaint about the cardiology clinic, with whatever is said otherwise."""
    given: dict[str, object] = {
        "order_no": number,
        "title": "心内科门诊排队过久",
        "content": "本人昨日在东院区心血管内科门诊就诊，排队三小时仍未看上病，要求说明原因并改进。",
        "appeal_type": "投诉",
        "caller_name": "测试甲",
        "caller_phone": "13800000001",
        "departments": ["心血管内科"],
        "campus": "东院区",
        **more,
    }
    return Order.model_validate(given)


Until = Callable[[], Awaitable[None]]


def at(text: str) -> datetime:
    """An instant on the hospital's wall clock: "2026-03-02 09:00"."""
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=clock.SHANGHAI)
