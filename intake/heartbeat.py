"""The door a monitor outside knocks at: whether the auditor of deadlines lives. Tells times, nothing of anybody."""

from aiohttp import web

from core.web import json_answer
from tickets.auditing import heartbeat

routes = web.RouteTableDef()


@routes.get("/healthz/auditor")
async def auditor(_: web.Request) -> web.Response:
    """200 with the end of the last round; 503 when it is too long ago, or there was none."""
    pulse = await heartbeat.pulse()
    ended = pulse.ended_at.isoformat() if pulse.ended_at else None
    return json_answer(
        {"alive": pulse.alive, "ended_at": ended, "age_seconds": pulse.age}, 200 if pulse.alive else 503
    )
