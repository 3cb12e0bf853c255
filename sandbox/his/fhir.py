"""The sandbox's HIS as a FHIR R4 server: what it holds is read page by page, by time of change, with a token or without.

A few invented persons with a stay each; what is put in with `PUT /fhir/{Type}/{id}` (a test, a curious person) is served
from then on. Knows nothing of the product.
"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.his.day import FAMILY, GIVEN, ILLS, TESTS, WARDS

Resource = dict[str, Any]
TOKEN = "sandbox-fhir"
PEOPLE = 24
MOST = 500


class Book:
    """The resources by type and id."""

    def __init__(self, people: int = PEOPLE) -> None:
        self._held: dict[tuple[str, str], Resource] = {}
        begin = datetime.now(UTC).replace(microsecond=0) - timedelta(days=2)
        for at in range(people):
            for step, resource in enumerate(_life(at)):
                self.put(resource, begin + timedelta(minutes=7 * at + step))

    def put(self, resource: Resource, at: datetime | None = None) -> Resource:
        """Hold a resource as it is from now (or `at`) on."""
        key = (str(resource["resourceType"]), str(resource["id"]))
        before = self._held.get(key)
        version = int(before["meta"]["versionId"]) + 1 if before else 1
        changed = at or datetime.now(UTC)
        meta = {"versionId": str(version), "lastUpdated": changed.isoformat(timespec="milliseconds")}
        self._held[key] = {**resource, "meta": meta}
        return self._held[key]

    def of(self, kind: str, since: str) -> list[Resource]:
        """Those of a type that changed at `since` ("" for all) or later, oldest change first."""
        low = datetime.fromisoformat(since) if since else None
        found = [one for (name, _), one in self._held.items() if name == kind]
        fit = [one for one in found if low is None or _changed(one) >= low]
        return sorted(fit, key=lambda one: (_changed(one), one["id"]))


def _changed(resource: Resource) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])


BOOK: web.AppKey[Book] = web.AppKey("his_book", Book)


def _life(at: int) -> list[Resource]:
    """One person: who they are, their stay, what was found."""
    number, stay = f"FP{at:04d}", f"FE{at:04d}"
    department, campus = WARDS[at % len(WARDS)]
    code, ill = ILLS[at % len(ILLS)]
    test, label, unit, _, low, high, _, above = TESTS[at % len(TESTS)]
    value = round(high * 1.05, 1) if at % 4 else float(above) + 0.2
    began = datetime.now(UTC).replace(microsecond=0) - timedelta(days=6 + at % 5)
    told: Resource = {
        "subject": {"reference": f"Patient/{number}"},
        "encounter": {"reference": f"Encounter/{stay}"},
    }
    person: Resource = {
        "resourceType": "Patient",
        "id": number,
        "name": [
            {"use": "official", "text": f"{FAMILY[at % len(FAMILY)]}{GIVEN[at % 8]}{GIVEN[at // 8 % 8]}"}
        ],
        "gender": "male" if at % 2 else "female",
        "birthDate": f"{1945 + at * 2:04d}-0{1 + at % 9}-15",
        "telecom": [{"system": "phone", "value": f"199{70_000_000 + at:08d}"}],
        "address": [{"text": f"示范市示例区样例路{at + 1}号"}],
    }
    encounter: Resource = {
        "resourceType": "Encounter",
        "id": stay,
        "status": "in-progress" if at % 3 else "finished",
        "class": {"code": "IMP" if at % 2 else "AMB"},
        "subject": told["subject"],
        "serviceProvider": {"display": f"{campus}{department}"},
        "participant": [{"individual": {"display": "测试医生"}}],
        "period": {"start": began.isoformat()}
        | ({} if at % 3 else {"end": (began + timedelta(days=4)).isoformat()}),
    }
    return [
        person,
        encounter,
        {"resourceType": "Condition", "id": f"FC{at:04d}", "code": {"coding": [{"code": code, "display": ill}]}, **told},
        {
            "resourceType": "Observation",
            "id": f"FO{at:04d}",
            "status": "final",
            "category": [{"coding": [{"code": "laboratory"}]}],
            "code": {"coding": [{"code": test, "display": label}]},
            "effectiveDateTime": (began + timedelta(hours=3)).isoformat(),
            "valueQuantity": {"value": value, "unit": unit},
            "referenceRange": [{"low": {"value": low}, "high": {"value": high}}],
            "interpretation": [{"coding": [{"code": "H" if at % 4 else "HH"}]}],
            **told,
        },
        {
            "resourceType": "DiagnosticReport",
            "id": f"FR{at:04d}",
            "status": "final",
            "category": [{"coding": [{"code": "LAB"}]}],
            "code": {"text": f"{label}测定"},
            "issued": (began + timedelta(hours=4)).isoformat(),
            "result": [{"reference": f"Observation/FO{at:04d}"}],
            **told,
        },
        {
            "resourceType": "MedicationRequest",
            "id": f"FM{at:04d}",
            "status": "active",
            "intent": "order",
            "medicationCodeableConcept": {"text": "示例片"},
            "authoredOn": (began + timedelta(hours=5)).isoformat(),
            **told,
        },
    ]  # fmt: skip


async def search(request: web.Request) -> web.Response:
    """A page of a type: `_lastUpdated=ge…`, `_count`, and the next page by its link."""
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return web.json_response({"resourceType": "OperationOutcome", "issue": []}, status=401)
    since = request.query.get("_lastUpdated", "").removeprefix("ge").replace(" ", "+")
    count = min(int(request.query.get("_count", "50")), MOST)
    offset = int(request.query.get("_offset", "0"))
    kind = request.match_info["type"]
    found = request.app[BOOK].of(kind, since)
    page = found[offset : offset + count]
    links = [{"relation": "self", "url": str(request.url)}]
    if offset + count < len(found):
        links.append({"relation": "next", "url": str(request.url.update_query(_offset=str(offset + count)))})
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": len(found),
        "link": links,
        "entry": [{"resource": one} for one in page],
    }
    text = json.dumps(bundle, ensure_ascii=False)
    return web.Response(text=text, content_type="application/fhir+json")


async def put(request: web.Request) -> web.Response:
    """Hold what is sent."""
    resource = await request.json()
    kind, number = request.match_info["type"], request.match_info["id"]
    return web.json_response(request.app[BOOK].put({**resource, "resourceType": kind, "id": number}))


def attach(app: web.Application) -> None:
    """The server at `/fhir`."""
    app[BOOK] = Book()
    app.router.add_get("/fhir/{type:[A-Za-z]+}", search)
    app.router.add_put("/fhir/{type:[A-Za-z]+}/{id}", put)
