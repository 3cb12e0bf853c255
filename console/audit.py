"""The pages of the auditor: the log searched and taken out, the chain proven, archived months proven and fetched back.

Whoever may not read the log may do nothing here; nothing here changes a line.
"""

from typing import Any

from aiohttp import web

from console import audit_reading, audit_sheet
from console.audit_reading import FILTERS, PAGE
from console.audit_words import DOORS, GROUPS, RESULTS, SUBJECTS, action_words
from console.page import go, number, page_query, permit, show
from core import audit_archive, audit_keeping, audit_rights, parameters
from core.actor import Permission
from core.audit_archive import month_of
from core.downloads import attachment
from core.errors import Invalid, NotFound

routes = web.RouteTableDef()
PATH = "/audit"
ACTS = {"prove": audit_keeping.PROVE, "restore": audit_keeping.RESTORE}


@routes.get(PATH)
async def page(request: web.Request) -> web.Response:
    """The log with its filters."""
    actor = permit(request, Permission.AUDIT_READ)
    filters = page_query(request.query, FILTERS)
    try:
        wanted = audit_reading.read(filters)
        before = number(request.query.get("before", ""))
        rows = await audit_reading.lines(wanted, before, PAGE + 1, by=actor)
    except Invalid as error:
        return await _shown(request, filters, [], error)
    return await _shown(request, filters, rows, None)


async def _shown(
    request: web.Request, filters: dict[str, str], rows: list[audit_reading.Line], error: Invalid | None
) -> web.Response:
    what = filters.get("what", "")
    return await show(
        request,
        "console/audit.html",
        status=error.status if error else 200,
        filters=filters,
        faults={fault.field: fault.reason for fault in error.details} if error else {},
        error=error,
        rows=rows[:PAGE],
        before=rows[PAGE - 1].id if len(rows) > PAGE else None,
        groups=GROUPS,
        doors=DOORS,
        results=RESULTS,
        subjects=SUBJECTS,
        exact=action_words(what) if what and what not in GROUPS else "",
        last=next(iter(await audit_keeping.latest(1, audit_keeping.CHAIN)), None),
    )


@routes.get(PATH + "/sheet")
async def taken_out(request: web.Request) -> web.StreamResponse:
    """The lines of a search as an Excel sheet."""
    actor = permit(request, Permission.AUDIT_READ)
    filters = page_query(request.query, FILTERS)
    try:
        name, data = await audit_sheet.sheet(audit_reading.read(filters), by=actor)
    except Invalid as error:
        return await _shown(request, filters, [], error)
    return attachment(name, data)


@routes.post(PATH + "/verify")
async def verify(request: web.Request) -> web.Response:
    """Prove the chain; that it was asked for is itself a line of the log."""
    actor = permit(request, Permission.AUDIT_READ)
    return await _check(request, await audit_keeping.ask(actor))


@routes.get(PATH + "/checks/{id:\\d+}")
async def check(request: web.Request) -> web.Response:
    """How far a proof is; asked for every second until it has ended."""
    permit(request, Permission.AUDIT_READ)
    found = number(request.match_info["id"])
    if found is None:
        raise NotFound
    return await _check(request, found)


async def _check(request: web.Request, check_id: int) -> web.Response:
    found = await audit_keeping.find(check_id)
    if found is None:
        raise NotFound
    over = found.ended_at is not None or bool(found.broken)
    return await show(request, "console/audit_check.html", check=found, over=over)


@routes.get(PATH + "/archives")
async def archives(request: web.Request) -> web.Response:
    """Months kept as files, how long the table keeps the log, who could alter it, and the last proofs."""
    permit(request, Permission.AUDIT_READ)
    more: dict[str, Any] = {
        "archives": await audit_archive.archives(),
        "checks": await audit_keeping.latest(12),
        "days": await parameters.number(audit_keeping.KEEP_DAYS),
        "law": audit_keeping.LAW,
        "rights": await audit_rights.standing(),
        "waiting": await audit_keeping.old_months(),
    }
    return await show(request, "console/audit_archives.html", **more)


@routes.post(PATH + "/archives/{month:\\d{4}-\\d{2}}/{act:prove|restore|forget}")
async def act(request: web.Request) -> web.Response:
    """Prove an archive, fetch a copy of it back for reading, or throw that copy away."""
    actor = permit(request, Permission.AUDIT_READ)
    month, what = month_of(request.match_info["month"]), request.match_info["act"]
    if what == "forget":
        await audit_keeping.forget(month, by=actor)
        return go(request, f"{PATH}/archives", "已清除调阅副本，归档文件不受影响")
    return await _check(request, await audit_keeping.ask_archive(ACTS[what], month, actor))
