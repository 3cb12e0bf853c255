"""The file of a petition (一案一卷): its table of contents as it stands, to be read, printed and made as a document."""

from aiohttp import web

from console.case_page import wanted
from console.page import permit, show
from core.actor import Permission
from core.errors import NotFound
from tickets.petitions import documents, queries
from tickets.queries import case_page, secrecy
from tickets.word.variables import Kind

routes = web.RouteTableDef()


@routes.get("/petitions/{id:\\d+}/file")
async def contents(request: web.Request) -> web.Response:
    """The table of contents, for whoever sees the inside of the case."""
    actor = permit(request, Permission.CASE_READ)
    seen = await case_page.open_case(wanted(request), actor)
    petition = await queries.of(seen.case)
    if petition is None or not seen.inside or not secrecy.whole(seen.case, actor):
        raise NotFound("没有这件信访的案卷，或您无权查看")
    people = await queries.people(seen.case)
    return await show(
        request,
        "console/petitions/file.html",
        case=seen.case,
        petition=petition,
        addressee=documents.addressee(people, petition.people),
        lines=await documents.catalogue(seen.case),
        kept_until=queries.kept_until(seen.case, petition),
        disposal=await queries.disposal(seen.case),
        makes=actor.can(Permission.CASE_HANDLE) or actor.can(Permission.CASE_REVIEW),
        kind=Kind.PETITION_CATALOGUE,
    )
