"""Registering a petition: what the regulation asks of it, who it names, what was petitioned before, who is barred."""

import pytest
from pydantic import ValidationError

from core import db
from core.errors import Forbidden, Invalid, Refused
from tests.tickets.conftest import Cast
from tests.tickets.petition import PETITIONER_ID, letter, registered
from tickets.models import Case
from tickets.petitions import queries
from tickets.petitions.models import Petitioner
from tickets.petitions.registering import register, repeats
from tickets.petitions.registration import faults
from tickets.petitions.words import REPRESENTATIVES


def told(**more: object) -> list[tuple[str, str]]:
    with pytest.raises(ValidationError) as caught:
        letter(**more)
    return [(fault.field, fault.reason) for fault in faults(caught.value)]


def test_what_is_missing_is_told_beside_its_field() -> None:
    assert told(content="") == [("content", "不能少于 2 个字")]
    assert told(form="transferred") == [("transferred_by", "上级转交件须写明转送、交办机关")]
    assert told(name="") == [("name", "须写明信访人姓名；不愿署名的请选择匿名信访（第十九条）")]
    assert told(id_number="990101199001010010") == [("id_number", "不是有效的居民身份证号码，请核对")]
    assert told(phone="12") == [("phone", "不是电话号码，应为手机号或带区号的固定电话")]
    assert told(category="检举控告") == [
        ("accused", "检举控告类须写明被检举控告的人员或科室，以便对其保密（第三十条）")
    ]


def test_a_visit_of_many_has_five_representatives_at_most() -> None:
    people = "\n".join(f"测试代表{sign}" for sign in "甲乙丙丁")
    assert letter(form="visit", people=30, others=people).people == 30
    sixth = told(form="visit", people=30, others=f"{people}\n测试代表戊")
    assert sixth == [("others", "多人走访应当推选代表，代表不得超过 5 人，现填写了 6 人（第二十条）")]
    assert letter(people=30, others=f"{people}\n测试代表戊").people == 30  # a letter many have signed
    assert REPRESENTATIVES == 5


async def test_persons_are_kept_encrypted_and_shown_masked(cast: Cast) -> None:
    case = await registered(
        cast, id_number=PETITIONER_ID, people=2, others="测试乙 990101198501010010 19900000002"
    )
    found = await queries.people(case)
    assert [(line.name, line.id_number, line.phone, line.address) for line in found] == [
        ("测试甲", "990101********0019", "138****0001", "测试市测试区****"),
        ("测试乙", "990101********0010", "199****0002", ""),
    ]
    first = await Petitioner.get(case_id=case.id, place=0)
    assert (first.id_number, first.address) == (PETITIONER_ID, "测试市测试区测试路 2 号")
    raw = await db.fetch("select id_number, phone, address from petitioner where case_id = $1", case.id)
    plain = [PETITIONER_ID.encode(), b"13800000001", "测试路".encode()]
    assert [word for row in raw for value in row.values() for word in plain if word in (value or b"")] == []


async def test_the_same_person_or_words_are_told_and_the_same_draft_opens_one(cast: Cast) -> None:
    first = await registered(cast, id_number=PETITIONER_ID)
    again, fresh = await register(letter(id_number=PETITIONER_ID), "a1", by=cast.centre)
    assert (again.id, fresh) == (first.id, False)
    same_words = letter(name="测试乙", phone="", content=f"　{letter().content.replace('，', ', ')}")
    same_person = letter(id_number=PETITIONER_ID, phone="", content="本人另行反映停车收费问题。")
    same_phone = letter(content="本人反映电梯等候时间过长。")
    other = letter(name="测试丙", phone="19900000003", content="本人反映食堂饭菜价格。")
    found = [
        [(entry.case.id, entry.why) for entry in await repeats(form, cast.centre)]
        for form in (same_words, same_person, same_phone, other)
    ]
    assert found == [[(first.id, "内容相同")], [(first.id, "证件号码相同")], [(first.id, "联系电话相同")], []]
    assert await repeats(same_words, cast.bones) == []  # of the other campus: not theirs to know


async def test_an_accusation_is_secret_from_its_first_moment(cast: Cast) -> None:
    with pytest.raises(Refused, match="纪检监察"):  # somebody must be there to read it
        await registered(cast, category="检举控告", accused="测试主任甲")
    number = await db.fetchval("insert into staff (number, name) values ('jijian', '测试纪检') returning id")
    await db.execute(
        "insert into post (staff_id, unit_id, role, rank) values ($1, 1, 'discipline', 1)", number
    )
    case = await registered(
        cast,
        category="检举控告",
        content="反映某主任收受红包。",
        accused="测试主任甲",
        accused_units=["收费处"],
    )
    kept = await Case.get(id=case.id)
    assert (kept.secret, kept.barred_staff_ids, kept.barred_unit_ids) == (
        True,
        [cast.head.id],
        [cast.units["心血管内科"], cast.units["收费处"]],
    )
    plain = await registered(cast, draft="b2")
    assert (plain.secret, plain.barred_staff_ids) == (False, [])


async def test_an_accused_nobody_knows_is_told_and_nothing_is_opened(cast: Cast) -> None:
    form = letter(category="检举控告", accused="测试无名氏")
    with pytest.raises(Invalid, match="没有找到“测试无名氏”"):
        await register(form, "a1", by=cast.centre)
    with pytest.raises(Forbidden):
        await register(letter(), "a1", by=cast.liaison)
    assert await db.fetchval("select count(*) from cases") == 0


async def test_numbers_of_petitions_run_by_year(cast: Cast) -> None:
    for place, when in enumerate(("2026-03-02 09:00", "2026-12-30 09:00", "2027-01-04 09:00")):
        await registered(cast, when, draft=f"d{place}", phone="", content=f"第 {place} 件来信的内容。")
    rows = await db.fetch("select number from petition order by case_id")
    assert [row["number"] for row in rows] == ["信访〔2026〕1号", "信访〔2026〕2号", "信访〔2027〕1号"]
