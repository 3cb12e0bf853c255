"""Which questionnaires there are statistics of, and how many people were asked by name. Reads no answers."""

from core import db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from surveys.statistics.asking import Asked
from surveys.statistics.scoping import VISIT, Where, places
from surveys.statistics.variables import Known


async def choices(by: Actor) -> list[tuple[int, str]]:
    """Questionnaires with responses, those answered now in front; anonymous ones have rounds instead."""
    if not by.scope(Permission.SURVEY_READ):
        raise Forbidden
    rows = await db.fetch(
        "select q.id, q.title from questionnaire q where q.version_id is not null"
        " and q.kind not in ('staff', 'mutual') order by"
        " exists (select 1 from survey_row r where r.questionnaire_id = q.id) desc, q.active desc, q.title, q.id limit 300"
    )
    return [(row["id"], row["title"]) for row in rows]


async def permitted(questionnaire_id: int, by: Actor) -> int:
    """The same id, if there are statistics of it.

    Raises:
        NotFound: no such questionnaire, or an anonymous one.
    """
    if questionnaire_id not in {one for one, _ in await choices(by)}:
        raise NotFound("没有这份问卷，或它是匿名问卷")
    return questionnaire_id


async def asks(asked: Asked, known: Known, *, by: Actor) -> tuple[int, int]:
    """How many were asked by name in these days, and how many of them answered (whenever)."""
    found = Where()
    found.parts.append(f"a.questionnaire_id = {found.arg(known.id)}")
    found.parts.append(
        f"a.created_at >= ({found.arg(asked.since)}::date)::timestamp at time zone 'Asia/Shanghai'"
        f" and a.created_at < ({found.arg(asked.until)}::date + 1)::timestamp at time zone 'Asia/Shanghai'"
    )
    found.parts += (await places(asked, by)).conditions(found, VISIT.format(a="v"))
    if asked.kind:
        found.parts.append(f"v.kind = {found.arg(asked.kind)}")
    row = await db.fetchrow(
        "select count(*) as asked, count(*) filter (where exists (select 1 from response c where c.ask_id = a.id"  # noqa: S608
        f" and c.state = 'completed')) as answered from survey_ask a left join visit v on v.id = a.visit_id where {found.sql}",
        *found.values,
    )
    return (row["asked"], row["answered"]) if row else (0, 0)
