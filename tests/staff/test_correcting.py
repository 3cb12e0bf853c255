"""What was entered wrongly in a unit's history is put right; neighbours move or are named, the past keeps its unit."""

from datetime import date

import pytest

from core import db
from core.errors import Invalid, NotFound, Refused
from staff import correcting, organising, queries, units_names, units_past, units_queries
from staff.correcting import NamingForm, TermForm
from staff.units_names import NameGiven
from tests.staff.cast import House
from tests.staff.test_units import lines

RENAMED = date(2024, 5, 1)


async def _renamed(house: House) -> tuple[int, int, int]:
    """普外科 became 胃肠外科 in May 2024; unit, the older term, the running one."""
    unit = house.unit["west_surgery"]
    await organising.rename(unit, "胃肠外科", on=RENAMED, by=await house.actor("admin"))
    now, before = await units_queries.terms(unit)
    return unit, before.id, now.id


async def test_a_wrong_day_moves_both_terms_and_the_months_between_are_counted_anew(house: House) -> None:
    unit, _, now = await _renamed(house)
    right = date(2024, 3, 1)
    form = TermForm(name="胃肠外科", since=right, reason="文件日期为 3 月 1 日")
    await correcting.term(unit, now, form, by=await house.actor("admin"))
    assert [(one.name, one.since, one.until) for one in await units_queries.terms(unit)] == [
        ("胃肠外科", right, None),
        ("普外科", date(2000, 1, 1), right),
    ]
    tree = (await units_past.past()).tree(date(2024, 4, 1), await queries.tree())
    assert tree.unit(unit).name == "胃肠外科"
    (line,) = await lines("unit.correct_term")
    assert (line["before"]["since"], line["after"]["since"]) == ("2024-05-01", "2024-03-01")
    assert line["reason"] == "文件日期为 3 月 1 日"
    assert line["neighbours"][0]["until"] == "2024-03-01"


async def test_a_wrong_word_of_the_past_is_put_right_with_the_name_that_orders_find(house: House) -> None:
    unit, before, _ = await _renamed(house)
    form = TermForm(name="普通外科", since=date(2000, 1, 1), until=RENAMED, reason="录入漏字")
    await correcting.term(unit, before, form, by=await house.actor("admin"))
    tree = await queries.tree()
    assert (tree.unit(unit).name, tree.unit(unit).former) == ("胃肠外科", ("普通外科",))
    found = tree.find("普通外科", "西院")
    assert found is not None
    assert found.id == unit


async def test_what_would_lie_over_a_neighbour_is_refused_and_the_neighbour_named(house: House) -> None:
    unit, before, now = await _renamed(house)
    admin = await house.actor("admin")
    with pytest.raises(Refused, match="普外科.*2000-01-01"):
        await correcting.term(
            unit, now, TermForm(name="胃肠外科", since=date(1999, 1, 1), reason="更早"), by=admin
        )
    await organising.rename(unit, "肝胆外科", on=date(2025, 1, 1), by=admin)
    with pytest.raises(Refused, match="胃肠外科.*2024-05-01 至 2025-01-01"):
        await correcting.term(
            unit,
            before,
            TermForm(name="普外科", since=date(2000, 1, 1), until=date(2025, 6, 1), reason="更晚"),
            by=admin,
        )
    held = [(one.name, one.since) for one in await units_queries.terms(unit)]
    assert held == [("肝胆外科", date(2025, 1, 1)), ("胃肠外科", RENAMED), ("普外科", date(2000, 1, 1))]


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (TermForm(name="胃肠外科", since=date(2099, 1, 1), reason="测试"), "since"),
        (TermForm(name="胃肠外科", since=RENAMED, until=date(2025, 1, 1), reason="测试"), "until"),
        (TermForm(name="胃肠外科", since=RENAMED, reason="测试"), "name"),
    ],
    ids=["future", "ends_what_runs", "nothing"],
)
async def test_a_correction_that_is_none_is_told_by_its_field(
    house: House, form: TermForm, field: str
) -> None:
    unit, _, now = await _renamed(house)
    with pytest.raises(Invalid) as caught:
        await correcting.term(unit, now, form, by=await house.actor("admin"))
    assert [fault.field for fault in caught.value.details] == [field]


async def test_a_code_entered_wrongly_is_put_right_unless_it_is_anothers(house: House) -> None:
    admin, unit = await house.actor("admin"), house.unit
    mine = await units_names.add_name(NameGiven(unit["west_surgery"], "his", "3001", "", RENAMED), by=admin)
    await units_names.add_name(NameGiven(unit["west_cardiology"], "his", "3002", "", RENAMED), by=admin)
    with pytest.raises(Refused, match="3002.*心血管内科"):
        await correcting.naming(
            unit["west_surgery"], mine, NamingForm(code="3002", since=RENAMED, reason="写错"), by=admin
        )
    await correcting.naming(
        unit["west_surgery"], mine, NamingForm(code="3003", since=RENAMED, reason="写错"), by=admin
    )
    assert await db.fetchval("select code from org_name where id = $1", mine) == "3003"
    (line,) = await lines("unit.correct_name")
    assert (line["before"]["code"], line["after"]["code"]) == ("3001", "3003")
    with pytest.raises(NotFound):
        await correcting.naming(
            unit["east"], mine, NamingForm(code="3004", since=RENAMED, reason="写错"), by=admin
        )
