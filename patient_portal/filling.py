"""Filling in a questionnaire: by a link to one ask, by an open door (QR code, web site, kiosk), and going on with it.

Works without scripts: each screen is a form, the server keeps the draft. With them static/js/filling.js does the same
on the page and sends answers one by one (`filling_saving`). Decides nothing about answers: `surveys.responses` does.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from aiohttp import web

from core import links
from core.actor import Actor, ActorKind, Door
from core.errors import Fault, Invalid, NotFound, Refused
from core.parameters import number
from core.web import client_address
from patient_portal.filling_view import Filling, steps, view
from patient_portal.home import waiting
from patient_portal.look import Look, look
from patient_portal.page import go, phone_code, show
from patient_portal.sitting import START, hold, left_behind
from patient_portal.visitor import KIOSK_SECONDS, Visitor, device_hash, glimpse, require
from staff import sessions
from surveys import asks
from surveys.checking import check_answers
from surveys.questionnaires import queries as questionnaires
from surveys.questions.base import Posted
from surveys.responses import attached, drafting, editing, entrances, keys, knowing, pacing
from surveys.responses.drafting import Opening
from surveys.responses.judging import version_for
from surveys.responses.rows import Channel, Response, State, get
from surveys.responses.screens import after, at
from surveys.responses.submitting import AlreadyAnswered, Submission, submit

routes = web.RouteTableDef()
signed = web.RouteTableDef()  # a page that needs somebody signed in

Fields = dict[str, list[str]]
DONE_SECONDS = 45  # after which the page behind the last one leads back to the start of a kiosk


def writer(request: web.Request) -> Actor:
    """Who fills in, for the audit log: nobody asks for a name here."""
    door = Door.KIOSK if look(request).kiosk else Door.PORTAL
    return Actor(ActorKind.PATIENT, None, "填写人", door, address=client_address(request))


def channel(request: web.Request, seen: Look, asked: Channel) -> Channel:
    """By which way the answers come: a screen of the hospital, WeChat's own browser, else as the door says."""
    if seen.kiosk:
        return Channel.BEDSIDE if seen.screen == "bedside" else Channel.KIOSK
    wechat = "MicroMessenger" in request.headers.get("User-Agent", "")
    return Channel.WECHAT if wechat and asked in (Channel.SMS, Channel.WEB) else asked


async def opening_of(request: web.Request, via: str, token: str) -> Opening:
    """How a response begins that comes by a link ("q") or a door ("s").

    Raises:
        NotFound, Refused: it leads nowhere any more.
    """
    seen = look(request)
    if via == "q":
        ask = await asks.of_link(token)
        way = channel(request, seen, Channel.SMS)
        return Opening(
            uuid4(),
            ask.questionnaire_id,
            way,
            ask=ask,
            language=seen.language,
            device_hash=device_hash(request),
        )
    if via == "s":
        door = await entrances.by_code(token)
        return Opening(
            uuid4(),
            door.questionnaire_id,
            channel(request, seen, door.channel),
            entrance=door,
            language=seen.language,
            device_hash=device_hash(request),
        )
    raise NotFound(links.GONE)


async def going_on(found: Response, address: str) -> Filling:
    """A stored response as a filling; a draft goes over to a newer version where that says so."""
    found = await drafting.carried_over(found)
    return Filling(
        found.id,
        await questionnaires.version(found.version_id),
        found.answers,
        found.times,
        await knowing.of_visit(found.visit_id, found.questionnaire_id),
        begun=True,
        address=address,
    )


async def starting(opening: Opening, address: str) -> Filling:
    """A response of which nothing is stored yet."""
    visit_id = opening.ask.visit_id if opening.ask else None
    version = await version_for(opening.questionnaire_id, visit_id)
    if version.kind.anonymous:
        raise NotFound(links.GONE)
    facts = await knowing.of_visit(visit_id, opening.questionnaire_id)
    return Filling(opening.id, version, {}, {}, facts, begun=False, address=address)


async def drawn(
    request: web.Request,
    filling: Filling,
    *,
    where: str = "",
    faults: Sequence[Fault] = (),
    status: int = 200,
) -> web.Response:
    """The page of a filling."""
    seen = look(request)
    shown = view(filling, seen.language, where=where, faults=faults, store=not seen.kiosk)
    response = await show(
        request,
        "portal/filling/page.html",
        status=status,
        visitor=await _beside(request),
        title=shown.title,
        view=shown,
        address=filling.address,
        via=filling.address.split("/")[2],
        token=request.match_info.get("token", ""),
    )
    hold(request, response, keys.handle(filling.id))
    response.enable_compression()
    return response


async def _beside(request: web.Request) -> Visitor | None:
    """Who is signed in at a screen of the hospital, so that it says for whom it works and lets them leave."""
    return await glimpse(request) if look(request).kiosk else None


async def finished(request: web.Request, found: Response, *, just_now: bool = False) -> web.Response:
    """The page behind the last one; it says the same to whoever comes again."""
    handle = keys.handle(found.id)
    version = await questionnaires.version(found.version_id)
    who = await _beside(request)
    kiosk = look(request).kiosk
    response = await show(
        request,
        "portal/filling/done.html",
        visitor=who,
        waits=len(await waiting(who)) if who else 0,
        phone=phone_code("/p/feedback") if kiosk else "",
        idle_seconds=min(await number(KIOSK_SECONDS), DONE_SECONDS) if kiosk else 0,
        title=version.spoken(look(request).language).title,
        just_now=just_now,
        handle=handle,
        completed_at=found.completed_at,
        until=await editing.until(found),
        told_of_visit=found.visit_id is not None,
    )
    hold(request, response, handle)
    return response


# --- by a link ------------------------------------------------------------------------------------


@routes.get("/p/q/{token}")
async def by_link(request: web.Request) -> web.Response:
    """The questionnaire of an ask: its draft, the first screen of a new one, or thanks when it is answered."""
    token = request.match_info["token"]
    if look(
        request
    ).kiosk:  # a link is somebody's own; nothing of it may stay in the history of a screen for all
        return go(START)
    opening = await opening_of(request, "q", token)
    await _note_staff(request)
    if opening.ask is not None and (found := await drafting.of_ask(opening.ask.id)) is not None:
        if found.state is State.COMPLETED:
            return await finished(request, found)
        if opening.ask.over:
            raise Refused("填写时间已过，感谢您的关注")
        return await drawn(request, await going_on(found, f"/p/q/{token}"), where=request.query.get("at", ""))
    if opening.ask is not None and opening.ask.over:
        raise Refused("填写时间已过，感谢您的关注")
    await links.used(await links.resolve(asks.LINK, token))
    return await drawn(request, await starting(opening, f"/p/q/{token}"))


@routes.post("/p/q/{token}")
async def sent_by_link(request: web.Request) -> web.Response:
    """A screen without scripts."""
    return await _sent(request, "q")


# --- by an open door ------------------------------------------------------------------------------


@routes.get("/p/s/{token}")
async def by_door(request: web.Request) -> web.Response:
    """The first screen of a new response."""
    code = request.match_info["token"]
    opening = await opening_of(request, "s", code)
    await _note_staff(request)
    return await drawn(request, await starting(opening, f"/p/s/{code}"))


@routes.post("/p/s/{token}")
async def sent_by_door(request: web.Request) -> web.Response:
    """The first screen without scripts; the rest goes to the response's own address."""
    return await _sent(request, "s")


# --- going on -------------------------------------------------------------------------------------


@routes.get("/p/r/{token}")
async def resumed(request: web.Request) -> web.Response:
    """A response by its handle: go on, or thanks. The same address works on another device."""
    handle = request.match_info["token"]
    found = await get(keys.opened(handle))
    if left_behind(request, handle):
        return go(START)
    if found.state is State.COMPLETED:
        return await finished(request, found, just_now="done" in request.query)
    if found.state is State.VOID:
        raise Refused("这份问卷已作废")
    return await drawn(request, await going_on(found, f"/p/r/{handle}"), where=request.query.get("at", ""))


@routes.post("/p/r/{token}")
async def sent_on(request: web.Request) -> web.Response:
    """A screen without scripts."""
    return await _sent(request, "r")


@signed.get("/p/ask/{id}")
async def mine(request: web.Request) -> web.Response:
    """A questionnaire that waits for whoever is signed in."""
    visitor = await require(request)
    text = request.match_info["id"]
    ask = await asks.get(int(text)) if text.isascii() and text.isdigit() and len(text) <= 18 else None
    if ask is None or ask.patient_id is None or not await asks.is_of(ask, visitor.patient()):
        raise NotFound(links.GONE)
    seen = look(request)
    found = await drafting.begin(
        Opening(
            uuid4(),
            ask.questionnaire_id,
            channel(request, seen, Channel.WEB),
            ask=ask,
            language=seen.language,
            device_hash=device_hash(request),
        )
    )
    handle = keys.handle(found.id)
    response = go(f"/p/r/{handle}")
    hold(request, response, handle)
    return response


async def _sent(request: web.Request, via: str) -> web.Response:
    """Keep what the screen sent, then the next screen, the one before, or the end."""
    token = request.match_info["token"]
    if (via == "q" and look(request).kiosk) or (via == "r" and left_behind(request, token)):
        return go(START)
    data = await request.post()
    found = await _response_of(request, via, token, str(data.get("handle", "")))
    address = f"/p/{via}/{token}" if via == "q" else f"/p/r/{keys.handle(found.id)}"
    if found.state is State.COMPLETED:
        return go(address)
    filling = await going_on(found, address)
    given, here = await given_on(request, filling)
    await drafting.save_screen(found.id, given)
    filling = await going_on(await get(found.id), address)
    found_steps = steps(filling)
    if "back" in data:
        number = max(0, at(found_steps, here[0] if here else "") - 1)
        return go(f"{address}?at={found_steps[number][0]}#main")
    if faults := _faults_here(filling, here):
        return await drawn(request, filling, where=here[0], faults=faults, status=422)
    number = after(filling.version.definition, found_steps, here[-1] if here else "")
    if number < len(found_steps):
        return go(f"{address}?at={found_steps[number][0]}#main")
    try:
        await submit(Submission(found.id, writer(request), staff_device=await staff_device(request)))
    except Invalid as error:
        return await drawn(request, filling, faults=error.details, status=422)
    except AlreadyAnswered as error:
        return await finished(request, await get(error.response_id))
    return await finished(request, await get(found.id), just_now=True)


async def _response_of(request: web.Request, via: str, token: str, handle: str) -> Response:
    if via == "r":
        return await get(keys.opened(token))
    opening = await opening_of(request, via, token)
    if handle:
        opening = replace(opening, id=keys.opened(handle))
    return await drafting.begin(opening)


async def given_on(request: web.Request, filling: Filling) -> tuple[dict[str, Any], list[str]]:
    """What a screen sent: answers of the questions that it showed, an empty one where nothing was filled in."""
    data = await request.post()
    fields: Fields = {}
    for name in dict.fromkeys(data):
        for value in data.getall(name):
            if isinstance(value, web.FileField):
                if content := value.file.read():
                    kept = await attached.keep(filling.id, value.filename, content)
                    fields.setdefault(name, []).append(str(kept))
            elif isinstance(value, str):
                fields.setdefault(name, []).append(value)
    known = {item.code: item for item in filling.version.definition.questions}
    here = [code for code in " ".join(fields.get("q-seen", ())).split() if code in known]
    posted = Posted(fields)
    given = {}
    for code in here:
        raw = known[code].read(posted)
        given[code] = {name: value for name, value in raw.items() if value}
    return given, here


def _faults_here(filling: Filling, here: Sequence[str]) -> list[Fault]:
    """What is wrong with the answers of this screen alone."""
    try:
        check_answers(filling.version.definition, filling.version.conditions, filling.answers, filling.facts)
    except Invalid as error:
        names = {f"q.{code}" for code in here}
        return [fault for fault in error.details if fault.field in names]
    return []


# --- whose device -----------------------------------------------------------------------------------


async def staff_device(request: web.Request) -> bool:
    """Whether somebody of the staff is signed in in this browser."""
    cookie = request.cookies.get(sessions.COOKIE, "")
    return bool(cookie) and await sessions.actor_from_cookie(cookie, client_address(request)) is not None


async def _note_staff(request: web.Request) -> None:
    if await staff_device(request):
        await pacing.note_staff_device(device_hash(request))
