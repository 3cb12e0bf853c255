"""The part of an analysis of patients that questionnaires and calls make up: conditions and figures as pieces of SQL.

Answers and calls count within the units in which the viewer may read answers; without that permission they are neither
asked for nor counted. Anonymous rounds are not here: they are of nobody.
"""

from core.actor import Actor, Permission
from reports.patients_analysis_asked import OF_SURVEYS, Wanted
from staff import queries as staff
from tickets.queries.values import Values

_BANDS = {"promoter": "c.num >= 9", "passive": "c.num >= 7 and c.num < 9", "detractor": "c.num < 7"}
# The answers to questions of recommendation of any version ever published, as numbers `c.num` (migration 0041).
_RECOMMENDED = (
    " join survey_row w on w.response_id = r.id join survey_slot t on t.questionnaire_id = w.questionnaire_id"
    " and t.part = '' and t.option = '' and (t.questionnaire_id, t.question) in (select v.questionnaire_id,"
    " jsonb_path_query(v.body, '$.pages[*].items[*] ? (@.kind == \"nps\").code') #>> '{}' from questionnaire_version v)"
    " join survey_code c on c.questionnaire_id = t.questionnaire_id and c.slot = t.slot and c.code = w.codes[t.slot]"
    " and c.num is not null"
)


async def reach(by: Actor) -> list[int] | None:
    """The units whose answers this person may read; None for all, none without the permission."""
    scopes = by.scope(Permission.SURVEY_READ)
    if not scopes:
        return []
    return None if "/" in scopes else list((await staff.tree()).within(scopes))


def asked(wanted: Wanted) -> bool:
    """Whether questionnaires or calls are among the conditions."""
    return any(getattr(wanted, name) for name in OF_SURVEYS)


def conditions(wanted: Wanted, units: list[int] | None, values: Values) -> list[str]:
    """The conditions on the patient `p`."""
    of = _answers(units, values) if (wanted.answered or wanted.score or wanted.nps) else ""
    who = f"select coalesce(o.merged_into, o.id) from {of} join patient o on o.id = r.patient_id"  # noqa: S608 - our own
    parts = []
    if wanted.answered:
        parts.append(f"p.id {'in' if wanted.answered == 'yes' else 'not in'} ({who})")
    if wanted.score:
        own = [_of_score(wanted, values)]
        if wanted.low is not None:
            own.append(f"s.value >= {values.arg(wanted.low)}")
        if wanted.high is not None:
            own.append(f"s.value <= {values.arg(wanted.high)}")
        parts.append(
            f"p.id in ({who} join response_score s on s.response_id = r.id where {' and '.join(own)})"
        )
    if wanted.nps:
        bands = " or ".join(_BANDS[one] for one in wanted.nps)
        parts.append(f"p.id in ({who}{_RECOMMENDED} where {bands})")
    if wanted.call:
        outcomes = values.arg([outcome.value for outcome in wanted.call])
        parts.append(
            f"p.id in (select coalesce(o.merged_into, o.id) from {_calls(units, values)} join patient o"  # noqa: S608
            f" on o.id = k.patient_id where k.outcome = any({outcomes}::text[]))"
        )
    return parts


def _of_score(wanted: Wanted, values: Values) -> str:
    questionnaire, _, key = wanted.score.partition(":")
    return f"r.questionnaire_id = {values.arg(int(questionnaire))} and s.key = {values.arg(key)} and s.unit_id is null"


def _answers(units: list[int] | None, values: Values) -> str:
    mark = values.arg(units)
    return (
        "(select r.id, r.patient_id, r.questionnaire_id from response r where r.patient_id is not null"  # noqa: S608
        f" and r.state = 'completed' and ({mark}::bigint[] is null or r.unit_id = any({mark}) or r.ward_id = any({mark}))) r"
    )


def _calls(units: list[int] | None, values: Values) -> str:
    mark = values.arg(units)
    return (
        "(select k.patient_id, k.outcome from survey_call k left join visit w on w.id = k.visit_id"  # noqa: S608
        f" where {mark}::bigint[] is null or w.unit_id = any({mark}) or w.ward_id = any({mark})) k"
    )


def figures(wanted: Wanted, units: list[int] | None, values: Values) -> str:
    """Figures of those chosen, for `json_build_object`: answered, calls, recommendation, the score that was asked for.

    `records` names all records of those chosen: (root, id).
    """
    answers = f"records join {_answers(units, values)} on r.patient_id = records.id"
    score = "null"
    if wanted.score:
        score = (
            f"(select json_build_object('mean', round(avg(s.value), 2), 'answers', count(*)) from {answers}"  # noqa: S608
            f" join response_score s on s.response_id = r.id where {_of_score(wanted, values)})"
        )
    return (
        f"'answered', (select count(distinct records.root) from {answers}),"  # noqa: S608
        " 'calls', (select json_object_agg(outcome, n) from (select k.outcome, count(*) as n from records"
        f" join {_calls(units, values)} on k.patient_id = records.id group by 1) o),"
        " 'nps', (select json_object_agg(band, n) from (select case when c.num >= 9 then 'promoter' when c.num >= 7"
        f" then 'passive' else 'detractor' end as band, count(*) as n from {answers}"
        f"{_RECOMMENDED} group by 1) b),"
        f" 'score', {score}"
    )
