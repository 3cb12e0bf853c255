"""Linking visits: a person decides, every decision is told and can be changed, and the patient's file shows the case."""

from dataclasses import dataclass
from datetime import date

import orjson
import pytest
import pytest_asyncio

from core import clock, crypto, db
from core.errors import Forbidden, NotFound, Refused
from tests.tickets.conftest import Cast
from tests.tickets.test_road import opened
from tickets import linking, proposing
from tickets.models import Case
from tickets.queries import case_page
from tickets.states import CaseState


@dataclass(frozen=True)
class Desk:
    """A case about cardiology, the visit it is about, and two others: one of the same person, one in the west."""

    cast: Cast
    case: Case
    patient: int
    visit: int
    other: int
    west: int


@pytest_asyncio.fixture
async def desk(cast: Cast) -> Desk:
    patients = [await admit(name, phone) for name, phone in (("测试甲", "13800000001"), ("测试乙", ""))]
    visit = await visited(patients[0], 4, date(2026, 3, 1), "MZ1")
    other = await visited(patients[0], 4, date(2025, 6, 1), "MZ2")
    west = await visited(patients[1], 6, date(2026, 3, 1), "MZ3")
    case, _ = await opened()
    await proposing.propose(case)
    return Desk(cast, case, patients[0], visit, other, west)


async def admit(name: str, phone: str) -> int:
    number: int = await db.fetchval(
        "insert into patient (number, name, phone, phone_hash) values ($1, $1, $2, $3) returning id",
        name,
        crypto.key_ring().encrypt(phone, "patient.phone") if phone else None,
        crypto.search_hash(phone) if phone else None,
    )
    return number


async def visited(patient: int, unit: int, day: date, number: str) -> int:
    made: int = await db.fetchval(
        "insert into visit (patient_id, kind, number, unit_id, start_on, end_on) values ($1, 'outpatient', $2, $3, $4, $4)"
        " returning id",
        patient,
        number,
        unit,
        day,
    )
    return made


async def states(desk: Desk) -> dict[int, tuple[str, str]]:
    rows = await db.fetch(
        "select visit_id, state, decided_by from visit_link where case_id = $1", desk.case.id
    )
    return {row["visit_id"]: (row["state"], row["decided_by"]) for row in rows}


async def test_a_confirmed_visit_brings_the_case_into_the_patients_file(desk: Desk) -> None:
    assert await case_page.of_patient(desk.patient, desk.cast.centre) == []
    await linking.confirm(desk.case.id, desk.visit, by=desk.cast.centre)
    assert (await states(desk))[desk.visit] == ("confirmed", "测试客服甲")
    shown = {
        name: [case.id for case in await case_page.of_patient(desk.patient, desk.cast.people[name])]
        for name in ("centre", "liaison")
    }
    assert shown == {"centre": [desk.case.id], "liaison": [desk.case.id]}
    with pytest.raises(NotFound):  # never seen in the west
        await case_page.of_patient(desk.patient, desk.cast.bones)


async def test_a_decision_can_be_changed_and_each_is_told_once(desk: Desk) -> None:
    for decide in (linking.confirm, linking.confirm, linking.reject):
        await decide(desk.case.id, desk.visit, by=desk.cast.centre)
    assert (await states(desk))[desk.visit] == ("rejected", "测试客服甲")
    told = await db.fetch(
        "select verb, actor_name, text from history where case_id = $1 and verb like '%link_visit' order by id",
        desk.case.id,
    )
    words = "测试甲 2026-03-01 门诊 心血管内科"
    assert [tuple(row) for row in told] == [
        ("link_visit", "测试客服甲", words),
        ("unlink_visit", "测试客服甲", words),
    ]
    audited = await db.fetch(
        "select action, detail from audit where action like 'case.%link_visit' order by id"
    )
    detail = {"visit": desk.visit, "patient": desk.patient}
    assert [(row["action"], orjson.loads(row["detail"])) for row in audited] == [
        ("case.link_visit", detail),
        ("case.unlink_visit", detail),
    ]
    assert await case_page.of_patient(desk.patient, desk.cast.centre) == []


async def test_a_visit_nobody_proposed_is_linked_by_hand(desk: Desk) -> None:
    assert desk.west not in await states(desk)
    with pytest.raises(NotFound, match="没有与本诉求关联"):
        await linking.confirm(desk.case.id, desk.west, by=desk.cast.centre)
    await linking.link(desk.case.id, desk.west, by=desk.cast.centre)
    seen = await case_page.open_case(desk.case.id, desk.cast.centre)
    link = next(
        entry for entry in await case_page.links(seen, desk.cast.centre) if entry.visit.id == desk.west
    )
    assert (link.state, link.points, link.reasons, link.decided_by) == (
        "confirmed",
        0,
        ("人工关联",),
        "测试客服甲",
    )


async def test_a_new_proposal_leaves_what_was_decided_alone(desk: Desk) -> None:
    await linking.reject(desk.case.id, desk.visit, by=desk.cast.centre)
    await proposing.propose(desk.case)
    assert (await states(desk))[desk.visit] == ("rejected", "测试客服甲")


async def test_a_department_reads_confirmed_visits_and_decides_none(desk: Desk) -> None:
    with pytest.raises(Forbidden):
        await linking.confirm(desk.case.id, desk.visit, by=desk.cast.liaison)
    with pytest.raises(NotFound):  # the visit lies out of reach
        await linking.confirm(desk.case.id, desk.visit, by=desk.cast.bones)
    seen = await case_page.open_case(desk.case.id, desk.cast.liaison)
    before = await case_page.links(seen, desk.cast.liaison)
    await linking.confirm(desk.case.id, desk.visit, by=desk.cast.centre)
    after = await case_page.links(seen, desk.cast.liaison)
    assert ([link.visit.id for link in before], [link.visit.id for link in after]) == ([], [desk.visit])


async def test_an_archived_case_is_decided(desk: Desk) -> None:
    await Case.filter(id=desk.case.id).update(state=CaseState.ARCHIVED, archived_at=clock.now())
    with pytest.raises(Refused, match="已归档"):
        await linking.confirm(desk.case.id, desk.visit, by=desk.cast.centre)
