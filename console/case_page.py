"""The page of one case: its parts, refreshed when something changed, and the group chats at its side.

Shows what `tickets.queries.case_page` gives for the person; what is done lies in `case_doing` and `case_matter`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from aiohttp import hdrs, web

from channels import queries as channels
from console.case_panels import PANELS
from console.case_panels.base import Panel
from console.page import go, is_part, number, permit, show
from core.actor import Actor, Permission
from core.errors import NotFound
from im import actions as im
from im import queries as rooms
from patients import guarding
from staff import queries as staff
from tickets.models import Case, Ticket
from tickets.queries import access, case_page, case_reports, choices
from tickets.queries.case_views import Round, Seen, TicketCard
from tickets.reactions import result_words
from tickets.revealing import may_reveal
from tickets.sources import SOURCES
from tickets.states import OPEN_CASE, OPEN_TICKET, CaseState, TicketState

routes = web.RouteTableDef()
CHANGED = "case-changed"  # the page's own event: ask for the parts now
DONE = "drawer-done"  # the drawer has served its purpose
CASE_TONES = {
    CaseState.RECEIVED: "todo",
    CaseState.ACCEPTED: "doing",
    CaseState.IN_PROGRESS: "doing",
    CaseState.UNDER_REVIEW: "review",
    CaseState.REPLIED: "good",
    CaseState.CALLED_BACK: "good",
    CaseState.CLOSED: "done",
    CaseState.NOT_ACCEPTED: "soon",
    CaseState.OBJECTED: "review",
    CaseState.ISSUED: "good",
    CaseState.DELIVERED: "good",
    CaseState.IN_REVIEW: "doing",
    CaseState.REVIEWED: "good",
    CaseState.REVIEW_DELIVERED: "good",
    CaseState.IN_REREVIEW: "doing",
    CaseState.HEARING: "review",
    CaseState.REREVIEWED: "good",
    CaseState.FINAL: "done",
}
TICKET_TONES = {
    TicketState.ASSIGNED: "todo",
    TicketState.IN_PROGRESS: "doing",
    TicketState.PAUSED: "soon",
    TicketState.ANSWERED: "review",
    TicketState.ENDORSED: "review",
    TicketState.DONE: "done",
    TicketState.RETURNED: "late",
}
DOORS = {
    "web": "网页",
    "wecom": "企业微信",
    "chat": "群聊",
    "api": "接口",
    "clock": "系统",
    "command": "系统",
}
TELL_BY = {
    "auto": "先微信，不通转短信",
    "wechat": "只发微信",
    "sms": "只发短信",
    "none": "不告知",
}
SENT = {
    "waiting": "待发送",
    "sending": "发送中",
    "sent": "已发出",
    "delivered": "已送达",
    "failed": "未送达",
    "cancelled": "已取消",
    "bundled": "已合并发送",
}
WAYS = {"wechat": "微信", "sms": "短信"}


@dataclass(frozen=True, slots=True)
class Chat:
    """A tab of the chat: `room` None when this person is in no such group; they may join where `may_join`."""

    ticket: Ticket
    label: str
    room: int | None
    unread: int
    may_join: bool


def wanted(request: web.Request) -> int:
    """The number in the address; 0, which nothing has, when it is none."""
    return number(request.match_info["id"]) or 0


async def done(request: web.Request, case_id: int, said: str) -> web.Response:
    """The sentence in `#notices`, the drawer closed and the parts asked for; a page of its own without htmx."""
    if not is_part(request):
        return go(request, f"/cases/{case_id}", said)
    response = await show(request, "console/cases/done.html", words=said)
    response.headers["HX-Retarget"] = "#notices"
    response.headers["HX-Reswap"] = "innerHTML"
    response.headers["HX-Trigger"] = f"{DONE}, {CHANGED}"
    return response


@routes.get("/cases/{id:\\d+}")
async def page(request: web.Request) -> web.Response:
    """The whole page."""
    actor = permit(request, Permission.CASE_READ, Permission.TICKET_READ)
    return await show(request, "console/cases/page.html", oob=False, **await parts(wanted(request), actor))


@routes.get("/cases/{id:\\d+}/parts")
async def changed_parts(request: web.Request) -> web.Response:
    """Every part anew, put in place by its id; 204 while nothing changed since `?seen=`."""
    actor = permit(request, Permission.CASE_READ, Permission.TICKET_READ)
    case = await access.case(wanted(request), actor)
    if request.query.get("seen") == await case_page.version(case.id):
        return web.Response(status=204, headers={hdrs.CACHE_CONTROL: "no-store"})
    return await show(request, "console/cases/parts.html", oob=True, **await parts(case.id, actor))


async def parts(case_id: int, actor: Actor) -> dict[str, Any]:
    """What the templates of the page draw."""
    version = await case_page.version(case_id)  # before the rest: a change in between is asked for again
    seen = await case_page.open_case(case_id, actor)
    case = seen.case
    files = await case_page.files(seen)
    cards = await case_page.tickets(seen, actor, files)
    rounds = await case_page.rounds(seen)
    tree = await staff.tree()
    source = SOURCES.get(case.source)
    lines = await case_page.story(seen, actor)
    return {
        "version": version,
        "panels": await _panels(seen, actor),
        "seen": seen,
        "case": case,
        "source": source.label if source else case.source,
        "person": source.person if source else "来电人",
        "campus": tree.unit(case.campus_id).name if case.campus_id else "",
        "handler": (await staff.person(case.handler_id)).name if case.handler_id else "",
        "caller": case_page.caller(seen, actor),
        "clocks": (await case_page.clocks(seen)).get(None, []),
        "choices": await choices.of_case(case, actor),
        "cards": [card for card in cards if not card.frozen],
        "frozen": frozen(cards, rounds, case),
        "originals": [file for file in files if file.kind == "original"],
        "records": [file for file in files if file.kind == "record"],
        "units": {card.ticket.id: card.unit for card in cards},
        "links": (links := await case_page.links(seen, actor)),
        "shut": await guarding.shut({link.visit.patient_id for link in links}, actor),
        "record": await case_page.record(seen),
        "present": rounds[0] if rounds else None,
        "words": _words(case, rounds),
        "messages": await _messages(case, rounds),
        "reports": await case_reports.of_case(seen, actor),
        "story": [(no, list(group)) for no, group in groupby(lines, key=lambda line: line.round)],
        "chats": await chats(cards, actor),
        "may": await _may(case, actor),
        "doors": DOORS,
        "tell_by": TELL_BY,
        "sent": SENT,
        "ways": WAYS,
    }


async def _panels(seen: Seen, actor: Actor) -> list[tuple[Panel, Mapping[str, Any]]]:
    """The panels that have something to show to this person."""
    wanted_ones = [panel for panel in PANELS if seen.whole or panel.veiled_too]
    found = [(panel, await panel.load(seen, actor)) for panel in wanted_ones]
    return [(panel, shown) for panel, shown in found if shown is not None]


def frozen(
    cards: list[TicketCard], rounds: list[Round], case: Case
) -> list[tuple[int, Round | None, list[TicketCard]]]:
    """The rounds left behind, the latest first, each with its tickets; a department has its tickets only."""
    old = {entry.no: entry for entry in rounds if entry.no != case.round}
    numbers = sorted({card.ticket.round for card in cards if card.frozen} | set(old), reverse=True)
    return [(no, old.get(no), [card for card in cards if card.ticket.round == no]) for no in numbers]


async def _messages(case: Case, rounds: list[Round]) -> list[channels.Line]:
    """The messages in which the person was told of the present round's reply."""
    if not rounds:
        return []
    lines = await channels.about(f"case:{case.id}")
    return [
        line
        for line in lines
        if line.purpose == "case.result" and line.created_at >= (rounds[0].replied_at or line.created_at)
    ]


def _words(case: Case, rounds: list[Round]) -> dict[str, str]:
    """What the person will read, by the ways chosen for the present round."""
    if not rounds or not rounds[0].reply or rounds[0].tell_by == "none":
        return {}
    ways = {"auto": ("wechat", "sms"), "wechat": ("wechat",), "sms": ("sms",)}[rounds[0].tell_by]
    words = result_words(case, rounds[0].reply, rounds[0].tell_text)
    return {way: readable(way, words[way]) for way in ways}


_FIELD = re.compile(r"^(?P<key>[a-z_]+\d+):\s*", re.MULTILINE)
_FIELDS = {  # the fields of templates/messages/result/wechat.txt by their titles at WeChat
    "character_string1": "编号",
    "thing2": "事项",
    "phrase3": "状态",
    "time4": "时间",
    "thing5": "答复",
}


def readable(way: str, text: str) -> str:
    """The text as a phone shows it: WeChat's template fields stand there by what they hold, not by their keys."""
    if way != "wechat":
        return text
    return _FIELD.sub(lambda found: f"{_FIELDS.get(found['key'], found['key'])}：", text)


async def _may(case: Case, actor: Actor) -> dict[str, bool]:
    """What else this person finds on the page; the doors ask again."""
    handles = actor.can(Permission.CASE_HANDLE)
    is_open = case.state is not CaseState.ARCHIVED
    return {
        "reveal": may_reveal(case, actor),
        "raw": handles and case.inbound_id is not None,
        "link": handles and is_open and actor.can(Permission.PATIENT_READ),
        "add_record": handles and is_open,
        "report": (handles or actor.can(Permission.CASE_REVIEW)) and is_open,
        "patient": actor.can(Permission.PATIENT_READ),
        "tell": handles and is_open,
        "running": case.state in OPEN_CASE,
    }


async def chats(cards: list[TicketCard], actor: Actor) -> list[Chat]:
    """The tabs of the chat: a group for each ticket of the present round, then those left behind."""
    unread = {line.subject: line.unread for line in await rooms.rooms(by=actor)}
    found = []
    for card in cards:
        if card.ticket.room_id is None:
            continue
        room = await rooms.room_if_any(card.ticket.subject, by=actor)
        found.append(
            Chat(
                card.ticket,
                card.unit,
                room.id if room else None,
                unread.get(card.ticket.subject, 0),
                may_join=may_join(card.ticket, actor),
            )
        )
    return found


def may_join(ticket: Ticket, actor: Actor) -> bool:
    """Whether this person works on the ticket and may come into its group."""
    working = (Permission.TICKET_HANDLE, Permission.TICKET_ENDORSE, Permission.TICKET_MANAGE)
    return ticket.state in OPEN_TICKET and any(
        actor.can(entry, ticket.path, ticket.holder_id) for entry in working
    )


@routes.get("/tickets/{id:\\d+}")
async def ticket(request: web.Request) -> web.Response:
    """Where a card's link leads: the ticket on the page of its case."""
    actor = permit(request, Permission.CASE_READ, Permission.TICKET_READ)
    found = await access.ticket(wanted(request), actor)
    return go(request, f"/cases/{found.case_id}#ticket-{found.id}")


@routes.get("/tickets/{id:\\d+}/chat")
async def chat(request: web.Request) -> web.Response:
    """The group chat of one ticket, as a part."""
    return await _chat(request, permit(request, Permission.TICKET_READ))


async def _chat(request: web.Request, actor: Actor) -> web.Response:
    found = await access.ticket(wanted(request), actor)
    room = await rooms.room_if_any(found.subject, by=actor)
    label = (await staff.tree()).label(found.unit_id)
    return await show(
        request,
        "console/cases/chat.html",
        tab=Chat(found, label, room.id if room else None, 0, may_join(found, actor)),
    )


@routes.post("/tickets/{id:\\d+}/join")
async def join(request: web.Request) -> web.Response:
    """Come into the group of a ticket one works on."""
    actor = permit(request, Permission.TICKET_READ)
    found = await access.ticket(wanted(request), actor)
    if not may_join(found, actor) or found.room_id is None or actor.staff_id is None:
        raise NotFound("没有这个群聊，或您不能加入")
    await im.follow(found.subject, [actor.staff_id], by=actor)
    return await _chat(request, actor)
