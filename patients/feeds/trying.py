"""Tries a mapping on a message without keeping anything: what would come of it, as a person reads it; faults named."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel

from core import clock
from core.masks import mask_address, mask_id, mask_phone
from patients.feeds import formats
from patients.feeds.documents import parsing
from patients.feeds.documents import reading as documents
from patients.feeds.documents.mapping import TreeMapping
from patients.feeds.documents.tree import Tree
from patients.feeds.faults import ReadFault
from patients.feeds.hl7 import events, reading
from patients.feeds.hl7.message import NotHl7, parse
from patients.feeds.hl7.reading import Reading
from patients.feeds.mapping import FeedMapping, MappingError
from patients.profile import IDENTIFIER_LABELS
from patients.rows import KIND_LABELS, VisitKind
from patients.said import SUBJECTS, DiagnosisKind, Identifier, IdentifierKind, Said, VisitVerb
from staff import queries as staff
from staff.tree import OrgTree

MOST = 50  # messages of one body that are shown
SUBJECT_LABELS = {
    "patient": "患者",
    "visit": "就诊",
    "order": "医嘱",
    "report": "报告",
    "document": "病历文书",
    "appointment": "预约",
}
VERBS = {
    VisitVerb.PLAN: "预约入院",
    VisitVerb.OPEN: "入院 / 挂号",
    VisitVerb.UPDATE: "更新信息",
    VisitVerb.TRANSFER: "转科",
    VisitVerb.CLOSE: "出院",
    VisitVerb.CANCEL: "取消入院 / 退号",
    VisitVerb.CANCEL_TRANSFER: "取消转科",
    VisitVerb.CANCEL_CLOSE: "取消出院",
    VisitVerb.RUNS: "在诊 / 在院",
    VisitVerb.TELL: "补充信息",
}
DIAGNOSES = {
    DiagnosisKind.ADMISSION.value: "入院",
    DiagnosisKind.WORKING.value: "门诊",
    DiagnosisKind.FINAL.value: "出院",
}
LABELS = {
    "number": "号码", "name": "姓名 / 名称", "gender": "性别", "born_on": "出生日期", "phone": "电话",
    "id_kind": "证件类型", "id_number": "证件号", "address": "住址", "ethnicity": "民族", "marital": "婚姻",
    "occupation": "职业", "insurance": "医保类型", "deceased": "死亡", "died_at": "死亡时间", "allergies": "过敏史",
    "identifiers": "各种号码", "contacts": "联系人", "patient": "患者号", "verb": "事件", "kind": "类别",
    "unit_id": "科室", "ward_id": "病区", "bed": "床号", "started_at": "开始", "ended_at": "结束", "doctor": "医生",
    "nurse": "护士", "attending": "主治医生", "chief": "上级医生", "register_type": "号别", "first_or_return": "初复诊",
    "complaint": "主诉", "present_illness": "现病史", "past_history": "既往史", "family_history": "家族史",
    "examination": "体格检查", "triage": "分诊级别", "arrival": "到院方式", "outcome": "去向", "times": "住院次数",
    "record_number": "病案号", "disposition": "离院方式", "fee": "费用", "employer": "单位", "package": "套餐",
    "conclusion": "结论", "findings": "异常项", "severity": "重大阳性", "diagnoses": "诊断", "surgeries": "手术",
    "visit": "就诊号", "code": "代码", "prescription": "处方号", "dose": "剂量", "route": "途径", "frequency": "频次",
    "quantity": "数量", "days": "天数", "take_home": "出院带药", "state": "状态", "ordered_at": "开立时间",
    "stopped_at": "停止时间", "unit": "科室", "note": "备注", "order": "申请号", "specimen": "标本", "part": "部位",
    "seen": "所见", "positive": "阳性", "collected_at": "采样时间", "reported_at": "报告时间", "author": "报告人",
    "checker": "审核人", "pictures": "影像", "items": "结果", "what": "内容", "start_at": "开始", "end_at": "结束",
    "parts": "所含检验号", "text": "正文", "title": "标题", "written_at": "书写时间", "extra": "自定义段", "cleared": "声明为空", "weak": "仅供补缺",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """One subject of a message: what it is, and its fields as label and value."""

    title: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a trial. `faults` are (place, sentence); without any, `shown` is what would be written."""

    kind: str = ""
    written_at: datetime | None = None
    shown: tuple[Shown, ...] = ()
    faults: tuple[tuple[str, str], ...] = ()
    remarks: tuple[str, ...] = ()


async def attempt(name: str, message: str, more: str = "", domain: str = "") -> list[Tried]:
    """Read a body by the mapping of this name, or by `more` (TOML) when it is given; one outcome for each message
    in it. Writes nothing."""
    try:
        rules = formats.typed(name, more) if more.strip() else formats.load(name)
    except MappingError as error:
        return [Tried(faults=tuple(("映射文件", fault) for fault in error.faults))]
    tree = await staff.tree()
    if isinstance(rules, FeedMapping):
        return [_tried(message, rules, tree, domain)]
    try:
        whole = (
            parsing.xml_tree(message.strip().encode())
            if message.lstrip().startswith("<")
            else parsing.json_tree(message.encode())
        )
        messages = _entries(whole) or documents.messages(whole, rules)
    except ReadFault as fault:
        return [_faulty("", fault)]
    if not messages:
        return [_faulty("", ReadFault(rules.each.text if rules.each else "内容", "没有消息"))]
    return [_tree_tried(one, rules, tree, domain) for one in messages[:MOST]]


def _entries(whole: Tree) -> list[Tree]:
    """The resources of a FHIR Bundle."""
    if not isinstance(whole, dict) or whole.get("resourceType") != "Bundle":
        return []
    entries = whole.get("entry")
    return (
        [one.get("resource") for one in entries if isinstance(one, dict)] if isinstance(entries, list) else []
    )


def _faulty(kind: str, fault: ReadFault) -> Tried:
    return Tried(kind=kind, faults=((fault.at, str(fault).removeprefix(f"{fault.at}：")),))


def _tree_tried(message: Tree, rules: TreeMapping, tree: OrgTree, domain: str) -> Tried:
    kind = ""
    try:
        parsing.check(message)
        _, kind = documents.head(message, rules)
        found = documents.read(message, rules, tree, received=clock.now(), domain=domain)
    except ReadFault as fault:
        return _faulty(kind, fault)
    return _shown(kind or rules.title, found, tree)


def _tried(text: str, rules: FeedMapping, tree: OrgTree, domain: str) -> Tried:
    try:
        message = parse(text)
    except NotHl7 as error:
        return Tried(faults=(("MSH", str(error)),))
    kind, event = events.kind_of(message)
    label = f"{kind}^{event}"
    if event not in events.EVENTS.get(kind, frozenset()):
        return Tried(kind=label, faults=(("MSH-9", f"不接收 {label} 消息"),))
    try:
        found = reading.read(message, rules, tree, domain=domain)
    except ReadFault as fault:
        return _faulty(label, fault)
    return _shown(label, found, tree)


def _shown(label: str, found: Reading, tree: OrgTree) -> Tried:
    shown = [Shown(SUBJECT_LABELS[SUBJECTS[type(one)]], tuple(_rows(one, tree))) for one in found.heard.said]
    shown += [
        Shown("患者合并", (("被合并的号", one.prior), ("保留的号", one.survivor)))
        for one in found.heard.merges
    ]
    return Tried(label, found.heard.at, tuple(shown), (), tuple(found.remarks))


def _rows(said: Said, tree: OrgTree) -> Iterator[tuple[str, str]]:
    for name in type(said).model_fields:
        value = getattr(said, name)
        if name in said.model_fields_set and value not in (None, (), ""):
            yield LABELS.get(name, name), _words(name, value, tree)


def _words(name: str, value: object, tree: OrgTree) -> str:
    masks = {"phone": mask_phone, "id_number": mask_id, "address": mask_address}
    if name in masks and isinstance(value, str):
        return masks[name](value)
    if name in ("unit_id", "ward_id") and isinstance(value, int):
        return tree.label(value)
    if isinstance(value, VisitVerb):
        return VERBS[value]
    if isinstance(value, VisitKind):
        return KIND_LABELS[value]
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return f"{clock.local(value):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, (date, Decimal)):
        return str(value)
    if isinstance(value, tuple):
        return "；".join(_one(one) for one in value)
    return str(value)


def _one(value: object) -> str:
    if not isinstance(value, BaseModel):
        return str(value)
    given = value.model_dump(exclude_defaults=True)
    kind = str(given.get("kind", ""))
    if "phone" in given:
        return f"{given['relation']} {given.get('name', '')} {mask_phone(str(given['phone']))}"
    if isinstance(value, Identifier):
        shown = mask_id(value.value) if value.kind is IdentifierKind.ID else value.value
        return f"{IDENTIFIER_LABELS[value.kind]} {shown}"
    if kind in DIAGNOSES:
        given["kind"] = DIAGNOSES[kind]
    words = [given.get(name) for name in ("kind", "code", "name", "value", "unit", "range", "flag")]
    return " ".join(str(word) for word in words if word not in (None, "")) + (
        "（危急）" if given.get("critical") else ""
    )
