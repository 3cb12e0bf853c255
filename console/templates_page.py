"""The hospital's Word templates: versions by kind, upload with its check, the variables, a trial fill with samples."""

from itertools import groupby

from aiohttp import web
from markupsafe import Markup
from pydantic import Field

from console import forms
from console.case_page import wanted
from console.page import go, permit, show
from core import storage
from core.actions import Form
from core.actor import Permission
from core.downloads import attachment
from core.errors import Fault, Invalid, NotFound
from tickets import templating
from tickets.word.fill import FillError
from tickets.word.package import TemplateError
from tickets.word.variables import GROUPS, Kind, ReportContext, catalogue

routes = web.RouteTableDef()
PAGE = "/settings/word"
FILE = "file"


class UploadForm(Form):
    """A template to take; its file comes beside it."""

    name: str = Field(
        default="",
        title="版本说明",
        description="如：2027 年新抬头；留空则用文件名",
        max_length=60,
        json_schema_extra={"widget": "line"},
    )


def _kind(request: web.Request) -> Kind:
    try:
        return Kind(request.match_info["kind"])
    except ValueError:
        raise NotFound("没有这种文书") from None


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """Each kind with its versions."""
    permit(request, Permission.TEMPLATE_MANAGE)
    return await show(
        request,
        "console/word/page.html",
        kinds=[(kind, await templating.versions(kind)) for kind in Kind],
    )


@routes.get(PAGE + "/{kind:[a-z_]+}/variables")
async def variables(request: web.Request) -> web.Response:
    """What a template of this kind may say, to be copied."""
    permit(request, Permission.TEMPLATE_MANAGE)
    kind = _kind(request)
    groups = [
        (name, str(ReportContext.model_fields[name].description), list(lines))
        for name, lines in groupby(catalogue(kind), key=lambda line: line.path.partition(".")[0])
    ]
    return await show(
        request, "console/word/variables.html", kind=kind, groups=groups, count=len(GROUPS[kind])
    )


@routes.get(PAGE + "/{kind:[a-z_]+}/upload")
async def choosing(request: web.Request) -> web.Response:
    """The drawer in which a file is chosen."""
    permit(request, Permission.TEMPLATE_MANAGE)
    return await _drawer(request)


async def _drawer(
    request: web.Request, given: dict[str, str] | None = None, error: Invalid | None = None
) -> web.Response:
    details = error.details if error else ()
    found = {
        label: list(faults)
        for label, faults in groupby(
            (fault for fault in details if fault.field == FILE), key=lambda fault: fault.label
        )
    }
    return await show(
        request,
        "console/word/upload.html",
        status=error.status if error else 200,
        kind=_kind(request),
        controls=forms.controls(UploadForm, given, details),
        message=error.message if error else "",
        found=found,
    )


@routes.post(PAGE + "/{kind:[a-z_]+}/upload")
async def uploaded(request: web.Request) -> web.Response:
    """Check the file and take it; what is unknown or missing is listed and nothing is kept."""
    actor = permit(request, Permission.TEMPLATE_MANAGE)
    kind, sent = _kind(request), (await request.post()).get(FILE)
    given = {"name": str((await request.post()).get("name", ""))}
    try:
        form = forms.parse(UploadForm, given)
        if not isinstance(sent, web.FileField) or not sent.filename:
            raise Invalid(
                "请选择文件", details=[Fault(field=FILE, label="文件", reason="请选择 Word 文件（.docx）")]
            )
        entry = await templating.upload(kind, form.name, sent.filename, sent.file.read(), by=actor)
    except Invalid as error:
        return await _drawer(request, given, error)
    return go(request, PAGE, f"{kind.label}模板第 {entry.version} 版已启用")


@routes.post(PAGE + "/{id:\\d+}/activate")
async def activated(request: web.Request) -> web.Response:
    """Put a version into use."""
    actor = permit(request, Permission.TEMPLATE_MANAGE)
    entry = await templating.activate(wanted(request), by=actor)
    return go(request, PAGE, f"{entry.kind.label}模板已换用第 {entry.version} 版")


@routes.get(PAGE + "/{id:\\d+}/file")
async def downloading(request: web.Request) -> web.Response:
    """The file of a version."""
    permit(request, Permission.TEMPLATE_MANAGE)
    file = await storage.find((await templating.version(wanted(request))).file_id)
    return attachment(file.name, await storage.read(file), file.mime)


@routes.get(PAGE + "/{id:\\d+}/try")
async def trying(request: web.Request) -> web.Response:
    """A version filled with sample data, as it would be read."""
    permit(request, Permission.TEMPLATE_MANAGE)
    entry = await templating.version(wanted(request))
    html, problem = "", ""
    try:
        html = await templating.tried(await templating.content(entry), entry.kind)
    except (FillError, TemplateError) as error:
        problem = str(error)
    return await show(
        request,
        "console/word/try.html",
        entry=entry,
        html=Markup(html),  # noqa: S704 - to_html lets nothing through but a list of plain elements
        problem=problem,
    )
