"""Playing the HIS: a day at a chosen speed, stop, how far it is, and single messages as they are typed."""

import asyncio
from datetime import date, timedelta

from aiohttp import web
from pydantic import Field

from sandbox.control.base import Answer, Unfit
from sandbox.control.people import Asked
from sandbox.his.player import Player, send
from sandbox.wire import read
from sandbox.world import World

HIS: web.AppKey[Player] = web.AppKey("his", Player)


class PlayIn(Asked):
    """``POST /control/his/play``; speed 0 is as fast as answers come, `day` is yesterday unless it is said.

    Yesterday, since a day that is played faster than it goes by lies ahead of the clock, and no hospital system takes
    what is written tomorrow.
    """

    people: int = Field(default=60, ge=1, le=20_000)
    speed: float = Field(default=600.0, ge=0, le=100_000)
    day: date | None = None
    seed: int = 1


class SayIn(Asked):
    """``POST /control/his/say``: one message, a segment to a line."""

    text: str = Field(min_length=1, max_length=200_000)


async def standing(world: World, request: web.Request) -> Answer:
    """How far it is."""
    del world
    return request.app[HIS].standing()


async def play(world: World, request: web.Request) -> Answer:
    """Begin a day."""
    asked = await read(request, PlayIn)
    player = request.app[HIS]
    if player.playing:
        raise Unfit("正在播放，请先停止")
    player.play(
        asked.day or world.clock.moment().date() - timedelta(days=1),
        asked.people,
        asked.speed,
        seed=asked.seed,
    )
    return player.standing()


async def stop(world: World, request: web.Request) -> Answer:
    """Stop."""
    del world
    await request.app[HIS].stop()
    return request.app[HIS].standing()


async def say(world: World, request: web.Request) -> Answer:
    """Send one message and give its answer back."""
    del world
    asked = await read(request, SayIn)
    player = request.app[HIS]
    text = "\r".join(line for line in asked.text.splitlines() if line.strip()) + "\r"
    try:
        return {"answer": await send(player.host, player.port, text)}
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        raise Unfit(f"接口没有应答：{player.host}:{player.port}（{type(error).__name__}）", 502) from None
