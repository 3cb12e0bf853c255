"""What follows from a case by itself: it can be found, visits are proposed, a room is open, the ladder is climbed."""

import asyncio
import json
from datetime import date, timedelta

from core import clock, db
from core import jobs as core_jobs
from core.actor import Door, system
from core.crypto import search_hash
from core.due import DUE
from core.outbox import OUTBOX
from core.pump import drain
from core.search import query_tokens
from patients.models import Patient
from staff import working_days
from tests.tickets.conftest import Cast, at, order
from tests.tickets.test_road import do, opened
from tickets import reactions
from tickets.events import CaseReceived
from tickets.receiving import receive

PLATFORM = system("测试热线平台", Door.API)


async def settle() -> None:
    """Let every reaction run, and those they lead to; nothing may fail."""
    while await drain(OUTBOX):
        pass
    failed = await db.fetch("select reaction, error from outbox where error <> ''")
    assert [dict(row) for row in failed] == []


async def test_a_case_is_found_by_two_characters_of_its_text(cast: Cast) -> None:
    case, _ = await opened()
    await settle()
    lexemes = " & ".join(f"'{token}'" for token in query_tokens("排队"))
    found = await db.fetch("select case_id from case_search where tokens @@ $1::tsquery", lexemes)
    assert [row["case_id"] for row in found] == [case.id]


async def test_a_text_lies_where_its_case_lies_whichever_of_the_two_comes_last(cast: Cast) -> None:
    """A search looks only within the departments a person sees, so a text must never be left behind."""
    units = "select c.unit_ids as of_case, s.unit_ids as of_text from cases c join case_search s on s.case_id = c.id"
    case, _ = await opened()
    await settle()
    (row,) = await db.fetch(units)
    assert row["of_text"] == row["of_case"] != []
    await db.execute("update cases set unit_ids = '{1,2}' where id = $1", case.id)  # the case moves
    (row,) = await db.fetch(units)
    assert row["of_text"] == [1, 2]
    await db.execute("delete from case_search")
    moved, go = asyncio.Event(), asyncio.Event()

    async def move() -> None:
        async with db.transaction():
            await db.execute("update cases set unit_ids = '{1,3}' where id = $1", case.id)
            moved.set()
            await go.wait()

    moving = asyncio.create_task(move())
    await moved.wait()
    # Its text is written meanwhile.
    writing = asyncio.create_task(reactions.index(CaseReceived(case_id=case.id)))
    await asyncio.wait({writing}, timeout=0.3)
    assert not writing.done()
    go.set()
    await asyncio.gather(moving, writing)
    (row,) = await db.fetch(units)
    assert row["of_text"] == [1, 3]


async def test_the_visit_the_order_is_about_is_proposed_with_reasons(cast: Cast) -> None:
    patient = await Patient.create(
        number="P1", name="测试甲", phone="13800000001", phone_hash=search_hash("13800000001")
    )
    for number, day in (("O1", date(2026, 3, 1)), ("O2", date(2025, 3, 1))):
        await db.execute(
            "insert into visit (patient_id, kind, number, unit_id, start_on, end_on)"
            " values ($1, 'outpatient', $2, $3, $4, $4)",
            patient.id,
            number,
            cast.units["心血管内科"],
            day,
        )
    case, _ = await opened()
    await settle()
    rows = await db.fetch(
        "select v.number, l.state, l.reasons from visit_link l join visit v on v.id = l.visit_id"
        " where l.case_id = $1 order by l.points desc",
        case.id,
    )
    assert (rows[0]["number"], rows[0]["state"]) == ("O1", "proposed")
    assert any("号码" in reason for reason in rows[0]["reasons"])


async def test_a_room_joins_the_department_and_the_centre_and_hears_each_step(cast: Cast) -> None:
    _, ticket = await opened()
    await settle()
    await do("ticket.sign", ticket.id, cast.liaison)
    await settle()
    names = await db.fetch(
        "select m.name from room_member m join room r on r.id = m.room_id where r.subject = $1 order by m.name",
        ticket.subject,
    )
    assert {"测试联络人甲", "测试联络人乙", "测试客服甲", "测试客服乙"} <= {row["name"] for row in names}
    lines = await db.fetch("select text from room_message order by seq")
    assert lines[-1]["text"] == "测试联络人甲 签收了工单"


async def test_the_ladder_is_climbed_once_each_rung_and_ends_when_the_answer_comes(cast: Cast) -> None:
    _, ticket = await opened()
    for day in ("2026-03-04 02:00", "2026-03-04 22:00", "2026-03-05 14:00", "2026-03-05 18:00"):
        with clock.frozen(at(day)):
            await drain(DUE)
            await drain(DUE)
    steps = await db.fetch(
        "select detail from history where verb = 'remind' and ticket_id = $1 order by id", ticket.id
    )
    assert [json.loads(row["detail"])["step"] for row in steps] == [1, 2, 3, 4]
    assert await db.fetchval("select level from clock where ticket_id = $1", ticket.id) == 4


async def test_a_worker_that_slept_tells_the_highest_rung_and_not_all_of_them(cast: Cast) -> None:
    _, ticket = await opened()
    with clock.frozen(at("2026-03-05 16:00")):
        await drain(DUE)
        await drain(DUE)
    row = await db.fetchrow(
        "select detail, text from history where ticket_id = $1 and verb = 'remind'", ticket.id
    )
    assert row is not None
    assert (json.loads(row["detail"])["step"], row["text"]) == (3, "科室时限即将到期")


async def test_an_answer_voids_the_reminder_that_was_waiting(cast: Cast) -> None:
    _, ticket = await opened()
    with clock.frozen(at("2026-03-02 10:00")):
        await do("ticket.answer", ticket.id, cast.liaison, text="已电话联系患者说明情况")
    with clock.frozen(at("2026-03-06 10:00")):
        await drain(DUE)
    waited = await db.fetchrow(
        "select d.state, d.error from due d join clock c on c.id = d.ref where c.ticket_id = $1", ticket.id
    )
    assert tuple(waited or ()) == ("void", "时钟已停止或时限已变更")


async def test_the_person_is_told_by_the_ladder_chosen_or_not_at_all(cast: Cast) -> None:
    for number, tell_by, ladder in (
        ("A", "auto", ["wechat", "sms"]),
        ("B", "sms", ["sms"]),
        ("C", "none", None),
    ):
        received = await receive(order(number, departments=[]), by=PLATFORM)
        await do("case.accept", received.case_id, cast.centre)
        await do("case.submit", received.case_id, cast.centre, reply="已核实并改进流程", tell_by=tell_by)
        await do("case.approve", received.case_id, cast.chief)
        await settle()
        row = await db.fetchrow(
            "select ladder from message where subject = $1 and purpose = 'case.result'",
            f"case:{received.case_id}",
        )
        assert (row["ladder"] if row else None) == ladder
    assert await db.fetchval("select count(*) from job where kind = 'hotline.result'") == 3


async def test_a_calendar_that_arrives_moves_the_provisional_limits(cast: Cast) -> None:
    _, ticket = await opened("2026-03-02 09:00")
    before = await db.fetchval("select due_at from clock where ticket_id = $1", ticket.id)
    file = {"year": 2026, "papers": [], "days": [{"name": "测试节", "date": "2026-03-04", "isOffDay": True}]}
    await working_days.import_holiday_cn(json.dumps(file), by=cast.admin)
    await settle()
    number = await db.fetchval("select id from job where kind = 'clocks.recount'")
    assert await core_jobs.run_job(number) == "done"
    row = await db.fetchrow("select due_at, provisional, reason from clock where ticket_id = $1", ticket.id)
    assert row is not None
    assert (row["due_at"] - before, row["provisional"]) == (timedelta(days=1), False)
    assert "测试节" in row["reason"]
    assert await db.fetchval("select due_at from ticket") == row["due_at"]
