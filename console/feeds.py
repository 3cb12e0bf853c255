"""The links to the hospital's own systems: how each is, its messages, what is parked and why. Its messages: `feeds_messages`.

Shows and asks; `patients.feeds` does, and writes the audit lines.
"""

from datetime import datetime
from typing import Any

from aiohttp import web

from console import forms
from console.case_page import wanted
from console.feeds_doors import CHOICES, pushed_to, secured
from console.feeds_messages import TONES
from console.page import go, number, permit, show
from core import clock
from core.actor import Permission
from core.errors import Invalid, NotFound
from patients.feeds import codes, formats, keeping, links, mapping, store, tokens, unknown_units, watching
from patients.feeds.kinds import FORMS, KINDS
from patients.feeds.links import Link

routes = web.RouteTableDef()
PAGE = 50
HEALTH = {
    "good": ("正常", "good"),
    "troubled": ("有搁置", "soon"),
    "late": ("积压", "late"),
    "silent": ("静默", "late"),
    "off": ("已暂停", "wait"),
}
USUAL = {"hl7": "hl7", "fhir": "fhir", "json": "json", "soap": "soap", "sql": "visits_view"}
ORDER = {
    "name": 0,
    "mapping": 0,
    "domain": 2,
    "silent_minutes": 2,
    "silent_from": 2,
    "silent_to": 3,
    "silent_working": 4,
}  # what is of the kind stands between


@routes.get("/operate/feeds")
async def overview(request: web.Request) -> web.Response:
    """Every link with its figures, who knocked in vain, and the mapping files."""
    permit(request, Permission.MACHINE_OPERATE)
    files: list[tuple[str, str, str, tuple[str, ...]]] = []
    for name in mapping.names():
        try:
            found = formats.load(name)
            files.append((name, found.title, found.about, ()))
        except mapping.MappingError as error:
            files.append((name, "", "", error.faults))
    return await show(
        request,
        "console/feeds/list.html",
        rows=await watching.standing(),
        strangers=await watching.strangers(),
        files=files,
        health=HEALTH,
        kinds=KINDS,
        crowded=await keeping.crowded(),
    )


async def _form(
    request: web.Request,
    kind: str,
    link: Link | None,
    given: dict[str, Any] | None = None,
    error: Invalid | None = None,
) -> web.Response:
    form, values = FORMS[kind], given
    if values is None and link is not None:
        values = {name: getattr(link, name, "") for name in form.model_fields}
    elif values is None:
        values = {"mapping": USUAL[kind]}
    return await show(
        request,
        "console/feeds/form.html",
        status=error.status if error else 200,
        link=link,
        kind=kind,
        kind_name=KINDS[kind],
        error=error,
        controls=sorted(
            forms.controls(
                form,
                values,
                error.details if error else (),
                {"mapping": formats.offered(kind, link.mapping if link else "")},
            ),
            key=lambda control: ORDER.get(control.name, 1),
        ),
    )


@routes.get("/operate/feeds/new")
async def new(request: web.Request) -> web.Response:
    """The drawer of a new link: first of which kind, then what is said of it."""
    permit(request, Permission.MACHINE_OPERATE)
    kind = request.query.get("kind", "")
    if kind in KINDS:
        return await _form(request, kind, None)
    return await show(
        request,
        "console/feeds/kinds.html",
        kinds=[(key, name, *CHOICES[key]) for key, name in KINDS.items()],
    )


@routes.get("/operate/feeds/{id:\\d+}/edit")
async def edit(request: web.Request) -> web.Response:
    """The drawer in which a link is changed."""
    permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    return await _form(request, link.kind, link)


@routes.post("/operate/feeds/new")
async def make(request: web.Request) -> web.Response:
    """Make a link."""
    kind = request.query.get("kind", "hl7")
    if kind not in KINDS:
        raise NotFound("没有这种接入方式")
    return await _save(request, kind, None)


@routes.post("/operate/feeds/{id:\\d+}/edit")
async def change(request: web.Request) -> web.Response:
    """Change a link."""
    permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    return await _save(request, link.kind, link)


async def _save(request: web.Request, kind: str, link: Link | None) -> web.Response:
    actor = permit(request, Permission.MACHINE_OPERATE)
    given = await forms.posted(request, FORMS[kind])
    try:
        form = forms.parse(FORMS[kind], given)
        number_ = await links.save(link.id if link else None, form, by=actor, kind=kind)
    except Invalid as error:
        return await _form(request, kind, link, given, error)
    return go(request, f"/operate/feeds/{number_}", "链路已保存，数秒内生效")


@routes.get("/operate/feeds/{id:\\d+}")
async def page(request: web.Request) -> web.Response:
    """One link: its figures and its messages in one state."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    standing = next(one for one in await watching.standing() if one.link.id == link.id)
    state = request.query.get("state", "parked" if standing.parked else "")
    if state not in ("", *store.STATES):
        raise NotFound("没有这种状态")
    before = number(request.query.get("before", ""))
    rows = await store.listed(link.id, state, by=actor, before=before, limit=PAGE + 1)
    return await show(
        request,
        "console/feeds/page.html",
        link=link,
        kinds=KINDS,
        pushed=pushed_to(request, link),
        tokens=await tokens.listed(link.id),
        marks=[(name, _mark(mark)) for name, mark in sorted(link.mark.items())],
        standing=standing,
        secured=secured(link),
        unknown=await codes.listed(link.id),
        chosen=await codes.chosen(link.id),
        names=await unknown_units.of_link(link.id),
        health=HEALTH,
        state=state,
        states=store.STATES,
        tones=TONES,
        rows=rows[:PAGE],
        before=rows[PAGE - 1].id if len(rows) > PAGE else None,
    )


def _mark(text: str) -> str:
    """How far a link was fetched, as a person reads it."""
    sort, _, value = text.partition(":")
    if sort == "t":  # the other side's own wall clock
        return value.replace("T", " ")
    if sort in ("d", "i", "s", "b"):
        return value
    return f"{clock.local(datetime.fromisoformat(text)):%Y-%m-%d %H:%M:%S}"
