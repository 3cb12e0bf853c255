"""A case points at a visit: it follows the visit's patient through a merge and its undoing, and a visit that never was."""

from datetime import UTC, datetime

import pytest
import pytest_asyncio

from core import clock, db
from core.errors import NotFound
from core.outbox import OUTBOX
from core.pump import drain
from patients import people
from patients.feeds.links import Link
from patients.feeds.processing import FEED
from surveys import asks
from tests.patients.feed import ENGINEER, open_link, put
from tests.patients.history import Sender, person, stay
from tests.tickets.conftest import Cast
from tests.tickets.conftest import cast as cast  # noqa: PLC0414 - a fixture


@pytest_asyncio.fixture
async def link(cast: Cast) -> Link:
    """A link into the hospital of the cases."""
    assert cast.units
    return await open_link()


async def arrive(link: Link, *messages: str) -> None:
    """Keep the messages, work on them, let everyone react."""
    for text in messages:
        await put(link, text)
    await work()


async def work() -> None:
    """Let feeds and reactions run dry; nothing may fail."""
    while await drain(FEED) or await drain(OUTBOX):
        pass
    assert await db.fetchval("select count(*) from outbox where error <> ''") == 0
    assert await db.fetchval("select count(*) from feed_message where state <> 'done'") == 0


async def case_about(number: str, state: str) -> int:
    """A case linked to the visit of this number."""
    case_id: int = await db.fetchval(
        "insert into cases (source, state, title, content, received_at) values ('hotline', 'accepted', '测试', '测试', $1)"
        " returning id",
        clock.now(),
    )
    await db.execute(
        "insert into visit_link (case_id, visit_id, patient_id, state) select $1, id, patient_id, $3 from visit"
        " where number = $2",
        case_id,
        number,
        state,
    )
    return case_id


async def owner(case_id: int) -> str | None:
    """The number of the patient the case points at."""
    found: str | None = await db.fetchval(
        "select p.number from visit_link l join patient p on p.id = l.patient_id where l.case_id = $1"
        " and l.state <> 'withdrawn'",
        case_id,
    )
    return found


def seen(number: str) -> str:
    """An out-patient visit."""
    return stay(number, ward="心血管内科", campus="东院区", kind="O")


def lain(*, bed: str = "05", end: str = "") -> str:
    """A stay in the ward."""
    return stay("ZY001", ward="心血管内科", bed=bed, end=end, how="1" if end else "")


async def test_a_case_follows_a_merge_and_its_undoing(link: Link) -> None:
    his = Sender()
    old = person("P9", id_number="", phone="13800000022")
    await arrive(
        link, his.send("ADT^A04", "0800", seen("MZ9"), pid=old), his.send("ADT^A04", "0801", seen("MZ1"))
    )
    case_id = await case_about("MZ9", "confirmed")
    assert await owner(case_id) == "P9"
    await arrive(link, his.send("ADT^A40", "0900", "MRG|P9^^^HOSP^MR"))
    assert await owner(case_id) == "P000123"
    await people.undo_merge(await db.fetchval("select id from patient_merge"), "合并有误", by=ENGINEER)
    await work()
    assert await owner(case_id) == "P9"


async def test_a_cancelled_visit_withdraws_proposals_and_tells_the_story_of_confirmed_ones(
    link: Link,
) -> None:
    his = Sender()
    await arrive(link, his.send("ADT^A04", "0801", seen("MZ1")))
    proposed, confirmed = await case_about("MZ1", "proposed"), await case_about("MZ1", "confirmed")
    await arrive(link, his.send("ADT^A11", "0900", seen("MZ1")))
    assert (await owner(proposed), await owner(confirmed)) == (None, "P000123")
    rows = await db.fetch("select case_id, verb, actor_name, text from history")
    assert [tuple(row) for row in rows] == [
        (confirmed, "visit_cancelled", "医院信息系统", "关联的就诊 MZ1 已被医院信息系统取消")
    ]
    await arrive(link, his.send("ADT^A04", "0930", seen("MZ1")))  # it was one after all
    assert (await owner(proposed), await owner(confirmed)) == ("P000123", "P000123")
    assert await story(confirmed) == ["visit_cancelled", "visit_restored"]
    assert await story(proposed) == []


async def test_a_death_is_told_to_whoever_works_on_a_case_and_ends_what_waits_for_an_answer(
    link: Link,
) -> None:
    his = Sender()
    await arrive(link, his.send("ADT^A04", "0801", seen("MZ1")), his.send("ADT^A04", "0802", seen("MZ2")))
    case_id = await case_about("MZ1", "confirmed")
    await db.execute(
        "insert into questionnaire (kind, draft, changed_by, changed_at, created_at)"
        " values ('general', '{}', '测试', $1, $1)",
        clock.now(),
    )
    await db.execute(
        "insert into survey_ask (questionnaire_id, plan, patient_id, visit_id, open_until, created_at)"
        " select q.id, v.number, v.patient_id, v.id, $1, $1::timestamptz - interval '1 day'"
        " from questionnaire q, visit v",
        LATER,
    )
    await arrive(link, his.send("ADT^A11", "0900", seen("MZ2")))
    assert await waiting() == {"MZ1": "", "MZ2": "visit"}
    await arrive(link, his.send("ADT^A31", "0910", pid=person(dead="Y")))
    assert await waiting() == {"MZ1": "death", "MZ2": "visit"}
    await arrive(link, his.send("ADT^A31", "0920", pid=person(dead="N")))
    await arrive(link, his.send("ADT^A04", "0930", seen("MZ2")))
    assert await waiting() == {"MZ1": "", "MZ2": ""}
    rows = await db.fetch("select case_id, verb, actor_name from history order by id")
    assert [tuple(row) for row in rows] == [
        (case_id, "patient_died", "医院信息系统"),
        (case_id, "death_withdrawn", "医院信息系统"),
    ]


async def test_a_cancelled_discharge_holds_back_what_was_asked_about_the_stay_until_the_patient_leaves(
    link: Link,
) -> None:
    his = Sender()
    await arrive(link, his.send("ADT^A01", "0800", lain()))
    await ask("ZY001")  # at the bedside
    case_id = await case_about("ZY001", "confirmed")
    await arrive(link, his.send("ADT^A02", "0810", lain(bed="11")))
    await arrive(link, his.send("ADT^A12", "0820", lain()))
    assert (await waiting(), await story(case_id)) == ({"ZY001": ""}, [])  # another bed changes nothing
    await arrive(link, his.send("ADT^A03", "0900", lain(end="20260301085500")))
    await ask("ZY001", plan="after")
    await arrive(link, his.send("ADT^A13", "0930", lain()))
    assert await waiting() == {"ZY001": "", "after": "reopened"}
    await arrive(link, his.send("ADT^A03", "1000", lain(end="20260301095500")))
    assert await waiting() == {"ZY001": "", "after": ""}
    assert await story(case_id) == ["visit_reopened", "visit_closed"]


async def test_a_death_told_under_a_number_that_was_given_up_counts_for_the_person_until_they_are_parted(
    link: Link,
) -> None:
    his = Sender()
    old = person("P9", id_number="", phone="13800000022")
    dead = person("P9", id_number="", phone="13800000022", dead="Y")
    await arrive(
        link, his.send("ADT^A04", "0800", seen("MZ9"), pid=old), his.send("ADT^A04", "0801", seen("MZ1"))
    )
    theirs, own = await case_about("MZ9", "confirmed"), await case_about("MZ1", "confirmed")
    await ask("MZ9")
    await ask("MZ1")
    await arrive(link, his.send("ADT^A31", "0830", pid=dead))
    assert await waiting() == {"MZ9": "death", "MZ1": ""}
    await arrive(link, his.send("ADT^A40", "0900", "MRG|P9^^^HOSP^MR"))
    assert await waiting() == {"MZ9": "death", "MZ1": "death"}
    assert await deceased() == {"P9": True, "P000123": True}
    assert (await story(theirs), await story(own)) == (["patient_died"], ["patient_died"])
    await people.undo_merge(await db.fetchval("select id from patient_merge"), "合并有误", by=ENGINEER)
    await work()
    assert await waiting() == {"MZ9": "death", "MZ1": ""}
    assert await deceased() == {"P9": True, "P000123": False}
    assert (await story(theirs), await story(own)) == (["patient_died"], ["patient_died", "death_withdrawn"])


async def test_a_death_taken_back_asks_nobody_about_a_visit_that_was_cancelled_meanwhile(link: Link) -> None:
    his = Sender()
    await arrive(link, his.send("ADT^A04", "0801", seen("MZ1")))
    await ask("MZ1")
    await arrive(link, his.send("ADT^A31", "0910", pid=person(dead="Y")))
    await arrive(link, his.send("ADT^A11", "0915", seen("MZ1")))
    await arrive(link, his.send("ADT^A31", "0920", pid=person(dead="N")))
    assert await waiting() == {"MZ1": "visit"}


async def test_an_ask_goes_with_its_visit_to_another_person_and_its_link_ends(link: Link) -> None:
    his = Sender()
    await arrive(link, his.send("ADT^A04", "0801", seen("MZ1")))
    asked = await ask("MZ1")
    token = await asks.link(asked, by=ENGINEER)
    other = person("P7", name="测试乙", id_number="", phone="13800000077")
    await arrive(link, his.send("ADT^A08", "0900", seen("MZ1"), pid=other))
    now = await asks.get(asked.id)
    assert await db.fetchval("select number from patient where id = $1", now.patient_id) == "P7"
    assert await waiting() == {"MZ1": ""}
    with pytest.raises(NotFound):
        await asks.of_link(token)


async def ask(number: str, plan: str = "") -> asks.Ask:
    """The patient of this visit is asked about it."""
    if not await db.fetchval("select count(*) from questionnaire"):
        await db.execute(
            "insert into questionnaire (kind, draft, changed_by, changed_at, created_at)"
            " values ('general', '{}', '测试', $1, $1)",
            clock.now(),
        )
    row = await db.fetchrow("select id, patient_id from visit where number = $1", number)
    assert row is not None
    version = await db.fetchval("select id from questionnaire")
    return await asks.write(
        version,
        by=ENGINEER,
        patient_id=row["patient_id"],
        visit_id=row["id"],
        plan=plan or number,
        open_until=LATER,
    )


async def story(case_id: int) -> list[str]:
    """What was told in the story of a case."""
    return [
        row["verb"]
        for row in await db.fetch("select verb from history where case_id = $1 order by id", case_id)
    ]


async def deceased() -> dict[str, bool]:
    """Who is dead, by number."""
    return {row["number"]: row["deceased"] for row in await db.fetch("select number, deceased from patient")}


LATER = datetime(2099, 1, 1, tzinfo=UTC)


async def waiting() -> dict[str, str]:
    """Why each ask was stopped, "" while it runs; one that was stopped is over, one that runs is open as before."""
    rows = await db.fetch("select plan, stopped_because, open_until from survey_ask order by plan")
    assert all((row["open_until"] == LATER) == (row["stopped_because"] == "") for row in rows)
    return {row["plan"]: row["stopped_because"] for row in rows}
