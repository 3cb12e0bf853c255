"""The application's role of the database works, and can do nothing to the audit log but add to it."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime

import asyncpg
import pytest
import pytest_asyncio

from core import audit, audit_archiving, audit_rights, clock, db
from core.actor import system
from core.audit_rights import WRITTEN_ONCE, Standing

ROLE = f"huiyin_app_test_{os.getpid()}"
SECRET = "of the tests' cluster's role"


@pytest_asyncio.fixture
async def application(
    database_url: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The database, opened as the application's role; the value is the owner's address."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    await audit_rights.apply(database_url, ROLE, SECRET)
    await db.open_db(audit_rights.as_role(database_url, ROLE, SECRET))
    yield database_url
    await db.close_db()
    raw = await asyncpg.connect(database_url)
    await raw.execute(f"drop owned by {ROLE}; drop role {ROLE}")
    await raw.close()


async def old_line() -> None:
    """A sealed line of March 2024, with its partition."""
    await db.execute("select audit_partitions(date '2024-03-01')")
    with clock.frozen(datetime(2024, 3, 5, tzinfo=UTC)):
        await audit.record(system("测试"), "test.step", "thing", 1)
    assert await audit.seal() == 1


async def test_the_application_writes_seals_proves_and_makes_partitions(application: str) -> None:
    await old_line()
    assert await audit.verify() == audit.Verdict(lines=1, seals=1, broken="")
    assert await audit_rights.standing() == Standing(ROLE, owner=False, too_much=())


ATTEMPTS = (
    "update audit set actor_name = '别人'",
    "delete from audit",
    "truncate audit",
    "update audit_202403 set actor_name = '别人'",
    "delete from audit_202403",
    "select * from audit_202403",
    "truncate audit_202403",
    "drop table audit_202403",
    "alter table audit detach partition audit_202403",
    "alter table audit disable trigger all",
    "alter table audit_202403 disable trigger all",
    "create trigger mine before insert on audit for each row execute function refuse_change()",
    "drop trigger audit_append_only on audit",
    "create or replace function refuse_change() returns trigger language plpgsql as 'begin return new; end'",
    "update audit_seal set hash = ''",
    "delete from audit_seal",
    "truncate audit_seal",
    "update audit_archive set lines = 0",
    "delete from audit_archive",
    "alter table audit owner to current_user",
    "grant update on audit to current_user",
    "set session_replication_role = replica",
    "create table shadow (id int)",
    "update schema_migration set digest = ''",
    "delete from audit_default",
    "insert into audit_202403 (at, actor_kind, actor_name, door, action, subject) values ('2024-03-05', 'x', 'x', 'x', 'x', 'x')",
    "alter table audit add column note text",
    "alter table audit rename to audit_gone",
    "create rule mine as on insert to audit do instead nothing",
    "create or replace view audit_seal_view as select 1",
    "drop function audit_drop_month(date)",
    "alter function audit_drop_month(date) set search_path = pg_temp",
    "alter table audit_seal disable trigger all",
    "drop table audit_archive",
    "alter table audit_archive disable trigger all",
    "select setval('audit_id', 1)",
    "select setval('audit_seal_no_seq', 1)",
    "alter sequence audit_id restart",
    "create schema mine",
    "copy audit to program 'true'",
    "alter system set log_statement = 'none'",
    "alter table audit_id owner to current_user",
    f"alter role {ROLE} superuser",
)


async def test_the_application_cannot_touch_what_is_written(application: str) -> None:
    await old_line()
    before = await db.fetch("select * from audit")
    done = []
    for attempt in ATTEMPTS:
        try:
            await db.execute(attempt)
        except asyncpg.InsufficientPrivilegeError:
            continue
        done.append(attempt)
    assert done == ["grant update on audit to current_user"]  # told as a warning only; it gave nothing:
    assert await audit_rights.standing() == Standing(ROLE, owner=False, too_much=())
    assert await db.fetch("select * from audit") == before


async def test_not_even_the_owner_gets_past_the_triggers_by_accident(application: str) -> None:
    await old_line()
    raw = await asyncpg.connect(application)
    for attempt in (
        "update audit set door = 'x'",
        "delete from audit_seal",
        "truncate audit",
        "truncate audit_202403",
    ):
        with pytest.raises(asyncpg.RaiseError, match="append-only"):
            await raw.execute(attempt)
    await raw.close()


async def test_a_month_goes_only_when_it_is_old_and_archived_line_by_line(application: str) -> None:
    await old_line()
    with pytest.raises(asyncpg.RaiseError, match="not archived"):
        await db.execute("select audit_drop_month(date '2024-03-01')")
    today = await db.fetchval("select now()::date")
    with pytest.raises(asyncpg.RaiseError, match="younger than 180 days"):
        await db.execute("select audit_drop_month($1)", today)
    month = date(2024, 3, 1)
    await audit_archiving.write(month, by=system("测试"))
    with clock.frozen(datetime(2024, 3, 6, tzinfo=UTC)):
        await audit.record(system("测试"), "test.late", "thing", 2)
    with pytest.raises(asyncpg.RaiseError, match="not what was archived"):
        await db.execute("select audit_drop_month($1)", month)


async def test_whoever_is_both_owner_and_application_is_told_so(database: str) -> None:
    found = await audit_rights.standing()
    assert (found.owner, found.apart, len(found.too_much)) == (True, False, 4 * len(WRITTEN_ONCE))


async def test_what_runs_with_the_owners_rights_looks_only_where_the_owner_put_it(application: str) -> None:
    assert application
    rows = await db.fetch(
        "select p.oid::regprocedure::text as name, coalesce(p.proconfig, '{}') as set,"
        " has_function_privilege('public', p.oid, 'execute') as everybody from pg_proc p"
        " where p.prosecdef and p.pronamespace = 'public'::regnamespace order by 1"
    )
    assert [(row["name"], list(row["set"]), row["everybody"]) for row in rows] == [
        ("audit_drop_month(date)", ["search_path=public, pg_temp"], False),
        ("audit_month(date)", ["search_path=public, pg_temp"], False),
    ]


async def test_tables_of_ones_own_do_not_lead_the_owners_functions_astray(application: str) -> None:
    assert application
    await old_line()
    async with db.transaction():
        await db.execute(
            "create temp table audit_archive (month date, lines bigint, ids int8multirange) on commit drop"
        )
        await db.execute("insert into audit_archive values ('2024-03-01', 1, '{[1,100)}')")
        with pytest.raises(asyncpg.RaiseError, match="not archived"):
            async with db.transaction():
                await db.execute("select audit_drop_month(date '2024-03-01')")
    assert await db.fetchval("select count(*) from audit") == 1
