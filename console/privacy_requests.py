"""What is done on a request about personal data: identity noted, package made and fetched, fields corrected, deletion.

Each is a drawer of the case's page and one action of `tickets.privacy`; decides nothing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from aiohttp import web

from console import forms, why
from console.case_page import done, wanted
from console.page import permit, show
from core.actions import Form, Nothing
from core.actor import Actor, Permission
from core.downloads import attachment
from core.errors import Invalid, NotFound, Refused
from tickets.privacy import checks, correcting, deciding, delivering, erasing, packing, requests
from tickets.privacy.checks import What
from tickets.privacy.words import CheckForm, CorrectForm, DecideForm, EraseForm, RefuseForm
from tickets.queries import access

routes = web.RouteTableDef()
WHY = "查看副本密码"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that is done, with the words of its drawer."""

    title: str
    hint: str
    button: str
    said: str
    form: type[Form]
    run: Callable[[int, Any, Actor], Awaitable[object]]
    needs: Permission = Permission.PRIVACY_HANDLE


async def _check(case_id: int, form: CheckForm, by: Actor) -> None:
    await requests.check(case_id, form, by=by)


async def _pack(case_id: int, _: Nothing, by: Actor) -> None:
    await checks.ask(case_id, What.COPY, by=by)


async def _correct(case_id: int, form: CorrectForm, by: Actor) -> None:
    await correcting.correct(case_id, form, by=by)


async def _erase(case_id: int, _: EraseForm, by: Actor) -> None:
    await checks.ask(case_id, What.ERASE, by=by)


async def _decide(case_id: int, form: DecideForm, by: Actor) -> None:
    await deciding.decide(case_id, form, by=by)


async def _refuse(case_id: int, form: RefuseForm, by: Actor) -> None:
    await requests.refuse(case_id, form, by=by)


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
        "汇总本院保存的这位患者的全部个人信息；涉密事项和他人的信息不在其中。须由核验人、提交人以外的人复核后才生成",
        "提交复核",
        "已提交，等待他人复核",
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
        "由核验人、提交人以外的人复核后执行。可以删除的立即删除且不能恢复；法律规定须保存的停止其他处理，并列明依据",
        "提交复核",
        "已提交，等待他人复核",
        EraseForm,
        _erase,
    ),
    "decide": Act(
        "复核",
        "请核对申请人身份、代理证明和申请事项。同意后立即执行：副本开始生成，或执行删除且不能恢复",
        "提交",
        "已提交复核意见",
        DecideForm,
        _decide,
        Permission.EXPORT_APPROVE,
    ),
    "refuse": Act(
        "不予提供",
        "选择法定理由，写明告知申请人的话；随后用“提交答复”告知申请人",
        "登记",
        "已登记不予提供的理由",
        RefuseForm,
        _refuse,
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
    actor = permit(request, _act(request).needs)
    case = await access.case(wanted(request), actor)
    known = await requests.of(case.id)
    given: dict[str, object] = {}
    if request.match_info["act"] == "check":
        given = {"patient_number": case.patient_number}
        if known is not None:
            given |= {"asker": known.asker, "asker_name": known.asker_name, "rights": list(known.rights)}
            given |= {"way": known.identity_way, "note": known.identity_note}
            given |= {"proof": known.proof}
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
    act = _act(request)
    actor = permit(request, act.needs)
    await access.case(wanted(request), actor)
    given = await forms.posted(request, act.form)
    try:
        await act.run(wanted(request), forms.parse(act.form, given), actor)
    except (Invalid, Refused) as error:
        return await _drawer(request, given, error)
    return await done(request, wanted(request), act.said)


def _package(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["package"])
    except ValueError:
        raise NotFound from None


@routes.get("/cases/{id:\\d+}/privacy/packages/{package}")
async def fetch(request: web.Request) -> web.Response:
    """The package, for whoever hands it to the person."""
    actor = permit(request, Permission.PRIVACY_HANDLE)
    file, data = await packing.fetch(wanted(request), _package(request), by=actor)
    return attachment(file.name, data, "application/zip")


@routes.post("/cases/{id:\\d+}/privacy/packages/{package}/send")
async def send(request: web.Request) -> web.Response:
    """Send the asker the link to their copy."""
    actor = permit(request, Permission.PRIVACY_HANDLE)
    masked = await delivering.send(wanted(request), _package(request), by=actor)
    return await done(request, wanted(request), f"已向 {masked} 发送取件链接，请用电话或当面告知密码")


@routes.get("/cases/{id:\\d+}/privacy/packages/{package}/password")
async def password_asked(request: web.Request) -> web.Response:
    """The drawer that asks why."""
    actor = permit(request, Permission.PRIVACY_HANDLE)
    await access.case(wanted(request), actor)
    return await why.ask(request, WHY)


@routes.post("/cases/{id:\\d+}/privacy/packages/{package}/password")
async def password_shown(request: web.Request) -> web.Response:
    """The password, to be told to the asker by telephone or in person."""
    actor = permit(request, Permission.PRIVACY_HANDLE)
    await access.case(wanted(request), actor)
    reason = await why.answered(request, WHY)
    if isinstance(reason, web.Response):
        return reason
    told = await delivering.password(wanted(request), _package(request), reason, by=actor)
    return await show(request, "console/privacy/password.html", password=told)
