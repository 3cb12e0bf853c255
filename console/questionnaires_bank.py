"""The bank of questions as it is kept: by class and sub-class, one item with its versions, moved, retired.

Items come in from the designer ("存入题库"); here they are found, tried and put in order.
"""

from aiohttp import web

from console.page import go, permit, show
from core.actor import Permission
from core.errors import Invalid
from surveys.bank import actions, queries
from surveys.definition import Definition, Page
from surveys.questions import KINDS
from surveys.questions.base import Question
from surveys.sheet import sheet

routes = web.RouteTableDef()
PAGE = "/settings/bank"


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """Items of a class, by kind and words."""
    permit(request, Permission.SURVEY_DESIGN)
    asked = request.query
    return await show(
        request,
        "console/questionnaires/bank.html",
        groups=await queries.groups(),
        items=await queries.listed(
            group=asked.get("group", ""),
            subgroup=asked.get("subgroup", ""),
            kind=asked.get("kind", ""),
            words=asked.get("q", "")[:100],
            retired=asked.get("retired") == "1",
        ),
        kinds=KINDS,
    )


@routes.get(PAGE + "/{code}")
async def item_page(request: web.Request) -> web.Response:
    """One item as it is asked, its versions, and which drafts have it."""
    permit(request, Permission.SURVEY_DESIGN)
    return await _item(request)


async def _item(request: web.Request, error: Invalid | None = None) -> web.Response:
    found = await queries.item(request.match_info["code"])
    return await show(
        request,
        "console/questionnaires/bank_item.html",
        status=error.status if error else 200,
        item=found,
        kind=KINDS[found.question.kind],
        sheet=sheet(_alone(found.question), {}),
        versions=await queries.versions(found.code),
        used=await queries.used_in(found.code),
        groups=await queries.groups(),
        error=error,
    )


def _alone(question: Question) -> Definition:
    return Definition(title=question.title, pages=(Page(items=(question,)),))


@routes.post(PAGE + "/{code}/move")
async def moved(request: web.Request) -> web.Response:
    """Under another class."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    data = await request.post()
    try:
        found = await actions.move(
            request.match_info["code"],
            group=str(data.get("group", "")),
            subgroup=str(data.get("subgroup", "")),
            by=actor,
        )
    except Invalid as error:
        return await _item(request, error)
    return go(request, f"{PAGE}/{found.code}", "分类已调整")


@routes.post(PAGE + "/{code}/{act:retire|restore}")
async def retired(request: web.Request) -> web.Response:
    """Offered no longer, or again."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    off = request.match_info["act"] == "retire"
    found = await actions.retire(request.match_info["code"], retired=off, by=actor)
    return go(
        request,
        f"{PAGE}/{found.code}",
        "已停用，以后不能再选；已用的问卷不受影响" if off else "已恢复，可以选用",
    )
