"""Feedback written down at the desk or on the phone: one page, quick from top to bottom, sent once.

The form gets a key of its own when it is opened, so that sending it twice makes one case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from pydantic import ValidationError

from console import pick, questionnaires
from console.forms import Control, Options
from console.page import go, number, permit, show
from core import clock, dictionaries, storage
from core.actor import Actor, Permission
from core.errors import Fault, Invalid, NotFound, Refused
from core.models import StoredFile
from patients import guarding
from patients import queries as patients
from staff import queries as staff
from staff.sessions import CSRF_FIELD
from tickets.feedback import categories, queries, registering
from tickets.feedback.given import LABELS, Feedback, faults_of
from tickets.feedback.words import (
    HARM,
    HCAT_DOMAINS,
    HCAT_GRADES,
    HCAT_LABELS,
    Hcat,
    Mood,
    Risk,
    Severity,
    Stage,
)
from tickets.order_fields import Gender
from tickets.receiving import Outcome
from tickets.sources.feedback import FEEDBACK

routes = web.RouteTableDef()
REGISTERING = (Permission.CASE_REGISTER, Permission.CASE_FIRST)
ANSWERS = "form"
DRAFT, FILES, KEPT, MAIN, HOW, MOOD = "draft", "files", "kept", "main", "settled_how", "settled_satisfied"
MANY = frozenset({"departments", "wishes", "categories", "risks", "tags"})
YES_NO = (("true", "是"), ("false", "否"))
Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Section:
    """Fields that belong together; `look` is a class of its block."""

    title: str
    icon: str
    controls: tuple[Control, ...]
    look: str = ""


def _words(choices: Sequence[str]) -> Options:
    return tuple((str(word), str(word)) for word in choices)


def _control(
    name: str, widget: str = "line", *, hint: str = "", options: Options = (), **more: Any
) -> Control:
    return Control(name, LABELS.get(name, name), widget, hint, options=tuple(options), **more)


LAYOUT: tuple[tuple[str, str, tuple[Control, ...], str], ...] = (
    (
        "反映内容",
        "message-report",
        (
            _control("kind", "choice", options=_words(FEEDBACK.appeal_types), value="投诉", required=True),
            _control("channel", "choice"),
            _control("content", "text", required=True, longest=20_000, hint="按反映人的原话如实记录"),
            _control("title", hint="留空则取内容开头", longest=200),
            _control("wishes", "choices"),
            _control("occurred_at", "moment"),
            _control("place", longest=200),
        ),
        "",
    ),
    (
        "反映人与患者",
        "user",
        (
            _control("caller_name", longest=100),
            _control("caller_phone", longest=40),
            _control("contact_phone", longest=40),
            _control("caller_gender", "choice", options=_words(list(Gender)), value=Gender.UNKNOWN),
            _control("relation", "choice"),
            _control("authorised", "choice", options=YES_NO, value="false", hint="代患者反映时"),
            _control("patient_name", longest=100),
            _control("patient_number", hint="病案号、门诊号或住院号", longest=100),
            _control("anonymous", "choice", options=YES_NO, value="false"),
            _control("confidential", "choice", options=YES_NO, value="false", hint="保密后科室看不到反映人"),
            _control("reply_required", "choice", options=YES_NO, value="true"),
        ),
        "",
    ),
    (
        "涉及科室与人员",
        "building-hospital",
        (
            _control("campus", "choice"),
            _control("persons", hint="多人用顿号分开", longest=500),
            _control(
                "departments", "departments", hint="投诉、建议、咨询按系统参数立即派单；举报由中心另行派单"
            ),
        ),
        "",
    ),
    (
        "分类与风险",
        "tags",
        (
            _control("severity", "choice", options=_words(list(Severity))),
            _control(
                "risks",
                "choices",
                options=_words(list(Risk)),
                hint="标记后立即提醒中心主任、分管院领导和保卫部门",
            ),
            Control(MAIN, "主分类", "department"),
            _control("tags", "choices"),
            Control("categories", "其他分类", "choices"),
        ),
        "fb-classes",
    ),
    (
        "首诉与当场解决",
        "checks",
        (
            _control("first_unit", "department", hint="患者最先找到的科室"),
            _control("first_name", longest=100),
            Control(
                HOW, "当场处理情况", "text", "当场已解决的请写明，登记后直接办结，不派工单", longest=2000
            ),
            Control(MOOD, "是否满意", "choice", options=tuple(_words(list(Mood))), value=Mood.YES),
        ),
        "fb-settled",
    ),
)


async def _options(by: Actor) -> dict[str, Options]:
    tree = await staff.tree()
    sites = [unit.short_name or unit.name for unit in tree.below() if unit.kind in ("campus", "clinic")]
    units = []
    for key, label in await pick.units(by):
        unit, site = tree.unit(int(key)), tree.site(int(key))
        name = f"{site.short_name or site.name}{unit.name}" if site and site.id != unit.id else unit.name
        if tree.find(name) is unit:
            units.append((name, label))
    classes = [(str(one.id), one.path.replace("->", " · ")) for one in await categories.open_ones()]
    return {
        "campus": _words(sites),
        "departments": units,
        "first_unit": units if by.can(Permission.CASE_REGISTER) else await _own_units(by, units),
        **await dictionaries.options_of(Feedback),
        MAIN: classes,
        "categories": classes,
    }


async def _own_units(by: Actor, units: Options) -> Options:
    """Those of the choices that are the person's own: who is no member of the centre registers for these alone."""
    own = {label for _, label in await pick.units(by, Permission.CASE_FIRST)}
    return [(name, label) for name, label in units if label in own]


async def sections(values: Mapping[str, Any], faults: Mapping[str, str], by: Actor) -> list[Section]:
    """The form, filled and with its faults."""
    options = await _options(by)
    return [
        Section(
            title,
            icon,
            tuple(
                replace(
                    control,
                    value=values.get(control.name, () if control.name in MANY else control.value),
                    fault=faults.get(control.name, ""),
                    options=tuple(options.get(control.name, control.options)),
                )
                for control in controls
            ),
            look,
        )
        for title, icon, controls, look in LAYOUT
    ]


@routes.get("/feedback/new")
async def empty(request: web.Request) -> web.Response:
    """The empty form; a department's own is chosen already."""
    actor = permit(request, *REGISTERING)
    values: Given = {DRAFT: uuid4().hex}
    own = [] if actor.can(Permission.CASE_REGISTER) else (await _options(actor))["first_unit"]
    if own:
        values |= {"first_unit": own[0][0], "first_name": actor.name}
    about = number(request.query.get("patient", ""))  # from the file of a patient, or a list
    if about is not None and actor.can(Permission.PATIENT_READ):
        patient = await patients.get(about, actor)
        await guarding.check(about, actor)
        values |= {"patient_name": patient.name, "patient_number": patient.number}
    return await _page(request, values, ())


async def _page(
    request: web.Request,
    values: Mapping[str, Any],
    faults: Sequence[Fault],
    *,
    status: int = 200,
    message: str = "",
    answered: questionnaires.Filled | None = None,
) -> web.Response:
    by_field = {_field(fault.field): fault.reason for fault in faults}
    return await show(
        request,
        "console/feedback/new.html",
        status=status,
        sections=await sections(values, by_field, permit(request)),
        values=values,
        domains=[(name, [(c.value, HCAT_LABELS[c]) for c in known]) for name, known in HCAT_DOMAINS.items()],
        grades=list(enumerate(HCAT_GRADES)),
        stages=[str(stage) for stage in Stage],
        harms=list(enumerate(HARM)),
        draft=values.get(DRAFT, ""),
        kept=[await storage.find(UUID(file_id)) for file_id in values.get(KEPT, ())],
        file_fault=by_field.get("attachments", ""),
        message=message,
        asked=await questionnaires.asked(str(values.get("kind", "投诉")), answered, faults),
    )


def _field(name: str) -> str:
    """The control that a fault belongs to."""
    first = name.split(".", maxsplit=1)[0]
    return HOW if first == "settled" else first


@routes.post("/feedback/new")
async def sent(request: web.Request) -> web.Response:
    """Open the case, or tell what is faulty beside its field."""
    actor = permit(request, *REGISTERING)
    values: Given = {}
    answered: questionnaires.Filled | None = None
    try:
        values, files = await _posted(request, actor)
        answered = await questionnaires.filled(
            str(values.get("kind", "")), await questionnaires.posted(request, by=actor.name)
        )
        if answered is not None:
            values[ANSWERS] = {"version": answered.version, "answers": answered.given}
            if answered.unseen:  # without scripts: what the answers have called for was not shown yet
                return await _page(
                    request, values, (), answered=answered, message="按您的选择，还有几个问题请填写"
                )
        received = await registering.register(_feedback(values), by=actor, files=files)
    except ValidationError as error:
        message = "填写的内容有误，请查看标红的各项"
        return await _page(request, values, faults_of(error), status=422, message=message, answered=answered)
    except Invalid as error:
        faults = error.details or (Fault(field="attachments", reason=error.message),)
        return await _page(request, values, faults, status=422, message=error.message, answered=answered)
    except Refused as error:
        return await _page(request, values, (), status=error.status, message=error.message, answered=answered)
    said = {
        Outcome.NEW: f"已登记，编号 {received.number}",
        Outcome.SAME: f"这份登记此前已提交，编号 {received.number}，没有重复登记",
        Outcome.CHANGED: f"已更新 {received.number}",
    }
    whole = actor.can(
        Permission.CASE_REGISTER
    )  # who only received it first follows it in a list of their own
    return go(request, f"/cases/{received.case_id}" if whole else "/feedback/mine", said[received.outcome])


async def _posted(request: web.Request, actor: Actor) -> tuple[Given, list[StoredFile]]:
    """What was typed; files are kept at once, so that a faulty form need not be given them again."""
    data = await request.post()
    values: Given = {}
    kept: list[str] = []
    for name in dict.fromkeys(data):
        found = data.getall(name)
        if name == FILES:
            sent_along = [entry for entry in found if isinstance(entry, web.FileField)]
            read = [(entry.filename, content) for entry in sent_along if (content := entry.file.read())]
            kept += [str((await storage.keep(title, content, by=actor)).id) for title, content in read]
        elif name == KEPT:
            kept += [str(value) for value in found]
        elif name != CSRF_FIELD:
            texts = [value for value in found if isinstance(value, str) and value.strip()]
            if texts:
                values[name] = texts if name in MANY else texts[-1]
    files = [file for file_id in dict.fromkeys(kept) if (file := await _own(file_id, actor)) is not None]
    values[KEPT] = [str(file.id) for file in files]
    return values, files


async def _own(file_id: str, actor: Actor) -> StoredFile | None:
    """The file, if this person brought it: an id from a form is somebody's word."""
    try:
        file = await storage.find(UUID(file_id))
    except (ValueError, NotFound):
        return None
    return file if file.uploader_id == actor.staff_id else None


def _feedback(values: Given) -> Feedback:
    """The form as the model takes it.

    Raises:
        ValidationError: a field is faulty.
    """
    said = {
        name: value
        for name, value in values.items()
        if name in Feedback.model_fields and name != "attachments"
    }
    draft = "".join(sign for sign in str(values.get(DRAFT, "")) if sign.isalnum())[:16] or uuid4().hex[:16]
    said["key"] = f"FK{clock.today():%Y%m%d}-{draft}"
    chosen = [str(values[MAIN])] if MAIN in values else []
    said["categories"] = list(dict.fromkeys([*chosen, *values.get("categories", ())]))
    marks = {category: str(values.get(f"hcat_{category}", "0")) for category in Hcat}
    said["hcat"] = [
        {"category": category, "severity": grade} for category, grade in marks.items() if grade != "0"
    ]
    if HOW in values:
        said["settled"] = {"how": values[HOW], "satisfied": values.get(MOOD, Mood.YES)}
    return Feedback.model_validate(said)


@routes.get("/feedback/known")
async def known(request: web.Request) -> web.Response:
    """Earlier cases of a phone number while one is still on the phone; those this person may see."""
    actor = permit(request, *REGISTERING)
    found = await queries.of_phone(request.query.get("caller_phone", ""), actor)
    return await show(request, "console/feedback/known.html", found=found)
