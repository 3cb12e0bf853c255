"""The log of exports: every line holds who, what, for whom and the sha256; nothing changes or forgets it for three years."""

import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from asyncpg import PostgresError

from core import clock, db, exports
from core.actor import Actor, ActorKind, Door
from core.identity import mask_in_text

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
HOUSE = Actor(ActorKind.SYSTEM, None, "热线平台接口", Door.API, (), "198.51.100.7")


async def test_a_line_says_who_what_which_for_whom_and_the_digest_of_the_very_bytes(database: str) -> None:
    assert database
    with clock.frozen(NOW):
        number = await exports.log(
            HOUSE,
            exports.Kind.CASE_PUSH,
            "办理结果",
            b"bytes",
            which="20261122-1",
            rows=1,
            columns=["答复"],
            whole=True,
            recipient="市 12345 热线",
            purpose="回传办理结果",
            approved_by="测试主任",
        )
    row = await db.fetchrow("select * from data_export where id = $1", number)
    assert row is not None
    assert {name: value for name, value in row.items() if name not in {"id", "trace_id"}} == {
        "at": NOW,
        "staff_id": None,
        "who": "热线平台接口",
        "door": "api",
        "address": "198.51.100.7",
        "kind": "case.push",
        "title": "办理结果",
        "filter": "20261122-1",
        "rows": 1,
        "columns": ["答复"],
        "whole": True,
        "recipient": "市 12345 热线",
        "purpose": "回传办理结果",
        "approved_by": "测试主任",
        "sha256": hashlib.sha256(b"bytes").hexdigest(),
        "case_id": None,
    }


async def test_a_line_is_neither_changed_nor_forgotten_before_three_years_have_gone(database: str) -> None:
    assert database
    with clock.frozen(clock.now() - timedelta(days=3 * 366 + 1)):
        old = await exports.log(HOUSE, exports.Kind.OTHER, "旧", b"")
    with clock.frozen(clock.now() - timedelta(days=3 * 365 - 1)):
        young = await exports.log(HOUSE, exports.Kind.OTHER, "新", b"")
    for statement in (
        f"update data_export set title = 'x' where id = {old}",  # noqa: S608 - a number of ours
        f"delete from data_export where id = {young}",  # noqa: S608
        "delete from data_export",
        "truncate data_export",
    ):
        with pytest.raises(PostgresError, match="append-only"):
            await db.execute(statement)
    await db.execute("delete from data_export where id = $1", old)
    assert [row["id"] for row in await db.fetch("select id from data_export")] == [young]


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("电话13800000001，请回电", "电话138****0001，请回电"),
        ("１３８０００００００２", "138****0002"),
        ("身份证990000199001010025在册", "身份证990000********0025在册"),
        ("座机020-81234567转12", "座机020-****4567"),
        ("工单20261121138000000011照旧", "工单20261121138000000011照旧"),
        ("990000199001010026 校验位不对", "990000199001010026 校验位不对"),
        ("没有号码", "没有号码"),
        ("", ""),
    ],
)
def test_numbers_of_persons_in_free_text_are_masked_and_all_else_stays(text: str, seen: str) -> None:
    assert mask_in_text(text) == seen
