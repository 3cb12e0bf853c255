"""WeCom's address book beside our accounts: look, see what differs, tick what is to be done."""

import orjson
from aiohttp import web

from console.page import go, number, permit, progress, show
from console.staff_people import KEEP, PAGE
from core.errors import NotFound, Refused
from integrations import wecom
from staff import contacts
from staff.importing import people_sheets
from staff.importing.people_sheets import Outcome
from tickets import handing_over

routes = web.RouteTableDef()
DOOR = f"{PAGE}/contacts"
MOST = 60  # of those who are gone: whose open work is shown beside them


@routes.get(DOOR)
async def door(request: web.Request) -> web.Response:
    """What it does, and the button."""
    permit(request, KEEP)
    return await show(
        request, "console/people/contacts.html", job=None, found=None, configured=wecom.configured()
    )


@routes.post(DOOR)
async def ask(request: web.Request) -> web.Response:
    """Begin to look."""
    actor = permit(request, KEEP)
    if not wecom.configured():
        raise Refused("没有配置企业微信，请联系系统管理员")
    return go(request, f"{DOOR}/{await contacts.ask(by=actor)}")


def _job(request: web.Request) -> int:
    found = number(request.match_info["job"])
    if found is None:
        raise NotFound("没有这次通讯录读取")
    return found


@routes.get(DOOR + "/{job}")
async def differences(request: web.Request) -> web.Response:
    """What differs, or the bar while it is looked."""
    actor = permit(request, KEEP)
    found = await contacts.difference(_job(request), by=actor)
    rows = list(enumerate(found.new, start=1)) if found else []
    lines = await people_sheets.preview(rows, by=actor)
    return await show(
        request,
        "console/people/contacts.html",
        job=_job(request),
        found=found,
        configured=True,
        lines=lines,
        work={
            met.staff_id: await handing_over.open_of(met.staff_id)
            for met in (found.gone if found else ())[:MOST]
        },
        able=sum(line.outcome is Outcome.NEW for line in lines),
        rows=orjson.dumps(rows).decode(),
    )


@routes.get(DOOR + "/{job}/progress")
async def going(request: web.Request) -> web.Response:
    """The bar."""
    actor = permit(request, KEEP)
    found = await contacts.difference(_job(request), by=actor)
    return await progress(
        request,
        done=0,
        total=0,
        note="正在读取企业微信通讯录",
        finished=found is not None,
        then=f"{DOOR}/{_job(request)}",
    )


@routes.post(DOOR + "/{job}")
async def applied(request: web.Request) -> web.Response:
    """Do what was ticked, after comparing once more."""
    actor = permit(request, KEEP)
    found = await contacts.difference(_job(request), by=actor)
    if found is None:
        raise Refused("通讯录还在读取，请稍候")
    chosen = [str(one) for one in (await request.post()).getall("do", [])]
    done = await contacts.apply(found, chosen, by=actor)
    said = f"已绑定 {done['bind']} 人，更新姓名 {done['name']} 人，调整岗位 {done['move']} 人，停用 {done['gone']} 人"
    if done["gone"]:
        said += "，请到停用人员的页面交接未了事项"
    return go(request, f"{DOOR}/{_job(request)}", said if chosen else "没有勾选任何一项")
