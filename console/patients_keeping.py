"""What staff do on a patient's file: correct a field, keep contacts, set and clear marks, undo a merge. Decides nothing."""

from datetime import date
from enum import StrEnum
from typing import Any

from aiohttp import web
from pydantic import Field

from console import forms
from console.case_page import wanted
from console.page import go, number, permit, show
from core.actions import Form
from core.actor import Permission
from core.errors import Invalid, NotFound, Refused
from patients import corrections, origins, people
from patients.people import FLAG_LABELS, ContactMark, Flag

routes = web.RouteTableDef()
MARKED = {
    ContactMark.PREFERRED: "已设为首选电话",
    ContactMark.VERIFIED: "已记为核实",
    ContactMark.WRONG: "已标记为错号",
    ContactMark.RIGHT: "已取消错号标记",
}


class CorrectForm(Form):
    """A field and what it should say."""

    field: str = Field(title="要更正的内容", json_schema_extra={"widget": "choice"})
    value: str = Field(
        default="",
        max_length=200,
        title="正确的内容",
        description="死亡填“是”或“否”；日期如 1990-01-31；留空表示清除。此后医院系统不会再覆盖这一项",
        json_schema_extra={"widget": "line"},
    )
    reason: str = Field(
        min_length=people.LEAST,
        max_length=people.MOST,
        title="原因",
        description="例如：患者出示身份证核对；写入审计日志",
        json_schema_extra={"widget": "line"},
    )


class RestoreForm(Form):
    """Why the systems' word is to count again."""

    reason: str = Field(
        min_length=people.LEAST,
        max_length=people.MOST,
        title="原因",
        description="例如：患者来电确认医院系统里的是对的；写入审计日志",
        json_schema_extra={"widget": "line"},
    )


class ContactForm(Form):
    """Somebody to be reached."""

    relation: str = Field(min_length=1, max_length=20, title="关系", description="例如：配偶、子女、本人")
    name: str = Field(default="", max_length=40, title="姓名")
    phone: str = Field(min_length=1, max_length=30, title="电话")


class FlagForm(Form):
    """A mark and why."""

    flag: Flag = Field(
        title="标记", json_schema_extra={"labels": {flag.value: label for flag, label in FLAG_LABELS.items()}}
    )
    note: str = Field(default="", max_length=100, title="说明")
    until: date | None = Field(
        default=None, title="有效期至", description="到期自动失效；留空表示一直有效，直到取消"
    )


class ReasonForm(Form):
    """Why something is taken back."""

    reason: str = Field(min_length=2, max_length=100, title="原因")


async def _drawer(
    request: web.Request,
    form: type[Form],
    title: str,
    path: str,
    given: dict[str, Any] | None = None,
    error: Invalid | Refused | None = None,
    note: str = "",
) -> web.Response:
    options = {"field": [(name, label) for name, label in corrections.LABELS.items()]}
    corrects = form is CorrectForm
    return await show(
        request,
        "console/patients/correct.html" if corrects else "console/patients/do.html",
        origins=await origins.origins(wanted(request), permit(request)) if corrects else (),
        patient_id=wanted(request),
        status=error.status if error else 200,
        title=title,
        note=note,
        path=path,
        error=error,
        controls=forms.controls(form, given, error.details if error else (), options),
    )


class _What(StrEnum):
    CORRECT = "correct"
    CONTACT = "contact"
    FLAG = "flag"


DRAWERS: dict[_What, tuple[type[Form], str, str]] = {
    _What.CORRECT: (CorrectForm, "更正患者信息", "更正后以人工为准"),
    _What.CONTACT: (ContactForm, "添加联系人", "医院系统不会改动人工添加的联系人"),
    _What.FLAG: (FlagForm, "添加标记", "标记在清单和档案中显示，可按它筛选"),
}


@routes.get("/patients/{id:\\d+}/{what:correct|contact|flag}")
async def asked(request: web.Request) -> web.Response:
    """The drawer of one of them."""
    permit(request, Permission.PATIENT_MAINTAIN)
    form, title, note = DRAWERS[_What(request.match_info["what"])]
    given = {"field": request.query["field"]} if request.query.get("field") in corrections.LABELS else None
    path = f"/patients/{wanted(request)}/{request.match_info['what']}"
    return await _drawer(request, form, title, path, given, note=note)


@routes.post("/patients/{id:\\d+}/{what:correct|contact|flag}")
async def done(request: web.Request) -> web.Response:
    """Do it; what does not fit is told beside the field."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    patient_id, what = wanted(request), _What(request.match_info["what"])
    form, title, note = DRAWERS[what]
    given = await forms.posted(request, form)
    path = f"/patients/{patient_id}/{what}"
    try:
        filled = forms.parse(form, given)
        match filled:
            case CorrectForm():
                value = {"是": "true", "否": "false"}.get(filled.value, filled.value)
                if filled.field == "deceased" and value not in ("true", "false"):
                    raise Refused("死亡一项请填“是”或“否”")
                await people.correct(patient_id, filled.field, value, reason=filled.reason, by=actor)
                said = f"已更正：{corrections.LABELS[filled.field]}"
            case ContactForm():
                await people.add_contact(patient_id, filled.relation, filled.name, filled.phone, by=actor)
                said = "已添加联系人"
            case FlagForm():
                await people.set_flag(patient_id, filled.flag, filled.note, by=actor, until=filled.until)
                said = f"已标记：{FLAG_LABELS[filled.flag]}"
            case _:
                raise NotFound
    except (Invalid, Refused) as error:
        return await _drawer(request, form, title, path, given, error, note)
    return go(request, f"/patients/{patient_id}", said)


UNCORRECT = "/patients/{id:\\d+}/uncorrect/{field:[a-z_]+}"
RESTORES = "撤销人工更正，以医院系统为准；系统没有说过的保持更正后的内容"


def _field(request: web.Request) -> str:
    field = request.match_info["field"]
    if field not in corrections.LABELS:
        raise NotFound("没有这一项")
    return field


@routes.get(UNCORRECT)
async def uncorrect_asked(request: web.Request) -> web.Response:
    """The drawer that asks why the systems' word is to count again."""
    permit(request, Permission.PATIENT_MAINTAIN)
    field = _field(request)
    path = f"/patients/{wanted(request)}/uncorrect/{field}"
    return await _drawer(
        request, RestoreForm, f"恢复为接口的值：{corrections.LABELS[field]}", path, note=RESTORES
    )


@routes.post(UNCORRECT)
async def uncorrected(request: web.Request) -> web.Response:
    """Let the systems' word count again."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    patient_id, field = wanted(request), _field(request)
    given = await forms.posted(request, RestoreForm)
    label, path = corrections.LABELS[field], f"/patients/{patient_id}/uncorrect/{field}"
    try:
        await people.uncorrect(patient_id, field, reason=forms.parse(RestoreForm, given).reason, by=actor)
    except Invalid as error:
        return await _drawer(request, RestoreForm, f"恢复为接口的值：{label}", path, given, error, RESTORES)
    return go(request, f"/patients/{patient_id}", f"已撤销更正：{label}，恢复以医院系统为准")


@routes.post("/patients/{id:\\d+}/contacts/{contact:\\d+}/{mark:preferred|verified|wrong|right}")
async def marked(request: web.Request) -> web.Response:
    """Note what was found out about a number."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    contact, mark = number(request.match_info["contact"]), ContactMark(request.match_info["mark"])
    if contact is None:
        raise NotFound("没有这个联系人")
    await people.mark_contact(wanted(request), contact, mark, by=actor)
    return go(request, f"/patients/{wanted(request)}", MARKED[mark])


@routes.get("/patients/{id:\\d+}/unflag/{flag:[a-z_]+}")
async def unflag_asked(request: web.Request) -> web.Response:
    """The drawer that asks why a mark is taken back."""
    permit(request, Permission.PATIENT_MAINTAIN)
    flag = _flag(request)
    return await _drawer(
        request, ReasonForm, f"取消标记：{FLAG_LABELS[flag]}", f"/patients/{wanted(request)}/unflag/{flag}"
    )


def _flag(request: web.Request) -> Flag:
    try:
        return Flag(request.match_info["flag"])
    except ValueError:
        raise NotFound("没有这种标记") from None


@routes.post("/patients/{id:\\d+}/unflag/{flag:[a-z_]+}")
async def unflagged(request: web.Request) -> web.Response:
    """Take a mark back."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    patient_id, flag = wanted(request), _flag(request)
    given = await forms.posted(request, ReasonForm)
    try:
        reason = forms.parse(ReasonForm, given).reason
        await people.clear_flag(patient_id, flag, reason, by=actor)
    except (Invalid, Refused) as error:
        title, path = f"取消标记：{FLAG_LABELS[flag]}", f"/patients/{patient_id}/unflag/{flag}"
        return await _drawer(request, ReasonForm, title, path, given, error)
    return go(request, f"/patients/{patient_id}", f"已取消标记：{FLAG_LABELS[flag]}")


@routes.get("/patients/{id:\\d+}/unmerge/{merge:\\d+}")
async def unmerge_asked(request: web.Request) -> web.Response:
    """The drawer that asks why a merge is undone."""
    permit(request, Permission.PATIENT_MAINTAIN)
    path = f"/patients/{wanted(request)}/unmerge/{request.match_info['merge']}"
    return await _drawer(
        request, ReasonForm, "撤销合并", path, note="就诊会回到原来的患者名下，两份档案今后不再自动合并"
    )


@routes.post("/patients/{id:\\d+}/unmerge/{merge:\\d+}")
async def unmerged(request: web.Request) -> web.Response:
    """Part two records again."""
    actor = permit(request, Permission.PATIENT_MAINTAIN)
    merge = number(request.match_info["merge"])
    if merge is None:
        raise NotFound("没有这次合并")
    given = await forms.posted(request, ReasonForm)
    try:
        await people.undo_merge(merge, forms.parse(ReasonForm, given).reason, by=actor)
    except (Invalid, Refused) as error:
        path = f"/patients/{wanted(request)}/unmerge/{merge}"
        return await _drawer(request, ReasonForm, "撤销合并", path, given, error)
    return go(request, f"/patients/{wanted(request)}", "已撤销合并")
