"""What a template may say: the variables of a report, each with its Chinese description and a sample.

One declaration: the models below are what `fill` takes, the catalogue shown to the administrator, the list
the checker knows and the sample the preview is drawn with. They hold values only and never fetch any.
"""

import datetime as dt
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final, get_args, get_origin

from pydantic import BaseModel, Field

from tickets.word.petition_variables import CatalogueLine, DeliveryLine, Petition, PetitionerLine
from tickets.word.statistics_variables import (
    AuthenticityLine,
    DepartmentLine,
    FigureLine,
    LimitLine,
    MonthLine,
    ShareLine,
    Statistics,
)
from tickets.word.survey_variables import (
    Survey,
    SurveyMonthLine,
    SurveyQuestionLine,
    SurveyScoreLine,
    SurveyUnitLine,
)
from tickets.word.values import CHINA, Values
from tickets.word.values import items as _list
from tickets.word.values import text as _text
from tickets.word.values import time as _time


class Kind(StrEnum):
    """The documents a hospital writes about a case."""

    EVENT_REPORT = "event_report"
    FINAL_REPORT = "final_report"
    HANDLING_FORM = "handling_form"
    PETITION_REGISTER = "petition_register"
    PETITION_ACCEPTED = "petition_accepted"
    PETITION_DECLINED = "petition_declined"
    PETITION_ENDED = "petition_ended"
    PETITION_TRANSFER = "petition_transfer"
    PETITION_EXTENSION = "petition_extension"
    PETITION_HEARING = "petition_hearing"
    PETITION_OPINION = "petition_opinion"
    PETITION_REVIEW = "petition_review"
    PETITION_REREVIEW = "petition_rereview"
    PETITION_RECEIPT = "petition_receipt"
    PETITION_CLOSING = "petition_closing"
    PETITION_CATALOGUE = "petition_catalogue"
    STATISTICS_REPORT = "statistics_report"
    STATISTICS_ANNUAL = "statistics_annual"
    SURVEY_REPORT = "survey_report"

    @property
    def label(self) -> str:
        """Name on the screen."""
        return _LABELS[self.value]

    @property
    def source(self) -> str:
        """What it is written about: "petition", "statistics" or "survey" (of no case at all), or "" for any case."""
        head = self.value.partition("_")[0]
        return head if head in ("petition", "statistics", "survey") else ""


_LABELS: Final = {
    "event_report": "事件报告",
    "final_report": "终结报告",
    "handling_form": "办理单",
    "petition_register": "信访登记表",
    "petition_accepted": "受理告知书",
    "petition_declined": "不予受理告知书",
    "petition_ended": "不再受理告知书",
    "petition_transfer": "转送函",
    "petition_extension": "延期办理告知书",
    "petition_hearing": "听证通知",
    "petition_opinion": "信访处理意见书",
    "petition_review": "复查意见书",
    "petition_rereview": "复核意见书",
    "petition_receipt": "送达回证",
    "petition_closing": "办结报告",
    "petition_catalogue": "卷内目录",
    "statistics_report": "办理情况报告",
    "statistics_annual": "年度投诉分析报告",
    "survey_report": "问卷分析报告",
}


class Hospital(Values):
    """The hospital that writes."""

    name: str = _text("医院名称", "测试市第一医院")
    department: str = _text("承办部门", "患者服务中心")
    phone: str = _text("联系电话", "020-80000000")
    address: str = _text("医院地址", "测试市测试路 1 号")


class Report(Values):
    """The document itself."""

    number: str = _text("文书编号", "测医诉〔2026〕12 号")
    title: str = _text("文书标题", "关于挂号退费诉求的事件报告")
    date: dt.date | None = Field(default=None, description="成文日期", examples=[dt.date(2026, 11, 27)])
    author: str = _text("拟稿人", "张测试")
    reviewer: str = _text("审核人", "李测试")
    approver: str = _text("签发人", "王测试")


class Case(Values):
    """The case the document is about."""

    number: str = _text("院内编号", "A-2026-000123")
    order_no: str = _text("热线工单编号", "GZ12345-20261121-000001")
    source: str = _text("来源", "12345 热线")
    channel: str = _text("诉求渠道", "电话")
    appeal_type: str = _text("诉求类型", "投诉")
    category: str = _text("问题分类", "医疗卫生->医疗服务->挂号与退费")
    title: str = _text("诉求标题", "退费三天未到账")
    content: str = _text("诉求内容", "来电人称 11 月 18 日退号后，费用至今未到账。\n希望尽快核实并退款。")
    caller_name: str = _text("来电人", "赵测试")
    caller_gender: str = _text("来电人性别", "女")
    caller_phone: str = _text("来电号码", "13800000001")
    contact_phone: str = _text("联系号码", "13800000002")
    confidential: bool = Field(default=False, description="来电人是否要求保密", examples=[False])
    place: str = _text("事发地点", "门诊楼一层收费处")
    campus: str = _text("院区", "东院区")
    patient_name: str = _text("患者姓名", "赵测试")
    patient_number: str = _text("患者编号", "T0000123")
    urgency: str = _text("紧急程度", "一般")
    role: str = _text("主办或协办", "主办")
    state: str = _text("办理状态", "办理中")
    occurred_at: dt.datetime | None = _time("事发时间", 2026, 11, 18, 9, 30)
    received_at: dt.datetime | None = _time("收到时间", 2026, 11, 21, 10, 5)
    dispatched_at: dt.datetime | None = _time("派单时间", 2026, 11, 21, 10, 0)
    upstream_deadline: dt.datetime | None = _time("上级办结期限", 2026, 12, 5, 18, 0)
    hospital_deadline: dt.datetime | None = _time("院内办结期限", 2026, 11, 30, 17, 30)
    contacted_at: dt.datetime | None = _time("首次联系来电人的时间", 2026, 11, 21, 11, 0)
    contact_way: str = _text("首次联系的方式", "电话")


class Ticket(Values):
    """What one department was asked and answered."""

    number: str = _text("科室工单编号", "1234")
    case_number: str = _text("所属诉求编号", "20261121-12")
    order_no: str = _text("所属热线工单编号", "GZ12345-20261121-000001")
    department: str = _text("承办科室", "财务科")
    role: str = _text("主办或协办", "主办")
    liaison: str = _text("联络员", "钱测试")
    answer: str = _text("科室答复", "经查，退费已于 11 月 20 日提交银行。\n预计 3 个工作日内到账。")
    measures: str = _text("整改措施", "优化退费提示，窗口告知到账时间。")
    verified: str = _text("是否属实", "部分属实")
    reviewer: str = _text("科室审核人", "孙测试")
    state: str = _text("状态", "已办结")
    sent_at: dt.datetime | None = _time("派发时间", 2026, 11, 21, 10, 30)
    signed_at: dt.datetime | None = _time("签收时间", 2026, 11, 21, 10, 45)
    answered_at: dt.datetime | None = _time("答复时间", 2026, 11, 23, 16, 0)
    deadline: dt.datetime | None = _time("科室办结期限", 2026, 11, 26, 17, 30)


class Voice(Values):
    """One of several cases a document speaks for: the same matter, raised by several people or ways."""

    number: str = _text("诉求编号", "20261121-12")
    order_no: str = _text("热线工单编号", "GZ12345-20261121-000001")
    source: str = _text("来源", "12345 热线")
    title: str = _text("标题", "退费三天未到账")
    content: str = _text("内容", "来电人称退号后费用至今未到账。")
    received_at: dt.datetime | None = _time("收到时间", 2026, 11, 21, 10, 5)


class Round(Values):
    """One round of handling; a new one begins when the caller is not satisfied."""

    number: str = _text("第几轮", "1")
    opened_at: dt.datetime | None = _time("开始时间", 2026, 11, 21, 10, 5)
    closed_at: dt.datetime | None = _time("结束时间", 2026, 11, 27, 9, 0)
    reply: str = _text("本轮答复", "已向来电人说明退费进度并致歉。")
    solved: str = _text("回访是否解决", "解决")
    satisfied: str = _text("回访是否满意", "满意")
    reason: str = _text("重办原因", "")


class Visit(Values):
    """A visit the case is about."""

    number: str = _text("就诊号", "M20261118001")
    kind: str = _text("就诊类别", "门诊")
    department: str = _text("就诊科室", "心血管内科")
    doctor: str = _text("接诊医生", "周测试")
    visited_at: dt.date | None = Field(default=None, description="就诊日期", examples=[dt.date(2026, 11, 18)])
    diagnosis: str = _text("诊断", "高血压")


class Event(Values):
    """What the centre found out and decided."""

    summary: str = _text("事件概述", "患者退号后退费未及时到账。")
    facts: str = _text("调查核实情况", "11 月 18 日 9:30 窗口受理退号，系统于 20 日提交退款。")
    cause: str = _text("原因分析", "系统对账延迟，窗口未告知到账时间。")
    opinion: str = _text("处理意见", "诉求部分属实。由财务科跟进到账，窗口加强告知。")
    measures: str = _text("整改措施", "缩短对账周期至 1 天。")
    verified: str = _text("是否属实", "部分属实")


class Reply(Values):
    """What the caller was told."""

    text: str = _text(
        "答复内容", "赵女士您好，您的退费已提交银行，预计 3 个工作日内到账。给您带来不便，深表歉意。"
    )
    way: str = _text("答复方式", "电话、短信")
    at: dt.datetime | None = _time("答复时间", 2026, 11, 24, 10, 0)
    by: str = _text("答复人", "李测试")
    solved: str = _text("是否解决", "解决")
    satisfied: str = _text("是否满意", "满意")


class AttachmentLine(Values):
    """A line in the list of attachments."""

    name: str = _text("附件名称", "退费凭证.pdf")
    source: str = _text("附件来源", "财务科")


class Photo(Values):
    """A picture in the document; `image` is a key of the images given to `fill`."""

    image: str = _text("照片本身", "sample.png")
    caption: str = _text("照片说明", "退费窗口公示牌")


class ReportContext(Values):
    """Everything a report can quote. Texts may hold line breaks; times are shown in China's zone."""

    hospital: Hospital = Field(default=Hospital(), description="医院")
    report: Report = Field(default=Report(), description="文书")
    case: Case = Field(default=Case(), description="诉求")
    event: Event = Field(default=Event(), description="事件调查")
    reply: Reply = Field(default=Reply(), description="答复")
    tickets: tuple[Ticket, ...] = _list("各科室工单")
    voices: tuple[Voice, ...] = _list("涉及的各件诉求（同一事项）")
    rounds: tuple[Round, ...] = _list("各轮办理")
    visits: tuple[Visit, ...] = _list("相关就诊")
    attachments: tuple[AttachmentLine, ...] = _list("附件清单")
    photos: tuple[Photo, ...] = _list("照片")
    petition: Petition = Field(default=Petition(), description="信访")
    petitioners: tuple[PetitionerLine, ...] = _list("信访人")
    deliveries: tuple[DeliveryLine, ...] = _list("送达记录")
    catalogue: tuple[CatalogueLine, ...] = _list("卷内文件")
    statistics: Statistics = Field(default=Statistics(), description="统计")
    figures: tuple[FigureLine, ...] = _list("各项指标")
    sources: tuple[ShareLine, ...] = _list("来源")
    types: tuple[ShareLine, ...] = _list("诉求类型")
    categories: tuple[ShareLine, ...] = _list("问题分类")
    departments: tuple[DepartmentLine, ...] = _list("主办科室排名")
    months: tuple[MonthLine, ...] = _list("逐月情况")
    limits: tuple[LimitLine, ...] = _list("各类时限")
    authenticity: tuple[AuthenticityLine, ...] = _list("是否属实")
    survey: Survey = Field(default=Survey(), description="问卷")
    survey_scores: tuple[SurveyScoreLine, ...] = _list("各项得分")
    survey_questions: tuple[SurveyQuestionLine, ...] = _list("各题结果")
    survey_units: tuple[SurveyUnitLine, ...] = _list("科室得分")
    survey_months: tuple[SurveyMonthLine, ...] = _list("逐月得分")


class Variable(Values):
    """One line of the catalogue: dotted path, the tag as typed in Word, description, sample."""

    path: str
    tag: str
    description: str
    sample: str
    loop: bool = False
    required: bool = False


# The name by which the items of a list are called in the shipped templates and in the catalogue.
LOOP_NAMES: Final = {
    "tickets": "t",
    "rounds": "r",
    "visits": "v",
    "attachments": "a",
    "photos": "p",
    "voices": "w",
    "petitioners": "q",
    "deliveries": "d",
    "catalogue": "c",
    "figures": "f",
    "sources": "s",
    "types": "y",
    "categories": "g",
    "departments": "k",
    "months": "m",
    "limits": "l",
    "authenticity": "u",
    "survey_scores": "e",
    "survey_questions": "n",
    "survey_units": "h",
    "survey_months": "b",
}
_INVESTIGATED: Final = ("hospital", "report", "case", "event", "reply", *list(LOOP_NAMES)[:5], "voices")
_PETITION: Final = (*_INVESTIGATED, "petition", "petitioners", "deliveries", "catalogue")
_STATISTICS: Final = (
    *("hospital", "report", "statistics", "figures", "sources", "types", "categories", "departments"),
    *("months", "limits", "authenticity"),
)
_SURVEY: Final = (
    *("hospital", "report", "survey", "survey_scores", "survey_questions", "survey_units", "survey_months"),
)
GROUPS: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.EVENT_REPORT: _INVESTIGATED,
    Kind.FINAL_REPORT: _INVESTIGATED,
    # A handling form goes out before anything is known, so it cannot quote results.
    Kind.HANDLING_FORM: ("hospital", "report", "case", "tickets", "visits", "attachments", "photos"),
    **{kind: _PETITION for kind in Kind if kind.source == "petition"},
    **{kind: _STATISTICS for kind in Kind if kind.source == "statistics"},
    Kind.SURVEY_REPORT: _SURVEY,
}
REQUIRED: Final[dict[Kind, tuple[str, ...]]] = {
    Kind.EVENT_REPORT: ("report.number", "case.content", "event.facts", "event.opinion"),
    Kind.FINAL_REPORT: ("report.number", "case.content", "event.opinion", "reply.text"),
    Kind.HANDLING_FORM: ("case.number", "case.content", "case.hospital_deadline"),
    Kind.PETITION_REGISTER: ("petition.number", "case.content"),
    Kind.PETITION_ACCEPTED: ("report.number", "petition.addressee"),
    Kind.PETITION_DECLINED: ("report.number", "petition.addressee", "petition.ground", "petition.told_route"),
    Kind.PETITION_ENDED: ("report.number", "petition.addressee", "petition.ground"),
    Kind.PETITION_TRANSFER: ("report.number", "petition.organ"),
    # Art. 34: the reason is told to the petitioner
    Kind.PETITION_EXTENSION: ("report.number", "petition.addressee", "petition.extension_reason"),
    Kind.PETITION_HEARING: ("report.number", "petition.addressee"),
    # Art. 32: request, facts and grounds, opinion with its legal basis; Art. 35: whom to ask for a review
    Kind.PETITION_OPINION: (
        "report.number",
        "petition.claims",
        "petition.facts",
        "petition.opinion",
        "petition.basis",
        "petition.review_organ",
    ),
    Kind.PETITION_REVIEW: ("report.number", "petition.review_opinion"),
    Kind.PETITION_REREVIEW: ("report.number", "petition.rereview_opinion"),
    Kind.PETITION_RECEIPT: ("petition.addressee",),
    Kind.PETITION_CLOSING: ("report.number", "petition.settled"),
    Kind.PETITION_CATALOGUE: ("petition.number", "catalogue.name"),
    Kind.STATISTICS_REPORT: ("report.number", "statistics.period", "statistics.received"),
    Kind.STATISTICS_ANNUAL: (
        "report.number",
        "statistics.period",
        "statistics.received",
        "statistics.causes",
    ),
    Kind.SURVEY_REPORT: ("report.number", "survey.title", "survey.period", "survey.received"),
}


def fields_of(model: type[BaseModel]) -> dict[str, Any]:
    """Variable name → field of a model."""
    return dict(model.model_fields)


def item_model(annotation: Any) -> type[BaseModel] | None:
    """The model of a list's items, or None for anything that is no list."""
    if get_origin(annotation) is tuple:
        model: type[BaseModel] = get_args(annotation)[0]
        return model
    return None


def catalogue(kind: Kind) -> tuple[Variable, ...]:
    """All variables of a kind of document, in the order of the declaration."""
    return tuple(_lines(kind))


def _lines(kind: Kind) -> Iterator[Variable]:
    for group in GROUPS[kind]:
        info = ReportContext.model_fields[group]
        item = item_model(info.annotation)
        model: Any = item or info.annotation
        prefix = LOOP_NAMES[group] if item else group
        for name, field in fields_of(model).items():
            path = f"{group}.{name}"
            yield Variable(
                path=path,
                tag=f"{{{{ {prefix}.{name} }}}}",
                description=f"{info.description}：{field.description}",
                sample=shown(field.examples[0]),
                loop=item is not None,
                required=path in REQUIRED[kind],
            )


def sample_context() -> ReportContext:
    """A context in which every variable has its sample value and every list two items."""
    groups: dict[str, Any] = {}
    for group, info in ReportContext.model_fields.items():
        item = item_model(info.annotation)
        if item is not None:
            groups[group] = (_sample(item), _sample(item))
        else:
            groups[group] = _sample(info.annotation)
    return ReportContext(**groups)


def _sample(model: Any) -> BaseModel:
    made: BaseModel = model(**{name: info.examples[0] for name, info in fields_of(model).items()})
    return made


def shown(value: object) -> str:
    """A value as it stands in a document: times in China's zone, 是/否, nothing for what is not known."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dt.datetime):
        local = value.astimezone(CHINA) if value.tzinfo else value
        return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}"
    if isinstance(value, dt.date):
        return f"{value.year}年{value.month}月{value.day}日"
    return str(value)
