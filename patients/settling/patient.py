"""The row of a patient from what was said of them and what staff corrected; decides no merge by itself."""

from collections.abc import Mapping
from typing import Any

from core import clock, crypto, db
from core.db import transaction
from core.events import announce
from patients import corrections, facts, matching
from patients.events import DeathWithdrawn, PatientDied
from patients.folding import fold_patient
from patients.said import ContactSaid, Identifier, IdentifierKind, PatientSaid

PLAIN = {  # column → what an empty one holds
    "name": "（未登记姓名）",
    "gender": "未知",
    "born_on": None,
    "id_kind": "",
    "ethnicity": "",
    "marital": "",
    "occupation": "",
    "insurance": "",
    "died_at": None,
}
SEALED = {"phone": "phone_hash", "id_number": "id_hash", "address": ""}
IDENTITY = ("name", "gender", "born_on", "phone_hash", "id_hash")  # what tells persons apart
_KEPT = "id, name, gender, born_on, phone_hash, id_hash, deceased, death_told_by"


async def settle_patient(number: str) -> int:
    """Write the patient of this number as told; their id. Announces a death and its withdrawal."""
    state = fold_patient(await facts.of(PatientSaid, number))
    async with transaction():
        before = await db.fetchrow(f"select {_KEPT} from patient where number = $1 for update", number)  # noqa: S608
        fresh = before is None
        if before is None:
            before = await db.fetchrow(
                f"insert into patient (number, name) values ($1, $2) returning {_KEPT}",  # noqa: S608
                number,
                PLAIN["name"],
            )
        assert before is not None  # noqa: S101 - just written
        patient_id: int = before["id"]
        corrected = await corrections.of(patient_id)
        fields = {**state.fields, **corrected}
        death = await _death(before, state.fields, corrected)
        after = await _write(patient_id, fields, death)
        await _identifiers(patient_id, number, state.identifiers, fields.get("id_number"))
        await _contacts(patient_id, state.contacts)
        if after["deceased"] != before["deceased"]:
            happened = PatientDied if after["deceased"] else DeathWithdrawn
            await announce(happened(patient_id=patient_id))
        if fresh or any(before[name] != after[name] for name in IDENTITY):
            await matching.look(patient_id)
    return patient_id


async def resettle(patient_id: int) -> None:
    """Write a patient anew after a correction or a change of their visits."""
    number = await db.fetchval("select number from patient where id = $1", patient_id)
    await settle_patient(number)


async def _write(patient_id: int, fields: Mapping[str, Any], death: tuple[bool, str]) -> Mapping[str, Any]:
    """Write the columns that were ever told of; the row afterwards."""
    sets, values = ["changed_at = $2"], [patient_id, clock.now()]

    def put(column: str, value: object) -> None:
        values.append(value)
        sets.append(f"{column} = ${len(values)}")

    for name, empty in PLAIN.items():
        if name in fields:
            put(name, fields[name] or empty)
    if "allergies" in fields:
        put("allergies", list(fields["allergies"] or ()))
    for name, mark in SEALED.items():
        if name in fields:
            text = fields[name] or ""
            put(name, crypto.key_ring().encrypt(text, f"patient.{name}") if text else None)
            if mark:
                put(mark, crypto.search_hash(text) if text else None)
    put("deceased", death[0])
    put("death_told_by", death[1])
    row = await db.fetchrow(
        f"update patient set {', '.join(sets)} where id = $1 returning {_KEPT}",  # noqa: S608 - our own names
        *values,
    )
    assert row is not None  # noqa: S101
    found: Mapping[str, Any] = row
    return found


async def _death(
    before: Mapping[str, Any], told: Mapping[str, Any], corrected: Mapping[str, Any]
) -> tuple[bool, str]:
    """Dead or not, and by whose word: staff, a system, a visit that ended so (离院方式 5); "" is what was always there."""
    if corrected.get("deceased") is not None:
        return bool(corrected["deceased"]), "staff"
    if told.get("deceased"):
        return True, "feed"
    if await db.fetchval(
        "select exists (select 1 from visit where (recorded_for = $1 or (patient_id = $1 and recorded_for is null))"
        " and disposition = '5' and state = 'closed')",
        before["id"],
    ):
        return True, "visit"
    if before["deceased"] and not before["death_told_by"]:
        return True, ""
    return False, ""


async def _identifiers(patient_id: int, number: str, told: tuple[Identifier, ...], id_number: object) -> None:
    """The numbers that were ever told, and the ID number as an identifier too."""
    wanted = {*told, Identifier(kind=IdentifierKind.HIS, value=number)}
    if isinstance(id_number, str) and id_number:
        wanted.add(Identifier(kind=IdentifierKind.ID, value=id_number))
    rows = [
        (
            patient_id,
            one.kind,
            one.domain,
            crypto.key_ring().encrypt(one.value, "patient_identifier.value"),
            crypto.search_hash(one.value.upper()),
        )
        for one in sorted(wanted, key=lambda one: (one.kind, one.domain, one.value))
    ]
    known = await db.fetch(
        "select kind, domain, value_hash from patient_identifier where patient_id = $1", patient_id
    )
    there = {(row["kind"], row["domain"], row["value_hash"]) for row in known}
    marks = {(row[1].value, row[2], row[4]) for row in rows}
    fresh = [row for row in rows if (row[1].value, row[2], row[4]) not in there]
    if fresh:
        await db.executemany(
            "insert into patient_identifier (patient_id, kind, domain, value, value_hash)"
            " values ($1, $2, $3, $4, $5) on conflict do nothing",
            fresh,
        )
    for kind, domain, mark in there - marks:
        await db.execute(
            "delete from patient_identifier where patient_id = $1 and kind = $2 and domain = $3 and value_hash = $4",
            patient_id,
            kind,
            domain,
            mark,
        )


async def _contacts(patient_id: int, contacts: tuple[ContactSaid, ...]) -> None:
    """The feed's contacts as told last; those that staff added or marked stay."""
    ring = crypto.key_ring()
    rows = [
        (
            patient_id,
            one.relation,
            one.name,
            ring.encrypt(one.phone, "patient_contact.phone"),
            crypto.search_hash(one.phone),
        )
        for one in contacts
    ]
    await db.execute(
        "delete from patient_contact where patient_id = $1 and source = 'feed' and not preferred"
        " and verified_at is null and wrong_at is null"
        " and not ((relation, phone_hash) in (select r, h from unnest($2::text[], $3::bytea[]) as t(r, h)))",
        patient_id,
        [row[1] for row in rows],
        [row[4] for row in rows],
    )
    if rows:
        await db.executemany(
            "insert into patient_contact (patient_id, source, relation, name, phone, phone_hash)"
            " values ($1, 'feed', $2, $3, $4, $5) on conflict (patient_id, relation, phone_hash) do update"
            " set name = excluded.name where patient_contact.source = 'feed' and patient_contact.name <> excluded.name",
            rows,
        )
