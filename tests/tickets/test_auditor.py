"""The auditor: what is deleted, shifted, voided or parked behind its back is found within one round, mended or told."""

from datetime import datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from core import clock, db, jobs
from core.due import DUE
from core.pump import drain
from core.settings import settings
from integrations import http
from tests.tickets import test_clocks
from tests.tickets.conftest import Cast, at
from tests.tickets.test_clocks import settle, waiting
from tests.tickets.test_road import do
from tickets.auditing import checks, heartbeat, proof, queries, rounds
from tickets.auditing.findings import LABELS, MENDED, Wrong
from tickets.auditing.rounds import Round
from tickets.models import Case, Clock, Ticket

MORNING = "2026-03-02 10:00"


async def take(when: str = MORNING) -> Round:
    """A round at this time; it must not be refused."""
    await db.execute("update auditor_round set started_at = started_at - interval '1 hour'")
    with clock.frozen(at(when)):
        done = await rounds.take()
    assert done is not None
    return done


async def wrong(when: str = MORNING) -> list[tuple[str, str]]:
    """What is wrong now: kind and subject."""
    with clock.frozen(at(when)):
        seen = await checks.look()
    return [(finding.wrong.value, finding.subject) for finding in seen.findings]


async def opened(number: str = "GZ-1") -> tuple[Case, Ticket]:
    """A case of Monday 2 March 2026, 09:00, while no limits are being counted again."""
    found = await test_clocks.opened(number)
    await db.execute("update job set state = 'done' where kind = 'clocks.recount'")
    return found


async def department(ticket: Ticket) -> Clock:
    return await Clock.get(ticket_id=ticket.id)


async def test_nothing_is_wrong_with_what_the_verbs_leave(cast: Cast) -> None:
    _, ticket = await opened("GZ-1")
    _, answered = await opened("GZ-2")
    _, paused = await opened("GZ-3")
    with clock.frozen(at("2026-03-02 09:30")):
        await do("ticket.answer", answered.id, cast.liaison, text="已核实并电话联系患者")
        await do("ticket.sign", paused.id, cast.liaison)
        await do("ticket.ask_pause", paused.id, cast.liaison, reason="等待司法鉴定")
        await do("ticket.approve_pause", paused.id, cast.centre)
        await do("ticket.sign", ticket.id, cast.liaison)
        await do("ticket.ask_extension", ticket.id, cast.liaison, days=1, reason="等待设备科核查")
        await do("ticket.approve_extension", ticket.id, cast.centre)
    done = await take()
    assert (done.seen.clocks, done.seen.tickets, done.seen.findings, done.repaired) == (7, 2, (), 0)


async def test_a_reminder_deleted_behind_its_back_is_found_and_written_anew_in_one_round(cast: Cast) -> None:
    _, ticket = await opened()
    row = await department(ticket)
    before = await waiting(row)
    await db.execute("delete from due where kind = 'clock.step' and ref = $1", row.id)
    assert await waiting(row) == []
    done = await take()
    assert [(one.wrong, one.subject) for one in done.seen.findings] == [
        (Wrong.RUNG_MISSING, f"clock:{row.id}")
    ]
    assert (done.repaired, await waiting(row)) == (1, before)
    assert (await take("2026-03-02 10:05")).seen.findings == ()


async def test_what_is_overdue_is_due_at_once_and_taken(cast: Cast) -> None:
    _, ticket = await opened()
    await db.execute("delete from due where kind = 'clock.step'")
    await take("2026-03-09 09:00")
    with clock.frozen(at("2026-03-09 09:01")):
        while await drain(DUE):
            pass
    assert (await department(ticket)).level == 4
    told = await db.fetchval("select text from history where verb = 'remind' and ticket_id = $1", ticket.id)
    assert told == "科室时限已逾期"


async def test_a_shifted_reminder_is_put_back_and_one_that_is_retried_is_left(cast: Cast) -> None:
    _, ticket = await opened("GZ-1")
    _, retried = await opened("GZ-2")
    row, other = await department(ticket), await department(retried)
    before = await waiting(row)
    shift = "update due set due_at = due_at + interval '30 days', attempts = $2 where kind = 'clock.step' and ref = $1"
    await db.execute(shift, row.id, 0)
    await db.execute(shift, other.id, 2)
    assert await wrong() == [("rung_shifted", f"clock:{row.id}")]
    assert (await take()).repaired == 1
    assert await waiting(row) == before


@pytest.mark.parametrize("state", ["void", "missed", "done"])
async def test_a_reminder_that_was_ended_behind_its_back_is_woken(cast: Cast, state: str) -> None:
    _, ticket = await opened()
    row = await department(ticket)
    before = await waiting(row)
    await db.execute("update due set state = $2 where kind = 'clock.step' and ref = $1", row.id, state)
    assert await wrong() == [("rung_missing", f"clock:{row.id}")]
    await take()
    assert await waiting(row) == before


async def test_a_parked_reminder_is_told_and_left_to_the_operator(cast: Cast) -> None:
    _, ticket = await opened()
    row = await department(ticket)
    await db.execute(
        "update due set state = 'parked', error = '测试错误' where kind = 'clock.step' and ref = $1", row.id
    )
    done = await take()
    assert [(one.wrong, one.note) for one in done.seen.findings] == [(Wrong.RUNG_PARKED, "测试错误")]
    assert (done.repaired, done.alarm) == (0, "1 处矛盾需要人工核对")
    assert [state for _, _, state, _ in await waiting(row)] == ["parked"]


async def test_a_reminder_an_operator_gave_up_stays_so_but_the_ladder_goes_on(cast: Cast) -> None:
    _, ticket = await opened()
    row = await department(ticket)
    await db.execute("update due set state = 'dropped' where kind = 'clock.step' and ref = $1", row.id)
    done = await take()
    assert [one.wrong for one in done.seen.findings] == [Wrong.RUNG_MISSING]
    assert [(step, state) for _, step, state, _ in await waiting(row)] == [(1, "dropped"), (2, "due")]
    assert await wrong() == []


async def test_a_ticket_that_lost_its_clock_gets_one_to_the_limit_it_shows(cast: Cast) -> None:
    _, ticket = await opened()
    row = await department(ticket)
    await db.execute("delete from due where kind = 'clock.step' and ref = $1", row.id)
    await db.execute("delete from clock where id = $1", row.id)
    done = await take()
    assert [(one.wrong, one.subject) for one in done.seen.findings] == [
        (Wrong.TICKET_UNTIMED, f"ticket:{ticket.id}")
    ]
    made = await department(ticket)
    assert (done.repaired, made.due_at, made.state) == (1, ticket.due_at, "running")
    assert "由时限审计按工单原定时限 2026-03-05 17:30 补建" in made.reason
    assert await wrong() == []


async def test_a_clock_that_runs_on_a_closed_case_is_told(cast: Cast) -> None:
    case, ticket = await opened()
    hospital = await Clock.get(case_id=case.id, kind="hospital")
    await db.execute("update clock set state = 'met' where id <> $1", hospital.id)
    await db.execute("update ticket set state = 'done' where id = $1", ticket.id)
    await db.execute("update cases set state = 'closed' where id = $1", case.id)
    done = await take()
    assert [(one.wrong, one.subject, one.note) for one in done.seen.findings] == [
        (Wrong.CLOCK_ASTRAY, f"clock:{hospital.id}", "医院时限在计时，状态已是 closed")
    ]
    assert done.repaired == 0


async def test_a_ticket_and_its_clock_that_disagree_are_told(cast: Cast) -> None:
    _, ticket = await opened()
    await db.execute("update ticket set state = 'paused' where id = $1", ticket.id)
    assert await wrong() == [("state_astray", f"ticket:{ticket.id}")]
    await db.execute("update ticket set state = 'done' where id = $1", ticket.id)
    assert await wrong() == [("clock_astray", f"clock:{(await department(ticket)).id}")]


async def test_a_merged_case_is_not_looked_for_and_its_reminders_do_not_go(cast: Cast) -> None:
    main, _ = await opened("GZ-1")
    merged, ticket = await opened("GZ-2")
    await db.execute(
        "update cases set merged_into = $2, merged_at = $3 where id = $1",
        merged.id,
        main.id,
        at("2026-03-02 09:30"),
    )
    with clock.frozen(at("2026-03-09 09:00")):
        while await drain(DUE):
            pass
    assert (await department(ticket)).level == 0
    assert await wrong("2026-03-09 09:00") == []
    await db.execute("delete from due where kind = 'clock.step'")
    found = await wrong("2026-03-09 09:00")
    theirs = {f"clock:{row.id}" for row in await Clock.filter(case_id=merged.id)}
    assert {subject for _, subject in found} & theirs == set()


async def test_a_due_row_nobody_takes_is_told_after_five_minutes(cast: Cast) -> None:
    _, ticket = await opened()
    row = await department(ticket)
    due_at: datetime = await db.fetchval("select due_at from due where ref = $1", row.id)
    await db.execute("update clock set state = 'met' where id <> $1", row.id)
    with clock.frozen(due_at + timedelta(minutes=6)):
        done = await rounds.take()
    assert done is not None
    assert (done.seen.late_seconds, done.seen.findings) == (360, ())
    assert done.alarm == "到期事项已积压 6 分钟未处理，请检查后台进程"


async def test_a_round_is_kept_with_what_it_found_and_counted_in_the_standing(cast: Cast) -> None:
    _, ticket = await opened()
    row = await department(ticket)
    await db.execute("delete from due where kind = 'clock.step' and ref = $1", row.id)
    done = await rounds.take()
    assert done is not None
    kept = await queries.one(done.id)
    assert kept is not None
    assert (kept.clocks, kept.tickets, kept.found, kept.repaired) == (3, 1, 1, 1)
    assert [(kind.label, kind.found, kind.repaired) for kind in kept.kinds] == [("提醒缺失", 1, 1)]
    assert [(one.label, one.subject) for one in kept.examples] == [("提醒缺失", f"clock:{row.id}")]
    standing = await queries.standing()
    assert (standing.pulse.alive, standing.rounds_today, standing.repaired_today) == (True, 1, 1)
    assert await rounds.take() is None  # so soon after another there is nothing to do


async def test_it_calls_when_it_must_mend_three_rounds_in_a_row(cast: Cast) -> None:
    _, ticket = await opened()
    row = await department(ticket)
    alarms = []
    for minute in range(4):
        await db.execute("delete from due where kind = 'clock.step' and ref = $1", row.id)
        alarms.append((await take(f"2026-03-02 10:{minute * 4:02}")).alarm)
    assert alarms == ["", "", *["连续 3 轮都有提醒需要补写，原因尚未消除"] * 2]
    assert await db.fetchval("select count(*) from outbox where event = 'AuditorAlarmed'") == 1
    await settle()
    told = await db.fetch("select receiver_name, lane from message where purpose = 'auditor.alarm'")
    assert [tuple(row) for row in told] == [("测试中心主任", "urgent")]


async def test_the_daily_proof_is_made_once_and_goes_to_whoever_is_on_duty(cast: Cast) -> None:
    await opened()
    await take("2026-03-02 10:00")
    with clock.frozen(at("2026-03-04 17:00")):
        while await drain(DUE):
            pass
        await settle()
    with clock.frozen(at("2026-03-05 08:29")):
        assert await proof.make() is None
    with clock.frozen(at("2026-03-05 08:31")):
        assert await proof.make() == at("2026-03-05 08:31").date()
        assert await proof.make() is None
    await settle()
    told = await db.fetch("select receiver_name, text from message where purpose = 'auditor.proof'")
    assert [row["receiver_name"] for row in told] == ["测试中心主任"]
    assert told[0]["text"].startswith(
        "时限每日证明（3月4日 08:30 至 3月5日 08:30）\n在办时限 3 个，其中逾期 0 个。"
    )
    await db.execute("insert into parameter (name, value) values ('auditor.duty', 'centre, second')")
    with clock.frozen(at("2026-03-06 08:31")):
        await proof.make()
    await settle()
    told = await db.fetch(
        "select receiver_name from message where purpose = 'auditor.proof' and key like 'proof:2026-03-06%' order by id"
    )
    assert [row["receiver_name"] for row in told] == ["测试客服甲", "测试客服乙"]


FIGURES = proof.Figures(
    open=312, overdue=2, rungs=57, late=0, sent=80, failed=0, waiting=0, rounds=480, repaired=0, gap_minutes=3, parked=0
)  # fmt: skip


def test_the_proof_reads_as_it_should() -> None:
    assert proof.words(FIGURES, at("2026-03-04 08:30"), at("2026-03-05 08:30")) == (
        "时限每日证明（3月4日 08:30 至 3月5日 08:30）\n"
        "在办时限 312 个，其中逾期 2 个。\n"
        "到点提醒 57 次，已全部执行；提醒消息 80 条，全部送出。\n"
        "审计 480 轮，补漏 0 次，最长间隔 3 分钟。"
    )


async def test_the_pulse_stops_when_no_round_has_ended_for_long(cast: Cast) -> None:
    assert (await heartbeat.pulse()).alive is False
    await take(MORNING)
    found = []
    for minutes in (5, 70):
        with clock.frozen(at("2026-03-02 09:00") + timedelta(minutes=60 + minutes)):
            found.append((await heartbeat.pulse()).alive)
    assert found == [True, False]


def test_every_kind_of_fault_has_words_and_is_mended_or_told() -> None:
    assert set(LABELS) == set(Wrong)
    assert set(Wrong) - MENDED == {
        Wrong.RUNG_PARKED,
        Wrong.CLOCK_ASTRAY,
        Wrong.STATE_ASTRAY,
        Wrong.MERGED_REMINDED,
    }


async def test_a_monitor_outside_is_called_after_each_round_and_never_for_an_old_one(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []

    async def listen(request: web.Request) -> web.Response:
        heard.append(request.path)
        return web.Response(status=500 if request.path.endswith("deaf") else 200)

    app = web.Application()
    app.router.add_get("/{name}", listen)
    async with TestServer(app) as monitor:
        number = 0
        for name in ("alive", "deaf"):
            monkeypatch.setenv("HUIYIN_HEARTBEAT_URL", str(monitor.make_url(f"/{name}")))
            settings.cache_clear()
            await db.execute("update auditor_round set started_at = started_at - interval '1 hour'")
            assert await rounds.take() is not None
            number = await db.fetchval("select max(id) from job where kind = 'auditor.ping'")
            assert await jobs.run_job(number) == "done"
        await db.execute("update auditor_round set ended_at = ended_at - interval '1 hour'")
        await db.execute("update job set state = 'due', lease_until = null where id = $1", number)
        assert await jobs.run_job(number) == "done"
    settings.cache_clear()
    await http.close_http()
    assert heard == ["/alive", "/deaf"]


async def test_without_a_monitor_nobody_is_called(cast: Cast) -> None:
    await rounds.take()
    assert await db.fetchval("select count(*) from job where kind = 'auditor.ping'") == 0


async def test_a_measure_that_lost_its_reminder_gets_it_back(cast: Cast) -> None:
    case, _ = await opened()
    day = clock.today() + timedelta(days=5)
    number = await db.fetchval(
        "insert into rectification (case_id, unit_id, measure, due_on, made_by, made_at)"
        " values ($1, 4, '增设导诊台', $2, '测试', now()) returning id",
        case.id,
        day,
    )
    assert ("guard_missing", f"rectification:{number}") in await wrong()
    await take()
    row = await db.fetchrow("select step, state, due_at from due where kind = 'rectification.due'")
    assert row is not None
    assert (row["step"], row["state"], f"{clock.local(row['due_at']):%Y-%m-%d %H:%M}") == (
        2,
        "due",
        f"{day} 08:30",
    )
