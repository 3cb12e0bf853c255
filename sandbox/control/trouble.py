"""Ordering trouble and reading the meters: faults, the clock, tokens, callbacks, counters, the log."""

from aiohttp import web
from pydantic import Field

from sandbox.control.base import Answer, Unfit, number_of, told
from sandbox.control.people import Asked
from sandbox.faults import Fault
from sandbox.feed import Change
from sandbox.wecom import inbound
from sandbox.wecom.bot import BOT
from sandbox.wecom.gate import expire_tokens
from sandbox.wire import read
from sandbox.world import World


class Reset(Asked):
    """``POST /control/reset``."""

    keep_cast: bool = False


class ClearFaults(Asked):
    """``POST /control/faults/clear``: one by its number, or all."""

    number: int | None = None


class Advance(Asked):
    """``POST /control/clock``."""

    advance: float = Field(ge=0)


class Expire(Asked):
    """``POST /control/tokens/expire``."""

    system: str = "wecom"


class Replay(Asked):
    """``POST /control/callbacks/replay``: the last one without a number."""

    number: int | None = None
    times: int = Field(default=1, ge=1, le=20)


class Release(Asked):
    """``POST /control/callbacks/release``."""

    order: list[int] | None = None
    backwards: bool = False


class Nothing(Asked):
    """An empty body."""


async def reset(world: World, request: web.Request) -> Answer:
    """Forget everything (and the people too unless ``keep_cast``)."""
    asked = await read(request, Reset)
    world.reset(keep_cast=asked.keep_cast)
    request.app[BOT].contexts.clear()
    return {"ok": True}


async def add_fault(world: World, request: web.Request) -> Answer:
    """Order a fault."""
    waiting = world.faults.add(await read(request, Fault))
    world.changed(Change(what="faults"))
    return waiting.model_dump(mode="json")


async def list_faults(world: World, request: web.Request) -> Answer:
    """The faults that still wait."""
    del request
    return {"faults": [waiting.model_dump(mode="json") for waiting in world.faults.listed()]}


async def clear_faults(world: World, request: web.Request) -> Answer:
    """Call faults off."""
    world.faults.clear((await read(request, ClearFaults)).number)
    world.changed(Change(what="faults"))
    return {"faults": len(world.faults.listed())}


async def clock(world: World, request: web.Request) -> Answer:
    """Let time pass."""
    world.clock.advance((await read(request, Advance)).advance)
    return {"now": world.clock.now()}


async def expire(world: World, request: web.Request) -> Answer:
    """Kill all access tokens of a system before their time."""
    asked = await read(request, Expire)
    return {"expired": expire_tokens(world, asked.system)}


async def counters(world: World, request: web.Request) -> Answer:
    """All counters, silent drops with their reasons, and whether the bot is connected."""
    return {
        "counters": dict(sorted(world.feed.counters.items())),
        "drops": [{"at": at, "whom": whom, "why": why} for at, whom, why in reversed(world.drops)],
        "bot_connected": request.app[BOT].connected,
        "holding": world.courier.holding,
        "now": world.clock.now(),
    }


async def traffic(world: World, request: web.Request) -> Answer:
    """The log, newest first; ``after`` skips what is known."""
    after = number_of(request, "after")
    found = [entry for entry in reversed(world.feed.traffic) if entry.number > after]
    return {"traffic": [entry.model_dump(mode="json") for entry in found]}


async def callbacks(world: World, request: web.Request) -> Answer:
    """What was carried to the product, newest first."""
    del request
    return {"callbacks": [told(d) for d in reversed(world.courier.deliveries.values())]}


async def replay(world: World, request: web.Request) -> Answer:
    """Carry the same callback again."""
    asked = await read(request, Replay)
    number = asked.number if asked.number is not None else max(world.courier.deliveries, default=0)
    if number not in world.courier.deliveries:
        raise Unfit("没有这次回调", 404)
    return {"callbacks": [told(d) for d in world.courier.replay(number, asked.times)]}


async def hold(world: World, request: web.Request) -> Answer:
    """Keep callbacks back from now on."""
    await read(request, Nothing)
    world.courier.hold()
    world.changed(Change(what="counters"))
    return {"holding": True}


async def release(world: World, request: web.Request) -> Answer:
    """Deliver what was kept back, in any order; what ``order`` leaves out stays kept."""
    asked = await read(request, Release)
    unknown = [number for number in asked.order or () if number not in world.courier.deliveries]
    if unknown:
        raise Unfit(f"没有这次回调：{unknown[0]}", 404)
    released = await world.courier.release(asked.order, backwards=asked.backwards)
    world.changed(Change(what="counters"))
    return {"callbacks": [told(d) for d in released]}


async def verify(world: World, request: web.Request) -> Answer:
    """Have WeCom check the callback address by GET echostr."""
    await read(request, Nothing)
    good, detail = await inbound.verify(world)
    return {"ok": good, "detail": detail}


async def disconnect(world: World, request: web.Request) -> Answer:
    """Cut the bot's line."""
    await read(request, Nothing)
    bot = request.app[BOT]
    was = bot.connected
    if bot.socket is not None and was:
        await bot.socket.close()
    world.changed(Change(what="bot"))
    return {"was_connected": was}
