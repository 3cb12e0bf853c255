"""What is known of a visit and its patient when a questionnaire is shown or judged: the facts that conditions name."""

from collections.abc import Iterable, Mapping

from core import clock, db
from staff import queries as staff
from surveys.dynamic.queries import unit_facts
from surveys.logic import SCALE, Value

_FACTS = """
select v.id, v.kind, v.start_on, v.end_on, v.unit_id, v.ward_id, v.doctor, p.gender, p.born_on
from visit v join patient p on p.id = v.patient_id where v.id = any($1::bigint[])
"""


def nothing() -> dict[str, Value]:
    """What is known without a visit: the present day."""
    return {"f:today": clock.today().toordinal()}


async def of_visits(visit_ids: Iterable[int]) -> Mapping[int, dict[str, Value]]:
    """The facts of these visits, under the names of `surveys.facts`; what is not known is left out."""
    wanted = list(visit_ids)
    if not wanted:
        return {}
    today, tree = clock.today(), await staff.tree()
    found: dict[int, dict[str, Value]] = {}
    for row in await db.fetch(_FACTS, wanted):
        facts: dict[str, Value] = {
            **nothing(),
            "f:visit.kind": row["kind"],
            "f:visit.unit": tree.unit(row["unit_id"]).name,
        }
        if row["ward_id"]:
            facts["f:visit.ward"] = tree.unit(row["ward_id"]).name
        if row["doctor"]:
            facts["f:visit.doctor"] = row["doctor"]
        if row["start_on"]:
            facts["f:visit.start_on"] = row["start_on"].toordinal()
        if row["end_on"]:
            facts["f:visit.end_on"] = row["end_on"].toordinal()
        if row["gender"] in ("男", "女"):
            facts["f:patient.gender"] = row["gender"]
        if born := row["born_on"]:
            had = (today.month, today.day) >= (born.month, born.day)
            facts["f:patient.age"] = (today.year - born.year - (not had)) * SCALE
        found[row["id"]] = facts
    return found


async def of_visit(visit_id: int | None, questionnaire_id: int | None = None) -> dict[str, Value]:
    """The facts of one visit, or those known without; for a questionnaire also who served in its steps."""
    if visit_id is None:
        return nothing()
    found = (await of_visits([visit_id])).get(visit_id, nothing())
    return found | (await unit_facts(visit_id, questionnaire_id) if questionnaire_id is not None else {})
