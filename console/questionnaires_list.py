"""Questionnaires as they are kept: the list, new ones (empty, from a template, from a file), versions, in and out of use.

The designer is in questionnaires_designer.py.
"""

import tempfile
from pathlib import Path
from typing import Any

from aiohttp import web

from console.page import go, number, permit, show
from core.actor import Actor, Permission
from core.downloads import attachment
from core.errors import Fault, Invalid, NotFound
from staff import queries as staff
from surveys import shipped
from surveys.definition import Definition
from surveys.dimensions import DIMENSIONS
from surveys.exchange import FORMATS, Format, excel, exported, imported
from surveys.questionnaires import actions, queries, reviewing
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Version
from surveys.reading import MOST_BYTES
from surveys.responses.knowing import nothing
from surveys.sheet import sheet
from tickets.sheets.limits import SheetError
from tickets.sheets.reader import open_sheet

routes = web.RouteTableDef()
PAGE = "/settings/questionnaires"
WORKERS = (Permission.SURVEY_DESIGN, Permission.SURVEY_REVIEW, Permission.SURVEY_READ)


def id_of(request: web.Request, name: str = "id") -> int:
    """The number in the address.

    Raises:
        NotFound: it is none.
    """
    found = number(request.match_info[name])
    if found is None:
        raise NotFound("没有这份问卷")
    return found


# --- the list -------------------------------------------------------------------------------------


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """All that one may see, by kind and words of the title."""
    return await _list(request, permit(request, *WORKERS))


async def _list(request: web.Request, actor: Actor, error: Invalid | None = None) -> web.Response:
    asked = request.query.get("kind", "")
    kind = Kind(asked) if asked in list(Kind) else None
    found = await queries.listed(actor, kind=kind, words=request.query.get("q", "")[:100])
    tree = await staff.tree()
    return await show(
        request,
        "console/questionnaires/list.html",
        status=error.status if error else 200,
        found=found,
        labels={one.unit_id: tree.label(one.unit_id) for one in found if one.unit_id is not None},
        kinds=list(Kind),
        kind=kind,
        units=_units(tree, actor),
        whole=actor.can(Permission.SURVEY_DESIGN, "/"),
        may_design=actor.can(Permission.SURVEY_DESIGN),
        templates=shipped.templates(),
        formats=FORMATS,
        error=error,
    )


def _units(tree: Any, actor: Actor) -> list[tuple[int, str]]:
    """Whose questionnaires somebody may make: campuses and departments within their reach."""
    return [
        (unit.id, tree.label(unit.id))
        for unit in tree.below()
        if unit.kind in {"campus", "clinic", "department"} and actor.can(Permission.SURVEY_DESIGN, unit.path)
    ]


@routes.post(PAGE)
async def made(request: web.Request) -> web.Response:
    """A new draft: empty, from a template, or from a file."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    data = await request.post()
    try:
        kind, definition = _asked_for(data)
        unit = str(data.get("unit", ""))
        unit_id = number(unit) if unit else None
        if unit and (unit_id is None or unit_id not in dict(_units(await staff.tree(), actor))):
            raise Invalid(
                "请选择科室", details=[Fault(field="unit", label="所属科室", reason="没有这个科室")]
            )
    except Invalid as error:
        return await _list(request, actor, error)
    made_one = await actions.create(kind, definition, unit_id=unit_id, by=actor)
    return go(request, f"{PAGE}/{made_one.id}", "已新建，这是草稿，审核发布后才能填写")


def _asked_for(data: Any) -> tuple[Kind, Definition]:
    file, template = data.get("file"), str(data.get("template", ""))
    if template:
        return shipped.definition(template)
    asked = str(data.get("kind", ""))
    if asked not in list(Kind):
        raise Invalid("请选择问卷类型", details=[Fault(field="kind", label="问卷类型", reason="没有选择")])
    kind = Kind(asked)
    if isinstance(file, web.FileField) and file.filename:
        return kind, imported(file.filename, file.file.read(MOST_BYTES + 1), _sheet)
    return kind, Definition(title=f"{kind.words}问卷")


def _sheet(data: bytes) -> excel.Rows:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sheet"
        path.write_bytes(data)
        try:
            opened = open_sheet(path, filename="问卷.xlsx")
            return [(row.number, row.cells) for row in opened.rows()]
        except SheetError as error:
            raise Invalid(
                "Excel 文件不能导入", details=[Fault(field="file", label="文件", reason=str(error))]
            ) from None


@routes.get(PAGE + "/example")
async def example(request: web.Request) -> web.Response:
    """A sheet to be filled in by hand: a template of ours as it is written."""
    permit(request, Permission.SURVEY_DESIGN)
    kind, definition = shipped.definition("outpatient")
    file = exported(definition, kind, Format.EXCEL)
    return attachment("问卷导入样表.xlsx", file.data, file.mime)


@routes.post(PAGE + "/{id:\\d+}/copy")
async def copied(request: web.Request) -> web.Response:
    """The same draft as another questionnaire."""
    actor = permit(request, Permission.SURVEY_DESIGN)
    await queries.questionnaire(id_of(request), actor)
    found = await actions.copy(id_of(request), by=actor)
    return go(request, f"{PAGE}/{found.id}", "已复制，这是副本的草稿")


@routes.post(PAGE + "/{id:\\d+}/retire")
async def retired(request: web.Request) -> web.Response:
    """Out of use."""
    actor = permit(request, Permission.SURVEY_REVIEW)
    found = await queries.questionnaire(id_of(request), actor)
    await reviewing.retire(found.id, by=actor)
    return go(
        request, f"{PAGE}/{found.id}/versions", f"《{found.title}》已停用，不能再填写；已填的答卷不受影响"
    )


# --- versions -------------------------------------------------------------------------------------


@routes.get(PAGE + "/{id:\\d+}/versions")
async def versions(request: web.Request) -> web.Response:
    """The versions of one, and what became of each review."""
    actor = permit(request, *WORKERS)
    found = await queries.questionnaire(id_of(request), actor)
    return await show(
        request,
        "console/questionnaires/versions.html",
        one=found,
        versions=await queries.versions(found.id),
        reviews=await queries.reviews(found.id),
        may_enforce=actor.can(Permission.SURVEY_REVIEW),
        formats=FORMATS,
    )


async def _version(request: web.Request, actor: Actor) -> Version:
    found = await queries.version(id_of(request, "version"))
    await queries.questionnaire(found.questionnaire_id, actor)
    return found


@routes.get(PAGE + "/versions/{version:\\d+}")
async def version_page(request: web.Request) -> web.Response:
    """A version as it is filled in; `?language=en` in another language."""
    actor = permit(request, *WORKERS)
    found = await _version(request, actor)
    language = request.query.get("language", "")
    return await show(
        request,
        "console/questionnaires/version.html",
        version=found,
        language=language if language in found.definition.languages else "",
        sheet=sheet(found.spoken(language), found.conditions, facts=nothing()),
        in_force=(await queries.by_id(found.questionnaire_id)).version_id == found.id,
        dimensions=DIMENSIONS,
        formats=FORMATS,
    )


@routes.get(PAGE + "/versions/{version:\\d+}/export")
async def version_exported(request: web.Request) -> web.Response:
    """A version as a file; `?format=` own, fhir or xlsx."""
    found = await _version(request, permit(request, *WORKERS))
    return file_answer(request, found.definition, found.kind)


@routes.get(PAGE + "/{id:\\d+}/export")
async def draft_exported(request: web.Request) -> web.Response:
    """The draft as a file."""
    found = await queries.questionnaire(id_of(request), permit(request, *WORKERS))
    return file_answer(request, found.draft, found.kind)


def file_answer(request: web.Request, definition: Definition, kind: Kind) -> web.Response:
    """The file of a definition in the format that is asked for."""
    asked = request.query.get("format", Format.OWN)
    if asked not in list(Format):
        raise NotFound("没有这种导出格式")
    file = exported(definition, kind, Format(asked))
    return attachment(file.name, file.data, file.mime)


@routes.post(PAGE + "/versions/{version:\\d+}/enforce")
async def enforced(request: web.Request) -> web.Response:
    """Into use again."""
    actor = permit(request, Permission.SURVEY_REVIEW)
    found = await _version(request, actor)
    await reviewing.enforce(found.id, by=actor)
    return go(
        request,
        f"{PAGE}/{found.questionnaire_id}/versions",
        f"现在填写《{found.definition.title}》第 {found.number} 版",
    )
