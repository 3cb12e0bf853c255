"""How far a feedback is, for whoever handed it in: by the link of the receipt, by code and phone, or signed in.

Shows states in a patient's words and the approved reply; never notes, departments' talk or persons.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from pydantic import ValidationError

from core import audit, clock, links
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import HuiyinError, Invalid, NotFound, Refused, TooMany
from core.web import client_address
from patient_portal import feedback_form as form
from patient_portal import feedback_rows as rows
from patient_portal.forms import told, typed
from patient_portal.page import go, show
from patient_portal.visitor import Visitor, device_hash, present, require
from tickets.actions.forms import Satisfied, Solved
from tickets.feedback import asking, supplementing
from tickets.feedback.asking import Progress
from tickets.states import CaseState

routes = web.RouteTableDef()
_GRANTS = (Grant(Permission.CASE_REGISTER, "/"), Grant(Permission.CASE_HANDLE, "/"))
LONGEST_REMARK = 1000
RATINGS = (Satisfied.VERY, Satisfied.FAIRLY, Satisfied.NOT)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way; `at` "" where no time is told."""

    words: str
    note: str
    look: str
    at: str


def steps(found: Progress) -> list[Step]:
    """The way of a matter in a patient's words."""
    answered = bool(found.reply) or found.state in (CaseState.REPLIED, CaseState.CALLED_BACK)
    over = found.state in (CaseState.CLOSED, CaseState.ARCHIVED)
    working = found.state != CaseState.RECEIVED
    looks = ["done", "done" if answered or over else "now" if working else "", "", ""]
    if not working:
        looks[0] = "now"
    looks[2] = "done" if over and answered else "now" if answered else ""
    looks[3] = "now" if over else ""
    received = f"{clock.local(found.received_at):%Y-%m-%d %H:%M}"
    closed = f"{clock.local(found.closed_at):%Y-%m-%d %H:%M}" if found.closed_at else ""
    return [
        Step("已收到", "我们会尽快安排人员处理", looks[0], received),
        Step("处理中", "相关科室正在核实和处理", looks[1], ""),
        Step("已答复", "处理结果见下方", looks[2], ""),
        Step("已办结", "", looks[3], closed),
    ]


def writer(request: web.Request, visitor: Visitor | None) -> Actor:
    """Who rates or adds: the person themselves."""
    door = visitor.actor.door if visitor else Door.PORTAL
    return Actor(ActorKind.PATIENT, None, "反映人本人", door, _GRANTS, client_address(request))


async def _page(
    request: web.Request,
    case_id: int,
    base: str,
    *,
    error: HuiyinError | None = None,
    given: dict[str, str] | None = None,
) -> web.Response:
    found = await asking.of_case(case_id)
    fresh = request.query.get("new") == "1"
    return await show(
        request,
        "portal/feedback/progress.html",
        status=error.status if error else 200,
        found=found,
        steps=steps(found),
        base=base,
        fresh=fresh,
        code=await rows.query_code(case_id) if base.startswith("/p/f/") else "",
        added=await supplementing.of_case(case_id),
        ratings=[(one, one, "") for one in RATINGS],
        solved=[(one, one, "") for one in Solved],
        may_add=found.state
        not in (CaseState.CLOSED, CaseState.ARCHIVED, CaseState.REPLIED, CaseState.CALLED_BACK),
        given=given or {},
        **told(error),
    )


async def _of_link(request: web.Request) -> tuple[int, str]:
    token = request.match_info["token"]
    return await rows.of_receipt(token), f"/p/f/{token}"


async def _of_session(request: web.Request) -> tuple[int, str]:
    visitor = await require(request)
    number = request.match_info["id"]
    if not number.isdigit() or len(number) > 18:
        raise NotFound
    return await rows.own(visitor, int(number)), f"/p/feedback/{number}"


Find = Callable[[web.Request], Awaitable[tuple[int, str]]]


async def _show(request: web.Request, find: Find) -> web.Response:
    case_id, base = await find(request)
    if base.startswith("/p/f/"):
        await links.used(await links.resolve(rows.LINK, request.match_info["token"]))
    await audit.record(writer(request, present(request)), "feedback.progress", "case", case_id)
    return await _page(request, case_id, base)


async def _rate(request: web.Request, find: Find) -> web.Response:
    case_id, base = await find(request)
    given = await typed(request)
    try:
        satisfied = Satisfied(given.get("satisfied", ""))
        solved = Solved(given.get("solved", "")) if given.get("solved") else Solved.YES
    except ValueError:
        error = Invalid("请选择是否满意")
        return await _page(request, case_id, base, error=error, given=given)
    if len(given.get("remark", "")) > LONGEST_REMARK:
        error = Invalid(f"意见不能超过 {LONGEST_REMARK} 个字")
        return await _page(request, case_id, base, error=error, given=given)
    try:
        by = writer(request, present(request))
        await asking.rate_case(case_id, satisfied, solved, given.get("remark", ""), by=by)
        await audit.record(by, "feedback.rate", "case", case_id, satisfied=satisfied)
    except (Invalid, Refused, ValidationError) as error:
        refused = error if isinstance(error, HuiyinError) else Invalid("填写的内容有误")
        return await _page(request, case_id, base, error=refused, given=given)
    return go(base, "感谢您的评价")


async def _add(request: web.Request, find: Find) -> web.Response:
    case_id, base = await find(request)
    given: dict[str, str] = {}
    try:
        posted = await form.read(request)
        given = posted.texts
        by = writer(request, present(request))
        await supplementing.supplement(case_id, given.get("text", ""), posted.files, by=by)
    except (Invalid, Refused) as error:
        return await _page(request, case_id, base, error=error, given=given)
    return go(base, "补充内容已提交")


@routes.get("/p/f/{token}")
async def by_link(request: web.Request) -> web.Response:
    """The receipt and the progress."""
    return await _show(request, _of_link)


@routes.post("/p/f/{token}/rating")
async def rate_by_link(request: web.Request) -> web.Response:
    """How content one is with the result."""
    return await _rate(request, _of_link)


@routes.post("/p/f/{token}/more")
async def add_by_link(request: web.Request) -> web.Response:
    """Words and files that are added."""
    return await _add(request, _of_link)


@routes.get("/p/feedback/{id:[0-9]+}")
async def mine(request: web.Request) -> web.Response:
    """The progress of one's own."""
    return await _show(request, _of_session)


@routes.post("/p/feedback/{id:[0-9]+}/rating")
async def rate_mine(request: web.Request) -> web.Response:
    """How content one is with the result."""
    return await _rate(request, _of_session)


@routes.post("/p/feedback/{id:[0-9]+}/more")
async def add_to_mine(request: web.Request) -> web.Response:
    """Words and files that are added."""
    return await _add(request, _of_session)


@routes.get("/p/feedback/find")
async def find_page(request: web.Request) -> web.Response:
    """Where the code of a receipt is typed."""
    return await show(request, "portal/feedback/find.html", given={}, **told(None))


@routes.post("/p/feedback/find")
async def find(request: web.Request) -> web.Response:
    """By code and the last digits of the phone, to the page of a fresh link."""
    given = await typed(request)
    device = f"device {device_hash(request).hex()}"  # counted by device: a hospital's Wi-Fi is one address
    try:
        found = await asking.find(given.get("code", "")[:40], given.get("tail", "")[:10], address=device)
    except (NotFound, TooMany) as error:
        return await show(
            request, "portal/feedback/find.html", status=error.status, given=given, **told(error)
        )
    return go(f"/p/f/{await rows.open_receipt(found)}")
