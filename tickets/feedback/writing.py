"""Rows of feedback that more than one verb writes; inside the caller's transaction, asks nobody's permission."""

from collections.abc import Mapping, Sequence

from core import db
from core.actor import Actor
from core.events import announce
from tickets import history
from tickets.feedback.events import RiskFlagged
from tickets.feedback.words import Hcat, Risk
from tickets.models import Case
from tickets.states import CaseVerb


async def categorise(case_id: int, ids: Sequence[int]) -> None:
    """Set the categories; the first is the main one."""
    await db.execute("delete from case_category where case_id = $1", case_id)
    await db.execute(
        "insert into case_category (case_id, category_id, main)"
        " select $1, id, place = 1 from unnest($2::bigint[]) with ordinality as t(id, place)",
        case_id,
        list(ids),
    )


async def grade(case_id: int, marks: Mapping[Hcat, int]) -> None:
    """Set the HCAT severities; a category with 0 does not apply."""
    given = {category: severity for category, severity in marks.items() if severity}
    await db.execute("delete from case_hcat where case_id = $1", case_id)
    await db.execute(
        "insert into case_hcat (case_id, category, severity) select $1, c, s"
        " from unnest($2::text[], $3::int[]) as t(c, s)",
        case_id,
        [str(category) for category in given],
        list(given.values()),
    )


async def flag(case: Case, risks: Sequence[Risk], note: str, by: Actor) -> None:
    """Set the risk flags; those that are new alert at once."""
    new = [risk for risk in risks if risk not in case.risks]
    before = str(case.state)
    case.risks = [str(risk) for risk in risks]
    said = "、".join(case.risks) or "已解除"
    text = f"{said}（{note}）" if note else said
    number = await history.case_moved(case, CaseVerb.FLAG_RISK, by, before, text=text, new=new)
    if new:
        await announce(RiskFlagged(case_id=case.id, history_id=number))
