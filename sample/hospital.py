"""Writes the sample hospital into an empty database: units, people, patients, visits, holidays; synthetic throughout.

Never touches a database in which anybody works already.
"""

import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from core import audit, clock, crypto, db, parameters
from core.actor import Door, system
from core.errors import Refused
from sample import patients as invented
from sample.patients import InventedPatient, InventedVisit
from sample.people import Worker, workers
from sample.units import CENTRE, DEPTS, GROUP, SITES
from staff import queries, working_days
from staff.login import second
from staff.login.password import hashed
from staff.roles import Role

PASSWORD_VARIABLE = "HUIYIN_SAMPLE_PASSWORD"  # noqa: S105 - the name of a variable
YEARS = (2024, 2025, 2026, 2027)  # those not published yet are left out
Progress = Callable[[str], Awaitable[None]]


async def quiet(_: str) -> None:
    """Progress that nobody looks at."""


async def is_empty() -> bool:
    """Whether nobody works here yet."""
    return not await db.fetchval("select exists (select 1 from staff) or exists (select 1 from org_unit)")


async def seed(progress: Progress = quiet, *, password: str = "") -> None:
    """Fill an empty database; all or nothing.

    Args:
        progress: told in Chinese what is being done.
        password: the one password of all sample log-ins; from HUIYIN_SAMPLE_PASSWORD when empty.

    Raises:
        Refused: the database is not empty, or there is no password.
    """
    word = password or os.environ.get(PASSWORD_VARIABLE, "")
    if not word:
        raise Refused(f"示例账号需要密码：请设置环境变量 {PASSWORD_VARIABLE}")
    by = system("示例数据", Door.COMMAND)
    stored = await hashed(word)  # one hash for all: two hundred of them would take a quarter of a minute
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('sample.seed'))")
        if not await is_empty():
            raise Refused("数据库中已有职工或科室，示例数据只写入空数据库")
        await progress("院区、科室与病区")
        units = await _units()
        await progress("职工与岗位")
        people = workers()
        await _people(people, units, stored)
        await progress("患者与就诊记录")
        patients = invented.patients(clock.today())
        await _patients(patients)
        await _visits(invented.visits(patients, clock.today(), _doctors(people)), units)
        await progress("节假日")
        await working_days.seed(YEARS, by=by)
        await parameters.change(second.REQUIRED.name, second.OFF, by=by)  # a newcomer has no code to scan yet
        await audit.record(by, "sample.seed", "sample", None, staff=len(people), patients=len(patients))
        await queries.forget_tree()
    await db.execute("analyze org_unit, staff, post, patient, visit")


async def _units() -> dict[str, int]:
    """Write the tree; ids by key: "" the group, "benbu" the main campus, "xinnei", and "xinnei/0" its first ward."""
    rows: list[tuple[int, int | None, str, str, str, str]] = []
    ids: dict[str, int] = {}
    paths: dict[str, str] = {}
    aliases: list[tuple[int, str]] = []

    def add(key: str, parent: str | None, kind: str, name: str, short: str, others: Iterable[str]) -> None:
        ids[key] = number = len(rows) + 1
        paths[key] = f"{paths[parent] if parent is not None else '/'}{number}/"
        rows.append((number, None if parent is None else ids[parent], paths[key], kind, name, short))
        aliases.extend((number, other) for other in others)

    add("", None, "group", GROUP, "集团", ())
    for site in SITES:
        add(site.code or "benbu", "", site.kind, site.name, site.short, site.aliases)
    add(CENTRE.key, "", "department", CENTRE.name, CENTRE.short, CENTRE.aliases)
    for dept in DEPTS:
        add(dept.key, dept.site or "benbu", "department", dept.name, dept.short, dept.aliases)
        for at, ward in enumerate(dept.wards):
            add(f"{dept.key}/{at}", dept.key, "ward", ward, "", ())
    await _copy("org_unit", ("id", "parent_id", "path", "kind", "name", "short_name"), rows)
    await _copy("org_name", ("unit_id", "name"), aliases)
    await _next_id("org_unit")
    return ids


async def _people(people: list[Worker], units: dict[str, int], stored: str) -> None:
    ring = crypto.key_ring()
    await _copy(
        "staff",
        ("id", "number", "name", "title", "phone", "phone_hash", "wecom_userid", "password_hash"),
        [
            (
                at,
                one.number,
                one.name,
                one.title,
                ring.encrypt(one.phone, "staff.phone"),
                crypto.search_hash(one.phone),
                one.number if one.chats else None,
                stored,
            )
            for at, one in enumerate(people, start=1)
        ],
    )
    await _copy(
        "post",
        ("staff_id", "unit_id", "role", "rank"),
        [
            (at, units[unit], role.value, rank)
            for at, one in enumerate(people, start=1)
            for unit, role, rank in one.posts
        ],
    )
    await _next_id("staff")


def _doctors(people: list[Worker]) -> dict[str, tuple[str, ...]]:
    """Names by department key: its head and clinician, and its first nurse last."""
    order = (Role.DEPARTMENT_HEAD, Role.CLINICIAN, Role.LIAISON)
    held = {(unit, role, rank): one.name for one in people for unit, role, rank in one.posts}
    return {dept.key: tuple(held[dept.key, role, 1] for role in order) for dept in DEPTS if dept.clinical}


async def _patients(patients: list[InventedPatient]) -> None:
    ring = crypto.key_ring()
    columns = "id number name gender born_on phone phone_hash id_number id_hash address wechat_openid wechat_following"
    await _copy(
        "patient",
        (*columns.split(), "deceased"),
        [
            (
                one.id,
                one.number,
                one.name,
                one.gender,
                one.born,
                ring.encrypt(one.phone, "patient.phone"),
                crypto.search_hash(one.phone),
                ring.encrypt(one.id_number, "patient.id_number"),
                crypto.search_hash(one.id_number),
                ring.encrypt(one.address, "patient.address"),
                one.openid or None,
                one.following,
                one.deceased,
            )
            for one in patients
        ],
    )
    await _next_id("patient")


async def _visits(visits: Iterable[InventedVisit], units: dict[str, int]) -> None:
    columns = "patient_id kind number unit_id ward_id bed start_on end_on doctor nurse diagnosis state"
    await _copy(
        "visit",
        tuple(columns.split()),
        [
            (
                one.patient_id,
                one.kind,
                one.number,
                units[one.dept.key],
                None if one.ward is None else units[f"{one.dept.key}/{one.ward}"],
                one.bed,
                one.start,
                one.end,
                one.doctor,
                one.nurse,
                one.diagnosis,
                "open" if one.end is None else "closed",
            )
            for one in visits
        ],
    )


async def _copy(table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
    async with db.connection() as raw:
        await raw.copy_records_to_table(table, columns=columns, records=rows)


async def _next_id(table: str) -> None:
    """Have the identity column go on behind the ids that were given."""
    await db.execute(
        f"select setval(pg_get_serial_sequence('{table}', 'id'), (select max(id) from {table}))"  # noqa: S608
    )
