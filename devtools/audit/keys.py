"""Keys to what no log-in of staff opens: a patient's session, links of patients, tokens of the hospital's systems.

`python -m devtools.audit.keys` makes them with the program's own code under the settings of the stage's server and
prints them as JSON. For a stage that is gone in minutes; it must never see the settings of a hospital.
"""

import asyncio
import sys
from datetime import timedelta

from pydantic import BaseModel

import app
from core import bell, clock, db, links
from core.actor import system
from core.settings import settings
from patient_portal import feedback_rows, visitor
from patients import bindings
from patients.feeds import links as feed_links
from patients.feeds import tokens
from patients.feeds.kinds import FhirForm, WebForm
from surveys import asks

PHONE = "13800009998"
FEEDS = {
    "fhir": FhirForm(name="审计 FHIR", mapping="fhir"),
    "json": WebForm(name="审计 JSON", mapping="json"),
    "soap": WebForm(name="审计 SOAP", mapping="soap"),
}


_EACH = (  # some of each kind, so that each verb finds what it is for
    "select id from (select id, row_number() over (partition by {what} order by random()) as n from {table}) as each_kind"
    " where n <= 20"
)


class Feed(BaseModel):
    """A link of a hospital's system and a token that opens it."""

    link: int
    token: str


class Keys(BaseModel):
    """What was made. `addresses` open one thing each without a log-in; `routes` are all addresses that answer a GET, as
    the router writes them; ids are those of rows that are there.
    """

    cookie: str = ""
    csrf: str = ""
    addresses: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    feeds: dict[str, Feed] = {}
    cases: tuple[int, ...] = ()
    tickets: tuple[int, ...] = ()


async def _patient() -> tuple[str, str]:
    """Somebody signed in by telephone who acts for a patient with visits."""
    patient_id = await db.fetchval("select patient_id from visit order by started_at desc nulls last limit 1")
    account = await bindings.account_of_phone(PHONE)
    await db.execute(  # nobody agrees to anything here: the row alone is what a page asks for
        "insert into patient_binding (account_id, patient_id, relation, proof, terms_version, guardian, made_at)"
        " values ($1, $2, $3, $4, 1, false, $5)",
        account,
        patient_id,
        bindings.Relation.OTHER,
        bindings.Proof.PHONE_CODE,
        clock.now(),
    )
    cookie = await visitor.begin(
        way="sms", address="127.0.0.1", agent="audit", account_id=account, patient_id=patient_id
    )
    found = await visitor.resume(cookie, "127.0.0.1")
    if found is None:
        raise SystemExit("the patient's session did not begin")
    return cookie, found.csrf


async def _addresses() -> list[str]:
    """A link to what is asked, one to the progress of a feedback, doors that anybody may use, a response's own pages."""
    until = clock.now() + timedelta(days=1)
    asked = await db.fetch(
        "select a.id from survey_ask a where not exists (select 1 from response r where r.ask_id = a.id) limit 2"
    )
    told = await db.fetch("select id from cases where source = 'feedback' and not secret order by id limit 2")
    doors = await db.fetch("select code from survey_entrance where active limit 3")
    return [
        *[f"/p/q/{await links.open_link(asks.LINK, row['id'], until)}" for row in asked],
        *[f"/p/f/{await links.open_link(feedback_rows.LINK, row['id'], until)}" for row in told],
        *[f"/p/s/{row['code']}" for row in doors],
    ]


async def made(routes: tuple[str, ...]) -> Keys:
    """All keys, anew."""
    cookie, csrf = await _patient()
    feeds = {}
    for kind, form in FEEDS.items():
        link = await feed_links.save(None, form, by=system("代码审计"), kind=kind)
        feeds[kind] = Feed(link=link, token=await tokens.make(link, by=system("代码审计")))
    cases = await db.fetch(_EACH.format(what="source", table="cases"))
    tickets = await db.fetch(_EACH.format(what="state", table="ticket"))
    return Keys(
        cookie=cookie,
        csrf=csrf,
        addresses=tuple(await _addresses()),
        routes=routes,
        feeds=feeds,
        cases=tuple(row["id"] for row in cases),
        tickets=tuple(row["id"] for row in tickets),
    )


async def main() -> None:
    """Print them."""
    application = app.make()
    routes = sorted(
        {
            resource.canonical
            for resource in application.router.resources()
            for route in resource
            if route.method in ("GET", "*")
        }
    )
    await db.open_db(settings().database_url)
    bell.open_redis(settings().redis_url)
    try:
        sys.stdout.write((await made(tuple(routes))).model_dump_json() + "\n")
    finally:
        await bell.close_redis()
        await db.close_db()


if __name__ == "__main__":
    asyncio.run(main())
