"""Every address of the patients' side × nobody, a stranger, the owner: what the written table does not open stays closed."""

from urllib.parse import parse_qsl

from core import db
from tests.portal.conftest import Side
from tests.portal.visitors import READ, Visitor
from tests.portal.walk_table import DOORS, LINKS, Door

BIND = {"relation": "self", "agreed": "true"} | READ
WORDS = {"content": "候诊两个小时，没有人解释原因", "caller_phone": "13800000001", "caller_name": "张测试"}


async def owner_of(side: Side) -> tuple[Visitor, dict[str, object]]:
    """Somebody bound to the patient of the east who has handed in a complaint."""
    alice = side.visitor()
    await alice.enter("13800000001")
    await alice.get("/p/people/add")
    bound = await alice.post("/p/people/add", {"name": "张测试", "id_number": "990000199001010025", **BIND})
    assert bound.status == 303, bound.text
    await alice.get("/p/feedback/new/complaint")
    sent = await alice.post("/p/feedback/new/complaint", {"draft": "a" * 32, **WORDS})
    assert sent.status == 303, sent.one("//main")
    token = sent.headers["Location"].split("/")[-1].partition("?")[0]
    case = await db.fetchval("select case_id from portal_feedback")
    return alice, {"patient": side.ward.patient["east"], "case": case, "token": token}


async def tried(visitor: Visitor, door: Door, things: dict[str, object]) -> int:
    path = door.where.format_map(things)
    if door.method == "GET":
        return (await visitor.get(path)).status
    return (await visitor.post(path, dict(parse_qsl(door.body)))).status


async def test_every_address_answers_as_the_table_says(side: Side) -> None:
    owner, things = await owner_of(side)
    stranger, nobody = side.visitor(), side.visitor()
    await stranger.enter("13800000002")
    await stranger.get("/p/people/add")
    bound = await stranger.post(
        "/p/people/add", {"name": "张测试", "id_number": "990000199001010017", **BIND}
    )
    assert bound.status == 303
    await nobody.get("/p/")

    wrong = []
    for name in ("nobody", "stranger", "owner"):
        visitor = {"nobody": nobody, "stranger": stranger, "owner": owner}[name]
        for door in DOORS:
            await visitor.get("/p/feedback/find")  # its token is the session's
            said = await tried(visitor, door, things)
            if said != getattr(door, name):
                wrong.append((door.path, name, said, getattr(door, name)))
    assert wrong == []


async def test_a_receipt_opens_its_one_matter_to_whoever_holds_it(side: Side) -> None:
    _, things = await owner_of(side)
    nobody = side.visitor()
    for line in LINKS:
        method, _, path = line.partition(" ")
        right, bad = path.replace("{token}", str(things["token"])), path.replace("{token}", "x" * 27)
        ask = nobody.get if method == "GET" else nobody.post
        assert ((await ask(right)).status != 404, (await ask(bad)).status) == (True, 404), line
    shown = await nobody.get(f"/p/f/{things['token']}")
    assert "候诊两个小时" in shown.text
    assert (await nobody.get("/p/people")).status == 303
