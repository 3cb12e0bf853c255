"""Alice of the eastern cardiology, Bob of the western one, Carol of the centre: who sees which patient and visit."""

from datetime import date

import orjson
import pytest

from core import db
from core.actor import Actor, ActorKind, Door, system
from core.errors import Forbidden, Invalid, NotFound
from patients import actions, queries
from patients.queries import Search
from patients.rows import Contact, PatientFile, Revealed, VisitKind, VisitRow
from tests.patients.cast import Ward

EAST = PatientFile(
    id=0,
    number="P-east",
    name="张测试",
    gender="女",
    born_on=date(1990, 1, 1),
    phone="138****0001",
    id_number="990000********0025",
    address="示范市东示区****",
    wechat_following=False,
    deceased=False,
)


async def seen(ward: Ward, name: str, key: str) -> list[str]:
    """The visits of a patient that this person sees, by short name."""
    short = {number: key for key, number in ward.visit.items()}
    by = await ward.house.actor(name)
    return [short[row.id] for row in await queries.visits(ward.patient[key], by)]


@pytest.mark.parametrize(
    ("who", "key", "expected"),
    [
        ("alice", "east", ["east_2", "east_1"]),
        ("alice", "west", []),
        ("alice", "both", ["both_e"]),
        ("bob", "east", []),
        ("bob", "west", ["west_1"]),
        ("bob", "both", []),  # their surgery is not Bob's cardiology
        ("west_vp", "both", ["both_w"]),
        ("carol", "both", ["both_w", "both_e"]),
    ],
)
async def test_visits_are_seen_by_whose_unit_they_lie_in(
    ward: Ward, who: str, key: str, expected: list[str]
) -> None:
    assert await seen(ward, who, key) == expected
    by = await ward.house.actor(who)
    if expected:
        assert (await queries.get(ward.patient[key], by)).id == ward.patient[key]
    else:
        with pytest.raises(NotFound):
            await queries.get(ward.patient[key], by)


async def test_bob_finds_by_no_way_what_alice_finds_by_every_way(ward: Ward) -> None:
    alice, bob = await ward.house.actor("alice"), await ward.house.actor("bob")
    wanted = [ward.visit["east_2"], ward.visit["east_1"]]
    for text in ("13800000001", "+86 138 0000 0001", "990000199001010025", "P-east"):
        assert [row.id for row in (await queries.search(Search(text), alice)).rows] == wanted
        assert (await queries.search(Search(text), bob)).rows == ()
    assert [row.id for row in (await queries.search(Search("ZY001"), alice)).rows] == [ward.visit["east_2"]]
    assert (await queries.search(Search("ZY001"), bob)).rows == ()
    assert (await queries.visit(ward.visit["east_2"], alice)).number == "ZY001"
    with pytest.raises(NotFound):
        await queries.visit(ward.visit["east_2"], bob)


async def test_a_patient_without_visits_is_the_centres_alone(ward: Ward) -> None:
    carol = await ward.house.actor("carol")
    assert (await queries.get(ward.patient["nowhere"], carol)).name == "李试乙"
    with pytest.raises(NotFound):
        await queries.get(ward.patient["nowhere"], await ward.house.actor("alice"))
    with pytest.raises(NotFound):
        await queries.get(999_999, carol)


async def test_administrators_and_strangers_may_not_read_patients_at_all(ward: Ward) -> None:
    nobody = Actor(ActorKind.PLATFORM, None, "12345", Door.API)
    for by in (await ward.house.actor("admin"), await ward.house.actor("auditor"), nobody):
        for ask in (
            queries.get(ward.patient["east"], by),
            queries.visits(ward.patient["east"], by),
            queries.visit(ward.visit["east_1"], by),
            queries.search(Search("张"), by),
            queries.candidates(by=by, names=["张测试"]),
        ):
            with pytest.raises(Forbidden):
                await ask


async def test_a_file_and_a_visit_are_shown_whole_but_masked(ward: Ward) -> None:
    alice = await ward.house.actor("alice")
    found = await queries.get(ward.patient["east"], alice)
    assert found == PatientFile(
        id=ward.patient["east"],
        **{name: getattr(EAST, name) for name in EAST.__slots__ if name != "id"},
    )
    assert await queries.visit(ward.visit["east_2"], alice) == VisitRow(
        id=ward.visit["east_2"],
        patient_id=ward.patient["east"],
        patient_number="P-east",
        patient_name="张测试",
        phone="138****0001",
        id_hash=await db.fetchval("select id_hash from patient where number = 'P-east'"),
        kind=VisitKind.INPATIENT,
        number="ZY001",
        unit_id=ward.house.unit["east_cardiology"],
        unit="心血管内科",
        unit_names=("心血管内科", "心内科", "心脏内科"),
        campus="东院区",
        ward_id=ward.house.unit["east_ward"],
        ward="心内科一病区",
        bed="03床",
        start_on=date(2026, 11, 10),
        end_on=None,
        doctor="王测甲",
        nurse="",
        diagnosis="高血压病",
    )


async def test_a_look_at_the_full_values_needs_a_reason_and_leaves_a_line(ward: Ward) -> None:
    alice, patient = await ward.house.actor("alice"), ward.patient["east"]
    assert await actions.reveal(patient, " 回电核实身份 ", by=alice) == Revealed(
        "张测试", "13800000001", "990000199001010025", "示范市东示区测试街1号"
    )
    for reason in ("", " x ", "回电核实", "……………………", "一二三" * 70, "111111"):
        with pytest.raises(Invalid, match="请写明具体原因"):
            await actions.reveal(patient, reason, by=alice)
    with pytest.raises(NotFound):
        await actions.reveal(patient, "回电核实身份", by=await ward.house.actor("bob"))
    with pytest.raises(Forbidden):  # may read, may not look behind the mask
        await actions.reveal(ward.patient["both"], "回电核实身份", by=await ward.house.actor("west_vp"))
    rows = await db.fetch("select actor_name, subject_id, detail from audit where action = 'patient.reveal'")
    assert [(row["actor_name"], row["subject_id"], orjson.loads(row["detail"])) for row in rows] == [
        ("测试alice", patient, {"reason": "回电核实身份", "fields": ["姓名", "电话", "证件号", "住址"]})
    ]


async def test_following_and_leaving_the_service_account_is_noted(ward: Ward) -> None:
    await db.execute("update patient set wechat_openid = 'o-1' where id = $1", ward.patient["west"])
    await actions.note_following("o-1", following=True)
    await actions.note_following("o-stranger", following=True)
    assert await queries.contact(ward.patient["west"]) == Contact(
        ward.patient["west"], "张测试", "13800000002", "o-1", following=True, deceased=False
    )
    await actions.note_following("o-1", following=False)
    assert not (await queries.contact(ward.patient["west"])).following
    with pytest.raises(NotFound):
        await queries.contact(999_999)


async def test_the_house_itself_reaches_everything(ward: Ward) -> None:
    assert len(await queries.visits(ward.patient["both"], system())) == 2
    assert await queries.names(ward.patient.values()) == {
        ward.patient["east"]: "张测试",
        ward.patient["west"]: "张测试",
        ward.patient["both"]: "欧阳样甲",
        ward.patient["nowhere"]: "李试乙",
    }
