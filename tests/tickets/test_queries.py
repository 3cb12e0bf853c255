"""The list of cases: what each person finds by which filter and which words, whichever way it is found."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from core import clock, db
from core.actor import Actor
from core.masks import mask_phone
from tests.tickets import many
from tests.tickets.conftest import Cast
from tests.tickets.many import NOW, Known, expected
from tests.tickets.test_road import do, opened
from tickets.events import CaseReceived
from tickets.queries import case_ways, cases, spans
from tickets.queries.case_filter import CaseFilter, read
from tickets.queries.case_rows import TicketMark, load
from tickets.queries.case_sql import conditions
from tickets.queries.cases import TooBroad
from tickets.queries.search import Words, words
from tickets.queries.values import Values
from tickets.queries.waiting import todo
from tickets.reactions import index
from tickets.states import CaseState, TicketState

READERS = ("centre", "liaison", "bones", "vice", "admin")
FILTERS = (
    "",
    "state=received",
    "state=archived",
    "state=closed&state=archived",
    "state=received&state=accepted&state=in_progress",
    "type=表扬",
    "type=投诉&type=咨询&urgency=特急",
    "urgency=紧急",
    "source=hotline",
    "unit=4",
    "unit=2",
    "unit=6&state=archived&type=求助",
    "campus=3",
    "campus=2&unit=6",
    "due=late",
    "due=today",
    "due=3&campus=2",
    "due=7&q=挂号",
    "handler=me",
    "handler=none&state=in_progress",
    "handler=me&state=archived",
    "since=2026-01-01",
    "since=2025-12-01&until=2025-12-31",
    "until=2025-11-30&state=closed",
    "since=2026-02-01&until=2026-02-10&unit=4",
    "category=医疗卫生->医疗服务",
    "category=医疗卫生->收费_100%",
    "category=医疗卫生->收费X",
    "again=1",
    "again=1&state=archived&campus=2",
    "q=挂号",
    "q=漏",
    "q=挂号 漏水",
    "q=漏水 挂号&type=表扬",
    "q=covid",
    "q=ＣＯＶＩＤ-19",
    "q=GZ-000123",
    "q=000123",
    "q=50%_ 的",
    "q=%",
    "q=（院外）",
    "q=没有人写过",
    "q=的&state=archived&unit=4",
)


@dataclass(frozen=True)
class Town:
    """The cast, and all cases there are, newest first."""

    cast: Cast
    known: list[Known]


@pytest_asyncio.fixture
async def town(cast: Cast) -> AsyncIterator[Town]:
    known = await many.write(cast.people)
    with clock.frozen(NOW):
        yield Town(cast, known)


def asked(query: str) -> CaseFilter:
    wanted, faults = read(parse_qsl(query))
    assert faults == ()
    return wanted


async def all_pages(wanted: CaseFilter, by: Actor, limit: int = 30) -> list[int]:
    found: list[int] = []
    before: int | None = None
    while True:
        page = await cases.page(wanted, by=by, before=before, limit=limit)
        found += [row.id for row in page.rows]
        if page.before is None:
            return found
        before = page.before


async def test_each_person_finds_by_each_filter_what_a_plain_look_at_all_cases_finds(town: Town) -> None:
    found, plain = {}, {}
    for name in READERS:
        by = town.cast.people[name]
        for query in FILTERS:
            found[name, query] = await all_pages(asked(query), by)
            plain[name, query] = expected(asked(query), by, town.known)
    assert found == plain
    assert {name for (name, _), ids in plain.items() if not ids} >= {"admin"}
    assert sum(bool(ids) for ids in plain.values()) > len(FILTERS) * 3


async def test_walks_sets_and_texts_find_the_same(town: Town) -> None:
    """Which way is taken rests on the planner's guesses; the answer must not."""
    found, plain = {}, {}
    for name in ("centre", "liaison", "vice"):
        by = town.cast.people[name]
        for query in FILTERS:
            question = await cases.question(asked(query), by, None)
            if question.ids is not None:
                continue
            plain[name, query] = expected(asked(query), by, town.known)[:50]
            ways = {"walk": await case_ways.by_walk(question, 50, None)}
            gathered = await case_ways.as_set(question, 50)
            ways["set"] = gathered.ids if gathered else []
            if question.words.lexemes:
                texts = await case_ways.as_texts(question, 50)
                ways["texts"] = texts.ids if texts else []
            found[name, query] = ways
    assert {key: set(map(tuple, ways.values())) for key, ways in found.items()} == {
        key: {tuple(ids)} for key, ids in plain.items()
    }
    assert sum(len(ways) == 3 for ways in found.values()) > 20


async def test_a_short_walk_that_finds_too_little_is_followed_by_another_way(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_ways, "LEAST_WALK", 1)
    monkeypatch.setattr(case_ways, "MOST_WALK", 3)
    by = town.cast.centre
    for query in FILTERS:
        assert (query, await all_pages(asked(query), by)) == (query, expected(asked(query), by, town.known))
    monkeypatch.setattr(case_ways, "SET", 2)  # and when a set is too large, by a walk to the end
    for query in FILTERS:
        assert (query, await all_pages(asked(query), by)) == (query, expected(asked(query), by, town.known))


async def test_a_case_that_arrives_between_two_pages_moves_nothing(town: Town) -> None:
    by, wanted = town.cast.centre, asked("type=投诉")
    first = await cases.page(wanted, by=by, limit=10)
    await db.execute(
        "insert into cases (source, state, title, content, appeal_type, received_at, unit_ids)"
        " values ('hotline', 'received', '新来的', '新来的', '投诉', $1, '{1}')",
        NOW,
    )
    second = await cases.page(wanted, by=by, before=first.before, limit=10)
    ids = [row.id for row in (*first.rows, *second.rows)]
    assert ids == expected(wanted, by, town.known)[:20]


async def test_spans_narrow_the_days_and_lose_nothing_whatever_order_the_times_are_in(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "SPAN", 20)
    assert await spans.between(NOW - timedelta(days=30), NOW) == (None, None)
    await spans.seal("0")
    assert await db.fetchval("select count(*) from case_span") == 0
    await spans.seal("1 hour")  # what was seen just now may still have company on its way
    assert await db.fetchval("select count(*) from case_span") == 0
    await spans.seal("0")
    assert await db.fetchval("select count(*), max(no) from case_span") == 20
    days = [query for query in FILTERS if "since" in query or "until" in query]
    for query in days:
        for by in (town.cast.centre, town.cast.liaison):
            assert (query, await all_pages(asked(query), by)) == (
                query,
                expected(asked(query), by, town.known),
            )


async def test_spans_of_times_in_order_name_the_ids_of_the_days(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spans, "SPAN", 10)
    start = datetime(2026, 1, 1, tzinfo=clock.SHANGHAI)
    await db.execute(
        "insert into cases (id, source, state, title, content, received_at) overriding system value"
        " select n, 'hotline', 'received', 't', 'c', $1::timestamptz + n * interval '1 hour' from generate_series(1, 100) n",
        start,
    )
    await spans.seal("0")
    await spans.seal("0")
    hour = timedelta(hours=1)
    assert await spans.between(start + 35 * hour, start + 52 * hour) == (29, 60)
    assert await spans.between(None, start) == (None, 0)
    assert await spans.between(start + 99 * hour, None) == (89, None)
    assert await spans.between(start + 500 * hour, start + 600 * hour) == (
        99,
        None,
    )  # the newest have no span yet


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ("挂号", Words((), (), (), ("挂号",))),
        (" 挂号  排队 挂号 ", Words((), (), (), ("挂号", "排队"))),
        ("#1234", Words((1234,), (), (), ())),
        ("＃１２ 退费", Words((12,), (), (), ("退费",))),
        ("20261121-77", Words((), (77,), (), ())),
        ("13800000001", Words((), (), ("13800000001",), ())),
        ("138 0000 0001", Words((), (), ("13800000001",), ())),
        ("+86 13800000001 挂号", Words((), (), ("13800000001",), ("+86", "挂号"))),
        ("020-81234567", Words((), (), ("020-81234567",), ())),
        ("GZ12345-20261121-000001", Words((), (), (), ("gz12345-20261121-000001",))),
        ("#", Words((), (), (), ("#",))),
        ("#99999999999999999999", Words((), (), (), ("#99999999999999999999",))),
        ("", Words((), (), (), ())),
    ],
)
def test_what_was_typed_is_taken_apart(text: str, taken: Words) -> None:
    assert words(text) == taken


async def found(cast: Cast, name: str, q: str) -> list[int]:
    return await all_pages(CaseFilter(q=q), cast.people[name])


async def test_a_number_leads_to_its_case_and_to_nobody_elses(town: Town) -> None:
    one = next(one for one in town.known if set(one.ticket_due) == {6} and one.campus != 2)
    for text in (f"#{one.id * 10}", f"{clock.local(one.received_at):%Y%m%d}-{one.id}"):
        assert await found(town.cast, "centre", text) == [one.id]
        assert await found(town.cast, "bones", text) == [one.id]
        assert await found(town.cast, "liaison", text) == []
    assert await found(town.cast, "centre", f"#{one.id * 10} 没有人写过") == []
    assert await found(town.cast, "centre", "#999999") == []


async def test_a_phone_finds_its_caller_and_hides_who_asked_for_secrecy_from_departments(town: Town) -> None:
    phone = next(one.phone for one in town.known if one.secret and 4 in one.ticket_due)
    theirs = [one for one in town.known if one.phone == phone]
    assert await found(town.cast, "centre", phone) == [one.id for one in theirs]
    seen = [one.id for one in theirs if 4 in one.units]
    hidden = [one.id for one in theirs if 4 in one.units and one.secret]
    assert hidden
    assert await found(town.cast, "liaison", phone) == [key for key in seen if key not in hidden]
    assert await found(town.cast, "centre", phone[:-1]) == []


async def test_a_phone_that_stands_in_the_text_is_found_too(town: Town) -> None:
    written = [one.id for one in town.known if "13912345678" in one.text]
    assert written
    assert await found(town.cast, "centre", "139 1234 5678") == written


async def test_a_department_sees_its_own_tickets_and_its_own_limit_and_callers_are_masked(town: Town) -> None:
    one = next(
        one
        for one in town.known
        if set(one.ticket_due) == {4, 6}
        and many.ticket_state(one) == "assigned"
        and not one.secret
        and one.due_at
    )
    (seen,) = await load([one.id], by=town.cast.liaison)
    (whole,) = await load([one.id], by=town.cast.centre)
    bones = next(at for at, unit in enumerate(one.ticket_due) if unit == 6)
    mine = TicketMark(
        one.id * 10 + 1 - bones, "心血管内科", TicketState.ASSIGNED, "待签收", one.ticket_due[4]
    )
    assert (seen.tickets, seen.due_at) == ((mine,), one.ticket_due[4])
    assert ({ticket.unit for ticket in whole.tickets}, whole.due_at) == ({"心血管内科", "骨科"}, one.due_at)
    assert (whole.caller, whole.phone) == ("张*试", mask_phone(one.phone))
    secret = next(one for one in town.known if one.secret)
    (row,) = await load([secret.id], by=town.cast.centre)
    assert (row.caller, row.phone) == ("要求保密", "")


async def test_how_many_there_are_is_counted_up_to_a_limit(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    by, complaints = town.cast.centre, asked("type=投诉")
    known = len(expected(complaints, by, town.known))
    assert await cases.count(complaints, by=by) == known
    assert (await cases.page(asked("q=没有人写过"), by=by)).total == 0
    monkeypatch.setattr(cases, "MOST_COUNTED", 20)
    assert await cases.count(complaints, by=by) == 21


async def test_a_list_that_takes_too_long_ends_in_a_sentence_and_leaves_the_connection_well(
    town: Town,
) -> None:
    with pytest.raises(TooBroad) as told, cases._told():
        await case_ways.WALKS.fetch("select pg_sleep(20)", patience=20)
    assert told.value.message.startswith("符合条件的诉求太分散")
    ((limit,),) = await case_ways.WALKS.fetch("show statement_timeout")
    assert limit == "3s"
    assert (await cases.page(CaseFilter(), by=town.cast.centre)).rows


@pytest.mark.parametrize(
    ("query", "kept", "left_out"),
    [
        ("state=received&state=nonsense", CaseFilter(), [("state", "状态", "received、nonsense")]),
        ("due=soon&type=投诉", CaseFilter(type=("投诉",)), [("due", "时限", "soon")]),
        ("unit=x&campus=-1", CaseFilter(), [("unit", "科室", "x"), ("campus", "院区", "-1")]),
        ("unit=99999999999999999999", CaseFilter(), [("unit", "科室", "9" * 20)]),
        ("unit=777", CaseFilter(), [("unit", "科室", "777")]),
        ("handler=nobody", CaseFilter(), [("handler", "经办人", "nobody")]),
        ("since=2026-13-01&q=甲", CaseFilter(q="甲"), [("since", "收到日期起", "2026-13-01")]),
        ("since=2026-03-02&until=2026-03-01", CaseFilter(), [("since", "收到日期起", "2026-03-02")]),
        ("source=fax", CaseFilter(), [("source", "来源", "fax")]),
        ("q=" + "长" * 101, CaseFilter(), [("q", "搜索", "长" * 100)]),
        ("again=yes&todo=0&before=9&view=2", CaseFilter(), []),
    ],
)
def test_what_makes_no_sense_is_left_out_and_told(
    query: str, kept: CaseFilter, left_out: list[tuple[str, str, str]]
) -> None:
    wanted, faults = read(parse_qsl(query), units={1, 2, 3, 4})
    assert wanted == kept
    assert [(fault.field, fault.label, fault.value) for fault in faults] == left_out
    assert all(fault.reason for fault in faults)


FILTER = st.builds(
    CaseFilter,
    q=st.text(max_size=100).map(str.strip),
    state=st.lists(st.sampled_from(list(CaseState)), unique=True).map(tuple),
    urgency=st.lists(st.sampled_from(("一般", "紧急", "特急")), unique=True).map(tuple),
    unit=st.none() | st.integers(1, 2**63 - 1),
    due=st.sampled_from((None, "late", "today", "3", "7")),
    handler=st.sampled_from((None, "me", "none", 12)),
    since=st.none() | st.dates(),
    again=st.booleans(),
    todo=st.booleans(),
)


@given(FILTER)
def test_a_filter_is_what_its_address_says(wanted: CaseFilter) -> None:
    assert read(parse_qsl(wanted.query(), keep_blank_values=True)) == (wanted, ())


@given(st.lists(st.tuples(st.sampled_from([*CaseFilter.model_fields, "x"]), st.text(max_size=30))))
def test_no_address_is_too_odd_to_be_read(pairs: list[tuple[str, str]]) -> None:
    wanted, _ = read(pairs, units={1})
    assert read(wanted.pairs(), units={1}) == (wanted, ())


def test_a_part_can_be_taken_away() -> None:
    wanted = asked("q=甲&state=received&state=closed&again=1")
    assert wanted.without("state", "closed") == asked("q=甲&state=received&again=1")
    assert wanted.without("q") == asked("state=received&state=closed&again=1")
    assert wanted.without("again", "1") == asked("q=甲&state=received&state=closed")


async def test_what_waits_for_whom_follows_the_case_along_its_road(cast: Cast) -> None:
    async def waits(*names: str) -> dict[str, bool]:
        return {name: case.id in await todo(cast.people[name]) for name in names}

    names = ("liaison", "bones", "head", "centre", "second", "chief", "vice")
    case, ticket = await opened()
    await db.execute("update cases set handler_id = $2 where id = $1", case.id, cast.centre.id)
    nobody = dict.fromkeys(names, False)
    assert await waits(*names) == {**nobody, "liaison": True, "head": True}
    with clock.frozen(NOW):
        await do("ticket.sign", ticket.id, cast.liaison)
        await do("ticket.answer", ticket.id, cast.liaison, text="已电话联系患者说明情况并致歉")
        assert await waits(*names) == {**nobody, "head": True}
        await do("ticket.endorse", ticket.id, cast.head)
        assert await waits(*names) == {**nobody, "centre": True}
        await do("ticket.approve", ticket.id, cast.centre)
        assert await waits(*names) == {**nobody, "centre": True}
        await do("case.submit", case.id, cast.centre, reply="已核实并改进叫号流程，向您致歉", tell_by="sms")
        assert await waits(*names) == {**nobody, "chief": True}
        await do("case.approve", case.id, cast.chief)
        assert await waits(*names) == {**nobody, "centre": True}


async def test_the_list_of_what_waits_is_cut_by_other_filters(cast: Cast) -> None:
    case, _ = await opened()
    await index(CaseReceived(case_id=case.id))
    assert len((await cases.page(asked("todo=1"), by=cast.liaison)).rows) == 1
    assert len((await cases.page(asked("todo=1&type=投诉&q=排队"), by=cast.liaison)).rows) == 1
    assert (await cases.page(asked("todo=1&type=表扬"), by=cast.liaison)).rows == ()
    assert (await cases.page(asked("todo=1"), by=cast.bones)).rows == ()


async def test_values_never_stand_in_the_statement(cast: Cast) -> None:
    wanted = CaseFilter(type=("'; drop table cases; --",), category="%'_\\")
    values = Values()
    text = conditions(await cases.question(wanted, cast.centre, None), values)
    assert text == (
        "not c.secret and c.appeal_type = $1 and (c.merged_into is null or c.state <>"
        " all('{received,accepted,in_progress}'::text[])) and c.category like $2"
    )
    assert list(values) == ["'; drop table cases; --", "\\%'\\_\\\\%"]
    assert (await cases.page(wanted, by=cast.centre)).rows == ()
