"""Which terminal of the hospital a request comes from, by the token in its browser; asked once a request."""

from typing import Final

from aiohttp import web

from core.errors import Forbidden
from patient_portal.look import SCREEN
from patients import bindings_terminals
from patients.bindings_terminals import Terminal

COOKIE = "huiyin_terminal"
_SLOT: Final = web.RequestKey("terminal", object)


async def here(request: web.Request) -> Terminal | None:
    """The terminal, None for anybody's own device."""
    if _SLOT not in request:
        token = request.cookies.get(COOKIE, "") if request.cookies.get(SCREEN) else ""
        request[_SLOT] = await bindings_terminals.of_token(token) if token else None
    found = request[_SLOT]
    return found if isinstance(found, Terminal) else None


async def require(request: web.Request) -> Terminal:
    """The terminal.

    Raises:
        Forbidden: this is no terminal of the hospital.
    """
    terminal = await here(request)
    if terminal is None:
        raise Forbidden("这台设备尚未登记为医院终端")
    return terminal
