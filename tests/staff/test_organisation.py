"""Units are found by what people call them, and roles by walking up from the unit that lacks them."""

import asyncio

import pytest

from core import db
from core.errors import NotFound
from staff import queries, stamped
from staff.roles import Role
from tests.staff.cast import House


@pytest.mark.parametrize(
    ("name", "campus", "found"),
    [
        ("普外科", "", "west_surgery"),
        ("外一科", "", "west_surgery"),
        (" 普 外科", "", "west_surgery"),
        ("西院区普外科", "", "west_surgery"),
        ("心内科", "", None),  # both campuses have one
        ("心内科", "东院", "east_cardiology"),
        ("心血管内科", "示范医院西院区", "west_cardiology"),
        ("西院心内科", "", "west_cardiology"),
        ("心脏内科", "", "east_cardiology"),
        ("投诉办", "东院", "centre"),  # it lies in no campus; a name borne once needs none
        ("东院", "", "east"),
        ("口腔科", "", None),
    ],
)
async def test_a_unit_is_found_by_any_of_its_names(
    house: House, name: str, campus: str, found: str | None
) -> None:
    tree = await queries.tree()
    unit = tree.find(name, campus)
    assert (unit.id if unit else None) == (house.unit[found] if found else None)
