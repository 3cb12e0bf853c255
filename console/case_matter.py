"""What belongs to a case beside its steps: files in and out, the visits it is about, hidden values shown for a reason."""

import asyncio
import io
from uuid import UUID

from aiohttp import web
from PIL import Image, ImageOps

from channels import actions as sending
from channels import queries as channels
from console import why
from console.case_page import done, wanted
from console.looks import refuse_without_pass
from console.page import number, permit, show
from core import audit, db, storage
from core.actor import Permission
from core.downloads import SHOWN_IN_PLACE, kept_file
from core.errors import Invalid, NotFound
from patients import guarding
from patients import queries as patients
from patients.queries import Search
from tickets import linking, material, revealing
from tickets.queries import access, case_page

routes = web.RouteTableDef()
THUMB = 320  # pixels of the longer side
FOUND = 20
WHY = {"reveal": "查看完整信息", "raw": "查看工单原文"}


@routes.get("/cases/{id:\\d+}/files/{file}")
async def file(request: web.Request) -> web.Response:
    """A file of the case, after asking whether this person may see it; `?thumb` gives a small picture of it."""
    actor = permit(request, Permission.CASE_READ, Permission.TICKET_READ)
    try:
        file_id = UUID(request.match_info["file"])
    except ValueError:
        raise NotFound("没有这个文件，或您无权查看") from None
    line = await case_page.file(wanted(request), file_id, actor)
    case = await access.case(wanted(request), actor)
    refuse_without_pass(request, case, file_id, actor)
    data, mime = await storage.read(await storage.find(file_id)), line.mime
    in_place = mime in SHOWN_IN_PLACE and "download" not in request.query
    if in_place and "thumb" in request.query:
        data, mime = await asyncio.to_thread(thumbnail, data), "image/jpeg"
    cache = "no-store" if case.secret else "private, max-age=3600"
    return kept_file(line.name, data, mime, in_place=in_place, cache=cache)


def thumbnail(data: bytes) -> bytes:
    """A small JPEG, upright; the picture was checked when it came in."""
    with Image.open(io.BytesIO(data)) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.thumbnail((THUMB, THUMB))
    target = io.BytesIO()
    upright.save(target, "JPEG", quality=80)
    return target.getvalue()


@routes.get("/{kind:cases|tickets}/{id:\\d+}/attach")
async def attaching(request: web.Request) -> web.Response:
    """The drawer in which files are chosen."""
    return await _attach_drawer(request)


async def _attach_drawer(request: web.Request, error: Invalid | None = None) -> web.Response:
    permit(request, Permission.TICKET_HANDLE, Permission.TICKET_MANAGE, Permission.CASE_HANDLE)
    kind = request.match_info["kind"]
    return await show(
        request,
        "console/cases/attach.html",
        status=error.status if error else 200,
        path=f"/{kind}/{wanted(request)}/attach",
        evidence=kind == "tickets",
        error=error.message if error else "",
    )


@routes.post("/{kind:cases|tickets}/{id:\\d+}/attach")
async def attached(request: web.Request) -> web.Response:
    """Put the files to the ticket as evidence, or to the case as records; a faulty one is told, the rest are kept."""
    actor = permit(request, Permission.TICKET_HANDLE, Permission.TICKET_MANAGE, Permission.CASE_HANDLE)
    number_of, to_ticket = wanted(request), request.match_info["kind"] == "tickets"
    case_id = (await access.ticket(number_of, actor)).case_id if to_ticket else number_of
    if not to_ticket:
        permit(request, Permission.CASE_HANDLE)
    sent = [
        entry
        for entry in (await request.post()).getall("files", [])
        if isinstance(entry, web.FileField) and entry.filename
    ]
    kept, faults = [], []
    for entry in sent:
        data = entry.file.read()
        try:
            if to_ticket:
                kept.append(await material.add_evidence(number_of, entry.filename, data, by=actor))
            else:
                kept.append(await material.add_record(number_of, entry.filename, data, by=actor))
        except Invalid as error:
            faults.append(error.message)
    if not kept:
        reason = "；".join(faults) or "请选择文件"
        return await _attach_drawer(request, Invalid(reason))
    missed = f"；未保存：{'；'.join(faults)}" if faults else ""
    return await done(request, case_id, f"已上传 {len(kept)} 个文件{missed}")


@routes.get("/cases/{id:\\d+}/{what:reveal|raw}")
async def asked_why(request: web.Request) -> web.Response:
    """The drawer that asks for the reason first."""
    permit(request, Permission.PATIENT_REVEAL, Permission.CASE_HANDLE)
    return await why.ask(request, WHY[request.match_info["what"]])


@routes.post("/cases/{id:\\d+}/{what:reveal|raw}")
async def shown(request: web.Request) -> web.Response:
    """The caller whole, or the order as it came; written to the audit log with the reason."""
    actor = permit(request, Permission.PATIENT_REVEAL, Permission.CASE_HANDLE)
    what = request.match_info["what"]
    reason = await why.answered(request, WHY[what])
    if isinstance(reason, web.Response):
        return reason
    if what == "raw":
        text = await revealing.raw(wanted(request), reason, by=actor)
        return await show(request, "console/cases/raw.html", text=text)
    caller = await revealing.reveal(wanted(request), reason, by=actor)
    return await show(request, "console/cases/revealed.html", caller=caller)


@routes.post("/cases/{id:\\d+}/messages/{message:\\d+}/again")
async def told_again(request: web.Request) -> web.Response:
    """Send a message that reached nobody once more, after what was wrong was put right."""
    actor = permit(request, Permission.CASE_HANDLE)
    case = await access.case(wanted(request), actor)
    message = number(request.match_info["message"]) or 0
    if message not in {line.id for line in await channels.about(f"case:{case.id}")}:
        raise NotFound
    async with db.transaction():
        await sending.again(message)
        await audit.record(actor, "case.tell_again", "case", case.id, message=message)
    return await done(request, case.id, "已重新排队发送，请稍后查看是否送达")


@routes.get("/cases/{id:\\d+}/visits")
async def finding(request: web.Request) -> web.Response:
    """The drawer in which a visit is looked for, and what was found for `?q=`."""
    actor = permit(request, Permission.CASE_HANDLE)
    case = await access.case(wanted(request), actor)
    words = request.query.get("q", "").strip()[:60]
    found = (await patients.search(Search(text=words), actor, limit=FOUND)).rows if words else ()
    template = "visits_found.html" if "q" in request.query else "visits.html"
    return await show(
        request,
        f"console/cases/{template}",
        case=case,
        words=words,
        found=found,
        shut=await guarding.shut({visit.patient_id for visit in found}, actor),
    )


@routes.post("/cases/{id:\\d+}/visits/{visit:\\d+}/{how:confirm|reject|link}")
async def decided(request: web.Request) -> web.Response:
    """Confirm or reject a proposed visit, or link one by hand."""
    actor = permit(request, Permission.CASE_HANDLE)
    case_id, visit = wanted(request), number(request.match_info["visit"]) or 0
    verb = {"confirm": linking.confirm, "reject": linking.reject, "link": linking.link}
    said = {"confirm": "已确认关联就诊", "reject": "已否定关联就诊", "link": "已关联就诊"}
    how = request.match_info["how"]
    await verb[how](case_id, visit, by=actor)
    return await done(request, case_id, said[how])
