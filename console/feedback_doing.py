"""Drawers of feedback that need more than a form's own controls: classes with their second axis, and the risk flags.

Every other verb of feedback is filled in where all verbs are (`case_doing`). Also hands out files of records.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from aiohttp import web

from console import forms
from console.case_page import done, wanted
from console.looks import refuse_without_pass
from console.page import permit, show
from core import db, dictionaries, storage
from core.actions import REGISTER
from core.actor import Actor
from core.downloads import kept_file
from core.errors import Fault, Invalid, NotFound, Refused
from tickets.dictionaries import TAG
from tickets.feedback import categories, queries
from tickets.feedback.forms import ClassifyForm, RiskForm
from tickets.feedback.words import HARM, HCAT_DOMAINS, HCAT_GRADES, HCAT_LABELS, Risk, Severity, Stage
from tickets.models import Case
from tickets.queries import access, choices

routes = web.RouteTableDef()
MAIN = "main"


async def _open(request: web.Request, actor: Actor, verb: str) -> Case:
    case = await access.case(wanted(request), actor)
    if verb not in {entry.verb for entry in await choices.of_case(case, actor)}:
        raise Refused("现在不能进行此操作，页面可能已过期，请刷新")
    return case


@routes.get("/cases/{id:\\d+}/do/classify")
async def classifying(request: web.Request) -> web.Response:
    """The drawer of categories, severity, tags and HCAT, as they stand."""
    case = await _open(request, permit(request), "classify")
    return await _classes(request, case, await _standing(case), ())


async def _standing(case: Case) -> dict[str, Any]:
    """What was set before, as the drawer's controls take it."""
    chosen = await db.fetch(
        "select category_id, main from case_category where case_id = $1 order by main desc, category_id",
        case.id,
    )
    marks = await db.fetch("select category, severity from case_hcat where case_id = $1", case.id)
    row = await db.fetchrow("select stage, harm from feedback where case_id = $1", case.id)
    values: dict[str, Any] = {entry["category"]: str(entry["severity"]) for entry in marks}
    values[MAIN] = next((str(entry["category_id"]) for entry in chosen if entry["main"]), "")
    values["categories"] = [str(entry["category_id"]) for entry in chosen if not entry["main"]]
    values["severity"], values["tags"] = case.severity, list(case.tags)
    if row is not None:
        values["stage"] = row["stage"]
        values["harm"] = "" if row["harm"] is None else str(row["harm"])
    return values


async def _classes(
    request: web.Request, case: Case, values: Mapping[str, Any], faults: Sequence[Fault], status: int = 200
) -> web.Response:
    return await show(
        request,
        "console/feedback/classify.html",
        status=status,
        case=case,
        values=values,
        faults={fault.field: fault.reason for fault in faults},
        categories=[(str(one.id), one.path.replace("->", " · ")) for one in await categories.open_ones()],
        tags=await dictionaries.labels(TAG.name),
        severities=[str(one) for one in Severity],
        domains=[(name, [(c.value, HCAT_LABELS[c]) for c in known]) for name, known in HCAT_DOMAINS.items()],
        grades=list(enumerate(HCAT_GRADES)),
        stages=[str(stage) for stage in Stage],
        harms=list(enumerate(HARM)),
    )


@routes.post("/cases/{id:\\d+}/do/classify")
async def classified(request: web.Request) -> web.Response:
    """Set them as the drawer shows them: what is not ticked there is taken away."""
    actor = permit(request)
    case = await access.case(wanted(request), actor)
    data = await request.post()
    values: dict[str, Any] = {name: str(data[name]) for name in data if isinstance(data[name], str)}
    values["tags"] = [str(value) for value in data.getall("tags", []) if value]
    others = [str(value) for value in data.getall("categories", []) if value]
    given = {name: value for name, value in values.items() if name in ClassifyForm.model_fields and value}
    given["tags"] = values["tags"]
    given["categories"] = list(dict.fromkeys(filter(None, [values.get(MAIN, ""), *others])))
    values["categories"] = others
    action = REGISTER["case.classify"]
    try:
        await action.run(case.id, forms.parse(ClassifyForm, given), by=actor)
    except Invalid as error:
        return await _classes(request, case, values, error.details, error.status)
    return await done(request, case.id, action.said.format(number=case.number))


@routes.get("/cases/{id:\\d+}/do/flag_risk")
async def flagging(request: web.Request) -> web.Response:
    """The drawer of risks, those that stand ticked already."""
    case = await _open(request, permit(request), "flag_risk")
    known = [risk for risk in case.risks if risk in set(Risk)]
    return await _risks(request, case, {"risks": known})


async def _risks(
    request: web.Request, case: Case, values: Mapping[str, Any], error: Invalid | None = None
) -> web.Response:
    return await show(
        request,
        "console/cases/do.html",
        status=error.status if error else 200,
        action=REGISTER["case.flag_risk"],
        case=case,
        label=case.number,
        path=f"/cases/{case.id}",
        controls=forms.controls(RiskForm, values, error.details if error else ()),
        leads=(),
        lead="",
        previews=False,
        loose=[],
        error="",
    )


@routes.post("/cases/{id:\\d+}/do/flag_risk")
async def flagged(request: web.Request) -> web.Response:
    """Set the flags as they are ticked."""
    actor = permit(request)
    case = await access.case(wanted(request), actor)
    given = await forms.posted(request, RiskForm, by=actor)
    action = REGISTER["case.flag_risk"]
    try:
        await action.run(case.id, forms.parse(RiskForm, given), by=actor)
    except Invalid as error:
        return await _risks(request, case, given, error)
    return await done(request, case.id, action.said.format(number=case.number))


@routes.get("/cases/{id:\\d+}/feedback/files/{file}")
async def file(request: web.Request) -> web.Response:
    """A file of a record, to those who see the record."""
    try:
        file_id = UUID(request.match_info["file"])
    except ValueError:
        raise NotFound from None
    actor = permit(request)
    found = await queries.file(wanted(request), file_id, actor)
    if found is None:
        raise NotFound("没有这个文件，或您无权查看")
    case = await access.case(wanted(request), actor)
    refuse_without_pass(request, case, file_id, actor)
    cache = "no-store" if case.secret else "private, max-age=3600"
    return kept_file(found.name, await storage.read(found), found.mime, in_place=False, cache=cache)
