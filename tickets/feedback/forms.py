"""The forms of the verbs of feedback: titles are labels, descriptions are what chat asks."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field
from pydantic.config import JsonDict

from core.actions import Form
from core.dictionaries import KEY, Dictionary
from tickets.dictionaries import CONTACT_WAY, PENALTY, RECORD_KIND
from tickets.feedback.words import (
    Duty,
    Mood,
    Responsibility,
    Risk,
    Route,
    Severity,
    Stage,
)
from tickets.order_fields import split_list

_TEXT: JsonDict = {"widget": "text"}
_CHOICE: JsonDict = {"widget": "choice"}
_CHOICES: JsonDict = {"widget": "choices"}
_FILES: JsonDict = {"widget": "files"}
Files = Annotated[tuple[UUID, ...], Field(max_length=20)]


def _words(dictionary: Dictionary) -> JsonDict:
    return {"widget": "choice", KEY: dictionary.name}


def _names(value: object) -> object:
    return None if value is None else split_list(value)


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


class SettleForm(Form):
    """What was done on the spot."""

    how: str = Field(
        title="处理情况",
        description="当场是怎样解决的？",
        min_length=2,
        max_length=2000,
        json_schema_extra=_TEXT,
    )
    satisfied: Mood = Field(default=Mood.YES, title="是否满意", json_schema_extra=_CHOICE)


class Departments(Form):
    """Departments that were praised."""

    units: tuple[str, ...] = Field(
        title="受表扬科室",
        description="要转达给哪些科室？",
        min_length=1,
        max_length=10,
        json_schema_extra={"widget": "departments"},
    )


class RecordForm(Form):
    """One handling record (处理记录)."""

    content: str = Field(
        title="处理内容",
        description="请写明何时联系了谁、怎样处理、对方意见",
        min_length=2,
        max_length=5000,
        json_schema_extra=_TEXT,
    )
    kind: str = Field(
        default="联系沟通", title="记录类型", max_length=20, json_schema_extra=_words(RECORD_KIND)
    )
    way: str = Field(default="电话", title="联系方式", max_length=20, json_schema_extra=_words(CONTACT_WAY))
    contact: str = Field(default="", title="联系对象", max_length=100, json_schema_extra={"widget": "line"})
    signed: bool = Field(
        default=False,
        title="患方已签字",
        description="重要沟通应由患方签字并存入病历",
        json_schema_extra={"widget": "yes_no"},
    )
    files: Files = Field(default=(), title="附件", json_schema_extra=_FILES)


def _grade(title: str) -> Any:
    return Field(default=None, ge=0, le=3, title=title)


class ClassifyForm(Form):
    """Categories, severity, tags and the second axis; what is not said stays as it is."""

    categories: Annotated[tuple[str, ...] | None, BeforeValidator(_names)] = Field(
        default=None,
        title="问题分类",
        description="属于哪一类？可写多个，第一个为主分类",
        max_length=8,
        json_schema_extra=_CHOICES,
    )
    severity: Annotated[Severity | None, BeforeValidator(_empty_is_none)] = Field(
        default=None, title="严重程度", json_schema_extra=_CHOICE
    )
    tags: Annotated[tuple[str, ...] | None, BeforeValidator(_names)] = Field(
        default=None, title="标签", max_length=12, json_schema_extra=_CHOICES
    )
    quality: int | None = _grade("诊疗质量")
    safety: int | None = _grade("医疗安全")
    environment: int | None = _grade("就医环境")
    institutional: int | None = _grade("制度流程")
    listening: int | None = _grade("倾听")
    communication: int | None = _grade("沟通")
    respect: int | None = _grade("尊重与权利")
    stage: Annotated[Stage | None, BeforeValidator(_empty_is_none)] = Field(
        default=None, title="诊疗阶段", json_schema_extra=_CHOICE
    )
    harm: Annotated[int | None, BeforeValidator(_empty_is_none)] = Field(
        default=None, ge=0, le=5, title="伤害程度"
    )


class RiskForm(Form):
    """The risk flags as they are to be; taking all of them away must be said."""

    risks: Annotated[tuple[Risk, ...], BeforeValidator(split_list)] = Field(
        default=(), title="风险标记", description="标记后立即提醒负责人", json_schema_extra=_CHOICES
    )
    cleared: bool = Field(default=False, title="风险已解除", json_schema_extra={"widget": "yes_no"})
    note: str = Field(default="", title="说明", max_length=500, json_schema_extra=_TEXT)


class StudyForm(Form):
    """Why several departments must study together."""

    reason: str = Field(
        title="理由",
        description="为什么需要多个科室共同研究？",
        min_length=2,
        max_length=500,
        json_schema_extra=_TEXT,
    )


class RectifyForm(Form):
    """A measure of rectification."""

    measure: str = Field(
        title="整改措施",
        description="请写明整改措施",
        min_length=2,
        max_length=2000,
        json_schema_extra=_TEXT,
    )
    unit: str = Field(
        title="责任科室",
        description="由哪个科室整改？",
        min_length=1,
        max_length=60,
        json_schema_extra={"widget": "department"},
    )
    due_on: date = Field(
        title="完成期限", description="什么时候完成？例如 2026-12-31", json_schema_extra={"widget": "date"}
    )
    person: str = Field(default="", title="责任人", max_length=50, json_schema_extra={"widget": "line"})


class RectifiedForm(Form):
    """What was done; which measure, where there are several."""

    text: str = Field(
        title="完成情况",
        description="请写明整改完成情况",
        min_length=2,
        max_length=2000,
        json_schema_extra=_TEXT,
    )
    measure: int = Field(
        default=0,
        ge=0,
        title="第几项",
        description="留空为最早未完成的一项",
        json_schema_extra={"widget": "number"},
    )


class VerifyForm(Form):
    """Whether it holds; no opens the measure again."""

    text: str = Field(
        title="验证情况",
        description="请写明怎样验证、结果如何",
        min_length=2,
        max_length=2000,
        json_schema_extra=_TEXT,
    )
    passed: bool = Field(default=True, title="验证通过", json_schema_extra={"widget": "yes_no"})
    measure: int = Field(
        default=0,
        ge=0,
        title="第几项",
        description="留空为最早待验证的一项",
        json_schema_extra={"widget": "number"},
    )


class DutiesForm(Form):
    """The list of duties that were told."""

    items: Annotated[tuple[Duty, ...], BeforeValidator(split_list)] = Field(
        title="已告知事项",
        description="《医疗纠纷预防和处理条例》第二十三条",
        min_length=1,
        json_schema_extra=_CHOICES,
    )
    receiver: str = Field(
        title="被告知人",
        description="告知了谁？",
        min_length=1,
        max_length=100,
        json_schema_extra={"widget": "line"},
    )
    remark: str = Field(default="", title="说明", max_length=1000, json_schema_extra=_TEXT)
    files: Files = Field(default=(), title="签字的告知书", json_schema_extra=_FILES)


class RouteForm(Form):
    """Where a dispute went, and what came of it."""

    route: Route = Field(title="解决途径", description="通过什么途径解决？", json_schema_extra=_CHOICE)
    result: str = Field(default="", title="结果", max_length=2000, json_schema_extra=_TEXT)
    compensation: Annotated[
        Annotated[Decimal, Field(ge=0, le=Decimal(9_999_999_999), decimal_places=2)] | None,
        BeforeValidator(_empty_is_none),
    ] = Field(default=None, title="赔付金额（元）", json_schema_extra={"widget": "line"})


class JudgeForm(Form):
    """What the hospital finds, and what is done to a person; for the centre and reviewers alone."""

    responsibility: Responsibility = Field(
        title="责任认定", description="认定为哪一级责任？", json_schema_extra=_CHOICE
    )
    person: str = Field(default="", title="责任人", max_length=100, json_schema_extra={"widget": "line"})
    kind: str = Field(default="", title="处理种类", max_length=20, json_schema_extra=_words(PENALTY))
    opinion: str = Field(default="", title="处理意见", max_length=2000, json_schema_extra=_TEXT)
