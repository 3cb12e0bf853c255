"""The screens of the hospital: start page, sign-in by card, a bed's own page, home; nothing stays behind.

The start page ends whatever session the screen had, so that going back to it, by whoever and however, is enough. Cards
are believed only as the bridge beside the terminal has signed them (`patients.bindings_terminals`, docs/kiosk.md).
"""

import hmac
import re
from typing import Any

from aiohttp import hdrs, web

from core import audit
from core.errors import Fault, HuiyinError, Invalid, NotFound, Refused, TooMany
from core.identity import normalise_phone
from core.parameters import Parameter, declare, value
from core.web import json_answer
from patient_portal import entering, guarding, signing, sitting, terminals, visitor
from patient_portal.entering import origin
from patient_portal.forms import told, typed
from patient_portal.home import waiting
from patient_portal.look import LANGUAGE, SCREEN, forget, keep
from patient_portal.page import go, phone_code, policy, show
from patient_portal.visitor import require
from patients import bindings_finding, bindings_terminals
from patients.bindings_finding import CARD_LABELS, CardKind
from patients.bindings_terminals import Card, Terminal, TerminalKind

routes = web.RouteTableDef()
BRIDGE = declare(
    Parameter(
        "kiosk.bridge",
        "读卡服务地址",
        str,
        "http://127.0.0.1:9123",
        what="自助机上读卡程序的本机地址，协议见 docs/kiosk.md",
    )
)
BESIDE = re.compile(r"http://(127\.0\.0\.1|localhost):\d{1,5}(/[a-z0-9_-]+)*")
UNKNOWN = "没有查到您的就诊登记，请到服务台办理"
CARD_ICONS = {CardKind.MEDICAL: "id", CardKind.SOCIAL: "shield-check", CardKind.ID: "user-circle"}


async def _bridge() -> str:
    """The bridge's address, on this very machine; "" when the parameter names any other."""
    text = str(await value(BRIDGE)).rstrip("/")
    return text if BESIDE.fullmatch(text) else ""


async def _shown(request: web.Request, template: str, *, status: int = 200, **context: Any) -> web.Response:
    """A page that may talk to the bridge beside it."""
    bridge = await _bridge()
    response = await show(request, template, status=status, bridge=bridge, **context)
    if bridge:
        response.headers["Content-Security-Policy"] = (await policy()).replace(
            "connect-src 'self'", f"connect-src 'self' {'/'.join(bridge.split('/')[:3])}"
        )
    return response


async def _leave(request: web.Request) -> None:
    who = visitor.present(request)
    if who is not None:
        await visitor.end(who.session)
        await audit.record(who.actor, "portal.leave", "account", who.account_id, everywhere=False)


@routes.get("/kiosk/")
async def start(request: web.Request) -> web.Response:
    """The start page: nobody is here. `?seat=` is the bed a screen hangs at; an unknown screen is asked to be paired.

    `?fresh=1`: somebody has gone; their language goes too. Without it the start page can be read in another language.
    """
    await _leave(request)
    terminal = await terminals.here(request)
    if terminal is not None and "fresh" in request.query:
        return _cleared(go("/kiosk/"), language=True)
    seat = request.query.get("seat", "")
    if terminal is None or (seat and seat.upper() != terminal.seat):
        response = await _pair(request, None)
    elif terminal.kind is TerminalKind.BEDSIDE:
        response = await _bedside(request, terminal, None)
    else:
        response = await _shown(
            request,
            "kiosk/start.html",
            terminal=terminal,
            resting=True,
            cards=[(kind, CARD_LABELS[kind], CARD_ICONS[kind]) for kind in CardKind],
            picture=phone_code("/p/feedback"),
        )
    return _cleared(response)


def _cleared(response: web.Response, *, language: bool = False) -> web.Response:
    """Take away what the last person left in the browser."""
    visitor.clear_cookie(response)
    for name in (sitting.COOKIE, signing.CODE, *([LANGUAGE] if language else ())):
        forget(response, name)
    return response


async def _pair(request: web.Request, error: HuiyinError | None) -> web.Response:
    return await show(request, "kiosk/pair.html", status=error.status if error else 200, **told(error))


@routes.post("/kiosk/pair")
async def pair(request: web.Request) -> web.Response:
    """A code read out by an administrator makes this browser a terminal."""
    given = await typed(request)
    device = origin(request).device
    name = guarding.named("pairing", device.hash.hex())
    try:
        await guarding.attempt(name, device)
        terminal, token = await bindings_terminals.pair(given.get("code", ""))
        await guarding.forgive(name, device)
    except (Invalid, TooMany) as error:
        return await _pair(request, error)
    response = go(f"/kiosk/?seat={terminal.seat}")
    keep(response, terminals.COOKIE, token)
    keep(response, SCREEN, terminal.kind)
    await audit.record(origin(request, terminal.id).stranger, "terminal.pair", "terminal", terminal.id)
    return response


@routes.get("/kiosk/card/{kind}")
async def card(request: web.Request) -> web.Response:
    """Put the card in: the page asks the bridge and sends what it has signed."""
    return await _card(request, None)


async def _card(request: web.Request, error: HuiyinError | None) -> web.Response:
    terminal = await terminals.require(request)
    text = request.match_info.get("kind", "")
    if text not in list(CardKind):
        raise NotFound("没有这种卡")
    kind = CardKind(text)
    return await _shown(
        request,
        "kiosk/card.html",
        status=error.status if error else 200,
        kind=kind,
        label=CARD_LABELS[kind],
        sign=CARD_ICONS[kind],
        nonce=await bindings_terminals.challenge(terminal.id),
        **told(error),
    )


@routes.post("/kiosk/card/{kind}")
async def read(request: web.Request) -> web.StreamResponse:
    """A card as the bridge has signed it opens a session of its holder."""
    terminal = await terminals.require(request)
    given = await typed(request)
    come = origin(request, terminal.id)
    kind = request.match_info["kind"]
    try:
        if kind not in list(CardKind):
            raise NotFound("没有这种卡")
        read_card = Card(
            CardKind(kind),
            *(given.get(name, "")[:100] for name in ("number", "name", "nonce", "signature")),
        )
        await bindings_terminals.accept(terminal, read_card)
        person = await bindings_finding.by_card(read_card.kind, read_card.number)
        if person is None or (read_card.name and read_card.name != person.name):
            await audit.record(come.stranger, "portal.failed", "terminal", terminal.id, way="card", kind=kind)
            raise Refused(UNKNOWN)
    except Refused as error:
        return await _card(request, error)
    token = await entering.in_patient(person.patient_id, "card", come)
    response = go("/kiosk/home")
    visitor.set_cookie(response, token)
    return response


async def _bedside(request: web.Request, terminal: Terminal, error: HuiyinError | None) -> web.Response:
    return await show(
        request,
        "kiosk/bedside.html",
        status=error.status if error else 200,
        terminal=terminal,
        resting=error is None,
        **told(error),
    )


@routes.post("/kiosk/bed")
async def bed(request: web.Request) -> web.StreamResponse:
    """Who lies in the screen's bed signs in with four digits they know: of their phone or their ID number."""
    terminal = await terminals.require(request)
    if terminal.kind is not TerminalKind.BEDSIDE or terminal.unit_id is None:
        raise NotFound
    given, come = await typed(request), origin(request, terminal.id)
    name = guarding.named("bed", str(terminal.id))
    tail = given.get("tail", "").strip().upper()
    try:
        await guarding.attempt(name, come.device)
        person = await bindings_finding.by_bed(terminal.unit_id, terminal.bed)
        phone = (normalise_phone(person.phone) or "")[-4:] if person else ""
        known = [one for one in (phone, person.id_tail if person else "") if len(one) == 4]
        fits = [hmac.compare_digest(one.encode(), tail.encode()) for one in known]
        if person is None or not any(fits):
            await audit.record(come.stranger, "portal.failed", "terminal", terminal.id, way="bed")
            raise Invalid("后四位不一致，请核对；床位有变动的请告诉护士", details=[_TAIL])
        await guarding.forgive(name, come.device)
    except (Invalid, TooMany) as error:
        return await _bedside(request, terminal, error)
    token = await entering.in_patient(person.patient_id, "card", come)
    response = go("/kiosk/home")
    visitor.set_cookie(response, token)
    return response


_TAIL = Fault(field="tail", label="后四位", reason="不一致")


@routes.get("/kiosk/home")
async def home(request: web.Request) -> web.Response:
    """What waits for whoever is here."""
    who = await require(request)
    await terminals.require(request)
    return await show(request, "kiosk/home.html", waits=await waiting(who))


@routes.get("/kiosk/alive")
async def alive(request: web.Request) -> web.Response:
    """Somebody is still here: keeps the session; `?bridge=` says how the card reader is. `signed`: the session lives."""
    terminal = await terminals.require(request)
    if (bridge := request.query.get("bridge", "")) in ("ready", "away"):
        await bindings_terminals.say_bridge(terminal.id, bridge == "ready")
    return json_answer(
        {"signed": visitor.present(request) is not None}, headers={hdrs.CACHE_CONTROL: "no-store"}
    )


@routes.post("/kiosk/end")
async def end(request: web.Request) -> web.Response:
    """Done: back to the start."""
    await _leave(request)
    return _cleared(go("/kiosk/"), language=True)
