"""The file of a patient as it is shown: all records of one person, their numbers, contacts, flags, merges; masked.

Reads only, within the reach of whoever asks; a record that was given up leads to the one that stands for the person.
"""

from dataclasses import dataclass
from datetime import date, datetime

from core import clock, crypto, db
from core.actor import Actor, Permission
from core.errors import NotFound
from core.identity import mask_id, mask_phone
from patients import queries
from patients.people import FLAG_LABELS, Flag
from patients.profile_timeline import (
    LAYERS,
    QUICK_ACTIONS,
    TIMELINE,
    Entry,
    Layer,
    Person,
    QuickAction,
    Source,
)
from patients.said import IdentifierKind

__all__ = [
    "LAYERS",
    "QUICK_ACTIONS",
    "TIMELINE",
    "Entry",
    "Layer",
    "Person",
    "QuickAction",
    "Source",
    "pairs",
    "profile",
    "stands_for",
]

IDENTIFIER_LABELS = {
    IdentifierKind.HIS: "患者号",
    IdentifierKind.CARD: "就诊卡",
    IdentifierKind.ID: "证件号",
    IdentifierKind.INSURANCE: "医保号",
    IdentifierKind.OUTPATIENT: "门诊号",
    IdentifierKind.INPATIENT: "住院号",
    IdentifierKind.RECORD: "病案号",
    IdentifierKind.EXAM: "体检号",
    IdentifierKind.HEALTH_CARD: "健康卡",
    IdentifierKind.OTHER: "其他号码",
}
GROUNDS = {"feed": "医院信息系统", "rule": "匹配规则", "person": "人工判断"}
_SECRET = (IdentifierKind.ID, IdentifierKind.INSURANCE, IdentifierKind.HEALTH_CARD)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of a person; those of the state are masked."""

    label: str
    value: str
    domain: str


@dataclass(frozen=True, slots=True)
class ContactRow:
    """Somebody to be reached; the phone masked."""

    id: int
    source: str
    relation: str
    name: str
    phone: str
    preferred: bool
    verified_at: datetime | None
    verified_by: str
    wrong_at: datetime | None
    wrong_by: str


@dataclass(frozen=True, slots=True)
class FlagRow:
    """A mark that stands."""

    flag: Flag
    label: str
    note: str
    by: str
    at: datetime
    until: date | None


@dataclass(frozen=True, slots=True)
class MergeRow:
    """A merge in force that ties records of this person together."""

    id: int
    prior: str
    survivor: str
    ground: str
    by: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A report, with its results that are out of range."""

    id: int
    name: str
    kind: str
    at: datetime | None
    state: str
    critical: bool
    abnormal: bool
    conclusion: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything the file shows beside the patient's own data and their visits."""

    records: tuple[int, ...]
    numbers: tuple[Number, ...]
    contacts: tuple[ContactRow, ...]
    flags: tuple[FlagRow, ...]
    merges: tuple[MergeRow, ...]
    reports: tuple[ReportRow, ...]
    appointments: int


async def stands_for(patient_id: int) -> int:
    """The record that stands for the person of this one (itself, unless it was merged)."""
    found: int | None = await db.fetchval(
        "select coalesce(merged_into, id) from patient where id = $1", patient_id
    )
    if found is None:
        raise NotFound("没有这位患者，或您无权查看")
    return found


async def profile(patient_id: int, by: Actor) -> Profile:
    """The file of a person; `patient_id` is the record that stands for them.

    Raises:
        NotFound: none, or out of reach.
    """
    await queries.in_reach(patient_id, by, Permission.PATIENT_READ)
    rows = await db.fetch(
        "select id, number from patient where id = $1 or merged_into = $1 order by id", patient_id
    )
    records = [row["id"] for row in rows]
    numbers = [row["number"] for row in rows]
    return Profile(
        tuple(records),
        tuple(await _numbers(records)),
        tuple(await _contacts(records)),
        tuple(await _flags(records)),
        tuple(await _merges(numbers)),
        tuple(await _reports(records)),
        await db.fetchval(
            "select count(*) from appointment where patient_id = any($1::bigint[]) and state in ('booked', 'changed')",
            records,
        ),
    )


async def _numbers(records: list[int]) -> list[Number]:
    rows = await db.fetch(
        "select distinct on (kind, domain, value_hash) kind, domain, value from patient_identifier"
        " where patient_id = any($1::bigint[]) order by kind, domain, value_hash",
        records,
    )
    ring = crypto.key_ring()
    found = []
    for row in rows:
        kind = IdentifierKind(row["kind"])
        value = ring.decrypt(row["value"], "patient_identifier.value")
        shown = mask_id(value) if kind in _SECRET else value
        found.append(Number(IDENTIFIER_LABELS[kind], shown, row["domain"]))
    return found


async def _contacts(records: list[int]) -> list[ContactRow]:
    rows = await db.fetch(
        "select id, source, relation, name, phone, preferred, verified_at, verified_by, wrong_at, wrong_by"
        " from patient_contact where patient_id = any($1::bigint[])"
        " order by preferred desc, wrong_at is not null, id",
        records,
    )
    ring = crypto.key_ring()
    return [
        ContactRow(**{**dict(row), "phone": mask_phone(ring.decrypt(row["phone"], "patient_contact.phone"))})
        for row in rows
    ]


async def _flags(records: list[int]) -> list[FlagRow]:
    rows = await db.fetch(
        "select distinct on (flag) flag, note, set_by, set_at, until from patient_flag"
        " where patient_id = any($1::bigint[]) and cleared_at is null and (until is null or until >= $2)"
        " order by flag, set_at",
        records,
        clock.today(),
    )
    return [
        FlagRow(
            Flag(row["flag"]),
            FLAG_LABELS[Flag(row["flag"])],
            row["note"],
            row["set_by"],
            row["set_at"],
            row["until"],
        )
        for row in rows
    ]


async def _merges(numbers: list[str]) -> list[MergeRow]:
    rows = await db.fetch(
        "select id, prior, survivor, ground, decided_by, reason, at from patient_merge where undone_at is null"
        " and prior = any($1::text[]) and survivor = any($1::text[]) order by id",
        numbers,
    )
    return [
        MergeRow(
            row["id"],
            row["prior"],
            row["survivor"],
            GROUNDS[row["ground"]],
            row["decided_by"],
            row["reason"],
            row["at"],
        )
        for row in rows
    ]


async def _reports(records: list[int]) -> list[ReportRow]:
    rows = await db.fetch(
        "select r.id, r.name, r.kind, r.reported_at, r.state, r.critical, r.abnormal, r.conclusion,"
        " (select coalesce(array_agg(i.name || ' ' || i.value || ' ' || i.unit || ' ' || i.flag order by i.place), '{}')"
        " from report_item i where i.report_id = r.id and (i.flag <> '' or i.critical)) as items"
        " from report r where r.patient_id = any($1::bigint[]) order by r.reported_at desc nulls last, r.id desc limit 20",
        records,
    )
    return [
        ReportRow(
            row["id"],
            row["name"],
            row["kind"],
            row["reported_at"],
            row["state"],
            row["critical"],
            row["abnormal"],
            row["conclusion"],
            tuple(row["items"]),
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class PairSide:
    """One record of a pair, masked."""

    id: int
    number: str
    name: str
    gender: str
    born_on: str
    phone: str
    id_number: str
    visits: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records that may be one person, and why."""

    a: PairSide
    b: PairSide
    points: int
    reasons: tuple[str, ...]


async def pairs(by: Actor, *, limit: int = 30) -> list[Pair]:
    """Pairs that wait for a decision, the likeliest first; for whoever may keep the data of all patients."""
    if "/" not in by.scope(Permission.PATIENT_MAINTAIN):
        return []
    rows = await db.fetch(
        "select * from (select distinct on (least(x, y), greatest(x, y)) a_id, b_id, points, reasons from ("
        "select t.*, coalesce(a.merged_into, a.id) as x, coalesce(b.merged_into, b.id) as y from patient_pair t"
        " join patient a on a.id = t.a_id join patient b on b.id = t.b_id where t.state = 'proposed'"
        " order by t.points desc, t.a_id, t.b_id limit 500) w where x <> y"
        " order by least(x, y), greatest(x, y), points desc, a_id, b_id) as once"
        " order by points desc, a_id, b_id limit $1",
        limit,
    )
    ids = sorted({row[name] for row in rows for name in ("a_id", "b_id")})
    sides = {
        row["id"]: row
        for row in await db.fetch(
            "select p.id, p.number, p.name, p.gender, p.born_on, p.phone, p.id_number,"
            " (select count(*) from visit v where v.patient_id = p.id) as visits"
            " from patient p where p.id = any($1::bigint[])",
            ids,
        )
    }
    ring = crypto.key_ring()

    def side(patient_id: int) -> PairSide:
        row = sides[patient_id]
        phone = ring.decrypt(row["phone"], "patient.phone") if row["phone"] else ""
        id_number = ring.decrypt(row["id_number"], "patient.id_number") if row["id_number"] else ""
        return PairSide(
            row["id"],
            row["number"],
            row["name"],
            row["gender"],
            row["born_on"].isoformat() if row["born_on"] else "",
            mask_phone(phone) if phone else "",
            mask_id(id_number) if id_number else "",
            row["visits"],
        )

    return [Pair(side(row["a_id"]), side(row["b_id"]), row["points"], tuple(row["reasons"])) for row in rows]
