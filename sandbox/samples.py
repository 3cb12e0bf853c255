"""Synthetic people and work orders, so that the sandbox can be shown without the product's own data.

Nobody here exists: names say so, phone numbers are of ranges kept for tests.
"""

from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from pydantic import JsonValue

from sandbox.state import Member, Patient

CHINA = timezone(timedelta(hours=8))

MEMBERS = (
    Member(userid="lianluo01", name="陈测试", department="心血管内科", title="护士长", role="科室联络员"),
    Member(userid="lianluo02", name="林测试", department="急诊科", title="主治医师", role="科室联络员"),
    Member(userid="zhuren01", name="周测试", department="心血管内科", title="主任", role="科室主任"),
    Member(userid="fuwu01", name="何测试", department="患者服务中心", title="专员", role="患者服务中心"),
    Member(userid="yuanban01", name="吴测试", department="院办", title="副院长", role="院领导"),
)

PATIENTS = (
    Patient(openid="o-ce-shi-01", unionid="u-01", name="张测试", phone="13800000001"),
    Patient(openid="o-ce-shi-02", unionid="u-02", name="李测试", phone="13800000002"),
    Patient(openid="o-ce-shi-03", unionid="u-03", name="王测试", phone="13800000003", following=False),
)


class Story(NamedTuple):
    """What a caller told the hotline."""

    appeal_type: str
    category: str
    title: str
    content: str
    departments: tuple[str, ...]
    caller: tuple[str, str, str]  # name, gender, phone
    urgency: str = "一般"
    days: int = 10
    confidential: bool = False
    anonymous: bool = False
    reply_required: bool = True
    role: str = "主办"
    channel: str = "电话"


STORIES = (
    Story(
        "投诉",
        "医疗卫生->医疗服务->挂号与退费",
        "反映心血管内科门诊退号后费用未退回",
        "来电人称上周三在微信上预约了心血管内科专家号，医生临时停诊，医院短信通知可全额退费，"
        "至今已过七个工作日，挂号费50元仍未到账。多次拨打门诊电话无人接听，要求尽快退费并说明原因。",
        ("心血管内科门诊",),
        ("张测试", "女", "13800000001"),
        days=15,
    ),
    Story(
        "投诉",
        "医疗卫生->医疗服务->候诊秩序",
        "反映急诊候诊时间过长且无人解释",
        "来电人称昨晚带父亲到急诊科就诊，父亲胸闷，预检后等候近两小时才见到医生，"
        "期间询问护士两次，均被告知“前面还有人”。对急诊分级和解释工作不满意，要求医院核实并改进。",
        ("急诊科",),
        ("李测试", "男", "13800000002"),
        urgency="紧急",
        days=15,
    ),
    Story(
        "咨询",
        "医疗卫生->医保政策->异地就医",
        "咨询异地医保住院备案及报销比例",
        "来电人父亲参加外省城乡居民医保，拟下周入院做关节置换手术，咨询是否需要先备案、"
        "在哪个窗口办理、出院能否直接结算。",
        ("医保办",),
        ("王测试", "男", "13800000003"),
        days=2,
    ),
    Story(
        "求助",
        "医疗卫生->医疗服务->病历复印",
        "求助邮寄出院病历复印件",
        "来电人称其母亲一个月前在骨科住院，现保险理赔需要病历复印件，本人在外地无法到院，"
        "希望医院协助办理邮寄，可提供身份证明和授权材料。",
        ("病案室", "骨科病区"),
        ("赵测试", "女", "13800000004"),
    ),
    Story(
        "建议",
        "医疗卫生->就医环境->无障碍设施",
        "建议门诊楼增设轮椅租借点和扶手",
        "来电人陪同老人就诊时发现门诊一楼轮椅经常被借空，二楼卫生间没有扶手，"
        "建议增加轮椅数量并在醒目位置标明租借点，卫生间加装扶手。",
        ("总务科", "门诊部"),
        ("孙测试", "女", "13800000005"),
    ),
    Story(
        "表扬",
        "医疗卫生->医务人员->服务态度",
        "表扬产科护士耐心细致",
        "来电人称住院分娩期间，产科病区一位夜班护士在其情绪紧张时全程陪伴，并耐心指导哺乳，"
        "非常感谢，希望医院予以表扬。",
        ("产科病区",),
        ("周测试", "女", "13800000006"),
        reply_required=False,
        days=5,
    ),
    Story(
        "举报",
        "医疗卫生->行风建设->违规收费",
        "举报有人在门诊倒卖专家号",
        "来电人称在门诊大厅外有人声称可加价300元取得皮肤科专家号，并能提供当日号源截图，"
        "怀疑与内部人员有关，要求医院查处。来电人要求对个人信息保密。",
        ("皮肤科门诊", "保卫科"),
        ("保密", "男", "13800000007"),
        urgency="紧急",
        days=15,
        confidential=True,
    ),
    Story(
        "投诉",
        "医疗卫生->医疗服务->检查预约",
        "反映核磁检查预约排到三周以后",
        "来电人因头痛就诊神经内科，医生开具头颅核磁，预约时间排到三周后，"
        "担心耽误病情，要求医院说明排队规则并协调提前检查。",
        ("影像中心", "神经内科门诊"),
        ("吴测试", "男", "13800000008"),
        days=15,
        channel="微信",
    ),
    Story(
        "求助",
        "医疗卫生->医疗服务->转诊",
        "求助儿童罕见病转诊专科门诊",
        "来电人的孩子两岁，外院怀疑代谢性疾病，希望转诊到儿科遗传代谢专科门诊，"
        "但网上号源已满，请求医院协助安排加号。",
        ("儿科门诊",),
        ("郑测试", "女", "13800000009"),
        urgency="紧急",
        days=5,
    ),
    Story(
        "投诉",
        "医疗卫生->后勤保障->停车管理",
        "反映医院停车场收费与公示不一致",
        "来电人称在院区停车2小时40分，按公示应收12元，实际收取20元，现场人员无法解释，"
        "要求退还多收费用并核查收费系统。",
        ("总务科",),
        ("冯测试", "男", "13800000010"),
        days=15,
        channel="网络",
        role="协办",
    ),
    Story(
        "投诉",
        "医疗卫生->医务人员->服务态度",
        "反映药房窗口人员态度生硬",
        "来电人称取药时询问用法，窗口人员未作解释并让其“自己看说明书”，"
        "老人不识字，要求医院加强人员培训并致电说明用法。来电人未留姓名。",
        ("门诊药房",),
        ("", "女", "13800000011"),
        days=15,
        anonymous=True,
    ),
    Story(
        "咨询",
        "医疗卫生->预防保健->疫苗接种",
        "咨询带状疱疹疫苗接种门诊时间",
        "来电人今年62岁，咨询医院是否提供带状疱疹疫苗接种、是否需要预约、周末能否接种及大致费用。",
        ("预防保健科",),
        ("陈测试", "男", "13800000012"),
        days=2,
        channel="微信",
    ),
)


def china(moment: datetime) -> str:
    """ISO time in China, to the second."""
    return moment.astimezone(CHINA).replace(microsecond=0).isoformat()


def orders(now: datetime, pushed: int) -> list[dict[str, JsonValue]]:
    """The stories as order bodies of today; numbers go on after the ``pushed`` ones."""
    today = now.astimezone(CHINA)
    return [_order(story, today, pushed + index + 1) for index, story in enumerate(STORIES)]


def _order(story: Story, today: datetime, number: int) -> dict[str, JsonValue]:
    name, gender, phone = story.caller
    deadline = (today + timedelta(days=round(story.days * 1.4))).replace(hour=18, minute=0, second=0)
    return {
        "order_no": f"GZ12345-{today:%Y%m%d}-{today:%H%M}{number:04d}",
        "platform_no": "",
        "title": story.title,
        "content": story.content,
        "appeal_type": story.appeal_type,
        "category": story.category,
        "caller_name": name,
        "caller_gender": gender,
        "caller_phone": phone,
        "contact_phone": phone,
        "confidential": story.confidential,
        "anonymous": story.anonymous,
        "reply_required": story.reply_required,
        "occurred_at": china(today - timedelta(days=1)),
        "place": "",
        "campus": "",
        "departments": list(story.departments),
        "persons": [],
        "patient_name": "",
        "patient_number": "",
        "urgency": story.urgency,
        "role": story.role,
        "channel": story.channel,
        "dispatched_at": china(today),
        "upstream_deadline": china(deadline),
        "hospital_deadline": None,
        "update": False,
        "attachments": [],
    }
