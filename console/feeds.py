"""The links to the hospital's own systems: how each is, its messages, what is parked and why; repaired and replayed here.

Shows and asks; `patients.feeds` does, and writes the audit lines.
"""

from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

from console import forms
from console.case_page import wanted
from console.feeds_doors import CHOICES, pushed_to
from console.page import go, number, permit, show
from core import clock
from core.actor import Permission
from core.errors import HuiyinError, Invalid, NotFound
from patients.feeds import formats, keeping, links, mapping, store, tokens, watching
from patients.feeds.kinds import FORMS, KINDS
from patients.feeds.links import Link

routes = web.RouteTableDef()
PAGE = 50
HEALTH = {
    "good": ("正常", "good"),
    "troubled": ("有搁置", "soon"),
    "late": ("积压", "late"),
    "silent": ("静默", "late"),
    "off": ("已停用", "wait"),
}
USUAL = {"hl7": "hl7", "fhir": "fhir", "json": "json", "soap": "soap", "sql": "visits_view"}
ORDER = {
    "name": 0,
    "mapping": 0,
    "domain": 2,
    "silent_minutes": 2,
    "active": 3,
}  # what is of the kind stands between
TONES = {"due": "todo", "done": "done", "parked": "late", "dropped": "wait"}


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
        health=HEALTH,
        state=state,
        states=store.STATES,
        tones=TONES,
        rows=rows[:PAGE],
        before=rows[PAGE - 1].id if len(rows) > PAGE else None,
    )


async def _message(
    request: web.Request, *, text: str | None = None, error: HuiyinError | None = None
) -> web.Response:
    actor = permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    found = await store.message(_number(request), link.charset, by=actor)
    if found.link_id != link.id:
        raise NotFound("没有这条消息")
    shown = text if text is not None else _pretty(link, found.text.rstrip("\n"))
    bad = _bad(link, found.fault_at)
    return await show(
        request,
        "console/feeds/message.html",
        status=error.status if error else 200,
        link=link,
        row=found,
        text=shown,
        lines=[(line, bool(bad) and line.lstrip().startswith(bad)) for line in shown.split("\n")],
        states=store.STATES,
        tones=TONES,
        error=error,
        faults={fault.field: fault.reason for fault in error.details} if error else {},
    )


def _mark(text: str) -> str:
    """How far a link was fetched, as a person reads it."""
    sort, _, value = text.partition(":")
    if sort == "t":  # the other side's own wall clock
        return value.replace("T", " ")
    if sort in ("d", "i", "s", "b"):
        return value
    return f"{clock.local(datetime.fromisoformat(text)):%Y-%m-%d %H:%M:%S}"


def _pretty(link: Link, text: str) -> str:
    """A message as a person reads it."""
    if link.kind == "hl7":
        return text
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return text


def _bad(link: Link, fault_at: str) -> str:
    """With what the lines begin where the fault is."""
    if link.kind == "hl7":
        return fault_at.split("-", maxsplit=1)[0].split("[", maxsplit=1)[0].split(" ", maxsplit=1)[0]
    field = fault_at.split(" ", maxsplit=1)[0].rsplit(".", 1)[-1].split("[", maxsplit=1)[0]
    return f'"{field}":' if field else ""


def _number(request: web.Request) -> int:
    found = number(request.match_info["message"])
    if found is None:
        raise NotFound("没有这条消息")
    return found


@routes.get("/operate/feeds/{id:\\d+}/messages/{message:\\d+}")
async def message(request: web.Request) -> web.Response:
    """The drawer of one message; that it was looked at is in the audit log."""
    return await _message(request)


@routes.post("/operate/feeds/{id:\\d+}/messages/{message:\\d+}/{what:replay|repair|drop}")
async def act(request: web.Request) -> web.Response:
    """Replay a parked message, as it is or mended, or give it up."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link, message_id, what = await links.link(wanted(request)), _number(request), request.match_info["what"]
    data = await request.post()
    text = str(data.get("text", ""))
    try:
        if what == "drop":
            await store.drop(message_id, str(data.get("reason", "")), by=actor)
            said = "已放弃，消息保留备查"
        elif what == "repair":
            await store.replay(message_id, by=actor, text=text, charset=link.charset)
            said = "内容已修改，正在重新处理"
        else:
            await store.replay(message_id, by=actor)
            said = "正在重新处理"
    except NotFound:
        raise
    except HuiyinError as error:
        return await _message(request, text=text if what == "repair" else None, error=error)
    return go(request, f"/operate/feeds/{link.id}", said)


@routes.post("/operate/feeds/{id:\\d+}/replay")
async def replay_all(request: web.Request) -> web.Response:
    """Replay everything that is parked, after a mapping or the names of departments were mended."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    count = await store.replay_all(link.id, by=actor)
    return go(request, f"/operate/feeds/{link.id}", f"正在重新处理 {count} 条消息")
