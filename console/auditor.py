"""The page of the auditor of deadlines: how it is, its rounds, what it found and mended, the daily proofs. Shows only."""

from aiohttp import web

from console.page import permit, show
from core.actor import Permission
from tickets.auditing import queries

routes = web.RouteTableDef()
ROUNDS = 30


@routes.get("/operate/auditor")
async def page(request: web.Request) -> web.Response:
    """The last rounds, or with `?found=1` those that found something."""
    permit(request, Permission.MACHINE_OPERATE)
    only_found = request.query.get("found") == "1"
    return await show(
        request,
        "console/auditor.html",
        standing=await queries.standing(),
        rounds=await queries.rounds(ROUNDS, only_found=only_found),
        only_found=only_found,
        proofs=await queries.proofs(),
    )
