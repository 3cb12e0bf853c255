"""What else is shown only for a reason: a colleague's phone, the files of a secret case. Decides nothing about who may.

A file of a secret case is opened by a pass for two minutes, for this person and this file; its bare address opens nothing.
"""

import hmac
from uuid import UUID

from aiohttp import web

from console import why
from console.case_page import wanted
from console.page import number, permit, show
from core import clock, crypto, looking
from core.actor import Actor, Permission
from core.errors import NotFound, Refused
from staff import people, people_found
from tickets.feedback import queries as feedback
from tickets.models import Case
from tickets.queries import access, case_page

routes = web.RouteTableDef()
WHY_FILE, WHY_PHONE = "查看涉密诉求的附件", "查看完整手机号"
OPEN_FOR = 120  # seconds


def _pass(file_id: UUID, actor: Actor, until: int) -> str:
    return f"{until}.{crypto.sign('secret.file', f'{file_id}|{actor.staff_id}|{until}')[:32]}"


def refuse_without_pass(request: web.Request, case: Case, file_id: UUID, actor: Actor) -> None:
    """Let a file of a secret case be opened by a pass alone.

    Raises:
        Refused: there is none, or its two minutes are over.
    """
    if not case.secret:
        return
    given = request.query.get("pass", "")
    until = number(given.partition(".")[0]) or 0
    if until < clock.now().timestamp() or not hmac.compare_digest(
        given.encode(), _pass(file_id, actor, until).encode()
    ):
        raise Refused("涉密诉求的附件须先写明查看原因，请在诉求页面上打开")


def _file_id(request: web.Request) -> UUID:
    try:
        return UUID(request.match_info["file"])
    except ValueError:
        raise NotFound("没有这个文件，或您无权查看") from None


async def _secret_file(request: web.Request) -> tuple[Actor, Case, str]:
    """Who asks, the case and the name of the file; not found unless they may see both."""
    if "/feedback/" in request.path:
        actor = permit(request)
        case = await access.case(wanted(request), actor)
        found = await feedback.file(case.id, _file_id(request), actor)
        if found is None:
            raise NotFound("没有这个文件，或您无权查看")
        return actor, case, found.name
    actor = permit(request, Permission.CASE_READ, Permission.TICKET_READ)
    case = await access.case(wanted(request), actor)
    return actor, case, (await case_page.file(case.id, _file_id(request), actor)).name


@routes.get("/cases/{id:\\d+}/files/{file}/reveal")
@routes.get("/cases/{id:\\d+}/feedback/files/{file}/reveal")
async def asked_for_file(request: web.Request) -> web.Response:
    """The drawer that asks why."""
    await _secret_file(request)
    return await why.ask(request, WHY_FILE)


@routes.post("/cases/{id:\\d+}/files/{file}/reveal")
@routes.post("/cases/{id:\\d+}/feedback/files/{file}/reveal")
async def file_opened(request: web.Request) -> web.Response:
    """The way to the file, open for two minutes."""
    actor, case, name = await _secret_file(request)
    reason = await why.answered(request, WHY_FILE)
    if isinstance(reason, web.Response):
        return reason
    file_id = _file_id(request)
    await looking.note(
        actor, "case.secret_file", "case", case.id, reason=reason, fields=("附件",), file=str(file_id)
    )
    until = int(clock.now().timestamp()) + OPEN_FOR
    return await show(
        request,
        "console/cases/file_open.html",
        name=name,
        path=f"{request.path.removesuffix('/reveal')}?pass={_pass(file_id, actor, until)}",
    )


@routes.get("/settings/staff/{id:\\d+}/reveal")
async def asked_for_phone(request: web.Request) -> web.Response:
    """The drawer that asks why."""
    actor = permit(request, Permission.ACCOUNT_MANAGE)
    await people_found.one(wanted(request), by=actor)
    return await why.ask(request, WHY_PHONE)


@routes.post("/settings/staff/{id:\\d+}/reveal")
async def phone_shown(request: web.Request) -> web.Response:
    """The phone of a colleague in full."""
    actor = permit(request, Permission.ACCOUNT_MANAGE)
    await people_found.one(wanted(request), by=actor)
    reason = await why.answered(request, WHY_PHONE)
    if isinstance(reason, web.Response):
        return reason
    person = await people.reveal(wanted(request), reason, by=actor)
    return await show(request, "console/people/revealed.html", person=person)
