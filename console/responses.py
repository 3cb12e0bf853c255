"""Responses on staff pages: the list with its filters, one response with scores and formulas, doors anybody may enter by.

Reads through `surveys.responses.queries` (scope, masks); taking them out as a sheet is `responses_sheet`.
"""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

import segno
from aiohttp import web
from pydantic import Field, ValidationError

from console import pick
from console.forms import Options, parse, posted
from console.page import go, is_part, page_query, permit, show
from core import audit
from core.actions import Form, faults_of
from core.actor import Actor, Permission
from core.downloads import SHOWN_IN_PLACE
from core.errors import Fault, Invalid, NotFound
from core.models import StoredFile
from core.settings import settings
from patients.rows import KIND_LABELS
from staff import queries as staff
from surveys.responses import entrances, looking, queries
from surveys.responses.quality import FLAG_LABELS
from surveys.responses.queries import ResponseFilter
from surveys.responses.rows import CHANNEL_LABELS, Channel

routes = web.RouteTableDef()
PAGE = "/surveys/responses"
DOORS = "/surveys/entrances"
NAMES = tuple(ResponseFilter.model_fields)
FLAGS: Options = [("any", "有任一标记"), ("none", "无标记"), *FLAG_LABELS.items()]


def read(given: Mapping[str, str]) -> tuple[ResponseFilter, tuple[Fault, ...]]:
    """The filter of an address; what does not fit is left out and told."""
    try:
        return ResponseFilter.model_validate(dict(given)), ()
    except ValidationError as error:
        faults = faults_of(error, ResponseFilter)
        bad = {fault.field for fault in faults}
        return ResponseFilter.model_validate({k: v for k, v in given.items() if k not in bad}), tuple(faults)


async def choices(actor: Actor) -> dict[str, Options]:
    """What may be chosen in the filters."""
    return {
        "questionnaire": [(str(key), title) for key, title in await queries.asked(actor)],
        "channel": list(CHANNEL_LABELS.items()),
        "unit": list(await pick.units(actor, Permission.SURVEY_READ)),
        "kind": [(kind.value, label) for kind, label in KIND_LABELS.items()],
        "flag": FLAGS,
    }


async def known_unit(wanted: ResponseFilter) -> ResponseFilter:
    """Without units that do not exist."""
    there = {unit.id for unit in (await staff.tree()).units}
    gone = {name: None for name in ("unit", "served") if getattr(wanted, name) not in (None, *there)}
    return wanted.model_copy(update=gone) if gone else wanted


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """The list; only the next rows when htmx asks for what lies behind `after`."""
    actor = permit(request, Permission.SURVEY_READ)
    given = page_query(request.query, NAMES)
    wanted, faults = read(given)
    wanted = await known_unit(wanted)
    found = await queries.page(wanted, by=actor, after=request.query.get("after", ""))
    more = f"{PAGE}?{urlencode({**given, 'after': found.next})}" if found.next else ""
    if is_part(request) and request.query.get("after"):
        return await show(request, "console/responses/rows.html", rows=found.rows, next=more)
    return await show(
        request,
        "console/responses/list.html",
        rows=found.rows,
        next=more,
        wanted=wanted,
        given=given,
        faults=faults,
        choices=await choices(actor),
        query_text=urlencode(given),
        may_export=actor.can(Permission.SURVEY_EXPORT),
        may_interview=actor.can(Permission.SURVEY_INTERVIEW),
        may_import=actor.can(Permission.SURVEY_DESIGN),
    )


@routes.get(PAGE + "/{response}")
async def one(request: web.Request) -> web.Response:
    """One response; looking at it is a line of the audit log."""
    actor = permit(request, Permission.SURVEY_READ)
    try:
        response_id = UUID(request.match_info["response"])
    except ValueError:
        raise NotFound("没有这份答卷，或您无权查看") from None
    found = await queries.one(response_id, by=actor)
    files: dict[str, list[StoredFile]] = {}
    for kept in await looking.files(found):
        files.setdefault(kept.question, []).append(kept.file)
    await audit.record(actor, "survey.view", "patient", found.response.patient_id, response=str(response_id))
    return await show(
        request,
        "console/responses/one.html",
        found=found,
        channel=CHANNEL_LABELS[found.response.channel],
        kind=dict(KIND_LABELS).get(found.response.visit_kind, ""),  # type: ignore[call-overload]
        files=files,
        pictures=SHOWN_IN_PLACE,
        may_reveal=await looking.may_reveal(found, actor),
        may_export=actor.can(Permission.SURVEY_EXPORT),
        may_see_patient=actor.can(Permission.PATIENT_READ) and found.response.patient_id is not None,
    )


# --- doors ----------------------------------------------------------------------------------------


class DoorForm(Form):
    """A new entrance."""

    questionnaire: Annotated[int, Field(title="问卷", json_schema_extra={"widget": "choice"})]
    channel: Annotated[
        Channel,
        Field(
            title="用在哪里",
            json_schema_extra={
                "widget": "choice",
                "labels": {one.value: CHANNEL_LABELS[one] for one in entrances.DOORS},
            },
        ),
    ] = Channel.QR
    label: Annotated[str, Field(title="张贴或放置的位置", max_length=60, description="如：门诊一楼收费处")]
    unit_id: Annotated[
        int | None,
        Field(
            title="答卷归属科室",
            json_schema_extra={"widget": "department"},
            description="不选则不归属任何科室",
        ),
    ] = None


@routes.get(DOORS)
async def doors(request: web.Request) -> web.Response:
    """All doors with their answers so far."""
    actor = permit(request, Permission.SURVEY_READ)
    return await _doors(request, actor, {}, ())


@routes.post(DOORS)
async def opened(request: web.Request) -> web.Response:
    """Open one."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    given = await posted(request, DoorForm)
    try:
        form = parse(DoorForm, given)
        await entrances.create(form.questionnaire, form.channel, form.label, by=actor, unit_id=form.unit_id)
    except Invalid as error:
        return await _doors(request, actor, given, error.details)
    return go(request, DOORS, "入口已建成")


@routes.post(DOORS + "/{id}/close")
async def closed(request: web.Request) -> web.Response:
    """Close one."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    text = request.match_info["id"]
    await entrances.close(int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else 0, by=actor)
    return go(request, DOORS, "入口已停用")


@routes.get(DOORS + "/{code}/code.svg")
async def code(request: web.Request) -> web.Response:
    """The QR code of a door, to be printed."""
    permit(request, Permission.SURVEY_READ)
    door = await entrances.by_code(request.match_info["code"])
    drawn = segno.make(_address(door.code), error="m").svg_inline(
        scale=8, border=4, dark="#000", light="#fff"
    )
    return web.Response(
        text=drawn.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1),
        content_type="image/svg+xml",
    )


def _address(code: str) -> str:
    return f"{settings().public_url.rstrip('/')}{settings().path_prefix}/p/s/{code}"


async def _doors(
    request: web.Request, actor: Actor, values: Mapping[str, object], faults: tuple[Fault, ...]
) -> web.Response:
    found = await entrances.listed(actor)
    return await show(
        request,
        "console/responses/doors.html",
        status=422 if faults else 200,
        doors=[(one, _address(one.entrance.code), CHANNEL_LABELS[one.entrance.channel]) for one in found],
        form_class=DoorForm,
        values=values,
        faults=faults,
        options={
            "questionnaire": [(str(key), title) for key, title in await queries.asked(actor)],
            "unit_id": list(await pick.units(actor, Permission.SURVEY_DESIGN))
            if actor.can(Permission.SURVEY_DESIGN)
            else [],
        },
        may_open=actor.can(Permission.SURVEY_DESIGN),
    )
