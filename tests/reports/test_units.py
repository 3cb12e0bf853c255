"""A department that moved, merged or was renamed: past figures stay as they were, and can be read by today's units."""

from collections.abc import Mapping
from datetime import date

import pytest

from core import clock, db
from core.actor import Door
from reports import cubes, facts, listing
from reports.asking import Asked, Org
from reports.computing import Counted, count
from reports.dimensions import DIMENSIONS, Words
from reports.period import Span
from staff import organising, organising_moves
from staff.actors import actor_of
from tests.reports.story import PLATFORM, settle
from tests.tickets.conftest import Cast, at, order
from tickets.receiving import receive

QUARTER = Asked(span=Span.QUARTER, at=date(2026, 1, 15))
MEASURE = {"unit": "ticket.assigned", "site": "case.received"}  # what each table counts


async def three_months() -> None:
    """In January two cases of cardiology and one of the cashiers, in March one of each; the units are years old."""
    await db.execute("update org_term set since = '2020-01-01'")
    for number, (when, department) in enumerate(
        [
            ("2026-01-12 09:00", "心血管内科"),
            ("2026-01-13 09:00", "心血管内科"),
            ("2026-01-14 09:00", "收费处"),
            ("2026-03-10 09:00", "心血管内科"),
            ("2026-03-11 09:00", "收费处"),
        ]
    ):
        with clock.frozen(at(when)):
            await receive(
                order(f"U-{number}", departments=[department], caller_phone=f"1380000000{number}"),
                by=PLATFORM,
            )
    await counted()


async def counted() -> None:
    """All reactions run, all facts derived, all cubes made."""
    await settle()
    while await facts.take():
        pass
    while await cubes.make():
        pass


def figures(found: Counted, by: str) -> dict[str, int]:
    """Label → how many."""
    words = Words(found.tree, {})
    rows: Mapping[str, Mapping[str, int]] = found.groups.get(by, {})
    return {
        DIMENSIONS[by].label(key, words): tally[MEASURE[by]]
        for key, tally in rows.items()
        if tally.get(MEASURE[by])
    }


async def behind(asked: Asked, by: str, key: str, cast: Cast) -> int:
    """How many stand in the list behind a number."""
    return (await listing.listed(asked, listing.read(MEASURE[by], by, key), by=cast.chief)).total


@pytest.mark.parametrize("sealed", [True, False])
async def test_a_department_that_moved_is_counted_where_it_stood_then(cast: Cast, sealed: bool) -> None:
    await three_months()
    before = await count(QUARTER, by=cast.chief)
    assert figures(before, "site") == {"东院区": 5}
    with clock.frozen(at("2026-04-01 09:00")):
        await organising_moves.move(4, 3, on=date(2026, 3, 1), by=cast.admin)
    if sealed:
        await cubes.rebuild()
    then = await count(QUARTER, by=cast.chief)
    now_asked = QUARTER.model_copy(update={"org": Org.TODAY})
    now = await count(now_asked, by=cast.chief)
    assert figures(then, "site") == {"东院区": 4, "西院区": 1}
    assert figures(now, "site") == {"东院区": 2, "西院区": 3}
    assert then.total["case.received"] == now.total["case.received"] == before.total["case.received"] == 5
    assert (await behind(QUARTER, "site", "2", cast), await behind(QUARTER, "site", "3", cast)) == (4, 1)
    assert (await behind(now_asked, "site", "2", cast), await behind(now_asked, "site", "3", cast)) == (2, 3)
    west = QUARTER.model_copy(update={"place": 3})
    assert (await count(west, by=cast.chief)).total["case.received"] == 1
    east_by_its_head = await count(QUARTER, by=await actor_of(cast.vice.id or 0, Door.WEB))
    assert east_by_its_head.total["case.received"] == 4  # what was the east's stays in the count of the east


async def test_a_merged_department_keeps_its_past_and_can_be_read_with_its_successor(cast: Cast) -> None:
    await three_months()
    with clock.frozen(at("2026-03-20 09:00")):
        await organising_moves.merge(5, 4, by=cast.admin)
        await receive(order("U-9", departments=["收费处"], caller_phone="13800000009"), by=PLATFORM)
    await counted()
    then = await count(QUARTER, by=cast.chief)
    now_asked = QUARTER.model_copy(update={"org": Org.TODAY})
    now = await count(now_asked, by=cast.chief)
    assert figures(then, "unit") == {"东院区 · 心血管内科": 4, "东院区 · 收费处": 2}
    assert figures(now, "unit") == {"东院区 · 心血管内科": 6}
    assert (await behind(QUARTER, "unit", "5", cast), await behind(now_asked, "unit", "4", cast)) == (2, 6)
    rows = await db.fetch("select t.unit_id, count(*) as n from ticket t group by 1 order by 1")
    assert [tuple(row) for row in rows] == [(4, 4), (5, 2)]


async def test_a_report_of_a_past_period_names_units_as_they_were_called_then(cast: Cast) -> None:
    await three_months()
    with clock.frozen(at("2026-05-01 09:00")):
        await organising.rename(5, "收费结算中心", by=cast.admin)
        then = await count(QUARTER, by=cast.chief)
        now = await count(QUARTER.model_copy(update={"org": Org.TODAY}), by=cast.chief)
    assert "东院区 · 收费处" in figures(then, "unit")
    assert "东院区 · 收费结算中心" in figures(now, "unit")
