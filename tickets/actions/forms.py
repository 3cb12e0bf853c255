"""What each action needs: titles are the labels on the page, descriptions the questions asked in chat."""

from enum import StrEnum
from typing import Literal

from pydantic import Field, JsonValue

from core.actions import Form
from core.dictionaries import KEY
from tickets.dictionaries import CALL_BACK_WAY

_TEXT: dict[str, JsonValue] = {"widget": "text"}


class Verified(StrEnum):
    """是否属实."""

    TRUE = "属实"
    PARTLY = "部分属实"
    FALSE = "不属实"
    UNKNOWN = "无法核实"


class Solved(StrEnum):
    """是否解决."""

    YES = "已解决"
    PARTLY = "部分解决"
    NO = "未解决"


class Satisfied(StrEnum):
    """回访满意度."""

    VERY = "满意"
    FAIRLY = "基本满意"
    NOT = "不满意"
    NONE = "未评价"


class Reason(Form):
    """A step that must be explained."""

    reason: str = Field(
        title="原因", description="请写明原因", min_length=2, max_length=1000, json_schema_extra=_TEXT
    )


class Note(Form):
    """A step that may be explained."""

    note: str = Field(
        default="",
        title="说明",
        description="需要补充的说明（可不填）",
        max_length=1000,
        json_schema_extra=_TEXT,
    )


class Answer(Form):
    """A department's answer."""

    text: str = Field(
        title="办理情况",
        description="请发送办理情况和答复意见",
        min_length=5,
        max_length=5000,
        json_schema_extra=_TEXT,
    )
    verified: Verified = Field(
        default=Verified.TRUE, title="是否属实", json_schema_extra={"widget": "choice"}
    )
    solved: Solved = Field(default=Solved.YES, title="是否解决", json_schema_extra={"widget": "choice"})


class Question(Form):
    """Something a liaison asks the centre."""

    text: str = Field(
        title="问题",
        description="请发送要问病人服务中心的问题",
        min_length=2,
        max_length=1000,
        json_schema_extra=_TEXT,
    )


class Extension(Form):
    """More time."""

    days: int = Field(
        title="延长工作日",
        description="需要延长几个工作日？",
        ge=1,
        le=30,
        json_schema_extra={"widget": "days"},
    )
    reason: str = Field(
        title="延期原因", description="请写明延期原因", min_length=2, max_length=1000, json_schema_extra=_TEXT
    )


class Transfer(Form):
    """To another department."""

    unit: str = Field(
        title="转往科室",
        description="要转给哪个科室？",
        min_length=1,
        max_length=60,
        json_schema_extra={"widget": "department"},
    )
    reason: str = Field(
        title="转派原因", description="请写明转派原因", min_length=2, max_length=1000, json_schema_extra=_TEXT
    )


class Assign(Form):
    """To one or several departments; the first leads, the others assist."""

    units: tuple[str, ...] = Field(
        title="承办科室",
        description="要派给哪些科室？第一个为主办",
        min_length=1,
        max_length=10,
        json_schema_extra={"widget": "departments"},
    )
    instructions: str = Field(
        default="",
        title="办理要求",
        description="对科室的办理要求（可不填）",
        max_length=2000,
        json_schema_extra=_TEXT,
    )
    ruling: bool = Field(
        default=False,
        title="指定承办",
        description="指定后科室和医院不得再退回",
        json_schema_extra={"widget": "yes_no"},
    )


class Reply(Form):
    """The reply to the person, drafted for review."""

    reply: str = Field(
        title="答复内容",
        description="请写明给来电人的答复",
        min_length=5,
        max_length=5000,
        json_schema_extra=_TEXT,
    )
    verified: Verified = Field(
        default=Verified.TRUE, title="是否属实", json_schema_extra={"widget": "choice"}
    )
    solved: Solved = Field(default=Solved.YES, title="是否解决", json_schema_extra={"widget": "choice"})
    unsolved_reason: str = Field(
        default="", title="未解决原因", description="未解决时请说明", max_length=1000, json_schema_extra=_TEXT
    )
    tell_by: Literal["auto", "wechat", "sms", "none"] = Field(
        default="auto",
        title="告知方式",
        description="审核通过后怎样告知来电人",
        json_schema_extra={
            "widget": "choice",
            "labels": {
                "auto": "先微信，不通转短信",
                "wechat": "只发微信",
                "sms": "只发短信",
                "none": "不告知",
            },
        },
    )
    tell_text: str = Field(
        default="",
        title="告知文字",
        description="留空则按模板生成",
        max_length=500,
        json_schema_extra=_TEXT,
    )


class CallBack(Form):
    """What the person said when called back."""

    way: str = Field(
        default="电话",
        title="回访方式",
        max_length=20,
        json_schema_extra={"widget": "choice", KEY: CALL_BACK_WAY.name},
    )
    solved: Solved = Field(default=Solved.YES, title="是否解决", json_schema_extra={"widget": "choice"})
    satisfied: Satisfied = Field(
        title="是否满意", description="来电人是否满意？", json_schema_extra={"widget": "choice"}
    )
    remark: str = Field(default="", title="回访记录", max_length=2000, json_schema_extra=_TEXT)


class EventRecordForm(Form):
    """The event record written by the centre."""

    occurred_at: str = Field(
        default="", title="事发时间", max_length=40, json_schema_extra={"widget": "line"}
    )
    place: str = Field(default="", title="事发地点", max_length=200, json_schema_extra={"widget": "line"})
    people: str = Field(default="", title="涉及人员", max_length=500, json_schema_extra={"widget": "line"})
    facts: str = Field(
        title="调查核实情况",
        description="请写明调查核实的情况",
        min_length=5,
        max_length=10000,
        json_schema_extra=_TEXT,
    )
    handling: str = Field(default="", title="处理措施", max_length=10000, json_schema_extra=_TEXT)
    conclusion: str = Field(default="", title="结论", max_length=5000, json_schema_extra=_TEXT)
