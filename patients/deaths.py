"""A person is dead when one of their records is: the record that stands for them says so for as long as it does.

Whatever asks for the dead (lists, sending, asks) reads that one record, and need not know of merges.
"""

from collections.abc import Collection

from core import clock, db
from core.events import announce
from patients.events import DeathWithdrawn, PatientDied

MERGED = "merged"  # patient.death_told_by: a record of the same person says so

_DEAD_RECORD = (
    "exists (select 1 from patient m where m.merged_into = h.id and m.deceased and m.death_told_by <> $2)"
)


async def share(patient_ids: Collection[int]) -> None:
    """Let the records that stand for the persons of these records say whether the person is dead; announce what changed.

    What staff said of the record that stands for the person holds.
    """
    if not patient_ids:
        return
    heads = (
        "h.id in (select id from patient where id = any($1::bigint[])"
        " union select merged_into from patient where id = any($1::bigint[]))"
    )
    gone = await db.fetch(
        f"update patient h set deceased = false, death_told_by = '', changed_at = $3 where {heads}"  # noqa: S608
        f" and h.death_told_by = $2 and (h.merged_into is not null or not {_DEAD_RECORD}) returning h.id",
        list(patient_ids),
        MERGED,
        clock.now(),
    )
    dead = await db.fetch(
        f"update patient h set deceased = true, death_told_by = $2, changed_at = $3 where {heads}"  # noqa: S608
        f" and h.merged_into is null and not h.deceased and h.death_told_by = '' and {_DEAD_RECORD} returning h.id",
        list(patient_ids),
        MERGED,
        clock.now(),
    )
    await announce(
        *(DeathWithdrawn(patient_id=row["id"]) for row in gone),
        *(PatientDied(patient_id=row["id"]) for row in dead),
    )
