"""What every control call shares: JSON only, a sentence for an error, and finding people."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from sandbox.courier import Delivery
from sandbox.state import Member, Patient
from sandbox.wire import Refusal
from sandbox.world import WORLD, World

Answer = Mapping[str, Any]
Handler = Callable[[World, web.Request], Awaitable[Answer]]
WAIT_FOR_DELIVERY = 30.0


class Unfit(Exception):
    """A control call that makes no sense: HTTP status and a sentence."""

    def __init__(self, message: str, status: int = 409) -> None:
        super().__init__(message)
        self.status = status


def control(handler: Handler) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap a handler. A body must be declared as JSON, so that no foreign page can post here."""

    async def run(request: web.Request) -> web.StreamResponse:
        if request.method != "GET" and request.content_type != "application/json":
            return web.json_response({"error": "Content-Type must be application/json"}, status=415)
        try:
            return web.json_response(await handler(request.app[WORLD], request))
        except Unfit as unfit:
            return web.json_response({"error": str(unfit)}, status=unfit.status)
        except Refusal as refusal:
            return web.json_response({"error": refusal.errmsg}, status=400)

    return run


def number_of(request: web.Request, name: str) -> int:
    """A whole number of the query, 0 when absent, or a 400."""
    given = request.query.get(name, "0")
    if not given.isdecimal():
        raise Unfit(f"{name} must be a whole number", 400)
    return int(given)


def member_of(world: World, userid: str) -> Member:
    """The member, or a 404."""
    found = world.member(userid)
    if found is None:
        raise Unfit(f"没有这个企业微信成员：{userid}", 404)
    return found


def patient_of(world: World, openid: str) -> Patient:
    """The patient, or a 404."""
    found = world.patient(openid)
    if found is None:
        raise Unfit(f"没有这个微信用户：{openid}", 404)
    return found


def told(delivery: Delivery) -> dict[str, Any]:
    """A delivery as the page and tests see it."""
    return {
        "number": delivery.number,
        "system": delivery.parcel.system,
        "label": delivery.parcel.label,
        "plain": delivery.parcel.plain,
        "at": delivery.at,
        "outcome": delivery.outcome.value,
        "attempts": delivery.attempts,
        "status": delivery.status,
        "answer": delivery.answer[:2000],
    }
