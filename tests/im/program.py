"""A web process with nothing but the chat: `python -m tests.im.program <port>`; the settings name its servers.

The page `/room/{id}` shows one chat, for tests in a real browser. Prints "ready" once it listens.
"""

import sys
from collections.abc import AsyncIterator

import aiohttp_jinja2
import jinja2
from aiohttp import web

from core import assets, db
from core.settings import settings
from core.web import make_app
from im import server
from im.web import routes
from staff import sessions

PAGE = """<!doctype html>
{% from "components/chat.html" import chat, chat_assets %}
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>群聊</title><link rel="icon" href="{{ asset("mark.svg") }}"><link rel="stylesheet" href="{{ asset("tabler.min.css") }}"><link rel="stylesheet" href="{{ asset("css/tokens.css") }}">{{ chat_assets() }}</head>
<body>{{ chat(room, csrf, "工单群聊") }}</body></html>
"""


async def page(request: web.Request) -> web.Response:
    """One room."""
    room = int(request.match_info["room"])
    return aiohttp_jinja2.render_template("chat_page.html", request, {"room": room, "csrf": request["csrf"]})


async def _database(_: web.Application) -> AsyncIterator[None]:
    await db.open_db(settings().database_url, pool_max=8)
    yield
    await db.close_db()


def build(*, own_database: bool = True) -> web.Application:
    """The application; `own_database` False: the test has opened it."""
    app = make_app(sessions.middleware)
    environment = aiohttp_jinja2.get_env(app)
    loaders = [jinja2.DictLoader({"chat_page.html": PAGE}), environment.loader]
    environment.loader = jinja2.ChoiceLoader([loader for loader in loaders if loader is not None])
    app.router.add_get("/static/{path:.+}", assets.serve)
    app.router.add_get("/room/{room}", page)
    app.add_routes(routes)
    if own_database:
        app.cleanup_ctx.append(_database)
    server.attach(app)
    return app


def _ready(*_: object) -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until told to stop."""
    web.run_app(
        build(),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        print=_ready,
        shutdown_timeout=5,
        access_log=None,
    )


if __name__ == "__main__":
    main()
