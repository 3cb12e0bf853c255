"""Log-in by a certificate on the phone: the QR code, the browser that waits for it, and the CA's call back.

Also one's own certificates: bound and unbound on one's account. What is a good certificate, `staff.login` knows.
"""

from datetime import datetime

import segno
from aiohttp import web

from console import login_page as page
from console.account import PAGE
from console.page import go, number, permit, show
from core import clock
from core.actor import Actor
from core.errors import Forbidden, HuiyinError, NotFound, Refused, TooMany, Unauthenticated
from core.web import client_address, json_answer
from integrations.ca import MOST_CALL
from staff.entering import sign_in
from staff.login import certificate, certificate_binding
from staff.login.certificate import CALLBACK, LIVES, Begun, Purpose, Standing

routes = web.RouteTableDef()
BROWSER, BINDING = "huiyin_ca", "huiyin_ca_bind"
CERTIFICATES = f"{PAGE}/certificates"
SAYS = {
    Standing.REFUSED: "您在手机上拒绝了这次签名",
    Standing.OVER: "二维码已过期",
}
SECONDS = int(LIVES.total_seconds())


def _picture(qr: str) -> str:
    return segno.make(qr, error="m").svg_data_uri(scale=5, border=2)


def _clock(until: datetime) -> str:
    return f"{clock.local(until):%H:%M:%S}"


async def _shown(
    request: web.Request, template: str, begun: Begun | None, wanted: str, says: str = ""
) -> web.Response:
    return await show(
        request,
        template,
        picture=_picture(begun.qr) if begun else "",
        link=begun.qr if begun and begun.qr.startswith(("http://", "https://")) else "",
        until=_clock(begun.until) if begun else "",
        next=wanted,
        says=says or ("" if begun else SAYS[Standing.OVER]),
    )


# --- the door -------------------------------------------------------------------------------------


@routes.post("/login/ca")
async def ask(request: web.Request) -> web.StreamResponse:
    """A challenge for this browser."""
    data = await request.post()
    wanted = page.safe_next(str(data.get("next", "/")))
    try:
        begun = await certificate.begin(Purpose.LOGIN, address=client_address(request))
    except (Refused, TooMany) as error:
        return await page.door(request, wanted, error=error)
    response = go(request, f"/login/ca?next={page.quoted(wanted)}")
    page.keep(response, BROWSER, begun.token, SECONDS)
    return response


@routes.get("/login/ca")
async def code(request: web.Request) -> web.StreamResponse:
    """The QR code."""
    wanted = page.safe_next(request.query.get("next", "/"))
    begun = await certificate.shown(request.cookies.get(BROWSER, ""))
    return await _shown(request, "console/login_ca.html", begun, wanted)


@routes.post("/login/ca/state")
async def state(request: web.Request) -> web.StreamResponse:
    """What the page asks every two seconds; signed, it is checked and leads on."""
    data = await request.post()
    wanted = page.safe_next(str(data.get("next", "/")))
    token = request.cookies.get(BROWSER, "")
    stands = await certificate.standing(token)
    if stands is Standing.WAITING:
        return web.Response(status=204)
    if stands is not Standing.SIGNED:
        return await _shown(request, "console/login_ca_code.html", None, wanted, SAYS[stands])
    agent = request.headers.get("User-Agent", "")
    try:
        entered = await sign_in(
            {"challenge": token}, address=client_address(request), agent=agent, way="certificate"
        )
    except (Unauthenticated, TooMany) as error:
        return await _shown(request, "console/login_ca_code.html", None, wanted, error.message)
    response = await page.on(request, entered, wanted)
    page.forget(response, BROWSER)
    return response


@routes.post(CALLBACK)
async def called(request: web.Request) -> web.StreamResponse:
    """The CA tells what became of a task; signed by it, each call once. A repetition is answered as the first."""
    body = await request.content.read(MOST_CALL + 1)
    while len(body) <= MOST_CALL and (more := await request.content.read(MOST_CALL)):
        body += more
    if len(body) > MOST_CALL:
        raise web.HTTPRequestEntityTooLarge(MOST_CALL, len(body))
    try:
        taken = await certificate.called(request.headers, body)
    except HuiyinError as error:
        return json_answer({"error": {"code": error.code, "message": error.message}}, error.status)
    return json_answer({"taken": taken})


# --- one's own account ----------------------------------------------------------------------------


def _me(request: web.Request) -> tuple[Actor, int]:
    actor = permit(request)
    if actor.staff_id is None:
        raise Forbidden
    return actor, actor.staff_id


@routes.post(CERTIFICATES)
async def bind(request: web.Request) -> web.StreamResponse:
    """A challenge whose signature binds the certificate."""
    _, staff_id = _me(request)
    begun = await certificate.begin(Purpose.BIND, address=client_address(request), staff_id=staff_id)
    response = go(request, f"{CERTIFICATES}/new")
    page.keep(response, BINDING, begun.token, SECONDS)
    return response


@routes.get(f"{CERTIFICATES}/new")
async def bind_code(request: web.Request) -> web.StreamResponse:
    """Its QR code."""
    _me(request)
    begun = await certificate.shown(request.cookies.get(BINDING, ""))
    return await _shown(request, "console/login_bind.html", begun, "")


@routes.post(f"{CERTIFICATES}/state")
async def bind_state(request: web.Request) -> web.StreamResponse:
    """What that page asks every two seconds."""
    actor, _ = _me(request)
    token = request.cookies.get(BINDING, "")
    stands = await certificate.standing(token)
    if stands is Standing.WAITING:
        return web.Response(status=204)
    if stands is not Standing.SIGNED:
        return await _shown(request, "console/login_bind_code.html", None, "", SAYS[stands])
    try:
        bound = await certificate_binding.bind(token, by=actor)
    except Refused as error:
        return await _shown(request, "console/login_bind_code.html", None, "", error.message)
    response = go(request, PAGE, f"证书（{bound.holder}）已绑定，以后可扫码登录")
    page.forget(response, BINDING)
    return response


@routes.post(CERTIFICATES + r"/{id:\d+}/unbind")
async def unbind(request: web.Request) -> web.StreamResponse:
    """Untie one of one's own certificates."""
    actor, staff_id = _me(request)
    wanted = number(request.match_info["id"])
    if wanted is None:
        raise NotFound
    await certificate_binding.unbind(staff_id, wanted, by=actor)
    return go(request, PAGE, "证书已解除绑定")
