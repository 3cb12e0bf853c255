"""All addresses of the doors for machines; answers nothing itself."""

from aiohttp import web

from intake import api, feedback, heartbeat, hotline, sms, wechat
from intake.feeds import fhir, pushed

routes: list[web.AbstractRouteDef] = [
    *heartbeat.routes,
    *hotline.routes,
    *feedback.routes,
    *sms.routes,
    *wechat.routes,
    *fhir.routes,
    *pushed.routes,
    *api.routes,
]
