"""One's account: phone, sessions, what the house may reach one for, rights about one's data, the texts agreed to."""

from uuid import uuid4

from aiohttp import web

from core import audit
from core.actor import Door
from core.errors import Fault, Forbidden, HuiyinError, Invalid
from core.masks import mask_phone
from core.web import client_address
from patient_portal import feedback_form as form
from patient_portal import feedback_rows as rows
from patient_portal import visitor
from patient_portal.forms import told, typed
from patient_portal.look import look
from patient_portal.page import go, show
from patient_portal.visitor import device_hash, require
from patient_portal.visits import WEAK
from patients import agreements, bindings, bindings_notices
from patients.consent import CHANNELS, PURPOSES, Channel
from tickets.feedback import registering
from tickets.feedback.given import Feedback
from tickets.privacy.words import RIGHTS, Right
from tickets.sources.feedback import PRIVACY

routes = web.RouteTableDef()
RIGHT_NOTES = {
    Right.READ: "看一看医院保存了我的哪些信息",
    Right.COPY: "拿到一份我的信息的副本",
    Right.CORRECT: "姓名、电话等登记有误",
    Right.ERASE: "删除不再需要保存的信息",
    Right.RESTRICT: "不再把我的信息用于某些用途",
    Right.EXPLAIN: "说明医院怎样处理我的信息",
}


@routes.get("/p/account")
async def page(request: web.Request) -> web.Response:
    """What one's account holds, and where it is signed in."""
    who = await require(request)
    return await show(
        request,
        "portal/account.html",
        phone=mask_phone(who.phone) if who.phone else "",
        sessions=await visitor.sessions(who) if who.account_id else [],
        agreed=await agreements.of(who.account_id, who.patient_id),
    )


@routes.get("/p/terms/{kind}")
async def terms(request: web.Request) -> web.Response:
    """A text one agrees to, as it is in force; with `?version=` an earlier one, to which one has agreed."""
    given = request.query.get("version", "")
    version = int(given) if given.isascii() and given.isdigit() and len(given) <= 6 else None
    found = await agreements.terms(request.match_info["kind"], version)
    return await show(
        request, "portal/terms.html", terms=found, told_terms=found.told(look(request).language)
    )


@routes.get("/p/notices")
async def notices(request: web.Request) -> web.Response:
    """What the house may reach one for, by which way."""
    return await _notices(request, None)


async def _notices(request: web.Request, error: HuiyinError | None) -> web.Response:
    who = await require(request)
    return await show(
        request,
        "portal/notices.html",
        status=error.status if error else 200,
        rows=await bindings_notices.of_patient(who.patient()),
        channels=[(channel, CHANNELS[channel]) for channel in Channel],
        **told(error),
    )


@routes.post("/p/notices")
async def set_notices(request: web.Request) -> web.Response:
    """Say yes or no to each purpose and way; what is unchanged is no new line."""
    who = await require(request)
    given = await typed(request)
    wanted = {
        (purpose, channel): given.get(f"{purpose}.{channel}") == "true"
        for purpose in PURPOSES
        for channel in CHANNELS
    }
    try:
        changed = await bindings_notices.say(who.patient(), who.account_id, wanted, by=who.actor)
    except Invalid as error:
        return await _notices(request, error)
    return go("/p/notices", "已保存" if changed else "没有改动")


@routes.get("/p/rights")
async def rights(request: web.Request) -> web.Response:
    """What one may ask about one's own data."""
    return await _rights(request, {"draft": uuid4().hex}, (), None)


async def _rights(
    request: web.Request, given: dict[str, str], chosen: tuple[str, ...], error: HuiyinError | None
) -> web.Response:
    await require(request)
    return await show(
        request,
        "portal/rights.html",
        status=error.status if error else 200,
        given=given,
        chosen=chosen,
        rights=[(right, RIGHTS[right], RIGHT_NOTES[right]) for right in Right],
        **told(error),
    )


@routes.post("/p/rights")
async def ask_right(request: web.Request) -> web.Response:
    """A request about one's own data becomes a case of the centre (《个人信息保护法》 Art. 50)."""
    who = await require(request)
    patient_id = who.patient()
    if not who.strong:
        raise Forbidden(WEAK)
    data = await request.post()
    given = await typed(request)
    chosen = tuple(str(one) for one in data.getall("rights", []) if one in list(Right))
    faults = [] if chosen else [Fault(field="rights", label="申请事项", reason="请至少选择一项")]
    if len(given.get("content", "")) > 2000:
        faults.append(Fault(field="content", label="具体要求", reason="不能超过 2000 个字"))
    if not who.phone and not given.get("phone"):
        faults.append(Fault(field="phone", label="联系电话", reason="请填写，便于答复"))
    if faults:
        return await _rights(request, given, chosen, Invalid("填写的内容有误", details=faults))
    posted = form.Posted(texts=given)
    words = "、".join(RIGHTS[Right(one)] for one in chosen)
    feedback = Feedback(
        key=f"PR{posted.draft[:24]}",
        kind=PRIVACY,
        channel="网站",
        content=f"申请事项：{words}。\n{given.get('content', '')}".strip(),
        caller_name=who.patient_name,
        caller_phone=who.phone or given.get("phone", ""),
        relation="本人",
        patient_name=who.patient_name,
        patient_number=await bindings.number_of(patient_id),
    )
    by = form.writer(posted.draft, Door.KIOSK if who.terminal_id else Door.PORTAL, client_address(request))
    received = await registering.register(feedback, by=by)
    await rows.keep(received.case_id, who, None, device_hash(request))
    await audit.record(who.actor, "privacy.request", "case", received.case_id, rights=list(chosen))
    return go(f"/p/f/{await rows.open_receipt(received.case_id)}?new=1")
