"""Changing a completed questionnaire while that is allowed: all questions on one page. Decides nothing about answers."""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from core.errors import Fault, Invalid, Refused
from patient_portal.filling import given_on, going_on, writer
from patient_portal.filling_view import Filling, view, worded
from patient_portal.look import look
from patient_portal.page import go, show
from patient_portal.sitting import START
from surveys.responses import editing, keys
from surveys.responses.rows import get
from surveys.sheet import sheet, unseen

routes = web.RouteTableDef()


@routes.get("/p/r/{token}/edit")
async def open_again(request: web.Request) -> web.Response:
    """All questions of a completed response on one page, while they may be changed."""
    handle = request.match_info["token"]
    found = await get(keys.opened(handle))
    if look(request).kiosk:  # one changes one's mind at home; here it is over when it is handed in
        return go(START)
    if await editing.until(found) is None:
        raise Refused("已超过可以修改的时间")
    return await _edit_page(request, await going_on(found, f"/p/r/{handle}"))


@routes.post("/p/r/{token}/edit")
async def changed(request: web.Request) -> web.Response:
    """The changed answers, all of them."""
    handle = request.match_info["token"]
    found = await get(keys.opened(handle))
    filling = await going_on(found, f"/p/r/{handle}")
    given, here = await given_on(request, filling)
    again = replace(filling, answers=given)
    version = filling.version
    more = unseen(version.definition, version.conditions, given, {"q-seen": here}, filling.facts)
    if here and more:  # without scripts: what the new answers call for was not shown yet
        return await _edit_page(request, again)
    try:
        await editing.edit(found.id, {code: raw for code, raw in given.items() if raw}, by=writer(request))
    except Invalid as error:
        return await _edit_page(request, again, error.details)
    return go(f"/p/r/{handle}", "修改已保存")


async def _edit_page(request: web.Request, filling: Filling, faults: Sequence[Fault] = ()) -> web.Response:
    seen = look(request)
    shown = view(filling, seen.language, faults=faults, store=False)
    return await show(
        request,
        "portal/filling/edit.html",
        status=422 if faults else 200,
        title=shown.title,
        view=shown,
        sheet=sheet(
            filling.version.spoken(seen.language),
            filling.version.conditions,
            filling.answers,
            [fault.model_copy(update={"reason": worded(fault, seen.language)}) for fault in faults],
            filling.facts,
        ),
        address=f"{filling.address}/edit",
        back=filling.address,
    )
