"""The designer of questionnaires: the page of scripts and what it asks for; review; comments; the bank beside it.

What it shares with the designer of feedback forms is in form_designer_shared.py.
"""

from typing import Any

from aiohttp import web

from console.form_designer_shared import previewed, sent, start, told
from console.page import go, permit, show
from console.questionnaires_list import PAGE, WORKERS, id_of
from core.actions import Form
from core.actor import Actor, Permission
from core.errors import Forbidden, Invalid
from core.web import json_answer
from surveys.bank import actions as bank
from surveys.bank import queries as bank_items
from surveys.definition import conditions
from surveys.dimensions import DIMENSIONS, SURVEY_WORDS
from surveys.exchange import FORMATS
from surveys.questionnaires import actions, queries, reviewing
from surveys.questionnaires.changes import changes
from surveys.questionnaires.queries import Questionnaire
from surveys.questions import picked
from surveys.reading import definition_of
from surveys.responses.knowing import nothing
from surveys.scoring_rules import METHOD_WORDS
from surveys.sheet import sheet
from surveys.steps import STEPS

routes = web.RouteTableDef()


class Said(Form):
    """A comment of the designer or the reviewer."""

    question: str = ""
    words: str = ""


class Kept(Form):
    """A question for the bank."""

    item: Any = None
    group: str = ""
    subgroup: str = ""
    code: str = ""


async def _found(request: web.Request, actor: Actor) -> Questionnaire:
    return await queries.questionnaire(id_of(request), actor)


# --- the page -------------------------------------------------------------------------------------


@routes.get(PAGE + "/{id:\\d+}")
async def designer(request: web.Request) -> web.Response:
    """The designer; under review, or for who only reads, the draft with what has changed."""
    actor = permit(request, *WORKERS)
    found = await _found(request, actor)
    if found.state == "reviewing" or not await _may_design(found, actor):
        return await _reading(request, found, actor)
    return await show(
        request,
        "console/questionnaires/page.html",
        one=found,
        formats=FORMATS,
        versions=len(await queries.versions(found.id)),
        last=next(iter(await queries.reviews(found.id)), None),
        start=start(
            found.draft,
            found.revision,
            survey=True,
            comments=await _comments(found.id),
            groups=await bank_items.groups(),
            dimensions=[
                {"code": code, "label": f"{SURVEY_WORDS[one.survey]} · {one.words}"}
                for code, one in DIMENSIONS.items()
            ],
            steps=list(STEPS.items()),
            methods=list(METHOD_WORDS.items()),
        ),
    )


async def _may_design(found: Questionnaire, actor: Actor) -> bool:
    try:
        await actions.permitted(found.unit_id, actor)
    except Forbidden:
        return False
    return True


async def _reading(request: web.Request, found: Questionnaire, actor: Actor) -> web.Response:
    last = await queries.version(found.version_id) if found.version_id is not None else None
    return await show(
        request,
        "console/questionnaires/reading.html",
        one=found,
        review=await queries.review(found.id),
        changes=changes(last.definition if last else None, found.draft),
        last=last,
        comments=await queries.comments(found.id),
        sheet=sheet(found.draft, conditions(found.draft), facts=nothing()),
        may_review=actor.can(Permission.SURVEY_REVIEW),
        may_design=await _may_design(found, actor),
    )


@routes.post(PAGE + "/{id:\\d+}/preview")
async def preview(request: web.Request) -> web.Response:
    """How the draft would look, and what hinders publishing; nothing is saved."""
    await _found(request, permit(request, Permission.SURVEY_DESIGN))
    return previewed(request, await sent(request), nothing())


@routes.post(PAGE + "/{id:\\d+}/save")
async def saved(request: web.Request) -> web.Response:
    """Keep the draft."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    found, draft = await _found(request, actor), await sent(request)
    done = await actions.save(found.id, definition_of(draft.draft), revision=draft.revision, by=actor)
    return json_answer({"revision": done.revision})


# --- review ---------------------------------------------------------------------------------------


@routes.post(PAGE + "/{id:\\d+}/publish")
async def handed_in(request: web.Request) -> web.Response:
    """Hand the saved draft in for review."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    found, draft = await _found(request, actor), await sent(request)
    await reviewing.hand_in(
        found.id, revision=draft.revision, note=draft.note, migrates=draft.migrates, by=actor
    )
    return go(request, f"{PAGE}/{found.id}", "已提交审核，由另一位有审核权限的人审核后发布")


@routes.post(PAGE + "/{id:\\d+}/take-back")
async def taken_back(request: web.Request) -> web.Response:
    """Out of review, to edit on."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    found = await _found(request, actor)
    await reviewing.take_back(found.id, by=actor)
    return go(request, f"{PAGE}/{found.id}", "已撤回，可以继续修改")


@routes.post(PAGE + "/{id:\\d+}/send-back")
async def sent_back(request: web.Request) -> web.Response:
    """Back to who designs, with what is to be mended."""
    actor = permit(request, Permission.SURVEY_REVIEW)
    found = await _found(request, actor)
    try:
        await reviewing.send_back(found.id, str((await request.post()).get("words", "")), by=actor)
    except Invalid as error:
        return go(request, f"{PAGE}/{found.id}", error.message)
    return go(request, PAGE, f"《{found.title}》已退回修改")


@routes.post(PAGE + "/{id:\\d+}/approve")
async def approved(request: web.Request) -> web.Response:
    """Publish."""
    actor = permit(request, Permission.SURVEY_REVIEW)
    found = await _found(request, actor)
    version = await reviewing.approve(found.id, by=actor)
    return go(request, f"{PAGE}/{found.id}/versions", f"第 {version.number} 版已发布，现在起填写这一版")


# --- comments, the bank ---------------------------------------------------------------------------


async def _comments(questionnaire_id: int) -> list[dict[str, Any]]:
    return [
        {"id": one.id, "question": one.question, "words": one.words, "by": one.by_name, "at": one.at}
        for one in await queries.comments(questionnaire_id)
    ]


@routes.post(PAGE + "/{id:\\d+}/comments")
async def commented(request: web.Request) -> web.Response:
    """Say something about a question; answers all that is open."""
    actor = permit(request, Permission.SURVEY_DESIGN, Permission.SURVEY_REVIEW)
    found = await _found(request, actor)
    if request.content_type == "application/json":
        said = await told(request, Said)
        await actions.comment(found.id, said.question, said.words, by=actor)
        return json_answer({"comments": await _comments(found.id)})
    data = await request.post()
    await actions.comment(found.id, str(data.get("question", "")), str(data.get("words", "")), by=actor)
    return go(request, f"{PAGE}/{found.id}", "意见已记下")


@routes.post(PAGE + "/{id:\\d+}/comments/{comment:\\d+}/settle")
async def settled(request: web.Request) -> web.Response:
    """A comment is dealt with."""
    actor = permit(request, Permission.SURVEY_DESIGN, Permission.SURVEY_REVIEW)
    found = await _found(request, actor)
    await actions.settle_comment(found.id, id_of(request, "comment"), by=actor)
    return json_answer({"comments": await _comments(found.id)})


@routes.get(PAGE + "/{id:\\d+}/bank")
async def bank_listed(request: web.Request) -> web.Response:
    """What the bank offers, with the questions themselves, as the designer inserts them."""
    await _found(request, permit(request, Permission.SURVEY_DESIGN))
    asked = request.query
    items = await bank_items.listed(
        group=asked.get("group", ""), subgroup=asked.get("subgroup", ""), words=asked.get("q", "")[:100]
    )
    return json_answer(
        {
            "groups": await bank_items.groups(),
            "items": [
                {
                    "code": one.code,
                    "group": one.group,
                    "subgroup": one.subgroup,
                    "number": one.number,
                    "item": one.question.model_dump(mode="json"),
                }
                for one in items
            ],
        }
    )


@routes.post(PAGE + "/{id:\\d+}/bank")
async def bank_kept(request: web.Request) -> web.Response:
    """Keep a question of the draft in the bank; answers its code."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    await _found(request, actor)
    kept = await told(request, Kept)
    definition = definition_of({"pages": [{"items": [kept.item]}]})
    done = await bank.save(
        picked(definition.questions[0]), group=kept.group, subgroup=kept.subgroup, code=kept.code, by=actor
    )
    return json_answer({"code": done.code, "number": done.number})
