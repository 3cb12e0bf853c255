"""Patients whom messages name by an identifier of theirs (FHIR logical references): found when the message is worked on.

A message whose patient nobody has told us of yet is parked, and taken again by itself once somebody has that identifier.
"""

from collections.abc import Mapping, Sequence

from core import bell, clock, crypto, db
from patients.feeds.faults import ReadFault
from patients.feeds.hl7.reading import Reading
from patients.feeds.store import TABLE
from patients.feeds.wanted import Wanted
from patients.said import Heard, PatientSaid

Key = tuple[str, bytes]


def _key(one: Wanted) -> Key:
    return (one.kind.value if one.kind else "", crypto.search_hash(one.value.upper()))


async def found(readings: Mapping[int, Reading]) -> dict[int, Heard | ReadFault]:
    """What messages (by id) say with the patients they mean, or why one of them cannot be told."""
    wanted = {_key(one) for reading in readings.values() for one in reading.wanted.values()}
    numbers = await _numbers([mark for _, mark in wanted]) if wanted else {}
    return {message_id: _told(reading, numbers) for message_id, reading in readings.items()}


async def _numbers(marks: Sequence[bytes]) -> dict[Key, set[str]]:
    """The patients who have these identifiers, those that are one person as one; with and without the kind."""
    rows = await db.fetch(
        "select i.kind, i.value_hash, coalesce(h.number, p.number) as number from patient_identifier i"
        " join patient p on p.id = i.patient_id left join patient h on h.id = p.merged_into"
        " where i.value_hash = any($1::bytea[])",
        list(marks),
    )
    numbers: dict[Key, set[str]] = {}
    for row in rows:
        for kind in (row["kind"], ""):
            numbers.setdefault((kind, row["value_hash"]), set()).add(row["number"])
    return numbers


def _told(reading: Reading, numbers: Mapping[Key, set[str]]) -> Heard | ReadFault:
    meant: dict[str, str] = {}
    for token, one in reading.wanted.items():
        known = numbers.get(_key(one), set())
        if not known:
            return ReadFault(
                one.at, "没有登记过这个号码的患者，患者信息到达后自动重放", one.value, wanted=one
            )
        if len(known) > 1:
            return ReadFault(one.at, f"这个号码属于 {len(known)} 位患者，无法确定是谁", one.value)
        meant[token] = next(iter(known))
    heard = reading.heard
    if not meant:
        return heard
    said = [
        one.model_copy(update={"number": meant.get(one.number, one.number)})
        if isinstance(one, PatientSaid)
        else one.model_copy(update={"patient": meant.get(one.patient, one.patient)})
        for one in heard.said
    ]
    merges = [
        one.model_copy(
            update={
                "prior": meant.get(one.prior, one.prior),
                "survivor": meant.get(one.survivor, one.survivor),
            }
        )
        for one in heard.merges
    ]
    return heard.model_copy(update={"said": tuple(said), "merges": tuple(merges)})


async def note(parked: Sequence[tuple[int, Wanted | None]]) -> None:
    """Keep for whom messages are parked: (message, the identifier nobody has; None when something else is wrong)."""
    await db.execute(
        "delete from feed_lost_patient where message_id = any($1::bigint[])", [number for number, _ in parked]
    )
    lost = [(number, *_key(one)) for number, one in parked if one is not None]
    if lost:
        await db.executemany(
            "insert into feed_lost_patient (message_id, kind, value_hash) values ($1, $2, $3)", lost
        )


async def go_on() -> None:
    """Take again what was parked for somebody who has come; after patients were told of, in the same transaction."""
    taken = await db.fetch(
        "with known as (delete from feed_lost_patient l where exists (select 1 from patient_identifier i"
        " where i.value_hash = l.value_hash and (l.kind = '' or i.kind = l.kind)) returning message_id)"
        " update feed_message m set state = 'due', attempts = 0, due_at = $1, fault_at = '' from known"
        " where m.id = known.message_id and m.state = 'parked' returning m.id",
        clock.now(),
    )
    if taken:
        await db.after_commit(lambda: bell.ring(TABLE))
