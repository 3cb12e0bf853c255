"""Staff fill in anonymous questionnaires: what waits for them, the sheet, thanks. Keeps no draft and no file."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web

from console.case_page import wanted
from console.page import go, permit, show
from console.questionnaires import PREFIX
from core.actor import Permission
from core.errors import Fault, Invalid, NotFound
from surveys.anonymous import opening, rounds
from surveys.anonymous.taking_part import Invited, invited, take_part
from surveys.sheet import SEEN, sheet, unseen
from tickets.forms import answers

routes = web.RouteTableDef()
PAGE = "/surveys/rounds"
ONE = PAGE + "/{id:\\d+}"


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """What waits for oneself; and for whoever runs or reads rounds, all of them."""
    actor = permit(request)
    runs = any(map(actor.can, rounds.READERS))
    return await show(
        request,
        "console/mutual/list.html",
        tasks=await rounds.tasks(actor.staff_id or 0),
        rounds=await rounds.listed(actor) if runs else [],
        runs=runs,
        may_run=any(map(actor.can, opening.RUNS)),
        may_read=actor.can(Permission.SURVEY_READ),
    )


@routes.get(ONE)
async def one(request: web.Request) -> web.Response:
    """The sheets of a round that wait for oneself."""
    actor = permit(request)
    found = await rounds.tasks(actor.staff_id or 0, wanted(request))
    if not found:
        raise NotFound("没有需要您填写的调查")
    if len(found) == 1 and not found[0].ratee_id and not found[0].done:
        return go(request, f"{PAGE}/{found[0].round.id}/sheets/0")
    return await show(request, "console/mutual/one.html", round=found[0].round, tasks=found)


@routes.get(f"{ONE}/sheets/{{ratee:\\d+}}")
async def blank(request: web.Request) -> web.Response:
    """The sheet."""
    actor = permit(request)
    return await _sheet(request, await invited(wanted(request), _ratee(request), by=actor))


@routes.post(f"{ONE}/sheets/{{ratee:\\d+}}")
async def sent(request: web.Request) -> web.Response:
    """Hand it in."""
    actor = permit(request)
    found = await invited(wanted(request), _ratee(request), by=actor)
    fields = await _fields(request)
    given = answers.read(found.version.definition, fields)
    if unseen(found.version.definition, found.version.conditions, given, fields, found.facts):
        return await _sheet(request, found, given)
    try:
        await take_part(found.round.id, found.ratee_id, given, by=actor)
    except Invalid as error:
        return await _sheet(request, found, given, error.details, status=error.status)
    said = "已提交，谢谢。您的姓名没有与答案一起保存"
    return go(request, f"{PAGE}/{found.round.id}" if found.ratee_id else PAGE, said)


def _ratee(request: web.Request) -> int:
    text = request.match_info["ratee"]
    if len(text) > 18:
        raise NotFound
    return int(text)


async def _fields(request: web.Request) -> Mapping[str, Sequence[str]]:
    """What was typed; files are not taken: who kept them would be known."""
    fields: dict[str, list[str]] = {}
    for name, value in (await request.post()).items():
        if isinstance(value, str) and (name.startswith(PREFIX) or name == SEEN):
            fields.setdefault(name, []).append(value)
    return fields


async def _sheet(
    request: web.Request,
    found: Invited,
    given: Mapping[str, Any] | None = None,
    faults: Sequence[Fault] = (),
    status: int = 200,
) -> web.Response:
    return await show(
        request,
        "console/mutual/sheet.html",
        status=status,
        invited=found,
        sheet=sheet(found.version.definition, found.version.conditions, given, faults, found.facts),
        faults=faults,
    )
