"""At a screen of the hospital, which response is in hand: a cookie names it, and the start page takes it away.

An address in the browser's history thus shows the next person nothing, though a response is opened by its address alone
on one's own device. Opens nothing by itself: the key in the address still has to fit.
"""

import hmac

from aiohttp import web

from patient_portal.look import keep, look

COOKIE = "huiyin_filling"
START = "/kiosk/?fresh=1"  # ends the session, forgets what is in hand and the language of the last person


def hold(request: web.Request, response: web.StreamResponse, handle: str) -> None:
    """This response is in hand from now on; on one's own device nothing is kept."""
    if look(request).kiosk:
        keep(response, COOKIE, handle, seconds=None)


def left_behind(request: web.Request, handle: str) -> bool:
    """Whether the address belongs to somebody who is gone: on a screen of the hospital, and not in hand there."""
    return look(request).kiosk and not hmac.compare_digest(
        request.cookies.get(COOKIE, "").encode(), handle.encode()
    )
