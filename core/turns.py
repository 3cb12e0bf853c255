"""Taking turns: at most so many requests of one kind at once in this process, the others in the order in which they came.

For pages that two hundred people open in the same second, as at the beginning of a shift: all at once on as many
connections they take three times as long as three after three, and the last of them as long as all.
"""

import asyncio
from collections.abc import Mapping
from weakref import WeakKeyDictionary

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from core.settings import settings
from core.web import Handler

Waiting = WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str, asyncio.Semaphore]]


def taking_turns(pages: Mapping[str, int]) -> Middleware:
    """A middleware by which at most `pages[path]` GETs of a path are answered at once; all other requests pass by."""
    kept: Waiting = WeakKeyDictionary()

    @web.middleware
    async def turns(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix(settings().path_prefix)
        most = pages.get(path) if request.method == hdrs.METH_GET else None
        if most is None:
            return await handler(request)
        here = kept.setdefault(asyncio.get_running_loop(), {})
        async with here.setdefault(path, asyncio.Semaphore(most)):
            return await handler(request)

    return turns
