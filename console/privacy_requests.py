"""What is done on a request about personal data: identity noted, package made and fetched, fields corrected, deletion.

Each is a drawer of the case's page and one action of `tickets.privacy`; decides nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiohttp import web

from console import forms
from console.case_page import done, wanted
from console.page import permit, show
from core.actions import Form, Nothing
from core.actor import Actor, Permission
from core.downloads import attachment
from core.errors import Invalid, NotFound, Refused
from tickets.privacy import correcting, erasing, packing, requests
from tickets.privacy.words import CheckForm, CorrectForm, EraseForm
from tickets.queries import access

routes = web.RouteTableDef()


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that is done, with the words of its drawer."""

    title: str
    hint: str
    button: str
    said: str
    form: type[Form]
    run: Callable[[int, Any, Actor], Awaitable[object]]


async def _check(case_id: int, form: CheckForm, by: Actor) -> None:
    await requests.check(case_id, form, by=by)


async def _pack(case_id: int, _: Nothing, by: Actor) -> None:
    await packing.ask(case_id, by=by)


async def _correct(case_id: int, form: CorrectForm, by: Actor) -> None:
    await correcting.correct(case_id, form, by=by)


async def _erase(case_id: int, form: EraseForm, by: Actor) -> None:
    await erasing.erase(case_id, form, by=by)


ACTS = {
    "check": Act(
        "核验申请人身份",
        "核验后才能提供副本、更正或删除；每一步都写入审计日志",
        "登记",
        "已登记身份核验",
        CheckForm,
        _check,
    ),
    "pack": Act(
        "生成个人信息副本",
        "汇总本院保存的这位患者的全部个人信息；涉密事项和他人的信息不在其中",
        "开始生成",
        "已开始生成，完成后可在本页下载",
        Nothing,
        _pack,
    ),
    "correct": Act(
        "更正个人信息",
        "更正前后的内容都加密留存；以后系统推送不会覆盖",
        "更正",
        "已更正",
        CorrectForm,
        _correct,
    ),
    "erase": Act(
        "删除个人信息",
        "可以删除的立即删除且不能恢复；法律规定须保存的停止其他处理，并列明依据",
        "执行删除",
        "已执行，结果见本页",
        EraseForm,
        _erase,
    ),
}


def _act(request: web.Request) -> Act:
    found = ACTS.get(request.match_info["act"])
    if found is None:
        raise NotFound("没有这项操作")
    return found


@routes.get("/cases/{id:\\d+}/privacy/{act:[a-z]+}")
async def asking(request: web.Request) -> web.Response:
    """The drawer."""
    actor = permit(request, Permission.PRIVACY_HANDLE)
    case = await access.case(wanted(request), actor)
    known = await requests.of(case.id)
    given: dict[str, object] = {}
    if request.match_info["act"] == "check":
        given = {"patient_number": case.patient_number}
        if known is not None:
            given |= {"asker": known.asker, "asker_name": known.asker_name, "rights": list(known.rights)}
            given |= {"way": known.identity_way, "note": known.identity_note}
    return await _drawer(request, given)


async def _drawer(
    request: web.Request, given: dict[str, object], error: Invalid | Refused | None = None
) -> web.Response:
    act = _act(request)
    return await show(
        request,
        "console/privacy/act.html",
        status=error.status if error else 200,
        act=act,
        path=f"/cases/{wanted(request)}/privacy/{request.match_info['act']}",
        controls=forms.controls(act.form, given, error.details if error else ()),
        keeps=erasing.REGISTER if act.form is EraseForm else (),
        outcomes=erasing.OUTCOMES,
        error=error.message if error and not error.details else "",
    )


@routes.post("/cases/{id:\\d+}/privacy/{act:[a-z]+}")
async def doing(request: web.Request) -> web.Response:
    """Do it."""
    actor = permit(request, Permission.PRIVACY_HANDLE)
    act = _act(request)
    await access.case(wanted(request), actor)
    given = await forms.posted(request, act.form)
    try:
        await act.run(wanted(request), forms.parse(act.form, given), actor)
    except (Invalid, Refused) as error:
        return await _drawer(request, given, error)
    return await done(request, wanted(request), act.said)


@routes.get("/cases/{id:\\d+}/privacy/packages/{package}")
async def fetch(request: web.Request) -> web.Response:
    """The package, for whoever hands it to the person."""
    actor = permit(request, Permission.PRIVACY_HANDLE)
    try:
        number = UUID(request.match_info["package"])
    except ValueError:
        raise NotFound from None
    file, data = await packing.fetch(wanted(request), number, by=actor)
    return attachment(file.name, data, "application/zip")
