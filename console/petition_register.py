"""Registering a petition: the form of 信访登记, with earlier petitions of the same person or words told first.

Opens nothing by itself (`tickets.petitions.registering` does). Whoever registers an accusation without the right to
secret cases does not see it again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web
from pydantic import ValidationError

from console import forms, pick
from console.forms import Control, Options
from console.page import go, number, permit, show
from core.actor import Actor, Permission
from core.errors import Fault, Invalid, NotFound, Refused
from staff import queries as staff
from tickets.models import Case
from tickets.petitions import registering
from tickets.petitions.registering import Repeat
from tickets.petitions.registration import Registration, faults
from tickets.queries import access

routes = web.RouteTableDef()
DRAFT, REPEAT_OF = "draft", "repeat_of"
WIDE = frozenset({"text", "departments", "files"})
LAYOUT: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("来件", "mail", ("form", "received_on", "transferred_by", "transfer_no", "upstream_on")),
    (
        "信访人",
        "users",
        ("anonymous", "name", "id_kind", "id_number", "phone", "address", "people", "others"),
    ),
    (
        "信访事项",
        "message-report",
        ("category", "purpose", "topic", "title", "content", "oral_record", "campus", "departments"),
    ),
    ("被检举控告人（检举控告类填写）", "shield-lock", ("accused", "accused_units")),
    ("材料", "paperclip", ("files",)),
)


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together on the page."""

    title: str
    icon: str
    controls: tuple[Control, ...]


async def _sections(values: Mapping[str, Any], wrong: tuple[Fault, ...], by: Actor) -> list[Section]:
    tree = await staff.tree()
    sites = [unit.short_name or unit.name for unit in tree.below() if unit.kind in ("campus", "clinic")]
    units = await pick.units(by)
    named = [(tree.unit(int(key)).name, label) for key, label in units]
    options: dict[str, Options] = {
        "campus": [(site, site) for site in sites],
        "departments": list(dict(named).items()),
        "accused_units": units,
    }
    drawn = {control.name: control for control in forms.controls(Registration, values, wrong, options)}
    return [Section(title, icon, tuple(drawn[name] for name in names)) for title, icon, names in LAYOUT]


@routes.get("/petitions/new")
async def empty(request: web.Request) -> web.Response:
    """The empty form."""
    permit(request, Permission.CASE_REGISTER)
    return await _page(request, {}, uuid4().hex)


async def _page(
    request: web.Request,
    values: Mapping[str, Any],
    draft: str,
    *,
    status: int = 200,
    wrong: tuple[Fault, ...] = (),
    message: str = "",
    repeats: list[Repeat] | None = None,
) -> web.Response:
    known = Registration.model_fields
    return await show(
        request,
        "console/petitions/new.html",
        status=status,
        sections=await _sections(values, wrong, permit(request)),
        draft=draft,
        message=message or "；".join(fault.reason for fault in wrong if fault.field not in known),
        repeats=repeats or [],
        wide=WIDE,
    )


@routes.post("/petitions/new")
async def sent(request: web.Request) -> web.Response:
    """Open the petition; what is faulty is told beside its field, what was petitioned before is asked about."""
    actor = permit(request, Permission.CASE_REGISTER)
    given: dict[str, Any] = {}
    draft = ""
    try:
        given = await forms.posted(request, Registration, by=actor)
        draft, answered = str(given.pop(DRAFT, "")) or uuid4().hex, given.pop(REPEAT_OF, None)
        form = Registration.model_validate(forms.plain(Registration, given))
        earlier = [] if answered is not None else await registering.repeats(form, actor)
        if earlier:
            return await _page(request, given, draft, status=409, repeats=earlier)
        repeat_of = await _repeated(str(answered or ""), actor)
        case, fresh = await registering.register(form, draft, by=actor, repeat_of=repeat_of)
    except ValidationError as error:
        return await _page(
            request,
            given,
            draft,
            status=422,
            wrong=faults(error),
            message="填写的内容有误，请查看标红的各项",
        )
    except Invalid as error:
        return await _page(
            request, given, draft, status=422, wrong=tuple(error.details), message=error.message
        )
    except Refused as error:
        return await _page(request, given, draft, status=error.status, message=error.message)
    return await _registered(request, case, actor, fresh=fresh)


async def _registered(request: web.Request, case: Case, by: Actor, *, fresh: bool) -> web.Response:
    said = f"已登记，编号 {case.number}" if fresh else f"此前已登记为 {case.number}，没有重复登记"
    try:
        await access.case(case.id, by)
    except NotFound:
        return go(request, "/petitions/new", f"{said}，由纪检监察人员办理")
    return go(request, f"/cases/{case.id}", said)


async def _repeated(text: str, by: Actor) -> int | None:
    """The case that the registrar says it repeats, if they may see it."""
    wanted = number(text)
    return (await access.case(wanted, by)).id if wanted else None
