"""Finding visits: by what a person types, page by page, and by what an order says."""

from datetime import date, timedelta

import pytest

from core import crypto, db
from core.actor import system
from patients import queries
from patients.queries import Search, VisitKind, VisitRow
from tests.patients.cast import Ward


def short(ward: Ward, rows: tuple[VisitRow, ...] | list[VisitRow]) -> list[str]:
    names = {number: key for key, number in ward.visit.items()}
    return [names[row.id] for row in rows]


async def found(ward: Ward, what: Search) -> list[str]:
    return short(ward, (await queries.search(what, system())).rows)


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (Search(), ["east_2", "west_1", "east_1", "both_w", "both_e"]),
        (Search("张测"), ["east_2", "west_1", "east_1"]),
        (Search("欧阳"), ["both_w", "both_e"]),
        (Search(" JZ001 "), ["both_w"]),
        (Search("138-0000-0003"), ["both_w", "both_e"]),
        (Search("%"), []),
        (Search("_测试"), []),
        (Search("测试"), []),  # a name's beginning, not its middle
        (Search("'; drop table visit; --"), []),
        (Search(kind=VisitKind.INPATIENT), ["east_2"]),
        (Search("张", start_from=date(2026, 11, 3)), ["east_2"]),
        (Search(start_to=date(2026, 10, 20)), ["both_w", "both_e"]),
    ],
)
async def test_people_find_visits_by_what_they_type(ward: Ward, what: Search, expected: list[str]) -> None:
    assert await found(ward, what) == expected


async def test_a_unit_means_all_below_it(ward: Ward) -> None:
    unit = ward.house.unit
    assert await found(ward, Search(unit_id=unit["east"])) == ["east_2", "east_1", "both_e"]
    assert await found(ward, Search(unit_id=unit["east_ward"])) == ["east_2"]
    assert await found(ward, Search(unit_id=unit["centre"])) == []


async def test_pages_follow_one_another_without_gap_or_double(ward: Ward) -> None:
    got: list[VisitRow] = []
    after = None
    for _ in range(3):
        page = await queries.search(Search(after=after), system(), limit=2)
        got += page.rows
        after = page.next
    assert short(ward, got) == ["east_2", "west_1", "east_1", "both_w", "both_e"]
    assert after is None


async def test_candidates_come_by_phone_id_name_or_number_with_the_phone_in_full(ward: Ward) -> None:
    by = system()
    phone, number = crypto.search_hash("13800000001"), crypto.search_hash("990000198511120107")
    around = date(2026, 11, 2)
    rows = await queries.candidates(by=by, phones=[phone], around=around)
    assert short(ward, rows) == ["east_1", "east_2"]  # the nearest day first
    assert {row.phone for row in rows} == {"13800000001"}
    assert short(ward, await queries.candidates(by=by, ids=[number], around=around)) == ["both_w", "both_e"]
    assert short(ward, await queries.candidates(by=by, numbers=["MZ002"], around=around)) == ["west_1"]
    assert short(ward, await queries.candidates(by=by, numbers=["P-west"], around=around)) == ["west_1"]
    assert short(ward, await queries.candidates(by=by, names=["张测试"], around=around)) == [
        "west_1",
        "east_1",
        "east_2",
    ]
    everything = await queries.candidates(
        by=by, phones=[phone], names=["张测试"], numbers=["ZY001"], around=around
    )
    assert short(ward, everything) == ["west_1", "east_1", "east_2"]


async def test_a_department_decides_among_namesakes_but_brings_nobody_by_itself(ward: Ward) -> None:
    by, east = system(), ward.house.unit["east"]
    assert await queries.candidates(by=by, unit_ids=[east], around=date(2026, 11, 2)) == []
    rows = await queries.candidates(
        by=by, names=["张测试"], unit_ids=[east], around=date(2026, 11, 2), limit=2
    )
    assert short(ward, rows) == ["east_1", "east_2"]


async def test_candidates_stay_within_reach(ward: Ward) -> None:
    bob = await ward.house.actor("bob")
    rows = await queries.candidates(by=bob, names=["张测试"], numbers=["ZY001"], around=date(2026, 11, 2))
    assert short(ward, rows) == ["west_1"]


async def test_finding_stays_on_indexes_however_many_visits_there_are(ward: Ward) -> None:
    """Sequential scans are counted, not seconds."""
    await db.execute(
        "insert into patient (number, name) select 'N' || n, '王样' || chr(19968 + n % 500)"
        " from generate_series(1, 30000) n"
    )
    await db.execute(
        "insert into visit (patient_id, kind, number, unit_id, start_on)"
        " select p.id, 'outpatient', 'N' || p.id || '-' || k, $1, $2::date - (p.id % 700)::int"
        " from patient p, generate_series(1, 3) k where p.number like 'N%'",
        ward.house.unit["west_surgery"],
        date(2026, 11, 1),
    )
    await db.execute("analyze patient, visit")
    by, alice = system(), await ward.house.actor("alice")
    day = date(2026, 11, 1) - timedelta(days=350)
    scanned: list[int] = []
    async with db.transaction():  # the counters are those of the open transaction
        await db.fetchval("select count(*) from visit where diagnosis = 'x'")
        assert await _scanned() == 1  # so a scan would be seen
        for ask in (
            lambda: queries.candidates(by=by, names=["王样一"], numbers=["ZY001"], around=day),
            lambda: queries.candidates(by=by, phones=[crypto.search_hash("13800000001")], around=day),
            lambda: queries.search(Search("ZY001"), alice),
            lambda: queries.search(Search("欧阳"), alice),
            lambda: queries.search(Search(), by),
            lambda: queries.visits(ward.patient["both"], alice),
        ):
            answer = await ask()
            assert answer.rows if isinstance(answer, queries.VisitPage) else answer
            scanned.append(await _scanned() - 1)
    assert scanned == [0] * 6


async def _scanned() -> int:
    scans: int = await db.fetchval(
        "select sum(pg_stat_get_xact_numscans(c.oid)) from pg_class c where c.relname in ('patient', 'visit')"
    )
    return scans
