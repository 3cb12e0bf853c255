"""What a new session must put right before anything else: a password to be changed, a second factor to be set up.

And the second factor of one's own account (a card on its page). Each step is a verb of `staff`; the limit lies in the
session.
"""

from aiohttp import web
from pydantic import Field

from console import forms
from console.account import PAGE, PasswordForm, new_password
from console.page import go, permit, show
from core.actions import Form
from core.actor import Actor
from core.errors import Fault, Forbidden, Invalid
from staff import securing, sessions
from staff.login import passwords, second
from staff.login.strength import LONGEST
from staff.sessions import COOKIE, SETTLE

routes = web.RouteTableDef()


class CodeForm(Form):
    """A code of the app."""

    code: str = Field(title="验证码", description="手机上现在显示的 6 位数字", min_length=1, max_length=40)


class TypedForm(Form):
    """One's password, to prove it is oneself."""

    password: str = Field(
        title="登录密码", min_length=1, max_length=LONGEST, json_schema_extra={"widget": "password"}
    )


def _me(request: web.Request) -> tuple[Actor, int]:
    actor = permit(request)
    if actor.staff_id is None:
        raise Forbidden
    return actor, actor.staff_id


@routes.get(SETTLE)
async def settle(request: web.Request) -> web.Response:
    """What is to be put right, with its form; whoever has nothing to put right goes home."""
    return await _settle(request)


async def _settle(request: web.Request, status: int = 200, faults: tuple[Fault, ...] = ()) -> web.Response:
    _, staff_id = _me(request)
    why = await passwords.why_change(staff_id)
    if why:
        return await show(
            request,
            "console/settle_password.html",
            status=status,
            why=why,
            controls=forms.controls(PasswordForm, {}, faults),
        )
    standing = await second.standing(staff_id)
    if standing.required and not standing.on:
        return await _enrol(request, status, faults)
    await sessions.lift(request.cookies.get(COOKIE, ""))
    return go(request, "/")


@routes.post(SETTLE)
async def settled(request: web.Request) -> web.Response:
    """Change the password; one signs in with the new one."""
    actor, _ = _me(request)
    try:
        return await new_password(request, actor)
    except Invalid as error:
        return await _settle(request, error.status, tuple(error.details))


async def _enrol(request: web.Request, status: int = 200, faults: tuple[Fault, ...] = ()) -> web.Response:
    """What it is and a button; once begun, the QR picture with the form of the code that proves it was scanned.

    The picture stays the same until the code fits or it is begun anew: a mistyped digit asks nobody to scan again.
    """
    actor, staff_id = _me(request)
    return await show(
        request,
        "console/settle_second.html",
        status=status,
        enrolment=await second.begun(by=actor),
        controls=forms.controls(CodeForm, {}, faults),
        must=await second.required(staff_id),
    )


@routes.post(SETTLE + "/second/begin")
async def begun(request: web.Request) -> web.StreamResponse:
    """Make a fresh secret for the app; the one shown before is void."""
    actor, staff_id = _me(request)
    await second.begin(by=actor)
    return go(request, SETTLE if await second.required(staff_id) else PAGE + "/second")


@routes.post(SETTLE + "/second")
async def enrolled(request: web.Request) -> web.Response:
    """Turn the second factor on; the recovery codes are shown this once."""
    actor, _ = _me(request)
    try:
        form = forms.parse(CodeForm, await forms.posted(request, CodeForm))
        codes = await second.confirm(form.code, by=actor)
    except Invalid as error:
        return await _enrol(request, error.status, tuple(error.details))
    await sessions.lift(request.cookies.get(COOKIE, ""))
    return await show(request, "console/second_codes.html", codes=codes)


@routes.get(PAGE + "/second")
async def by_wish(request: web.Request) -> web.Response:
    """The page that sets up the second factor by one's own wish; who has it already is on the wrong page."""
    _, staff_id = _me(request)
    if (await second.standing(staff_id)).on:
        return go(request, f"{PAGE}#second")
    return await _enrol(request)


@routes.post(PAGE + "/second/codes")
async def codes(request: web.Request) -> web.Response:
    """Fresh recovery codes, for a code of the app."""
    actor, _ = _me(request)
    form = forms.parse(CodeForm, await forms.posted(request, CodeForm))
    return await show(request, "console/second_codes.html", codes=await second.new_codes(form.code, by=actor))


@routes.post(PAGE + "/second/off")
async def off(request: web.Request) -> web.Response:
    """Turn one's second factor off, knowing the password."""
    actor, _ = _me(request)
    form = forms.parse(TypedForm, await forms.posted(request, TypedForm))
    await securing.turn_second_off(form.password, by=actor)
    return go(request, PAGE, "两步验证已停用")
