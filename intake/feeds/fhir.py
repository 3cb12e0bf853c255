"""FHIR R4 pushed to us: one resource, or a Bundle of them (batch, transaction, collection); answers as FHIR has it.

`POST /api/v1/fhir/{Type}`, `PUT /api/v1/fhir/{Type}/{id}`, `POST /api/v1/fhir` for Bundles; `GET …/metadata` tells what
we take. A Bundle of the type transaction is kept whole or, when one resource is at fault, kept parked whole with 422.
Nothing can be read back: we are a receiver (FHIR R4 3.1.0.8 create, 3.1.0.4 update, 3.1.0.11 batch/transaction).
"""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from aiohttp import hdrs, web

from core.errors import Fault, HuiyinError, Invalid
from core.logs import trace_id
from intake.feeds import doors
from intake.feeds.doors import Judged
from patients.feeds.documents.parsing import json_tree
from patients.feeds.documents.tree import Tree
from patients.feeds.faults import ReadFault
from patients.feeds.kinds import FHIR_TYPES
from patients.feeds.links import Link

routes = web.RouteTableDef()
MIME = "application/fhir+json"
BUNDLES = ("batch", "transaction", "collection", "message", "history", "searchset")
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # FHIR R4 2.24.0.1: id


def outcome(*issues: tuple[str, str, str, str]) -> dict[str, Any]:
    """An OperationOutcome of issues (severity, code, words, expression)."""
    return {
        "resourceType": "OperationOutcome",
        "issue": [
            {"severity": severity, "code": code, "diagnostics": words}
            | ({"expression": [expression]} if expression else {})
            for severity, code, words, expression in issues
        ],
    }


def answer(
    content: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A FHIR answer."""
    return web.Response(body=orjson.dumps(content), status=status, content_type=MIME, headers=headers)


_CODES = {401: "login", 413: "too-long", 422: "invalid", 503: "throttled", 429: "throttled", 404: "not-found"}


def refused(error: HuiyinError) -> web.Response:
    """What we say no with, as an OperationOutcome."""
    after = getattr(error, "after", 0)
    headers: dict[str, str] = {hdrs.RETRY_AFTER: str(after)} if after else {}
    if error.status == 401:
        headers[hdrs.WWW_AUTHENTICATE] = "Bearer"
    code = _CODES.get(error.status, "processing")
    places = [fault.field for fault in error.details] or [""]
    issues = [("error", code, f"{error.message}（{trace_id()}）", place) for place in places]
    return answer(outcome(*issues), error.status, headers)


def issue_of(fault: ReadFault) -> tuple[str, str, str, str]:
    """What is wrong with a resource, with the expression at fault."""
    words = str(fault).removeprefix(f"{fault.at}：")
    code = "required" if words.startswith("缺少") else "code-invalid" if "代码表" in words else "value"
    return "error", code, words, fault.at


@routes.get("/api/v1/fhir/metadata")
async def metadata(_: web.Request) -> web.Response:
    """What we take (CapabilityStatement)."""
    taken = [
        {"type": name, "interaction": [{"code": "create"}, {"code": "update"}], "updateCreate": True}
        for name in FHIR_TYPES
    ]
    return answer(
        {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "date": "2026-01-01",
            "kind": "instance",
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "rest": [
                {
                    "mode": "server",
                    "security": {"description": "Bearer token of a link"},
                    "resource": taken,
                    "interaction": [{"code": "batch"}, {"code": "transaction"}],
                }
            ],
        }
    )


@routes.post("/api/v1/fhir")
@routes.post("/api/v1/fhir/Bundle")
async def bundle(request: web.Request) -> web.Response:
    """A Bundle."""
    try:
        link = await doors.link_of(request, "fhir")
        tree = _tree(await doors.body_of(request))
        return await _take_bundle(link, tree)
    except HuiyinError as error:
        return refused(error)


@routes.post("/api/v1/fhir/{type:[A-Za-z]{1,40}}")
async def create(request: web.Request) -> web.Response:
    """One resource."""
    return await _one(request, "")


@routes.put("/api/v1/fhir/{type:[A-Za-z]{1,40}}/{id}")
async def update(request: web.Request) -> web.Response:
    """One resource under the id of the address."""
    return await _one(request, request.match_info["id"])


async def _one(request: web.Request, number: str) -> web.Response:
    try:
        link = await doors.link_of(request, "fhir")
        tree = _tree(await doors.body_of(request))
        kind = request.match_info["type"]
        if tree.get("resourceType") == "Bundle" and kind == "Bundle":
            return await _take_bundle(link, tree)
        if tree.get("resourceType") != kind:
            raise _invalid("resourceType", f"应为 {kind}")
        if number and tree.setdefault("id", number) != number:
            raise _invalid(f"{kind}.id", "与地址中的 id 不同")
        received = doors.now()
        (found,) = await doors.judged(link, [_checked(tree, kind)], received)
        await doors.keep(link, [found], received)
    except HuiyinError as error:
        return refused(error)
    if found.fault is not None:
        return answer(outcome(issue_of(found.fault)), 422)
    headers: dict[str, str] = {hdrs.LOCATION: f"{request.path.split(kind)[0]}{kind}/{tree['id']}"}
    return answer(outcome(("information", "informational", "已收下", "")), 200 if number else 201, headers)


def _tree(body: bytes) -> dict[str, Tree]:
    try:
        tree = json_tree(body)
    except ReadFault as fault:
        raise _invalid(fault.at, str(fault)) from None
    if not isinstance(tree, dict):
        raise _invalid("", "应为一个 FHIR 资源（JSON 对象）")
    return tree


def _invalid(field: str, words: str) -> Invalid:
    fault = Fault(field=field, reason=words)
    return Invalid(words, details=[fault])


def _checked(tree: Tree, where: str) -> Tree:
    """A resource with a type that we take and an id.

    Raises:
        Invalid: it has none.
    """
    if not isinstance(tree, dict) or tree.get("resourceType") not in FHIR_TYPES:
        raise _invalid(f"{where}.resourceType", f"不接收这种资源，可用：{'、'.join(FHIR_TYPES)}")
    number = tree.get("id")
    if not isinstance(number, str) or not _ID.fullmatch(number):
        raise _invalid(f"{where}.id", "缺少 id，或含有不允许的字符")
    return tree


async def _take_bundle(link: Link, tree: dict[str, Tree]) -> web.Response:
    received = doors.now()
    kind, entries = tree.get("type"), tree.get("entry", [])
    if tree.get("resourceType") != "Bundle" or kind not in BUNDLES:
        raise _invalid("Bundle.type", f"应为 {'、'.join(BUNDLES)} 之一")
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise _invalid("Bundle.entry", "应为一个列表")
    if len(entries) > doors.MOST_MESSAGES:
        raise _invalid("Bundle.entry", f"一次最多 {doors.MOST_MESSAGES} 条")
    resources = with_ids(entries)
    wrong: dict[int, Invalid] = {}
    fit: list[Tree] = []
    for at, resource in enumerate(resources):
        try:
            fit.append(_checked(resource, f"Bundle.entry[{at}].resource"))
        except Invalid as error:
            if kind == "transaction":
                raise
            wrong[at] = error
    found = iter(await doors.judged(link, fit, received))
    told = [None if at in wrong else next(found) for at in range(len(resources))]
    kept = [one for one in told if one is not None]
    if kind == "transaction" and any(one.fault for one in kept):
        at = next(at for at, one in enumerate(told) if one is not None and one.fault)
        first = kept[at].fault
        assert first is not None  # noqa: S101 - just looked for
        whole = f"同一事务中第 {at + 1} 条有误：{first}"
        kept = [
            one if one.fault else Judged(doors.parked(one.brought, whole, "Bundle"), first) for one in kept
        ]
        await doors.keep(link, kept, received)
        severity, code, words, expression = issue_of(first)
        return answer(outcome((severity, code, words, f"Bundle.entry[{at}].resource.{expression}")), 422)
    await doors.keep(link, kept, received)
    entry = [_told(one, wrong.get(at)) for at, one in enumerate(told)]
    return answer(
        {
            "resourceType": "Bundle",
            "type": f"{'transaction' if kind == 'transaction' else 'batch'}-response",
            "entry": entry,
        }
    )


def _told(one: Judged | None, wrong: Invalid | None) -> dict[str, Any]:
    """What became of one entry."""
    if wrong is not None:
        issue = ("error", "invalid", wrong.message, wrong.details[0].field)
        return {"response": {"status": "422 Unprocessable Entity", "outcome": outcome(issue)}}
    assert one is not None  # noqa: S101 - one or the other
    if one.fault is not None:
        return {"response": {"status": "422 Unprocessable Entity", "outcome": outcome(issue_of(one.fault))}}
    return {"response": {"status": "201 Created"}}


def with_ids(entries: list[dict[str, Tree]]) -> list[Tree]:
    """The resources of a Bundle; those known by a `urn:uuid:` get it as their id, and references to them follow
    (FHIR R4 3.1.0.11.2)."""
    names: dict[str, str] = {}
    resources: list[Tree] = []
    for entry in entries:
        resource, full = entry.get("resource"), entry.get("fullUrl")
        if isinstance(resource, dict) and isinstance(full, str) and full.startswith("urn:uuid:"):
            resource.setdefault("id", full.removeprefix("urn:uuid:"))
            names[full] = f"{resource.get('resourceType')}/{resource['id']}"
        resources.append(resource)
    if names:
        for resource in resources:
            _rename(resource, names)
    return resources


def _rename(tree: Tree, names: Mapping[str, str]) -> None:
    border = [tree]
    while border:
        one = border.pop()
        if isinstance(one, dict):
            reference = one.get("reference")
            if isinstance(reference, str) and reference in names:
                one["reference"] = names[reference]
            border += one.values()
        elif isinstance(one, list):
            border += one
