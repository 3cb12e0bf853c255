"""What `patients` itself puts into the timeline of a person: visits, reports, documents, orders, appointments, marks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core import db
from core.actor import Actor
from patients import corrections
from patients.people import FLAG_LABELS, Flag
from patients.profile_timeline import Entry, Layer, Person, Source
from patients.records import REPORT_KINDS, REPORT_STATES, VISIT_STATES, seen, units_of
from patients.rows import KIND_LABELS, VisitKind
from staff import queries as staff

_BEGAN = "coalesce(v.started_at, v.start_on::timestamp at time zone 'Asia/Shanghai')"
Marks = tuple[tuple[str, str], ...]


async def _rows(sql: str, who: Person, by: Actor, before: datetime | None, limit: int) -> list[Any]:
    """$1 records, $2 units in reach or null, $3 before, $4 limit."""
    return await db.fetch(sql, list(who.records), await units_of(by), before, limit)


async def _visits(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    rows = await _rows(
        f"select v.*, {_BEGAN} as began from visit v where v.patient_id = any($1::bigint[])"  # noqa: S608
        " and ($2::bigint[] is null or v.unit_id = any($2) or v.ward_id = any($2))"
        f" and ($3::timestamptz is null or {_BEGAN} < $3) order by {_BEGAN} desc, v.id desc limit $4",
        who,
        by,
        before,
        limit,
    )
    tree = await staff.tree()
    found = []
    for row in rows:
        word, tone = VISIT_STATES[row["state"]]
        marks: Marks = ((word, tone),) if row["state"] in ("cancelled", "planned") else ()
        if row["kind"] == "inpatient" and row["state"] == "open":
            marks = (("在院", "doing"),)
        place = tree.label(row["unit_id"]) + (f" {row['bed']}" if row["bed"] else "")
        until = f"，{row['end_on']} 出院" if row["kind"] == "inpatient" and row["end_on"] else ""
        said = row["discharge_diagnosis"] or row["diagnosis"] or row["conclusion"]
        found.append(
            Entry(
                row["began"],
                Layer.VISIT,
                f"{KIND_LABELS[VisitKind(row['kind'])]} · {place}",
                "　".join(filter(None, (f"{row['doctor']}{until}".strip("，"), said))),
                f"/patients/{who.id}/visits/{row['id']}",
                drawer=True,
                marks=marks,
                whole_day=row["started_at"] is None,
            )
        )
    return found


async def _reports(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    rows = await _rows(
        "select r.* from report r where r.patient_id = any($1::bigint[]) and r.reported_at is not null"  # noqa: S608
        f" and {seen('r', 2)} and ($3::timestamptz is null or r.reported_at < $3)"
        " order by r.reported_at desc, r.id desc limit $4",
        who,
        by,
        before,
        limit,
    )
    return [
        Entry(
            row["reported_at"],
            Layer.REPORT,
            f"{REPORT_KINDS.get(row['kind'], row['kind'])} · {row['name']}",
            row["conclusion"][:160],
            f"/patients/{who.id}/reports/{row['id']}",
            drawer=True,
            marks=_of_report(row),
        )
        for row in rows
    ]


def _of_report(row: Any) -> Marks:
    marks: Marks = (("危急值", "late"),) if row["critical"] else ()
    if not row["critical"] and row["abnormal"]:
        marks = (("异常", "soon"),)
    word, tone = REPORT_STATES[row["state"]]
    return (*marks, (word, tone)) if word else marks


async def _documents(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    rows = await _rows(
        "select d.* from record_document d where d.patient_id = any($1::bigint[]) and d.written_at is not null"  # noqa: S608
        f" and d.state <> 'cancelled' and {seen('d', 2)} and ($3::timestamptz is null or d.written_at < $3)"
        " order by d.written_at desc, d.id desc limit $4",
        who,
        by,
        before,
        limit,
    )
    return [
        Entry(
            row["written_at"],
            Layer.RECORD,
            row["title"],
            row["author"],
            f"/patients/{who.id}/documents/{row['id']}",
            drawer=True,
            marks=(("草稿", "wait"),) if row["state"] == "draft" else (),
        )
        for row in rows
    ]


async def _orders(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    """Orders of one moment by one doctor are one entry: a prescription has many lines."""
    rows = await _rows(
        "select o.ordered_at, o.doctor, o.visit_id, count(*) as lines, bool_or(o.take_home) as home,"  # noqa: S608
        " string_agg(distinct o.name, '、' order by o.name) as names from medical_order o"
        " where o.patient_id = any($1::bigint[]) and o.ordered_at is not null and o.state <> 'cancelled'"
        f" and {seen('o', 2)} and ($3::timestamptz is null or o.ordered_at < $3)"
        " group by o.ordered_at, o.doctor, o.visit_id order by o.ordered_at desc limit $4",
        who,
        by,
        before,
        limit,
    )
    return [
        Entry(
            row["ordered_at"],
            Layer.ORDER,
            f"医嘱 {row['lines']} 项" + (f" · {row['doctor']}" if row["doctor"] else ""),
            row["names"][:160],
            f"/patients/{who.id}/visits/{row['visit_id']}" if row["visit_id"] else "",
            drawer=bool(row["visit_id"]),
            marks=(("出院带药", "todo"),) if row["home"] else (),
        )
        for row in rows
    ]


_BOOKED = {"booked": ("已预约", "todo"), "changed": ("已改期", "soon"), "cancelled": ("已取消", "wait"), "kept": ("已就诊", "done"), "missed": ("未到", "late")}  # fmt: skip


async def _appointments(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    rows = await _rows(
        "select a.* from appointment a where a.patient_id = any($1::bigint[]) and a.start_at is not null"
        " and ($2::bigint[] is null or a.unit_id is null or a.unit_id = any($2))"
        " and ($3::timestamptz is null or a.start_at < $3) order by a.start_at desc, a.id desc limit $4",
        who,
        by,
        before,
        limit,
    )
    tree = await staff.tree()
    return [
        Entry(
            row["start_at"],
            Layer.APPOINTMENT,
            "预约 · " + (tree.label(row["unit_id"]) if row["unit_id"] else row["what"] or row["number"]),
            "　".join(filter(None, (row["doctor"], row["what"] if row["unit_id"] else ""))),
            marks=(_BOOKED[row["state"]],),
        )
        for row in rows
    ]


async def _marks(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    """Flags set and taken back, fields corrected; whoever sees the patient sees these."""
    rows = await _rows(
        "select * from (select set_at as at, 'set' as what, flag as name, set_by as who, note as words from patient_flag"
        " where patient_id = any($1::bigint[]) union all select cleared_at, 'cleared', flag, cleared_by, cleared_because"
        " from patient_flag where patient_id = any($1::bigint[]) and cleared_at is not null union all"
        " select at, 'corrected', field, by_name, '' from patient_correction where patient_id = any($1::bigint[])) m"
        " where ($2::bigint[] is null or true) and ($3::timestamptz is null or at < $3) order by at desc limit $4",
        who,
        by,
        before,
        limit,
    )
    found = []
    for row in rows:
        if row["what"] == "corrected":
            title = f"更正{corrections.LABELS[row['name']]}"
        else:
            verb = "标记" if row["what"] == "set" else "取消标记"
            title = f"{verb}：{FLAG_LABELS[Flag(row['name'])]}"
        found.append(Entry(row["at"], Layer.MARK, title, "　".join(filter(None, (row["who"], row["words"])))))
    return found


SOURCES = (
    Source(Layer.VISIT, _visits),
    Source(Layer.REPORT, _reports),
    Source(Layer.RECORD, _documents),
    Source(Layer.ORDER, _orders),
    Source(Layer.APPOINTMENT, _appointments),
    Source(Layer.MARK, _marks),
)
