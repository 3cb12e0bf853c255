"""Responses brought as a FHIR file: chosen in the drawer, refused whole with the place of each fault, or taken in."""

from aiohttp import web

from console.page import go, permit, show
from console.responses import PAGE
from core.actor import Permission
from core.errors import Fault, Invalid
from surveys.exchange.fhir_responses import MOST, MOST_BYTES
from surveys.responses import importing, queries

routes = web.RouteTableDef()
IMPORT = f"{PAGE}/import"


@routes.get(IMPORT)
async def asked_for(request: web.Request) -> web.Response:
    """The drawer in which the file is chosen."""
    permit(request, Permission.SURVEY_DESIGN)
    return await _drawer(request, request.query.get("questionnaire", ""))


@routes.post(IMPORT)
async def brought(request: web.Request) -> web.Response:
    """Take the file in."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    posted = await request.post()
    chosen, file = posted.get("questionnaire"), posted.get("file")
    of = chosen if isinstance(chosen, str) else ""
    try:
        if not (of.isascii() and of.isdigit() and len(of) <= 18):
            raise _missing("questionnaire", "问卷", "请选择这些答卷所答的问卷")
        if not isinstance(file, web.FileField) or not file.filename:
            raise _missing("file", "文件", "请选择一个文件")
        done = await importing.take_in(int(of), file.file.read(MOST_BYTES + 1), by=actor)
    except Invalid as error:
        return await _drawer(request, of, error)
    known = f"，{done.known} 份以前已有" if done.known else ""
    return go(request, f"{PAGE}?questionnaire={of}&channel=import", f"已导入 {done.taken} 份答卷{known}")


def _missing(field: str, label: str, reason: str) -> Invalid:
    return Invalid(reason, details=[Fault(field=field, label=label, reason=reason)])


async def _drawer(request: web.Request, chosen: str, error: Invalid | None = None) -> web.Response:
    permit(request, Permission.SURVEY_DESIGN)
    return await show(
        request,
        "console/responses/import.html",
        status=error.status if error else 200,
        path=IMPORT,
        questionnaires=await queries.open_ones(),
        chosen=chosen,
        most=MOST,
        error=error,
    )
