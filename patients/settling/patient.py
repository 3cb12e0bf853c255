"""The rows of patients from what was said of them and what staff corrected; decides no merge by itself.

A batch of patients costs as many statements as one, and what has not changed is not written.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from core import clock, crypto, db
from core.db import transaction
from core.events import Event, announce
from patients import corrections, deaths, facts, matching
from patients.events import DeathWithdrawn, PatientDied
from patients.facts import Told
from patients.folding import PatientState, fold_patient
from patients.said import Identifier, IdentifierKind, PatientSaid

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
    "inactive": False,
}
SEALED = {"phone": "phone_hash", "id_number": "id_hash", "address": ""}
IDENTITY = ("name", "gender", "born_on", "phone_hash", "id_hash")  # what tells persons apart
COLUMNS = (*PLAIN, "allergies", *SEALED, "phone_hash", "id_hash", "deceased", "death_told_by")
Row = Mapping[str, Any]


async def settle_patients(numbers: Collection[str], told: Told | None = None) -> None:
    """Write the patients of these numbers as told. Announces deaths and their withdrawal; merges follow likeness.

    Args:
        numbers: of patients; one that has no record gets it.
        told: everything said of them, when the caller has it at hand.
    """
    if not numbers:
        return
    known = told or await facts.of(("patient", number) for number in numbers)
    async with transaction():
        fresh = await db.fetch(
            "insert into patient (number, name) select n, $2 from unnest($1::text[]) with ordinality as t(n, at)"
            " order by at on conflict (number) do nothing returning id",
            sorted(numbers),
            PLAIN["name"],
        )
        rows = await db.fetch(
            f"select id, number, merged_into, {', '.join(COLUMNS)} from patient where number = any($1::text[])"  # noqa: S608
            " order by id for update",
            list(numbers),
        )
        states = {row["id"]: fold_patient(known.of(PatientSaid, row["number"])) for row in rows}
        looked = {row["id"] for row in fresh} | await _write(rows, states)
        if looked:
            await matching.look(looked)


async def resettle(*patient_ids: int) -> None:
    """Write patients anew after a correction or a change of their visits."""
    rows = await db.fetch("select number from patient where id = any($1::bigint[])", list(patient_ids))
    await settle_patients([row["number"] for row in rows])


async def _write(rows: Iterable[Row], states: Mapping[int, PatientState]) -> set[int]:
    """Write what has changed; the patients whose identity has."""
    corrected = await corrections.of(states)
    ended = await _died_in_visits(states)
    changed: list[tuple[object, ...]] = []
    happened: list[Event] = []
    looked: set[int] = set()
    wanted: dict[int, set[Identifier]] = {}
    for row in rows:
        patient_id, state = row["id"], states[row["id"]]
        fields = {**state.fields, **corrected[patient_id]}
        after = _columns(row, fields)
        after["deceased"], after["death_told_by"] = _death(
            row, state.fields, corrected[patient_id], in_visit=patient_id in ended
        )
        if any(after[name] != row[name] for name in COLUMNS):
            changed.append((patient_id, clock.now(), *(after[name] for name in COLUMNS)))
        if after["deceased"] != row["deceased"] and row["merged_into"] is None:
            event = PatientDied if after["deceased"] else DeathWithdrawn
            happened.append(event(patient_id=patient_id))
        if any(after[name] != row[name] for name in IDENTITY):
            looked.add(patient_id)
        wanted[patient_id] = {*state.identifiers, Identifier(kind=IdentifierKind.HIS, value=row["number"])}
        if isinstance(fields.get("id_number"), str) and fields["id_number"]:
            wanted[patient_id].add(Identifier(kind=IdentifierKind.ID, value=fields["id_number"]))
    if changed:
        sets = ", ".join(f"{name} = ${at}" for at, name in enumerate(COLUMNS, start=3))
        await db.executemany(f"update patient set changed_at = $2, {sets} where id = $1", changed)  # noqa: S608
    await _identifiers(wanted)
    await _contacts(states)
    await announce(*happened)
    await deaths.share(list(states))
    return looked


def _columns(row: Row, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The columns as they are to be: those that were ever told of anew, the others as they stand."""
    found = {name: row[name] for name in COLUMNS}
    found |= {name: fields[name] or empty for name, empty in PLAIN.items() if name in fields}
    if "allergies" in fields:
        found["allergies"] = list(fields["allergies"] or ())
    ring = crypto.key_ring()
    for name, mark in SEALED.items():
        if name not in fields:
            continue
        text, place, old = str(fields[name] or ""), f"patient.{name}", row[name]
        if (ring.decrypt(old, place) if old else "") != text:
            found[name] = ring.encrypt(text, place) if text else None
        if mark:
            found[mark] = crypto.search_hash(text) if text else None
    return found


async def _died_in_visits(patient_ids: Collection[int]) -> set[int]:
    """Those who have a visit that ended in death (离院方式 5)."""
    rows = await db.fetch(
        "select coalesce(recorded_for, patient_id) as whose from visit where disposition = '5' and state = 'closed'"
        " and (recorded_for = any($1::bigint[]) or (patient_id = any($1::bigint[]) and recorded_for is null))",
        list(patient_ids),
    )
    return {row["whose"] for row in rows}


def _death(row: Row, told: Row, corrected: Row, *, in_visit: bool) -> tuple[bool, str]:
    """Dead or not, and by whose word: staff, a system, a visit that ended so; "" is what was always there."""
    if corrected.get("deceased") is not None:
        return bool(corrected["deceased"]), "staff"
    if told.get("deceased"):
        return True, "feed"
    if in_visit:
        return True, "visit"
    if row["death_told_by"] == deaths.MERGED:  # another record's word; whether it still holds is asked below
        return bool(row["deceased"]), deaths.MERGED
    return bool(row["deceased"] and not row["death_told_by"]), ""


async def _identifiers(wanted: Mapping[int, set[Identifier]]) -> None:
    """The numbers that were ever told, and the ID number as an identifier too."""
    named = {
        (patient_id, one.kind.value, one.domain, crypto.search_hash(one.value.upper())): one.value
        for patient_id, all_of_one in wanted.items()
        for one in sorted(all_of_one, key=lambda one: (one.kind, one.domain, one.value))
    }
    known = await db.fetch(
        "select patient_id, kind, domain, value_hash from patient_identifier where patient_id = any($1::bigint[])",
        list(wanted),
    )
    there = {(row["patient_id"], row["kind"], row["domain"], row["value_hash"]) for row in known}
    seal = crypto.key_ring().encrypt
    fresh = [
        (*name[:3], seal(value, "patient_identifier.value"), name[3])
        for name, value in named.items()
        if name not in there
    ]
    if fresh:
        await db.executemany(
            "insert into patient_identifier (patient_id, kind, domain, value, value_hash)"
            " values ($1, $2, $3, $4, $5) on conflict do nothing",
            fresh,
        )
    if gone := there - set(named):
        await db.executemany(
            "delete from patient_identifier where patient_id = $1 and kind = $2 and domain = $3 and value_hash = $4",
            sorted(gone),
        )


async def _contacts(states: Mapping[int, PatientState]) -> None:
    """The feed's contacts as told last; those that staff added or marked stay."""
    named = {
        (patient_id, one.relation, crypto.search_hash(one.phone)): one
        for patient_id, state in states.items()
        for one in state.contacts
    }
    known = await db.fetch(
        "select id, patient_id, relation, phone_hash, name, source = 'feed' as told, preferred or verified_at is not null"
        " or wrong_at is not null as marked from patient_contact where patient_id = any($1::bigint[])",
        list(states),
    )
    there = {(row["patient_id"], row["relation"], row["phone_hash"]): row for row in known}
    gone = [row["id"] for key, row in there.items() if row["told"] and not row["marked"] and key not in named]
    if gone:
        await db.execute("delete from patient_contact where id = any($1::bigint[])", gone)
    fresh = [
        (*key[:2], one.name, crypto.key_ring().encrypt(one.phone, "patient_contact.phone"), key[2])
        for key, one in named.items()
        if key not in there or (there[key]["told"] and there[key]["name"] != one.name)
    ]
    if fresh:
        await db.executemany(
            "insert into patient_contact (patient_id, source, relation, name, phone, phone_hash)"
            " values ($1, 'feed', $2, $3, $4, $5) on conflict (patient_id, relation, phone_hash) do update"
            " set name = excluded.name where patient_contact.source = 'feed' and patient_contact.name <> excluded.name",
            fresh,
        )
