"""Links open one thing: of one kind, until they end, never once revoked, and nobody finds their tokens in the database."""

from datetime import timedelta

import pytest

from core import clock, db, links
from core.errors import NotFound


async def opens(kind: str, token: str) -> str | None:
    """What the token opens, None for nothing."""
    try:
        return (await links.resolve(kind, token)).ref
    except NotFound as error:
        return None if error.message == links.GONE else error.message


async def test_a_link_opens_one_thing_until_it_ends_or_is_revoked(database: None) -> None:
    soon = clock.now() + timedelta(hours=1)
    ask = await links.open_link("ask", 7, soon, by="测试甲")
    again = await links.open_link("ask", 7, soon)
    other = await links.open_link("feedback", 7, soon)
    past = await links.open_link("ask", 8, clock.now() - timedelta(seconds=1))

    assert [await opens("ask", token) for token in (ask, again, other, past, "", "a" * 500, "绑定")] == [
        "7", "7", None, None, None, None, None,
    ]  # fmt: skip
    assert await opens("feedback", other) == "7"

    await links.used(await links.resolve("ask", ask))
    await links.used(await links.resolve("ask", ask))
    assert await db.fetchval("select array_agg(used order by id) from link") == [2, 0, 0, 0]

    assert await links.revoke("ask", 7) == 2
    assert [await opens("ask", ask), await opens("ask", again), await opens("feedback", other)] == [
        None,
        None,
        "7",
    ]

    kept = await db.fetch("select token_hash from link")
    assert len(ask) == 27
    assert all(
        token.encode() not in bytes(row["token_hash"]) for row in kept for token in (ask, again, other)
    )


@pytest.mark.parametrize("days", [31])
async def test_links_that_have_long_been_over_are_forgotten(database: None, days: int) -> None:
    await links.open_link("ask", 1, clock.now() - timedelta(days=days))
    await links.open_link("ask", 2, clock.now() - timedelta(days=1))
    assert await links.tidy() == 1
    assert await db.fetchval("select array_agg(ref) from link") == ["2"]
