"""One matter, many voices: proposed with reasons, joined and parted by a person, merged and split without a trace lost."""

from pathlib import Path

import orjson
import pytest

from core import clock, crypto, db
from core.actor import Actor
from core.errors import Invalid, NotFound, Refused
from core.outbox import OUTBOX
from core.pump import drain
from core.settings import settings
from tests.tickets.conftest import Cast, at, order
from tests.tickets.test_road import PLATFORM, do
from tickets import reporting
from tickets.matters import joining, proposing
from tickets.models import Case, Clock, Ticket
from tickets.receiving import receive
from tickets.reporting import ReportForm
from tickets.states import CaseState, TicketState

WHEN = "2026-03-02 09:00"
CHANGING = ("version", "caller_phone", "contact_phone")


async def came(number: str, when: str = WHEN, source: str = "hotline", **more: object) -> Case:
    with clock.frozen(at(when)):
        received = await receive(order(number, **more), by=PLATFORM, source=source)
    return await Case.get(id=received.case_id)


async def three() -> tuple[Case, Case, Case]:
    return await came("GZ-1"), await came("GZ-2"), await came("GZ-3", source="feedback")


async def matters(*cases: Case) -> list[int | None]:
    return [(await Case.get(id=case.id)).matter_id for case in cases]


async def rows(table: str, *case_ids: int) -> list[dict[str, object]]:
    """Whole rows of a table for these cases, but for versions and phones, which are sealed anew at each saving."""
    column = "id" if table == "cases" else "case_id"
    found = await db.fetch(
        f"select * from {table} where {column} = any($1::bigint[]) order by 1",  # noqa: S608 - a test's own names
        list(case_ids),
    )
    return [{name: value for name, value in row.items() if name not in CHANGING} for row in found]


async def whole(*case_ids: int) -> dict[str, list[dict[str, object]]]:
    """All that a merge might touch, but for history, and the clocks by which a main case watches."""
    found = {table: await rows(table, *case_ids) for table in ("cases", "ticket", "clock", "case_round")}
    found["clock"] = [row for row in found["clock"] if row["kind"] != "merged"]
    found["due"] = [
        dict(row)
        for row in await db.fetch(
            "select d.kind, d.ref, d.step, d.due_at from due d join clock k on k.id = d.ref"
            " where d.state = 'due' and k.case_id = any($1::bigint[]) and k.version = d.ref_version order by 2, 3",
            list(case_ids),
        )
    ]
    return found


async def waiting(case: Case) -> int:
    """How many reminders of a case may still come."""
    number: int = await db.fetchval(
        "select count(*) from due d join clock k on k.id = d.ref and k.version = d.ref_version"
        " where d.state = 'due' and d.kind = 'clock.step' and k.case_id = $1",
        case.id,
    )
    return number


async def said(case: Case) -> list[str]:
    found = await db.fetch("select verb, text from history where case_id = $1 order by id", case.id)
    return [f"{row['verb']} {row['text']}".strip() for row in found]


async def answer(case: Case, cast: Cast, **more: object) -> None:
    """The road to the reply of a case whose one ticket is with the liaison of cardiology."""
    for ticket in await Ticket.filter(case_id=case.id, state=TicketState.ASSIGNED):
        await do("ticket.answer", ticket.id, cast.liaison, text="已电话联系患者说明情况并致歉")
        await do("ticket.approve", ticket.id, cast.centre)
    await do("case.submit", case.id, cast.centre, reply="已增设诊室并向您致歉", **{"tell_by": "sms", **more})
    await do("case.approve", case.id, cast.chief)


async def test_the_same_matter_by_another_way_is_proposed_with_its_reasons(cast: Cast) -> None:
    first = await came("GZ-1")
    await came(
        "GZ-9",
        title="停车场太挤",
        content="昨天地下停车场出口堵了一小时，没有人疏导。",
        caller_phone="13800000009",
    )
    second = await came("FK-1", "2026-03-03 09:00", "feedback")
    while await drain(OUTBOX):
        pass
    proposed = await db.fetch("select * from matter_proposal")
    assert [(row["case_id"], row["other_id"], row["state"]) for row in proposed] == [
        (second.id, first.id, "proposed")
    ]
    assert proposed[0]["points"] >= 90
    assert proposed[0]["reasons"] == [
        "内容相似 100%",
        "同一联系电话",
        "同名",
        "同一科室",
        "收到时间相隔 1 天",
    ]


async def test_a_stranger_with_the_same_story_and_an_order_that_names_the_other_are_proposed_too(
    cast: Cast,
) -> None:
    first = await came("GZ-20260301-0001")
    stranger = {"caller_name": "测试乙", "caller_phone": "13800000002"}
    retold = await came("GZ-2", **stranger)
    naming = await came(
        "GZ-3",
        title="对答复不满",
        content="此前工单 GZ-20260301-0001 的答复本人不认可。",
        **stranger,
        departments=[],
    )
    while await drain(OUTBOX):
        pass
    found = {
        case.id: {entry.case_id: entry.reasons[0] for entry in await proposing.likest(case)}
        for case in (first, retold, naming)
    }
    assert found[retold.id] == {first.id: "内容相似 100%"}
    assert found[naming.id] == {first.id: "内容中提到该件的编号"}
    assert found[first.id] == {retold.id: "内容相似 100%", naming.id: "该件内容中提到本件的编号"}


async def test_what_a_person_decided_is_not_proposed_again(cast: Cast) -> None:
    first, second, _ = await three()
    await proposing.propose(second)
    await joining.reject(second.id, first.id, by=cast.centre)
    await proposing.propose(first)
    await proposing.propose(second)
    kept = await db.fetchrow(
        "select state, decided_by from matter_proposal where case_id = $1 and other_id = $2",
        second.id,
        first.id,
    )
    assert kept is not None
    assert tuple(kept) == ("rejected", "测试客服甲")
    assert (await said(second))[-1] == f"reject_matter {first.number}"


async def test_cases_are_joined_matters_are_united_and_each_step_is_undone(cast: Cast) -> None:
    one, two, three_, four = await came("GZ-1"), await came("GZ-2"), await came("GZ-3"), await came("GZ-4")
    await do("case.join", one.id, cast.centre, other=two.number)
    await do("case.join", three_.id, cast.centre, other="GZ-4")
    left, right = await matters(one, three_)
    assert await matters(one, two, three_, four) == [left, left, right, right]
    assert left != right
    await do("case.join", one.id, cast.centre, other=str(three_.id))
    assert await matters(one, two, three_, four) == [right] * 4
    steps = [row["id"] for row in await db.fetch("select id from matter_step order by id")]
    with pytest.raises(Refused, match="先撤销后面的一步"):
        await joining.undo(steps[0], by=cast.centre)
    await joining.undo(steps[2], by=cast.centre)
    assert await matters(one, two, three_, four) == [left, left, right, right]
    await joining.undo(steps[0], by=cast.centre)
    assert await matters(one, two, three_, four) == [None, None, right, right]
    assert (await said(two))[2:] == [
        f"join 把本诉求与 {one.number} 归为同一事项",
        f"join 把本诉求与 {three_.number} 归为同一事项",
        "undo_matter 归为同一事项",
        "undo_matter 归为同一事项",
    ]
    assert (await said(four))[2:] == [
        f"join 把本诉求与 {three_.number} 归为同一事项",
    ]


async def test_a_case_leaves_its_matter_and_may_come_back(cast: Cast) -> None:
    one, two, other = await three()
    await do("case.join", one.id, cast.centre, other=two.number)
    await do("case.join", other.id, cast.centre, other=two.number)
    matter = (await matters(one))[0]
    await do("case.leave", two.id, cast.centre, note="是另一次就诊")
    assert await matters(one, two, other) == [matter, None, matter]
    assert (await said(two))[-1] == "leave 把本诉求移出事项：是另一次就诊"
    step = await db.fetchval("select max(id) from matter_step")
    await joining.undo(step, by=cast.centre)
    assert await matters(one, two, other) == [matter, matter, matter]
    with pytest.raises(Refused, match="已经是同一事项"):
        await do("case.join", one.id, cast.centre, other=two.number)


async def test_a_merged_case_reminds_nobody_and_its_limit_is_watched_by_the_main_case(cast: Cast) -> None:
    main = await came("GZ-1")
    case = await came("GZ-2", upstream_deadline="2026-03-03T17:30:00+08:00")
    earliest = case.due_at
    assert earliest is not None
    assert main.due_at is not None
    assert earliest < main.due_at
    assert await waiting(case) == 3
    await do("case.merge", case.id, cast.centre, main=main.number, reason="同一患者重复反映")
    main, case = await Case.get(id=main.id), await Case.get(id=case.id)
    assert (case.merged_into, case.merged_number, case.due_at, case.state) == (
        main.id,
        main.number,
        None,
        CaseState.IN_PROGRESS,
    )
    assert case.matter_id is not None
    assert case.matter_id == main.matter_id
    assert (await waiting(case), main.due_at) == (0, earliest)
    watch = await Clock.get(case_id=main.id, kind="merged")
    assert (watch.state, watch.due_at, await waiting(main)) == ("running", earliest, 4)
    assert watch.reason.startswith(f"并入的 {case.number}（12345 热线）医院时限：")
    assert (await said(case))[-1] == f"merge 把本诉求并入 {main.number}：同一患者重复反映"
    assert (await said(main))[-1] == f"merge 把 {case.number}（12345 热线 GZ-2）并入本诉求：同一患者重复反映"


async def test_nothing_is_done_with_a_merged_case_but_in_its_main_case(cast: Cast) -> None:
    main, case = await came("GZ-1"), await came("GZ-2")
    (own,) = await Ticket.filter(case_id=main.id)
    (ticket,) = await Ticket.filter(case_id=case.id)
    await do("case.merge", case.id, cast.centre, main=main.number)
    held = await Ticket.get(id=ticket.id)
    assert held.state is TicketState.PAUSED
    assert (await said(case))[-2] == f"hold 诉求已并入 {main.number}，请在工单 #{own.id} 中一并办理"
    for name, subject, by, data in (
        ("case.assign", case.id, cast.centre, {"units": ["收费处"]}),
        ("case.return_upstream", case.id, cast.centre, {"reason": "不属于我院"}),
        ("ticket.resume", ticket.id, cast.liaison, {}),
        ("ticket.ask", ticket.id, cast.liaison, {"text": "怎么办"}),
    ):
        with pytest.raises(Refused, match=main.number):
            await do(name, subject, by, **data)


async def test_a_split_puts_everything_back_as_it_was(cast: Cast) -> None:
    main, case = await came("GZ-1"), await came("GZ-2", departments=["心血管内科", "收费处"])
    first, second = await Ticket.filter(case_id=case.id).order_by("id")
    with clock.frozen(at("2026-03-02 10:00")):
        await do("ticket.answer", first.id, cast.liaison, text="已电话联系患者说明情况并致歉")
        await do("ticket.sign", second.id, cast.cashier)
        await do("ticket.ask_extension", second.id, cast.cashier, days=1, reason="需要核对票据")
        await do("case.join", case.id, cast.centre, other=main.number)
    before = await whole(main.id, case.id)
    with clock.frozen(at("2026-03-03 10:00")):
        await do("case.merge", case.id, cast.centre, main=main.number)
        assert await whole(main.id, case.id) != before
        await do("case.split", case.id, cast.centre, note="不是同一次就诊")
    assert await whole(main.id, case.id) == before
    assert await db.fetchval("select state from ticket_request where ticket_id = $1", second.id) == "pending"
    assert (await said(case))[-1] == f"split 把本诉求从 {main.number} 拆分：不是同一次就诊"


async def test_chains_circles_and_unequal_cases_are_refused(cast: Cast) -> None:
    one, two, three_ = await three()
    await do("case.merge", two.id, cast.centre, main=one.number)
    for case, main, words in (
        (two, three_, "不能重复合并"),
        (one, two, "不能反过来合并"),
        (one, three_, "或先拆分"),
        (three_, two, f"请直接并入 {one.number}"),
        (one, one, "不能并入自己"),
    ):
        with pytest.raises(Refused, match=words):
            await do("case.merge", case.id, cast.centre, main=main.number)
    petition = await came("XF-1", source="petition", appeal_type="申诉求决")
    for case, main in ((petition, one), (three_, petition)):
        with pytest.raises(Refused, match="第三十二条"):
            await do("case.merge", case.id, cast.centre, main=main.number)
    with pytest.raises(Invalid, match="没有找到编号"):
        await do("case.merge", three_.id, cast.centre, main="20260101-999")
    with pytest.raises(Refused, match="请先拆分再移出"):
        await do("case.leave", two.id, cast.centre)
    with pytest.raises(Refused, match="请先拆分"):
        await do("case.leave", one.id, cast.centre)


async def test_the_reply_of_the_main_case_answers_each_merged_case_by_its_own_way(cast: Cast) -> None:
    main = await came("GZ-1")
    told = await came("GZ-2", caller_phone="13800000002", caller_name="测试乙")
    untold = await came("GZ-3", reply_required=False)
    for case in (told, untold):
        await do("case.merge", case.id, cast.centre, main=main.number)
    await answer(main, cast, tell_text="测试甲您好，排队问题已解决")
    while await drain(OUTBOX):
        pass
    kept = await db.fetch(
        "select case_id, reply, tell_by, tell_text, approved_by from case_round where case_id = any($1::bigint[])"
        " order by case_id",
        [main.id, told.id, untold.id],
    )
    assert [tuple(row) for row in kept] == [
        (main.id, "已增设诊室并向您致歉", "sms", "测试甲您好，排队问题已解决", "测试中心主任"),
        (told.id, "已增设诊室并向您致歉", "auto", "", "测试中心主任"),
        (untold.id, "已增设诊室并向您致歉", "none", "", "测试中心主任"),
    ]
    sent = await db.fetch("select subject from message where purpose = 'case.result' order by id")
    assert sorted(row["subject"] for row in sent) == sorted([f"case:{main.id}", f"case:{told.id}"])
    results = await db.fetch("select payload from job where kind = 'hotline.result'")
    assert sorted(orjson.loads(row["payload"])["case_id"] for row in results) == [main.id, told.id, untold.id]
    for case in (told, untold):
        now = await Case.get(id=case.id)
        assert (now.state, now.merged_into) == (CaseState.REPLIED, main.id)
        assert await Clock.filter(case_id=case.id, state="running").count() == 0
        assert (await said(case))[-1] == f"reply_with 随 {main.number} 一并答复"
        with pytest.raises(Refused, match="一并答复，不能拆分"):
            await do("case.split", case.id, cast.centre)


async def test_call_back_is_by_case_and_the_next_round_of_a_merged_case_is_its_own(cast: Cast) -> None:
    main, happy, unhappy = await came("GZ-1"), await came("GZ-2"), await came("GZ-3")
    for case in (happy, unhappy):
        await do("case.merge", case.id, cast.centre, main=main.number)
    await answer(main, cast)
    await do("case.call_back", happy.id, cast.centre, satisfied="满意")
    await do("case.call_back", unhappy.id, cast.centre, satisfied="不满意", remark="仍在排队")
    await do("case.call_back", main.id, cast.centre, satisfied="满意")
    await do("case.close", main.id, cast.centre)
    states = [(now.state, now.round, now.merged_into) for now in await Case.all().order_by("id")]
    assert states == [
        (CaseState.CLOSED, 1, None),
        (CaseState.CLOSED, 1, main.id),
        (CaseState.IN_PROGRESS, 2, None),
    ]
    again = await Case.get(id=unhappy.id)
    assert again.due_at is not None
    assert await waiting(again) == 2
    assert [row["ended"] for row in await db.fetch("select ended from case_merge order by id")] == [
        "replied",
        "parted",
    ]


async def test_a_main_case_does_not_end_and_leave_behind_what_waits_for_its_reply(cast: Cast) -> None:
    main, case = await came("GZ-1", departments=[]), await came("GZ-2")
    await do("case.merge", case.id, cast.centre, main=main.number)
    with pytest.raises(Refused, match=f"{case.number} 已并入本诉求"):
        await do("case.return_upstream", main.id, cast.centre, reason="不属于我院")
    assert (await Case.get(id=main.id)).state is CaseState.RECEIVED


async def test_a_limit_that_moves_under_a_merged_case_moves_the_main_cases_clock(cast: Cast) -> None:
    main, case = await came("GZ-1"), await came("GZ-2")
    await do("case.merge", case.id, cast.centre, main=main.number)
    await receive(order("GZ-2", upstream_deadline="2026-03-04T12:00:00+08:00", update=True), by=PLATFORM)
    while await drain(OUTBOX):
        pass
    assert (await Case.get(id=main.id)).due_at == at("2026-03-04 12:00")
    assert (await Case.get(id=case.id)).due_at is None
    watch = await Clock.get(case_id=main.id, kind="merged", state="running")
    assert watch.due_at == at("2026-03-04 12:00")


async def test_the_rooms_of_the_main_case_and_of_the_held_tickets_are_told(cast: Cast) -> None:
    main, case = await came("GZ-1"), await came("GZ-2")
    while await drain(OUTBOX):
        pass
    await do("case.merge", case.id, cast.centre, main=main.number)
    while await drain(OUTBOX):
        pass
    assert [row["error"] for row in await db.fetch("select error from outbox where error <> ''")] == []
    (own,) = await Ticket.filter(case_id=main.id)
    (held,) = await Ticket.filter(case_id=case.id)
    for ticket, words in (
        (own, f"把 {case.number}（12345 热线 GZ-2）并入本诉求"),
        (held, f"暂停办理：诉求已并入 {main.number}，请在工单 #{own.id} 中一并办理"),
    ):
        last = await db.fetchval(
            "select text from room_message where room_id = $1 order by seq desc limit 1", ticket.room_id
        )
        assert words in last


async def test_who_sees_only_one_of_two_cases_joins_nothing_and_learns_nothing(cast: Cast) -> None:
    one = await came("GZ-1")
    hidden = await came("GZ-2", departments=["骨科"], campus="西院区")
    east = narrowed(cast.centre, "/1/2/")
    await do("case.join", one.id, cast.centre, other=hidden.number)
    await do("case.leave", one.id, cast.centre)
    with pytest.raises(Invalid) as told:
        await do("case.join", one.id, east, other=hidden.number)
    with pytest.raises(Invalid) as missing:
        await do("case.join", one.id, east, other="20260302-99999")
    assert told.value.message.replace(hidden.number, "") == missing.value.message.replace(
        "20260302-99999", ""
    )
    with pytest.raises(NotFound):
        await joining.reject(one.id, hidden.id, by=east)


def narrowed(by: Actor, path: str) -> Actor:
    """The same person with all they may do for one campus only."""
    grants = tuple(type(grant)(grant.permission, path) for grant in by.grants)
    return Actor(by.kind, by.id, by.name, by.door, grants, by.address)


async def test_a_report_quotes_tickets_of_the_other_voices_of_the_matter_and_of_no_other_case(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    one, other, strange = await came("GZ-1"), await came("GZ-2", departments=["收费处"]), await came("GZ-3")
    tickets = {case.id: await Ticket.get(case_id=case.id) for case in (one, other, strange)}
    await do("ticket.answer", tickets[other.id].id, cast.cashier, text="收费窗口已增开两个")
    await do("case.join", one.id, cast.centre, other=other.number)
    await do(
        "case.write_record",
        one.id,
        cast.centre,
        facts="叫号系统故障",
        handling="已恢复",
        conclusion="部分属实",
    )
    form = {"kind": "event_report", "tickets": [tickets[one.id].id, tickets[other.id].id]}
    made = await reporting.make(one.id, ReportForm.model_validate(form), by=cast.centre)
    kept = await db.fetchrow("select ticket_ids, context, number from case_report where id = $1", made)
    assert kept is not None
    context = orjson.loads(kept["context"])
    assert kept["ticket_ids"] == [tickets[one.id].id, tickets[other.id].id]
    assert [(line["case_number"], line["answer"]) for line in context["tickets"]] == [
        (one.number, ""),
        (other.number, "收费窗口已增开两个"),
    ]
    assert [line["order_no"] for line in context["voices"]] == ["GZ-1", "GZ-2"]
    assert (await said(other))[-1] == f"quoted {kept['number']}"
    wrong = ReportForm.model_validate({**form, "tickets": [tickets[strange.id].id]})
    with pytest.raises(Invalid, match="不是本诉求或同一事项的工单"):
        await reporting.make(one.id, wrong, by=cast.centre)


async def test_a_petitioner_is_known_by_the_identity_number_of_the_register(cast: Cast) -> None:
    number = "990101199001010019"
    hotline = await came(
        "GZ-1",
        content=f"本人身份证 {number}，门诊排队三小时仍未看上病，要求说明原因并改进。",
        caller_phone="13800000009",
        caller_name="测试丙",
        departments=[],
    )
    petition = await came("XF-1", source="petition", appeal_type="申诉求决")
    await db.execute(
        "insert into petitioner (case_id, place, name, id_hash) values ($1, 0, '测试丁', $2)",
        petition.id,
        crypto.search_hash(number),
    )
    await proposing.propose(hotline)
    await proposing.propose(petition)
    assert (await proposing.likest(hotline))[0].reasons[:2] == ("内容相似 88%", "同一证件号码")
