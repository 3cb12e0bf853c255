"""What the designers of feedback forms and of questionnaires share: what the page begins with, what it sends, previews.

The designer itself is a page of scripts (static/js/form_designer/); whatever it sends is read and judged here again.
"""

from typing import Any, TypeVar
from uuid import UUID

import aiohttp_jinja2
import orjson
from aiohttp import web
from pydantic import ValidationError

from console.page import permit
from core.actions import Form
from core.actor import Permission
from core.errors import Fault, Invalid
from core.web import json_answer
from surveys import pictures
from surveys.checking import problems
from surveys.definition import LANGUAGES, Definition, conditions
from surveys.dynamic.picking import picked
from surveys.facts import FACTS
from surveys.logic import Value
from surveys.questions import KINDS
from surveys.reading import MOST_BYTES, definition_of
from surveys.sheet import sheet
from surveys.steps import STEPS

routes = web.RouteTableDef()
Sent = TypeVar("Sent", bound=Form)


class Draft(Form):
    """What the designer sends: the draft and the revision that was edited; the rest where a door asks for it."""

    draft: Any = None
    revision: int = 0
    note: str = ""
    migrates: bool = False
    language: str = ""
    without: tuple[str, ...] = ()  # steps of care that the tried visit does not have


async def sent(request: web.Request) -> Draft:
    """The draft of a request.

    Raises:
        Invalid: too large, or not what the designer sends.
    """
    return await told(request, Draft)


async def told(request: web.Request, form: type[Sent]) -> Sent:
    """The JSON of a request.

    Raises:
        Invalid: too large, or not what the designer sends.
    """
    body = await request.read()
    if len(body) > MOST_BYTES:
        raise Invalid("表单太大，请减少题目或选项")
    try:
        return form.model_validate(orjson.loads(body))
    except (orjson.JSONDecodeError, ValidationError):
        raise Invalid("没有收到完整的表单，请刷新页面后再试") from None


def start(definition: Definition, revision: int, **more: Any) -> dict[str, Any]:
    """What the designer begins with; `more` switches on what only questionnaires have."""
    return {
        "draft": definition.model_dump(mode="json"),
        "revision": revision,
        "kinds": [_kind_told(name) for name in KINDS],
        "facts": [
            {"name": name, "label": fact.label, "type": fact.type, "options": fact.options}
            for name, fact in FACTS.items()
        ],
        "languages": list(LANGUAGES.items()),
        **more,
    }


def _kind_told(name: str) -> dict[str, Any]:
    kind = KINDS[name]
    new = kind.new("new")
    fresh = new.model_dump(mode="json")
    fixed = [[option.code, option.label] for option in new.choices] if "options" not in fresh else []
    return {
        "kind": name,
        "label": kind.label,
        "icon": kind.icon,
        "shape": kind.shape,
        "fresh": fresh,
        "fixed": fixed,
        "worded": kind.worded,
    }


def previewed(request: web.Request, draft: Draft, facts: dict[str, Value]) -> web.Response:
    """How a draft would look, and what hinders publishing; nothing is saved."""
    definition = definition_of(draft.draft)
    found = problems(definition)
    sound = not any(problem.place.startswith(("show_if", "jumps")) for problem in found)
    shown = _tried(definition, draft.without) if draft.without and sound else definition
    spoken = shown.in_language(draft.language) if draft.language in LANGUAGES else shown
    drawn = sheet(spoken, conditions(shown) if sound else {}, facts=facts)
    html = aiohttp_jinja2.render_string("console/form_designer/preview.html", request, {"sheet": drawn})
    return json_answer({"html": html, "sound": sound, "problems": found})


def _tried(definition: Definition, without: tuple[str, ...]) -> Definition:
    """As a visit is asked that has all steps but these, one department in each."""
    return picked(definition, {step: 1 for step in STEPS if step not in without})


@routes.post("/settings/pictures")
async def picture(request: web.Request) -> web.Response:
    """Keep a picture for a question; answers {"id": …}."""
    actor = permit(request, Permission.SURVEY_DESIGN, Permission.FORM_MANAGE)
    file = (await request.post()).get("picture")
    if not isinstance(file, web.FileField) or not file.filename:
        raise Invalid("没有收到图片", details=[Fault(field="picture", label="图片", reason="请选择一张图片")])
    kept: UUID = await pictures.keep(file.filename, file.file.read(pictures.MOST_BYTES + 1), by=actor)
    return json_answer({"id": str(kept)}, 201)
