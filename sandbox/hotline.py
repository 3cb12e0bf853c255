"""A city's 12345 platform: it pushes work orders and call-backs, and takes results back.

It keeps its own book of orders. Both directions are signed: ``X-Signature: sha256=hex(HMAC_SHA256(
secret, timestamp + "." + body))`` with ``X-Timestamp`` within 300 s. Refusals are HTTP 200 with
``{"code", "message"}``; only "try later" (5000) is HTTP 503.
"""

import base64
import binascii
import json
import time
from typing import Literal

import aiohttp
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from sandbox.feed import Change
from sandbox.state import Exchange, Order
from sandbox.wecom.media import mime_of
from sandbox.wire import Refusal, Reply, signature_holds, signed_headers, token, validate
from sandbox.world import WORLD, World


class File(BaseModel):
    """An attachment of a result."""

    name: str
    base64: str


class Result(BaseModel):
    """``POST /hotline/results``."""

    model_config = ConfigDict(extra="allow")

    order_no: str
    round: int = Field(default=1, ge=1)
    result: str = Field(min_length=1)
    public_reply: str = ""
    attachments: list[File] = Field(default_factory=list)


class Return(BaseModel):
    """``POST /hotline/returns``."""

    model_config = ConfigDict(extra="allow")

    order_no: str
    reason: str = Field(min_length=1)


class Extension(BaseModel):
    """``POST /hotline/extensions``."""

    model_config = ConfigDict(extra="allow")

    order_no: str
    reason: str = Field(min_length=1)
    until: str = Field(min_length=10)


async def results(request: web.Request) -> web.StreamResponse:
    """A round's result."""
    return await _receive(request, "result")


async def returns(request: web.Request) -> web.StreamResponse:
    """The hospital hands an order back."""
    return await _receive(request, "return")


async def extensions(request: web.Request) -> web.StreamResponse:
    """The hospital asks for more time."""
    return await _receive(request, "extension")


async def _receive(
    request: web.Request, what: Literal["result", "return", "extension"]
) -> web.StreamResponse:
    world = request.app[WORLD]
    raw = await request.read()
    try:
        if not signature_holds(world.config.hotline_secret, request.headers, raw, world.clock.now()):
            raise Refusal(4001, "签名不正确")
        key = request.headers.get("Idempotency-Key", "")
        known = world.state.receipts.get(f"hotline|{key}") if key else None
        receipt = known or _book(world, what, raw)
        if key:
            world.state.receipts[f"hotline|{key}"] = receipt
    except Refusal as refusal:
        return web.json_response({"code": refusal.errcode, "message": refusal.errmsg})
    return web.json_response({"code": 0, "receipt": receipt})


def _book(world: World, what: Literal["result", "return", "extension"], raw: bytes) -> str:
    models: dict[str, type[Result | Return | Extension]] = {
        "result": Result,
        "return": Return,
        "extension": Extension,
    }
    wanted = validate(models[what], raw, 4000)
    order = world.state.orders.get(wanted.order_no)
    if order is None:
        raise Refusal(4004, "没有这个工单")
    files = _files(world, wanted.attachments) if isinstance(wanted, Result) else []
    answered = bool(order.answered_rounds) and not _sent_back(order)
    if order.concluded or (answered and not isinstance(wanted, Result)):
        raise Refusal(4009, "工单已办结")
    if isinstance(wanted, Result):
        if wanted.round in order.answered_rounds:
            raise Refusal(4009, "本轮已办结")
        order.answered_rounds.append(wanted.round)
    order.concluded = isinstance(wanted, Return)
    receipt = token("R")[:20]
    body: dict[str, JsonValue] = wanted.model_dump(mode="json", exclude={"attachments"})
    _note(
        world,
        order,
        Exchange(at=world.clock.now(), what=what, body=body, status=200, answer=receipt, files=files),
    )
    world.feed.count(f"hotline.{what}s")
    return receipt


def _files(world: World, attachments: list[File]) -> list[str]:
    kept = []
    for file in attachments:
        try:
            data = base64.b64decode(file.base64, validate=True)
        except binascii.Error as error:
            raise Refusal(4000, f"附件不是有效的 base64：{file.name}") from error
        kept.append(world.keep_media("file", file.name, mime_of(file.name), data).media_id)
    return kept


def _sent_back(order: Order) -> bool:
    """Whether the last word on the order is a call-back that was not satisfied."""
    backs = [e for e in order.exchanges if e.what in {"callback", "result"}]
    return bool(backs) and backs[-1].what == "callback" and not satisfied(backs[-1].body)


def satisfied(callback: dict[str, JsonValue]) -> bool:
    """Whether a call-back ends the order."""
    return callback.get("solved") == "解决" and callback.get("satisfied") in {"满意", "基本满意", "未评价"}


def _note(world: World, order: Order, exchange: Exchange) -> None:
    order.exchanges.append(exchange)
    world.changed(Change(what="hotline"))


async def push_order(world: World, body: dict[str, JsonValue]) -> Exchange:
    """Send an order, or a declared update of one, to the hospital; the answer is kept."""
    number = str(body.get("order_no", ""))
    exchange = await _push(world, "/api/v1/hotline/orders", body, "update" if body.get("update") else "push")
    order = world.state.orders.get(number)
    if order is None:
        order = world.state.orders[number] = Order(order_no=number, body=body)
    elif exchange.status in {200, 201}:
        order.body = body
    _note(world, order, exchange)
    world.feed.count("hotline.orders_pushed")
    return exchange


async def push_callback(world: World, body: dict[str, JsonValue]) -> Exchange:
    """Send a call-back; "solved and satisfied" ends the order. Raises ``KeyError`` for no such order."""
    order = world.state.orders[str(body.get("order_no", ""))]
    exchange = await _push(world, "/api/v1/hotline/callbacks", body, "callback")
    if exchange.status in {200, 201, 202, 204}:
        order.concluded = satisfied(body)
    _note(world, order, exchange)
    return exchange


async def _push(
    world: World, path: str, body: dict[str, JsonValue], what: Literal["push", "update", "callback"]
) -> Exchange:
    raw = json.dumps(body, ensure_ascii=False).encode()
    config = world.config
    headers = signed_headers(config.hotline_secret, world.clock.now(), raw, config.hotline_platform)
    begun = time.monotonic()
    url = f"{config.app_url.rstrip('/')}{path}"
    try:
        async with world.http.post(
            url, data=raw, headers=headers, timeout=aiohttp.ClientTimeout(total=30)
        ) as response:
            status, answer = response.status, await response.text()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        status, answer = 0, f"{type(error).__name__}: {error}"
    world.feed.log(
        at=world.clock.now(),
        direction="out",
        system="hotline",
        api=what,
        status=str(status or "✗"),
        asked=f"POST {url}\n{raw.decode()}",
        answered=answer,
        seconds=time.monotonic() - begun,
    )
    kept = {k: v for k, v in body.items() if k != "attachments"}
    return Exchange(at=world.clock.now(), what=what, body=kept, status=status, answer=answer)


def listed(world: World) -> list[Reply]:
    """All orders, newest first, for the page and for tests."""
    return [
        {
            **order.model_dump(mode="json", exclude={"body"}),
            "body": {k: v for k, v in order.body.items() if k != "attachments"},
            "files": {
                media_id: world.state.media[media_id].filename
                for exchange in order.exchanges
                for media_id in exchange.files
                if media_id in world.state.media
            },
        }
        for order in reversed(world.state.orders.values())
    ]
