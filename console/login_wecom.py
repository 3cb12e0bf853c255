"""Log-in by WeCom: off to its page and back. Whose account it is, `staff.login.wecom` asks."""

from urllib.parse import quote, unquote

from aiohttp import web

from console import login_page as page
from console.page import go, show
from core.errors import Invalid, Refused, TooMany, Unauthenticated
from core.web import client_address
from staff.entering import sign_in
from staff.login.wecom import BACK, LIVES, Unbound, address_of, new_token

routes = web.RouteTableDef()
BROWSER = "huiyin_wecom"
CANCELLED = "您没有在企业微信里确认登录，可以重新扫码，或用工号密码登录"


@routes.get("/login/wecom")
async def away(request: web.Request) -> web.StreamResponse:
    """To WeCom: inside its client to be known without a word, elsewhere to its QR code. Writes nothing."""
    wanted = page.safe_next(request.query.get("next", "/"))
    token = new_token()
    try:
        address = address_of(token, inside=page.inside_wecom(request))
    except Refused as error:
        return await page.door(request, wanted, error=error)
    response = web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})
    page.keep(response, BROWSER, f"{token}|{quote(wanted, safe='')}", int(LIVES.total_seconds()))
    return response


@routes.get(BACK)
async def back(request: web.Request) -> web.StreamResponse:
    """From WeCom, with a code; without one it was not confirmed there."""
    token, _, kept = request.cookies.get(BROWSER, "").partition("|")
    wanted = page.safe_next(unquote(kept) or "/")
    response = await _entered(request, token, wanted)
    page.forget(response, BROWSER)
    return response


async def _entered(request: web.Request, token: str, wanted: str) -> web.Response:
    code = request.query.get("code", "")
    if not code:
        return await page.door(request, wanted, note=CANCELLED)
    given = {"code": code, "state": request.query.get("state", ""), "browser": token}
    agent = request.headers.get("User-Agent", "")
    try:
        entered = await sign_in(given, address=client_address(request), agent=agent, way="wecom")
    except Unbound as error:
        return await show(request, "console/login_unbound.html", status=error.status, error=error)
    except Invalid:
        return go(request, "/login?by=1", "企业微信返回的登录信息不完整，请重新登录")
    except (Unauthenticated, TooMany) as error:
        return await page.door(request, wanted, error=error)
    return await page.on(request, entered, wanted)
