"""What the fixtures promise: every test begins with an empty, migrated database and an empty Redis of its own."""

import asyncpg
import pytest
import redis

from core.migrations import available, pending
from core.settings import settings


@pytest.mark.parametrize("turn", [1, 2, 3])
async def test_what_one_test_writes_the_next_does_not_see(
    database_url: str, redis_url: str, turn: int
) -> None:
    client = redis.Redis.from_url(redis_url)
    connection = await asyncpg.connect(database_url)
    assert client.keys() == []
    assert await connection.fetchval("select to_regclass('left_behind')") is None

    client.set("left behind", turn)
    await connection.execute("create table left_behind (turn int)")

    assert client.keys() == [b"left behind"]
    assert await connection.fetchval("select to_regclass('left_behind')::text") == "left_behind"
    await connection.close()
    client.close()


async def test_the_database_has_every_migration(database_url: str) -> None:
    assert available() != []
    assert await pending(database_url) == []


async def test_the_settings_name_the_servers_of_this_test(database_url: str, redis_url: str) -> None:
    assert (settings().database_url, settings().redis_url, settings().environment) == (
        database_url,
        redis_url,
        "test",
    )


async def test_pg_trgm_sees_chinese_and_text_sorts_by_code_point(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("create extension if not exists pg_trgm")
    assert await connection.fetchval("select cardinality(show_trgm('青霉素过敏'))") == 6
    rows = await connection.fetch(
        "select word from unnest($1::text[]) word order by word", ["b", "中", "B", "一"]
    )
    assert [row["word"] for row in rows] == ["B", "b", "一", "中"]
    await connection.close()
