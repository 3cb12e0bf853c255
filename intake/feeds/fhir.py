"""FHIR R4 pushed to us: one resource, or a Bundle of them; answers as FHIR has it.

`POST /api/v1/fhir/{Type}`, `PUT` and `DELETE /api/v1/fhir/{Type}/{id}`, `POST /api/v1/fhir` for Bundles; `GET …/metadata`
tells what we take. A Bundle of the type transaction is kept whole or, when one resource is at fault, kept parked whole with
422. Nothing can be read back: we are a receiver (FHIR R4 3.1.0.4 update, 3.1.0.7 delete, 3.1.0.8 create, 3.1.0.11
batch/transaction). A resource of a type we do not use is kept and answered 202.
"""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from aiohttp import hdrs, web

from core import db
from core.edge import TooLarge
from core.errors import HuiyinError
from intake.feeds import doors, fhir_bundles
from intake.feeds.doors import Judged
from intake.feeds.fhir_answers import MIME, Unsupported, answer, issue_of, outcome, refused, statement
from intake.feeds.fhir_bundles import Entry, checked, invalid
from patients.feeds.documents.parsing import json_tree
from patients.feeds.documents.tree import Tree
from patients.feeds.faults import ReadFault
from patients.feeds.links import Link

routes = web.RouteTableDef()
BASE = "/api/v1/fhir"
_TYPE, _ONE = r"{type:[A-Za-z]{1,40}}", r"{type:[A-Za-z]{1,40}}/{id:[A-Za-z0-9\-.]{1,64}}"
JSON = frozenset({MIME, "application/json", "application/json+fhir", "text/json", "application/octet-stream"})
CONDITIONAL = (hdrs.IF_MATCH, hdrs.IF_NONE_MATCH, hdrs.IF_MODIFIED_SINCE, "If-None-Exist")
Handler = Callable[[web.Request], Awaitable[web.Response]]


def _answering(handler: Handler) -> Handler:
    """Whatever is refused is refused in FHIR's own form."""

    @wraps(handler)
    async def answered(request: web.Request) -> web.Response:
        try:
            return await handler(request)
        except HuiyinError as error:
            return refused(error)
        except web.HTTPRequestEntityTooLarge:
            return refused(TooLarge(f"内容超过 {doors.MOST // 1024} KB"))

    return answered


@routes.get(f"{BASE}/metadata")
async def metadata(request: web.Request) -> web.Response:
    """What we take (CapabilityStatement)."""
    return answer(statement(str(request.url.with_path(BASE).with_query(None))))


@routes.post(BASE)
@routes.post(f"{BASE}/Bundle")
@_answering
async def bundle(request: web.Request) -> web.Response:
    """A Bundle."""
    link = await _entered(request)
    return await _take_bundle(link, await _tree(request))


@routes.post(f"{BASE}/{_TYPE}")
@_answering
async def create(request: web.Request) -> web.Response:
    """One resource."""
    return await _one(request, "POST", "")


@routes.put(f"{BASE}/{_ONE}")
@_answering
async def update(request: web.Request) -> web.Response:
    """One resource under the id of the address."""
    return await _one(request, "PUT", request.match_info["id"])


@routes.delete(f"{BASE}/{_ONE}")
@_answering
async def delete(request: web.Request) -> web.Response:
    """That a resource is no more: what it said is taken back."""
    link = await _entered(request)
    kind, number = request.match_info["type"], request.match_info["id"]
    gone = checked(fhir_bundles.deleted(kind, number), kind, "DELETE")
    found = await _kept(link, [gone])
    if found[0].fault is not None:
        return answer(outcome(issue_of(found[0].fault)), 422)
    return answer(outcome(("information", "informational", "已收下删除", "")))


@routes.route("*", BASE + "/{rest:.*}")
@_answering
async def nothing_else(request: web.Request) -> web.Response:
    """Reading, searching, patching, conditions in the address: not here."""
    await doors.link_of(request, "fhir")
    raise Unsupported(f"本接口只接收推送，不支持 {request.method} {request.match_info['rest'][:60]}")


async def _entered(request: web.Request) -> Link:
    """The link, of a request whose head asks for nothing that we do not do.

    Raises:
        Unauthenticated, Crowded.
        Unsupported: another format or charset, or a condition.
    """
    link = await doors.link_of(request, "fhir")
    for name in CONDITIONAL:
        if name in request.headers:
            raise Unsupported(f"不支持条件操作（{name}），请去掉后重发", 412)
    if request.method != "DELETE":
        if request.content_type not in JSON:
            raise Unsupported(f"只接收 {MIME}，不接收 {request.content_type[:60]}", 415)
        if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
            raise Unsupported("FHIR 只用 UTF-8", 415)
    accept = request.headers.get(hdrs.ACCEPT, "")
    if "xml" in accept and "json" not in accept and "*/*" not in accept:
        raise Unsupported(f"只能以 {MIME} 应答", 406)
    return link


async def _tree(request: web.Request) -> dict[str, Tree]:
    try:
        tree = json_tree(await doors.body_of(request))
    except ReadFault as fault:
        raise invalid(fault.at, str(fault)) from None
    if not isinstance(tree, dict):
        raise invalid("", "应为一个 FHIR 资源（JSON 对象）")
    return tree


async def _kept(link: Link, resources: list[dict[str, Tree]]) -> list[Judged]:
    received = doors.now()
    found = await doors.judged(link, list(resources), received)
    await doors.keep(link, found, received)
    return found


async def _one(request: web.Request, method: str, number: str) -> web.Response:
    link = await _entered(request)
    tree = await _tree(request)
    kind = request.match_info["type"]
    if tree.get("resourceType") != kind:
        raise invalid("resourceType", f"应为 {kind}")
    if number and tree.setdefault("id", number) != number:
        raise invalid(f"{kind}.id", "与地址中的 id 不同")
    tree = checked(tree, kind, method)
    is_new = method == "POST" or not await _known(link, f"{kind}/{tree['id']}")
    (found,) = await _kept(link, [tree])
    if found.fault is not None:
        return answer(outcome(issue_of(found.fault)), 422)
    headers: dict[str, str] = {hdrs.LOCATION: f"{BASE}/{kind}/{tree['id']}"}
    if found.unused:
        return answer(outcome(("warning", "not-supported", found.unused, kind)), 202, headers)
    told = outcome(("information", "informational", "已收下", ""))
    return answer(told, 201 if is_new else 200, headers)


async def _known(link: Link, name: str) -> bool:
    """Whether a resource stands already."""
    wanted = f"{link.domain}:{name}" if link.domain else name
    return bool(await db.fetchval("select true from told_resource where name = $1 and not gone", wanted))


async def _take_bundle(link: Link, tree: dict[str, Tree]) -> web.Response:
    found = fhir_bundles.entries(tree, doors.MOST_MESSAGES)
    is_whole = tree.get("type") == "transaction"
    if is_whole and (wrong := next((one.wrong for one in found if one.wrong), None)):
        raise wrong
    received = doors.now()
    told = await doors.judged(link, [one.resource for one in found if one.resource is not None], received)
    if is_whole and (at := next((at for at, one in enumerate(told) if one.fault), None)) is not None:
        first = told[at].fault
        assert first is not None  # noqa: S101 - just looked for
        whole = f"同一事务中第 {at + 1} 条有误：{first}"
        parked = [
            one if one.fault or one.unused else Judged(doors.parked(one.brought, whole, "Bundle"), first)
            for one in told
        ]
        await doors.keep(link, parked, received)
        issues = [
            issue_of(one.fault, f"Bundle.entry[{place}].resource.")
            for place, one in enumerate(told)
            if one.fault
        ]
        return answer(outcome(*issues), 422)
    await doors.keep(link, told, received)
    left = iter(told)
    entry = [_told(one, next(left) if one.wrong is None else None) for one in found]
    kind = "transaction-response" if is_whole else "batch-response"
    return answer({"resourceType": "Bundle", "type": kind, "entry": entry})


def _told(entry: Entry, one: Judged | None) -> dict[str, Any]:
    """What became of one entry."""
    if entry.wrong is not None:
        error = entry.wrong
        place = error.details[0].field if error.details else ""
        code = "not-supported" if isinstance(error, Unsupported) else "invalid"
        return _response(
            _STATUS.get(error.status, f"{error.status} Error"), (("error", code, error.message, place))
        )
    assert one is not None  # noqa: S101 - one or the other
    if one.fault is not None:
        return _response(_STATUS[422], issue_of(one.fault))
    if one.unused:
        return _response("202 Accepted", ("warning", "not-supported", one.unused, ""))
    if entry.method == "DELETE":
        return {"response": {"status": "200 OK"}}
    return {
        "response": {
            "status": "200 OK" if entry.method == "PUT" else "201 Created",
            "location": entry.location,
        }
    }


_STATUS = {
    405: "405 Method Not Allowed",
    412: "412 Precondition Failed",
    422: "422 Unprocessable Entity",
}


def _response(status: str, issue: tuple[str, str, str, str]) -> dict[str, Any]:
    return {"response": {"status": status, "outcome": outcome(issue)}}
