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


WAYS_FOR = {  # how somebody who asks for another is identified
    Asker.GUARDIAN: frozenset({IdentityWay.KINSHIP}),
    Asker.AGENT: frozenset({IdentityWay.AUTHORITY}),
    Asker.KIN: frozenset({IdentityWay.KINSHIP}),
}


class Ground(StrEnum):
    """Why a request is refused; each by its law."""

    PERIOD = "period"
    CONFIDENTIAL = "confidential"
    OTHERS = "others"
    UNPROVEN = "unproven"
    RIGHT = "right"
    TECHNICAL = "technical"
    PUBLIC = "public"
    REPEATED = "repeated"


GROUNDS = {
    Ground.PERIOD: (
        "法定保存期限未届满（《个人信息保护法》第四十七条第二款；《医疗机构病历管理规定（2013年版）》第二十九条：门（急）诊病历"
        "不少于 15 年，住院病历不少于 30 年）"
    ),
    Ground.CONFIDENTIAL: "法律、行政法规规定应当保密或不需要告知（《个人信息保护法》第十八条、第四十五条第一款）",
    Ground.OTHERS: "涉及他人的个人信息或合法权益（《个人信息保护法》第二条；GB/T 35273-2020 第 8.7 条）",
    Ground.UNPROVEN: "申请人身份或代理权限无法核实（《个人信息保护法》第五十条第一款；GB/T 35273-2020 第 8.7 条）",
    Ground.RIGHT: "经核实，登记的内容准确、完整（《个人信息保护法》第四十六条）",
    Ground.TECHNICAL: "删除从技术上难以实现，已停止除存储和安全保护以外的处理（《个人信息保护法》第四十七条第二款）",
    Ground.PUBLIC: "与公共卫生、公共安全直接相关，或为履行法定职责所必需（《个人信息保护法》第十三条第一款第三、四项）",
    Ground.REPEATED: "短期内无新情况重复申请（GB/T 35273-2020 第 8.7 条）",
}
FITS = {  # grounds that fit some rights alone; the others fit all
    Ground.PERIOD: frozenset({Right.ERASE, Right.RESTRICT}),
    Ground.TECHNICAL: frozenset({Right.ERASE}),
    Ground.RIGHT: frozenset({Right.CORRECT}),
}


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
    proof: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="",
        title="代理或亲属关系证明",
        description="代本人申请的须填写：证明名称和编号，例如：授权委托书（原件）、出生医学证明；扫描件传到“中心材料”",
        json_schema_extra={"widget": "line"},
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
    """That deletion may be carried out."""

    confirmed: Literal["yes"] = Field(
        title="确认",
        json_schema_extra={"widget": "choice", "labels": {"yes": "已向申请人说明哪些删除、哪些依法保留"}},
    )


class DecideForm(Form):
    """What the second person says."""

    verdict: Literal["yes", "no"] = Field(
        title="复核意见",
        json_schema_extra={"widget": "choice", "labels": {"yes": "同意，立即执行", "no": "不同意"}},
    )
    note: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", title="说明", description="不同意时请写明原因", json_schema_extra={"widget": "line"}
    )

    @property
    def agreed(self) -> bool:
        """Whether they agree."""
        return self.verdict == "yes"


class RefuseForm(Form):
    """What is refused, by which ground, in which words the asker is told."""

    rights: Annotated[tuple[Right, ...], Field(min_length=1)] = Field(
        title="不予提供的事项",
        json_schema_extra={"widget": "choices", "labels": {key.value: text for key, text in RIGHTS.items()}},
    )
    ground: Ground = Field(
        title="法定理由",
        json_schema_extra={
            "widget": "choice",
            "labels": {key.value: text for key, text in GROUNDS.items()},
        },
    )
    words: Annotated[str, StringConstraints(min_length=15, max_length=1000)] = Field(
        title="告知申请人的说明",
        description="写明哪一项不能提供、依据和救济途径；申请人可向人民法院提起诉讼（《个人信息保护法》第五十条第二款）",
        json_schema_extra={"widget": "text"},
    )
