"""What belongs to a visit and is written with it: the places a patient lay, diagnoses, operations. Announces nothing."""

from collections.abc import Collection, Mapping

from core import db
from patients.folding import VisitState

TABLES = ("visit_transfer", "visit_diagnosis", "visit_surgery")


async def write(states: Mapping[int, VisitState], *, new: Collection[int]) -> None:
    """Write the parts of these visits (by id) as told; of those in `new` there are none to take away."""
    known = [visit_id for visit_id in states if visit_id not in new]
    if known:
        for table in TABLES:
            await db.execute(f"delete from {table} where visit_id = any($1::bigint[])", known)  # noqa: S608
    places = [
        (visit_id, at, place.at, place.unit_id, place.ward_id, place.bed)
        for visit_id, state in states.items()
        if len(state.places) > 1
        for at, place in enumerate(state.places)
    ]
    if places:
        await db.executemany(
            "insert into visit_transfer (visit_id, place, at, unit_id, ward_id, bed) values ($1, $2, $3, $4, $5, $6)",
            places,
        )
    diagnoses = [
        (visit_id, at, one.kind, one.code, one.name, one.version, one.main)
        for visit_id, state in states.items()
        for at, one in enumerate(state.diagnoses)
    ]
    if diagnoses:
        await db.executemany(
            "insert into visit_diagnosis (visit_id, place, kind, code, name, version, main)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            diagnoses,
        )
    surgeries = [
        (visit_id, at, one.code, one.name, one.at, one.surgeon, one.anaesthesia)
        for visit_id, state in states.items()
        for at, one in enumerate(state.surgeries)
    ]
    if surgeries:
        await db.executemany(
            "insert into visit_surgery (visit_id, place, code, name, at, surgeon, anaesthesia)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            surgeries,
        )
