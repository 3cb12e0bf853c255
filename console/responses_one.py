"""What hangs on one response: its files, personal answers whole, the response as FHIR. Each look is a line of the audit log."""

import asyncio
import base64
from uuid import UUID

import orjson
from aiohttp import web

from console import why
from console.case_matter import thumbnail
from console.page import permit, show
from console.responses import PAGE
from core import audit, exports, storage
from core.actor import Permission
from core.downloads import SHOWN_IN_PLACE, attachment, kept_file
from core.errors import NotFound
from surveys.exchange import fhir_response
from surveys.exchange.fhir_responses import VERSION
from surveys.questions.base import parsed
from surveys.responses import looking, queries

routes = web.RouteTableDef()
ONE = PAGE + "/{response}"
WHY = "查看答卷中的个人信息"


def response_of(request: web.Request, name: str = "response") -> UUID:
    """The id in the address.

    Raises:
        NotFound: it is none.
    """
    try:
        return UUID(request.match_info[name])
    except ValueError:
        raise NotFound("没有这份答卷，或您无权查看") from None


@routes.get(f"{ONE}/files/{{file}}")
async def file(request: web.Request) -> web.Response:
    """A file of a response; `?thumb` a small picture of it, `?window` the picture in a window of the page."""
    actor = permit(request, Permission.SURVEY_READ)
    response_id, file_id = response_of(request), response_of(request, "file")
    small = "thumb" in request.query or "window" in request.query
    found = await looking.file(response_id, file_id, by=actor, small=small)
    if "window" in request.query:
        return await show(
            request,
            "console/responses/window.html",
            file=found,
            path=f"{PAGE}/{response_id}/files/{found.id}",
        )
    data, mime = await storage.read(found), found.mime
    in_place = mime in SHOWN_IN_PLACE and "download" not in request.query
    if small:
        if not in_place:
            raise NotFound("这个文件没有缩略图")
        data, mime = await asyncio.to_thread(thumbnail, data), "image/jpeg"
    return kept_file(found.name, data, mime, in_place=in_place)


@routes.get(f"{ONE}/reveal")
async def asked_why(request: web.Request) -> web.Response:
    """The drawer that asks for the reason first."""
    actor = permit(request, Permission.PATIENT_REVEAL)
    found = await queries.one(response_of(request), by=actor)
    if not await looking.may_reveal(found, actor):
        raise NotFound("这份答卷没有您可以查看的个人信息")
    return await why.ask(request, WHY)


@routes.post(f"{ONE}/reveal")
async def revealed(request: web.Request) -> web.Response:
    """The personal answers; a signature comes in the page itself, so that its address opens nothing."""
    actor = permit(request, Permission.PATIENT_REVEAL)
    reason = await why.answered(request, WHY)
    if isinstance(reason, web.Response):
        return reason
    shown = await looking.reveal(response_of(request), reason, by=actor)
    return await show(
        request,
        "console/responses/revealed.html",
        lines=[
            (
                one.title,
                one.text,
                [
                    f"data:{picture.mime};base64,{base64.b64encode(await storage.read(picture)).decode()}"
                    for picture in one.pictures
                    if picture.mime in SHOWN_IN_PLACE
                ],
            )
            for one in shown
        ],
    )


@routes.get(f"{ONE}/fhir")
async def as_fhir(request: web.Request) -> web.Response:
    """The response as a FHIR QuestionnaireResponse, without personal answers; logged like every export."""
    actor = permit(request, Permission.SURVEY_EXPORT)
    found = await queries.one(response_of(request), by=actor)
    one, version = found.response, found.version
    private = {item.code for item in version.definition.questions if item.private}
    answers = {
        code: answer
        for code, raw in one.answers.items()
        if code not in private and (answer := parsed(raw)) is not None and answer.given
    }
    made = fhir_response.response(
        version.definition,
        answers,
        questionnaire=f"{VERSION}{version.id}|{version.number}",
        response_id=one.id,
        at=one.completed_at or one.saved_at,
    )
    data = orjson.dumps(made, option=orjson.OPT_INDENT_2)
    name = f"{version.definition.title}_{str(one.id)[:8]}.fhir.json"
    await audit.record(actor, "survey.export", "survey", None, response=str(one.id), rows=1)
    await exports.log(actor, exports.Kind.RESPONSES, name, data, which=f"答卷 {one.id}", rows=1)
    return attachment(name, data, "application/fhir+json")
