"""More time from the hotline platform: asked before the limit, granted by a receipt or refused, told either way."""

from collections.abc import AsyncIterator
from datetime import datetime

import orjson
import pytest
import pytest_asyncio

from core import clock, db
from core.actor import Actor, Door, system
from core.errors import Forbidden, Refused
from core.jobs import run_job
from core.outbox import OUTBOX
from core.pump import drain
from tests.integrations.outside import Outside, running
from tests.tickets.conftest import Cast, at, order
from tests.tickets.test_road import do
from tickets.models import Case, Clock, Ticket
from tickets.queries import choices
from tickets.receiving import receive
from tickets.story import sentence

PLATFORM = system("测试热线平台", Door.API)
VERB = "case.extend_upstream"
MONDAY = "2025-03-03 09:00"
LIMITS = {"upstream": "03-05 17:30", "hospital": "03-04 17:30", "department": "03-03 17:30"}
MOVED = {"upstream": "03-10 17:30", "hospital": "03-05 17:30", "department": "03-04 17:30"}


@pytest_asyncio.fixture
async def platform(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Outside]:
    """A 12345 platform that knows order GZ-1, and our settings for it."""
    async with running(monkeypatch) as outside:
        await outside.ask("hotline/orders", {"order": {"order_no": "GZ-1"}})
        yield outside


async def question(number: str = "GZ-1") -> Case:
    """A 咨询 of Monday 3 March 2025: 2 working days above, so that each limit is held back by the one above it."""
    with clock.frozen(at(MONDAY)):
        received = await receive(order(number, appeal_type="咨询"), by=PLATFORM)
        await db.execute(
            "update cases set handler_id = (select id from staff where number = 'centre') where id = $1",
            received.case_id,
        )
    return await Case.get(id=received.case_id)


async def ask(case: Case, by: Actor, when: str = "2025-03-03 10:00", days: int = 3) -> None:
    with clock.frozen(at(when)):
        await do(VERB, case.id, by, days=days, reason="等待设备科核查")


async def work() -> list[str]:
    """Run the jobs that ask the platform; the outcomes."""
    rows = await db.fetch("select id from job where kind = 'hotline.extension' and state = 'due' order by id")
    return [await run_job(row["id"]) for row in rows]


async def limits(case: Case) -> dict[str, str]:
    return {row.kind: short(row.due_at) for row in await Clock.filter(case_id=case.id)}


def short(instant: datetime) -> str:
    return f"{clock.local(instant):%m-%d %H:%M}"


async def story(case: Case) -> list[str]:
    """The sentences since the request."""
    rows = await db.fetch(
        "select id from history where case_id = $1 and verb = any($2::text[]) order by id",
        case.id,
        ["extend_upstream", "extension_granted", "extension_refused"],
    )
    return [await sentence(row["id"]) for row in rows]


async def offered(case: Case, by: Actor, when: str) -> bool:
    with clock.frozen(at(when)):
        found = await choices.of_case(await Case.get(id=case.id), by)
    return VERB in {action.name for action in found}


async def test_the_limits_move_once_the_platform_has_answered_and_not_before(
    cast: Cast, platform: Outside
) -> None:
    case = await question()
    await ask(case, cast.centre)
    assert await limits(case) == LIMITS
    assert await work() == ["done"]
    assert await limits(case) == MOVED

    receipt = await db.fetchrow("select round, kind, receipt from upstream_receipt")
    assert receipt is not None
    assert (receipt["round"], receipt["kind"]) == (1, "extension")
    assert await story(case) == [
        "测试客服甲 向热线申请延期 3 个工作日：等待设备科核查",
        f"热线平台接口 同意延期 3 个工作日，回执 {receipt['receipt']}",
    ]
    upstream = await Clock.get(case_id=case.id, kind="upstream")
    assert upstream.rule is None  # stated by the platform, so no calendar moves it again
    assert upstream.reason.endswith(
        f"热线平台同意延期 3 个工作日（回执 {receipt['receipt']}）；周末不计；应于 2025-03-10 17:30 前办结。"
    )
    copies = ((await Case.get(id=case.id)).due_at, (await Ticket.get(case_id=case.id)).due_at)
    assert [short(copy) for copy in copies if copy] == [MOVED["hospital"], MOVED["department"]]
    moved = await db.fetch("select detail from history where verb = 'limit_moved' order by id")
    assert [orjson.loads(row["detail"])["kind"] for row in moved] == ["upstream", "hospital", "department"]

    (told,) = (await platform.look("hotline/orders"))["orders"]
    body = told["exchanges"][-1]["body"]
    assert (body["reason"], datetime.fromisoformat(body["until"])) == ("等待设备科核查", upstream.due_at)


async def test_an_answer_that_comes_twice_moves_the_limits_once(cast: Cast, platform: Outside) -> None:
    case = await question()
    await ask(case, cast.centre)
    for _ in range(2):
        await db.execute("update job set state = 'due', lease_until = null")
        assert await work() == ["done"]
    assert await limits(case) == MOVED
    assert await db.fetchval("select count(*) from history where verb = 'extension_granted'") == 1
    assert await platform.calls("extensions") == 1


async def test_one_is_granted_in_a_round_and_the_next_round_has_its_own(
    cast: Cast, platform: Outside
) -> None:
    case = await question()
    await ask(case, cast.centre)
    with pytest.raises(Refused, match="正在等待热线平台答复"):
        await ask(case, cast.centre)
    await work()
    with pytest.raises(Refused, match="已获准延期一次"):
        await ask(case, cast.centre)
    assert not await offered(case, cast.centre, "2025-03-03 11:00")
    await db.execute("update cases set state = 'replied' where id = $1", case.id)
    with clock.frozen(at("2025-03-04 09:00")):
        await do("case.rework", case.id, cast.centre, reason="平台退回重办")
    assert await offered(case, cast.centre, "2025-03-04 10:00")


async def test_it_is_asked_before_the_limit_by_whoever_handles_cases_and_only_where_a_platform_listens(
    cast: Cast, platform: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = await question()
    before, after = "2025-03-05 17:29", "2025-03-05 17:30"
    assert [await offered(case, cast.centre, when) for when in (before, after)] == [True, False]
    with pytest.raises(Refused, match="已超过上级时限"):
        await ask(case, cast.centre, after)
    with pytest.raises(Forbidden):
        await ask(case, cast.liaison, before)
    await db.execute("update cases set external_no = null")
    assert not await offered(case, cast.centre, before)
    with pytest.raises(Refused, match="不是上级平台转来的"):
        await ask(case, cast.centre, before)
    assert await db.fetchval("select count(*) from job where kind = 'hotline.extension'") == 0


async def test_without_a_configured_platform_it_is_not_offered(cast: Cast) -> None:
    case = await question()
    assert not await offered(case, cast.centre, "2025-03-03 10:00")
    with pytest.raises(Refused, match="尚未配置"):
        await ask(case, cast.centre)


async def test_a_refusal_is_told_to_the_handler_changes_no_limit_and_leaves_room_to_ask_again(
    cast: Cast, platform: Outside
) -> None:
    case = await question("GZ-2")  # the platform knows no such order
    await ask(case, cast.centre)
    assert await work() == ["done"]
    while await drain(OUTBOX):
        pass
    assert await limits(case) == LIMITS
    assert (await story(case))[1:] == ["热线平台接口 未同意延期 3 个工作日：没有这个工单"]
    told = await db.fetch(
        "select receiver_name, text from message where purpose = 'case.extension_refused' order by id"
    )
    assert [(row["receiver_name"], row["text"].split("\n")[1]) for row in told] == [
        ("测试客服甲", "热线平台接口 未同意延期 3 个工作日：没有这个工单")
    ]
    assert "上级时限仍为" in told[0]["text"]
    await platform.ask("hotline/orders", {"order": {"order_no": "GZ-2"}})
    await ask(case, cast.centre, "2025-03-03 11:00")
    assert await work() == ["done"]
    assert await limits(case) == MOVED


async def test_what_the_platform_concluded_is_no_consent(cast: Cast, platform: Outside) -> None:
    case = await question()
    await platform.fault("hotline", "extensions", errcode=4009)
    await ask(case, cast.centre)
    assert await work() == ["done"]
    assert await limits(case) == LIMITS
    assert await db.fetchval("select count(*) from upstream_receipt") == 0


async def test_a_busy_platform_is_asked_again_and_nothing_moves_until_then(
    cast: Cast, platform: Outside
) -> None:
    case = await question()
    await platform.fault("hotline", "extensions", errcode=5000)
    await ask(case, cast.centre)
    assert await work() == ["again"]
    assert await limits(case) == LIMITS
    with pytest.raises(Refused, match="正在等待热线平台答复"):
        await ask(case, cast.centre)
    await db.execute("update job set due_at = now()")
    assert await work() == ["done"]
    assert await limits(case) == MOVED


async def test_a_grant_that_comes_after_the_limit_was_met_is_kept_and_moves_nothing(
    cast: Cast, platform: Outside
) -> None:
    case = await question()
    await ask(case, cast.centre)
    await db.execute("update clock set state = 'met'")
    assert await work() == ["done"]
    assert await limits(case) == LIMITS
    assert (await story(case))[1].startswith("热线平台接口 同意延期 3 个工作日")
