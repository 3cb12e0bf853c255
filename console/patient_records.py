"""The records of a patient beside the file: a visit whole, a report, a document; as drawers and on paper; visits corrected.

Words of other systems are shown as words: nothing in them is ever taken for a page. Decides nothing about access.
"""

from typing import Any

from aiohttp import web
from pydantic import Field

from console import forms
from console.case_page import wanted
from console.page import go, is_part, number, permit, show
from core.actions import Form
from core.actor import Permission
from core.errors import Invalid, NotFound, Refused
from patients import records, records_correcting, records_versions
from patients.records_correcting import LABELS
from patients.rows import KIND_LABELS
from patients.search import DISPOSITIONS
from staff import queries as staff

routes = web.RouteTableDef()
VISIT = "/patients/{id:\\d+}/visits/{visit:\\d+}"


class VisitForm(Form):
    """What a field of a visit should say."""

    value: str = Field(default="", max_length=500, title="正确的内容")


def _which(request: web.Request, name: str) -> int:
    found = number(request.match_info[name])
    if found is None:
        raise NotFound("没有这份资料，或您无权查看")
    return found


@routes.get(VISIT)
async def visit(request: web.Request) -> web.Response:
    """A visit with everything that belongs to it, in the drawer; as a page of its own when opened by itself."""
    actor = permit(request, Permission.PATIENT_READ)
    found = await records.visit(_which(request, "visit"), actor)
    return await show(
        request,
        "console/patients/visit_drawer.html" if is_part(request) else "console/patients/visit_page.html",
        visit=found,
        corrected=await records_correcting.listed(found.id),
        labels=LABELS,
        may_keep=actor.can(Permission.PATIENT_MAINTAIN),
    )


@routes.get("/patients/{id:\\d+}/reports/{report:\\d+}")
async def report(request: web.Request) -> web.Response:
    """A report with its results; a sheet of paper when opened by itself."""
    actor = permit(request, Permission.PATIENT_READ)
    found = await records.report(_which(request, "report"), actor)
    template = (
        "console/patients/report_drawer.html" if is_part(request) else "console/patients/report_page.html"
    )
    return await show(
        request,
        template,
        found=found,
        report=found.report,
        earlier=await records_versions.earlier(found.number),
        states=records.REPORT_STATES,
        patient_id=wanted(request),
    )


@routes.get("/patients/{id:\\d+}/documents/{document:\\d+}")
async def document(request: web.Request) -> web.Response:
    """A document of the record; a sheet of paper when opened by itself."""
    actor = permit(request, Permission.PATIENT_READ)
    found = await records.document(_which(request, "document"), actor)
    template = (
        "console/patients/document_drawer.html" if is_part(request) else "console/patients/document_page.html"
    )
    return await show(request, template, document=found, patient_id=wanted(request))


async def _control(field: str, value: str, fault: str = "") -> forms.Control:
    """The control that fits the field."""
    tree = await staff.tree()
    options: dict[str, list[tuple[str, str]]] = {
        "kind": [(kind.value, label) for kind, label in KIND_LABELS.items()],
        "disposition": list(DISPOSITIONS.items()),
        "unit_id": [
            (str(unit.id), tree.label(unit.id))
            for unit in tree.below()
            if unit.kind in ("department", "ward")
        ],
        "ward_id": [(str(unit.id), tree.label(unit.id)) for unit in tree.below() if unit.kind == "ward"],
    }
    widget = "choice" if field in options else ("text" if field.endswith("diagnosis") else "line")
    return forms.Control(
        "value",
        LABELS[field],
        widget,
        "此后医院系统不会再覆盖这一项",
        value=value,
        options=tuple(options.get(field, ())),
        fault=fault,
        longest=500,
    )


async def _drawer(
    request: web.Request, field: str, value: str, error: Invalid | Refused | None = None
) -> web.Response:
    fault = error.details[0].reason if error is not None and error.details else ""
    path = f"/patients/{wanted(request)}/visits/{_which(request, 'visit')}/correct/{field}"
    context: dict[str, Any] = {
        "title": f"更正{LABELS[field]}",
        "note": "更正后以人工为准，可随时撤销",
        "path": path,
        "error": error,
        "controls": [await _control(field, value, fault)],
    }
    return await show(request, "console/patients/do.html", status=error.status if error else 200, **context)


def _field(request: web.Request) -> str:
    field = request.match_info["field"]
    if field not in LABELS:
        raise NotFound("没有这一项")
    return field


@routes.get(VISIT + "/correct/{field:[a-z_]+}")
async def asked(request: web.Request) -> web.Response:
    """The drawer that asks what the field should say."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    field = _field(request)
    value = await records_correcting.present(_which(request, "visit"), field, actor)
    return await _drawer(request, field, value)


@routes.post(VISIT + "/correct/{field:[a-z_]+}")
async def corrected(request: web.Request) -> web.Response:
    """Correct it."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    field = _field(request)
    given = await forms.posted(request, VisitForm)
    try:
        value = forms.parse(VisitForm, given).value
        await records_correcting.correct(_which(request, "visit"), field, value, by=actor)
    except (Invalid, Refused) as error:
        return await _drawer(request, field, str(given.get("value", "")), error)
    return go(request, f"/patients/{wanted(request)}?tab=visits", f"已更正：{LABELS[field]}")


@routes.post(VISIT + "/uncorrect/{field:[a-z_]+}")
async def uncorrected(request: web.Request) -> web.Response:
    """Let the systems' word count again."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    field = _field(request)
    await records_correcting.uncorrect(_which(request, "visit"), field, by=actor)
    return go(
        request, f"/patients/{wanted(request)}?tab=visits", f"已撤销更正：{LABELS[field]}，恢复以医院系统为准"
    )
