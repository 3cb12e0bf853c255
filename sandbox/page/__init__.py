"""The sandbox's page: one HTML page, its own scripts and styles, nothing from elsewhere.

Everything it shows comes from the control API; it has no state of its own on the server.
"""

from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
)


def render(name: str, **values: Any) -> web.Response:
    """A template as an HTML answer."""
    text = _TEMPLATES.get_template(name).render(**values)
    return web.Response(text=text, content_type="text/html")


async def index(request: web.Request) -> web.StreamResponse:
    """The page."""
    del request
    return render("index.html")


async def health(request: web.Request) -> web.StreamResponse:
    """Whether the sandbox is up."""
    del request
    return web.json_response({"ok": True})


def attach(app: web.Application) -> None:
    """Add the page's addresses."""
    app.router.add_get("/", index)
    app.router.add_get("/healthz", health)
    app.router.add_static("/static/", HERE / "static")
