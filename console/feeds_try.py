"""The page on which a mapping is tried: a message in, what would be written out, faults named. Keeps nothing."""

from aiohttp import web

from console.page import permit, show
from core.actor import Permission
from core.errors import NotFound
from patients.feeds import mapping, trying

routes = web.RouteTableDef()
MOST = 200_000  # characters of a message that is tried
SAMPLE = """\
MSH|^~\\&|HIS|HOSP|HUIYIN|HOSP|20260301083000||ADT^A03|MSG00001|P|2.4|||AL|NE||UNICODE UTF-8
EVN|A03|20260301083000
PID|1||P000123^^^HOSP^MR~990000199001010017^^^MPS^NI||测试甲||19900101|M|||示范市东示区测试路1号||13800000011|||M
NK1|1|测试乙|SPO||13800000033
PV1|1|I|^101^05^||||1001^王测甲|||||||||||职工医保|ZY2026001|||||||||||||||||1||||||||20260222090000|20260301083000
DG1|1||I10.x00^原发性高血压^ICD-10|||F"""


@routes.get("/operate/feeds/try")
async def page(request: web.Request) -> web.Response:
    """The form with a sample in it."""
    permit(request, Permission.MACHINE_OPERATE)
    name = request.query.get("mapping", "hl7")
    return await _show(request, name if name in mapping.names() else "hl7", SAMPLE, "", None)


@routes.post("/operate/feeds/try")
async def tried(request: web.Request) -> web.Response:
    """What would come of the message."""
    permit(request, Permission.MACHINE_OPERATE)
    data = await request.post()
    name, text, more = (str(data.get(field, "")) for field in ("mapping", "text", "more"))
    if name not in mapping.names():
        raise NotFound("没有这个映射文件")
    if len(text) > MOST or len(more) > MOST:
        outcome = [trying.Tried(faults=(("内容", f"超过 {MOST} 个字符"),))]
    elif not text.strip():
        outcome = [trying.Tried(faults=(("内容", "请粘贴一条消息"),))]
    else:
        outcome = await trying.attempt(name, text, more)
    return await _show(request, name, text, more, outcome)


async def _show(
    request: web.Request, name: str, text: str, more: str, outcome: list[trying.Tried] | None
) -> web.Response:
    return await show(
        request,
        "console/feeds/try.html",
        mapping=name,
        names=mapping.names(),
        text=text[:MOST],
        more=more[:MOST],
        outcome=outcome,
    )
