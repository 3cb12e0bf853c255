"""The addresses of the control API."""

from aiohttp import web

from sandbox.control import his, people, phones, platform, trouble
from sandbox.control.base import control

ROUTES = [
    web.post("/control/reset", control(trouble.reset)),
    web.post("/control/cast", control(people.set_cast)),
    web.post("/control/cast/sample", control(people.sample_cast)),
    web.get("/control/people", control(phones.people)),
    web.get("/control/phones/{person}", control(phones.phone)),
    web.get("/control/messages", control(phones.messages)),
    web.post("/control/read", control(phones.mark_read)),
    web.get("/control/stream", phones.stream),
    web.get("/media/{media_id}", phones.media),
    web.post("/control/press", control(people.press)),
    web.post("/control/say", control(people.say)),
    web.post("/control/send_media", control(people.send_media)),
    web.post("/control/open", control(people.open_chat)),
    web.post("/control/follow", control(people.follow)),
    web.post("/control/unfollow", control(people.unfollow)),
    web.post("/control/scan", control(people.scan)),
    web.post("/control/wechat/grant", control(people.grant)),
    web.post("/control/sms/fate", control(people.fate)),
    web.get("/control/faults", control(trouble.list_faults)),
    web.post("/control/faults", control(trouble.add_fault)),
    web.post("/control/faults/clear", control(trouble.clear_faults)),
    web.post("/control/clock", control(trouble.clock)),
    web.post("/control/tokens/expire", control(trouble.expire)),
    web.get("/control/counters", control(trouble.counters)),
    web.get("/control/traffic", control(trouble.traffic)),
    web.get("/control/callbacks", control(trouble.callbacks)),
    web.post("/control/callbacks/replay", control(trouble.replay)),
    web.post("/control/callbacks/hold", control(trouble.hold)),
    web.post("/control/callbacks/release", control(trouble.release)),
    web.post("/control/callbacks/verify", control(trouble.verify)),
    web.post("/control/bot/disconnect", control(trouble.disconnect)),
    web.get("/control/hotline/orders", control(platform.orders)),
    web.post("/control/hotline/orders", control(platform.push_order)),
    web.get("/control/hotline/samples", control(platform.sample_orders)),
    web.get("/control/his", control(his.standing)),
    web.post("/control/his/play", control(his.play)),
    web.post("/control/his/stop", control(his.stop)),
    web.post("/control/his/say", control(his.say)),
    web.post("/control/hotline/callbacks", control(platform.push_callback)),
]
