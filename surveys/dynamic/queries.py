"""Which department served a visit in each step, as it was when its questionnaire was put together; writes nothing."""

from collections.abc import Mapping

from core import db
from staff import queries as staff
from surveys.logic import Value
from surveys.questionnaires.queries import Version


async def serving(visit_id: int, questionnaire_id: int) -> Mapping[str, int]:
    """Step, as questions have it ("lab", "lab.2") → the department that served; empty for what is not dynamic."""
    rows = await db.fetch(
        "select step, unit_id from visit_serving where visit_id = $1 and questionnaire_id = $2",
        visit_id,
        questionnaire_id,
    )
    return {row["step"]: row["unit_id"] for row in rows}


async def units_of(visit_id: int, version: Version) -> Mapping[str, int]:
    """Question code → the department that its answer is about; questions of no step are not named."""
    served = await serving(visit_id, version.questionnaire_id)
    return {item.code: served[item.step] for item in version.definition.questions if item.step in served}


async def unit_facts(visit_id: int, questionnaire_id: int) -> dict[str, Value]:
    """The names of those departments, for titles that say "{f:unit.lab}"."""
    tree = await staff.tree()
    return {
        f"f:unit.{step}": tree.unit(unit_id).name
        for step, unit_id in (await serving(visit_id, questionnaire_id)).items()
    }
