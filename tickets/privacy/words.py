"""The fixed words of requests about personal data, and the forms in which they are handled. Pure; decides nothing."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from core.actions import Form
from patients.corrections import LABELS
from tickets.sources.feedback import PRIVACY

KIND = PRIVACY  # the appeal type
FIELDS = ("name", "gender", "born_on", "phone", "id_number", "address")


class Right(StrEnum):
    """What is asked for; Art. 44–48."""

    READ = "read"
    COPY = "copy"
    CORRECT = "correct"
    ERASE = "erase"
    RESTRICT = "restrict"
    EXPLAIN = "explain"


RIGHTS = {
    Right.READ: "查阅",
    Right.COPY: "复制",
    Right.CORRECT: "更正、补充",
    Right.ERASE: "删除",
    Right.RESTRICT: "限制或拒绝处理",
    Right.EXPLAIN: "解释处理规则",
}


class Asker(StrEnum):
    """Who asks; next of kin only for a person who has died (Art. 49)."""

    SELF = "本人"
    GUARDIAN = "监护人"
    AGENT = "受托人"
    KIN = "近亲属（本人已故）"


class IdentityWay(StrEnum):
    """How it was made sure who asks."""

    DOCUMENT = "当面核对身份证件"
    AUTHORITY = "核对委托书和双方证件"
    KINSHIP = "核对户口簿或监护、亲属证明"
    CALL = "回拨登记电话核对"
    VERIFIED = "公众号实名认证"


class CheckForm(Form):
    """Who asks, about whom, and how that was made sure."""

    patient_number: Annotated[str, StringConstraints(min_length=1, max_length=100)] = Field(
        title="患者编号", description="申请所涉及的患者，见患者档案", json_schema_extra={"widget": "line"}
    )
    asker: Asker = Field(default=Asker.SELF, title="申请人", json_schema_extra={"widget": "choice"})
    asker_name: Annotated[str, StringConstraints(max_length=50)] = Field(
        default="", title="申请人姓名", description="本人申请的不填", json_schema_extra={"widget": "line"}
    )
    rights: Annotated[tuple[Right, ...], Field(min_length=1)] = Field(
        title="申请事项",
        json_schema_extra={"widget": "choices", "labels": {key.value: text for key, text in RIGHTS.items()}},
    )
    way: IdentityWay = Field(
        default=IdentityWay.DOCUMENT, title="身份核验方式", json_schema_extra={"widget": "choice"}
    )
    note: Annotated[str, StringConstraints(min_length=4, max_length=300)] = Field(
        title="核验情况",
        description="写明核对了什么、由谁核对；不要写完整证件号",
        json_schema_extra={"widget": "text"},
    )


class CorrectForm(Form):
    """One field as it should read."""

    field: Literal["name", "gender", "born_on", "phone", "id_number", "address"] = Field(
        default="phone",
        title="更正项目",
        json_schema_extra={"widget": "choice", "labels": {name: LABELS[name] for name in FIELDS}},
    )
    value: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="",
        title="更正为",
        description="出生日期写作 1990-01-31；留空表示清除",
        json_schema_extra={"widget": "line"},
    )
    reason: Annotated[str, StringConstraints(min_length=2, max_length=300)] = Field(
        title="依据", description="凭什么更正，例如：身份证原件", json_schema_extra={"widget": "line"}
    )


class EraseForm(Form):
    """That deletion is carried out."""

    confirmed: Literal["yes"] = Field(
        title="确认",
        json_schema_extra={"widget": "choice", "labels": {"yes": "已向申请人说明哪些删除、哪些依法保留"}},
    )
