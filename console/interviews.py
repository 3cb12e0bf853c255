"""Telephone interviews: find the visit, choose the questionnaire, ask and write down answer by answer, say what came of it.

Works without scripts (one form); with them static/js/interview.js saves each answer and moves on by keys.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from aiohttp import web

from console.page import go, number, permit, show
from core import clock
from core.actor import Actor, Permission
from core.errors import Fault, HuiyinError, Invalid, NotFound, Refused
from core.web import json_answer
from patients import guarding
from patients import queries as patients
from patients.queries import Search, VisitRow
from surveys.questionnaires import queries as questionnaires
from surveys.questions.base import Posted
from surveys.responses import calling, drafting, knowing, queries
from surveys.responses.calling import OUTCOME_LABELS
from surveys.responses.drafting import Save
from surveys.responses.rows import Response, State
from surveys.responses.submitting import AlreadyAnswered, Submission, submit
from surveys.sheet import sheet

routes = web.RouteTableDef()
PAGE = "/surveys/interviews"


@routes.get(PAGE)
async def start(request: web.Request) -> web.Response:
    """Find a visit; below it, one's latest calls."""
    actor = permit(request, Permission.SURVEY_INTERVIEW)
    words = request.query.get("q", "").strip()[:60]
    visits: Sequence[VisitRow] = ()
    if words:
        visits = (await patients.search(Search(text=words), actor, limit=20)).rows
    elif (patient := number(request.query.get("patient", ""))) is not None:  # from a patient's file
        await guarding.check(patient, actor)
        visits = await patients.visits(patient, actor, limit=20)
    return await show(
        request,
        "console/interviews/start.html",
        words=words,
        visits=visits,
        questionnaires=await queries.open_ones(),
        chosen=request.query.get("questionnaire", ""),
        calls=await calling.of_staff(by=actor),
        outcomes=[(key.value, label) for key, label in OUTCOME_LABELS.items() if key != "reached"],
    )


def _ids(data: Mapping[str, Any]) -> tuple[int, int]:
    visit, asked = number(str(data.get("visit", ""))), number(str(data.get("questionnaire", "")))
    if visit is None or asked is None:
        raise Invalid(
            "请选择问卷", details=[Fault(field="questionnaire", label="问卷", reason="请先选择要问的问卷")]
        )
    return visit, asked


@routes.post(PAGE)
async def begin(request: web.Request) -> web.Response:
    """Begin with a visit, or say that nobody was reached."""
    actor = permit(request, Permission.SURVEY_INTERVIEW)
    data = await request.post()
    visit, asked = _ids(data)
    if outcome := str(data.get("outcome", "")):
        await calling.note(visit, asked, outcome, by=actor, words=str(data.get("note", "")))
        return go(request, PAGE, "通话结果已记录")
    found = await calling.begin(visit, asked, by=actor)
    return go(request, f"{PAGE}/{found.id}")


def _id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["response"])
    except ValueError:
        raise NotFound("没有这份答卷") from None


@routes.get(PAGE + "/{response}")
async def page(request: web.Request) -> web.Response:
    """The interviewer's sheet."""
    actor = permit(request, Permission.SURVEY_INTERVIEW)
    found = await calling.mine(_id(request), by=actor)
    if found.state is State.COMPLETED:
        return go(request, f"/surveys/responses/{found.id}")
    return await _sheet(request, actor, found)


async def _sheet(
    request: web.Request,
    actor: Actor,
    found: Response,
    faults: Sequence[Fault] = (),
    answers: Mapping[str, Any] | None = None,
) -> web.Response:
    found = await drafting.carried_over(found)
    version = await questionnaires.version(found.version_id)
    facts = await knowing.of_visit(found.visit_id, found.questionnaire_id)
    given = found.answers if answers is None else answers
    visit = await patients.visit(found.visit_id or 0, actor)
    return await show(
        request,
        "console/interviews/sheet.html",
        status=422 if faults else 200,
        found=found,
        visit=visit,
        sheet=sheet(version.definition, version.conditions, given, faults, facts),
        faults=faults,
        setting={
            "api": f"{PAGE}/{found.id}/answers",
            "now": int(clock.now().timestamp() * 1000),
            "times": found.times,
        },
        outcomes=[(key.value, label) for key, label in OUTCOME_LABELS.items() if key != "reached"],
        before=await calling.before(visit.id, found.questionnaire_id),
    )


@routes.put(PAGE + "/{response}/answers/{code}")
async def save(request: web.Request) -> web.Response:
    """Keep one answer."""
    actor = permit(request, Permission.SURVEY_INTERVIEW)
    found = await calling.mine(_id(request), by=actor)
    try:
        sent = orjson.loads(await request.read())
        one = Save(
            found.id,
            request.match_info["code"][:40],
            dict(sent["answer"]),
            int(sent["counter"]),
            None if sent.get("ms") is None else int(sent["ms"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Invalid("答案的格式不对") from None
    try:
        saved = await drafting.save(one)
    except HuiyinError as error:
        return json_answer({"error": error.message}, error.status)
    return json_answer({"counter": saved.counter})


@routes.post(PAGE + "/{response}")
async def finish(request: web.Request) -> web.Response:
    """Hand it in; or break off with an outcome, and what was answered stays a draft."""
    actor = permit(request, Permission.SURVEY_INTERVIEW)
    found = await calling.mine(_id(request), by=actor)
    if found.visit_id is None:
        raise NotFound("没有这份答卷")
    data = await request.post()
    version = await questionnaires.version(found.version_id)
    fields = {
        name: [text for text in data.getall(name) if isinstance(text, str)] for name in dict.fromkeys(data)
    }
    shown = set(" ".join(fields.get("q-seen", ())).split())
    posted = Posted(fields)
    given = {
        item.code: {name: value for name, value in item.read(posted).items() if value}
        for item in version.definition.questions
        if item.code in shown and item.shape != "files"
    }
    if found.state is State.DRAFT:
        await drafting.save_screen(found.id, given)
    words = str(data.get("note", ""))
    if outcome := str(data.get("outcome", "")):
        await calling.note(
            found.visit_id, found.questionnaire_id, outcome, by=actor, words=words, response_id=found.id
        )
        return go(request, PAGE, "已记录，填到一半的答案已保存，可稍后继续")
    try:
        done = await submit(Submission(found.id, actor))
    except Invalid as error:
        return await _sheet(request, actor, await calling.mine(found.id, by=actor), error.details)
    except AlreadyAnswered as error:
        raise Refused("患者已自行填写过这份问卷") from error
    if done.fresh:
        await calling.note(
            found.visit_id, found.questionnaire_id, "reached", by=actor, words=words, response_id=found.id
        )
    return go(request, f"/surveys/responses/{found.id}", "答卷已提交")
