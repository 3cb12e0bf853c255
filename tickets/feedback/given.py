"""Feedback as somebody gives it: one model for the desk, the telephone and the patient's own phone.

Validates and explains in Chinese; opens nothing. The fields an order has too are checked by the order's own rules
(`tickets.order_fields`), so that a phone number is a phone number everywhere.
"""

from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)

from core.dictionaries import KEY
from core.errors import Fault
from tickets import orders
from tickets.dictionaries import CHANNEL, RELATION, TAG, WISH
from tickets.feedback.words import PRAISE, Hcat, Mood, Risk, Severity, Stage
from tickets.order_fields import (
    Content,
    Gender,
    Instant,
    Names,
    OffFlag,
    OnFlag,
    OrderNo,
    Phone,
    Text50,
    Text100,
    Text200,
    as_gender,
    fault,
    split_list,
)
from tickets.orders import MAX_ATTACHMENTS, Attachment, Order
from tickets.sources.feedback import FEEDBACK


def _kind(value: object) -> object:
    if value not in FEEDBACK.appeal_types:
        raise fault(f"只能是：{'、'.join(FEEDBACK.appeal_types)}")
    return value


def _blank_is_none(value: object) -> object:
    return None if value == "" else value


class HcatMark(BaseModel):
    """How severe one of HCAT's categories is: 1 low, 2 medium, 3 high."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    category: Hcat = Field(title="HCAT 类别")
    severity: int = Field(ge=1, le=3, title="HCAT 程度")


class Settled(BaseModel):
    """What was done on the spot, and whether the person was content with it."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    how: Annotated[str, Field(min_length=2, max_length=2000, title="当场处理情况")]
    satisfied: Mood = Field(default=Mood.YES, title="是否满意")


class GivenForm(BaseModel):
    """What was answered on the form of this kind (tickets/forms): question code → JSON of its answer."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = Field(title="表单版本")
    answers: dict[str, JsonValue] = Field(title="回答", max_length=200)


class Raised(BaseModel):
    """What whoever raises a matter may say of it themselves. Instants are UTC; empty text means "not said".

    `key` is the sender's own: the same key again is the same feedback.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", str_strip_whitespace=True, coerce_numbers_to_str=True
    )

    key: OrderNo = Field(title="登记编号", description="由登记方生成；同一编号再次提交视为同一份反馈")
    kind: Annotated[str, BeforeValidator(_kind)] = Field(title="反馈类型")
    channel: Text50 = Field(default="", title="来源渠道", json_schema_extra={KEY: CHANNEL.name})
    title: Text200 = Field(default="", title="标题")
    content: Content = Field(title="反映内容")
    caller_name: Text100 = Field(default="", title="反映人")
    caller_gender: Annotated[Gender, BeforeValidator(as_gender)] = Field(default=Gender.UNKNOWN, title="性别")
    caller_phone: Phone = Field(default="", title="联系电话")
    contact_phone: Phone = Field(default="", title="其他联系电话")
    relation: Text50 = Field(default="", title="与患者关系", json_schema_extra={KEY: RELATION.name})
    authorised: OffFlag = Field(default=False, title="是否有授权")
    anonymous: OffFlag = Field(default=False, title="是否匿名")
    confidential: OffFlag = Field(default=False, title="是否保密")
    reply_required: OnFlag = Field(default=True, title="结果是否告知本人")
    patient_name: Text100 = Field(default="", title="患者姓名")
    patient_number: Text100 = Field(default="", title="患者编号")
    campus: Text100 = Field(default="", title="院区")
    departments: Names = Field(default=(), title="被反映科室")
    persons: Names = Field(default=(), title="被反映人员")
    occurred_at: Instant = Field(default=None, title="事发时间")
    place: Text200 = Field(default="", title="事发地点")
    wishes: Annotated[tuple[Text50, ...], BeforeValidator(split_list)] = Field(
        default=(), max_length=12, title="主要诉求", json_schema_extra={KEY: WISH.name}
    )
    form: GivenForm | None = Field(default=None, title="表单回答")
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=MAX_ATTACHMENTS, title="附件")


class Feedback(Raised):
    """What is registered at the desk: beside what was said, what the desk makes of it."""

    categories: tuple[int, ...] = Field(default=(), max_length=8, title="问题分类")
    severity: Annotated[Severity | None, BeforeValidator(_blank_is_none)] = Field(
        default=None, title="严重程度"
    )
    risks: Annotated[tuple[Risk, ...], BeforeValidator(split_list)] = Field(default=(), title="风险标记")
    tags: Annotated[tuple[Text50, ...], BeforeValidator(split_list)] = Field(
        default=(), max_length=12, title="标签", json_schema_extra={KEY: TAG.name}
    )
    hcat: tuple[HcatMark, ...] = Field(default=(), max_length=7, title="HCAT 分类")
    stage: Annotated[Stage | None, BeforeValidator(_blank_is_none)] = Field(default=None, title="诊疗阶段")
    harm: Annotated[int, Field(ge=0, le=5)] | None = Field(default=None, title="伤害程度")
    first_unit: Text100 = Field(default="", title="首诉科室")
    first_name: Text100 = Field(default="", title="首诉接待人")
    settled: Settled | None = Field(default=None, title="当场解决")

    @model_validator(mode="after")
    def _fits_together(self) -> "Feedback":
        if self.settled is not None and self.kind == PRAISE:
            raise fault("表扬不需要当场解决，登记后直接转达科室", field="settled")
        known = [mark.category for mark in self.hcat]
        if len(set(known)) != len(known):
            raise fault("同一类别写了两次", field="hcat")
        return self

    def order(self, category: str) -> Order:
        """As an order, with the path of its main category.

        Raises:
            ValidationError: the order's own rules refuse it.
        """
        same: dict[str, Any] = {
            name: getattr(self, name) for name in Feedback.model_fields if name in Order.model_fields
        }
        same["attachments"] = [one.model_dump() for one in self.attachments]
        return Order.model_validate(
            same | {"order_no": self.key, "appeal_type": self.kind, "category": category}
        )


LABELS = {name: str(info.title) for name, info in Feedback.model_fields.items()}
_INNER = {name: str(info.title) for part in (HcatMark, Settled) for name, info in part.model_fields.items()}
_REASONS = {
    "enum": "只能是：{expected}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "int_parsing": "必须是整数",
    "int_type": "必须是整数",
    "extra_forbidden": "没有这一项",
    "string_too_short": "不能少于 {min_length} 个字",
}


def faults_of(error: ValidationError) -> list[Fault]:
    """Every fault, named by its key and by the word on the screen."""
    found = []
    for said, entry in zip(orders.faults_of(error), error.errors(include_url=False), strict=True):
        first, *rest = said["field"].split(".")
        label = LABELS.get(first, said["label"])
        if rest and first != "attachments":
            label = _INNER.get(rest[-1], label)
        text = _REASONS.get(entry["type"])
        reason = text.format_map(entry.get("ctx", {})) if text else said["reason"]
        found.append(Fault(field=said["field"], label=label, reason=reason, value=said["value"]))
    return found
