"""The page 安全自查: how the settings stand, for the security administrator and the auditor. Shows only, changes nothing."""

from aiohttp import web

from console import security_checks
from console.page import permit, show
from console.security_checks import GOOD, KNOW, LATE, SOON
from core import clock
from core.actor import Permission

routes = web.RouteTableDef()


@routes.get("/settings/security")
async def page(request: web.Request) -> web.Response:
    """Every check as it is now, those that need somebody counted at the top."""
    permit(request, Permission.ACCOUNT_MANAGE, Permission.AUDIT_READ)
    areas = await security_checks.areas()
    tones = [check.tone for area in areas for check in area.checks]
    return await show(
        request,
        "console/security.html",
        areas=areas,
        counts={tone: tones.count(tone) for tone in (LATE, SOON, KNOW, GOOD)},
        words=security_checks.WORDS,
        looked_at=clock.now(),
    )
