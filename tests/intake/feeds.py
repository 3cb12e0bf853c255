"""The web doors for hospital systems as their senders meet them: a link, its token, real HTTP; and FHIR resources."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from core.pump import drain
from core.web import make_app
from intake.routes import routes
from patients.feeds import links, tokens
from patients.feeds.kinds import FORMS
from patients.feeds.links import Link
from patients.feeds.processing import FEED
from staff import sessions
from tests.patients.feed import ENGINEER

Client = TestClient[web.Request, web.Application]
ID_NUMBER = "990000199001010017"


@dataclass
class Sender:
    """A system with its token."""

    client: Client
    link: Link
    token: str

    async def send(
        self, path: str, body: object, *, method: str = "POST", token: str | None = None, mime: str = ""
    ) -> tuple[int, Any]:
        """Push a body (JSON, or bytes as they are); status and answer, JSON opened."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        headers = {
            "Authorization": f"Bearer {self.token if token is None else token}",
            "Content-Type": mime or "application/fhir+json",
        }
        async with self.client.request(method, path, data=raw, headers=headers) as answer:
            text = await answer.read()
            is_json = "json" in answer.content_type
            return answer.status, orjson.loads(text) if is_json else text.decode()


@asynccontextmanager
async def opened(kind: str, **more: Any) -> AsyncIterator[Sender]:
    """A link of this kind, with a token, at the running doors."""
    given = {"name": f"测试 {kind}", "mapping": kind, **more}
    form = FORMS[kind](**given)
    link = await links.link(await links.save(None, form, by=ENGINEER, kind=kind))
    token = await tokens.make(link.id, by=ENGINEER)
    app = make_app(sessions.middleware)
    app.add_routes(routes)
    async with TestClient(TestServer(app)) as client:
        yield Sender(client, link, token)


async def work() -> None:
    """Work on everything that was kept."""
    while await drain(FEED):
        pass


def resource(kind: str, number: str, at: str = "08:30", **more: Any) -> dict[str, Any]:
    """A resource that was last changed at this time of 2026-03-01."""
    meta = {"lastUpdated": f"2026-03-01T{at}:00+08:00"}
    return {"resourceType": kind, "id": number, "meta": meta, **more}


def person(number: str = "p1", at: str = "08:30", **more: Any) -> dict[str, Any]:
    """A Patient."""
    given: dict[str, Any] = {
        "identifier": [{"type": {"coding": [{"code": "NI"}]}, "value": ID_NUMBER}],
        "name": [{"use": "official", "text": "测试甲"}],
        "gender": "male",
        "birthDate": "1990-01-01",
        "telecom": [{"system": "phone", "value": "13800000011"}],
    }
    return resource("Patient", number, at, **{**given, **more})


def of(number: str = "p1") -> dict[str, Any]:
    """The subject of a resource."""
    return {"reference": f"Patient/{number}"}


def encounter(
    number: str = "e1", at: str = "08:40", status: str = "in-progress", **more: Any
) -> dict[str, Any]:
    """An Encounter in the wards of the east campus."""
    given: dict[str, Any] = {
        "status": status,
        "class": {"code": "IMP"},
        "subject": of(),
        "period": {"start": "2026-02-22T09:00:00+08:00"},
        "serviceProvider": {"display": "东院区心血管内科"},
        "participant": [{"individual": {"display": "王测甲"}}],
    }
    return resource("Encounter", number, at, **{**given, **more})


def potassium(number: str, value: float, flag: str, at: str = "09:00") -> dict[str, Any]:
    """An Observation of the laboratory."""
    return resource(
        "Observation",
        number,
        at,
        status="final",
        category=[{"coding": [{"code": "laboratory"}]}],
        code={"coding": [{"code": "K", "display": "血钾"}]},
        subject=of(),
        encounter={"reference": "Encounter/e1"},
        effectiveDateTime="2026-03-01T08:50:00+08:00",
        valueQuantity={"value": value, "unit": "mmol/L"},
        referenceRange=[{"low": {"value": 3.5}, "high": {"value": 5.3}}],
        interpretation=[{"coding": [{"code": flag}]}],
    )


def bundle(*resources: Any, kind: str = "batch") -> dict[str, Any]:
    """A Bundle."""
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": one} for one in resources]}
