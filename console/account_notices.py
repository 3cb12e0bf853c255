"""What happened with one's account: the page, "that was me", and "that was not me", which ends everything and holds it."""

from aiohttp import web

from console.page import go, number, permit, show
from core.actor import Actor
from core.errors import Forbidden, NotFound
from staff import notices, securing, sessions
from staff.sessions import COOKIE, clear_cookie

routes = web.RouteTableDef()
PAGE = "/account/notices"
HELD = "已结束全部登录并冻结账号，安全管理员已收到通知。请尽快当面或电话联系安全管理员，核实后重新启用"


def _me(request: web.Request) -> tuple[Actor, int, str]:
    actor = permit(request)
    if actor.staff_id is None:
        raise Forbidden
    return actor, actor.staff_id, sessions.name_of(request.cookies.get(COOKIE, ""))


@routes.get(PAGE)
async def listed(request: web.Request) -> web.Response:
    """The last fifty, those that wait for a word on top."""
    _, staff_id, here = _me(request)
    found = await notices.of_staff(staff_id, here)
    return await show(
        request,
        "console/account_notices.html",
        waiting=[one for one in found if one.open],
        others=[one for one in found if not one.open],
        answerable=any(one.open and not one.here for one in found),
    )


@routes.post(PAGE + "/mine")
async def all_mine(request: web.Request) -> web.Response:
    """All that are open were the owner's own doing."""
    actor, _, here = _me(request)
    done = await securing.acknowledge(None, here, by=actor)
    return go(request, PAGE, f"已确认 {done} 项" if done else "没有要确认的")


@routes.post(PAGE + "/{id:\\d+}/mine")
async def mine(request: web.Request) -> web.Response:
    """One was the owner's own doing, or is known to them."""
    actor, _, here = _me(request)
    wanted = number(request.match_info["id"])
    if wanted is None or not await securing.acknowledge(wanted, here, by=actor):
        raise NotFound("没有这一项，已经确认过，或者要从另一次登录来确认")
    return go(request, PAGE, "已确认")


@routes.post(PAGE + "/not-me")
async def not_me(request: web.Request) -> web.Response:
    """It was somebody else. The form says so in a field: nothing but its button holds an account."""
    actor, _, _ = _me(request)
    if (await request.post()).get("sure") != "1":
        return go(request, PAGE, "没有冻结：请按页面上的“不是我”")
    await securing.hold(by=actor)
    response = go(request, "/login?by=1", HELD)
    clear_cookie(response)
    return response
