"""The page on which a mapping is tried: a message in, what would be written out, faults named. Keeps nothing."""

from aiohttp import web

from console.page import permit, show
from core.actor import Permission
from core.errors import NotFound
from patients.feeds import mapping, trying

routes = web.RouteTableDef()
MOST = 200_000  # characters of a message that is tried
HL7 = """\
MSH|^~\\&|HIS|HOSP|HUIYIN|HOSP|20260301083000||ADT^A03|MSG00001|P|2.4|||AL|NE||UNICODE UTF-8
EVN|A03|20260301083000
PID|1||P000123^^^HOSP^MR~990000199001010017^^^MPS^NI||测试甲||19900101|M|||示范市东示区测试路1号||13800000011|||M
NK1|1|测试乙|SPO||13800000033
PV1|1|I|^101^05^||||1001^王测甲|||||||||||职工医保|ZY2026001|||||||||||||||||1||||||||20260222090000|20260301083000
DG1|1||I10.x00^原发性高血压^ICD-10|||F"""
FHIR = """\
{
  "resourceType": "Encounter",
  "id": "e1",
  "meta": { "lastUpdated": "2026-03-01T08:30:00+08:00" },
  "status": "in-progress",
  "class": { "code": "IMP" },
  "subject": { "reference": "Patient/p1" },
  "period": { "start": "2026-02-22T09:00:00+08:00" },
  "serviceProvider": { "display": "东院区心血管内科" },
  "participant": [{ "individual": { "display": "王测甲" } }]
}"""
JSON = """\
{
  "id": "M00001",
  "time": "2026-03-01T08:30:00+08:00",
  "event": "入院",
  "patient": { "number": "P000123", "name": "测试甲", "gender": "男", "birth_date": "1990-01-01", "phone": "13800000011" },
  "visit": {
    "number": "ZY2026001", "kind": "住院", "department": "心血管内科", "campus": "东院区", "bed": "05",
    "started_at": "2026-02-22 09:00:00",
    "diagnoses": [{ "name": "原发性高血压", "code": "I10.x00", "kind": "入院" }]
  }
}"""
SOAP = """\
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><Submit>
  <Message>
    <id>M00001</id><time>2026-03-01T08:30:00+08:00</time><event>挂号</event>
    <patient><number>P000123</number><name>测试甲</name><gender>男</gender></patient>
    <visit><number>MZ2026001</number><kind>门诊</kind><department>心血管内科</department><campus>东院区</campus></visit>
  </Message>
</Submit></soapenv:Body></soapenv:Envelope>"""
ROW = """\
{
  "visit_no": "MZ2026001", "patient_no": "P000123", "patient_name": "测试甲", "gender": "1", "birth_date": "1990-01-01",
  "visit_type": "门诊", "department": "心血管内科", "campus": "东院区", "status": "完成",
  "started_at": "2026-03-01 08:30:00", "updated_at": "2026-03-01 09:10:00",
  "diagnosis_code": "I10.x00", "diagnosis_name": "原发性高血压"
}"""
SAMPLES = {"fhir": FHIR, "json": JSON, "soap": SOAP, "visits_view": ROW}


def sample_for(name: str) -> str:
    """A message that the mapping of this name, or what it extends, is made for."""
    root = name
    for _ in range(5):
        if root in SAMPLES:
            return SAMPLES[root]
        root = mapping.extended(root)
    return HL7


@routes.get("/operate/feeds/try")
async def page(request: web.Request) -> web.Response:
    """The form with a sample in it."""
    permit(request, Permission.MACHINE_OPERATE)
    name = request.query.get("mapping", "hl7")
    name = name if name in mapping.names() else "hl7"
    return await _show(request, name, sample_for(name), "", None)


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
