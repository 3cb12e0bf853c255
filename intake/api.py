"""The action API for signed-in staff: read cases and tickets, and every action of the register by its name.

`POST /api/v1/cases/{id}/{verb}` and `/api/v1/tickets/{id}/{verb}` run what `core.actions.REGISTER` holds, with the
form of the action as JSON. Permissions, states and scope are those of the action; nothing is decided here.
"""

import orjson
from aiohttp import web

from core.actions import REGISTER, Action
from core.actor import Actor
from core.errors import Fault, Invalid, NotFound, Unauthenticated
from core.web import json_answer
from intake.doors import MOST_MESSAGE, read_body
from intake.openapi import document
from intake.views import CaseList, Done, TicketList, case_view, ticket_view
from patients.feeds import tokens
from staff import queries as staff
from staff.sessions import present, require
from tickets.queries import access, choices, recent
from tickets.states import CaseState, TicketState

routes = web.RouteTableDef()
_ID = r"{id:[0-9]{1,18}}"
PAGE = 50


@routes.get("/api/v1/openapi.json")
async def openapi(request: web.Request) -> web.Response:
    """This API as an OpenAPI 3.1 document, for whoever is signed in and for systems with a token of a link."""
    if present(request) is None and not await tokens.in_force(request.headers.get("Authorization", "")):
        raise Unauthenticated
    return json_answer(document())


@routes.get("/api/v1/cases")
async def list_cases(request: web.Request) -> web.Response:
    """Cases newest first; `?state=`, `?before=` an id, `?limit=` up to 100."""
    by = require(request)
    limit = _query_number(request, "limit") or PAGE
    found = await recent.cases(
        by,
        state=_query_state(request, [state.value for state in CaseState]),
        before=_query_number(request, "before"),
        limit=limit,
    )
    return json_answer(
        CaseList(
            cases=tuple(case_view(case) for case in found),
            next=found[-1].id if len(found) == min(limit, recent.MOST) else None,
        )
    )


@routes.get("/api/v1/tickets")
async def list_tickets(request: web.Request) -> web.Response:
    """Tickets newest first; `?state=`, `?before=` an id, `?limit=` up to 100."""
    by = require(request)
    limit = _query_number(request, "limit") or PAGE
    found = await recent.tickets(
        by,
        state=_query_state(request, [state.value for state in TicketState]),
        before=_query_number(request, "before"),
        limit=limit,
    )
    tree = await staff.tree()
    return json_answer(
        TicketList(
            tickets=tuple(ticket_view(ticket, tree.label(ticket.unit_id)) for ticket in found),
            next=found[-1].id if len(found) == min(limit, recent.MOST) else None,
        )
    )


def _query_number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18 and int(text)):
        raise Invalid("查询条件有误", details=[Fault(field=name, reason="应为正整数", value=text[:50])])
    return int(text)


def _query_state(request: web.Request, known: list[str]) -> str:
    state = request.query.get("state", "")
    if state and state not in known:
        fault = Fault(field="state", reason=f"只能是：{'、'.join(known)}", value=state[:50])
        raise Invalid("查询条件有误", details=[fault])
    return state


@routes.get(f"/api/v1/cases/{_ID}")
async def one_case(request: web.Request) -> web.Response:
    """One case, with what the asker may do now."""
    by = require(request)
    case = await access.case(int(request.match_info["id"]), by)
    return json_answer(case_view(case, await choices.of_case(case, by)))


@routes.get(f"/api/v1/tickets/{_ID}")
async def one_ticket(request: web.Request) -> web.Response:
    """One ticket, with what the asker may do now."""
    by = require(request)
    ticket = await access.ticket(int(request.match_info["id"]), by)
    case = await access.case(ticket.case_id, by)
    unit = (await staff.tree()).label(ticket.unit_id)
    return json_answer(ticket_view(ticket, unit, await choices.of_ticket(case, ticket, by)))


@routes.post(f"/api/v1/cases/{_ID}/{{verb:[a-z_]{{1,40}}}}")
async def do_with_case(request: web.Request) -> web.Response:
    """Run `case.{verb}`."""
    by, number = require(request), int(request.match_info["id"])
    action = await _run(request, "case", number, by)
    try:
        case = await access.case(number, by)
    except NotFound:  # made secret by this very step
        return json_answer(Done(said=action.said.format(number=number)))
    view = case_view(case, await choices.of_case(case, by))
    return json_answer(Done(said=action.said.format(number=case.number), case=view))


@routes.post(f"/api/v1/tickets/{_ID}/{{verb:[a-z_]{{1,40}}}}")
async def do_with_ticket(request: web.Request) -> web.Response:
    """Run `ticket.{verb}`; a ticket that has left the asker's reach (transferred) is told without its content."""
    by, number = require(request), int(request.match_info["id"])
    action = await _run(request, "ticket", number, by)
    said = action.said.format(number=number)
    try:
        ticket = await access.ticket(number, by)
        case = await access.case(ticket.case_id, by)
    except NotFound:
        return json_answer(Done(said=said))
    unit = (await staff.tree()).label(ticket.unit_id)
    return json_answer(
        Done(said=said, ticket=ticket_view(ticket, unit, await choices.of_ticket(case, ticket, by)))
    )


async def _run(request: web.Request, subject: str, number: int, by: Actor) -> Action:
    action = REGISTER.get(f"{subject}.{request.match_info['verb']}")
    if action is None:
        raise NotFound("没有这个操作")
    form = action.parse(await _object(request))
    await action.run(number, form, by=by)
    return action


async def _object(request: web.Request) -> dict[str, object]:
    """The JSON object in the body; an empty body is an empty object."""
    body = await read_body(request, MOST_MESSAGE)
    if not body.strip():
        return {}
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Invalid(f"请求体不是合法的 JSON：{error}") from None
    if not isinstance(data, dict):
        raise Invalid("请求体应为一个 JSON 对象")
    return data
