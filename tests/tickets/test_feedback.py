"""Complaints, suggestions, inquiries, reports and praise, from the desk to the archive, as the cast lives them."""

from collections.abc import Mapping

import pytest
from pydantic import ValidationError

from core import clock, db
from core.actions import REGISTER
from core.actor import Actor
from core.errors import Invalid, Refused
from core.outbox import OUTBOX
from core.pump import drain
from staff import working_days
from tests.tickets.conftest import Cast, at
from tickets.feedback import queries as sheets
from tickets.feedback.given import Feedback, faults_of
from tickets.feedback.registering import register
from tickets.models import Case, Clock, Ticket
from tickets.queries import case_page, choices
from tickets.receiving import Outcome


def said(key: str = "FK-1", **more: object) -> Feedback:
    """A complaint about the cardiology clinic, with whatever is said otherwise."""
    given: dict[str, object] = {
        "key": key,
        "kind": "投诉",
        "channel": "来访",
        "title": "护士解释不清",
        "content": "本人昨日在东院区心血管内科就诊，护士对检查费用解释不清，态度不好，要求道歉并说明。",
        "caller_name": "测试甲",
        "caller_phone": "13800000001",
        "campus": "东院区",
        "departments": ["心血管内科"],
        **more,
    }
    return Feedback.model_validate(given)


async def do(name: str, subject: int, by: Actor, **data: object) -> None:
    """Run an action as a door would."""
    action = REGISTER[name]
    await action.run(subject, action.parse(data), by=by)


async def settle() -> None:
    """Let every reaction run; none may fail."""
    while await drain(OUTBOX):
        pass
    failed = await db.fetch("select reaction, error from outbox where error <> ''")
    assert [dict(row) for row in failed] == []


async def registered(by: Actor, key: str = "FK-1", **more: object) -> tuple[Case, list[Ticket]]:
    """A case as it stands after registration."""
    received = await register(said(key, **more), by=by)
    return await Case.get(id=received.case_id), await Ticket.filter(case_id=received.case_id).order_by("id")


async def sheet(case: Case, by: Actor) -> sheets.Sheet:
    """The feedback part as this person sees it."""
    found = await sheets.sheet(await case_page.open_case(case.id, by), by)
    assert found is not None
    return found


async def messages(purpose: str) -> dict[str, str]:
    """The messages of a purpose: text by the WeCom account of the receiver."""
    rows = await db.fetch("select wecom_userid, text from message where purpose = $1 order by id", purpose)
    return {row["wecom_userid"]: row["text"] for row in rows}


async def test_a_complaint_gets_its_ticket_and_five_working_days(cast: Cast) -> None:
    await working_days.seed([2026], by=cast.admin)
    with clock.frozen(at("2026-03-02 09:00")):
        case, tickets = await registered(cast.centre)
    assert (case.source, case.state, case.appeal_type, case.channel) == (
        "feedback",
        "in_progress",
        "投诉",
        "来访",
    )
    assert [ticket.unit_id for ticket in tickets] == [cast.units["心血管内科"]]
    limits = await Clock.filter(case_id=case.id, ticket_id=None)
    assert [(row.kind, clock.local(row.due_at).date().isoformat()) for row in limits] == [
        ("hospital", "2026-03-09")
    ]


async def test_the_same_form_sent_twice_is_one_case(cast: Cast) -> None:
    given = said(risks=["媒体"], categories=[13], tags=["夜间"])
    first = await register(given, by=cast.centre)
    second = await register(given, by=cast.centre)
    assert (first.outcome, second.outcome) == (Outcome.NEW, Outcome.SAME)
    assert first.case_id == second.case_id
    assert await db.fetchval("select count(*) from cases") == 1
    assert await db.fetchval("select count(*) from history where verb = 'flag_risk'") == 1


async def test_another_complaint_under_a_known_key_is_refused(cast: Cast) -> None:
    await register(said(), by=cast.centre)
    with pytest.raises(Refused, match="内容不同"):
        await register(said(content="完全不同的另一件事，要求退费。"), by=cast.centre)


async def test_everything_said_at_the_desk_is_kept(cast: Cast) -> None:
    case, _ = await registered(
        cast.centre,
        relation="家属",
        authorised="是",
        wishes=["道歉", "解释"],
        categories=[26, 13],
        severity="较大",
        tags=["夜间"],
        hcat=[{"category": "communication", "severity": 2}, {"category": "respect", "severity": 1}],
        stage="检查与诊断",
        harm=1,
        first_unit="收费处",
        first_name="测试收费员",
    )
    found = await sheet(case, cast.centre)
    assert (found.relation, found.authorised, found.wishes) == ("家属", True, ("道歉", "解释"))
    assert found.categories == ("收费价格与医保->费用疑问", "服务态度与沟通->语言生硬")
    assert found.function_units == ("财务科", "病人服务中心")
    assert found.hcat == (("沟通", "中"), ("尊重与权利", "低"))
    assert (found.stage, found.harm) == ("检查与诊断", "极轻微")
    assert (found.first_unit, found.first_name) == ("东院区 · 收费处", "测试收费员")
    assert (case.category, case.severity, case.tags) == ("收费价格与医保->费用疑问", "较大", ["夜间"])


async def test_what_was_settled_on_the_spot_is_closed_without_a_ticket(cast: Cast) -> None:
    with clock.frozen(at("2026-03-02 09:00")):
        case, tickets = await registered(
            cast.centre, settled={"how": "已当面核对清单并解释，患者理解", "satisfied": "满意"}
        )
    assert (case.state, tickets, case.due_at) == ("closed", [], None)
    found = await sheet(case, cast.centre)
    assert (found.settled_how, found.settled_satisfied) == ("已当面核对清单并解释，患者理解", "满意")
    assert [row.state for row in await Clock.filter(case_id=case.id)] == ["met"]


async def test_a_complaint_in_hand_is_not_settled_on_the_spot(cast: Cast) -> None:
    case, _ = await registered(cast.centre)
    with pytest.raises(Refused, match="已有科室在办"):
        await do("case.settle", case.id, cast.centre, how="已解释")
    assert "settle" not in {entry.verb for entry in await choices.of_case(case, cast.centre)}


async def test_praise_reaches_the_department_is_closed_at_once_and_has_no_clock(cast: Cast) -> None:
    case, tickets = await registered(cast.centre, kind="表扬", persons=["测试联络人甲"])
    assert (case.state, tickets, await Clock.filter(case_id=case.id).count()) == ("closed", [], 0)
    await settle()
    told = await messages("case.praise")
    assert set(told) == {"liaison", "head"}
    assert "收到对心血管内科的表扬，提到测试联络人甲：护士解释不清" in told["liaison"]
    assert [line.unit for line in await sheets.praise(cast.liaison)] == ["东院区 · 心血管内科"]
    assert await sheets.praise(cast.bones) == []


async def test_praise_that_names_nobody_waits_for_the_centre_to_pass_it_on(cast: Cast) -> None:
    case, _ = await registered(cast.centre, kind="表扬", departments=[])
    assert case.state == "received"
    assert {entry.verb for entry in await choices.of_case(case, cast.centre)} >= {"pass_on"}
    await do("case.pass_on", case.id, cast.centre, units=["骨科"])
    assert (await Case.get(id=case.id)).state == "closed"
    assert [line.case.id for line in await sheets.praise(cast.bones)] == [case.id]


async def test_a_report_is_not_handed_to_the_department_it_accuses(cast: Cast) -> None:
    case, tickets = await registered(cast.centre, kind="举报", content="心血管内科有人收受红包，请核查。")
    assert (case.state, tickets) == ("received", [])


async def test_several_departments_together_have_ten_working_days_with_the_reason(cast: Cast) -> None:
    await working_days.seed([2026], by=cast.admin)
    with clock.frozen(at("2026-03-02 09:00")):
        case, _ = await registered(cast.centre)
        with pytest.raises(Refused, match="只有一个科室"):
            await do("case.study_together", case.id, cast.centre, reason="涉及收费与诊疗")
        await do("case.assign", case.id, cast.centre, units=["收费处"])
        await do("case.study_together", case.id, cast.centre, reason="涉及收费与诊疗")
        with pytest.raises(Refused, match="已经是多科室"):
            await do("case.study_together", case.id, cast.centre, reason="涉及收费与诊疗")
    rows = await Clock.filter(case_id=case.id, ticket_id=None).order_by("id")
    assert [(row.kind, row.state, clock.local(row.due_at).date().isoformat()) for row in rows] == [
        ("hospital", "void", "2026-03-09"),
        ("hospital", "running", "2026-03-16"),
    ]
    assert "由心血管内科、收费处共同研究：涉及收费与诊疗" in rows[1].reason
    assert "《医疗机构投诉管理办法》" in rows[1].reason
    assert (await Case.get(id=case.id)).due_at == rows[1].due_at


async def test_a_new_flag_alerts_at_once_and_the_same_flag_again_does_not(cast: Cast) -> None:
    case, _ = await registered(cast.centre)
    await do("case.flag_risk", case.id, cast.centre, risks=["媒体"], note="称将联系电视台")
    await settle()
    told = await messages("case.risk")
    assert set(told) == {"chief", "vice"}
    assert "风险：媒体（称将联系电视台）" in told["chief"]
    lanes = await db.fetch("select lane from message where purpose = 'case.risk'")
    assert {row["lane"] for row in lanes} == {"urgent"}
    await do("case.flag_risk", case.id, cast.centre, risks=["媒体"], note="仍在跟进")
    await settle()
    assert len(await db.fetch("select 1 from message where purpose = 'case.risk'")) == 2
    with pytest.raises(Invalid, match="风险已解除"):
        await do("case.flag_risk", case.id, cast.centre)
    await do("case.flag_risk", case.id, cast.centre, cleared=True)
    assert (await Case.get(id=case.id)).risks == []


async def test_flags_set_at_registration_alert_too(cast: Cast) -> None:
    await registered(cast.centre, risks=["暴力", "群体"])
    await settle()
    assert set(await messages("case.risk")) == {"chief", "vice"}


async def test_classes_that_are_not_named_stay_as_they_are(cast: Cast) -> None:
    case, _ = await registered(cast.centre, severity="较大", tags=["夜间"], categories=[13])
    await do("case.classify", case.id, cast.centre, categories="候诊时间、语言生硬")
    fresh = await Case.get(id=case.id)
    assert (fresh.category, fresh.severity, fresh.tags) == ("流程等候与预约->候诊时间", "较大", ["夜间"])
    with pytest.raises(Invalid, match="没有分类“不存在”"):
        await do("case.classify", case.id, cast.centre, categories=["不存在"])
    with pytest.raises(Invalid, match="标签：没有“不存在”"):
        await do("case.classify", case.id, cast.centre, tags=["不存在"])


async def test_records_of_departments_and_centre_each_see_their_part(cast: Cast) -> None:
    case, (ticket,) = await registered(cast.centre)
    await do("case.assign", case.id, cast.centre, units=["收费处"])
    other = await Ticket.get(case_id=case.id, unit_id=cast.units["收费处"])
    for number, who in ((ticket.id, cast.liaison), (other.id, cast.cashier)):
        await do("ticket.sign", number, who)
    await do(
        "ticket.note_handling", ticket.id, cast.liaison, content="已电话致歉", way="电话", contact="患者本人"
    )
    await do(
        "ticket.note_handling", other.id, cast.cashier, content="核对费用清单", kind="调查核实", way="未联系"
    )
    await do("case.note_handling", case.id, cast.centre, content="与患者当面沟通", way="当面", signed=True)
    seen = {
        name: [record.content for record in (await sheet(case, cast.people[name])).records]
        for name in ("centre", "liaison", "cashier")
    }
    assert seen == {
        "centre": ["与患者当面沟通", "核对费用清单", "已电话致歉"],
        "liaison": ["已电话致歉"],
        "cashier": ["核对费用清单"],
    }


async def test_what_is_found_about_a_person_is_for_centre_and_reviewers_alone(cast: Cast) -> None:
    case, _ = await registered(cast.centre)
    await do(
        "case.judge",
        case.id,
        cast.chief,
        responsibility="次要责任",
        person="测试医生",
        opinion="诫勉谈话",
    )
    for name in ("centre", "chief"):
        found = await sheet(case, cast.people[name])
        assert [(entry.person, entry.opinion) for entry in found.penalties] == [("测试医生", "诫勉谈话")]
        assert found.responsibility == "次要责任"
    for name in ("liaison", "head", "vice"):
        found = await sheet(case, cast.people[name])
        assert (found.responsibility, found.penalties) == ("", ())
    lines = await db.fetch("select text, detail::text as detail from history where verb = 'judge'")
    assert [(row["text"], row["detail"]) for row in lines] == [("", "{}")]
    audited = await db.fetchval("select detail::text from audit where action = 'case.judge'")
    assert "诫勉谈话" not in audited


async def test_an_opinion_needs_its_person(cast: Cast) -> None:
    case, _ = await registered(cast.centre)
    with pytest.raises(Invalid, match="应一起填写"):
        await do("case.judge", case.id, cast.chief, responsibility="次要责任", opinion="诫勉谈话")


async def test_a_measure_is_carried_out_verified_or_opened_again(cast: Cast) -> None:
    with clock.frozen(at("2026-03-02 09:00")):
        case, _ = await registered(cast.centre)
        with pytest.raises(Invalid, match="不能早于今天"):
            await do(
                "case.plan_rectification",
                case.id,
                cast.centre,
                measure="培训",
                unit="心血管内科",
                due_on="2026-03-01",
            )
        await do(
            "case.plan_rectification",
            case.id,
            cast.centre,
            measure="开展沟通培训",
            unit="心血管内科",
            due_on="2026-03-20",
            person="测试主任甲",
        )
        with pytest.raises(Refused, match="没有待验证"):
            await do("case.verify_rectification", case.id, cast.centre, text="抽查合格")
        await do("case.finish_rectification", case.id, cast.centre, text="已培训两次")
        await do("case.verify_rectification", case.id, cast.centre, text="抽查不合格", passed=False)
        await do("case.finish_rectification", case.id, cast.centre, text="再次培训")
        await do("case.verify_rectification", case.id, cast.centre, text="抽查合格")
        (measure,) = (await sheet(case, cast.liaison)).measures
    assert (measure.state, measure.done_text, measure.verified_text) == ("verified", "再次培训", "抽查合格")


async def test_duties_told_and_the_way_of_a_dispute_are_kept(cast: Cast) -> None:
    case, _ = await registered(cast.centre)
    await do(
        "case.tell_duties",
        case.id,
        cast.centre,
        items=["解决医疗纠纷的合法途径", "查阅、复制病历资料的规定"],
        receiver="测试甲",
    )
    await do(
        "case.record_route", case.id, cast.centre, route="人民调解", result="达成协议", compensation="1200.50"
    )
    found = await sheet(case, cast.centre)
    assert [(told.items, told.receiver) for told in found.told] == [
        (("解决医疗纠纷的合法途径", "查阅、复制病历资料的规定"), "测试甲")
    ]
    assert (found.route, found.route_result, str(found.compensation)) == ("人民调解", "达成协议", "1200.50")
    hidden = await sheet(case, cast.liaison)
    assert (hidden.told, hidden.route, hidden.compensation) == ((), "", None)


async def test_earlier_cases_of_the_same_phone_are_shown_to_those_who_may_see_them(cast: Cast) -> None:
    first, _ = await registered(cast.centre, "FK-1")
    other, _ = await registered(cast.centre, "FK-2", caller_phone="13800000002")
    case, _ = await registered(cast.centre, "FK-3", title="再次反映")
    assert [one.id for one in (await sheet(case, cast.centre)).earlier] == [first.id]
    assert other.id < case.id
    await db.execute("update cases set secret = true where id = $1", first.id)
    assert (await sheet(case, cast.centre)).earlier == ()


FAULTS: tuple[tuple[Mapping[str, object], str], ...] = (
    ({"kind": "吐槽"}, "kind"),
    ({"caller_phone": "abc"}, "caller_phone"),
    ({"risks": ["地震"]}, "risks.0"),
    ({"hcat": [{"category": "quality", "severity": 4}]}, "hcat.0.severity"),
    ({"kind": "表扬", "settled": {"how": "已转告"}}, "settled"),
)


@pytest.mark.parametrize(("more", "field"), FAULTS)
def test_a_faulty_field_is_named(more: Mapping[str, object], field: str) -> None:

    with pytest.raises(ValidationError) as caught:
        said("FK-1", **more)
    assert [fault.field for fault in faults_of(caught.value)] == [field]
