"""Plays the card bridge of a terminal: a page to put a card into the reader, and the protocol of docs/kiosk.md.

`GET /bridge/status` says that the reader is there; `GET /bridge/card?kind=…&nonce=…` gives the card that lies in it, signed
with the terminal's key, or 204. A card is taken out after it was read once. Only pages of the product may ask.
"""

import hashlib
import hmac
from dataclasses import dataclass, field

from aiohttp import web

from sandbox.page import render
from sandbox.world import WORLD

KINDS = {"medical": "诊疗卡", "social": "社保卡", "id": "身份证"}


@dataclass
class Reader:
    """What lies in the reader, and whether it is plugged in. `key` is the terminal's, as the product showed it once."""

    key: str = ""
    kind: str = ""
    number: str = ""
    name: str = ""
    plugged: bool = True
    read: list[str] = field(default_factory=list)


READER = web.AppKey("reader", Reader)


def signed(key: str, kind: str, number: str, name: str, nonce: str) -> str:
    """HMAC-SHA256 over the lines kind, number, name, nonce; hex."""
    text = f"{kind}\n{number}\n{name}\n{nonce}"
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def _open(request: web.Request, response: web.Response) -> web.Response:
    """The product's pages, from another port of this machine, may read the answer; nobody else's."""
    origin = request.headers.get("Origin", "")
    if origin and origin == request.app[WORLD].config.app_url.rstrip("/"):
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Allow-Private-Network"] = "true"
    response.headers["Cache-Control"] = "no-store"
    return response


async def status(request: web.Request) -> web.StreamResponse:
    """Whether the reader is there."""
    plugged = request.app[READER].plugged
    return _open(request, web.json_response({"ready": plugged}, status=200 if plugged else 503))


async def card(request: web.Request) -> web.StreamResponse:
    """The card in the reader, if it is of this kind; 204 while there is none."""
    reader, kind = request.app[READER], request.query.get("kind", "")
    nonce = request.query.get("nonce", "")
    if not reader.plugged or not reader.number or reader.kind != kind or not nonce:
        return _open(request, web.Response(status=204))
    answer = {
        "kind": kind,
        "number": reader.number,
        "name": reader.name,
        "signature": signed(reader.key, kind, reader.number, reader.name, nonce),
    }
    reader.read.append(kind)
    reader.number = reader.name = reader.kind = ""
    return _open(request, web.json_response(answer))


async def allow(request: web.Request) -> web.StreamResponse:
    """What a browser asks before it lets a page talk to this machine."""
    return _open(request, web.Response(status=204, headers={"Access-Control-Allow-Methods": "GET"}))


async def page(request: web.Request) -> web.StreamResponse:
    """The reader as one may touch it."""
    reader = request.app[READER]
    people = [(p.name, p.phone) for p in request.app[WORLD].state.patients.values()]
    return render("bridge.html", reader=reader, kinds=KINDS, people=people, keyed=bool(reader.key))


async def put(request: web.Request) -> web.StreamResponse:
    """Put a card in, take it out, pull the plug, or tell the bridge its key."""
    reader, data = request.app[READER], await request.post()
    given = {name: str(value).strip() for name, value in data.items()}
    match given.get("do"):
        case "key":
            reader.key = given.get("key", "")
        case "plug":
            reader.plugged = not reader.plugged
        case "out":
            reader.kind = reader.number = reader.name = ""
        case "in" if given.get("kind") in KINDS:
            reader.kind, reader.number, reader.name = (
                given["kind"],
                given.get("number", ""),
                given.get("name", ""),
            )
    raise web.HTTPSeeOther("/bridge/")


def attach(app: web.Application) -> None:
    """Add the bridge's addresses."""
    app[READER] = Reader(key=app[WORLD].config.bridge_key)
    app.router.add_get("/bridge/", page)
    app.router.add_post("/bridge/", put)
    for path, handler in (("/bridge/status", status), ("/bridge/card", card)):
        app.router.add_get(path, handler)
        app.router.add_route("OPTIONS", path, allow)
