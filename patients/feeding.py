"""The one way in which other systems change patients and visits: what a message says is kept, and rows follow.

Each subject a message speaks of is folded anew from everything ever said of it, so arrival in any order, twice, or
after a repair ends in the same rows. Reads no message and knows no protocol; what staff corrected stands above it.
"""

from patients import facts, locks, merging
from patients.said import SUBJECTS as SUBJECT_OF
from patients.said import Heard, PatientSaid, VisitSaid
from patients.settling import records
from patients.settling.patient import settle_patient
from patients.settling.visit import settle_visit


async def take(message_id: int, heard: Heard) -> None:
    """Take what a message says; in the caller's transaction, as often as it is called.

    Raises:
        asyncpg errors only; what is said has been checked by whoever read it.
    """
    mentioned = set(heard.patients())
    said_visits = {one.number for one in heard.said if isinstance(one, VisitSaid)}
    names = [f"patient {number}" for number in mentioned]
    names += [f"{SUBJECT_OF[type(one)]} {one.number}" for one in heard.said]
    names += [f"visit {number}" for number in _visits(heard)]
    await locks.hold(names)
    before = set(await facts.forget(message_id))
    torn = await merging.forget(message_id)
    await facts.keep(message_id, heard)
    await merging.keep(message_id, heard)
    subjects = before | {(SUBJECT_OF[type(one)], one.number) for one in heard.said}
    patients = {key for subject, key in subjects if subject == "patient"} | mentioned
    for number in sorted(patients & await facts.known("patient", patients)):
        await settle_patient(number)
    if heard.merges or torn:
        await merging.regroup([*mentioned, *torn])
    for number in sorted({key for subject, key in subjects if subject == "visit"} | said_visits):
        await settle_visit(number)
    for subject, key in sorted(subjects):
        if subject not in ("patient", "visit"):
            await records.settle(subject, key)


def _visits(heard: Heard) -> set[str]:
    """The visits it points at without telling of them."""
    found = set()
    for one in heard.said:
        if not isinstance(one, (PatientSaid, VisitSaid)):
            visit = getattr(one, "visit", "")
            if visit:
                found.add(visit)
    return found
