"""A dozen invented petitions in every state, made by the real actions at invented times; told inside the caller's transaction.

The names are the sample's own; nothing is sent, for a petition's notices are handed over by people.
"""

from dataclasses import dataclass
from datetime import timedelta

from core import clock
from core.actions import REGISTER
from core.actor import Actor
from staff import queries as staff
from tickets import reporting
from tickets.models import Case
from tickets.petitions.registering import register
from tickets.petitions.registration import Registration
from tickets.word.variables import Kind

ORGAN = "测试市卫生健康委员会"


@dataclass(frozen=True, slots=True)
class Told:
    """A petition: how many days ago it came, how far it got, and what is written down."""

    days: int
    goal: str
    form: str
    title: str
    content: str
    name: str
    category: str = "申诉求决"
    people: int = 1
    accused: bool = False


PETITIONS = (
    Told(2, "registered", "letter", "反映检查费重复收取", "本人上月就诊时同一项检查被收取两次费用，共 260 元，请求核实并退还多收部分。", "周示例"),
    Told(3, "registered", "transferred", "反映住院押金退还缓慢", "家属出院已一个月，住院押金余额仍未退还，请求尽快办理。", "吴示例"),
    Told(1, "registered", "letter", "反映有人收受红包", "反映住院期间有工作人员收受红包，请求查处。", "郑示例", "检举控告", accused=True),
    Told(4, "objected", "transferred", "反映小区门诊部停诊", "反映社区门诊部长期停诊，居民就医不便，请求恢复。", "冯示例"),
    Told(6, "accepted", "visit", "要求说明手术延期的原因", "家人手术两次延期，请求说明原因并尽快安排。", "陈示例"),
    Told(9, "assigned", "web", "反映门诊取药排队过久", "连续三次取药排队超过一小时，请求改进流程。", "褚示例"),
    Told(12, "assigned", "visit", "病友集体反映透析排班", "二十余名透析病友反映排班调整后往返困难，推选代表反映，请求恢复原排班。", "卫示例", people=23),
    Told(16, "prolonged", "letter", "对诊疗费用有异议", "对住院费用清单中的多项耗材有异议，请求逐项说明并退还不合理收费。", "蒋示例"),
    Told(20, "declined", "letter", "不服劳动仲裁裁决", "本人为离职护工，不服与劳务公司的仲裁裁决，请求医院补发工资。", "沈示例"),
    Told(26, "issued", "call", "反映病历复印收费不合理", "复印病历被收取加急费，请求说明依据并退还。", "韩示例"),
    Told(34, "delivered", "letter", "要求更正出院诊断", "认为出院诊断与实际病情不符，请求更正。", "杨示例"),
    Told(48, "in_review", "letter", "要求退还特需服务费", "未经告知被安排特需病房，请求退还差价。", "朱示例"),
    Told(70, "closed", "web", "建议增设夜间门诊", "建议在工作日晚间增设儿科门诊，方便上班的家长。", "秦示例", "建议意见"),
    Told(95, "archived", "letter", "反映救护车收费", "救护车收费高于公示标准 80 元，请求退还。", "许示例"),
)  # fmt: skip


@dataclass
class Desk:
    """Who acts: somebody of the centre, and its head."""

    centre: Actor
    chief: Actor

    async def do(self, name: str, case: Case, ago: float, by: Actor | None = None, **data: object) -> None:
        """One action, so many days ago."""
        entry = REGISTER[name]
        with clock.frozen(clock.now() - timedelta(days=ago)):
            await entry.run(case.id, entry.parse(data), by=by or self.centre)

    async def make(self, kind: Kind, case: Case, days: float) -> None:
        """One document, so many days ago."""
        with clock.frozen(clock.now() - timedelta(days=days)):
            await reporting.make(case.id, reporting.ReportForm(kind=kind), by=self.centre)


async def tell(centre: Actor, chief: Actor) -> None:
    """All of them, the oldest first."""
    desk = Desk(centre, chief)
    for at, told in enumerate(sorted(PETITIONS, key=lambda entry: -entry.days)):
        await _tell(desk, told, at)


def _form(told: Told, at: int, accused: str) -> Registration:
    more: dict[str, object] = {}
    if told.form == "transferred":
        more = {"transferred_by": ORGAN, "transfer_no": f"测卫信转〔2026〕{at + 1}号"}
    return Registration.model_validate(
        {
            "form": told.form,
            "category": told.category,
            "title": told.title,
            "content": told.content,
            "topic": "卫生健康_医疗服务",
            "name": told.name,
            "phone": f"1990009{at:04d}",
            "address": f"测试市测试区示例路 {at + 1} 号",
            "people": told.people,
            "others": "测试代表甲\n测试代表乙" if told.people > 1 else "",
            "accused": accused,
            **more,
        }
    )


async def _tell(desk: Desk, told: Told, at: int) -> None:
    accused = (
        "、".join(person.name for person in await staff.find_people("", limit=1)) if told.accused else ""
    )
    with clock.frozen(clock.now() - timedelta(days=told.days)):
        case, _ = await register(_form(told, at, accused), f"sample{at}", by=desk.centre)
    start = told.days - 0.5
    if told.goal == "registered":
        return
    if told.goal == "objected":
        await desk.do(
            "case.object", case, start, organ=ORGAN, reason="该门诊部不属于我院管理，建议转属地卫生健康局"
        )
        return
    if told.goal == "declined":
        await desk.do("case.decline", case, start, ground="arbitration")
        await desk.make(Kind.PETITION_DECLINED, case, start - 0.1)
        await desk.do("case.notify", case, start - 0.2, document="petition_declined", way="挂号邮寄")
        return
    await desk.do("case.take_up", case, start)
    await desk.make(Kind.PETITION_ACCEPTED, case, start - 0.1)
    await desk.do("case.notify", case, start - 0.2)
    await _on(desk, case, told)


async def _on(desk: Desk, case: Case, told: Told) -> None:
    """What follows acceptance, as far as it is to get."""
    half = told.days / 2
    if told.goal == "accepted":
        return
    if told.goal in ("assigned", "prolonged"):
        unit = next(unit for unit in (await staff.tree()).below() if unit.kind == "department")
        await desk.do("case.assign", case, half, units=[str(unit.id)], instructions="请调查核实并书面答复")
        if told.goal == "prolonged":
            await desk.do("case.prolong", case, 1, desk.chief, days=30, reason="需要等待物价部门的复函")
        return
    await desk.do(
        "case.draft_opinion",
        case,
        half,
        outcome="支持" if told.category == "申诉求决" else "解释说明",
        claims=told.content,
        facts="经调取收费记录、病历和监控并询问当事人，所反映的情况基本属实。",
        opinion="支持您的请求，已责成有关科室改进，多收的费用已按原支付渠道退还。",
        basis="《信访工作条例》第三十二条；《医疗机构投诉管理办法》",
        organ=ORGAN,
    )
    await desk.do("case.issue_opinion", case, half - 0.5, desk.chief)
    if told.goal == "issued":
        return
    await desk.make(Kind.PETITION_OPINION, case, half - 1)
    await desk.do("case.deliver", case, half - 2, receiver=told.name, way="挂号邮寄")
    if told.goal == "in_review":
        await desk.do("case.ask_review", case, half - 5, organ=ORGAN, reason="认为退费金额不足")
    if told.goal in ("closed", "archived"):
        await desk.do("case.conclude", case, 3, settled=True, result="信访人对处理意见表示满意")
    if told.goal == "archived":
        await desk.make(Kind.PETITION_CLOSING, case, 2)
        await desk.do("case.file", case, 1, retention="30年")
