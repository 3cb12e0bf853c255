"""JSON and SOAP pushed to us: `POST /api/v1/feeds/{link}/json` and `/soap`, read by the link's mapping file.

A body may hold several messages (a list, or what the mapping's `each` names). The answer says how many were kept and
what is wrong with which; a SOAP sender gets an envelope, or a Fault with the same words (SOAP 1.1 4.4, 1.2 5.4).
"""

from xml.sax.saxutils import escape

from aiohttp import hdrs, web

from core.errors import Fault, HuiyinError, Invalid
from core.web import error_answer, json_answer
from intake.feeds import doors
from intake.feeds.doors import Judged
from patients.feeds import formats
from patients.feeds.documents import mapping as tree_mapping
from patients.feeds.documents import reading
from patients.feeds.documents.tree import Tree
from patients.feeds.faults import ReadFault
from patients.feeds.links import Link
from patients.feeds.mapping import MappingError

routes = web.RouteTableDef()
_ID = r"{link:[0-9]{1,18}}"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ENVELOPE_12 = "http://www.w3.org/2003/05/soap-envelope"


@routes.post(f"/api/v1/feeds/{_ID}/json")
async def push_json(request: web.Request) -> web.Response:
    """One message, or a list of them."""
    try:
        found = await _taken(request, await _link(request, "json"))
    except HuiyinError as error:
        return _with_wait(error_answer(error), error)
    faults = [
        {"message": at, "field": one.fault.at, "reason": str(one.fault).removeprefix(f"{one.fault.at}：")}
        for at, one in enumerate(found)
        if one.fault is not None
    ]
    return json_answer({"kept": len(found), "parked": len(faults), "faults": faults}, 422 if faults else 200)


@routes.post(f"/api/v1/feeds/{_ID}/soap")
async def push_soap(request: web.Request) -> web.Response:
    """A SOAP envelope."""
    space = ENVELOPE_12 if "soap+xml" in request.content_type else ENVELOPE
    try:
        link = await _link(request, "soap")
        space = await _space(request) or space
        found = await _taken(request, link)
    except HuiyinError as error:
        return _with_wait(_fault(space, error), error)
    wrong = [(at, one.fault) for at, one in enumerate(found) if one.fault is not None]
    if wrong:
        details = [Fault(field=fault.at, reason=str(fault)) for _, fault in wrong]
        words = f"收下 {len(found)} 条，其中 {len(wrong)} 条有误，已搁置"
        return _fault(space, Invalid(words, details=details))
    told = f"<Result><code>AA</code><kept>{len(found)}</kept></Result>"
    return _envelope(space, told, 200)


async def _space(request: web.Request) -> str:
    """The version of SOAP that an envelope is of, whatever its content type says: senders mix them, and each must be
    answered in its own form; "" when it names neither."""
    head = (await doors.body_of(request))[:2000]
    return next((space for space in (ENVELOPE_12, ENVELOPE) if space.encode() in head), "")


async def _link(request: web.Request, kind: str) -> Link:
    return await doors.link_of(request, kind, int(request.match_info["link"]))


async def _taken(request: web.Request, link: Link) -> list[Judged]:
    body, received = await doors.body_of(request), doors.now()
    try:
        messages = split(link, formats.tree_of(link.kind, body))
    except ReadFault as fault:
        words = str(fault)
        raise Invalid(words, details=[Fault(field=fault.at, reason=words)]) from None
    found = await doors.judged(link, messages, received)
    await doors.keep(link, found, received)
    return found


def split(link: Link, tree: Tree) -> list[Tree]:
    """The messages of a body.

    Raises:
        ReadFault: there are none, or too many.
    """
    try:
        rules = formats.rules(link.kind, link.mapping, link.codes)
    except MappingError:
        return [tree]  # kept, parked with what is wrong with the mapping
    assert isinstance(rules, tree_mapping.TreeMapping)  # noqa: S101 - checked for its kind
    found = reading.messages(tree, rules)
    if not found:
        raise ReadFault(rules.each.text if rules.each else "内容", "没有消息")
    if len(found) > doors.MOST_MESSAGES:
        raise ReadFault("内容", f"一次最多 {doors.MOST_MESSAGES} 条消息")
    return found


def _with_wait(answer: web.Response, error: HuiyinError) -> web.Response:
    after = getattr(error, "after", 0)
    if after:
        answer.headers[hdrs.RETRY_AFTER] = str(after)
    if error.status == 401:
        answer.headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    return answer


def _fault(space: str, error: HuiyinError) -> web.Response:
    """A Fault; the fields at fault stand in its detail."""
    fields = "".join(
        f"<fault><field>{escape(one.field)}</field><reason>{escape(one.reason)}</reason></fault>"
        for one in error.details
    )
    sender = error.status < 500
    if space == ENVELOPE_12:
        body = (
            f"<s:Fault><s:Code><s:Value>s:{'Sender' if sender else 'Receiver'}</s:Value></s:Code>"
            f'<s:Reason><s:Text xml:lang="zh">{escape(error.message)}</s:Text></s:Reason>'
            f"<s:Detail>{fields}</s:Detail></s:Fault>"
        )
    else:
        body = (
            f"<s:Fault><faultcode>s:{'Client' if sender else 'Server'}</faultcode>"
            f"<faultstring>{escape(error.message)}</faultstring><detail>{fields}</detail></s:Fault>"
        )
    return _envelope(space, body, 500 if error.status == 422 else error.status)


def _envelope(space: str, body: str, status: int) -> web.Response:
    """SOAP over HTTP tells a Fault by 500 (WS-I Basic Profile 1.1, R1126); who may not enter hears 401, 503 as usual."""
    text = f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{space}"><s:Body>{body}</s:Body></s:Envelope>'
    mime = "application/soap+xml" if space == ENVELOPE_12 else "text/xml"
    return web.Response(body=text.encode(), status=status, content_type=mime, charset="utf-8")
