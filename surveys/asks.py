"""Who is asked: one row per questionnaire, plan and visit, so that there is one answer; and what still waits for whom.

Sends nothing: outreach does, or a person hands over the link.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from core import audit, clock, db, links, parameters
from core.actor import Actor
from core.db import transaction
from core.errors import NotFound, Refused
from core.parameters import Parameter
from surveys.questionnaires import queries as questionnaires

LINK = "ask"  # the kind of links to an ask (core/links.py)
DAYS = parameters.declare(
    Parameter(
        "survey.link_days",
        "问卷链接有效期",
        int,
        49,
        1,
        365,
        "天",
        source="HCAHPS 2025 收集期 49 天，供参考",
        what="发给个人的问卷链接在这些天之后不能再填写",
    )
)
_ASK = "a.id, a.questionnaire_id, a.plan, a.patient_id, a.visit_id, a.open_until"


@dataclass(frozen=True, slots=True)
class Ask:
    """Somebody is asked, perhaps about a visit."""

    id: int
    questionnaire_id: int
    plan: str
    patient_id: int | None
    visit_id: int | None
    open_until: datetime | None

    @property
    def over(self) -> bool:
        """Whether its time has passed."""
        return self.open_until is not None and self.open_until <= clock.now()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An ask that was not answered yet, for the home page of a patient; `begun` when there is a draft."""

    ask_id: int
    title: str
    until: datetime | None
    begun: bool
    visit_id: int | None


def _ask(row: "asyncpg.Record") -> Ask:
    return Ask(**dict(row))


async def get(ask_id: int) -> Ask:
    """One ask.

    Raises:
        NotFound: no such ask.
    """
    row = await db.fetchrow(f"select {_ASK} from survey_ask a where a.id = $1", ask_id)  # noqa: S608 - our columns
    if row is None:
        raise NotFound(links.GONE)
    return _ask(row)


async def create(
    questionnaire_id: int,
    *,
    by: Actor,
    patient_id: int | None = None,
    visit_id: int | None = None,
    plan: str = "",
    open_until: datetime | None = None,
) -> Ask:
    """Ask somebody; the same questionnaire, plan and visit again is the same ask.

    Raises:
        NotFound: no such questionnaire.
        Refused: nobody may answer it now, or it is anonymous: of such nobody is asked by name.
    """
    version = await questionnaires.open_version(questionnaire_id)
    if version.kind.anonymous:
        raise Refused("匿名问卷不能按人发放")
    return await write(
        questionnaire_id, by=by, patient_id=patient_id, visit_id=visit_id, plan=plan, open_until=open_until
    )


async def write(
    questionnaire_id: int,
    *,
    by: Actor,
    patient_id: int | None = None,
    visit_id: int | None = None,
    plan: str = "",
    open_until: datetime | None = None,
) -> Ask:
    """`create` of a questionnaire known to be open.

    Raises:
        Refused: somebody is asking about this visit at this moment.
    """
    async with transaction():
        row = await db.fetchrow(
            "insert into survey_ask as a (questionnaire_id, plan, patient_id, visit_id, open_until, created_by, created_at,"  # noqa: S608
            " after_end)"
            " values ($1, $2, $3, $4, $5, $6, $7, exists (select 1 from visit where id = $4 and kind = 'inpatient'"
            " and state = 'closed')) on conflict (questionnaire_id, plan, visit_id)"
            f" where visit_id is not null do nothing returning {_ASK}",
            questionnaire_id,
            plan,
            patient_id,
            visit_id,
            open_until,
            by.name,
            clock.now(),
        )
        if row is None:
            row = await db.fetchrow(
                f"select {_ASK} from survey_ask a where questionnaire_id = $1 and plan = $2 and visit_id = $3",  # noqa: S608
                questionnaire_id,
                plan,
                visit_id,
            )
            if row is None:
                raise Refused("这次就诊刚刚有人在发放问卷，请稍后再试")
            return _ask(row)
        await audit.record(
            by, "survey.ask", "survey_ask", row["id"], questionnaire=questionnaire_id, plan=plan
        )
    return _ask(row)


async def link(ask: Ask, *, by: Actor) -> str:
    """A new link to an ask: the token of /p/q/{token}. It lives as long as the ask, or as the parameter says."""
    until = ask.open_until or clock.now() + timedelta(days=await parameters.number(DAYS))
    return await links.open_link(LINK, ask.id, until, by=by.name)


async def is_of(ask: Ask, patient_id: int) -> bool:
    """Whether the ask is to this person; records that were merged are one person."""
    same: bool = await db.fetchval(
        "select coalesce((select coalesce(merged_into, id) from patient where id = $1)"
        " = (select coalesce(merged_into, id) from patient where id = $2), false)",
        ask.patient_id,
        patient_id,
    )
    return same


async def of_link(token: str) -> Ask:
    """What a link asks.

    Raises:
        NotFound: unknown, over or revoked.
    """
    found = await links.resolve(LINK, token)
    return await get(int(found.ref))


_WAITING = """
select a.id as ask_id, q.title, a.open_until as until, a.visit_id,
    exists (select 1 from response r where r.ask_id = a.id and r.state = 'draft') as begun
from survey_ask a join questionnaire q on q.id = a.questionnaire_id and q.active
where a.patient_id = any($1::bigint[]) and (a.open_until is null or a.open_until > $2)
    and not exists (select 1 from response r where r.ask_id = a.id and r.state = 'completed')
order by a.open_until nulls last, a.id desc limit 50
"""


async def waiting(*patient_ids: int) -> list[Waiting]:
    """What waits for these patients (all records of one person), what ends first in front; whose it is asks the caller."""
    rows = await db.fetch(_WAITING, list(patient_ids), clock.now())
    return [Waiting(**dict(row)) for row in rows]
