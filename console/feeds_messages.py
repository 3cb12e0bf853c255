"""Messages of a link before an operator: masked in a drawer, whole for a reason; replayed, mended, given up; one choice
for all that wait for the same value; a link paused and resumed.

Shows and asks; `patients.feeds` does, and writes the audit lines.
"""

from typing import Any
from urllib.parse import urlencode

import orjson
from aiohttp import web
from pydantic import Field

from console import forms
from console.case_page import wanted
from console.page import go, number, permit, show
from core.actions import Form
from core.actor import Permission
from core.errors import HuiyinError, Invalid, NotFound, Refused, TooMany
from patients.feeds import codes, links, masking, repairs, store
from patients.feeds.formats import How
from patients.feeds.links import Link
from patients.feeds.reasons import LEAST, MOST

routes = web.RouteTableDef()
TONES = {"due": "todo", "done": "done", "parked": "late", "dropped": "wait"}
ONE = "/operate/feeds/{id:\\d+}/messages/{message:\\d+}"


class ReasonForm(Form):
    """Why something is done."""

    reason: str = Field(
        min_length=LEAST,
        max_length=MOST,
        title="原因",
        description="至少 6 个字，写入审计日志",
        json_schema_extra={"widget": "line"},
    )


class CodeForm(ReasonForm):
    """What a value means, and why."""

    meaning: str = Field(title="对应为", json_schema_extra={"widget": "choice"})


class MendForm(ReasonForm):
    """What a message should say, and why."""

    text: str = Field(min_length=1, max_length=2_000_000, title="消息内容")


def _number(request: web.Request) -> int:
    found = number(request.match_info["message"])
    if found is None:
        raise NotFound("没有这条消息")
    return found


def _how(link: Link) -> How:
    return How(link.kind, link.mapping, link.charset, link.domain)


def pretty(link: Link, text: str) -> str:
    """A message as a person reads it."""
    if link.kind == "hl7":
        return text
    try:
        return orjson.dumps(orjson.loads(text), option=orjson.OPT_INDENT_2).decode()
    except orjson.JSONDecodeError:
        return text


def _bad(link: Link, fault_at: str) -> str:
    """With what the lines begin where the fault is."""
    if link.kind == "hl7":
        return fault_at.split("-", maxsplit=1)[0].split("[", maxsplit=1)[0].split(" ", maxsplit=1)[0]
    field = fault_at.split(" ", maxsplit=1)[0].rsplit(".", 1)[-1].split("[", maxsplit=1)[0]
    return f'"{field}":' if field else ""


async def _shown(
    request: web.Request,
    *,
    why: str = "",
    text: str | None = None,
    error: HuiyinError | None = None,
    open_: str = "",
) -> web.Response:
    """The drawer: hidden, or whole when it is said why."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    found = await store.message(_number(request), link.charset, by=actor, reason=why)
    if found.link_id != link.id:
        raise NotFound("没有这条消息")
    whole = pretty(link, found.text.rstrip("\n"))
    told = await repairs.history(found.id, link.charset, by=actor)

    def seen(words: str) -> str:
        shown = pretty(link, words)
        return shown if why else masking.masked(_how(link), shown)

    shown = seen(whole)
    bad = _bad(link, found.fault_at)
    return await show(
        request,
        "console/feeds/message.html",
        status=error.status if error else 200,
        link=link,
        row=found,
        why=why,
        text=text if text is not None else whole,
        lines=[(line, bool(bad) and line.lstrip().startswith(bad)) for line in shown.split("\n")],
        history=[
            (one, repairs.changed(seen(one.before), seen(one.after)) if one.after else []) for one in told
        ],
        states=store.STATES,
        tones=TONES,
        error=error,
        open=open_,
        faults={fault.field: fault.reason for fault in error.details} if isinstance(error, Invalid) else {},
    )


@routes.get(ONE)
async def message(request: web.Request) -> web.Response:
    """The drawer of one message, what is of persons hidden; that it was looked at is in the audit log."""
    return await _shown(request)


@routes.post(ONE + "/raw")
async def raw(request: web.Request) -> web.Response:
    """The message as it came, for a reason."""
    permit(request, Permission.MACHINE_OPERATE)
    given = await forms.posted(request, ReasonForm)
    try:
        return await _shown(request, why=forms.parse(ReasonForm, given).reason)
    except (Invalid, TooMany) as error:
        return await _shown(request, error=error, open_="raw")


@routes.post(ONE + "/{what:replay|drop}")
async def act(request: web.Request) -> web.Response:
    """Replay a parked message as it is, or give it up."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link, message_id, what = await links.link(wanted(request)), _number(request), request.match_info["what"]
    given = await forms.posted(request, ReasonForm)
    try:
        reason = forms.parse(ReasonForm, given).reason
        if what == "drop":
            await repairs.drop(message_id, reason, by=actor)
            said = "已作废，消息保留备查"
        else:
            await repairs.replay(message_id, reason, by=actor)
            said = "正在重新处理"
    except (Invalid, Refused) as error:
        return await _shown(request, error=error, open_=what)
    return go(request, f"/operate/feeds/{link.id}", said)


@routes.post(ONE + "/repair")
async def repair(request: web.Request) -> web.Response:
    """Replay a parked message, mended. When that fails, what was typed stands in the form; the message is hidden again."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link, message_id = await links.link(wanted(request)), _number(request)
    given = await forms.posted(request, MendForm)
    try:
        form = forms.parse(MendForm, given)
        await repairs.replay(message_id, form.reason, by=actor, text=form.text, charset=link.charset)
    except (Invalid, Refused) as error:
        return await _shown(request, text=str(given.get("text", "")), error=error, open_="repair")
    return go(request, f"/operate/feeds/{link.id}", "内容已修改，正在重新处理")


async def _drawer(
    request: web.Request,
    form: type[Form],
    title: str,
    path: str,
    given: dict[str, Any] | None = None,
    error: Invalid | Refused | None = None,
    *,
    note: str = "",
    options: dict[str, list[tuple[str, str]]] | None = None,
) -> web.Response:
    return await show(
        request,
        "console/feeds/do.html",
        status=error.status if error else 200,
        title=title,
        note=note,
        path=path,
        error=error,
        controls=forms.controls(form, given, error.details if error else (), options or {}),
    )


ASKED = {
    "replay": ("重放全部搁置的消息", "映射文件或对照补好之后使用；每条消息都会记下这次重放和结果"),
    "pause": ("暂停这条链路", "暂停期间拒绝对方的消息，也不再拉取；已收下的照常处理，静默不告警"),
}


@routes.get("/operate/feeds/{id:\\d+}/{what:replay|pause}")
async def asked_why(request: web.Request) -> web.Response:
    """The drawer that asks why everything is replayed, or the link paused."""
    permit(request, Permission.MACHINE_OPERATE)
    link, what = await links.link(wanted(request)), request.match_info["what"]
    title, note = ASKED[what]
    return await _drawer(request, ReasonForm, title, f"/operate/feeds/{link.id}/{what}", note=note)


@routes.post("/operate/feeds/{id:\\d+}/{what:replay|pause}")
async def done(request: web.Request) -> web.Response:
    """Replay everything that is parked, after a mapping was mended; or pause the link."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link, what = await links.link(wanted(request)), request.match_info["what"]
    given = await forms.posted(request, ReasonForm)
    try:
        reason = forms.parse(ReasonForm, given).reason
        if what == "replay":
            said = f"正在重新处理 {await repairs.replay_all(link.id, reason, by=actor)} 条消息"
        else:
            await links.pause(link.id, reason, by=actor)
            said = "链路已暂停，数秒内生效"
    except (Invalid, Refused) as error:
        title, note = ASKED[what]
        return await _drawer(
            request, ReasonForm, title, f"/operate/feeds/{link.id}/{what}", given, error, note=note
        )
    return go(request, f"/operate/feeds/{link.id}", said)


@routes.post("/operate/feeds/{id:\\d+}/resume")
async def resumed(request: web.Request) -> web.Response:
    """Take messages of a link again."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    try:
        await links.resume(link.id, by=actor)
    except Refused as error:
        return go(request, f"/operate/feeds/{link.id}", error.message)
    return go(request, f"/operate/feeds/{link.id}", "链路已恢复，数秒内生效")


def _code(request: web.Request) -> tuple[str, str, str]:
    """The value in question (table, code), and the address of its drawer."""
    table, code = request.query.get("codes", "")[:60], request.query.get("code", "")[:60]
    address = f"/operate/feeds/{wanted(request)}/codes?{urlencode({'codes': table, 'code': code})}"
    return table, code, address


async def _code_drawer(
    request: web.Request, given: dict[str, Any] | None = None, error: Invalid | None = None
) -> web.Response:
    link = await links.link(wanted(request))
    table, code, address = _code(request)
    options = [(meaning, f"{meaning}（{names}）") for meaning, names in codes.meanings(link, table).items()]
    note = f"代码表 {table}；保存后，因它搁置的消息全部自动重放"
    return await _drawer(
        request,
        CodeForm,
        f"“{code}”对应什么？",
        address,
        given,
        error,
        note=note,
        options={"meaning": options},
    )


@routes.get("/operate/feeds/{id:\\d+}/codes")
async def code_asked(request: web.Request) -> web.Response:
    """The drawer that asks what a value means on this link."""
    permit(request, Permission.MACHINE_OPERATE)
    return await _code_drawer(request)


@routes.post("/operate/feeds/{id:\\d+}/codes")
async def code_chosen(request: web.Request) -> web.Response:
    """Say what it means; everything that waits for it is taken again."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    table, code, _ = _code(request)
    given = await forms.posted(request, CodeForm)
    try:
        form = forms.parse(CodeForm, given)
        count = await codes.choose(link.id, table, code, form.meaning, form.reason, by=actor)
    except Invalid as error:
        return await _code_drawer(request, given, error)
    return go(request, f"/operate/feeds/{link.id}", f"已补对照，正在重新处理 {count} 条消息")


@routes.post("/operate/feeds/{id:\\d+}/codes/forget")
async def code_forgotten(request: web.Request) -> web.Response:
    """Take back what was said of a value."""
    actor = permit(request, Permission.MACHINE_OPERATE)
    link = await links.link(wanted(request))
    data = await request.post()
    await codes.forget(link.id, str(data.get("codes", "")), str(data.get("code", "")), by=actor)
    return go(request, f"/operate/feeds/{link.id}", "已撤销对照，此后收到的按映射文件处理")
