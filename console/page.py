"""How a staff page is answered: its shell, parts for htmx, forms read, the sentence after a redirect.

Knows no page's content and asks nobody's permission by itself: `permit` is called by each handler.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

import aiohttp_jinja2
from aiohttp import hdrs, web
from markupsafe import Markup

from console.menu import menu
from core.actor import OWN, Actor, Permission
from core.assets import FOLDER
from core.errors import Forbidden
from core.settings import settings
from im import queries as rooms
from staff import confirming, queries
from staff.sessions import present, require

CHAT = "/chat"
CONFIRMATIONS = "/settings/confirmations"
CSS = FOLDER / "css"
SAID = "huiyin_said"
DOCTYPE = "<!doctype html>"
HEADING = re.compile(r"<h2>(.*?)</h2>", re.DOTALL)
SAID_LIVES = 20  # seconds: from the answer of the form to the page it leads to


def permit(request: web.Request, *permissions: Permission) -> Actor:
    """Who is signed in, if they hold any of the permissions anywhere (or none is asked for).

    Raises:
        Unauthenticated: nobody.
        Forbidden: they hold none.
    """
    actor = require(request)
    if permissions and not any(map(actor.can, permissions)):
        raise Forbidden
    return actor


def is_part(request: web.Request) -> bool:
    """Whether htmx asks for a part of a page, not for a whole one (as when going back in history)."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers


async def show(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    """A page in the shell, or a part of one: `template` decides by what it extends. A part that a browser opens by its
    address (a new tab, a bookmark) stands alone in a page.

    Every template may use actor, csrf, menu, site, here, query and said beside its own context.
    """
    actor = present(request)
    here = request.path.removeprefix(settings().path_prefix) or "/"
    said = unquote(request.cookies.get(SAID, "")) if not is_part(request) else ""
    frame: dict[str, Any] = {
        "actor": actor,
        "csrf": request.get("csrf", ""),
        "menu": menu(actor, here, await _badges(actor, request)) if actor else None,
        "site": await _site(actor) if actor else "",
        "here": here,
        "query": request.query,
        "said": said,
    }
    text = aiohttp_jinja2.render_string(template, request, {**frame, **context})
    if request.headers.get("Sec-Fetch-Dest") == "document" and DOCTYPE not in text[:200]:
        part = Markup(text)  # noqa: S704 - a template made it
        alone = {**frame, "part": part, "title": _heading(text), "sheets": _sheets(template)}
        text = aiohttp_jinja2.render_string("layouts/alone.html", request, alone)
    response = web.Response(text=text, content_type="text/html", status=status)
    if said:
        response.del_cookie(SAID, path=settings().path_prefix or "/")
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def _heading(part: str) -> Markup:
    found = HEADING.search(part)
    return Markup(found[1] if found else "")  # noqa: S704 - a template made it


@cache
def _sheets(template: str) -> list[str]:
    """The styles of a part's pages: "console/cases/move.html" goes with case.css and cases.css."""
    folder = template.split("/")[1] if template.count("/") > 1 else ""
    return sorted(path.name for path in CSS.glob(f"{folder.rstrip('s')}*.css")) if folder else []


async def _badges(actor: Actor, request: web.Request) -> dict[str, int]:
    """What waits behind the entries of the menu; a part of a page has no menu."""
    if is_part(request):
        return {}
    unread, _ = await rooms.waiting(by=actor)
    found = {CHAT: unread}
    if actor.can(Permission.ACCOUNT_MANAGE):
        found[CONFIRMATIONS] = await confirming.count(by=actor)
    return found


async def _site(actor: Actor) -> str:
    """Where the person works, as the top bar says it: the first of their widest units."""
    paths = sorted({grant.path for grant in actor.grants}, key=lambda path: (path.count("/"), path))
    paths = [path for path in paths if not path.startswith(OWN)]
    if not paths:
        return ""
    if paths[0] == "/":
        return settings().hospital_name
    return (await queries.tree()).label(int(paths[0].strip("/").rsplit("/", 1)[-1]))


def go(request: web.Request, path: str, said: str = "") -> web.Response:
    """Lead to the page at `path` (without the prefix), where the sentence `said` is shown once."""
    address = f"{settings().path_prefix}{path}"
    if is_part(request):
        response = web.Response(status=200, headers={"HX-Redirect": address})
    else:
        response = web.Response(status=303, headers={hdrs.LOCATION: address})
    if said:
        response.set_cookie(
            SAID,
            quote(said),
            path=settings().path_prefix or "/",
            max_age=SAID_LIVES,
            httponly=True,
            samesite="Lax",
            secure=settings().public_url.startswith("https://"),
        )
    return response


STOP_ASKING = 286  # htmx: take the answer and poll no more


async def progress(
    request: web.Request, *, done: int, total: int, note: str, finished: bool, then: str = ""
) -> web.Response:
    """The part that `ui.progress(url)` asks for every second; when finished it stops, or goes on to the page `then`."""
    if finished and then:
        return go(request, then)
    status = STOP_ASKING if finished else 200
    return await show(request, "components/progress.html", status=status, done=done, total=total, note=note)


def number(text: str) -> int | None:
    """A number of an address; None when it is none or does not fit a bigint."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def page_query(query: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    """Those of `names` that the address gives and that are not empty; the filters of a list."""
    return {name: query[name].strip() for name in names if query.get(name, "").strip()}
