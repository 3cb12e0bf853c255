"""The addresses of WeCom's API, below ``/wecom``."""

import base64

from aiohttp import web

from sandbox import oauth
from sandbox.crypto import cbc_encrypt
from sandbox.wecom import bot_socket, groups, media, messages, people
from sandbox.wecom.gate import api, gettoken
from sandbox.world import WORLD

BASE = "/wecom/cgi-bin"
BOT_MEDIA_SECONDS = 300


async def bot_media(request: web.Request) -> web.StreamResponse:
    """A file a member sent to the bot: encrypted with its own key, for five minutes."""
    world = request.app[WORLD]
    found = world.state.media.get(request.match_info["media_id"])
    data = world.store.get(found.media_id) if found else None
    if found is None or data is None or not found.aeskey:
        raise web.HTTPNotFound
    if found.created_at + BOT_MEDIA_SECONDS < world.clock.now():
        raise web.HTTPForbidden(text="url expired")
    sealed = cbc_encrypt(base64.b64decode(found.aeskey), data)
    return media.file_response(found.filename, "application/octet-stream", sealed)


ROUTES = [
    web.get(f"{BASE}/gettoken", api(gettoken, free=True)),
    web.post(f"{BASE}/message/send", api(messages.send)),
    web.post(f"{BASE}/message/update_template_card", api(messages.update_card)),
    web.post(f"{BASE}/message/recall", api(messages.recall)),
    web.post(f"{BASE}/media/upload", api(media.upload)),
    web.get(f"{BASE}/media/get", api(media.get)),
    web.post(f"{BASE}/appchat/create", api(groups.create)),
    web.post(f"{BASE}/appchat/update", api(groups.update)),
    web.get(f"{BASE}/appchat/get", api(groups.get)),
    web.post(f"{BASE}/appchat/send", api(groups.send)),
    web.get(f"{BASE}/user/get", api(people.get)),
    web.get(f"{BASE}/user/simplelist", api(people.simplelist)),
    web.get(f"{BASE}/department/list", api(people.department_list)),
    web.get(f"{BASE}/auth/getuserinfo", api(people.getuserinfo)),
    web.get("/wecom/oauth2/authorize", oauth.wecom),
    web.get("/wecom/connect/oauth2/authorize", oauth.wecom),
    web.get("/wecom/wwlogin/sso/login", oauth.wecom_qr),
    web.get("/wecom/wwlogin/scan/{key}", oauth.wecom_scan),
    web.get("/wecom/wwlogin/phone/{key}", oauth.wecom_phone),
    web.get("/wecom/aibot", bot_socket.serve),
    web.get("/wecom/bot-media/{media_id}", bot_media),
]
