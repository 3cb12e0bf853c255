"""What is done on a person's page: details and posts changed, the account shut or opened, log-in helped, work handed over."""

from typing import Any

from aiohttp import web
from pydantic import Field

from console import forms
from console.page import go, number, permit, show
from console.staff_people import KEEP, PAGE, HandForm, page_of, unit_options
from core import dictionaries
from core.actions import Form
from core.errors import Invalid, NotFound
from core.identity import mask_phone
from staff import actions, handing, people, people_found, posts, queries
from staff.roles import LABELS
from tickets import handing_over

routes = web.RouteTableDef()
WAITS = "已提交，另一位安全管理员确认后生效"


class WhyForm(Form):
    """Why an account is shut or opened."""

    reason: str = Field(title="原因", min_length=2, max_length=200)


def _id(request: web.Request) -> int:
    return number(request.match_info["id"]) or 0


async def _drawer(
    request: web.Request,
    form: type[Form],
    given: dict[str, Any],
    error: Invalid | None = None,
    **words: Any,
) -> web.Response:
    actor = permit(request, KEEP)
    line = await people_found.one(_id(request), by=actor)
    offered = await dictionaries.options_of(form)
    options: dict[str, forms.Options] = {"unit": await unit_options(actor), **offered}
    return await show(
        request,
        "console/people/drawer.html",
        status=error.status if error else 200,
        controls=forms.controls(form, given, error.details if error else (), options),
        **{"note": f"{line.name}（{line.number}）", "explained": "", "danger": False, **words},
    )


@routes.get(PAGE + "/{id:\\d+}/edit")
async def editing(request: web.Request) -> web.Response:
    """The drawer of name, title and phone."""
    actor = permit(request, KEEP)
    await people_found.one(_id(request), by=actor)
    person = await queries.person(_id(request))
    known = {
        "name": person.name,
        "title": person.title,
        "phone": mask_phone(person.phone) if person.phone else "",
    }
    return await _edit(request, known)


async def _edit(request: web.Request, given: dict[str, Any], error: Invalid | None = None) -> web.Response:
    path = f"{PAGE}/{_id(request)}/edit"
    return await _drawer(
        request, people.ChangeForm, given, error, heading="修改资料", path=path, button="保存"
    )


@routes.post(PAGE + "/{id:\\d+}/edit")
async def edited(request: web.Request) -> web.Response:
    """Write them."""
    actor = permit(request, KEEP)
    await people_found.one(_id(request), by=actor)
    given = await forms.posted(request, people.ChangeForm)
    try:
        await people.change(_id(request), forms.parse(people.ChangeForm, given), by=actor)
    except Invalid as error:
        return await _edit(request, given, error)
    return go(request, f"{PAGE}/{_id(request)}", "资料已保存")


@routes.get(PAGE + "/{id:\\d+}/posts")
async def posting(request: web.Request) -> web.Response:
    """The drawer of a post."""
    return await _post(request, {})


async def _post(request: web.Request, given: dict[str, Any], error: Invalid | None = None) -> web.Response:
    path = f"{PAGE}/{_id(request)}/posts"
    return await _drawer(
        request, people.PostForm, given, error, heading="增加岗位", path=path, button="授予岗位"
    )


@routes.post(PAGE + "/{id:\\d+}/posts")
async def posted(request: web.Request) -> web.Response:
    """Give it."""
    actor = permit(request, KEEP)
    await people_found.one(_id(request), by=actor)
    given = await forms.posted(request, people.PostForm)
    try:
        form = forms.parse(people.PostForm, given)
        holds = await posts.give(
            _id(request),
            form.unit,
            form.role,
            rank=form.rank,
            from_on=form.from_on,
            until_on=form.until_on,
            own=form.own,
            why=" ".join(form.why.split()),
            by=actor,
        )
    except Invalid as error:
        return await _post(request, given, error)
    said = f"已授予“{LABELS[form.role]}”岗位" if holds else f"“{LABELS[form.role]}”岗位{WAITS}"
    return go(request, f"{PAGE}/{_id(request)}", said)


@routes.get(PAGE + "/{id:\\d+}/posts/{post:\\d+}/adjust")
async def adjusting(request: web.Request) -> web.Response:
    """The drawer of a post's terms, as they stand."""
    actor = permit(request, KEEP)
    line = await people_found.one(_id(request), by=actor)
    held = _held(line, request)
    known = {"unit": held.unit_id, "own": held.own, "rank": held.rank, "until_on": held.until_on}
    return await _adjust(request, known)


def _held(line: people_found.Line, request: web.Request) -> people_found.PostLine:
    wanted = number(request.match_info["post"])
    held = next((post for post in line.posts if post.id == wanted), None)
    if held is None:
        raise NotFound("没有这个岗位，可能已被收回")
    return held


async def _adjust(request: web.Request, given: dict[str, Any], error: Invalid | None = None) -> web.Response:
    path = f"{PAGE}/{_id(request)}/posts/{request.match_info['post']}/adjust"
    return await _drawer(
        request,
        posts.AdjustForm,
        given,
        error,
        heading="调整岗位",
        path=path,
        button="保存调整",
        explained="原来的任职记录会保留。重要岗位扩大范围或延长期限，须另一位安全管理员确认后生效。",
    )


@routes.post(PAGE + "/{id:\\d+}/posts/{post:\\d+}/adjust")
async def adjusted(request: web.Request) -> web.Response:
    """Write them, or have them wait for another person."""
    actor = permit(request, KEEP)
    line = await people_found.one(_id(request), by=actor)
    held = _held(line, request)
    given = await forms.posted(request, posts.AdjustForm)
    try:
        now = await posts.adjust(line.id, held.id, forms.parse(posts.AdjustForm, given), by=actor)
    except Invalid as error:
        return await _adjust(request, given, error)
    return go(request, f"{PAGE}/{line.id}", "岗位已调整" if now else f"岗位调整{WAITS}")


@routes.post(PAGE + "/{id:\\d+}/posts/{post:\\d+}/take")
async def taken(request: web.Request) -> web.Response:
    """Take a post; what is open is then offered for handing over."""
    actor = permit(request, KEEP)
    line = await people_found.one(_id(request), by=actor)
    held = _held(line, request)
    await actions.take_post(line.id, held.unit_id, held.role, by=actor)
    work = await handing_over.open_of(line.id)
    said = f"已收回“{held.label}”岗位"
    return go(request, f"{PAGE}/{line.id}", said if work.empty else f"{said}，此人还有未了事项，请交接")


@routes.post(PAGE + "/{id:\\d+}/planned/{post:\\d+}/drop")
async def dropped(request: web.Request) -> web.Response:
    """Give up a post that has not begun."""
    actor = permit(request, KEEP)
    line = await people_found.one(_id(request), by=actor)
    await posts.drop_planned(line.id, number(request.match_info["post"]) or 0, by=actor)
    return go(request, f"{PAGE}/{line.id}", "待生效的岗位已撤销")


@routes.get(PAGE + "/{id:\\d+}/{way:shut|reopen}")
async def why(request: web.Request) -> web.Response:
    """The drawer that asks for the reason."""
    return await _why(request, {})


async def _why(request: web.Request, given: dict[str, Any], error: Invalid | None = None) -> web.Response:
    shut = request.match_info["way"] == "shut"
    return await _drawer(
        request,
        WhyForm,
        given,
        error,
        heading="停用账号" if shut else "启用账号",
        path=f"{PAGE}/{_id(request)}/{request.match_info['way']}",
        button="停用" if shut else "启用",
        danger=shut,
        explained="停用后立即退出所有登录，不再收到工单和提醒；岗位和历史记录保留。" if shut else "",
    )


@routes.post(PAGE + "/{id:\\d+}/{way:shut|reopen}")
async def switched(request: web.Request) -> web.Response:
    """Shut or open the account."""
    actor = permit(request, KEEP)
    line = await people_found.one(_id(request), by=actor)
    given = await forms.posted(request, WhyForm)
    try:
        reason = forms.parse(WhyForm, given).reason
    except Invalid as error:
        return await _why(request, given, error)
    if request.match_info["way"] == "reopen":
        waits = await people.reopen(line.id, reason, by=actor)
        said = f"账号已启用，请设置一次性密码{f'；{waits} 个重要岗位{WAITS}' if waits else ''}"
        return go(request, f"{PAGE}/{line.id}", said)
    await people.shut(line.id, reason, by=actor)
    work = await handing_over.open_of(line.id)
    return go(request, f"{PAGE}/{line.id}", "账号已停用" if work.empty else "账号已停用，请交接未了事项")


@routes.post(PAGE + "/{id:\\d+}/password")
async def password(request: web.Request) -> web.Response:
    """A one-time password, shown on this answer and never again."""
    actor = permit(request, KEEP)
    line = await people_found.one(_id(request), by=actor)
    made = await people.one_time_password(line.id, by=actor)
    return await page_of(request, actor, line.id, password=made)


@routes.post(PAGE + "/{id:\\d+}/bind-code")
async def bind_code(request: web.Request) -> web.Response:
    """A code with which the person binds their WeCom account, shown once."""
    actor = permit(request, KEEP)
    line = await people_found.one(_id(request), by=actor)
    code = await actions.make_bind_code(line.id, by=actor)
    return await page_of(request, actor, line.id, code=code)


@routes.get(PAGE + "/{id:\\d+}/hand-over")
async def handing_drawer(request: web.Request) -> web.Response:
    """The drawer in which open work is given to another."""
    return await _hand(request, {})


async def _hand(request: web.Request, given: dict[str, Any], error: Invalid | None = None) -> web.Response:
    return await _drawer(
        request,
        HandForm,
        given,
        error,
        heading="交接未了事项",
        path=f"{PAGE}/{_id(request)}/hand-over",
        button="全部交给接收人",
        explained="接收人无权办理的工单会退回科室待办，不会悬空。",
    )


@routes.post(PAGE + "/{id:\\d+}/hand-over")
async def handed(request: web.Request) -> web.Response:
    """Give it."""
    actor = permit(request, KEEP)
    line = await people_found.one(_id(request), by=actor)
    given = await forms.posted(request, HandForm)
    try:
        form = forms.parse(HandForm, given)
        await handing.hand_over(line.id, form.to_id, form.reason, by=actor)
    except Invalid as error:
        return await _hand(request, given, error)
    return go(request, f"{PAGE}/{line.id}", "交接已提交，几秒内完成，结果记入审计日志")
