"""The action API: what the register holds, for who is signed in, within their scope; and its document."""

import re

import pytest
from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from core import db
from core.actions import REGISTER, of
from core.actor import Actor
from core.settings import settings
from intake.routes import routes
from staff import sessions
from tests.intake.conftest import Door
from tests.intake.test_orders import ORDER, error_of
from tests.tickets.conftest import Cast


async def signed_in(door: Door, who: Actor) -> dict[str, str]:
    """Sign in; the headers of an unsafe request."""
    token = await sessions.begin(who.id or 0, address="127.0.0.1", agent="a test")
    door.client.session.cookie_jar.update_cookies({sessions.COOKIE: token}, door.client.make_url("/"))
    session = await sessions.resume(token, door=who.door, address="")
    assert session is not None
    return {sessions.CSRF_HEADER: session.csrf}


async def get(door: Door, path: str) -> tuple[int, dict[str, object]]:
    async with door.client.get(path) as response:
        return response.status, await response.json()


async def ticket_of(door: Door) -> tuple[int, int]:
    """An order pushed; its case and ticket."""
    _, answer = await door.order(ORDER)
    case = answer["case_id"]
    assert isinstance(case, int)
    return case, await db.fetchval("select id from ticket where case_id = $1", case)


async def test_a_liaison_signs_and_answers_by_api_and_sees_what_comes_next(door: Door, cast: Cast) -> None:
    case, ticket = await ticket_of(door)
    headers = await signed_in(door, cast.liaison)
    status, seen = await get(door, f"/api/v1/tickets/{ticket}")
    assert (status, seen["state_label"], seen["unit"]) == (200, "待签收", "东院区 · 心血管内科")
    verbs = seen["actions"]
    assert isinstance(verbs, list)
    assert {"verb": "sign", "label": "签收"} in verbs
    status, done = await door.send(f"/api/v1/tickets/{ticket}/sign", b"", **headers)
    assert (status, done["said"]) == (200, f"#{ticket} 已签收")
    shown = done["ticket"]
    assert isinstance(shown, dict)
    assert shown["state"] == "in_progress"
    status, done = await door.send(f"/api/v1/tickets/{ticket}/sign", b"{}", **headers)
    assert (status, error_of(done)["code"]) == (409, "refused")
    assert (await get(door, f"/api/v1/cases/{case}"))[1]["title"] == ORDER["title"]
    listed = (await get(door, "/api/v1/tickets?state=in_progress"))[1]["tickets"]
    assert isinstance(listed, list)
    assert [entry["id"] for entry in listed] == [ticket]


async def test_nobody_and_strangers_get_nothing_where_the_liaison_gets_the_ticket(
    door: Door, cast: Cast
) -> None:
    case, ticket = await ticket_of(door)
    paths = (f"/api/v1/cases/{case}", f"/api/v1/tickets/{ticket}", "/api/v1/cases", "/api/v1/tickets")
    assert [(await get(door, path))[0] for path in paths] == [401] * 4
    await signed_in(door, cast.bones)
    assert [(await get(door, path))[0] for path in paths[:2]] == [404] * 2
    assert (await get(door, paths[2]))[1] == {"cases": [], "next": None}
    assert (await get(door, paths[3]))[1] == {"tickets": [], "next": None}
    await signed_in(door, cast.liaison)
    assert [(await get(door, path))[0] for path in paths] == [200] * 4


async def test_without_the_csrf_token_nothing_is_done(door: Door, cast: Cast) -> None:
    _, ticket = await ticket_of(door)
    headers = await signed_in(door, cast.liaison)
    assert (await door.send(f"/api/v1/tickets/{ticket}/sign", b""))[0] == 403
    assert await db.fetchval("select state from ticket") == "assigned"
    assert (await door.send(f"/api/v1/tickets/{ticket}/sign", b"", **headers))[0] == 200


async def test_a_faulty_form_names_its_fields_and_changes_nothing(door: Door, cast: Cast) -> None:
    _, ticket = await ticket_of(door)
    headers = await signed_in(door, cast.liaison)
    path = f"/api/v1/tickets/{ticket}/answer"
    status, answer = await door.send(path, '{"text": "短", "colour": 1}'.encode(), **headers)
    details = error_of(answer)["details"]
    assert isinstance(details, list)
    assert (status, [(fault["field"], fault["reason"]) for fault in details]) == (
        422,
        [("text", "不能少于 5 个字"), ("colour", "没有这一项")],
    )
    bad = (b"[]", b"{", b"7", b"\xff", b'{"text": null}')
    assert [(await door.send(path, raw, **headers))[0] for raw in bad] == [422] * 5
    unknown = (
        f"/api/v1/tickets/{ticket}/explode",
        "/api/v1/tickets/999999999999999999/sign",
        "/api/v1/tickets/x/sign",
    )
    assert [(await door.send(path, b"", **headers))[0] for path in unknown] == [404] * 3
    assert await db.fetchval("select state from ticket") == "assigned"


@pytest.mark.parametrize(
    "query", ["state=unknown", "before=-1", "before=x", "limit=0", "before=9999999999999999999"]
)
async def test_a_bad_filter_is_told(door: Door, cast: Cast, query: str) -> None:
    await signed_in(door, cast.centre)
    assert [(await get(door, f"/api/v1/{what}?{query}"))[0] for what in ("cases", "tickets")] == [422, 422]


async def test_a_list_is_read_page_by_page_to_its_end(door: Door, cast: Cast) -> None:
    for at in range(5):
        await door.order({**ORDER, "order_no": f"P-{at}"})
    await signed_in(door, cast.centre)
    found: list[str] = []
    path = "/api/v1/cases?limit=2"
    for _ in range(4):
        page = (await get(door, path))[1]
        cases = page["cases"]
        assert isinstance(cases, list)
        found += [entry["order_no"] for entry in cases]
        if page["next"] is None:
            break
        path = f"/api/v1/cases?limit=2&before={page['next']}"
    assert found == ["P-4", "P-3", "P-2", "P-1", "P-0"]


async def test_the_name_of_a_caller_who_wants_secrecy_is_left_out(door: Door, cast: Cast) -> None:
    await door.order({**ORDER, "order_no": "S-1", "confidential": True})
    await door.order({**ORDER, "order_no": "S-2"})
    await signed_in(door, cast.centre)
    cases = (await get(door, "/api/v1/cases"))[1]["cases"]
    assert isinstance(cases, list)
    assert [entry["caller_name"] for entry in cases] == ["张测试", ""]
    assert "13800000001" not in str(cases)


async def test_the_document_is_valid_and_tells_every_action_of_the_register(door: Door, cast: Cast) -> None:
    settings.cache_clear()
    assert (await get(door, "/api/v1/openapi.json"))[0] == 401
    await signed_in(door, cast.centre)
    status, document = await get(door, "/api/v1/openapi.json")
    assert status == 200
    OpenAPIV31SpecValidator(document).validate()
    paths = document["paths"]
    assert isinstance(paths, dict)
    named = re.compile(r"\{(?:[^{}]|\{[^{}]*\})*\}")  # {id} or {id:[0-9]{1,9}}
    served = {
        (route.method.lower(), named.sub("{}", route.path))
        for route in routes
        if isinstance(route, web.RouteDef) and route.path.startswith("/api/v1/")
    }
    told = {(method, named.sub("{}", path)) for path, methods in paths.items() for method in methods}
    drawn = {("post", "/api/v1/cases/{}/{}"), ("post", "/api/v1/tickets/{}/{}")}  # a path for each action
    refusals = {("*", "/api/v1/fhir/{}")}  # what is no address of FHIR is answered as FHIR has it
    assert served - told == drawn | refusals | {("get", "/api/v1/openapi.json")}
    for action in REGISTER.values():
        operation = paths[f"/api/v1/{action.subject}s/{{id}}/{action.verb}"]["post"]
        assert operation["summary"] == action.label
    assert len(of("case")) + len(of("ticket")) == len(REGISTER)
    assert set(paths["/api/v1/hotline/orders"]["post"]["responses"]) == {
        "201",
        "200",
        "401",
        "409",
        "413",
        "422",
    }
