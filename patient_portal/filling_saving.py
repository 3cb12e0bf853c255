"""What the script of a questionnaire's page sends: begin, one answer, files, the end. JSON in, JSON out.

Opened by the key of the one response, nothing else; a save reads one hash and writes one row among many of others.
"""

import hmac
from dataclasses import replace
from typing import Annotated, Any
from uuid import UUID

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from core.errors import Forbidden, Invalid, NotFound
from core.settings import settings
from core.web import json_answer, read_json
from patient_portal.filling import opening_of, staff_device, writer
from patient_portal.filling_view import worded
from patient_portal.look import look
from surveys.responses import attached, drafting, keys
from surveys.responses.drafting import MOST_MS, Opening, Save
from surveys.responses.rows import State
from surveys.responses.submitting import Submission, submit

routes = web.RouteTableDef()
KEY = "X-Response-Key"
MOST_BODY = 32 * 1024
Code = Annotated[str, Field(max_length=40)]


class _Sent(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Beginning(_Sent):
    """Which response, and by which way it was opened: "q" a link, "s" a door."""

    id: UUID
    key: str = Field(max_length=64)
    via: str = Field(pattern="^[qs]$")
    token: str = Field(max_length=64)


class OneAnswer(_Sent):
    """An answer, its counter on the client, and the active milliseconds spent on the question so far."""

    answer: dict[str, Any]
    counter: int = Field(ge=0, le=2**53)
    ms: int | None = Field(default=None, ge=0, le=2**31)


class Ending(_Sent):
    """The end: what was not sent yet comes along; with `begin` a response may come whole, in one piece."""

    answers: dict[Code, Any] = Field(default_factory=dict, max_length=400)  # each is judged by its question
    times: dict[Code, Annotated[int, Field(ge=0, le=MOST_MS)]] = Field(default_factory=dict, max_length=400)
    begin: Beginning | None = None


def _mine(request: web.Request) -> UUID:
    """The response of the address, if its key came along.

    Raises:
        NotFound: it did not; told alike for ids that do not exist.
    """
    try:
        response_id = UUID(request.match_info["id"])
    except ValueError:
        raise NotFound(keys.GONE) from None
    if not keys.fits(response_id, request.headers.get(KEY, "")):
        raise NotFound(keys.GONE)
    return response_id


async def _opening(request: web.Request, sent: Beginning) -> Opening:
    if not hmac.compare_digest(sent.key.encode(), keys.key_of(sent.id).encode()):
        raise NotFound(keys.GONE)
    return replace(await opening_of(request, sent.via, sent.token), id=sent.id)


@routes.post("/p/api/responses")
async def begin(request: web.Request) -> web.Response:
    """Begin; the answer names the response to go on with, which is another where an ask has its draft already."""
    sent = await read_json(request, Beginning)
    found = await drafting.begin(await _opening(request, sent))
    return json_answer(
        {"id": str(found.id), "key": keys.key_of(found.id), "completed": found.state is State.COMPLETED}
    )


@routes.put("/p/api/responses/{id}/answers/{code}")
async def save(request: web.Request) -> web.Response:
    """Keep one answer; told after it is committed. `counter` larger than the one sent: somebody wrote later."""
    response_id = _mine(request)
    if (request.content_length or 0) > MOST_BODY:
        raise Invalid("答案太长")
    try:
        sent = OneAnswer.model_validate(orjson.loads(await request.read()))
    except ValueError:
        raise Invalid("答案的格式不对") from None
    saved = await drafting.save(
        Save(response_id, request.match_info["code"][:40], sent.answer, sent.counter, sent.ms)
    )
    return json_answer({"counter": saved.counter, "revision": saved.revision})


@routes.post("/p/api/responses/{id}/files")
async def upload(request: web.Request) -> web.Response:
    """Keep a file; its id, for the answer to name."""
    response_id = _mine(request)
    await drafting.in_hand(response_id)
    data = await request.post()
    file = data.get("file")
    if not isinstance(file, web.FileField):
        raise Invalid("没有收到文件")
    kept = await attached.keep(response_id, file.filename, file.file.read())
    return json_answer({"id": str(kept)}, 201)


@routes.post("/p/api/responses/{id}/end")
async def end(request: web.Request) -> web.Response:
    """Hand it in; leads to the page behind the last one.

    409 with the state when the ask was answered already; 422 with a fault for each question.
    """
    response_id = _mine(request)
    sent = await read_json(request, Ending)
    opening = await _opening(request, sent.begin) if sent.begin is not None else None
    if opening is not None and opening.id != response_id:
        raise Forbidden("两处的编号不一致")
    try:
        done = await submit(
            Submission(
                response_id, writer(request), sent.answers, sent.times, opening, await staff_device(request)
            )
        )
    except Invalid as error:
        language = look(request).language
        told = [fault.model_copy(update={"reason": worded(fault, language)}) for fault in error.details]
        raise Invalid(error.message, details=told) from None
    then = f"{settings().path_prefix}/p/r/{keys.handle(done.id)}?done=1"
    return json_answer({"id": str(done.id), "fresh": done.fresh, "then": then}, 201 if done.fresh else 200)
