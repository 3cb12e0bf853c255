"""Views of databases: real rows over the real protocol, drivers of one contract, cut off and gone on, kept once."""

import sqlite3
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from core import db, jobs
from core.errors import Refused
from integrations import sql_views
from integrations.sql_views import DbApiView, Dialect, PostgresView, View, ViewFailed, Wanted
from patients.feeds import links, pulling
from patients.feeds.kinds import SqlForm
from patients.feeds.links import Link
from tests.intake.feeds import work
from tests.patients.feed import ENGINEER, everything, parked
from tests.staff.cast import build
from wiring import wire

TABLE = (
    "create table {}v_visits (visit_no text, patient_no text, patient_name text, gender text, phone text,"
    " visit_type text, department text, campus text, status text, started_at text, diagnosis_name text,"
    " updated_at timestamp)"
)
COLUMNS = (
    "visit_no, patient_no, patient_name, gender, phone, visit_type, department, campus, status, started_at,"
    " diagnosis_name, updated_at"
)


def row(number: int, minute: int, status: str = "在院", phone: str | None = "13800000011") -> tuple[Any, ...]:
    """A visit as the view tells it."""
    at = datetime(2026, 3, 1, 8, minute)  # noqa: DTZ001 - a HIS writes its wall clock
    return (
        f"ZY{number:03}", f"P{number % 4}", f"测试{'甲乙丙丁'[number % 4]}", "1", phone, "住院", "心血管内科", "东院区",
        status, "2026-02-22 09:00:00", "高血压", at,
    )  # fmt: skip


async def fill(rows: list[tuple[Any, ...]]) -> None:
    """Rows into the view's table."""
    marks = ", ".join(f"${at}" for at in range(1, 13))
    await db.executemany(f"insert into hip.v_visits ({COLUMNS}) values ({marks})", rows)  # noqa: S608


def address_of(url: str) -> tuple[str, str]:
    """The address and the secret of a link to this database."""
    parts = urlsplit(url)
    port = parts.port or 5432
    return f"postgresql://{parts.hostname}:{port}{parts.path}", f"{parts.username}:{parts.password or ''}"


@pytest_asyncio.fixture
async def link(database: str, redis_url: str) -> AsyncIterator[Link]:
    """A link to a view of a database of the HIS."""
    assert redis_url
    wire()
    await build()
    await db.execute("create schema hip")
    await db.execute(TABLE.format("hip."))
    address, secret = address_of(database)
    form = SqlForm(
        name="集成平台",
        mapping="visits_view",
        address=address,
        secret=secret,
        view="hip.v_visits",
        mark_column="updated_at",
        key_columns="visit_no",
        overlap=120,
        tls=False,
    )
    yield await links.link(await links.save(None, form, by=ENGINEER))


async def fetch(link: Link) -> Link:
    """Have the link fetched from by the worker's job; as it stands afterwards."""
    await pulling.ask(link.id, by=ENGINEER)
    number = await db.fetchval("select max(id) from job")
    assert await jobs.run_job(number) == "done"
    return await links.link(link.id)


async def test_a_view_is_fetched_by_its_watermark_and_what_comes_twice_is_kept_once(link: Link) -> None:
    await fill([row(at, at) for at in range(30)])
    link = await fetch(link)
    assert (link.pull_error, link.pulled_rows, link.mark) == (
        "",
        30,
        {"hip.v_visits": "t:2026-03-01T08:29:00"},
    )
    await fill([row(1, 28, "出院", None), row(30, 31)])  # one was written late, within the overlap
    link = await fetch(link)
    assert link.pulled_rows == 32
    await work()
    assert await parked() == []
    found = await everything()
    assert len(found["visit"]) == 31
    told = {one["number"]: (one["whose"], one["state"]) for one in found["visit"]}
    assert (told["ZY001"], told["ZY030"]) == (("P1", "closed"), ("P2", "open"))
    phones = {one["number"]: one["phone"] for one in found["patient"]}
    assert phones == {"P0": "13800000011", "P1": "13800000011", "P2": "13800000011", "P3": "13800000011"}
    assert await db.fetchval("select count(*) from audit where action = 'feed.pull'") == 2


async def test_a_pull_that_is_cut_off_goes_on_where_its_last_batch_ended(link: Link) -> None:
    await fill([row(at, at % 60) for at in range(60)])
    assert await pulling.pull(link, 0, batch=20) is False
    link = await links.link(link.id)
    assert (link.pulled_rows, link.mark) == (20, {"hip.v_visits": "t:2026-03-01T08:19:00"})
    assert await pulling.pull(link, 60) is True
    assert (await links.link(link.id)).pulled_rows == 60


async def test_what_goes_wrong_is_written_down_and_the_next_pull_tries_again(link: Link) -> None:
    await db.execute("alter table hip.v_visits rename to v_away")
    link = await fetch(link)
    assert link.pull_error.startswith("读取视图失败")
    assert await pulling.due() == 0  # its five minutes are not over
    await db.execute("update feed_link set pulled_at = pulled_at - interval '6 minutes'")
    assert (await pulling.due(), await pulling.due()) == (1, 0)
    with pytest.raises(Refused, match="正在拉取"):
        await pulling.ask(link.id, by=ENGINEER)


async def test_the_password_is_sealed_and_in_no_audit_line(link: Link) -> None:
    secret = await links.secret(link.id)
    assert secret.encode() not in await db.fetchval("select secret from feed_link")
    (said,) = await db.fetch("select detail::text as text from audit where action = 'feed.create'")
    assert (secret in said["text"], '"secret": "***"' in said["text"]) == (False, True)
    given = {name: getattr(link, name, "") for name in SqlForm.model_fields}
    await links.save(link.id, SqlForm.model_validate(given | {"secret": ""}), by=ENGINEER)
    assert await links.secret(link.id) == secret  # left empty: kept


def _open_file(driver: ModuleType, at: DbApiView) -> Any:
    return driver.connect(at.database, detect_types=sqlite3.PARSE_DECLTYPES, check_same_thread=False)


SQLITE = Dialect("sqlite3", "?", _open_file, lambda _, connection: connection.cursor())


async def _everything(view: View, since: datetime | None, batch: int) -> list[tuple[list[str], str]]:
    wanted = Wanted("v_visits", "updated_at", ("visit_no",), since, batch)
    return [
        ([f"{line['visit_no']} {line['phone']}" for line in one.rows], sql_views.written(one.mark))
        async for one in view.batches(wanted)
    ]


@pytest.mark.parametrize("kind", ["postgresql", "dbapi"])
@pytest.mark.filterwarnings("ignore:The default (timestamp|datetime)")
async def test_every_driver_reads_the_same_rows_in_the_same_batches(
    database: str, tmp_path: Path, kind: str
) -> None:
    rows = [row(at, at, phone=None if at % 2 else "13800000011") for at in (3, 1, 2, 5, 4)] + [row(6, 4)]
    view: View
    if kind == "postgresql":
        await db.execute(TABLE.format(""))
        marks = ", ".join(f"${at}" for at in range(1, 13))
        await db.executemany(f"insert into v_visits ({COLUMNS}) values ({marks})", rows)  # noqa: S608
        parts = urlsplit(database)
        view = PostgresView(
            parts.hostname or "",
            parts.port or 5432,
            parts.path.strip("/"),
            parts.username or "",
            parts.password or "",
        )
    else:
        file = str(tmp_path / "his.db")
        with sqlite3.connect(file, detect_types=sqlite3.PARSE_DECLTYPES) as raw:
            raw.execute(TABLE.format(""))
            raw.executemany(f"insert into v_visits ({COLUMNS}) values ({', '.join('?' * 12)})", rows)  # noqa: S608
        view = DbApiView(SQLITE, "", 0, file, "", "")
    assert await _everything(view, None, 4) == [
        (["ZY001 None", "ZY002 13800000011", "ZY003 None", "ZY004 13800000011"], "t:2026-03-01T08:04:00"),
        (["ZY006 13800000011", "ZY005 None"], "t:2026-03-01T08:05:00"),
    ]
    since = sql_views.back(datetime(2026, 3, 1, 8, 5), 60)  # noqa: DTZ001
    assert isinstance(since, datetime)
    assert [names for names, _ in await _everything(view, since, 10)] == [
        ["ZY004 13800000011", "ZY006 13800000011", "ZY005 None"]
    ]
    with pytest.raises(ViewFailed, match="读取视图失败"):
        async for _ in view.batches(Wanted("nothing", "updated_at", ("visit_no",), None, 9)):
            pass


@pytest.mark.parametrize(
    "mark",
    [datetime(2026, 3, 1, 8, 5, 7, 123000), 17, "A0017", b"\x00\x01\xff", datetime(2026, 3, 1).date()],  # noqa: DTZ001
)
def test_a_watermark_is_kept_as_what_it_was(mark: sql_views.Mark) -> None:
    assert sql_views.read_mark(sql_views.written(mark)) == mark


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("address", "postgresql://root:secret@db/his"),
        ("address", "file:///etc/hostname"),
        ("view", "visits; drop table patient"),
        ("mark_column", "updated_at desc"),
        ("key_columns", "a, b"),
        ("key_columns", " "),
    ],
)
def test_no_sql_and_no_password_is_said_in_a_name(field: str, value: str) -> None:
    given = {
        "name": "视图",
        "mapping": "visits_view",
        "address": "oracle://10.1.2.3/orcl",
        "view": "hip.v_visits",
        "mark_column": "updated_at",
        "key_columns": "visit_no",
    }
    SqlForm.model_validate(given)
    with pytest.raises(ValueError, match=field):
        SqlForm.model_validate({**given, field: value})


async def test_a_driver_that_is_not_installed_is_named(database: str) -> None:
    assert database
    missing = Dialect("no_such_driver", "?", _open_file, lambda _, connection: connection.cursor())
    with pytest.raises(ViewFailed, match="没有安装数据库驱动 no_such_driver"):
        async for _ in DbApiView(missing, "", 0, "", "", "").batches(Wanted("v", "m", ("k",), None, 9)):
            pass


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (timedelta(hours=8, minutes=5), "08:05:00"),
        ("0000-00-00 00:00:00", None),
        (Decimal("12.30"), "12.30"),
        (b"\x01", "01"),
        ("女  ", "女"),
        (datetime(2026, 3, 1, 8), "2026-03-01T08:00:00"),  # noqa: DTZ001 - a HIS writes its wall clock
        (None, None),
    ],
)
def test_what_drivers_give_is_kept_as_plain_values(told: object, kept: object) -> None:
    assert sql_views._cell(told) == kept


async def test_a_driver_that_reads_on_when_forgotten_is_left_clean(tmp_path: Path) -> None:
    """PyMySQL's streaming result reads what is left when it is collected: a pull that is cut off tells it not to."""
    left: list[int] = []
    path = tmp_path / "his.db"
    with sqlite3.connect(path) as made:
        made.execute("create table v (n integer)")
        made.executemany("insert into v values (?)", [(at,) for at in range(50)])
    dialect = Dialect(
        "sqlite3", "?", _open_file, lambda _, it: it.cursor(), lambda it: left.append(len(it.fetchall()))
    )
    batches = DbApiView(dialect, "", 0, str(path), "", "").batches(Wanted("v", "n", (), None, 20))
    async for batch in batches:
        assert len(batch.rows) == 20
        break
    await batches.aclose()  # type: ignore[attr-defined]
    assert left == [30]
