"""The kinds of links and what an administrator says of each: by HL7, FHIR, JSON, SOAP, or a view of a database."""

import re
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator

from core.actions import Form

Charset = Literal["utf-8", "gbk", "gb18030"]
KINDS: Mapping[str, str] = {
    "hl7": "HL7 v2（MLLP）",
    "fhir": "FHIR R4",
    "json": "JSON",
    "soap": "SOAP",
    "sql": "数据库视图",
}
FHIR_TYPES = (
    "Patient", "Encounter", "Condition", "Procedure", "ServiceRequest", "MedicationRequest", "DiagnosticReport",
    "Observation", "Appointment",
)  # fmt: skip
DRIVERS = ("postgresql", "oracle", "mssql", "mysql")
_NAME = re.compile(
    r"[A-Za-z_\u4e00-\u9fff][\w$\u4e00-\u9fff]*(\.[A-Za-z_\u4e00-\u9fff][\w$\u4e00-\u9fff]*){0,2}"
)


class WebForm(Form):
    """What is said of every link; a link on which its sender pushes over the web needs no more."""

    name: str = Field(min_length=2, max_length=40, title="名称", description="例如：东院区 HIS")
    mapping: str = Field(title="映射文件", json_schema_extra={"widget": "choice"})
    domain: str = Field(
        default="",
        max_length=20,
        pattern=r"^[A-Za-z0-9_-]*$",
        title="号码前缀",
        description="各院区的患者号会重复时填写，例如 west；主系统留空",
    )
    silent_minutes: int = Field(
        default=0, ge=0, le=10080, title="静默告警（分钟）", description="超过多久没有消息即告警；0 为不告警"
    )
    silent_from: int = Field(
        default=0, ge=0, le=23, title="从几点起计静默", description="0 至 23；夜间不发消息的系统填上班的钟点"
    )
    silent_to: int = Field(default=24, ge=1, le=24, title="到几点为止", description="1 至 24，大于起始钟点")
    silent_working: bool = Field(default=False, title="只在工作日计静默")

    @field_validator("silent_to")
    @classmethod
    def _is_after(cls, value: int, info: ValidationInfo) -> int:
        if value <= info.data.get("silent_from", 0):
            raise ValueError("应大于起始钟点")
        return value


class LinkForm(WebForm):
    """What an administrator says of a link on which HL7 messages come."""

    application: str = Field(
        min_length=1, max_length=60, title="发送系统（MSH-3）", description="与消息中的写法完全一致"
    )
    facility: str = Field(
        default="",
        max_length=60,
        title="发送机构（MSH-4）",
        description="不填则不限",
        json_schema_extra={"widget": "line"},
    )
    charset: Charset = Field(
        default="utf-8",
        title="字符集",
        description="以对方实际发送的为准，不看 MSH-18",
        json_schema_extra={"labels": {"utf-8": "UTF-8", "gbk": "GBK", "gb18030": "GB18030"}},
    )
    processing: Literal["P", "T", "D"] = Field(
        default="P",
        title="处理标识（MSH-11）",
        json_schema_extra={"labels": {"P": "P 正式", "T": "T 培训", "D": "D 调试"}},
    )
    ack: Literal["original", "enhanced"] = Field(
        default="original",
        title="应答方式",
        description="增强模式按消息的 MSH-15 应答 CA、CE、CR，写 NE 的不应答；不另发应用级应答",
        json_schema_extra={
            "labels": {"original": "原始模式（AA、AE、AR）", "enhanced": "增强模式（CA、CE、CR）"}
        },
    )


class FhirForm(WebForm):
    """A FHIR server: it pushes with a token of ours, and with an address we fetch from it too."""

    address: str = Field(
        default="",
        max_length=300,
        title="FHIR 服务地址",
        description="由我方定时拉取时填写，例如 https://fhir.example.org/r4；只由对方推送则留空",
        json_schema_extra={"widget": "line"},
    )
    secret: str = Field(
        default="",
        max_length=2000,
        title="拉取用的令牌",
        description="对方发给我方的 Bearer 令牌；修改时不填则保留原来的",
        json_schema_extra={"widget": "password"},
    )
    view: str = Field(
        default=" ".join(FHIR_TYPES),
        max_length=200,
        title="拉取的资源",
        description="以空格分开",
        json_schema_extra={"widget": "line"},
    )
    overlap: int = Field(
        default=300,
        ge=0,
        le=86_400,
        title="重叠窗口（秒）",
        description="每次从上次结束前多少秒开始，重复的会自动去掉",
    )
    pull_minutes: int = Field(
        default=0, ge=0, le=1440, title="拉取间隔（分钟）", description="0 为只在手工点击时拉取"
    )

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        found = urlsplit(value.strip())
        if value and (found.scheme not in ("http", "https") or not found.hostname or found.username):
            raise ValueError("应为 http(s):// 开头、不含用户名的地址")
        return value.strip().rstrip("/")

    @field_validator("view")
    @classmethod
    def _are_types(cls, value: str) -> str:
        unknown = sorted(set(value.split()) - set(FHIR_TYPES))
        if unknown:
            raise ValueError(f"不接收 {'、'.join(unknown)}")
        return " ".join(value.split())


class SqlForm(WebForm):
    """A view of a hospital's database, read by a watermark."""

    address: str = Field(
        min_length=8,
        max_length=300,
        title="数据库地址",
        description="例如 oracle://10.1.2.3:1521/orcl；可用 postgresql、oracle、mssql、mysql，不含用户名和密码",
        json_schema_extra={"widget": "line"},
    )
    secret: str = Field(
        default="",
        max_length=300,
        title="用户名:密码",
        description="请用只读账号；修改时不填则保留原来的",
        json_schema_extra={"widget": "password"},
    )
    tls: bool = Field(
        default=True,
        title="加密连接",
        description="加密并校验对方证书（医院自己的 CA 见运维手册）；数据库没有开启 TLS 时选“否”，仅限医院内网",
    )
    view: str = Field(
        max_length=130, title="视图", description="例如 hip.v_visits", json_schema_extra={"widget": "line"}
    )
    mark_column: str = Field(
        max_length=130,
        title="水位列",
        description="每次修改都会变大的时间列或序号列，例如 updated_at；该列为空的行不会被读取",
        json_schema_extra={"widget": "line"},
    )
    key_columns: str = Field(
        max_length=200,
        title="主键列",
        description="能区分两行的列，多列以空格分开",
        json_schema_extra={"widget": "line"},
    )
    overlap: int = Field(
        default=300,
        ge=0,
        le=1_000_000,
        title="重叠窗口",
        description="时间列为秒，序号列为个数；每次往回多读这么多，重复的会自动去掉",
    )
    pull_minutes: int = Field(
        default=5, ge=0, le=1440, title="拉取间隔（分钟）", description="0 为只在手工点击时拉取"
    )

    @field_validator("address")
    @classmethod
    def _is_address(cls, value: str) -> str:
        found = urlsplit(value.strip())
        if found.scheme not in DRIVERS or not found.hostname or found.username or not found.path.strip("/"):
            raise ValueError(f"应如 postgresql://主机:端口/库名，可用 {'、'.join(DRIVERS)}，不含用户名和密码")
        return value.strip()

    @field_validator("view", "mark_column")
    @classmethod
    def _is_name(cls, value: str) -> str:
        if not _NAME.fullmatch(value.strip()):
            raise ValueError("只能是视图或列的名称")
        return value.strip()

    @field_validator("key_columns")
    @classmethod
    def _are_names(cls, value: str) -> str:
        if not value.split() or not all(_NAME.fullmatch(name) for name in value.split()):
            raise ValueError("只能是列的名称，以空格分开")
        return " ".join(value.split())


AnyForm = LinkForm | FhirForm | SqlForm | WebForm
FORMS: Mapping[str, type[WebForm]] = {
    "hl7": LinkForm,
    "fhir": FhirForm,
    "json": WebForm,
    "soap": WebForm,
    "sql": SqlForm,
}
KIND_OF: Mapping[type[WebForm], str] = {LinkForm: "hl7", FhirForm: "fhir", SqlForm: "sql", WebForm: "json"}
