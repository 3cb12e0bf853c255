"""Finds the patient somebody says to be, by what they know or hold: ID number with name, a card, a bed.

Answers to the machine alone: whether anybody was found is told to no one who has not proven more (no enumeration).
Records that were merged are told as the one that stands.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import asyncpg

from core import crypto, db
from core.identity import normalise_phone, parse_id


class CardKind(StrEnum):
    """What a terminal's reader reads."""

    MEDICAL = "medical"  # 诊疗卡
    SOCIAL = "social"  # 社保卡
    ID = "id"  # 居民身份证


CARD_LABELS = {CardKind.MEDICAL: "诊疗卡", CardKind.SOCIAL: "社保卡", CardKind.ID: "身份证"}
_IDENTIFIERS = {  # kinds of patient_identifier that stand on a card
    CardKind.MEDICAL: ["card", "health_card", "outpatient", "his"],
    CardKind.SOCIAL: ["insurance"],
    CardKind.ID: ["id"],
}


@dataclass(frozen=True, slots=True)
class Person:
    """A patient as found: for the machine, never for a page. `phone` is the registered one in full, "" where none."""

    patient_id: int
    name: str
    born_on: date | None
    phone: str
    id_tail: str
    deceased: bool


_PERSON = (
    "select q.id, q.name, q.born_on, q.deceased, q.phone, q.id_number, (select c.phone from patient_contact c"
    " where c.patient_id = q.id and c.wrong_at is null"
    " order by c.preferred desc, c.verified_at desc nulls last, c.id limit 1) as contact"
    " from patient q where q.id = (select coalesce(merged_into, id) from patient where id = $1)"
)


async def person(patient_id: int) -> Person | None:
    """The patient of this id, or the record that stands for them."""
    row = await db.fetchrow(_PERSON, patient_id)
    return _person(row) if row else None


def _person(row: "asyncpg.Record") -> Person:
    ring = crypto.key_ring()
    phone = ring.decrypt(row["phone"], "patient.phone") if row["phone"] else ""
    if not phone and row["contact"]:
        phone = ring.decrypt(row["contact"], "patient_contact.phone")
    number = ring.decrypt(row["id_number"], "patient.id_number") if row["id_number"] else ""
    return Person(row["id"], row["name"], row["born_on"], phone, number[-4:], row["deceased"])


async def by_id_number(id_number: str, name: str) -> Person | None:
    """Whose identity number this is, if the name agrees too; None also for the dead."""
    given = parse_id(id_number)
    hashed = crypto.search_hash(given.number if given else id_number.strip().upper())
    row = await db.fetchrow(
        "select coalesce(merged_into, id) as id from patient where (id_hash = $1 or id in (select patient_id from"
        " patient_identifier where value_hash = $1 and kind = 'id')) and name = $2"
        " order by merged_into nulls first, id limit 1",
        hashed,
        name.strip(),
    )
    found = await person(row["id"]) if row else None
    return None if found is None or found.deceased else found


async def by_card(kind: CardKind, number: str) -> Person | None:
    """Whose card this is; None also when the number is of several persons."""
    text = number.strip().upper()
    given = parse_id(text) if kind is CardKind.ID else None
    hashes = list(
        {crypto.search_hash(one) for one in (text, number.strip(), given.number if given else text)}
    )
    rows = await db.fetch(
        "select distinct coalesce(p.merged_into, p.id) as id from patient p where p.id in ("
        "select patient_id from patient_identifier where value_hash = any($1::bytea[]) and kind = any($2::text[])"
        " union select id from patient where $3 and id_hash = any($1::bytea[])"
        " union select id from patient where $4 and number = $5)",
        hashes,
        _IDENTIFIERS[kind],
        kind is CardKind.ID,
        kind is CardKind.MEDICAL,
        number.strip(),
    )
    found = await person(rows[0]["id"]) if len(rows) == 1 else None
    return None if found is None or found.deceased else found


async def by_bed(ward_id: int, bed: str) -> Person | None:
    """Who lies in this bed now; None when nobody does, or the records disagree."""
    rows = await db.fetch(
        "select distinct coalesce(p.merged_into, p.id) as id from visit v join patient p on p.id = v.patient_id"
        " where v.ward_id = $1 and v.bed = $2 and v.kind = 'inpatient' and v.state = 'open' and v.end_on is null",
        ward_id,
        bed,
    )
    found = await person(rows[0]["id"]) if len(rows) == 1 else None
    return None if found is None or found.deceased else found


async def by_openid(openid: str) -> list[Person]:
    """Whom the hospital knows under a WeChat identity."""
    rows = await db.fetch(
        "select distinct coalesce(merged_into, id) as id from patient where wechat_openid = $1 limit 5",
        openid,
    )
    found = [await person(row["id"]) for row in rows]
    return [one for one in found if one is not None and not one.deceased]


def same_phone(registered: str, given: str) -> bool:
    """Whether two numbers are one, however they are written."""
    return bool(registered) and normalise_phone(registered) == normalise_phone(given)
