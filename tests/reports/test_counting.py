"""Numbers of statistics: what is counted, that it can be made again, that the list behind a number is the number."""

import random
from datetime import date
from typing import Any

import pytest

from core import clock, db
from core.actor import Actor
from core.errors import Forbidden
from reports import cubes, facts, listing
from reports.asking import Asked
from reports.catalogue import CATALOGUE, Figure
from reports.catalogue.base import VISITS, grain_of
from reports.computing import Counted, count, table_of
from reports.dimensions import DIMENSIONS
from reports.grains import GRAINS
from reports.measures import LABELS
from reports.period import Span
from tests.reports.story import BEGIN, do, settle, told
from tests.tickets.conftest import Cast, at, order
from tests.tickets.test_road import PLATFORM, opened, replied
from tickets.models import Case
from tickets.receiving import receive

MARCH = Asked(span=Span.MONTH, at=at("2026-03-02 09:00").date())
TABLES = ("case_fact", "ticket_fact", "clock_fact", *(grain.cube for grain in GRAINS.values()))


async def everything() -> dict[str, list[dict[str, Any]]]:
    """All facts and all cubes, in an order of their own."""
    found = {}
    for table in TABLES:
        rows = [dict(row) for row in await db.fetch(f"select * from {table}")]  # noqa: S608 - our own names
        found[table] = sorted(rows, key=str)
    return found


async def sealed() -> None:
    """All reactions run, all facts derived, all cubes made."""
    await settle()
    while await facts.take():
        pass
    while await cubes.make():
        pass


def numbers(counted: Counted) -> dict[str, float | None]:
    """The figures of the whole period by name."""
    return {
        figure.name: figure.value(counted.total)
        for statistic in CATALOGUE
        for figure in (*statistic.tiles, *statistic.figures)
    }


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_grew_step_by_step_is_what_is_derived_anew_from_history(cast: Cast, seed: int) -> None:
    chance = random.Random(seed)
    now = BEGIN
    for _ in range(3):
        now = await told(chance, cast, cases=3, steps=25, begin=now)
        with clock.frozen(now):
            await sealed()
    grown = await everything()
    assert all(grown.values())
    with clock.frozen(now):
        assert await cubes.rebuild() == await db.fetchval("select count(*) from cases")
    assert await everything() == grown


@pytest.mark.parametrize("seed", [4])
async def test_every_number_is_the_number_of_the_lines_behind_it_clean_or_stale(
    cast: Cast, seed: int
) -> None:
    now = await told(random.Random(seed), cast, cases=8, steps=90)
    asked = Asked(span=Span.QUARTER, at=at("2026-02-01 09:00").date())
    with clock.frozen(now):
        await settle()
        while await facts.take():
            pass
        stale = await count(asked, by=cast.centre)  # summed from the facts
        assert await db.fetchval("select count(*) from cube_touch") > 0
        await sealed()
        clean = await count(asked, by=cast.centre)  # summed from the cubes
        assert (clean.total, clean.groups) == (stale.total, stale.groups)
        seen = 0
        for figure, by, key, tally in _cells(clean):
            for measures in (figure.over, figure.under):
                if not measures or VISITS in measures or (figure.per == 0 and figure.under):
                    continue
                wanted = sum(tally.get(name, 0) for name in measures)
                behind = listing.Behind(measures, by, key)
                page = await listing.listed(asked, behind, by=cast.centre)
                assert (figure.name, by, key, page.total) == (figure.name, by, key, wanted)
                seen += wanted > 0
        assert seen > 40


SPANS = (
    ("2026-02-01", "2026-02-16"),  # February less its end
    ("2026-02-09", "2026-02-28"),  # February less its beginning
    ("2026-01-05", "2026-02-17"),  # January less four days, February less its end
    ("2026-01-28", "2026-02-26"),  # four days, and February less two
)


async def test_days_that_are_most_of_a_month_are_the_month_less_the_others(cast: Cast) -> None:
    now = await told(random.Random(5), cast, cases=8, steps=90)
    with clock.frozen(now):
        await settle()
        while await facts.take():
            pass
        asked = [
            Asked(span=Span.DAYS, since=date.fromisoformat(since), until=date.fromisoformat(until))
            for since, until in SPANS
        ]
        added_up = [await count(one, by=cast.centre) for one in asked]  # every month is stale: from the facts
        await sealed()
        clean = [await count(one, by=cast.centre) for one in asked]
    assert [(one.total, one.groups) for one in clean] == [(one.total, one.groups) for one in added_up]
    assert [sum(one.total.values()) > 0 for one in clean] == [True] * len(SPANS)
    assert len({str(one.total) for one in clean}) > 2


def _cells(counted: Counted) -> list[tuple[Figure, str, str, Any]]:
    cells: list[tuple[Figure, str, str, Any]] = [
        (figure, "", "", counted.total)
        for statistic in CATALOGUE
        for figure in (*statistic.tiles, *statistic.figures)
    ]
    for statistic in CATALOGUE:
        for table in statistic.tables:
            if table.by != "month":  # the months go back a year: another period than the list's
                for key, tally in table_of(counted, table).items():
                    cells += [(figure, table.by, key, tally) for figure in table.figures]
    return cells


async def test_a_case_that_was_answered_in_time_and_liked_is_counted_so(cast: Cast) -> None:
    case = await replied(cast)
    with clock.frozen(at("2026-03-04 09:00")):
        await do("case.call_back", case.id, cast.centre, satisfied="满意")
        await sealed()
        found = numbers(await count(MARCH, by=cast.centre))
    assert found == {
        "received": 1,
        "concluded": 100,
        "on_time": 100,
        "responded": 100,
        "unanswered": 0,
        "solved": 100,
        "satisfied": 100,
        "called": 100,
        "dissatisfied": 0,
        "found_true": 100,
        "found_partly": 0,
        "found_false": 0,
        "found_unknown": 0,
        "returned": 0,
        "extended": 0,
        "reworked": 0,
        "repeated": 0,
        "per_visits": None,
        "repeats_per_visits": None,
    }


async def test_time_alone_makes_a_response_missing_and_a_limit_late(cast: Cast) -> None:
    await opened()
    with clock.frozen(at("2026-03-02 10:00")):
        await sealed()
        early = await count(MARCH, by=cast.centre)
    with clock.frozen(at("2026-04-20 10:00")):
        late = await count(MARCH, by=cast.centre)
    assert [numbers(one)["on_time"] for one in (early, late)] == [None, 0]
    assert [numbers(one)["responded"] for one in (early, late)] == [None, 0]
    assert {key: tally["running.overdue"] for key, tally in late.groups["kind"].items()} == {
        "upstream": 1,
        "hospital": 1,
        "department": 1,
    }


async def test_the_same_phone_again_is_a_repeat_until_the_first_is_merged_away(cast: Cast) -> None:
    first, _ = await opened()
    with clock.frozen(at("2026-03-05 09:00")):
        again = await receive(order("GZ-2", title="又来反映排队"), by=PLATFORM)
        await sealed()
        assert numbers(await count(MARCH, by=cast.centre))["repeated"] == 50
        merged = await Case.get(id=again.case_id)
        assert await do("case.merge", merged.id, cast.chief, main=first.number)
        await sealed()
        assert numbers(await count(MARCH, by=cast.centre))["received"] == 1
        assert numbers(await count(MARCH, by=cast.centre))["repeated"] == 0
        assert await do("case.split", merged.id, cast.chief)
        await sealed()
        assert numbers(await count(MARCH, by=cast.centre))["received"] == 2
        assert numbers(await count(MARCH, by=cast.centre))["repeated"] == 50


async def test_a_department_counts_its_own_and_a_campus_its_own(cast: Cast) -> None:
    await opened()
    with clock.frozen(at("2026-03-05 09:00")):
        await receive(order("GZ-2", departments=["骨科"], campus="西院区"), by=PLATFORM)
        await sealed()
        found = {
            name: numbers(await count(MARCH, by=cast.people[name]))["received"]
            for name in ("centre", "vice", "head", "cashier", "bones")
        }
        assert found == {"centre": 2, "vice": 1, "head": 1, "cashier": 0, "bones": 1}
        with pytest.raises(Forbidden):
            await count(MARCH, by=cast.admin)
        assert numbers(await count(Asked(at=MARCH.at, place=6), by=cast.centre))["received"] == 1
        assert numbers(await count(Asked(at=MARCH.at, place=6), by=cast.head))["received"] == 0


async def test_a_visit_makes_a_number_a_rate(cast: Cast) -> None:
    await opened()
    await db.execute("insert into patient (id, number, name) values (1, 'P1', '测试甲')")
    for number in range(4):
        await db.execute(
            "insert into visit (patient_id, kind, number, unit_id, start_on)"
            " values (1, 'outpatient', $1, 4, '2026-03-09')",
            f"V{number}",
        )
    with clock.frozen(at("2026-03-10 09:00")):
        await sealed()
        await cubes.count_visits()
        assert numbers(await count(MARCH, by=cast.centre))["per_visits"] == 2500
        days = Asked(span=Span.DAYS, since=at("2026-03-01 00:00").date(), until=at("2026-03-10 00:00").date())
        assert numbers(await count(days, by=cast.centre))["per_visits"] == 2500


async def test_another_parameter_counts_every_month_anew(cast: Cast, database: object) -> None:
    del database
    await opened()
    with clock.frozen(at("2026-03-02 19:00")):
        await do("ticket.sign", 1, cast.liaison)
        await sealed()
        assert numbers(await count(MARCH, by=cast.centre))["responded"] == 100
        await db.execute(
            "insert into parameter (name, value, changed_by) values ('statistics.response_hours', '2', '')"
        )
        assert (
            numbers(await count(MARCH, by=cast.centre))["responded"] == 100
        )  # what the cubes were made with
        await sealed()
        assert numbers(await count(MARCH, by=cast.centre))["responded"] == 0


async def secret(case: Case, cast: Cast) -> None:
    """As the inspector makes it."""
    await db.execute("update cases set secret = true, barred_unit_ids = '{4}' where id = $1", case.id)
    await db.execute("insert into case_touch (case_id) values ($1)", case.id)


async def test_a_secret_case_is_counted_only_for_whoever_may_read_it_whole(
    cast: Cast, inspector: Actor
) -> None:
    case, _ = await opened()
    with clock.frozen(at("2026-03-05 09:00")):
        await sealed()
        assert numbers(await count(MARCH, by=cast.centre))["received"] == 1
        await secret(case, cast)
        await sealed()
        assert numbers(await count(MARCH, by=inspector))["received"] == 1
        behind = listing.Behind(("case.received",))
        assert (await listing.listed(MARCH, behind, by=inspector)).total == 1
        for who in (cast.centre, cast.chief, cast.head, cast.vice):
            assert numbers(await count(MARCH, by=who))["received"] == 0
            assert (await listing.listed(MARCH, behind, by=who)).total == 0


def test_every_figure_of_the_catalogue_counts_what_exists() -> None:
    for statistic in CATALOGUE:
        for figure in statistic.all_figures:
            for measure in (*figure.over, *figure.under):
                grain = grain_of(measure)
                head, _, name = measure.partition(".")
                assert grain is None or head == "running" or name in grain.columns
                assert grain is None or name in grain.sums or measure in LABELS
            facts_of = {grain.fact for name in figure.over if (grain := grain_of(name))}
            assert len(facts_of) == 1
        for table in statistic.tables:
            assert table.by in DIMENSIONS
