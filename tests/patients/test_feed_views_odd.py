"""Views as hospitals have them: ties, clocks gone wrong, empty watermarks, rows that vanish, columns that change, GBK."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from core import clock, db
from integrations import sql_views
from integrations.sql_views import PostgresView, Wanted
from patients.feeds import links, pulling
from patients.feeds.kinds import SqlForm
from patients.feeds.links import Link
from tests.intake.feeds import work
from tests.patients import test_feed_views
from tests.patients.feed import ENGINEER, everything, parked
from tests.patients.test_feed_views import fetch, fill, row

link = test_feed_views.link  # the same view of the same HIS
MARK = "hip.v_visits"


async def test_rows_of_one_instant_across_the_end_of_a_batch_are_all_read(link: Link) -> None:
    await db.execute("update feed_link set overlap = 0")
    await fill([row(at, 5) for at in range(7)])
    link = await links.link(link.id)
    assert await pulling.pull(link, 0, batch=3) is False
    assert (await links.link(link.id)).pulled_rows == 3
    assert await pulling.pull(await links.link(link.id), 60, batch=3) is True
    assert (await links.link(link.id)).pulled_rows == 7


async def test_a_row_of_tomorrow_does_not_hide_what_is_written_until_then(link: Link) -> None:
    wrong = datetime(2099, 1, 1)  # noqa: DTZ001 - a HIS writes its wall clock
    await fill([row(1, 1), (*row(2, 2)[:-1], wrong)])
    link = await fetch(link)
    told = sql_views.read_mark(link.mark[MARK])
    assert isinstance(told, datetime)
    assert abs((told - clock.local(clock.now()).replace(tzinfo=None)).total_seconds()) < 600
    now = clock.local(clock.now()).replace(tzinfo=None, microsecond=0)
    await fill([(*row(3, 3)[:-1], now)])
    assert (await fetch(link)).pulled_rows == 3


async def test_a_row_without_a_watermark_is_not_read_until_it_has_one(link: Link) -> None:
    await fill([row(1, 1), (*row(2, 2)[:-1], None)])
    assert (await fetch(link)).pulled_rows == 1
    await db.execute("update hip.v_visits set updated_at = '2026-03-01 08:02' where visit_no = 'ZY002'")
    assert (await fetch(link)).pulled_rows == 2


async def test_what_vanishes_from_a_view_stays_and_what_it_calls_void_is_cancelled(link: Link) -> None:
    await fill([row(1, 1), row(2, 2)])
    await fetch(link)
    await db.execute("delete from hip.v_visits")
    await fill([row(2, 9, "作废")])
    link = await fetch(link)
    await work()
    assert (await parked(), link.pull_error) == ([], "")
    told = {one["number"]: one["state"] for one in (await everything())["visit"]}
    assert told == {"ZY001": "open", "ZY002": "cancelled"}


async def test_a_watermark_of_another_type_is_said_so_and_read_from_the_beginning(link: Link) -> None:
    await fill([row(at, at) for at in range(3)])
    await fetch(link)
    await db.execute(
        "alter table hip.v_visits alter updated_at type bigint using extract(epoch from updated_at)::bigint"
    )
    link = await fetch(link)
    assert (link.pull_error, link.mark) == ("水位列的类型变了，下次从头读取（重复的会自动去掉）", {})
    link = await fetch(link)
    assert (link.pull_error, link.mark[MARK][:2]) == ("", "i:")
    await db.execute(
        "alter table hip.v_visits alter updated_at type timestamptz using to_timestamp(updated_at)"
    )
    assert (await fetch(link)).pull_error.startswith("水位列的类型变了")
    link = await fetch(link)
    assert (link.pull_error, link.mark[MARK][-6:]) == ("", "+00:00")
    assert (await fetch(link)).pull_error == ""


async def test_another_watermark_begins_anew(link: Link) -> None:
    await fill([row(1, 1)])
    link = await fetch(link)
    given = {name: getattr(link, name, "") for name in SqlForm.model_fields} | {"secret": ""}
    await links.save(link.id, SqlForm.model_validate(given), by=ENGINEER)
    assert (await links.link(link.id)).mark
    await links.save(link.id, SqlForm.model_validate(given | {"mark_column": "visit_no"}), by=ENGINEER)
    assert (await links.link(link.id)).mark == {}
    assert (await fetch(link)).mark == {MARK: "s:ZY001"}


async def test_a_view_that_fails_half_way_keeps_what_came_and_goes_on_there(
    link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling.pull, "__defaults__", (10,))
    await db.execute("alter table hip.v_visits rename to visits")
    await db.execute("create table hip.limits (best int)")
    await db.execute("insert into hip.limits values (25)")
    await db.execute(
        "create view hip.v_visits as select visit_no, patient_no, patient_name, gender, phone, visit_type, department,"
        " campus, status, started_at, diagnosis_name, updated_at, 1 / (substr(visit_no, 3)::int - best) as broken"
        " from hip.visits, hip.limits"
    )
    marks = ", ".join(f"${at}" for at in range(1, 13))
    rows = [row(at, at) for at in range(40)]
    await db.executemany(f"insert into hip.visits ({test_feed_views.COLUMNS}) values ({marks})", rows)  # noqa: S608
    link = await fetch(link)
    assert link.pull_error.startswith("读取视图失败")
    kept = link.pulled_rows
    await db.execute("update hip.limits set best = 900")
    link = await fetch(link)
    assert (link.pull_error, link.pulled_rows) == ("", 40)
    assert kept < 40


@pytest.mark.parametrize(
    ("mark", "kept"),
    [
        (datetime(2099, 1, 1), "t:2026-03-01T08:30:00"),  # noqa: DTZ001
        (datetime(2026, 3, 1, 8, 0), "t:2026-03-01T08:00:00"),  # noqa: DTZ001
        (datetime(2099, 1, 1).date(), "d:2026-03-01"),  # noqa: DTZ001
        (9_999_999_999, "i:9999999999"),
        ("ZZ", "s:ZZ"),
    ],
    ids=["tomorrow", "before", "day", "counter", "text"],
)
def test_a_watermark_is_held_back_to_now(mark: Any, kept: str) -> None:
    now = datetime.fromisoformat("2026-03-01T08:30:00+08:00")
    assert sql_views.written(sql_views.held_back(mark, now)) == kept


@pytest.mark.parametrize("encoding", ["EUC_CN", "SQL_ASCII"])
async def test_a_database_in_gb2312_is_read_as_chinese_and_bytes_of_nowhere_are_said_so(
    database: str, encoding: str
) -> None:
    parts = urlsplit(database)
    name = f"{parts.path.strip('/')}_{encoding.lower()}"[:63]
    given: dict[str, Any] = {"host": parts.hostname, "port": parts.port or 5432, "user": parts.username}
    given["password"] = parts.password or None
    admin = await asyncpg.connect(**given, database=parts.path.strip("/"))
    try:
        await admin.execute(
            f"create database {name} encoding '{encoding}' lc_collate 'C' lc_ctype 'C' locale_provider libc template template0"
        )
        his = await asyncpg.connect(**given, database=name)
        await his.execute("create table v (id int, name text, at timestamp)")
        charset = (
            "EUC_CN" if encoding == "EUC_CN" else "SQL_ASCII"
        )  # the latter: the bytes as an old HIS wrote them
        await his.execute(
            "insert into v values (1, convert_from(decode($1, 'hex'), $2), '2026-03-01')",
            "测试甲".encode("gb2312").hex(),
            charset,
        )
        await his.close()
        view = PostgresView(
            parts.hostname or "", parts.port or 5432, name, parts.username or "", parts.password or ""
        )
        wanted = Wanted("v", "at", ("id",), None, 9)
        if encoding == "EUC_CN":
            assert [
                one["name"] for batch in [b async for b in view.batches(wanted)] for one in batch.rows
            ] == ["测试甲"]
        else:
            with pytest.raises(sql_views.ViewFailed, match="不属于数据库字符集的文字"):
                [b async for b in view.batches(wanted)]
    finally:
        await admin.execute(f"drop database if exists {name} with (force)")
        await admin.close()
