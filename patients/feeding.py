"""The one way in which other systems change patients and visits: what messages say is kept, and rows follow.

Each subject a message speaks of is folded anew from everything ever said of it, so arrival in any order, twice, or
after a repair ends in the same rows; of a thing that is told whole by versions the newest counts (`patients.versions`). A batch of messages is taken as one: each statement serves all of them, and a
subject that several speak of is written once. Reads no message and knows no protocol; what staff corrected stands above
it.
"""

from collections.abc import Sequence

from patients import facts, locks, merging, versions
from patients.facts import Subject
from patients.said import SUBJECTS as SUBJECT_OF
from patients.said import Heard, PatientSaid, ReportSaid, VisitSaid
from patients.settling.patient import settle_patients
from patients.settling.records import settle_records
from patients.settling.visit import settle_visits


async def take(message_id: int, heard: Heard) -> None:
    """`take_all` of one message."""
    await take_all([(message_id, heard)])


async def take_all(told: Sequence[tuple[int, Heard]]) -> None:
    """Take what these messages (by their ids) say; in the caller's transaction, as often as it is called.

    Raises:
        asyncpg errors only; what is said has been checked by whoever read it.
    """
    mentioned = {number for _, heard in told for number in heard.patients()}
    subjects: set[Subject] = {(SUBJECT_OF[type(one)], one.number) for _, heard in told for one in heard.said}
    names = [f"patient {number}" for number in mentioned]
    names += [f"{subject} {key}" for subject, key in subjects]
    names += [f"visit {number}" for _, heard in told for number in _visits(heard)]
    names += [f"report {part}" for _, heard in told for part in _pieces(heard)]
    names += [f"resource {name}" for name in versions.names(told)]
    await locks.hold(names)
    ids = [message_id for message_id, _ in told]
    subjects |= await facts.forget(ids)
    stood = await versions.standing(told)
    torn = await merging.forget([*ids, *stood.superseded])
    taken = await facts.take_back(stood.superseded)
    kept = [*stood.told, *versions.said_again(list(taken.heard.items()), stood.ended)]
    subjects |= set(taken.subjects)
    mentioned |= {number for heard in taken.heard.values() for number in heard.patients()}
    await facts.keep(kept)
    await merging.keep(kept)
    known = await facts.of(subjects | {("patient", number) for number in mentioned})
    known = known.without(taken.subjects)
    await settle_patients(known.keys("patient"), known)
    if torn or any(heard.merges for _, heard in told):
        await merging.regroup([*mentioned, *torn])
    await settle_visits(sorted(key for subject, key in subjects if subject == "visit"), known)
    await settle_records({one for one in subjects if one[0] not in ("patient", "visit")}, known)


def _visits(heard: Heard) -> set[str]:
    """The visits it points at without telling of them."""
    found = set()
    for one in heard.said:
        if not isinstance(one, (PatientSaid, VisitSaid)):
            visit = getattr(one, "visit", "")
            if visit:
                found.add(visit)
    return found


def _pieces(heard: Heard) -> set[str]:
    """The results told by themselves that it says belong to a report."""
    return {part for one in heard.said if isinstance(one, ReportSaid) for part in one.parts}
