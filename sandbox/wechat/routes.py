"""The addresses of the service account's API, below ``/wechat``."""

from aiohttp import web

from sandbox import oauth
from sandbox.wechat import account, send
from sandbox.wechat.gate import api, plain_token, stable_token

BASE = "/wechat/cgi-bin"

ROUTES = [
    web.post(f"{BASE}/stable_token", api(stable_token, free=True, bare=True)),
    web.get(f"{BASE}/token", api(plain_token, free=True, bare=True)),
    web.post(f"{BASE}/message/template/send", api(send.template)),
    web.post(f"{BASE}/message/subscribe/bizsend", api(send.subscription)),
    web.post(f"{BASE}/message/custom/send", api(send.custom)),
    web.post(f"{BASE}/qrcode/create", api(account.qrcode, bare=True)),
    web.get(f"{BASE}/user/info", api(account.user_info, bare=True)),
    web.get("/wechat/sns/oauth2/access_token", api(account.access_token, free=True, bare=True)),
    web.get("/wechat/connect/oauth2/authorize", oauth.wechat),
    web.get("/wechat/oauth2/authorize", oauth.wechat),
]
