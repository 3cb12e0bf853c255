"""The road of a petition: taken up, worked on, opinion, delivery, review, re-review, end, file."""

from datetime import date
from pathlib import Path

import pytest

from core import clock, db
from core.errors import Forbidden, Invalid, Refused
from core.settings import settings
from tests.tickets.conftest import Cast, at
from tests.tickets.petition import (
    OPINION,
    delivered,
    do,
    issued,
    limits,
    made,
    registered,
    story,
    taken_up,
)
from tickets.models import Case, Ticket
from tickets.petitions.models import Petition
from tickets.queries import choices
from tickets.states import CaseState, TicketState
from tickets.word.variables import Kind


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


async def labels(case: Case, by: object) -> set[str]:
    case = await Case.get(id=case.id)
    return {action.label for action in await choices.of_case(case, by)}  # type: ignore[arg-type]


async def test_a_petition_goes_from_letter_to_archive(cast: Cast) -> None:
    case = await delivered(cast)
    with clock.frozen(at("2026-05-06 09:00")):
        await do("case.conclude", case.id, cast.centre, result="期限届满，信访人未申请复查")
        with pytest.raises(Refused, match="办结报告"):
            await do("case.file", case.id, cast.centre)
        await made(case, Kind.PETITION_CLOSING, cast.centre)
        await do("case.file", case.id, cast.centre, retention="30年")
    case = await Case.get(id=case.id)
    assert (case.state, case.archive_no) == (CaseState.ARCHIVED, "信访归档2026-00001")
    assert await story(case) == [
        ("receive", "received"),
        ("register_petition", ""),
        ("take_up", "accepted"),
        ("notify", "accepted"),
        ("draft_opinion", "under_review"),
        ("issue_opinion", "issued"),
        ("deliver", "delivered"),
        ("conclude", "closed"),
        ("file", "archived"),
    ]
    assert await db.fetchval("select count(*) from clock where state = 'running'") == 0


async def test_each_step_offers_what_can_be_done_and_nothing_else(cast: Cast) -> None:
    case = await registered(cast)
    assert await labels(case, cast.centre) >= {"决定受理", "不予受理", "转送", "信访人撤回"}
    assert "提出异议" not in await labels(case, cast.centre)  # nobody transferred it to us
    case = await issued(cast, draft="b2")
    assert await labels(case, cast.centre) >= {"登记送达", "登记告知"}
    case = await delivered(cast, draft="c3")
    assert await labels(case, cast.centre) >= {"登记复查申请", "信访办结", "重新办理"}
    assert await labels(case, cast.cashier) == set()


async def test_whoever_drafted_an_opinion_does_not_issue_it(cast: Cast) -> None:
    case = await taken_up(cast)
    await do("case.draft_opinion", case.id, cast.chief, **OPINION)
    assert "签发意见" not in await labels(case, cast.chief)
    with pytest.raises(Forbidden, match="起草人"):
        await do("case.issue_opinion", case.id, cast.chief)
    with pytest.raises(Forbidden):
        await do("case.issue_opinion", case.id, cast.centre)


async def test_an_opinion_waits_until_every_department_is_done(cast: Cast) -> None:
    case = await taken_up(cast)
    await do("case.assign", case.id, cast.centre, units=["收费处"])
    with pytest.raises(Refused, match="还有 1 张科室工单未办结"):
        await do("case.draft_opinion", case.id, cast.centre, **OPINION)


async def test_an_opinion_is_delivered_only_after_its_letter_was_made(cast: Cast) -> None:
    case = await taken_up(cast)
    with pytest.raises(Refused, match="还没有签发"):
        await made(case, Kind.PETITION_OPINION, cast.centre)
    await do("case.draft_opinion", case.id, cast.centre, **OPINION)
    await do("case.issue_opinion", case.id, cast.chief)
    with pytest.raises(Refused, match="请先生成信访处理意见书"):
        await do("case.deliver", case.id, cast.centre, receiver="测试甲")


async def test_a_day_to_come_or_before_the_letter_is_no_day_of_delivery(cast: Cast) -> None:
    case = await issued(cast)
    with clock.frozen(at("2026-04-03 09:00")):
        for on, why in ((date(2026, 4, 4), "不能晚于今天"), (date(2026, 3, 31), "不能早于 2026-04-01")):
            with pytest.raises(Invalid, match=why):
                await do("case.deliver", case.id, cast.centre, receiver="测试甲", on=on)


async def test_by_another_way_than_the_sixth_it_is_not_accepted_and_the_right_way_is_told(
    cast: Cast,
) -> None:
    case = await registered(cast)
    with pytest.raises(Refused, match="不予受理"):
        await do("case.take_up", case.id, cast.centre, route="2")
    await do("case.decline", case.id, cast.centre, ground="arbitration")
    petition = await Petition.get(case_id=case.id)
    assert (petition.ground, petition.told_route) == (
        "arbitration",
        "请向有管辖权的仲裁委员会申请仲裁",
    )
    with pytest.raises(Refused, match="还没有登记告知"):
        await do("case.conclude", case.id, cast.centre, result="不予受理")
    with pytest.raises(Refused, match="请先生成不予受理告知书"):
        await do("case.notify", case.id, cast.centre, document="petition_declined")
    await made(case, Kind.PETITION_DECLINED, cast.centre)
    await do("case.notify", case.id, cast.centre, document="petition_declined")
    await do("case.conclude", case.id, cast.centre, result="不予受理，已告知")
    await do("case.file", case.id, cast.centre, retention="10年")
    assert (await Case.get(id=case.id)).state is CaseState.ARCHIVED


async def test_a_quashed_opinion_is_worked_on_anew_once_the_review_is_delivered(cast: Cast) -> None:
    case = await delivered(cast)
    with clock.frozen(at("2026-04-20 09:00")):
        await do("case.ask_review", case.id, cast.centre, organ="测试市卫健委", reason="退费金额不足")
    with clock.frozen(at("2026-05-08 09:00")):
        await do("case.decide_review", case.id, cast.chief, outcome="撤销", opinion="事实不清，责令重新办理")
        await made(case, Kind.PETITION_REVIEW, cast.centre)
        await do("case.deliver", case.id, cast.centre, receiver="测试甲")
    case = await Case.get(id=case.id)
    assert (case.state, case.round) == (CaseState.IN_PROGRESS, 2)
    assert await limits(case) == {"decision": ("2026-07-07", "running")}
    tickets = await Ticket.filter(case_id=case.id).order_by("id")
    assert [(ticket.round, ticket.state) for ticket in tickets] == [
        (1, TicketState.DONE),
        (2, TicketState.ASSIGNED),
    ]


async def test_after_the_re_review_it_is_final(cast: Cast) -> None:
    case = await delivered(cast)
    for verb, when in (("review", "2026-04-10 09:00"), ("rereview", "2026-05-06 09:00")):
        with clock.frozen(at(when)):
            await do(f"case.ask_{verb}", case.id, cast.centre, organ="测试市卫健委", reason="不服")
            await do(f"case.decide_{verb}", case.id, cast.chief, outcome="维持", opinion="予以维持，理由充分")
            await do("case.deliver", case.id, cast.centre, receiver="测试甲")
    case = await Case.get(id=case.id)
    assert (case.state, (await Petition.get(case_id=case.id)).final) == (CaseState.FINAL, True)
    with pytest.raises(Refused, match="复核终结"):
        await do("case.ask_review", case.id, cast.centre, organ="测试市卫健委", reason="不服")
    await do("case.conclude", case.id, cast.centre, result="复核终结")


async def test_the_petitioner_withdraws_and_the_departments_are_relieved(cast: Cast) -> None:
    case = await taken_up(cast)
    await do("case.assign", case.id, cast.centre, units=["收费处", "心血管内科"])
    await do("case.take_back", case.id, cast.centre, reason="已与科室达成一致")
    case = await Case.get(id=case.id)
    tickets = await Ticket.filter(case_id=case.id).order_by("id")
    assert case.state is CaseState.CLOSED
    assert [ticket.state for ticket in tickets] == [TicketState.WITHDRAWN, TicketState.WITHDRAWN]
    assert await db.fetchval("select count(*) from clock where state in ('running', 'paused')") == 0


async def test_a_superior_agrees_to_an_objection_or_does_not(cast: Cast) -> None:
    transferred = {"form": "transferred", "transferred_by": "测试市卫健委", "transfer_no": "测转8号"}
    first = await registered(cast, **transferred)
    with clock.frozen(at("2026-03-05 09:00")):
        await do("case.object", first.id, cast.centre, organ="测试市卫健委", reason="不属于我院职权")
        await do("case.objection_refused", first.id, cast.centre, reason="仍由你院办理")
        assert (await Case.get(id=first.id)).state is CaseState.RECEIVED
    second = await registered(cast, draft="b2", **transferred)
    with clock.frozen(at("2026-03-05 09:00")):
        await do("case.object", second.id, cast.centre, organ="测试市卫健委", reason="不属于我院职权")
        await do("case.objection_upheld", second.id, cast.centre, approver="测试处长")
    assert (await Case.get(id=second.id)).state is CaseState.FORWARDED


async def test_before_the_window_is_over_it_ends_only_by_the_persons_own_word(cast: Cast) -> None:
    case = await delivered(cast)
    with clock.frozen(at("2026-04-10 09:00")):
        with pytest.raises(Refused, match="2026-05-04"):
            await do("case.conclude", case.id, cast.centre, result="已办结")
        await do("case.conclude", case.id, cast.centre, result="签署息诉承诺", settled=True)
    assert (await Case.get(id=case.id)).state is CaseState.CLOSED


async def test_a_case_of_another_source_knows_none_of_these_verbs(cast: Cast) -> None:
    case = await taken_up(cast)
    for verb, data in (
        ("call_back", {"satisfied": "满意"}),
        ("archive", {}),
        ("submit", {"reply": "已核实处理"}),
    ):
        with pytest.raises(Refused, match="不能进行此操作"):
            await do(f"case.{verb}", case.id, cast.chief, **data)
