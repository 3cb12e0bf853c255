"""How a system is let in: the kind is chosen, a token is made and shown once, taken back; fetching is asked for."""

from collections.abc import AsyncIterator

import orjson
import pytest_asyncio

from core import db
from patients.feeds import formats, links, mapping, tokens
from patients.feeds.kinds import KINDS
from tests.console.desk import Desk, open_desk
from tests.intake.feeds import encounter, person

HERE = "/operate/feeds"


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The running application and its people."""
    async with open_desk() as opened:
        yield opened


async def test_a_link_is_made_of_every_kind_and_its_form_asks_what_it_needs(desk: Desk) -> None:
    admin = await desk.enter("admin")
    chosen = await admin.get(f"{HERE}/new")
    assert chosen.words("//ul[@class='kinds']//b") == list(KINDS.values())
    told = {
        "fhir": {"mapping": "fhir", "view": "Patient Encounter", "overlap": "60"},
        "json": {"mapping": "json"},
        "soap": {"mapping": "soap"},
        "sql": {
            "mapping": "visits_view",
            "address": "oracle://10.1.2.3:1521/orcl",
            "secret": "reader:a password",
            "view": "hip.v_visits",
            "mark_column": "updated_at",
            "key_columns": "visit_no",
        },
    }
    for kind, more in told.items():
        form = await admin.get(f"{HERE}/new?kind={kind}")
        assert form.status == 200
        assert "hl7" not in form.words("//select[@name='mapping']/option")
        answer = await admin.post(f"{HERE}/new?kind={kind}", {"name": f"链路 {kind}", **more})
        assert answer.status in (200, 303), answer.text
    assert [(one.kind, one.name) for one in await links.all_links()] == [
        (kind, f"链路 {kind}") for kind in sorted(told)
    ]
    (sql,) = [one for one in await links.all_links() if one.kind == "sql"]
    page = await admin.get(f"{HERE}/{sql.id}")
    assert ("hip.v_visits" in page.text, "a password" in page.text) == (True, False)
    edited = await admin.get(f"{HERE}/{sql.id}/edit")
    assert "a password" not in edited.text
    wrong = await admin.post(
        f"{HERE}/new?kind=sql", {"name": "错的", **told["sql"], "view": "a; drop table b"}
    )
    assert (wrong.status, "只能是视图或列的名称" in wrong.text) == (422, True)
    crossed = await admin.post(f"{HERE}/new?kind=json", {"name": "错的", "mapping": "hl7"})
    assert (crossed.status, "这个文件是 HL7 的映射" in crossed.text) == (422, True)


async def test_a_token_is_shown_once_and_opens_nothing_once_taken_back(desk: Desk) -> None:
    admin = await desk.enter("admin")
    await admin.post(f"{HERE}/new?kind=fhir", {"name": "FHIR 平台", "mapping": "fhir"})
    (link,) = await links.all_links()
    drawer = await admin.post(f"{HERE}/{link.id}/tokens", {})
    token = drawer.one("//code[contains(@class, 'token')]")
    page = await admin.get(f"{HERE}/{link.id}")
    assert (token in page.text, f"…{token[-4:]}" in page.text) == (False, True)
    assert (await tokens.opened_by(f"Bearer {token}", "fhir")).id == link.id
    number = await db.fetchval("select id from feed_token")
    await admin.post(f"{HERE}/{link.id}/tokens/{number}/revoke", {})
    page = await admin.get(f"{HERE}/{link.id}")
    assert page.words("//table[contains(@class, 'tokens')]//td[2]") == ["已停用"]
    for _ in range(5):
        await admin.post(f"{HERE}/{link.id}/tokens", {})
    full = await admin.post(f"{HERE}/{link.id}/tokens", {})
    assert (full.status, "最多 5 个有效令牌" in full.text) == (409, True)
    actions = [
        row["action"]
        for row in await db.fetch("select action from audit where action like 'feed.%' order by id")
    ]
    assert actions == ["feed.create", "feed.token", "feed.revoke", *["feed.token"] * 5]


async def test_fetching_is_asked_for_once_at_a_time(desk: Desk) -> None:
    admin = await desk.enter("admin")
    given = {
        "name": "FHIR 平台",
        "mapping": "fhir",
        "address": "https://fhir.example.org/r4",
    }
    await admin.post(f"{HERE}/new?kind=fhir", given)
    (link,) = await links.all_links()
    assert (await admin.post(f"{HERE}/{link.id}/pull", {})).status in (200, 303)
    assert (await admin.post(f"{HERE}/{link.id}/pull", {})).status == 409
    assert await db.fetchval("select count(*) from job where kind = 'feeds.pull'") == 1


async def test_every_format_is_tried_by_its_mapping(desk: Desk) -> None:
    admin = await desk.enter("admin")
    bundle = {
        "resourceType": "Bundle",
        "entry": [{"resource": person()}, {"resource": encounter(status="gone")}],
    }
    tried = await admin.post(
        f"{HERE}/try", {"mapping": "fhir", "text": orjson.dumps(bundle).decode(), "more": ""}
    )
    shown = tried.one("//section[@id='outcome']")
    assert ("测试甲" in shown, "Encounter.status" in shown, "13800000011" in shown) == (True, True, False)
    soap = (
        "<Envelope><Body><Submit><Message><event>挂号</event><patient><number>P1</number><name>测试乙</name></patient>"
        "<visit><number>M1</number><kind>门诊</kind><department>心血管内科</department><campus>东院区</campus></visit>"
        "</Message></Submit></Body></Envelope>"
    )
    tried = await admin.post(f"{HERE}/try", {"mapping": "soap", "text": soap, "more": ""})
    assert tried.words("//div[contains(@class, 'outcome')]/h3") == ["患者", "就诊"]
    faulty = await admin.post(
        f"{HERE}/try",
        {
            "mapping": "json",
            "text": "{}",
            "more": 'extends = "json"\n[parts.visit.fields]\nbett = "a"\nbed = "a[["\n',
        },
    )
    shown = faulty.one("//section[@id='outcome']")
    assert ("parts.visit.bett：没有这个字段" in shown, "parts.visit.bed" in shown) == (True, True)
    assert await db.fetchval("select count(*) from feed_message") == 0


async def test_every_mapping_that_is_there_can_be_loaded(database: str) -> None:
    assert database
    assert [formats.load(name).name for name in mapping.names()] == mapping.names()
