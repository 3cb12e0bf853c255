"""What is done from the page of a case: the form of each action in the drawer, and the action itself.

Every verb goes through `core.actions.REGISTER`; this module knows only what to fill the controls with.
"""

from typing import Any

from aiohttp import web

from console import forms, pick
from console.case_page import done, readable, wanted
from console.page import go, permit, show
from core import dictionaries
from core.actions import REGISTER, Action, Form, Nothing
from core.actor import Actor, Permission
from core.errors import Invalid, NotFound, Refused
from staff import queries as staff
from tickets.actions.forms import Reply
from tickets.models import Case, Ticket
from tickets.queries import access, case_page, choices, secrecy
from tickets.reactions import result_words
from tickets.states import TicketState

routes = web.RouteTableDef()
_GIVEN_BACK = (TicketState.WITHDRAWN, TicketState.RETURNED)
LEAD = "lead"  # beside the departments of an assignment: which of them leads


async def _asked(request: web.Request, actor: Actor) -> tuple[Action, Case, Ticket | None]:
    """The action of the address and its subject, if the action is open to this person now.

    Raises:
        NotFound: out of reach, or no such verb.
        Refused: not now.
    """
    kind, verb = request.match_info["kind"], request.match_info["verb"]
    subject = {"cases": "case", "tickets": "ticket"}[kind]
    action = REGISTER.get(f"{subject}.{verb}")
    if action is None:
        raise NotFound("没有这项操作")
    if subject == "case":
        return action, await access.case(wanted(request), actor), None
    ticket = await access.ticket(wanted(request), actor)
    return action, await access.case(ticket.case_id, actor), ticket


@routes.get("/{kind:cases|tickets}/{id:\\d+}/do/{verb}")
async def asking(request: web.Request) -> web.Response:
    """The drawer in which an action is filled in."""
    actor = permit(request)
    action, case, ticket = await _asked(request, actor)
    found = await (choices.of_ticket(case, ticket, actor) if ticket else choices.of_case(case, actor))
    if action not in found:
        raise Refused("现在不能进行此操作，页面可能已过期，请刷新")
    return await _drawer(request, action, case, ticket, await _begin(action, case, ticket, actor))


@routes.post("/{kind:cases|tickets}/{id:\\d+}/do/{verb}")
async def doing(request: web.Request) -> web.Response:
    """Do it; what is faulty is told beside its field, what is refused as a notice."""
    actor = permit(request)
    action, case, ticket = await _asked(request, actor)
    given = _lead_first(await forms.posted(request, action.form, by=actor))
    try:
        form = forms.parse(action.form, given)
        await action.run(ticket.id if ticket else case.id, form, by=actor)
    except Invalid as error:
        if action.form is Nothing:
            raise
        return await _drawer(request, action, case, ticket, given, error)
    said = action.said.format(number=str(ticket.id) if ticket else case.number)
    if not await secrecy.visible([case.id], actor):  # given away, or made secret, by this very step
        return go(request, "/cases", said)
    return await done(request, case.id, said)


def _lead_first(given: dict[str, Any]) -> dict[str, Any]:
    """The leading department stands first among the units; naming it is enough to choose it."""
    lead = given.pop(LEAD, "")
    if lead and isinstance(given.get("units", []), list):
        given["units"] = [lead, *(unit for unit in given.get("units", []) if unit != lead)]
    return given


async def _drawer(
    request: web.Request,
    action: Action,
    case: Case,
    ticket: Ticket | None,
    values: dict[str, Any],
    error: Invalid | None = None,
) -> web.Response:
    options = await _options(action.form, case, permit(request))
    known = action.form.model_fields
    label = f"#{ticket.id} {(await staff.tree()).label(ticket.unit_id)}" if ticket else case.number
    return await show(
        request,
        "console/cases/do.html",
        status=error.status if error else 200,
        action=action,
        case=case,
        label=label,
        path=f"/tickets/{ticket.id}" if ticket else f"/cases/{case.id}",
        controls=forms.controls(action.form, values, error.details if error else (), options),
        leads=options.get("units", ()),
        lead=next(iter(values.get("units", ())), ""),
        previews=action.form is Reply,
        loose=[fault.reason for fault in error.details if fault.field not in known] if error else [],
        error=error.message if error and not error.details else "",
    )


async def _options(form: type[Form], case: Case, actor: Actor) -> dict[str, forms.Options]:
    """Words of dictionaries, and departments to choose from; those the order names stand first."""
    words: dict[str, forms.Options] = {**await dictionaries.options_of(form)}
    wanted_fields = [
        name
        for name, field in form.model_fields.items()
        if isinstance(field.json_schema_extra, dict)
        and (
            field.json_schema_extra.get("widget") in ("department", "departments")
            or field.json_schema_extra.get("offers") == "units"
        )
    ]
    if not wanted_fields:
        return words
    named = await _named(case)
    units = sorted(await pick.units(actor), key=lambda unit: unit[0] not in named)
    return words | dict.fromkeys(wanted_fields, units)


async def _named(case: Case) -> list[str]:
    """The ids of the departments that the order names."""
    tree = await staff.tree()
    campus = tree.unit(case.campus_id).name if case.campus_id else ""
    found = [tree.find(name, campus) for name in case.departments]
    return [str(unit.id) for unit in found if unit is not None and unit.kind in ("department", "ward")]


async def _begin(action: Action, case: Case, ticket: Ticket | None, actor: Actor) -> dict[str, Any]:
    """What the controls show before anybody typed: what is known already."""
    match action.name:
        case "case.assign":
            given = await Ticket.filter(case_id=case.id, round=case.round).exclude(
                state__in=list(_GIVEN_BACK)
            )
            taken = {str(entry.unit_id) for entry in given}
            return {"units": [unit for unit in await _named(case) if unit not in taken]}
        case "case.write_record":
            seen = await case_page.open_case(case.id, actor)
            record = await case_page.record(seen)
            if record is None:
                return {"place": case.place, "people": "、".join(case.persons)}
            return {
                name: getattr(record, name) for name in ("place", "people", "facts", "handling", "conclusion")
            }
        case "case.submit":
            return await _draft(case, actor)
        case "case.make_secret":
            accused = await staff.people(case.barred_staff_ids)
            return {
                "accused_units": [str(unit) for unit in case.barred_unit_ids] or await _named(case),
                "accused_staff": "、".join(person.number for person in accused.values()),
            }
        case "ticket.answer" if ticket is not None and ticket.answer:
            return {"text": ticket.answer, "verified": ticket.verified, "solved": ticket.solved}
    return {}


async def _draft(case: Case, actor: Actor) -> dict[str, Any]:
    """The reply as it was drafted; the first time, what the departments answered."""
    seen = await case_page.open_case(case.id, actor)
    rounds = await case_page.rounds(seen)
    if rounds and rounds[0].reply:
        now = rounds[0]
        return {name: getattr(now, name) for name in Reply.model_fields if getattr(now, name)}
    tree = await staff.tree()
    answered = [
        entry
        for entry in seen.tickets
        if entry.round == case.round and entry.answer and entry.state is TicketState.DONE
    ]
    if not answered:
        return {}
    lead = next((entry for entry in answered if entry.role == "lead"), answered[0])
    texts = [f"{tree.unit(entry.unit_id).name}：{entry.answer}" for entry in answered]
    return {
        "reply": answered[0].answer if len(answered) == 1 else "\n".join(texts),
        "verified": lead.verified,
        "solved": lead.solved,
    }


@routes.post("/cases/{id:\\d+}/preview")
async def preview(request: web.Request) -> web.Response:
    """What the person would read if the reply were approved as it stands in the form; writes nothing."""
    actor = permit(request, Permission.CASE_HANDLE)
    case = await access.case(wanted(request), actor)
    given = await request.post()
    reply, own = str(given.get("reply", "")).strip(), str(given.get("tell_text", "")).strip()
    chosen = str(given.get("tell_by", "auto"))
    ways = {"auto": ("wechat", "sms"), "wechat": ("wechat",), "sms": ("sms",)}.get(chosen, ())
    words = result_words(case, reply, own) if reply and case.reply_required else {}
    return await show(
        request,
        "console/cases/words.html",
        words={way: readable(way, words[way]) for way in ways if way in words},
        reply=reply,
        wanted=case.reply_required,
    )
