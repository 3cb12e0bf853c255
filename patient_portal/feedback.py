"""Feedback handed in by patients and families: choose a kind, fill in, receipt. Signed in or not, with or without scripts.

An anonymous matter (《信访工作条例》, 《医疗机构投诉管理办法》: whoever reports may withhold the name) leaves no account, device,
address or session behind, neither in its rows nor in the audit log. Decides nothing: `tickets.feedback` does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aiohttp import web
from pydantic import ValidationError

from core import audit_origin, dictionaries
from core.actor import Door, system
from core.db import transaction
from core.errors import Fault, Invalid, NotFound, Refused
from core.identity import normalise_phone
from core.web import client_address
from patient_portal import feedback_form as form
from patient_portal import feedback_rows as rows
from patient_portal import guarding, visits
from patient_portal.entering import origin
from patient_portal.feedback_form import ADDRESSES, Filled, Posted
from patient_portal.forms import captcha_for, typed
from patient_portal.look import look
from patient_portal.page import go, show
from patient_portal.signing import inside_wechat
from patient_portal.visitor import Visitor, device_hash, present
from patient_portal.visits import Visit
from staff import queries as staff
from staff.tree import OrgTree
from tickets import linking
from tickets.feedback import registering
from tickets.feedback.given import Feedback, faults_of
from tickets.feedback.words import REPORT
from tickets.receiving import Outcome

routes = web.RouteTableDef()
PHONE_ASKED = frozenset({"投诉", "咨询"})  # these are answered, so somebody must be there to be answered
FIELDS = {"occurred_at": "occurred_on"}  # what the model calls otherwise than the page
HOUSE = system("患者端", Door.PORTAL)


@dataclass(frozen=True, slots=True)
class Page:
    """What the page of a kind shows."""

    kind: str
    slug: str
    posted: Posted
    answered: Filled | None = None
    faults: Sequence[Fault] = ()
    message: str = ""
    status: int = 200


def kind_of(request: web.Request) -> tuple[str, str]:
    """The kind that an address names, and its word in addresses.

    Raises:
        NotFound: none.
    """
    slug = request.match_info["kind"]
    if slug not in ADDRESSES:
        raise NotFound("没有这种反馈")
    return ADDRESSES[slug], slug


@routes.get("/p/feedback")
async def choose(request: web.Request) -> web.Response:
    """What sort of matter it is, what was handed in, and the way to one's receipt."""
    visitor = present(request)
    return await show(
        request,
        "portal/feedback/start.html",
        kinds=[
            (slug, kind, form.KIND_NOTES[kind], form.KIND_ICONS[kind]) for slug, kind in ADDRESSES.items()
        ],
        mine=await rows.of(visitor) if visitor else [],
        visit=request.query.get("visit", ""),
    )


@routes.get("/p/feedback/new/{kind}")
async def empty(request: web.Request) -> web.Response:
    """The empty form; `?visit=` names a visit of one's own."""
    kind, slug = kind_of(request)
    posted = Posted(texts={form.DRAFT: uuid4().hex, "visit": request.query.get("visit", "")})
    visitor = present(request)
    if visitor is not None:
        posted.texts |= {
            "caller_name": visitor.patient_name,
            "caller_phone": visitor.phone,
            "relation": "本人",
        }
    return await _page(request, Page(kind, slug, posted))


async def _page(request: web.Request, page: Page) -> web.Response:
    visitor, posted = present(request), page.posted
    tree = await staff.tree()
    strong = visitor is not None and visitor.strong and visitor.patient_id is not None
    return await show(
        request,
        "portal/feedback/new.html",
        status=page.status,
        kind=page.kind,
        slug=page.slug,
        given=posted.texts,
        lists=posted.lists,
        kept=posted.files,
        draft=posted.draft,
        asked=await form.asked(page.kind, page.answered, page.faults, look(request).language),
        faults={FIELDS.get(one.field, one.field): one.reason for one in page.faults},
        message=page.message,
        details=page.faults,
        visits=await visits.of(visitor.patient(), limit=20) if strong and visitor is not None else [],
        units=_units(tree),
        options=await dictionaries.options_of(Feedback),
        captcha_asked=None if visitor else await captcha_for(origin(request)),
        is_report=page.kind == REPORT,
        phone_asked=page.kind in PHONE_ASKED,
        wechat=inside_wechat(request),
    )


def _units(tree: OrgTree) -> list[tuple[str, list[tuple[str, str]]]]:
    """Departments that patients know, by campus: (name as it is found again, name as it is read)."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for unit in tree.below():
        if unit.kind in ("group", "campus", "clinic"):
            continue
        name, site = visits.findable(tree, unit.id), tree.site(unit.id)
        if name:
            groups.setdefault(site.name if site else "", []).append((name, unit.name))
    return list(groups.items())


@routes.post("/p/feedback/new/{kind}")
async def sent(request: web.Request) -> web.Response:
    """Open the case, or tell what is faulty beside its field; what was typed and uploaded is never lost."""
    kind, slug = kind_of(request)
    try:
        posted = await form.read(request)
    except Invalid as error:
        texts = await typed(request)
        page = Page(kind, slug, Posted(texts=texts), None, error.details, error.message, error.status)
        return await _page(request, page)
    visitor = None if posted.on("anonymous") else present(request)
    answered: Filled | None = None
    try:
        answered = await form.filled(kind, posted)
        if posted.texts.get("again"):  # another captcha
            return await _page(request, Page(kind, slug, posted, answered))
        if answered is not None and answered.unseen:
            message = "按您的选择，还有几个问题请填写"
            return await _page(request, Page(kind, slug, posted, answered, message=message))
        _check(kind, posted)
        if present(request) is None:
            given = posted.texts
            await guarding.check_captcha(
                origin(request).device, given.get("captcha_token", ""), given.get("captcha", "")
            )
        visit = await _visit(visitor, posted)
        return go(f"/p/f/{await _register(request, kind, posted, answered, visitor, visit)}?new=1")
    except ValidationError as error:
        faults, message = faults_of(error), "填写的内容有误，请查看标红的各项"
        return await _page(request, Page(kind, slug, posted, answered, faults, message, 422))
    except (Invalid, Refused) as error:
        page = Page(kind, slug, posted, answered, error.details, error.message, error.status)
        return await _page(request, page)


def _check(kind: str, posted: Posted) -> None:
    """What a patient's page asks beyond the model.

    Raises:
        Invalid: names each.
    """
    faults, texts = [], posted.texts
    if len(texts.get("content", "")) < 5:
        faults.append(Fault(field="content", label="反映内容", reason="请写明情况，至少 5 个字"))
    phone = texts.get("caller_phone", "")
    if not posted.on("anonymous"):
        if kind in PHONE_ASKED and not phone:
            faults.append(Fault(field="caller_phone", label="联系电话", reason="请填写，便于告知处理结果"))
        if phone and normalise_phone(phone) is None:
            faults.append(Fault(field="caller_phone", label="联系电话", reason="电话号码有误，请核对"))
    if faults:
        raise Invalid("填写的内容有误，请查看标红的各项", details=faults)


SURVEY = 64  # characters of the handle of a response (surveys/responses/keys.py)


async def _visit(visitor: Visitor | None, posted: Posted) -> Visit | None:
    """The visit that was chosen, if it is of whom one acts for; or that of the questionnaire one came from."""
    text = posted.texts.get("visit", "")
    if len(text) == SURVEY and not posted.on("anonymous"):
        return await visits.of_survey(text)
    if visitor is None or not visitor.strong or not (text.isascii() and text.isdigit() and len(text) <= 18):
        return None
    return await visits.own(visitor, int(text))


async def _register(
    request: web.Request,
    kind: str,
    posted: Posted,
    answered: Filled | None,
    visitor: Visitor | None,
    visit: Visit | None,
) -> str:
    """Open the case; the token of its receipt."""
    if visitor is not None and visitor.patient_id is not None:
        posted.texts.setdefault("patient_name", visitor.patient_name)
    given = form.feedback(kind, posted, answered, visit)
    if posted.on("anonymous"):
        with _nobody():
            received = await registering.register(
                given, by=form.writer(posted.draft, Door.PORTAL, ""), files=posted.files
            )
        return await rows.open_receipt(received.case_id)
    door = visitor.actor.door if visitor else Door.PORTAL
    by = form.writer(posted.draft, door, client_address(request))
    received = await registering.register(given, by=by, files=posted.files)
    if received.outcome is Outcome.NEW:
        async with transaction():
            if visitor is not None:
                await rows.keep(received.case_id, visitor, visit.id if visit else None, device_hash(request))
            if visit is not None:
                await linking.link(received.case_id, visit.id, by=HOUSE)
    return await rows.open_receipt(received.case_id)


def _nobody() -> Any:
    """Work under an origin without address, browser and session, and let the request itself leave no line either."""
    here = audit_origin.present()
    here.actor, here.session, here.lines = None, "", here.lines + 1
    return audit_origin.opened("", "")
