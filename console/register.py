"""An order written down by hand: the same `Order` as a push or an imported row, drawn as a form.

The number is the sender's; where there is none the form gives one of its own, fixed when the form is opened, so
that sending it twice makes one case.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from pydantic import ValidationError

from console import pick
from console.forms import LONG, Control, Options
from console.page import go, permit, show
from core import clock, storage
from core.actor import Actor, Permission
from core.errors import Invalid, NotFound, Refused
from staff import queries as staff
from staff.sessions import CSRF_FIELD
from tickets.models import Case
from tickets.order_fields import Gender, Urgency
from tickets.order_fields import Role as Part
from tickets.orders import LABELS, Order, faults_of
from tickets.queries import case_page
from tickets.receiving import Outcome, receive
from tickets.sources import SOURCES

routes = web.RouteTableDef()
SOURCE = "hotline"
DRAFT, FILES, KEPT = "draft", "files", "kept"
YES_NO = (("true", "是"), ("false", "否"))


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together on the page."""

    title: str
    icon: str
    controls: tuple[Control, ...]


def _words(choices: Sequence[str]) -> Options:
    return tuple((str(word), str(word)) for word in choices)


def _control(
    name: str, widget: str = "line", *, hint: str = "", options: Options = (), **more: Any
) -> Control:
    return Control(name, LABELS[name], widget, hint, options=tuple(options), **more)


LAYOUT: tuple[tuple[str, str, tuple[Control, ...]], ...] = (
    (
        "工单",
        "file-text",
        (
            _control("order_no", hint="热线平台的工单编号；没有编号可不填，系统自动编号", longest=64),
            _control("platform_no", longest=100),
            _control("appeal_type", "choice", options=_words(SOURCES[SOURCE].appeal_types)),
            _control("category", hint="如：医疗卫生->医疗服务->挂号与退费", longest=200),
            _control("urgency", "choice", options=_words(list(Urgency)), value=Urgency.NORMAL),
            _control("role", "choice", options=_words(list(Part)), value=Part.LEAD),
            _control("channel", hint="如：电话、微信、来访", longest=50),
            _control("dispatched_at", "moment"),
        ),
    ),
    (
        "诉求",
        "message-report",
        (
            _control("title", hint="留空则取内容开头", longest=200),
            _control("content", "text", required=True, longest=20_000),
            _control("occurred_at", "moment"),
            _control("place", longest=200),
        ),
    ),
    (
        "来电人",
        "user",
        (
            _control("caller_name", longest=100),
            _control("caller_gender", "choice", options=_words(list(Gender)), value=Gender.UNKNOWN),
            _control("caller_phone", longest=40),
            _control("contact_phone", hint="与来电号码不同时填写", longest=40),
            _control("confidential", "choice", options=YES_NO, value="false", hint="保密后科室看不到来电人"),
            _control("anonymous", "choice", options=YES_NO, value="false"),
            _control("reply_required", "choice", options=YES_NO, value="true"),
        ),
    ),
    (
        "涉及的科室与患者",
        "building-hospital",
        (
            _control("campus", "choice"),
            _control("departments", "departments", hint="按系统参数决定是否立即派单"),
            _control("persons", hint="多人用顿号分开", longest=500),
            _control("patient_name", longest=100),
            _control("patient_number", longest=100),
        ),
    ),
    (
        "办理期限",
        "clock",
        (
            _control("upstream_deadline", "moment", hint="工单上写明的期限优先于规则；没有写明请留空"),
            _control("hospital_deadline", "moment"),
        ),
    ),
)
MANY = frozenset({"departments"})


async def sections(values: Mapping[str, Any], faults: Mapping[str, str], by: Actor) -> list[Section]:
    """The form, filled and with its faults."""
    tree = await staff.tree()
    sites = [unit.short_name or unit.name for unit in tree.below() if unit.kind in ("campus", "clinic")]
    options: dict[str, Options] = {"campus": _words(sites), "departments": await _departments(by)}
    return [
        Section(title, icon, tuple(_filled(control, values, faults, options) for control in controls))
        for title, icon, controls in LAYOUT
    ]


def _filled(
    control: Control, values: Mapping[str, Any], faults: Mapping[str, str], options: Mapping[str, Options]
) -> Control:
    return replace(
        control,
        value=values.get(control.name, () if control.name in MANY else control.value),
        fault=faults.get(control.name, ""),
        options=tuple(options.get(control.name, control.options)),
        longest=control.longest or (LONG if control.widget == "line" else None),
    )


async def _departments(by: Actor) -> Options:
    """Departments by a name that `OrgTree.find` knows, site first."""
    tree = await staff.tree()
    found = []
    for number, label in await pick.units(by):
        unit, site = tree.unit(int(number)), tree.site(int(number))
        name = f"{site.short_name or site.name}{unit.name}" if site and site.id != unit.id else unit.name
        if tree.find(name) is unit:
            found.append((name, label))
    return found


@routes.get("/cases/new")
async def empty(request: web.Request) -> web.Response:
    """The empty form."""
    permit(request, Permission.CASE_REGISTER)
    return await _page(request, {DRAFT: uuid4().hex}, {})


async def _page(
    request: web.Request,
    values: Mapping[str, Any],
    faults: Mapping[str, str],
    *,
    status: int = 200,
    message: str = "",
    known: Case | None = None,
) -> web.Response:
    return await show(
        request,
        "console/cases/new.html",
        status=status,
        sections=await sections(values, faults, permit(request)),
        draft=values.get(DRAFT, ""),
        kept=[await storage.find(UUID(file_id)) for file_id in values.get(KEPT, ())],
        file_fault=next((text for field, text in faults.items() if field.startswith("attachments")), ""),
        message=message,
        known=known,
    )


@routes.post("/cases/new")
async def sent(request: web.Request) -> web.Response:
    """Open the case, or tell what is faulty beside its field, or that the number is known, with a link."""
    actor = permit(request, Permission.CASE_REGISTER)
    given: dict[str, Any] = {}
    try:
        given = await _posted(request, actor)
        order = Order.model_validate(await _order(given))
    except ValidationError as error:
        faults = {fault["field"].split(".")[0]: fault["reason"] for fault in faults_of(error)}
        return await _page(request, given, faults, status=422, message="填写的内容有误，请查看标红的各项")
    except Invalid as error:
        return await _page(request, given, {"attachments": error.message}, status=422, message=error.message)
    try:
        received = await receive(order, by=actor, source=SOURCE)
    except Refused as error:
        known = await case_page.by_order_no(order.order_no, SOURCE, actor)
        message = error.message
        if known is not None and not order.update:
            message = (
                f"工单编号 {order.order_no} 已登记为 {known.number}，内容不同。如为来单更新，请按更新提交。"
            )
        return await _page(request, given, {}, status=error.status, message=message, known=known)
    said = {
        Outcome.NEW: f"已登记，编号 {received.number}",
        Outcome.SAME: f"这张工单此前已登记为 {received.number}，没有重复登记",
        Outcome.CHANGED: f"已更新 {received.number}",
    }
    return go(request, f"/cases/{received.case_id}", said[received.outcome])


async def _posted(request: web.Request, actor: Actor) -> dict[str, Any]:
    """What was typed; files are kept at once, so that a faulty form need not be given them again."""
    data = await request.post()
    given: dict[str, Any] = {}
    kept: list[str] = []
    for name in dict.fromkeys(data):
        values = data.getall(name)
        if name == CSRF_FIELD:
            continue
        if name == KEPT:
            kept += [str(value) for value in values]
        elif name == FILES:
            for entry in values:
                if isinstance(entry, web.FileField) and (content := entry.file.read()):
                    kept.append(str((await storage.keep(entry.filename, content, by=actor)).id))
        else:
            texts = [str(value) for value in values if isinstance(value, str) and value.strip()]
            if texts:
                given[name] = texts if name in MANY else texts[-1]
    given[KEPT] = [file_id for file_id in dict.fromkeys(kept) if await _own(file_id, actor)]
    return given


async def _own(file_id: str, actor: Actor) -> bool:
    """Whether this person brought the file: an id from a form is somebody's word."""
    try:
        file = await storage.find(UUID(file_id))
        return file.uploader_id is not None and bool(file.uploader_id == actor.staff_id)
    except (ValueError, NotFound):
        return False


async def _order(given: Mapping[str, Any]) -> dict[str, Any]:
    """The form as the model takes it."""
    said = {name: value for name, value in given.items() if name in LABELS and name != "attachments"}
    draft = "".join(sign for sign in str(given.get(DRAFT, "")) if sign.isalnum())[:8] or uuid4().hex[:8]
    said.setdefault("order_no", f"RG{clock.today():%Y%m%d}-{draft}")
    files = [await storage.find(UUID(file_id)) for file_id in given.get(KEPT, ())]
    said["attachments"] = [
        {
            "name": file.name,
            "mime": file.mime,
            "base64": base64.b64encode(await storage.read(file)).decode(),
        }
        for file in files
    ]
    return said
