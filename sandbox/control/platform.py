"""Playing the 12345 platform: push orders, updates and call-backs; read what came back."""

from typing import Literal

from aiohttp import web
from pydantic import Field, JsonValue

from sandbox import hotline, samples
from sandbox.control.base import Answer, Unfit
from sandbox.control.people import Asked
from sandbox.wire import read
from sandbox.world import World


class OrderIn(Asked):
    """``POST /control/hotline/orders``: the body of ORDER as the contract has it."""

    order: dict[str, JsonValue]


class CallbackIn(Asked):
    """``POST /control/hotline/callbacks``."""

    order_no: str
    way: Literal["电话", "短信", "网络"] = "电话"
    solved: Literal["解决", "部分解决", "未解决"]
    satisfied: Literal["满意", "基本满意", "不满意", "未评价"]
    remark: str = Field(default="", max_length=1000)


async def orders(world: World, request: web.Request) -> Answer:
    """The platform's book, newest first."""
    del request
    return {"orders": hotline.listed(world)}


async def sample_orders(world: World, request: web.Request) -> Answer:
    """A dozen ready orders of all six types, with fresh numbers and dates."""
    del request
    return {"samples": samples.orders(world.clock.moment(), len(world.state.orders))}


async def push_order(world: World, request: web.Request) -> Answer:
    """Push an order or an update to the hospital; the answer comes back with it."""
    asked = await read(request, OrderIn)
    if not asked.order.get("order_no"):
        raise Unfit("缺少工单编号", 400)
    exchange = await hotline.push_order(world, asked.order)
    return exchange.model_dump(mode="json")


async def push_callback(world: World, request: web.Request) -> Answer:
    """Push a call-back."""
    asked = await read(request, CallbackIn)
    if asked.order_no not in world.state.orders:
        raise Unfit("没有这个工单", 404)
    body = {**asked.model_dump(mode="json"), "called_at": samples.china(world.clock.moment())}
    exchange = await hotline.push_callback(world, body)
    return exchange.model_dump(mode="json")
