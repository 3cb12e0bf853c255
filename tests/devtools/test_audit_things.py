"""The addresses that the walk of `make audit` fills in: each one of the router's, each from rows that can be asked for."""

import pytest

import app
from core import db
from devtools.audit.things import FILLED, MADE, OPEN_ROOM


def test_each_filled_address_is_one_of_the_routers() -> None:
    known = {resource.canonical for resource in app.make().router.resources()}
    assert not set(FILLED) - known


@pytest.mark.usefixtures("database")
async def test_the_rows_of_each_can_be_asked_for() -> None:
    for sql in (*FILLED.values(), MADE, OPEN_ROOM):
        await db.fetch(f"select * from ({sql}) as found limit 2")  # noqa: S608 - a table of the program
