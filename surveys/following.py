"""Asks follow what the hospital's systems tell: nobody asks the dead, or about a visit that never was.

What was stopped runs again when the death or the cancel is taken back. Answers that were given stay.
"""

from core import clock, db
from patients.events import DeathWithdrawn, PatientDied, VisitCancelled, VisitOpened

# All records of a person: the one that stands for them and those merged into it.
_PERSON = (
    "select id from patient where coalesce(merged_into, id) ="
    " (select coalesce(merged_into, id) from patient where id = $1)"
)


async def patient_died(event: PatientDied) -> None:
    """End what still waits for this person."""
    await db.execute(
        "update survey_ask set stopped_because = 'death', open_before = open_until, open_until = $2"  # noqa: S608
        f" where patient_id in ({_PERSON}) and stopped_because = '' and (open_until is null or open_until > $2)",
        event.patient_id,
        clock.now(),
    )


async def death_withdrawn(event: DeathWithdrawn) -> None:
    """Ask again, for as long as it was to be."""
    await db.execute(
        "update survey_ask set stopped_because = '', open_until = open_before, open_before = null"  # noqa: S608
        f" where patient_id in ({_PERSON}) and stopped_because = 'death'",
        event.patient_id,
    )


async def visit_cancelled(event: VisitCancelled) -> None:
    """End what waits for an answer about this visit."""
    await db.execute(
        "update survey_ask set stopped_because = 'visit', open_before = open_until, open_until = $2"
        " where visit_id = $1 and stopped_because = '' and (open_until is null or open_until > $2)",
        event.visit_id,
        clock.now(),
    )


async def visit_opened(event: VisitOpened) -> None:
    """A cancel was taken back: ask again."""
    await db.execute(
        "update survey_ask set stopped_because = '', open_until = open_before, open_before = null"
        " where visit_id = $1 and stopped_because = 'visit'",
        event.visit_id,
    )
