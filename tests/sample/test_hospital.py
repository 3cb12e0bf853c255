"""The sample hospital: whole, synthetic, the same every time, and never written over anything."""

import asyncio
import re

import pytest

from core import clock, crypto, db
from core.errors import Refused
from core.identity import parse_id
from sample import is_empty, seed
from sample.cast import cast
from sample.logins import LOGINS, table
from sample.patients import patients
from sample.texts import TEXTS
from sample.units import CENTRE, DEPTS
from staff import entering, queries, working_days
from staff.roles import Role

WORD = "Sample#2026"


@pytest.fixture
async def hospital(database: str) -> None:
    """The seeded database."""
    await seed(password=WORD)


async def count(what: str) -> int:
    number: int = await db.fetchval(f"select count(*) from {what}")  # noqa: S608
    return number


async def test_it_has_the_size_that_was_asked_for(hospital: None) -> None:
    kinds = await db.fetch("select kind, count(*) from org_unit group by kind order by kind")
    sizes = {row["kind"]: row["count"] for row in kinds}
    assert sizes == {"campus": 4, "clinic": 3, "department": 50, "group": 1, "ward": 14}
    assert [await count(name) for name in ("staff", "patient", "visit")] == [216, 5_000, 20_000]
    assert (await working_days.calendar()).published_years == {2024, 2025, 2026}


async def test_every_department_has_liaison_deputy_and_head_and_every_ward_finds_them(hospital: None) -> None:
    tree = await queries.tree()
    short = [
        unit.name
        for unit in tree.below()
        if unit.kind in ("department", "ward")
        and not (
            len(await queries.holders(unit.id, Role.LIAISON)) >= (1 if unit.kind == "ward" else 2)
            and await queries.holders(unit.id, Role.DEPARTMENT_HEAD)
            and await queries.holders(unit.id, Role.VICE_PRESIDENT)
        )
    ]
    assert short == []


async def test_every_log_in_of_the_table_works_and_holds_its_role(hospital: None) -> None:
    for login in LOGINS:
        given = {"number": login.number, "password": WORD}
        entered = await entering.sign_in(given, address="127.0.0.1", agent="a test")
        assert isinstance(entered, entering.SignedIn)
        assert entered.actor.id is not None
        assert login.role in {post.role for post in await queries.posts(entered.actor.id)}
    assert all(login.number in table(WORD) and login.look_at in table(WORD) for login in LOGINS)
    assert {login.role for login in LOGINS} == set(Role)


async def test_nobody_in_it_can_be_real(hospital: None) -> None:
    names = await db.fetch("select name from patient union all select name from staff")
    assert [row["name"] for row in names if not set(row["name"]) & set("测试样例")] == []
    ring = crypto.key_ring()
    rows = await db.fetch("select id_number, phone from patient order by id limit 300")
    ids = [ring.decrypt(row["id_number"], "patient.id_number") for row in rows]
    assert all(text.startswith("99") and parse_id(text) for text in ids)
    phones = [ring.decrypt(row["phone"], "patient.phone") for row in rows]
    assert [phone for phone in phones if not re.fullmatch(r"(138|199)000\d{5}", phone)] == []


async def test_visits_suit_the_people_and_the_units(hospital: None) -> None:
    strange = await db.fetchval(
        "select count(*) from visit v join patient p on p.id = v.patient_id join org_unit u on u.id = v.unit_id"
        " where (u.name in ('妇科', '产科') and p.gender <> '女') or (u.name = '儿科' and p.born_on < $1 and p.id > 12)"
        " or v.start_on > $2 or v.end_on > $2 or (v.kind = 'inpatient') <> (v.bed <> '')",
        clock.today().replace(year=clock.today().year - 15, day=1),
        clock.today(),
    )
    assert strange == 0
    assert await count("visit where kind = 'inpatient' and end_on is null") > 50  # in hospital today
    assert await count("visit v join org_unit w on w.id = v.ward_id where w.parent_id <> v.unit_id") == 0


async def test_new_rows_go_on_behind_the_sample(hospital: None) -> None:
    unit = await db.fetchval(
        "insert into org_unit (parent_id, path, kind, name) values (1, '/1/0/', 'department', '新科') returning id"
    )
    assert unit == 73


async def test_departments_as_hotlines_write_them_are_found(hospital: None) -> None:
    tree = await queries.tree()
    written = {
        "心血管内科门诊": "心血管内科",
        "急诊科": "急诊科",
        "医保办": "医疗保险办公室",
        "病案室": "病案管理科",
        "骨科病区": "骨科",
        "总务科": "后勤保障部",
        "产科病区": "产科病区",
        "皮肤科门诊": "皮肤科",
        "影像中心": "医学影像科",
        "儿科门诊": "儿科",
        "门诊药房": "药学部",
        "预防保健科": "预防保健科",
        "患者服务中心": "病人服务中心",
    }
    found = {name: unit.name if (unit := tree.find(name)) else "" for name in written}
    assert found == written


async def test_the_invented_orders_name_departments_by_names_that_lead_to_them(hospital: None) -> None:
    tree = await queries.tree()
    astray = []
    for story in TEXTS:
        unit = tree.find(story.department, story.campus)
        named = {found.name for found in tree.line(unit.id)} if unit else set()
        key, _, ward = story.unit.partition("/")
        dept = next((dept for dept in (*DEPTS, CENTRE) if dept.key == key), CENTRE)
        if (dept.wards[int(ward)] if ward else dept.name) not in named:
            astray.append(f"{story.campus} {story.department}")
    assert astray == []


async def test_a_database_in_which_somebody_works_is_left_alone(hospital: None) -> None:
    assert not await is_empty()
    with pytest.raises(Refused, match="只写入空数据库"):
        await seed(password=WORD)
    assert await count("staff") == 216


async def test_two_seeds_at_once_leave_one_hospital(database: str) -> None:
    answers = await asyncio.gather(seed(password=WORD), seed(password=WORD), return_exceptions=True)
    assert sorted(type(answer).__name__ for answer in answers) == ["NoneType", "Refused"]
    assert await count("staff") == 216


async def test_without_a_password_nothing_is_written(database: str) -> None:
    with pytest.raises(Refused, match="HUIYIN_SAMPLE_PASSWORD"):
        await seed()
    assert await is_empty()


async def test_the_cast_of_the_sandbox_are_the_people_of_the_hospital(hospital: None) -> None:
    members, people = cast()["wecom"], cast()["patients"]
    assert [member["userid"] for member in members[:3]] == ["zhongxin", "zhongxinzr", "xinnei"]
    rows = await db.fetch("select wecom_userid, name from staff where wecom_userid is not null")
    assert {(row["wecom_userid"], row["name"]) for row in rows} == {(m["userid"], m["name"]) for m in members}
    rows = await db.fetch(
        "select wechat_openid, name, wechat_following from patient where wechat_openid is not null"
    )
    assert {tuple(row) for row in rows} == {(one["openid"], one["name"], one["following"]) for one in people}
    assert members[2]["department"] == "本部 心内科"


def test_it_is_invented_the_same_every_time() -> None:
    today = clock.today()
    assert patients(today) == patients(today)
    assert len({dept.key for dept in DEPTS}) == len(DEPTS)
