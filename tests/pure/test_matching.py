"""Which visit an order is about: a table of orders against one small hospital, and the single reasons.

The cast: 张测试 twice (two persons of one name), a mother and daughter who share a phone, a child whose father
calls, an inpatient who is still in, and 赵测明, who only happened to sit in the same clinic on the same day.
"""

from dataclasses import replace
from datetime import date
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patients.rows import VisitKind
from tickets.matching import OrderFacts, VisitFacts, rank, score

RECEIVED = date(2026, 11, 21)  # a Saturday
OUT, IN, EMERGENCY, EXAM = VisitKind.OUTPATIENT, VisitKind.INPATIENT, VisitKind.EMERGENCY, VisitKind.EXAM
SHARED_PHONE, FATHERS_PHONE = "13800000004", "13800000006"


def visit(
    visit_id: int,
    name: str,
    phone: str,
    kind: VisitKind,
    department: str,
    start: tuple[int, int],
    end: tuple[int, int] | None = None,
    **more: str,
) -> VisitFacts:
    facts = VisitFacts(
        visit_id=visit_id,
        patient_id=int(phone[-2:]),
        name=name,
        kind=kind,
        department=department,
        start_on=date(2026, *start),
        end_on=date(2026, *end) if end else None,
        phones=(phone,),
        id_hash=phone.encode(),
        patient_number=f"P{phone[-6:]}",
        visit_number=f"V2026{visit_id:06}",
        department_aliases=("心内科",) if department.startswith("心") else (),
        campus="东院",
    )
    return replace(facts, **more)  # type: ignore[arg-type]


VISITS = (
    visit(1, "张测试", "13800000001", OUT, "心血管内科门诊", (11, 20), doctor="李测医", diagnosis="高血压病"),
    visit(2, "张测试", "13800000001", IN, "心内科一病区", (10, 1), (10, 9), doctor="周测"),
    visit(3, "李测芳", "13800000002", IN, "神经内科三病区", (11, 10), (11, 18), diagnosis="脑梗死、高血压病"),
    visit(4, "王测强", "13800000003", EMERGENCY, "急诊科", (11, 19)),
    visit(5, "王测强", "13800000003", OUT, "骨科门诊", (11, 20), diagnosis="桡骨骨折"),
    visit(6, "陈测兰", SHARED_PHONE, IN, "呼吸与危重症医学科二病区", (11, 15)),
    visit(7, "郭测梅", SHARED_PHONE, OUT, "妇科门诊", (11, 2)),
    visit(8, "欧阳测娜", "13800000005", OUT, "皮肤科", (11, 18)),
    visit(9, "刘测宝", FATHERS_PHONE, OUT, "儿科门诊", (11, 20), doctor="欧阳测"),
    visit(10, "刘测山", FATHERS_PHONE, EXAM, "体检中心", (11, 12)),
    visit(11, "赵测明", "13800000007", OUT, "心血管内科门诊", (11, 20), doctor="李测医"),
    visit(12, "测试甲", "13800000008", OUT, "眼科门诊", (11, 5)),
    visit(13, "测试甲", "13800000008", OUT, "眼科门诊", (11, 16)),
    visit(14, "张测试", "13800000009", OUT, "口腔科", (9, 1)),
    visit(15, "孙测文", "13800000012", OUT, "消化内科门诊", (11, 17), campus="西院"),
    visit(16, "吴测", "13800000013", IN, "普外科二病区", (11, 1), (11, 8)),
)


class Told(NamedTuple):
    """An order and the visits that are proposed for it, best first."""

    order: OrderFacts
    proposed: tuple[int, ...]


def told(text: str, *proposed: int, **facts: object) -> Told:
    return Told(OrderFacts(text, RECEIVED, **facts), proposed)  # type: ignore[arg-type]


ORDERS = [
    # the phone decides, day and department choose among the person's visits
    told("昨天在心内科门诊等了三个小时，李医生态度恶劣。", 1, 2, phones=("13800000001",)),
    told("国庆期间10月3日在心内科病房住院，护士不理人。", 2, 1, phones=("13800000001",)),
    told("来电反映收费不合理，要求退费。", 1, 2, phones=("13800000001",)),
    told("11月19日晚上救护车送到急诊，没有人接诊。", 4, 5, phones=("13800000003",)),
    told("昨日骨科医生说桡骨骨折要手术，费用不清楚。", 5, 4, phones=("13800000003",)),
    told("16号看眼科，验光结果不对。", 13, 12, phones=("13800000008",)),
    told("十一月五日在眼科配镜后头晕。", 12, 13, phones=("13800000008",)),
    # the text names the patient, the caller is somebody else
    told("患者李测芳上周三在神经内科住院，一日清单有误。", 3, phones=("19900000001",), caller="李测宝"),
    told("市民反映其母亲陈测兰现在呼吸科住院，5号床空调坏了。", 6, phones=(SHARED_PHONE,), caller="郭测梅"),
    told("我叫郭测梅，本月2号在妇科做检查，报告一直没出。", 7, 6, phones=(SHARED_PHONE,), caller="郭测梅"),
    told("带孩子昨天看儿科，欧阳医生没有解释病情。", 9, phones=(FATHERS_PHONE,), caller="刘测山"),
    told("11月12日体检，至今没有收到报告。", 10, 9, phones=(FATHERS_PHONE,), caller="刘测山"),
    told("患儿刘测宝在儿科就诊，医生开错药。", 9, phones=("19900000002",)),
    # a stated patient shuts out the others of the same phone
    told("住院期间护工态度不好。", 6, phones=(SHARED_PHONE,), names=("陈测兰",)),
    # numbers and documents
    told("住院号V2026000003，出院后复印病历被拒绝。", 3),
    told("反映医院退费问题。", 15, patient_number="P000012"),
    told("反映医院退费问题。", 16, id_hashes=(b"13800000013",)),
    told("证件丢失，需补打11月17日的发票，就诊卡号：P000012", 15),
    # the phone stands in the text only
    told("请回电13800000005，本人11月18日看皮肤科用药后过敏。", 8),
    # names only
    told("我叫欧阳测娜，三天前在皮肤科看病，药物过敏。", 8),
    told("张测试反映昨天上午心内科门诊停诊没有通知。", 1, 2),
    told("张测试9月1日在口腔科补牙后疼痛。", 14),
    told("患者吴测11月3日在普外科手术后切口感染。", 16),
    # family names need the day and the department
    told("欧阳女士反映11月18日在皮肤科就诊，医生看了不到一分钟。", 8, caller="欧阳女士"),
    told("孙先生反映17日在西院消化内科做胃镜排队太久。", 15, caller="孙先生", campus="西院"),
    told("来电人反映神经内科三病区13日夜间陪护收费问题。", 3, caller="李*芳"),
    told("孙先生反映消化内科服务态度差。", caller="孙先生"),
    told("王女士反映昨天停车场收费问题。", caller="王女士"),
    # nobody: place and time alone are never enough
    told("昨天上午在心内科门诊，李测医医生态度很差。"),
    told("昨天在心内科门诊看病，挂号窗口排队两小时。", phones=("19900000003",), caller="保密"),
    told("咨询医院周六是否开诊，心内科周一至周五几点上班？", phones=("19900000004",)),
    told("建议医院增加停车位。"),
    told("患者反映骨科医生昨天没有按时出诊。", phones=("19900000005",)),
    # the caller is a patient, but the order is about another person and place
    told("我朋友的父亲昨天在骨科住院，护士态度差。", phones=("13800000005",), caller="欧阳测娜"),
]


@pytest.mark.parametrize("case", ORDERS, ids=lambda case: case.order.text[:24])
def test_the_right_visits_are_proposed_and_no_others(case: Told) -> None:
    assert tuple(proposal.visit_id for proposal in rank(case.order, VISITS)) == case.proposed


def test_a_proposal_says_why_the_weightiest_first() -> None:
    order = OrderFacts(
        "昨天在心内科门诊等了三个小时，李测医医生说高血压不用看。",
        RECEIVED,
        phones=("13800000001",),
        occurred_on=date(2026, 11, 20),
        campus="东院区",
    )
    best = rank(order, VISITS)[0]
    assert (best.visit_id, best.points) == (1, 70)
    assert best.reasons == (
        "来电号码与患者手机一致",
        "事发日期 11-20 当天就诊",
        "诉求提到“心内科”，与就诊科室一致",
        "诉求提到医生“李测医”",
        "诉求提到门诊",
        "院区一致",
    )


def test_what_speaks_against_a_visit_is_said_too() -> None:
    order = OrderFacts("患者陈测兰昨天在骨科门诊", RECEIVED, phones=("13800000003",), names=("陈测兰",))
    proposal = score(order, VISITS[3])
    assert proposal.points == 9
    assert proposal.reasons == (
        "来电号码与患者手机一致",
        "诉求所述患者姓名不同",
        "事发日期 11-20 前后 1 天内就诊",
        "诉求提到“骨科”，与就诊科室不同",
        "诉求未提到急诊",
    )


def test_a_visit_after_the_order_is_held_back_and_an_open_stay_lasts_until_the_order() -> None:
    later = replace(VISITS[0], start_on=date(2026, 11, 25))
    order = OrderFacts("收费问题", RECEIVED, phones=("13800000001",))
    assert score(order, later).reasons == ("来电号码与患者手机一致", "收单时尚未就诊")
    today = OrderFacts("今天病房停水", RECEIVED, phones=(SHARED_PHONE,))
    assert "事发日期 11-21 在住院期间" in score(today, VISITS[5]).reasons


def test_only_so_many_are_proposed_and_equals_come_nearest_first() -> None:
    same = [replace(VISITS[0], visit_id=n, start_on=date(2026, 11, n)) for n in range(1, 19)]
    order = OrderFacts("收费问题", RECEIVED, phones=("13800000001",))
    assert [proposal.visit_id for proposal in rank(order, same, limit=3)] == [18, 17, 16]
    assert rank(order, same, floor=101) == ()


@given(st.text(alphabet="张测试心内科门诊昨天11月20日患者李医生王女士，0138 ", max_size=60))
def test_no_text_makes_a_proposal_without_a_person(text: str) -> None:
    nameless = [replace(visit, name="", phones=(), id_hash=None) for visit in VISITS]
    assert rank(OrderFacts(text, RECEIVED), nameless) == ()


@given(st.text(max_size=200))
def test_any_text_gives_points_within_bounds(text: str) -> None:
    for proposal in rank(OrderFacts(text, RECEIVED, phones=("13800000001",)), VISITS, limit=50, floor=0):
        assert 0 <= proposal.points <= 100
