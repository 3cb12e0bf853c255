"""What a column of an exported table can be: the fields, their Chinese names, kinds and header synonyms.

A table of data. It reads no file; `columns.py` matches headers against it, `rows.py` reads values by kind.
The synonyms are the headers of district exports, Beijing style sheets and interface dumps.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Field(StrEnum):
    """A target field. The first block are keys of `tickets.orders.Order`, the second is kept beside it."""

    ORDER_NO = "order_no"
    PLATFORM_NO = "platform_no"
    TITLE = "title"
    CONTENT = "content"
    APPEAL_TYPE = "appeal_type"
    CATEGORY = "category"
    CALLER_NAME = "caller_name"
    CALLER_GENDER = "caller_gender"
    CALLER_PHONE = "caller_phone"
    CONTACT_PHONE = "contact_phone"
    CONFIDENTIAL = "confidential"
    ANONYMOUS = "anonymous"
    REPLY_REQUIRED = "reply_required"
    OCCURRED_AT = "occurred_at"
    PLACE = "place"
    CAMPUS = "campus"
    DEPARTMENTS = "departments"
    PERSONS = "persons"
    PATIENT_NAME = "patient_name"
    PATIENT_NUMBER = "patient_number"
    URGENCY = "urgency"
    ROLE = "role"
    CHANNEL = "channel"
    DISPATCHED_AT = "dispatched_at"
    UPSTREAM_DEADLINE = "upstream_deadline"
    HOSPITAL_DEADLINE = "hospital_deadline"

    CATEGORY_1 = "category_1"
    CATEGORY_2 = "category_2"
    CATEGORY_3 = "category_3"
    CITY_DISPATCHED_AT = "city_dispatched_at"
    ADDRESS = "address"
    CO_HANDLED = "co_handled"
    ATTRIBUTION = "attribution"
    TAGS = "tags"
    STATUS = "status"
    DIFFICULT = "difficult"
    LEAD_UNIT = "lead_unit"
    CO_UNITS = "co_units"
    UNIT = "unit"
    COMPANY = "company"
    DISTRICT = "district"
    STREET = "street"
    VILLAGE = "village"
    SPOT = "spot"
    HANDLE_METHOD = "handle_method"
    HANDLE_RESULT = "handle_result"
    PUBLIC_REPLY = "public_reply"
    VERIFIED = "verified"
    SOLVED = "solved"
    UNSOLVED_REASON = "unsolved_reason"
    SATISFIED = "satisfied"
    SIGNED_AT = "signed_at"
    FINISHED_AT = "finished_at"
    RETURN_REASON = "return_reason"
    URGED = "urged"
    REMARK = "remark"

    @property
    def spec(self) -> "FieldSpec":
        """Label, kind and synonyms of this field."""
        return SPECS[self]


class Kind(StrEnum):
    """How a cell's value is read."""

    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"
    PHONE = "phone"
    BOOL = "bool"
    CHOICE = "choice"
    LIST = "list"


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field: screen name, kind, whether an order cannot exist without it, header synonyms."""

    label: str
    kind: Kind
    synonyms: tuple[str, ...]
    required: bool = False
    choices: tuple[str, ...] = ()


def _spec(label: str, kind: Kind, synonyms: str, *, required: bool = False, choices: str = "") -> FieldSpec:
    return FieldSpec(label, kind, tuple(synonyms.split()), required, tuple(choices.split()))


SPECS: Final[dict[Field, FieldSpec]] = {
    Field.ORDER_NO: _spec(
        "工单编号",
        Kind.TEXT,
        "工单号 工单编码 工单流水号 热线编号 热线工单编号 热线工单号 受理编号 受理单号 诉求编号 单号 事项编号 案件编号 "
        "hotlineNo orderNo workOrderNo",
        required=True,
    ),
    Field.PLATFORM_NO: _spec(
        "上级平台编号",
        Kind.TEXT,
        "平台编号 市工单编号 市级工单编号 市平台编号 上级工单编号 上级编号 来件编号 12345工单编号 platformNo",
    ),
    Field.TITLE: _spec(
        "标题", Kind.TEXT, "工单标题 诉求标题 事项标题 主题 诉求主题 标题名称 title appealTitle"
    ),
    Field.CONTENT: _spec(
        "诉求内容",
        Kind.TEXT,
        "主要内容 工单内容 内容 诉求描述 问题描述 事项内容 反映内容 反映问题 来电内容 投诉内容 具体内容 诉求详情 "
        "appealContent content",
        required=True,
    ),
    Field.APPEAL_TYPE: _spec(
        "诉求类型",
        Kind.CHOICE,
        "工单类型 诉求类别 诉求性质 事项类型 业务类型 来电类型 appealTypeName appealType",
        choices="咨询 求助 投诉 举报 建议 表扬",
    ),
    Field.CATEGORY: _spec(
        "问题分类", Kind.TEXT, "诉求分类 事项分类 工单分类 内容分类 问题类别 分类 归类 category"
    ),
    Field.CALLER_NAME: _spec(
        "来电人",
        Kind.TEXT,
        "求助人员 求助人 来电人姓名 诉求人 诉求人姓名 反映人 反映人姓名 投诉人 投诉人姓名 联系人 联系人姓名 市民姓名 "
        "来电者 姓名 contactName callerName",
    ),
    Field.CALLER_GENDER: _spec(
        "性别", Kind.CHOICE, "来电人性别 诉求人性别 市民性别 gender sex", choices="男 女 未知"
    ),
    Field.CALLER_PHONE: _spec(
        "来电号码",
        Kind.PHONE,
        "求助号码 来电人电话 来电电话 来电人号码 来电人电话账号 来电人手机 主叫号码 诉求人电话 诉求人联系电话 反映人电话 "
        "投诉人电话 手机号 手机号码 电话 电话号码 callerPhone",
    ),
    Field.CONTACT_PHONE: _spec(
        "联系号码",
        Kind.PHONE,
        "联系电话 联系人电话 联系方式 回复电话 回访电话 备用电话 contactPhone contactTel",
    ),
    Field.CONFIDENTIAL: _spec(
        "是否保密", Kind.BOOL, "保密 是否要求保密 要求保密 信息保密 保密要求 confidential"
    ),
    Field.ANONYMOUS: _spec("是否匿名", Kind.BOOL, "匿名 匿名件 anonymous"),
    Field.REPLY_REQUIRED: _spec(
        "是否需要回复",
        Kind.BOOL,
        "是否回复 是否需回复 是否要求回复 需要回复 是否回访 是否需要回访 replyRequired",
    ),
    Field.OCCURRED_AT: _spec(
        "事发时间", Kind.DATETIME, "事件发生时间 发生时间 事件时间 事发日期 occurTime occurredAt"
    ),
    Field.PLACE: _spec("事发地点", Kind.TEXT, "事件发生地 事发地 发生地点 事件地点 发生地 诉求地点 place"),
    Field.CAMPUS: _spec("院区", Kind.TEXT, "所属院区 涉及院区 被反映院区 campus"),
    Field.DEPARTMENTS: _spec(
        "涉及科室", Kind.LIST, "科室 被投诉科室 被反映科室 责任科室 承办科室 相关科室 departments"
    ),
    Field.PERSONS: _spec(
        "涉及人员", Kind.LIST, "被投诉人 被反映人 被投诉人员 涉事人员 当事医生 相关人员 persons"
    ),
    Field.PATIENT_NAME: _spec("患者姓名", Kind.TEXT, "患者 病人姓名 就诊人 就诊人姓名 patientName"),
    Field.PATIENT_NUMBER: _spec(
        "患者编号",
        Kind.TEXT,
        "病历号 住院号 门诊号 就诊卡号 登记号 病案号 诊疗卡号 患者ID patientNo patientNumber",
    ),
    Field.URGENCY: _spec(
        "紧急程度", Kind.CHOICE, "缓急程度 紧急级别 优先级 urgency", choices="一般 紧急 特急"
    ),
    Field.ROLE: _spec(
        "主办或协办", Kind.CHOICE, "工单性质 办理性质 主协办 主办协办 承办性质 role", choices="主办 协办"
    ),
    Field.CHANNEL: _spec(
        "诉求渠道", Kind.TEXT, "来源渠道 工单来源 诉求来源 受理渠道 来电渠道 渠道 来源 hotlineSource channel"
    ),
    Field.DISPATCHED_AT: _spec(
        "派单时间",
        Kind.DATETIME,
        "区交办时间 交办时间 派发时间 派遣时间 转办时间 下派时间 下发时间 派单日期 交办日期 来单时间 dispatchTime dispatchedAt "
        "syncTime",
    ),
    Field.UPSTREAM_DEADLINE: _spec(
        "上级办结期限",
        Kind.DATETIME,
        "市交办办结期限 市办结期限 市级办结期限 办结期限 办结时限 办理期限 办理时限 截止时间 截止日期 到期时间 处理时限 "
        "要求办结时间 应办结时间 限办时间 回复期限 回复时限 deadline upstreamDeadline",
    ),
    Field.HOSPITAL_DEADLINE: _spec(
        "院内办结期限",
        Kind.DATETIME,
        "区交办办结期限 区办结期限 区级办结期限 单位办结期限 主管部门时限 主管部门办结期限 院内时限 医院时限 医院办结期限 "
        "hospitalDeadline",
    ),
    Field.CATEGORY_1: _spec("一级分类", Kind.TEXT, "一级类别 大类 分类一级 问题一级分类 诉求大类 问题大类"),
    Field.CATEGORY_2: _spec("二级分类", Kind.TEXT, "二级类别 中类 分类二级 问题二级分类 诉求中类 诉求小类"),
    Field.CATEGORY_3: _spec("三级分类", Kind.TEXT, "三级类别 小类 分类三级 问题三级分类 问题小类"),
    Field.CITY_DISPATCHED_AT: _spec(
        "市交办时间", Kind.DATETIME, "市派单时间 市级派单时间 市转办时间 市级交办时间"
    ),
    Field.ADDRESS: _spec("诉求详细地址", Kind.TEXT, "详细地址 事件地址 事发详细地址 具体地址 地址 address"),
    Field.CO_HANDLED: _spec("是否协办", Kind.BOOL, "协办 是否协办件"),
    Field.ATTRIBUTION: _spec("诉求归口", Kind.TEXT, "归口 归口部门 归口单位"),
    Field.TAGS: _spec("标签", Kind.LIST, "工单标签 标签名称 tags"),
    Field.STATUS: _spec("工单状态", Kind.TEXT, "办理状态 处理状态 状态 handleStatus status"),
    Field.DIFFICULT: _spec("是否疑难", Kind.BOOL, "疑难 疑难件 是否疑难件 疑难工单"),
    Field.LEAD_UNIT: _spec("市交办主办单位", Kind.TEXT, "主办单位 主办部门 市主办单位"),
    Field.CO_UNITS: _spec("市交办协办单位", Kind.LIST, "协办单位 协办部门 市协办单位"),
    Field.UNIT: _spec("承办单位", Kind.TEXT, "办理单位 处理单位 责任单位 处置单位 acceptDeptName"),
    Field.COMPANY: _spec(
        "被反映单位", Kind.TEXT, "企业名称 被投诉单位 被诉单位 涉及单位 被举报单位 companyName"
    ),
    Field.DISTRICT: _spec("被反映区", Kind.TEXT, "所属区 区县 行政区 行政区划 所属区域 areaName"),
    Field.STREET: _spec("被反映街乡镇", Kind.TEXT, "街道 街乡镇 镇街 所属街道"),
    Field.VILLAGE: _spec("村/社区", Kind.TEXT, "社区 村居 所属社区"),
    Field.SPOT: _spec("小区点位", Kind.TEXT, "小区 点位"),
    Field.HANDLE_METHOD: _spec("处理方式", Kind.TEXT, "处理受理方式 办理方式 受理方式 处置方式"),
    Field.HANDLE_RESULT: _spec("办理结果", Kind.TEXT, "办理情况 处理结果 处理情况 处置结果 handleResult"),
    Field.PUBLIC_REPLY: _spec("回复内容", Kind.TEXT, "公开答复内容 公开答复 答复内容 回复意见 publicReply"),
    Field.VERIFIED: _spec("是否属实", Kind.TEXT, "诉求是否属实 属实情况"),
    Field.SOLVED: _spec("是否解决", Kind.TEXT, "解决情况 是否已解决"),
    Field.UNSOLVED_REASON: _spec("未解决原因", Kind.TEXT, ""),
    Field.SATISFIED: _spec("是否满意", Kind.TEXT, "满意度 满意情况 回访满意度"),
    Field.SIGNED_AT: _spec("签收时间", Kind.DATETIME, "接收时间 signTime"),
    Field.FINISHED_AT: _spec("办结时间", Kind.DATETIME, "完成时间 办结日期 回复时间 finishTime"),
    Field.RETURN_REASON: _spec("退单原因", Kind.TEXT, "退回原因"),
    Field.URGED: _spec("催办次数", Kind.TEXT, "催单次数 督办次数"),
    Field.REMARK: _spec("备注", Kind.TEXT, "说明 备注信息 remark"),
}

_BRACKETS = re.compile(r"[(\[【〔{〈《].*?[)\]】〕}〉》]")
_NOT_WORD = re.compile(r"[\W_]+")


def header_key(header: str, *, brackets: bool = True) -> str:
    """The header reduced to what counts: NFKC, lower case, no spaces, signs or (without `brackets`) remarks."""
    text = unicodedata.normalize("NFKC", header).lower()
    if not brackets:
        text = _BRACKETS.sub("", text)
    return _NOT_WORD.sub("", text)


# Normalised header → field. A label beats a synonym; within equals the earlier declaration holds.
HEADERS: Final[dict[str, Field]] = {
    **{header_key(word): field for field, spec in reversed(SPECS.items()) for word in spec.synonyms},
    **{header_key(word): field for field in Field for word in (field.value, SPECS[field].label)},
}
REQUIRED: Final[tuple[Field, ...]] = tuple(field for field, spec in SPECS.items() if spec.required)
# A date without an hour means the end of that day here, its beginning elsewhere.
LIMITS: Final[frozenset[Field]] = frozenset({Field.UPSTREAM_DEADLINE, Field.HOSPITAL_DEADLINE})
