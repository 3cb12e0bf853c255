"""Who follows, QR codes with a parameter, and web log-in of the service account.

Sources: 生成带参数的二维码, 获取用户基本信息, 网页授权 (sns/oauth2/access_token).
"""

from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, StringConstraints

from sandbox.state import Scene
from sandbox.wire import Refusal, Reply, read, token
from sandbox.world import World

TEMPORARY = {"QR_STR_SCENE", "QR_SCENE"}
PERMANENT = {"QR_LIMIT_STR_SCENE", "QR_LIMIT_SCENE"}
LONGEST = 2_592_000


class SceneBody(BaseModel):
    """The parameter."""

    scene_str: Annotated[str, StringConstraints(max_length=64)] = ""
    scene_id: int | None = None


class ActionInfo(BaseModel):
    """The parameter's wrapping."""

    scene: SceneBody


class QrCode(BaseModel):
    """``qrcode/create``."""

    action_name: str
    action_info: ActionInfo
    expire_seconds: int = 60


async def qrcode(world: World, request: web.Request) -> Reply:
    """A code; temporary ones live at most 30 days (default 60 s)."""
    wanted = await read(request, QrCode)
    body = wanted.action_info.scene
    scene = body.scene_str or ("" if body.scene_id is None else str(body.scene_id))
    if wanted.action_name not in TEMPORARY | PERMANENT or not scene:
        raise Refusal(40053, "invalid action info")
    temporary = wanted.action_name in TEMPORARY
    seconds = min(max(wanted.expire_seconds, 1), LONGEST)
    ticket = token("qr_")
    expires_at = world.clock.now() + seconds if temporary else None
    world.state.scenes[ticket] = Scene(ticket=ticket, scene=scene, expires_at=expires_at)
    reply: Reply = {"ticket": ticket, "url": f"{world.origin}/scan?ticket={ticket}"}
    return {**reply, "expire_seconds": seconds} if temporary else reply


async def user_info(world: World, request: web.Request) -> Reply:
    """Whether somebody follows; nothing else is told about those who do not."""
    patient = world.patient(request.query.get("openid", ""))
    if patient is None:
        raise Refusal(40003, "invalid openid")
    if not patient.following:
        return {"subscribe": 0, "openid": patient.openid, "unionid": patient.unionid}
    return {
        "subscribe": 1,
        "openid": patient.openid,
        "unionid": patient.unionid,
        "nickname": "",
        "language": "zh_CN",
        "subscribe_time": int(patient.last_act),
    }


async def access_token(world: World, request: web.Request) -> Reply:
    """``sns/oauth2/access_token``: a code once (40163), for five minutes (40029)."""
    query = request.query
    if query.get("appid") != world.config.wechat_app_id:
        raise Refusal(40013, "invalid appid")
    if query.get("secret") != world.config.wechat_secret:
        raise Refusal(40125, "invalid appsecret")
    code = world.state.oauth_codes.get(query.get("code", ""))
    if code is None or code.system != "wechat" or code.expires_at <= world.clock.now():
        raise Refusal(40029, "invalid code")
    if code.used:
        raise Refusal(40163, "code been used")
    code.used = True
    patient = world.patient(code.person)
    return {
        "access_token": token("web_"),
        "expires_in": world.config.token_seconds,
        "refresh_token": token("ref_"),
        "openid": code.person,
        "scope": code.scope,
        "unionid": patient.unionid if patient else "",
    }
