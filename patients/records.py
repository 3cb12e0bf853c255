"""The clinical record of a person as it is shown: visits whole, orders, reports with their results, documents. Reads only.

What belongs to a visit out of the viewer's reach is not shown, however the patient was found; what no visit is known of
is shown to whoever sees the patient.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg

from core import db
from core.actor import Actor, Permission
from core.errors import NotFound
from patients import guarding, queries
from patients.profile_timeline import Person
from patients.rows import KIND_LABELS, VisitKind
from patients.search import DISPOSITIONS, TRIAGE
from staff import queries as staff

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")
MOST = 200
DIAGNOSIS_KINDS = {"admission": "入院", "working": "门急诊", "final": "出院"}
ORDER_KINDS = {
    "drug": "药品", "lab": "检验", "imaging": "检查", "surgery": "手术", "nursing": "护理", "treatment": "治疗",
    "other": "其他",
}  # fmt: skip
ORDER_STATES = {
    "active": ("执行中", "doing"), "stopped": ("已停止", "wait"), "done": ("已完成", "done"), "cancelled": ("已取消", "wait"),
}  # fmt: skip
REPORT_KINDS = {"lab": "检验", "imaging": "影像", "pathology": "病理", "exam": "检查", "other": "其他"}
REPORT_STATES = {
    "preliminary": ("初步报告", "wait"), "final": ("", "good"), "corrected": ("已更正", "review"), "cancelled": ("已作废", "wait"),
}  # fmt: skip
VISIT_STATES = {
    "planned": ("已预约", "todo"), "open": ("就诊中", "doing"), "closed": ("已结束", "done"), "cancelled": ("已取消", "wait"),
}  # fmt: skip
ITEM_STATES = {"preliminary": "初步", "final": "", "corrected": "已更正"}
FLAGS = {"H": "↑", "L": "↓", "HH": "↑↑", "LL": "↓↓", "A": "异常"}
TEXTS = (
    ("主诉", "complaint"), ("现病史", "present_illness"), ("既往史", "past_history"), ("家族史", "family_history"),
    ("体格检查", "examination"), ("总检结论", "conclusion"), ("异常项", "findings"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One diagnosis of a visit; `version` is the edition of ICD-10 of the code."""

    kind: str
    code: str
    name: str
    version: str
    main: bool


@dataclass(frozen=True, slots=True)
class Surgery:
    """One operation."""

    code: str
    name: str
    at: datetime | None
    surgeon: str
    anaesthesia: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Where a patient lay from `at` on."""

    at: datetime
    unit: str
    ward: str
    bed: str


@dataclass(frozen=True, slots=True)
class Order:
    """An order or a line of a prescription."""

    id: int
    number: str
    kind: str
    name: str
    prescription: str
    dose: str
    route: str
    frequency: str
    quantity: str
    days: int | None
    take_home: bool
    state: tuple[str, str]  # word, tone
    ordered_at: datetime | None
    stopped_at: datetime | None
    doctor: str
    note: str


@dataclass(frozen=True, slots=True)
class Report:
    """A report in a list; `abnormal_items` are its results out of range, "血钾 6.8 mmol/L ↑↑"."""

    id: int
    kind: str
    name: str
    at: datetime | None
    state: tuple[str, str]
    critical: bool
    abnormal: bool
    positive: bool | None
    conclusion: str
    abnormal_items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One result; `mark` is ↑ ↓ ↑↑ ↓↓ 异常 or "", `state` 初步, 已更正 or "", `note` what the laboratory adds."""

    name: str
    value: str
    unit: str
    range: str
    mark: str
    critical: bool
    state: str
    note: str


@dataclass(frozen=True, slots=True)
class WholeReport:
    """A report with everything it says."""

    report: Report
    patient_id: int
    number: str
    specimen: str
    part: str
    seen: str
    author: str
    checker: str
    collected_at: datetime | None
    pictures: str
    note: str
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A document of the record; `text` is plain words and only ever shown as such."""

    id: int
    patient_id: int
    kind: str
    title: str
    author: str
    at: datetime | None
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class WholeVisit:
    """A visit with everything that belongs to it. `facts` and `texts` are (label, words) that are not empty."""

    id: int
    patient_id: int
    kind: VisitKind
    number: str
    state: tuple[str, str]
    unit: str
    start_on: date
    end_on: date | None
    facts: tuple[tuple[str, str], ...]
    texts: tuple[tuple[str, str], ...]
    diagnoses: tuple[Diagnosis, ...]
    surgeries: tuple[Surgery, ...]
    transfers: tuple[Transfer, ...]
    orders: tuple[Order, ...]
    reports: tuple[Report, ...]
    documents: tuple[Document, ...]

    @property
    def kind_label(self) -> str:
        """门诊, 急诊, 住院 …"""
        return KIND_LABELS[self.kind]


def _made(shape: type[T], row: "asyncpg.Record", **said: Any) -> T:
    """A value of this shape from a row: what is not said is the column of the field's name."""
    return shape(**{one.name: said[one.name] if one.name in said else row[one.name] for one in fields(shape)})


async def units_of(by: Actor) -> list[int] | None:
    """The units whose visits the viewer may read; None for all."""
    units = await queries.reach(by, Permission.PATIENT_READ)
    return None if units is None else list(units)


def seen(alias: str, place: int) -> str:
    """The condition that a row with a visit_id is of a visit in reach (parameter `place`: units or null) or of none."""
    return (
        f"(${place}::bigint[] is null or {alias}.visit_id is null or exists (select 1 from visit sv"  # noqa: S608
        f" where sv.id = {alias}.visit_id and (sv.unit_id = any(${place}) or sv.ward_id = any(${place}))))"
    )


async def visit(visit_id: int, by: Actor) -> WholeVisit:
    """One visit with its records.

    Raises:
        NotFound: none, or out of reach.
    """
    await queries.visit(visit_id, by)
    row = await db.fetchrow("select * from visit where id = $1", visit_id)
    assert row is not None  # noqa: S101 - just found
    await guarding.check(row["patient_id"], by)
    tree = await staff.tree()
    places = await db.fetch("select * from visit_transfer where visit_id = $1 order by place", visit_id)
    diagnoses = await db.fetch(
        "select * from visit_diagnosis where visit_id = $1 order by main desc, place", visit_id
    )
    surgeries = await db.fetch("select * from visit_surgery where visit_id = $1 order by place", visit_id)
    orders = await db.fetch(
        "select * from medical_order where visit_id = $1 order by ordered_at desc nulls last, id desc limit $2",
        visit_id,
        MOST,
    )
    documents = await db.fetch(
        "select * from record_document where visit_id = $1 and state <> 'cancelled'"
        " order by written_at desc nulls last, id desc limit $2",
        visit_id,
        MOST,
    )
    return _made(
        WholeVisit,
        row,
        kind=VisitKind(row["kind"]),
        state=VISIT_STATES[row["state"]],
        unit=tree.label(row["unit_id"]),
        facts=_facts(row, tree.unit(row["ward_id"]).name if row["ward_id"] else ""),
        texts=tuple((word, row[name]) for word, name in TEXTS if row[name]),
        diagnoses=tuple(
            _made(Diagnosis, one, kind=DIAGNOSIS_KINDS.get(one["kind"], one["kind"])) for one in diagnoses
        ),
        surgeries=tuple(_made(Surgery, one) for one in surgeries),
        transfers=tuple(
            _made(
                Transfer,
                one,
                unit=tree.label(one["unit_id"]) if one["unit_id"] else "",
                ward=tree.unit(one["ward_id"]).name if one["ward_id"] else "",
            )
            for one in places
        ),
        orders=tuple(map(_order, orders)),
        reports=tuple(await _reports("r.visit_id = $1", visit_id)),
        documents=tuple(_made(Document, one, at=one["written_at"], text="") for one in documents),
    )


def _facts(row: "asyncpg.Record", ward: str) -> tuple[tuple[str, str], ...]:
    """The short facts of a visit, with their labels; what is empty is left out."""
    inside = row["kind"] == "inpatient"
    pairs = (
        ("病区", ward),
        ("床号", row["bed"]),
        ("管床医生" if inside else "医生", row["doctor"]),
        ("管床护士", row["nurse"]),
        ("主治医生", row["attending"]),
        ("上级医生", row["chief"]),
        ("号别", row["register_type"]),
        ("初复诊", row["first_or_return"]),
        ("分诊级别", TRIAGE.get(str(row["triage"]), "")),
        ("到院方式", row["arrival"]),
        ("去向", row["outcome"]),
        ("住院次数", f"第 {row['times']} 次" if row["times"] else ""),
        ("病案号", row["record_number"]),
        ("入院诊断", row["admission_diagnosis"]),
        ("出院诊断", row["discharge_diagnosis"]),
        ("诊断", row["diagnosis"]),
        ("离院方式", DISPOSITIONS.get(row["disposition"], "")),
        ("费别", row["insurance"]),
        ("费用", f"{row['fee']} 元" if row["fee"] is not None else ""),
        ("体检单位", row["employer"]),
        ("体检套餐", row["package"]),
        ("重大阳性", f"{row['severity']} 类" if row["severity"] else ""),
    )
    return tuple((word, text) for word, text in pairs if text)


async def orders(who: Person, by: Actor, *, drugs: bool = False) -> list[Order]:
    """The newest orders of a person; of `drugs` the prescriptions and what was taken home alone."""
    rows = await db.fetch(
        f"select o.* from medical_order o where o.patient_id = any($1::bigint[]) and {seen('o', 2)}"  # noqa: S608
        " and (not $3::boolean or o.kind = 'drug') order by o.ordered_at desc nulls last, o.id desc limit $4",
        list(who.records),
        await units_of(by),
        drugs,
        MOST,
    )
    return list(map(_order, rows))


def _order(row: "asyncpg.Record") -> Order:
    kind = ORDER_KINDS.get(row["kind"], row["kind"])
    return _made(Order, row, kind=kind, state=ORDER_STATES[row["state"]])


async def reports(who: Person, by: Actor) -> list[Report]:
    """The newest reports of a person."""
    condition = f"r.patient_id = any($1::bigint[]) and {seen('r', 2)}"
    return await _reports(condition, list(who.records), await units_of(by))


async def _reports(condition: str, *values: Any) -> list[Report]:
    rows = await db.fetch(
        "select r.*, (select coalesce(array_agg(concat_ws(' ', i.name, i.value, nullif(i.unit, ''), i.flag)"  # noqa: S608
        " order by i.place), '{}') from report_item i where i.report_id = r.id and (i.flag <> '' or i.critical))"
        f" as out_of_range from report r where {condition}"
        f" order by r.reported_at desc nulls last, r.id desc limit {MOST}",
        *values,
    )
    return [_report(row, tuple(map(_marked, row["out_of_range"]))) for row in rows]


def _marked(text: str) -> str:
    words, _, flag = text.rpartition(" ")
    return f"{words} {FLAGS[flag]}" if flag in FLAGS else text


def _report(row: "asyncpg.Record", items: Sequence[str] = ()) -> Report:
    return _made(
        Report,
        row,
        kind=REPORT_KINDS.get(row["kind"], row["kind"]),
        at=row["reported_at"],
        state=REPORT_STATES[row["state"]],
        abnormal_items=tuple(items),
    )


async def report(report_id: int, by: Actor) -> WholeReport:
    """One report with its results.

    Raises:
        NotFound: none, or out of reach.
    """
    row = await _one("report", report_id, by)
    items = await db.fetch("select * from report_item where report_id = $1 order by place", report_id)
    return _made(
        WholeReport,
        row,
        report=_report(row),
        pictures=row["pictures"] if row["pictures"].startswith(("https://", "http://")) else "",
        items=tuple(
            _made(Item, one, mark=FLAGS.get(one["flag"], ""), state=ITEM_STATES[one["state"]])
            for one in items
        ),
    )


async def documents(who: Person, by: Actor) -> list[Document]:
    """The newest documents of a person's record, without their text."""
    rows = await db.fetch(
        "select d.* from record_document d where d.patient_id = any($1::bigint[]) and d.state <> 'cancelled'"  # noqa: S608
        f" and {seen('d', 2)} order by d.written_at desc nulls last, d.id desc limit $3",
        list(who.records),
        await units_of(by),
        MOST,
    )
    return [_made(Document, row, at=row["written_at"], text="") for row in rows]


async def document(document_id: int, by: Actor) -> Document:
    """One document with its text.

    Raises:
        NotFound: none, or out of reach.
    """
    row = await _one("record_document", document_id, by)
    return _made(Document, row, at=row["written_at"])


async def _one(table: str, number: int, by: Actor) -> "asyncpg.Record":
    row = await db.fetchrow(
        f"select t.*, coalesce(p.merged_into, p.id) as head from {table} t join patient p on p.id = t.patient_id"  # noqa: S608
        f" where t.id = $1 and {seen('t', 2)}",
        number,
        await units_of(by),
    )
    if row is None:
        raise NotFound("没有这份资料，或您无权查看")
    await queries.in_reach(row["head"], by, Permission.PATIENT_READ)
    await guarding.check(row["head"], by)
    return row
