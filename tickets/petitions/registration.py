"""The registration of a petition as a value: what is written down, and what the regulation asks of it.

《信访工作条例》 Art. 19 (name, address, request, facts, grounds; oral matters recorded), 20 (five representatives at
most). Opens nothing (`registering` does).
"""

import re
from datetime import date

from pydantic import Field, JsonValue, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from core.actions import Form, faults_of
from core.errors import Fault
from core.identity import normalise_phone, parse_id
from tickets.petitions.words import FORMS, REPRESENTATIVES, Category, IdKind, Purpose
from tickets.petitions.words import Form as Came

_TEXT: dict[str, JsonValue] = {"widget": "text"}
_LINE: dict[str, JsonValue] = {"widget": "line"}
_CHOICE: dict[str, JsonValue] = {"widget": "choice"}
_DATE: dict[str, JsonValue] = {"widget": "date"}
_BETWEEN = re.compile(r"[\s,，、;；]+")
MOST_NAMED = 50


class Named(Form):
    """A person named beside the first: a representative, or another who signed."""

    name: str
    id_number: str = ""
    phone: str = ""


def named(text: str) -> tuple[Named, ...]:
    """One person a line: name, then ID number and phone in any order.

    Raises:
        ValueError: a line has no name.
    """
    found = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, id_number, phone = "", "", ""
        for part in filter(None, _BETWEEN.split(line)):
            if normalise_phone(part) and not parse_id(part):
                phone = normalise_phone(part) or ""
            elif re.fullmatch(r"[0-9A-Za-z]{6,20}", part):
                id_number = part.upper()
            else:
                name = f"{name}{part}"
        if not name:
            raise ValueError(f"“{line[:20]}”没有姓名")
        found.append(Named(name=name, id_number=id_number, phone=phone))
    return tuple(found)


class Registration(Form):
    """信访登记: one letter, visit, call, web message or transfer, as it is written down."""

    form: Came = Field(
        title="信访形式",
        json_schema_extra={"widget": "choice", "labels": {str(form): label for form, label in FORMS.items()}},
    )
    received_on: date | None = Field(
        default=None,
        title="收到日期",
        description="医院收到之日，告知期限由此起算；留空则为今天",
        json_schema_extra=_DATE,
    )
    transferred_by: str = Field(
        default="",
        title="转送、交办机关",
        description="如：市卫生健康委员会",
        max_length=100,
        json_schema_extra=_LINE,
    )
    transfer_no: str = Field(
        default="", title="来文文号", description="上级转交件填写", max_length=100, json_schema_extra=_LINE
    )
    upstream_on: date | None = Field(
        default=None,
        title="上级要求办结日期",
        description="来文写明期限的填写",
        json_schema_extra=_DATE,
    )
    category: Category = Field(title="信访事项类别", json_schema_extra=_CHOICE)
    purpose: Purpose = Field(default=Purpose.DECISION, title="信访目的", json_schema_extra=_CHOICE)
    topic: str = Field(
        default="",
        title="内容分类",
        description="如：卫生健康_医疗服务_收费",
        max_length=200,
        json_schema_extra=_LINE,
    )
    title: str = Field(
        default="", title="标题", description="留空则取内容开头", max_length=200, json_schema_extra=_LINE
    )
    content: str = Field(
        title="请求、事实和理由",
        description="来访、来电的如实记录口述内容",
        min_length=2,
        max_length=20_000,
        json_schema_extra=_TEXT,
    )
    oral_record: str = Field(
        default="",
        title="口述记录",
        description="来访、来电时的问答笔录，可不填",
        max_length=20_000,
        json_schema_extra=_TEXT,
    )
    anonymous: bool = Field(default=False, title="匿名信访", json_schema_extra={"widget": "yes_no"})
    name: str = Field(default="", title="信访人姓名", max_length=50, json_schema_extra=_LINE)
    id_kind: IdKind = Field(default=IdKind.RESIDENT, title="证件种类", json_schema_extra=_CHOICE)
    id_number: str = Field(
        default="", title="证件号码", description="加密保存", max_length=30, json_schema_extra=_LINE
    )
    phone: str = Field(default="", title="联系电话", max_length=40, json_schema_extra=_LINE)
    address: str = Field(
        default="", title="住址", description="加密保存", max_length=200, json_schema_extra=_LINE
    )
    people: int = Field(default=1, title="涉及人数", ge=1, le=10_000, json_schema_extra={"widget": "number"})
    others: str = Field(
        default="",
        title="其他信访人",
        description=f"一行一人：姓名 证件号码 电话。集体来访填写代表，代表连同信访人不超过 {REPRESENTATIVES} 人",
        max_length=5000,
        json_schema_extra=_TEXT,
    )
    campus: str = Field(default="", title="涉及院区", max_length=100, json_schema_extra=_CHOICE)
    departments: tuple[str, ...] = Field(
        default=(),
        title="涉及科室",
        description="仅供派单时参考，登记后不会自动派单",
        max_length=10,
        json_schema_extra={"widget": "departments"},
    )
    accused: str = Field(
        default="",
        title="被检举控告人",
        description="检举控告类必填，多人用顿号分开；写姓名或工号，这些人看不到本件",
        max_length=500,
        json_schema_extra=_LINE,
    )
    accused_units: tuple[str, ...] = Field(
        default=(),
        title="被检举控告科室",
        description="所选科室及其下属的全体人员看不到本件",
        max_length=20,
        json_schema_extra={"widget": "departments"},
    )
    files: tuple[str, ...] = Field(
        default=(),
        title="信访材料",
        description="来信原件扫描、照片、录音等，最多 20 个",
        max_length=20,
        json_schema_extra={"widget": "files"},
    )

    @property
    def accused_names(self) -> tuple[str, ...]:
        """The names and staff numbers, each once."""
        return tuple(dict.fromkeys(part for part in _BETWEEN.split(self.accused) if part))

    @model_validator(mode="after")
    def _whole(self) -> "Registration":
        for field, sentence in self._faults():
            raise PydanticCustomError("petition", "{sentence}", {"sentence": sentence, "field": field})
        return self

    def _faults(self) -> list[tuple[str, str]]:
        """What is missing or against the regulation: (field, sentence), the first is told."""
        found = []
        if self.form is Came.TRANSFERRED and not self.transferred_by:
            found.append(("transferred_by", "上级转交件须写明转送、交办机关"))
        if not self.anonymous and not self.name:
            found.append(("name", "须写明信访人姓名；不愿署名的请选择匿名信访（第十九条）"))
        if self.id_number and self.id_kind is IdKind.RESIDENT and parse_id(self.id_number) is None:
            found.append(("id_number", "不是有效的居民身份证号码，请核对"))
        if self.phone and normalise_phone(self.phone) is None:
            found.append(("phone", "不是电话号码，应为手机号或带区号的固定电话"))
        if self.category is Category.ACCUSATION and not (self.accused_names or self.accused_units):
            found.append(("accused", "检举控告类须写明被检举控告的人员或科室，以便对其保密（第三十条）"))
        return found + self._group_faults()

    def _group_faults(self) -> list[tuple[str, str]]:
        try:
            others = named(self.others)
        except ValueError as error:
            return [("others", str(error))]
        together = len(others) + (0 if self.anonymous else 1)
        if self.form is Came.VISIT and together > REPRESENTATIVES:
            return [
                (
                    "others",
                    f"多人走访应当推选代表，代表不得超过 {REPRESENTATIVES} 人，现填写了 {together} 人（第二十条）",
                )
            ]
        if together > MOST_NAMED:
            return [("others", f"最多填写 {MOST_NAMED} 人")]
        if together > self.people:
            return [("people", f"涉及人数少于所列的 {together} 人")]
        return []


def faults(error: ValidationError) -> tuple[Fault, ...]:
    """Every fault of a refused registration beside the field it belongs to."""
    plain = faults_of(error, Registration)
    found = []
    for fault, entry in zip(plain, error.errors(), strict=True):
        field = fault.field or str(entry.get("ctx", {}).get("field", ""))
        info = Registration.model_fields.get(field)
        label = str(info.title) if info else fault.label
        found.append(fault.model_copy(update={"field": field, "label": label, "value": ""}))
    return tuple(found)
