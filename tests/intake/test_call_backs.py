"""The platform's own call-backs: written into the case once, and "not satisfied" opens the next round."""

import json

import pytest

from core import db, queues
from core.actions import REGISTER
from core.actor import system
from core.inbound import INBOUND
from core.pump import drain
from tests.intake.conftest import Door, parked
from tests.intake.test_orders import ORDER, error_of
from tests.tickets.conftest import Cast

CALL_BACK: dict[str, object] = {
    "order_no": ORDER["order_no"],
    "called_at": "2026-11-25T10:00:00+08:00",
    "way": "电话",
    "solved": "解决",
    "satisfied": "满意",
    "remark": "",
}


async def finish(cast: Cast) -> int:
    """Answer the one case there is; its id."""
    case: int = await db.fetchval("select id from cases")
    ticket = await db.fetchval("select id from ticket")
    for name, subject, by, data in (
        ("ticket.answer", ticket, cast.liaison, {"text": "已电话联系患者说明情况并致歉"}),
        ("ticket.approve", ticket, cast.centre, {}),
        ("case.submit", case, cast.centre, {"reply": "已核实并改进叫号流程，向您致歉", "tell_by": "none"}),
        ("case.approve", case, cast.chief, {}),
    ):
        await REGISTER[name].run(subject, REGISTER[name].parse(data), by=by)
    return case


async def replied(door: Door, cast: Cast) -> int:
    """A case that the hospital has answered; its id."""
    await door.order(ORDER)
    return await finish(cast)


async def standing(case: int) -> tuple[str, int]:
    row = await db.fetchrow("select state, round from cases where id = $1", case)
    assert row is not None
    return row["state"], row["round"]


async def test_a_satisfied_person_ends_the_round_and_the_same_push_again_changes_nothing(
    door: Door, cast: Cast
) -> None:
    case = await replied(door, cast)
    status, answer = await door.call_back(CALL_BACK)
    assert (status, answer["case_id"], answer["round"], answer["duplicate"]) == (201, case, 1, False)
    assert await standing(case) == ("called_back", 1)
    assert await door.call_back(CALL_BACK) == (200, {**answer, "duplicate": True})
    lines = await db.fetch("select actor_name, door from history where verb = 'call_back'")
    assert [tuple(line) for line in lines] == [("热线平台 12345", "api")]


@pytest.mark.parametrize(
    ("solved", "satisfied", "state"),
    [
        ("解决", "不满意", ("in_progress", 2)),
        ("未解决", "基本满意", ("in_progress", 2)),
        ("未解决", "不满意", ("in_progress", 2)),
        ("部分解决", "基本满意", ("called_back", 1)),
        ("解决", "未评价", ("called_back", 1)),
    ],
)
async def test_not_satisfied_or_not_solved_opens_the_next_round(
    door: Door, cast: Cast, solved: str, satisfied: str, state: tuple[str, int]
) -> None:
    case = await replied(door, cast)
    assert (
        await door.call_back({**CALL_BACK, "solved": solved, "satisfied": satisfied, "remark": "没人联系"})
    )[0] == 201
    assert await standing(case) == state


async def test_a_platform_that_calls_after_our_own_call_back_still_opens_the_next_round(
    door: Door, cast: Cast
) -> None:
    case = await replied(door, cast)
    for name, data in (("case.call_back", {"satisfied": "满意"}), ("case.close", {})):
        await REGISTER[name].run(case, REGISTER[name].parse(data), by=cast.centre)
    assert (await door.call_back(CALL_BACK))[0] == 201
    assert await standing(case) == ("closed", 1)
    assert (await door.call_back({**CALL_BACK, "satisfied": "不满意"}))[0] == 201
    assert await standing(case) == ("in_progress", 2)


async def test_a_call_back_that_comes_too_early_waits_and_is_taken_when_it_is_replayed(
    door: Door, cast: Cast
) -> None:
    await door.order(ORDER)
    status, answer = await door.call_back(CALL_BACK)
    assert (status, error_of(answer)["code"]) == (409, "refused")
    ((reason, raw),) = await parked("hotline.callback")
    assert (json.loads(raw), "不能进行此操作" in reason) == (CALL_BACK, True)
    case = await finish(cast)
    number = await db.fetchval("select id from inbound where source = 'hotline.callback'")
    await queues.replay("inbound", number, by=system("测试运维"))
    await drain(INBOUND)
    assert await standing(case) == ("called_back", 1)
    assert await parked("hotline.callback") == []


async def test_pushed_again_after_it_was_too_early_it_is_taken(door: Door, cast: Cast) -> None:
    await door.order(ORDER)
    assert (await door.call_back(CALL_BACK))[0] == 409
    case = await finish(cast)
    assert (await door.call_back(CALL_BACK))[0] == 201
    assert await standing(case) == ("called_back", 1)


async def test_an_unknown_order_and_faulty_words_are_told_and_kept(door: Door) -> None:
    status, answer = await door.call_back(CALL_BACK)
    assert (status, error_of(answer)["message"]) == (404, f"没有编号为 {ORDER['order_no']} 的工单")
    status, answer = await door.call_back({"order_no": "A-1", "satisfied": "一般"})
    details = error_of(answer)["details"]
    assert isinstance(details, list)
    assert (status, [(fault["field"], fault["label"]) for fault in details]) == (
        422,
        [("satisfied", "是否满意")],
    )
    nonsense: list[object] = [[], "文字", 7, b"\xff", b"{"]
    assert [(await door.call_back(body))[0] for body in nonsense] == [422] * 5
    assert len(await parked("hotline.callback")) == 7
