"""A small hospital and its people, for the stories: one group, two campuses, departments, a cast with phones."""

from typing import Final

from core import clock, db
from core.crypto import search_hash
from core.parameters import Parameter
from patients.models import Patient, Visit
from staff.login import second
from staff.login.password import hashed
from staff.models import Staff
from staff.roles import Role

PASSWORD: Final = "Story-1234"
HEART, CASH, BONES = 4, 5, 6

UNITS: Final = (
    (1, None, "/1/", "group", "测试医院集团"),
    (2, 1, "/1/2/", "campus", "东院区"),
    (3, 1, "/1/3/", "campus", "西院区"),
    (HEART, 2, "/1/2/4/", "department", "心血管内科"),
    (CASH, 2, "/1/2/5/", "department", "收费处"),
    (BONES, 3, "/1/3/6/", "department", "骨科"),
)
PEOPLE: Final = (
    ("liaison", "测试联络人甲", HEART, Role.LIAISON, 1),
    ("deputy", "测试联络人乙", HEART, Role.LIAISON, 2),
    ("head", "测试主任甲", HEART, Role.DEPARTMENT_HEAD, 1),
    ("cashier", "测试收费员", CASH, Role.LIAISON, 1),
    ("bones", "测试骨科联络人", BONES, Role.LIAISON, 1),
    ("surgeon", "测试骨科主任", BONES, Role.DEPARTMENT_HEAD, 1),
    ("centre", "测试客服甲", 1, Role.CENTRE_STAFF, 1),
    ("second", "测试客服乙", 1, Role.CENTRE_STAFF, 2),
    ("chief", "测试中心主任", 1, Role.CENTRE_HEAD, 1),
    ("vice", "测试副院长", 2, Role.VICE_PRESIDENT, 1),
    ("admin", "测试管理员", 1, Role.ADMINISTRATOR, 1),
)
FOLLOWER: Final = ("o-story-01", "张测试", "13800000001")
"""Follows the service account and was at the heart clinic."""
STRANGER: Final = ("o-story-02", "李测试", "13800000002")
"""A patient who does not follow it."""


async def move_in() -> None:
    """Write the hospital into an empty database; everybody signs in with PASSWORD."""
    secret = await hashed(PASSWORD)
    await set_parameter(second.REQUIRED, second.OFF)
    for unit in UNITS:
        await db.execute(
            "insert into org_unit (id, parent_id, path, kind, name) values ($1, $2, $3, $4, $5)", *unit
        )
    for at, (number, name, unit_id, role, rank) in enumerate(PEOPLE):
        phone = phone_of(at)
        person = await Staff.create(
            number=number,
            name=name,
            wecom_userid=number,
            password_hash=secret,
            phone=phone,
            phone_hash=search_hash(phone),
        )
        await db.execute(
            "insert into post (staff_id, unit_id, role, rank) values ($1, $2, $3, $4)",
            person.id,
            unit_id,
            role,
            rank,
        )
    for at, (openid, name, phone) in enumerate((FOLLOWER, STRANGER)):
        patient = await Patient.create(
            number=f"99{at:06d}",
            name=name,
            phone=phone,
            phone_hash=search_hash(phone),
            wechat_openid=openid if openid == FOLLOWER[0] else None,
            wechat_following=openid == FOLLOWER[0],
        )
        await Visit.create(
            patient_id=patient.id, kind="outpatient", number=f"M{at}", unit_id=HEART, start_on=clock.today()
        )


def phone_of(at: int) -> str:
    """The phone number of the person at this place of PEOPLE."""
    return f"199000{at:05d}"


def phones() -> dict[str, object]:
    """The body of the sandbox's `POST /control/cast`."""
    return {
        "wecom": [
            {"userid": number, "name": name, "role": str(role), "phone": phone_of(at)}
            for at, (number, name, _, role, _) in enumerate(PEOPLE)
        ],
        "patients": [
            {"openid": openid, "name": name, "phone": phone, "following": openid == FOLLOWER[0]}
            for openid, name, phone in (FOLLOWER, STRANGER)
        ],
        "replace": True,
    }


async def set_parameter(parameter: Parameter, value: object) -> None:
    """Give a parameter another value, before the programs start."""
    await db.execute(
        "insert into parameter (name, value) values ($1, $2) on conflict (name) do update set value = $2",
        parameter.name,
        str(value),
    )
