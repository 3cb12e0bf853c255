"""Bundles of FHIR R4: what each entry asks for, its references made whole; and single requests in the same form.

An entry becomes the resource that is kept: a deletion one that says so (`_deleted`), a new resource without an id one with
an id of ours. Keeps nothing and answers nothing.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from core.errors import Fault, HuiyinError, Invalid
from intake.feeds.fhir_answers import R4_TYPES, Unsupported
from patients.feeds.documents import fhir
from patients.feeds.documents.tree import Tree

TYPES = ("batch", "transaction", "collection", "message", "document", "history", "searchset")
NAMED = frozenset(
    {
        "Practitioner",
        "PractitionerRole",
        "Organization",
        "Location",
        "HealthcareService",
        "Medication",
        "Condition",
        "Specimen",
    }
)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")  # FHIR R4 2.24.0.1: id
CONDITIONS = ("ifMatch", "ifNoneMatch", "ifModifiedSince", "ifNoneExist")
METHODS = ("POST", "PUT", "DELETE")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be kept of an entry, or why it cannot be: one of the two."""

    method: str
    resource: dict[str, Tree] | None = None
    wrong: HuiyinError | None = None

    @property
    def location(self) -> str:
        """Type and id."""
        return f"{self.resource['resourceType']}/{self.resource['id']}" if self.resource else ""


def invalid(field: str, words: str) -> Invalid:
    """A refusal that names its place."""
    return Invalid(words, details=[Fault(field=field, reason=words)])


def checked(tree: Tree, where: str, method: str = "POST") -> dict[str, Tree]:
    """A resource with a type of R4 and an id; one that is made new without an id gets one that is the same each time.

    Raises:
        Invalid: it has none.
    """
    if not isinstance(tree, dict) or tree.get("resourceType") not in R4_TYPES:
        raise invalid(f"{where}.resourceType", "缺少 resourceType，或不是 FHIR R4 的资源类型")
    if method == "POST" and "id" not in tree:
        tree["id"] = assigned(tree)
    number = tree.get("id")
    if not isinstance(number, str) or not _ID.fullmatch(number):
        raise invalid(f"{where}.id", "缺少 id，或含有不允许的字符")
    return tree


def assigned(tree: Mapping[str, Tree]) -> str:
    """An id for a resource that came without: by its identifier, else by all that it says, so that one sent again is one."""
    identifiers = tree.get("identifier")
    one = identifiers[0] if isinstance(identifiers, list) and identifiers else identifiers
    named = isinstance(one, dict) and one.get("value")
    said = [one.get("system"), one.get("value")] if named and isinstance(one, dict) else tree
    body = orjson.dumps([tree.get("resourceType"), said], option=orjson.OPT_SORT_KEYS)
    return f"hy-{hashlib.sha256(body).hexdigest()[:24]}"


def deleted(kind: str, number: str, at: Tree = None) -> dict[str, Tree]:
    """What is kept of a deletion; `at` when its sender says when it was."""
    meta = {"meta": {"lastUpdated": at}} if isinstance(at, str) and at else {}
    return {"resourceType": kind, "id": number, **meta, "_deleted": True}


def entries(tree: Mapping[str, Tree], most: int) -> list[Entry]:
    """The entries of a Bundle, references among them made whole.

    Raises:
        Invalid: it is none, or has too many.
    """
    given = tree.get("entry", [])
    if tree.get("resourceType") != "Bundle" or tree.get("type") not in TYPES:
        raise invalid("Bundle.type", f"应为 {'、'.join(TYPES)} 之一")
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise invalid("Bundle.entry", "应为一个列表")
    if len(given) > most:
        raise invalid("Bundle.entry", f"一次最多 {most} 条")
    found = []
    for at, one in enumerate(given):
        request = one.get("request") if isinstance(one.get("request"), dict) else {}
        method = str(request.get("method") or "POST").upper()
        try:
            found.append(Entry(method, _resource(one, request, method, f"Bundle.entry[{at}]")))
        except HuiyinError as error:
            found.append(Entry(method, wrong=error))
    _make_whole(given, found)
    return found


def _resource(entry: dict[str, Tree], request: dict[str, Tree], method: str, where: str) -> dict[str, Tree]:
    if method not in METHODS:
        raise Unsupported(f"{where}.request.method：不支持 {method[:20]}，只接收 POST、PUT、DELETE")
    for name in CONDITIONS:
        if request.get(name):
            raise Unsupported(f"{where}.request.{name}：不支持条件操作", 412)
    url = str(request.get("url") or "").split("?")
    if len(url) > 1:
        raise Unsupported(f"{where}.request.url：不支持按条件更新或删除", 412)
    parts = url[0].strip("/").split("/")[-2:]
    if method == "DELETE":
        if len(parts) != 2 or parts[0] not in R4_TYPES or not _ID.fullmatch(parts[1]):
            raise invalid(f"{where}.request.url", "应如 Encounter/123")
        response = entry.get("response")
        at = response.get("lastModified") if isinstance(response, dict) else None
        return deleted(parts[0], parts[1], at)
    resource, full = entry.get("resource"), entry.get("fullUrl")
    if isinstance(resource, dict):
        if isinstance(full, str) and full.startswith("urn:uuid:"):
            resource.setdefault("id", full.removeprefix("urn:uuid:"))
        if method == "PUT" and len(parts) == 2 and resource.setdefault("id", parts[1]) != parts[1]:
            raise invalid(f"{where}.resource.id", "与 request.url 中的 id 不同")
    return checked(resource, f"{where}.resource", method)


def _make_whole(given: list[dict[str, Tree]], found: list[Entry]) -> None:
    """References to another entry by its `fullUrl` name its type and id (FHIR R4 3.1.0.11.2); those to a person or a place
    that the Bundle brings along say what it is called."""
    urls: dict[str, str] = {}
    names: dict[str, str] = {}
    for entry, one in zip(given, found, strict=True):
        if one.resource is None:
            continue
        full = entry.get("fullUrl")
        if isinstance(full, str) and full:
            urls[full] = one.location
        if one.resource["resourceType"] in NAMED and (name := fhir.display(one.resource)):
            names[one.location] = name
    wanted = {full: place for full, place in urls.items() if not full.endswith(place)}
    for one in found:
        if one.resource is not None:
            if wanted:
                _rename(one.resource, wanted)
            if names:
                fhir.fill(one.resource, names)


def _rename(tree: Any, names: Mapping[str, str]) -> None:
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
