"""Forms of feedback kinds as an administrator keeps them: the list with versions, the designer and what it asks for.

What it shares with the designer of questionnaires is in form_designer_shared.py.
"""

from aiohttp import web

from console.form_designer_shared import previewed, sent, start
from console.page import go, number, permit, show
from core.actor import Permission
from core.downloads import attachment
from core.errors import Invalid, NotFound
from core.web import json_answer
from surveys.definition import Definition
from surveys.reading import MOST_BYTES, definition_of, from_file, to_file
from surveys.sheet import sheet
from tickets.forms import actions, queries
from tickets.forms.answers import today
from tickets.forms.kinds import FormKind

routes = web.RouteTableDef()
PAGE = "/settings/forms"


def _id(request: web.Request, name: str = "id") -> int:
    found = number(request.match_info[name])
    if found is None:
        raise NotFound("没有这个表单")
    return found


def _kind(text: str) -> FormKind:
    try:
        return FormKind(text)
    except ValueError:
        raise Invalid("请选择表单用于哪一类反馈") from None


# --- the list -------------------------------------------------------------------------------------


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """Each kind with its forms and their versions."""
    permit(request, Permission.FORM_MANAGE)
    return await _list(request)


async def _list(request: web.Request, error: Invalid | None = None) -> web.Response:
    forms = await queries.forms()
    return await show(
        request,
        "console/form_designer/list.html",
        status=error.status if error else 200,
        kinds=[
            (kind, [(form, await queries.versions(form.id)) for form in forms if form.kind is kind])
            for kind in FormKind
        ],
        error=error,
    )


@routes.post(PAGE)
async def made(request: web.Request) -> web.Response:
    """A new, empty form, or one from a file."""
    actor = permit(request, Permission.FORM_MANAGE)
    data = await request.post()
    file = data.get("file")
    try:
        kind = _kind(str(data.get("kind", "")))
        if isinstance(file, web.FileField) and file.filename:
            definition = from_file(file.file.read(MOST_BYTES + 1))
        else:
            definition = Definition(title=f"{kind}补充信息")
    except Invalid as error:
        return await _list(request, error)
    form = await actions.create(kind, definition, by=actor)
    return go(request, f"{PAGE}/{form.id}")


@routes.post(PAGE + "/{id:\\d+}/copy")
async def copied(request: web.Request) -> web.Response:
    """The same draft as another form."""
    actor = permit(request, Permission.FORM_MANAGE)
    kind = _kind(str((await request.post()).get("kind", "")))
    form = await actions.copy(_id(request), kind, by=actor)
    return go(request, f"{PAGE}/{form.id}", "已复制，这是副本的草稿")


@routes.post(PAGE + "/{id:\\d+}/disable")
async def disabled(request: web.Request) -> web.Response:
    """Out of force."""
    actor = permit(request, Permission.FORM_MANAGE)
    form = await actions.disable(_id(request), by=actor)
    return go(request, PAGE, f"{form.kind}表单已停用，登记{form.kind}时不再询问补充信息")


@routes.post(PAGE + "/versions/{version:\\d+}/enforce")
async def enforced(request: web.Request) -> web.Response:
    """Into force again."""
    actor = permit(request, Permission.FORM_MANAGE)
    version = await actions.enforce(_id(request, "version"), by=actor)
    return go(request, PAGE, f"{version.kind}已改用《{version.definition.title}》第 {version.number} 版")


@routes.get(PAGE + "/versions/{version:\\d+}")
async def version_page(request: web.Request) -> web.Response:
    """A version as it is filled in."""
    permit(request, Permission.FORM_MANAGE)
    version = await queries.version(_id(request, "version"))
    return await show(
        request,
        "console/form_designer/version.html",
        version=version,
        sheet=sheet(version.definition, version.conditions, facts=today()),
    )


@routes.get(PAGE + "/versions/{version:\\d+}/export")
async def version_exported(request: web.Request) -> web.Response:
    """A version as a file."""
    permit(request, Permission.FORM_MANAGE)
    version = await queries.version(_id(request, "version"))
    return _file(version.definition, version.kind)


@routes.get(PAGE + "/{id:\\d+}/export")
async def exported(request: web.Request) -> web.Response:
    """The draft as a file."""
    permit(request, Permission.FORM_MANAGE)
    form = await queries.form(_id(request))
    return _file(form.draft, form.kind)


def _file(definition: Definition, kind: str) -> web.Response:
    return attachment(f"{definition.title or kind}.json", to_file(definition, kind), "application/json")


# --- the designer ---------------------------------------------------------------------------------


@routes.get(PAGE + "/{id:\\d+}")
async def designer(request: web.Request) -> web.Response:
    """The page of scripts, with what it begins with."""
    permit(request, Permission.FORM_MANAGE)
    form = await queries.form(_id(request))
    return await show(
        request,
        "console/form_designer/page.html",
        form=form,
        versions=await queries.versions(form.id),
        start=start(form.draft, form.revision),
    )


@routes.post(PAGE + "/{id:\\d+}/preview")
async def preview(request: web.Request) -> web.Response:
    """How the draft would look, and what hinders publishing; nothing is saved."""
    permit(request, Permission.FORM_MANAGE)
    return previewed(request, await sent(request), today())


@routes.post(PAGE + "/{id:\\d+}/save")
async def saved(request: web.Request) -> web.Response:
    """Keep the draft."""
    actor = permit(request, Permission.FORM_MANAGE)
    draft = await sent(request)
    form = await actions.save(_id(request), definition_of(draft.draft), revision=draft.revision, by=actor)
    return json_answer({"revision": form.revision})


@routes.post(PAGE + "/{id:\\d+}/publish")
async def published(request: web.Request) -> web.Response:
    """Check the saved draft and put it into force."""
    actor = permit(request, Permission.FORM_MANAGE)
    draft = await sent(request)
    version = await actions.publish(_id(request), revision=draft.revision, note=draft.note, by=actor)
    return go(request, PAGE, f"{version.kind}表单第 {version.number} 版已发布，现在起使用这一版")
