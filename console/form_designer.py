"""Forms of feedback kinds as an administrator keeps them: the list with versions, the designer and what it asks for.

The designer itself is a page of scripts (static/js/form_designer/); whatever it sends is read and judged here again.
"""

from typing import Any

import aiohttp_jinja2
import orjson
from aiohttp import hdrs, web
from pydantic import ValidationError

from console.page import go, number, permit, show
from core.actions import Form
from core.actor import Permission
from core.errors import Invalid, NotFound
from core.web import json_answer
from im.web import disposition
from surveys.checking import problems
from surveys.definition import Definition, conditions
from surveys.facts import FACTS
from surveys.questions import KINDS
from surveys.reading import MOST_BYTES, definition_of, from_file, to_file
from surveys.sheet import sheet
from tickets.forms import actions, queries
from tickets.forms.answers import today
from tickets.forms.kinds import FormKind

routes = web.RouteTableDef()
PAGE = "/settings/forms"


class Draft(Form):
    """What the designer sends: the draft, and the revision that was edited."""

    draft: Any = None
    revision: int = 0
    note: str = ""


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


async def _sent(request: web.Request) -> Draft:
    body = await request.read()
    if len(body) > MOST_BYTES:
        raise Invalid("表单太大，请减少题目或选项")
    try:
        return Draft.model_validate(orjson.loads(body))
    except (orjson.JSONDecodeError, ValidationError):
        raise Invalid("没有收到完整的表单，请刷新页面后再试") from None


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
    name = f"{definition.title or kind}.json"
    return web.Response(
        body=to_file(definition, kind),
        content_type="application/json",
        headers={hdrs.CONTENT_DISPOSITION: disposition(name, in_place=False)},
    )


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
        start={
            "draft": form.draft.model_dump(mode="json"),
            "revision": form.revision,
            "kinds": [_kind_told(name) for name in KINDS],
            "facts": [
                {"name": name, "label": fact.label, "type": fact.type, "options": fact.options}
                for name, fact in FACTS.items()
            ],
        },
    )


def _kind_told(name: str) -> dict[str, Any]:
    kind = KINDS[name]
    fresh = kind.new("new").model_dump(mode="json")
    return {"kind": name, "label": kind.label, "icon": kind.icon, "shape": kind.shape, "fresh": fresh}


@routes.post(PAGE + "/{id:\\d+}/preview")
async def previewed(request: web.Request) -> web.Response:
    """How the draft would look, and what hinders publishing; nothing is saved."""
    permit(request, Permission.FORM_MANAGE)
    definition = definition_of((await _sent(request)).draft)
    found = problems(definition)
    sound = not any(problem.place.startswith(("show_if", "jumps")) for problem in found)
    drawn = sheet(definition, conditions(definition) if sound else {}, facts=today())
    html = aiohttp_jinja2.render_string("console/form_designer/preview.html", request, {"sheet": drawn})
    return json_answer({"html": html, "sound": sound, "problems": found})


@routes.post(PAGE + "/{id:\\d+}/save")
async def saved(request: web.Request) -> web.Response:
    """Keep the draft."""
    actor = permit(request, Permission.FORM_MANAGE)
    sent = await _sent(request)
    form = await actions.save(_id(request), definition_of(sent.draft), revision=sent.revision, by=actor)
    return json_answer({"revision": form.revision})


@routes.post(PAGE + "/{id:\\d+}/publish")
async def published(request: web.Request) -> web.Response:
    """Check the saved draft and put it into force."""
    actor = permit(request, Permission.FORM_MANAGE)
    sent = await _sent(request)
    version = await actions.publish(_id(request), revision=sent.revision, note=sent.note, by=actor)
    return go(request, PAGE, f"{version.kind}表单第 {version.number} 版已发布，现在起使用这一版")
