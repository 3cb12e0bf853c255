"""The questions of a feedback form on a staff page: put before somebody, read when posted, files kept. Judges nothing.

A page that registers feedback includes `console/questionnaire_part.html` with what `asked` gives; htmx fetches the part
anew when another kind is chosen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from console.page import permit, show
from core import storage
from core.actor import Permission
from core.errors import Fault
from surveys.sheet import SEEN, Sheet, sheet, unseen
from tickets.forms import answers, queries

routes = web.RouteTableDef()
PREFIX = "q."
VERSION = "form_version"  # the hidden field that says which version was shown
Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A form put before somebody: `version` is the id to send back with the answers."""

    version: int
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Filled:
    """What was filled in: `given` as `tickets.forms.answers.check` takes it; `unseen` was not shown yet, without scripts."""

    version: int
    given: dict[str, Any]
    unseen: tuple[str, ...]


async def posted(request: web.Request, *, by: str = "") -> dict[str, list[str]]:
    """The fields of the questionnaire ("q.<code>", "q.<code>.<part>"), its version, and what the page showed.

    Raises:
        Invalid: a file that is not of a kind we take.
    """
    data = await request.post()
    fields: dict[str, list[str]] = {}
    for name in dict.fromkeys(data):
        if not name.startswith(PREFIX) and name not in {SEEN, VERSION}:
            continue
        for value in data.getall(name):
            if isinstance(value, web.FileField):
                content = value.file.read()
                if content:
                    file = await storage.keep(value.filename, content, by=by)
                    fields.setdefault(name, []).append(str(file.id))
            elif isinstance(value, str):
                fields.setdefault(name, []).append(value)
    return fields


async def filled(kind: str, fields: Fields) -> Filled | None:
    """What was filled in on the form of a kind; None when the page showed none of it, or of another kind.

    Answers to a version that was replaced meanwhile are taken for what that version asked.
    """
    text = (fields.get(VERSION) or [""])[-1]
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        return None
    version = await queries.version(int(text))
    if version.kind != kind:
        return None
    given = answers.read(version.definition, fields)
    more = unseen(version.definition, version.conditions, given, fields, answers.today())
    return Filled(version.id, given, tuple(more))


async def asked(kind: str, given: Filled | None = None, faults: Sequence[Fault] = ()) -> Asked | None:
    """The form of a kind, empty or as it was filled in with its faults; None when there is none."""
    version = await queries.version(given.version) if given else await queries.in_force(kind)
    if version is None:
        return None
    before = given.given if given else {}
    drawn = sheet(version.definition, version.conditions, before, faults, answers.today())
    return Asked(version.id, drawn)


@routes.get("/feedback/questions")
async def part(request: web.Request) -> web.Response:
    """The questions of `?kind=`, as a part of a page."""
    permit(request, Permission.CASE_REGISTER, Permission.CASE_FIRST)
    found = await asked(request.query.get("kind", ""))
    return await show(request, "console/questionnaire_part.html", asked=found)
