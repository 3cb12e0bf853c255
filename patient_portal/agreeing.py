"""The page on which somebody who has signed in agrees to how the service works; what stands before every other page."""

from aiohttp import web

from core.errors import HuiyinError, Invalid
from patient_portal.forms import told, typed
from patient_portal.look import look
from patient_portal.page import go, safe_next, show
from patient_portal.visitor import Visitor, require
from patients import agreements
from patients.agreements import Kind, Way

routes = web.RouteTableDef()
# Open without: the way in and out, the texts themselves, and asking for one's rights (《个人信息保护法》 Art. 50).
FREE = ("/p/agree", "/p/terms/", "/p/sign-", "/p/wechat", "/p/captcha/", "/p/rights", "/kiosk/")
HOME = "/kiosk/home"


def asked_first(who: Visitor | None, path: str) -> bool:
    """Whether this page waits until the visitor has agreed; `path` without the prefix."""
    return who is not None and not who.agreed and (path == HOME or not path.startswith(FREE))


@routes.get("/p/agree")
async def page(request: web.Request) -> web.StreamResponse:
    """The text in force."""
    who = await require(request)
    wanted = safe_next(request.query.get("next", ""), HOME if who.terminal_id else "/p/")
    return go(wanted) if who.agreed else await _page(request, who, wanted, None)


async def _page(request: web.Request, who: Visitor, wanted: str, error: HuiyinError | None) -> web.Response:
    found = await agreements.terms(Kind.SERVICE)
    before = await agreements.of(who.account_id, who.patient_id)
    return await show(
        request,
        "portal/agree.html",
        status=error.status if error else 200,
        terms=found,
        told_terms=found.told(look(request).language),
        before=any(one.kind == Kind.SERVICE for one in before),
        next=wanted,
        **told(error),
    )


@routes.post("/p/agree")
async def agree(request: web.Request) -> web.StreamResponse:
    """Agreed to the version that was shown; on to where one wanted to go."""
    who = await require(request)
    given = await typed(request)
    wanted = safe_next(given.get("next", ""), HOME if who.terminal_id else "/p/")
    version = given.get("version", "")
    try:
        await agreements.agree(
            Kind.SERVICE,
            int(version) if version.isascii() and version.isdigit() and len(version) <= 6 else 0,
            look(request).language,
            Way.SIGN_IN,
            by=who.actor,
            account_id=who.account_id,
            patient_id=None if who.account_id else who.patient(),
        )
    except Invalid as error:
        return await _page(request, who, wanted, error)
    return go(wanted)
