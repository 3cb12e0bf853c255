"""The 12345 order as a value: one model for the API push, the imported sheet and the form on a page.

Validates, normalises and explains in Chinese what is wrong with which field. It never reads a file, opens
a database or decides a deadline: what the order says is kept, what it means is decided elsewhere.

The keys are the contract of `POST /api/v1/hotline/orders`; unknown keys are allowed and ignored here (the
raw body is kept by the caller).
"""

import base64
import hashlib
from typing import Annotated, Any, Final, TypedDict

import orjson
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from tickets.order_fields import (
    ANONYMOUS_WORDS,
    SECRET_WORDS,
    Content,
    Gender,
    Instant,
    Limit,
    Names,
    OffFlag,
    OnFlag,
    OrderNo,
    PersonName,
    Phone,
    Role,
    Text50,
    Text100,
    Text200,
    Urgency,
    as_base64,
    as_gender,
    as_role,
    as_urgency,
    fault,
)

MAX_ATTACHMENTS: Final = 20


class OrderFault(TypedDict):
    """One reason why an order cannot be taken: JSON key, screen name, sentence, and the value (cut)."""

    field: str
    label: str
    reason: str
    value: str


class Attachment(BaseModel):
    """A file sent along with the order; at most 10 MB after decoding."""

    model_config = ConfigDict(frozen=True, extra="ignore", str_strip_whitespace=True)

    name: PersonName = Field(title="附件名称")
    mime: Text100 = Field(default="application/octet-stream", title="附件类型")
    base64: Annotated[str, BeforeValidator(as_base64)] = Field(title="附件内容", repr=False)

    def data(self) -> bytes:
        """The file's bytes."""
        return base64.b64decode(self.base64)


class Order(BaseModel):
    """One order as a platform sends it. Instants are UTC; empty text means "not said"."""

    model_config = ConfigDict(
        frozen=True, extra="ignore", str_strip_whitespace=True, coerce_numbers_to_str=True
    )

    order_no: OrderNo = Field(title="工单编号")
    platform_no: Text100 = Field(default="", title="上级平台编号")
    title: Text200 = Field(default="", title="标题")
    content: Content = Field(title="诉求内容")
    appeal_type: Text50 = Field(default="", title="诉求类型")
    category: Text200 = Field(default="", title="问题分类")
    caller_name: Text100 = Field(default="", title="来电人")
    caller_gender: Annotated[Gender, BeforeValidator(as_gender)] = Field(default=Gender.UNKNOWN, title="性别")
    caller_phone: Phone = Field(default="", title="来电号码")
    contact_phone: Phone = Field(default="", title="联系号码")
    confidential: OffFlag = Field(default=False, title="是否保密")
    anonymous: OffFlag = Field(default=False, title="是否匿名")
    reply_required: OnFlag = Field(default=True, title="是否需要回复")
    occurred_at: Instant = Field(default=None, title="事发时间")
    place: Text200 = Field(default="", title="事发地点")
    campus: Text100 = Field(default="", title="院区")
    departments: Names = Field(default=(), title="涉及科室")
    persons: Names = Field(default=(), title="涉及人员")
    patient_name: Text100 = Field(default="", title="患者姓名")
    patient_number: Text100 = Field(default="", title="患者编号")
    urgency: Annotated[Urgency, BeforeValidator(as_urgency)] = Field(default=Urgency.NORMAL, title="紧急程度")
    role: Annotated[Role, BeforeValidator(as_role)] = Field(default=Role.LEAD, title="主办或协办")
    channel: Text50 = Field(default="", title="诉求渠道")
    dispatched_at: Instant = Field(default=None, title="派单时间")
    upstream_deadline: Limit = Field(default=None, title="上级办结期限")
    hospital_deadline: Limit = Field(default=None, title="院内办结期限")
    update: OffFlag = Field(default=False, title="是否更新")
    attachments: tuple[Attachment, ...] = Field(default=(), max_length=MAX_ATTACHMENTS, title="附件")

    @model_validator(mode="before")
    @classmethod
    def _secret_words_are_flags(cls, data: Any) -> Any:
        """A caller named 保密 or 匿名 is a demand for secrecy, not a name."""
        if not isinstance(data, dict):
            return data
        name, phone = data.get("caller_name"), data.get("caller_phone")
        name = name.strip() if isinstance(name, str) else ""
        secret = name in SECRET_WORDS or (isinstance(phone, str) and phone.strip() in SECRET_WORDS)
        anonymous = name in ANONYMOUS_WORDS
        if not (secret or anonymous):
            return data
        said = dict(data)
        if secret:
            said["confidential"] = True
        if anonymous:
            said["anonymous"] = True
        if name in SECRET_WORDS or anonymous:
            said["caller_name"] = ""
        return said

    @model_validator(mode="after")
    def _limits_come_after_dispatch(self) -> "Order":
        if self.dispatched_at is not None:
            for field, limit in (
                ("upstream_deadline", self.upstream_deadline),
                ("hospital_deadline", self.hospital_deadline),
            ):
                if limit is not None and limit < self.dispatched_at:
                    raise fault("办结期限早于派单时间，请核对两个时间", field=field)
        return self

    def headline(self) -> str:
        """The title, or the beginning of the content where the platform sends none (at most 40 signs)."""
        if self.title:
            return self.title
        line = " ".join(self.content.split())
        return line if len(line) <= 40 else line[:39] + "…"


LABELS: Final[dict[str, str]] = {name: str(info.title) for name, info in Order.model_fields.items()}

_REASONS: Final[dict[str, str]] = {
    "missing": "没有填写",
    "string_type": "应为文字",
    "string_unicode": "含有无法识别的字符",
    "bool_type": "只能填“是”或“否”",
    "tuple_type": "应为列表",
    "list_type": "应为列表",
    "json_invalid": "不是有效的 JSON",
    "model_type": "应为一个 JSON 对象",
    "model_attributes_type": "应为一个 JSON 对象",
    "dict_type": "应为一个 JSON 对象",
}


def faults_of(error: ValidationError) -> list[OrderFault]:
    """Every fault of a refused order, in field order, as a clerk or a platform's engineer can read it."""
    found = []
    for item in error.errors(include_url=False):
        context = item.get("ctx", {})
        loc = item["loc"] or ((context["field"],) if context.get("field") else ())
        found.append(
            OrderFault(
                field=".".join(str(step) for step in loc),
                label=_label(loc),
                reason=_reason(item["type"], context, item["input"]),
                value=_shown(item["input"], item["type"]),
            )
        )
    return found


def content_hash(order: Order) -> str:
    """SHA-256 (hex) of the order's meaning: canonical JSON of all fields except the `update` flag."""
    said = order.model_dump(mode="json", exclude={"update"})
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _label(loc: tuple[int | str, ...]) -> str:
    if not loc:
        return "整张工单"
    label = LABELS.get(str(loc[0]), str(loc[0]))
    if len(loc) > 1:
        label += f"第 {int(loc[1]) + 1} 项" if isinstance(loc[1], int) else ""
    if len(loc) > 2:
        inner = Attachment.model_fields.get(str(loc[2]))
        label += f"的{inner.title if inner else loc[2]}"
    return label


def _reason(kind: str, context: dict[str, Any], value: object) -> str:
    match kind:
        case "order":
            return str(context["sentence"])
        case "too_long" | "string_too_long" if isinstance(value, list | tuple):
            return f"太多，最多 {context['max_length']} 个"
        case "too_long" | "string_too_long":
            return f"太长，最多 {context['max_length']} 个字"
        case "too_short" | "string_too_short":
            return "没有填写"
        case "string_pattern_mismatch":
            return "只能由汉字、字母、数字、“-”和“_”组成，不能有空格"
        case _:
            return _REASONS.get(kind, "格式不正确")


def _shown(value: object, kind: str) -> str:
    if kind == "missing" or value is None or isinstance(value, dict | list):
        return ""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    text = text.strip().encode("utf-8", "replace").decode()
    return text if len(text) <= 100 else text[:99] + "…"
