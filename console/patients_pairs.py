"""Records that may be one person: side by side with the reasons, for a person to decide. Decides nothing itself."""

from aiohttp import web

from console.page import go, number, permit, show
from core.actor import Permission
from core.errors import NotFound
from patients import people, profile

routes = web.RouteTableDef()


@routes.get("/patients/pairs")
async def page(request: web.Request) -> web.Response:
    """The pairs that wait, the likeliest first."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    return await show(request, "console/patients/pairs.html", pairs=await profile.pairs(actor))


@routes.post("/patients/pairs/{a:\\d+}/{b:\\d+}/{what:same|apart}")
async def decided(request: web.Request) -> web.Response:
    """One person (`a` stays, `b` is merged into it), or two."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    a, b = number(request.match_info["a"]), number(request.match_info["b"])
    if a is None or b is None or a == b:
        raise NotFound("没有这一对")
    same = request.match_info["what"] == "same"
    await people.decide(a, b, same=same, note="", by=actor)
    return go(request, "/patients/pairs", "已合并，可在档案中撤销" if same else "已记为两个人，不再提示")
