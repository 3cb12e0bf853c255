"""What people wrote, as statistics find it: searched, narrowed, within one's reach; personal answers are never there."""

from dataclasses import dataclass
from datetime import date

from core import db
from core.actor import Actor
from surveys.statistics.asking import Asked
from surveys.statistics.scoping import VISIT, of_either, places
from surveys.statistics.variables import Known


@dataclass(frozen=True, slots=True)
class Text:
    """Something that was written. `open`: whether this person may open the whole response."""

    response: str
    question: str
    body: str
    day: date
    open: bool


async def texts(asked: Asked, known: Known, *, by: Actor, most: int) -> list[Text]:
    """Texts that hold the words asked for, the newest first; of a question about a department that one's."""
    narrow = await of_either(asked, known, by)
    within = await places(asked, by)
    narrow.parts += within.conditions(narrow, VISIT.format(a="t"))
    whose = (
        VISIT.format(a="r").format(u=narrow.arg(list(within.reach), "bigint[]"))
        if within.reach is not None
        else "true"
    )
    if words := asked.words.strip():
        place = narrow.arg(words.lower())
        if len(words) > 1:
            narrow.parts.append(f"grams(left(t.body, 1000)) @> grams({place})")
        narrow.parts.append(f"position({place} in lower(t.body)) > 0")
    rows = await db.fetch(
        f"select t.response_id::text as id, t.question, t.body, t.day, {whose} as open from survey_text t"  # noqa: S608
        f" join survey_row r on r.response_id = t.response_id where {narrow.sql}"
        f" order by t.day desc, t.response_id limit {most}",
        *narrow.values,
    )
    return [Text(row["id"], row["question"], row["body"], row["day"], bool(row["open"])) for row in rows]
