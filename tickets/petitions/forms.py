"""What each verb of a petition needs: titles are the labels on the page, descriptions the questions asked in chat."""

from datetime import date
from typing import Literal

from pydantic import Field, JsonValue, model_validator

from core.actions import Form
from tickets.actions.forms import Solved, Verified
from tickets.petitions.words import (
    GROUNDS,
    LONGEST_PROLONGATION,
    ROUTES,
    Ground,
    Outcome,
    Retention,
    Route,
    Verdict,
    Way,
)

_TEXT: dict[str, JsonValue] = {"widget": "text"}
_LINE: dict[str, JsonValue] = {"widget": "line"}
_CHOICE: dict[str, JsonValue] = {"widget": "choice"}
Notice = Literal[
    "petition_accepted",
    "petition_declined",
    "petition_ended",
    "petition_transfer",
    "petition_extension",
    "petition_hearing",
]
NOTICES: dict[str, str] = {
    "petition_accepted": "受理告知书",
    "petition_declined": "不予受理告知书",
    "petition_ended": "不再受理告知书",
    "petition_transfer": "转送函",
    "petition_extension": "延期办理告知书",
    "petition_hearing": "听证通知",
}


class TakeUp(Form):
    """受理."""

    route: Route = Field(
        default=Route.PETITION,
        title="办理途径",
        description="按第三十一条确定；只有第⑥种适用 60 日办理期限",
        json_schema_extra={
            "widget": "choice",
            "labels": {str(route): text for route, text in ROUTES.items()},
        },
    )
    note: str = Field(
        default="", title="说明", description="可不填", max_length=1000, json_schema_extra=_TEXT
    )


class Decline(Form):
    """不予受理 or 不再受理, with the right way told."""

    ground: Ground = Field(
        title="不予受理的理由",
        description="请选择理由，告知书将写明",
        json_schema_extra={
            "widget": "choice",
            "labels": {str(ground): text for ground, text in GROUNDS.items()},
        },
    )
    told_route: str = Field(
        default="",
        title="告知的正确途径",
        description="留空则按理由生成",
        max_length=500,
        json_schema_extra=_TEXT,
    )
    note: str = Field(
        default="", title="说明", description="可不填", max_length=1000, json_schema_extra=_TEXT
    )


class Handing(Form):
    """To another organ, with the reason."""

    organ: str = Field(
        title="机关、单位",
        description="转送、交还给哪个机关或单位？",
        min_length=2,
        max_length=100,
        json_schema_extra=_LINE,
    )
    reason: str = Field(
        title="理由", description="请详细说明理由", min_length=2, max_length=2000, json_schema_extra=_TEXT
    )


class Upheld(Form):
    """The superior agreed that the matter is not ours."""

    approver: str = Field(
        title="同意人",
        description="上级机关谁同意的？（姓名或文号）",
        min_length=2,
        max_length=100,
        json_schema_extra=_LINE,
    )
    note: str = Field(
        default="", title="说明", description="可不填", max_length=1000, json_schema_extra=_TEXT
    )


class OpinionForm(Form):
    """处理意见 (Art. 32): the request, facts and grounds, the opinion with its legal basis."""

    outcome: Outcome = Field(title="处理结果", json_schema_extra=_CHOICE)
    claims: str = Field(
        title="信访人的请求",
        description="逐项写明受理的请求",
        min_length=2,
        max_length=5000,
        json_schema_extra=_TEXT,
    )
    facts: str = Field(
        title="查明的事实和理由",
        description="逐项写明调查核实的事实",
        min_length=5,
        max_length=10000,
        json_schema_extra=_TEXT,
    )
    opinion: str = Field(
        title="处理意见",
        description="逐项写明处理意见",
        min_length=5,
        max_length=10000,
        json_schema_extra=_TEXT,
    )
    basis: str = Field(
        title="法律法规和政策依据",
        description="写明依据的名称和条款",
        min_length=2,
        max_length=3000,
        json_schema_extra=_TEXT,
    )
    organ: str = Field(
        title="复查机关",
        description="信访人可以向哪个机关申请复查？",
        min_length=2,
        max_length=100,
        json_schema_extra=_LINE,
    )
    agreement: str = Field(
        default="",
        title="调解、和解协议",
        description="达成协议的，写明要点（第三十三条）；没有可不填",
        max_length=5000,
        json_schema_extra=_TEXT,
    )
    verified: Verified = Field(default=Verified.TRUE, title="是否属实", json_schema_extra=_CHOICE)
    solved: Solved = Field(default=Solved.YES, title="是否解决", json_schema_extra=_CHOICE)


class Prolongation(Form):
    """延期办理 (Art. 34): once, 30 days at most."""

    days: int = Field(
        title="延长天数",
        description="延长多少日？（不超过 30 日）",
        ge=1,
        le=LONGEST_PROLONGATION,
        json_schema_extra={"widget": "number"},
    )
    reason: str = Field(
        title="延期理由",
        description="请写明理由，将告知信访人",
        min_length=2,
        max_length=1000,
        json_schema_extra=_TEXT,
    )


class Told(Form):
    """登记告知: a notice was handed over."""

    document: Notice = Field(
        default="petition_accepted",
        title="告知文书",
        json_schema_extra={"widget": "choice", "labels": {**NOTICES}},
    )
    way: Way = Field(default=Way.IN_PERSON, title="告知方式", json_schema_extra=_CHOICE)
    on: date | None = Field(
        default=None,
        title="告知日期",
        description="留空则为今天",
        json_schema_extra={"widget": "date"},
    )
    receiver: str = Field(
        default="",
        title="签收人",
        description="留空则为信访人本人",
        max_length=50,
        json_schema_extra=_LINE,
    )
    note: str = Field(
        default="",
        title="说明",
        description="邮件号等，可不填",
        max_length=500,
        json_schema_extra=_TEXT,
    )


class Delivered(Form):
    """登记送达: the opinion was delivered; the next period begins there."""

    way: Way = Field(default=Way.IN_PERSON, title="送达方式", json_schema_extra=_CHOICE)
    on: date | None = Field(
        default=None,
        title="送达日期",
        description="信访人收到书面意见之日，复查、复核期限由此起算；留空则为今天",
        json_schema_extra={"widget": "date"},
    )
    receiver: str = Field(
        title="签收人", description="谁签收的？", min_length=1, max_length=50, json_schema_extra=_LINE
    )
    note: str = Field(
        default="",
        title="说明",
        description="邮件号、拒签情况等，可不填",
        max_length=500,
        json_schema_extra=_TEXT,
    )


class AskReview(Form):
    """A review or re-review was asked for."""

    organ: str = Field(
        title="复查（复核）机关",
        description="向哪个机关提出？",
        min_length=2,
        max_length=100,
        json_schema_extra=_LINE,
    )
    reason: str = Field(
        title="申请理由", description="信访人的理由", min_length=2, max_length=3000, json_schema_extra=_TEXT
    )
    on: date | None = Field(
        default=None,
        title="提出日期",
        description="机关收到申请之日；留空则为今天",
        json_schema_extra={"widget": "date"},
    )


class Decide(Form):
    """What the reviewing organ decided."""

    outcome: Verdict = Field(title="结论", json_schema_extra=_CHOICE)
    opinion: str = Field(
        title="意见内容",
        description="写明意见和理由",
        min_length=5,
        max_length=10000,
        json_schema_extra=_TEXT,
    )
    basis: str = Field(default="", title="依据", max_length=3000, json_schema_extra=_TEXT)


class Conclude(Form):
    """办结."""

    settled: bool = Field(
        default=False,
        title="信访人书面表示息诉",
        description="期限未满而办结的，须有信访人签字的息诉承诺或撤回材料",
        json_schema_extra={"widget": "yes_no"},
    )
    result: str = Field(
        title="办结情况", description="请写明办结情况", min_length=2, max_length=2000, json_schema_extra=_TEXT
    )


class Filing(Form):
    """立卷归档."""

    retention: Retention = Field(default=Retention.THIRTY, title="保管期限", json_schema_extra=_CHOICE)


class Destroyed(Form):
    """销毁登记: how, and who watched; two of them."""

    method: Literal["粉碎", "化浆", "焚烧", "电子数据清除"] = Field(
        title="销毁方式", json_schema_extra=_CHOICE
    )
    witnesses: str = Field(
        title="监销人",
        description="两人以上，用顿号分开",
        min_length=3,
        max_length=100,
        json_schema_extra=_LINE,
    )

    @model_validator(mode="after")
    def _two(self) -> "Destroyed":
        if len([name for name in self.witnesses.replace("，", "、").split("、") if name.strip()]) < 2:
            raise ValueError("监销人须为两人以上")
        return self
