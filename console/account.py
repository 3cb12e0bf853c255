"""One's own account: who one is here, the WeCom account, the password, and where one is signed in.

Each step is an action of `staff.actions` for whoever is signed in; nobody else's account is reached from here.
"""

from dataclasses import dataclass
from typing import Any

from aiohttp import web
from pydantic import Field, JsonValue

from console import forms
from console.page import go, is_part, permit, show
from core import clock
from core.actions import Form
from core.actor import Actor
from core.errors import Fault, Forbidden, Invalid
from core.identity import mask_phone
from integrations import ca
from staff import actions, notices, queries, securing, sessions
from staff.devices import device, is_phone
from staff.login import certificate_binding, second
from staff.login.strength import LONGEST
from staff.roles import LABELS
from staff.sessions import COOKIE, SessionLine, clear_cookie
from tickets import handing_over

routes = web.RouteTableDef()
PAGE = "/account"
_PASSWORD: dict[str, JsonValue] = {"widget": "password"}


class PasswordForm(Form):
    """A new password for oneself."""

    old: str = Field(title="原密码", min_length=1, max_length=LONGEST, json_schema_extra=_PASSWORD)
    new: str = Field(
        title="新密码",
        description="至少 8 个字符，包含大写字母、小写字母、数字和特殊符号",
        min_length=1,
        max_length=LONGEST,
        json_schema_extra=_PASSWORD,
    )
    again: str = Field(title="再输一遍新密码", min_length=1, max_length=LONGEST, json_schema_extra=_PASSWORD)


@dataclass(frozen=True, slots=True)
class Place:
    """A post in words."""

    unit: str
    role: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SignedInAt:
    """A session with its device in words."""

    line: SessionLine
    device: str
    phone: bool


def _me(request: web.Request) -> tuple[Actor, int]:
    actor = permit(request)
    if actor.staff_id is None:
        raise Forbidden
    return actor, actor.staff_id


async def _places(staff_id: int) -> list[Place]:
    tree = await queries.tree()
    held = await queries.posts(staff_id)
    return [
        Place(tree.label(post.unit_id), LABELS[post.role], f"次序 {post.rank}" if post.rank > 1 else "")
        for post in held
    ]


async def _whole(request: web.Request, status: int = 200, faults: tuple[Fault, ...] = ()) -> web.Response:
    _, staff_id = _me(request)
    person = await queries.person(staff_id)
    lines = await sessions.of_staff(staff_id, request.cookies.get(COOKIE, ""))
    return await show(
        request,
        "console/account.html",
        status=status,
        person=person,
        phone=mask_phone(person.phone) if person.phone else "",
        places=await _places(staff_id),
        lines=[SignedInAt(line, device(line.agent), is_phone(line.agent)) for line in lines],
        controls=forms.controls(PasswordForm, {}, faults),
        second=await second.standing(staff_id),
        certificates=await certificate_binding.of_staff(staff_id),
        by_ca=ca.configured(),
        work=await handing_over.open_of(staff_id),
        noticed=await notices.waiting(staff_id),
    )


@routes.get(PAGE)
async def mine(request: web.Request) -> web.Response:
    """The page."""
    return await _whole(request)


@routes.post(PAGE + "/bind-code")
async def bind_code(request: web.Request) -> web.Response:
    """A fresh code and what to do with it, as a part of the page; the code before it is void."""
    actor, _ = _me(request)
    code = await actions.make_bind_code(by=actor)
    minutes = int(actions.CODE_LIVES.total_seconds() // 60)
    until = clock.local(clock.now() + actions.CODE_LIVES)
    return await show(
        request, "console/account_code.html", code=code, minutes=minutes, until=f"{until:%H:%M}"
    )


@routes.post(PAGE + "/unbind")
async def unbind(request: web.Request) -> web.Response:
    """Untie one's WeCom account."""
    actor, staff_id = _me(request)
    await actions.unbind_wecom(staff_id, by=actor)
    return go(request, PAGE, "企业微信已解除绑定")


@routes.post(PAGE + "/password")
async def password(request: web.Request) -> web.Response:
    """Change one's password."""
    actor, _ = _me(request)
    try:
        return await new_password(request, actor)
    except Invalid as error:
        faults = tuple(error.details)
        if not is_part(request):
            return await _whole(request, error.status, faults)
        controls = forms.controls(PasswordForm, {}, faults)
        return await show(request, "console/account_password.html", status=error.status, controls=controls)


async def new_password(request: web.Request, actor: Actor) -> web.Response:
    """Change one's password by `PasswordForm`; every session ends, this one too, and one signs in with the new one.

    Raises:
        Invalid: it will not do; what was typed is not in it.
    """
    given: dict[str, Any] = await forms.posted(request, PasswordForm)
    try:
        form = forms.parse(PasswordForm, given)
        if form.new != form.again:
            words = "两次输入的新密码不一致"
            raise Invalid(words, details=[Fault(field="again", label="再输一遍新密码", reason=words)])
        await securing.change_password(form.old, form.new, by=actor)
    except Invalid as error:
        blank = [fault.model_copy(update={"value": ""}) for fault in error.details]
        raise Invalid(error.message, details=blank) from None
    response = go(request, "/login", "密码已修改，请用新密码重新登录")
    clear_cookie(response)
    return response


@routes.post(PAGE + "/sessions/others")
async def end_others(request: web.Request) -> web.Response:
    """End every other session."""
    actor, _ = _me(request)
    ended = await actions.end_other_sessions(request.cookies.get(COOKIE, ""), by=actor)
    return go(request, PAGE, f"已结束其他 {ended} 处登录" if ended else "没有其他登录")


@routes.post(PAGE + "/sessions/{id:[0-9a-f]{24}}")
async def end_one(request: web.Request) -> web.Response:
    """End one session; ending the present one leads to the door."""
    actor, staff_id = _me(request)
    wanted = request.match_info["id"]
    here = {
        line.id for line in await sessions.of_staff(staff_id, request.cookies.get(COOKIE, "")) if line.here
    }
    await actions.end_session(wanted, by=actor)
    if wanted not in here:
        return go(request, PAGE, "已结束这处登录")
    response = go(request, "/login", "您已安全退出")
    clear_cookie(response)
    return response
