"""All addresses of the doors for machines; answers nothing itself."""

from aiohttp import web

from intake import api, hotline, sms, wechat

routes: list[web.AbstractRouteDef] = [*hotline.routes, *sms.routes, *wechat.routes, *api.routes]
