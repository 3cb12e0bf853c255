"""One matter on the staff pages: its own page, and what is decided about it from the page of a case.

What joins and merges lies in `tickets.matters`; this module knows which button leads to which verb.
"""

from typing import Any

from aiohttp import web

from console.case_page import done, wanted
from console.page import go, number, permit, show
from core.actions import REGISTER
from core.actor import Permission
from core.errors import NotFound
from tickets.matters import joining, merging, proposing, voices
from tickets.matters.voices import Proposed
from tickets.queries import access, cases, secrecy
from tickets.queries.case_filter import CaseFilter
from tickets.sources import SOURCES

routes = web.RouteTableDef()
FOUND = 10
READING = (Permission.CASE_READ, Permission.TICKET_READ)


@routes.get("/matters/{id:\\d+}")
async def page(request: web.Request) -> web.Response:
    """All voices of a matter in the order in which they came, with all their limits."""
    actor = permit(request, *READING)
    matter_id = wanted(request)
    found = await voices.matter(matter_id, actor)
    handles = actor.can(Permission.CASE_HANDLE)
    return await show(
        request,
        "console/matters/page.html",
        matter_id=matter_id,
        voices=found,
        numbers={voice.case.id: voice.case.number for voice in found},
        steps=await voices.steps(matter_id, actor) if handles else [],
        may=handles,
    )


@routes.post("/matters/{id:\\d+}/steps/{step:\\d+}/undo")
async def undo(request: web.Request) -> web.Response:
    """Take a joining or leaving back; the page of the matter, or the list when nothing is left of it."""
    actor = permit(request, Permission.CASE_HANDLE)
    await joining.undo(number(request.match_info["step"]) or 0, by=actor)
    try:
        await voices.matter(wanted(request), actor)
    except NotFound:
        return go(request, "/cases", "已撤销")
    return go(request, f"/matters/{wanted(request)}", "已撤销")


@routes.get("/cases/{id:\\d+}/matter/find")
async def finding(request: web.Request) -> web.Response:
    """The drawer in which another case is looked for, and what was found for `?q=`."""
    actor = permit(request, Permission.CASE_HANDLE)
    case = await access.case(wanted(request), actor)
    words = request.query.get("q", "").strip()[:60]
    found: list[Proposed] = []
    if words:
        rows = (await cases.page(CaseFilter(q=words, merged="with"), by=actor, limit=FOUND + 1)).rows
        others = await voices.readable([row.id for row in rows if row.id != case.id][:FOUND], actor)
        found = [
            Proposed(other, SOURCES[other.source].label, 0, (), not merging.obstacle(case, other))
            for other in others
        ]
    template = "found.html" if "q" in request.query else "find.html"
    return await show(request, f"console/matters/{template}", case=case, words=words, found=found)


_VERBS = {
    "join": ("case.join", "other", "已归为同一事项"),
    "merge": ("case.merge", "main", "已并入，由主诉求一并办理和答复"),
    "take": ("case.merge", "main", "已并入本诉求，由本诉求一并办理和答复"),
}


@routes.post("/cases/{id:\\d+}/matter/{other:\\d+}/{how:join|merge|take|reject}")
async def decided(request: web.Request) -> web.Response:
    """Join with another case, merge into it or take it in, or say that it is another matter."""
    actor = permit(request, Permission.CASE_HANDLE)
    case_id, other_id = wanted(request), number(request.match_info["other"]) or 0
    how = request.match_info["how"]
    if how == "reject":
        await joining.reject(case_id, other_id, by=actor)
        return await done(request, case_id, "已标记为不是同一事项，不再提示")
    verb, field, said = _VERBS[how]
    subject, other = (other_id, case_id) if how == "take" else (case_id, other_id)
    seen = await access.case(other, actor)
    action = REGISTER[verb]
    given: dict[str, Any] = {field: seen.number}
    await action.run(subject, action.parse(given), by=actor)
    return await done(request, case_id, said)


@routes.post("/cases/{id:\\d+}/matter/look")
async def look(request: web.Request) -> web.Response:
    """Look again for cases that may be the same matter: since the last time others came, or visits were confirmed."""
    actor = permit(request, Permission.CASE_HANDLE)
    case = await access.case(wanted(request), actor)
    if not secrecy.whole(case, actor):  # what is blank for this person is not compared
        raise NotFound("没有这件诉求，或您无权查看")
    found = await proposing.propose(case)
    seen = await voices.readable([entry.case_id for entry in found], actor)
    said = f"找到 {len(seen)} 件可能相同的诉求" if seen else "没有找到可能相同的诉求"
    return await done(request, case.id, said)
