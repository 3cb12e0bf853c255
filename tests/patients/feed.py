"""A link of the tests, messages put on it, and everything that came of them as one value, told by numbers and not ids."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from core import crypto, db
from core.actor import system
from core.pump import drain
from patients.feeds import links, store
from patients.feeds.links import Link, LinkForm
from patients.feeds.processing import FEED

ENGINEER = system("测试信息科")
SEALED = {"phone": "patient.phone", "id_number": "patient.id_number", "address": "patient.address"}
LEFT_OUT = {"id", "created_at", "changed_at", "phone_hash", "id_hash", "visit_id", "patient_id", "report_id"}
# What holds rows of patients, each to be empty before another order of arrival is tried.
TABLES = (
    "record_fact, told_resource, feed_message, report_item, report, medical_order, record_document, appointment, visit_transfer,"
    " visit_diagnosis, visit_surgery, patient_pair, patient_merge, patient_correction, patient_contact, patient_flag,"
    " patient_identifier, visit, patient, outbox"
)


async def open_link(**more: Any) -> Link:
    """A link of the sender HIS of HOSP, unless said otherwise."""
    given = {"name": "测试 HIS", "application": "HIS", "facility": "HOSP", "mapping": "hl7", **more}
    number = await links.save(None, LinkForm(**given), by=ENGINEER)
    return await links.link(number)


async def put(link: Link, text: str, kind: str = "") -> int | None:
    """Keep a message, named by its MSH-10."""
    control = text.split("|")[9]
    return await store.keep(link, control, kind, text.encode(link.charset))


async def take(link: Link, messages: Iterable[str]) -> None:
    """Keep the messages and work on them, one after the other as they come."""
    for text in messages:
        await put(link, text)
        while await drain(FEED):
            pass


async def parked() -> list[tuple[str, str]]:
    """What was parked: the place of the fault and the sentence."""
    rows = await db.fetch("select fault_at, error from feed_message where state <> 'done' order by id")
    return [(row["fault_at"], row["error"]) for row in rows]


async def empty() -> None:
    """No patient, no visit, no message."""
    await db.execute(f"truncate {TABLES} restart identity cascade")


def _plain(row: Any) -> dict[str, Any]:
    found = {}
    for name, value in row.items():
        if name in LEFT_OUT:
            continue
        found[name] = value.isoformat() if isinstance(value, datetime) else value
    return found


async def everything() -> dict[str, list[dict[str, Any]]]:
    """All rows about patients, in an order of their own, sealed values opened."""
    ring = crypto.key_ring()
    found: dict[str, list[dict[str, Any]]] = {}
    rows = await db.fetch(
        "select p.*, h.number as head from patient p left join patient h on h.id = p.merged_into order by p.number"
    )
    found["patient"] = []
    for row in rows:
        plain = _plain(row)
        plain.pop("merged_into")
        plain |= {name: ring.decrypt(row[name], place) if row[name] else "" for name, place in SEALED.items()}
        found["patient"].append(plain)
    rows = await db.fetch(
        "select v.*, p.number as whose, r.number as recorded from visit v join patient p on p.id = v.patient_id"
        " left join patient r on r.id = v.recorded_for order by v.number"
    )
    found["visit"] = [_plain({k: v for k, v in row.items() if k != "recorded_for"}) for row in rows]
    for name, owner, sql in (
        ("visit_transfer", "visit", "place"),
        ("visit_diagnosis", "visit", "place"),
        ("visit_surgery", "visit", "place"),
        ("report_item", "report", "place"),
    ):
        rows = await db.fetch(
            f"select t.*, o.number as of from {name} t join {owner} o on o.id = t.{owner}_id order by o.number, {sql}"  # noqa: S608
        )
        found[name] = [_plain(row) for row in rows]
    for name in ("report", "medical_order", "appointment"):
        visit = "" if name == "appointment" else ", v.number as visit"
        join = "" if name == "appointment" else " left join visit v on v.id = t.visit_id"
        rows = await db.fetch(
            f"select t.*, p.number as whose{visit} from {name} t join patient p on p.id = t.patient_id{join}"  # noqa: S608
            " order by t.number"
        )
        found[name] = [_plain(row) for row in rows]
    rows = await db.fetch(
        "select p.number as whose, kind, domain, value from patient_identifier i join patient p on p.id = i.patient_id"
    )
    values = [
        {**_plain(row), "value": ring.decrypt(row["value"], "patient_identifier.value")} for row in rows
    ]
    found["identifier"] = sorted(values, key=lambda one: tuple(one.values()))
    rows = await db.fetch(
        "select p.number as whose, source, relation, c.name, c.phone from patient_contact c"
        " join patient p on p.id = c.patient_id"
    )
    values = [{**_plain(row), "phone": ring.decrypt(row["phone"], "patient_contact.phone")} for row in rows]
    found["contact"] = sorted(values, key=lambda one: tuple(one.values()))
    rows = await db.fetch("select prior, survivor, ground from patient_merge where undone_at is null")
    found["merge"] = sorted((_plain(row) for row in rows), key=lambda one: tuple(one.values()))
    rows = await db.fetch(
        "select least(a.number, b.number) as one, greatest(a.number, b.number) as other, points, reasons, state"
        " from patient_pair t join patient a on a.id = t.a_id join patient b on b.id = t.b_id"
    )
    found["pair"] = sorted((_plain(row) for row in rows), key=lambda one: (one["one"], one["other"]))
    return found
