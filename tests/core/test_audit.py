"""The audit log cannot be changed in silence."""

import hashlib
from datetime import UTC, datetime

import asyncpg
import orjson
import pytest

from core import audit, audit_origin, clock, db
from core.actor import Actor, ActorKind, Door, system

TESTER = system("测试")


async def written(number: int, *, at: datetime | None = None) -> None:
    """One line about a thing."""
    if at is None:
        await audit.record(TESTER, "test.step", "thing", number, note="备注")
        return
    with clock.frozen(at):
        await audit.record(TESTER, "test.step", "thing", number, note="备注")


async def tamper(sql: str) -> None:
    """As somebody with the owner's rights would."""
    await db.execute("alter table audit disable trigger user")
    await db.execute(sql)
    await db.execute("alter table audit enable trigger user")


async def test_a_sealed_log_is_sound_and_any_tampering_names_the_line(database: object) -> None:
    for number in range(5):
        await written(number)
    assert await audit.seal() == 5
    await written(6)
    assert await audit.seal() == 1
    assert await audit.verify() == audit.Verdict(lines=6, seals=2, broken="")
    with pytest.raises(asyncpg.PostgresError, match="append-only"):
        await db.execute("update audit set actor_name = '别人' where subject_id = 3")
    line = await db.fetchval("select id from audit where subject_id = 3")
    await tamper("update audit set actor_name = '别人' where subject_id = 3")
    broken = await audit.verify()
    assert broken == audit.Verdict(0, 0, f"封印 1：第 {line} 行在封印之后被改动", 0, line, 1)
    await tamper("update audit set actor_name = '测试' where subject_id = 3")
    gone = await db.fetchval("select id from audit where subject_id = 6")
    await tamper("delete from audit where subject_id = 6")
    assert (await audit.verify()).broken == f"封印 2：缺少 1 行审计记录（第 {gone} 行起）"


@pytest.mark.parametrize(
    "column", ["role", "agent", "session", "result", "address", "door", "detail", "at", "trace_id"]
)
async def test_every_column_lies_under_the_seal(database: object, column: str) -> None:
    await written(1)
    await audit.seal()
    value = {"detail": "'{}'::jsonb", "at": "at + interval '1 microsecond'"}.get(column, "'anders'")
    await tamper(f"update audit set {column} = {value}")  # noqa: S608 - words of this test
    line = await db.fetchval("select id from audit")
    assert (await audit.verify()).broken == f"封印 1：第 {line} 行在封印之后被改动"


async def test_a_seal_that_was_made_anew_no_longer_joins_the_next(database: object) -> None:
    for number in (1, 2):
        await written(number)
        await audit.seal()
    await db.execute("alter table audit_seal disable trigger user")
    await db.execute("update audit_seal set before = 'x'::bytea where no = 2")
    assert (await audit.verify()).broken == "封印 2：与上一封印不相接"
    await db.execute("delete from audit_seal where no = 1")
    assert (await audit.verify()).broken == "封印 2：与上一封印不相接"


async def test_a_line_smuggled_in_beside_the_seals_shows(database: object) -> None:
    await written(1)
    await audit.seal()
    smuggled = await db.fetchval(
        "insert into audit (at, actor_kind, actor_name, door, action, subject)"
        " values (now(), 'staff', '假', 'web', 'x', 'y') returning id"
    )
    assert (await audit.verify()).broken == f"有 1 行审计记录不在任何封印之内（第 {smuggled} 行起）"


async def test_seals_of_the_form_before_still_prove_their_lines(database: object) -> None:
    await written(1)
    await written(2)
    rows = await db.fetch(
        "select id, at, actor_kind, actor_id, actor_name, door, address, action, subject, subject_id, detail, trace_id"
        " from audit order by id"
    )
    sha = hashlib.sha256(b"")
    for row in rows:
        sha.update(orjson.dumps([str(value) for value in row.values()]))
    await db.execute(
        "insert into audit_seal (ids, before, hash) values ($1::bigint[], '', $2)",
        [row["id"] for row in rows],
        sha.digest(),
    )
    await db.execute("delete from audit_unsealed")
    await written(3)
    await audit.seal()
    assert await audit.verify() == audit.Verdict(lines=3, seals=2, broken="")
    await tamper("update audit set role = 'auditor' where subject_id = 2")
    assert (await audit.verify()).broken == f"封印 1：第 {rows[1]['id']} 行在封印之后被改动"


async def test_a_seal_covers_lines_of_one_month(database: object) -> None:
    for number, month in enumerate((3, 3, 4, 5)):
        await written(number, at=datetime(2024, month, 9, tzinfo=UTC))
    assert [await audit.seal() for _ in range(4)] == [2, 1, 1, 0]
    assert await audit.verify() == audit.Verdict(lines=4, seals=3, broken="")


async def test_lines_outside_of_every_month_move_to_theirs_when_it_is_made(database: object) -> None:
    await written(1, at=datetime(2024, 3, 31, 23, 59, tzinfo=UTC))
    await written(2, at=datetime(2024, 4, 1, tzinfo=UTC))
    await audit.seal()
    await audit.seal()
    await db.execute("select audit_partitions(date '2024-03-15')")
    rows = await db.fetch("select tableoid::regclass::text as part, subject_id from audit order by id")
    assert [tuple(row) for row in rows] == [("audit_202403", 1), ("audit_202404", 2)]
    assert await audit.verify() == audit.Verdict(lines=2, seals=2, broken="")
    for table in ("audit", "audit_202403", "audit_default", "audit_seal"):
        with pytest.raises(asyncpg.PostgresError, match="append-only"):
            await db.execute(f"truncate {table}")


async def test_a_line_says_from_where_and_with_which_rights(database: object) -> None:
    alice = Actor(ActorKind.STAFF, 7, "测试甲", Door.WEB, roles=("clinician", "liaison"))
    with audit_origin.opened("10.1.2.3", "Mozilla/5.0 " + "x" * 500) as origin:
        origin.session = "0123456789abcdef01234567"
        await audit.record(alice, "test.step", "thing", 1)
        assert origin.lines == 1
    await audit.record(alice, "test.failed", "thing", 2)
    rows = await db.fetch("select role, address, agent, session, result from audit order by id")
    assert [tuple(row) for row in rows] == [
        (
            "clinician,liaison",
            "10.1.2.3",
            ("Mozilla/5.0 " + "x" * 500)[:300],
            "0123456789abcdef01234567",
            "ok",
        ),
        ("clinician,liaison", "", "", "", "failed"),
    ]


async def test_what_is_nobodys_business_is_masked_before_it_is_written(database: object) -> None:
    await audit.record(
        TESTER,
        "test.step",
        "thing",
        1,
        before={"phone": "13800001234", "name": "参数"},
        after=["打给 19900005678，身份证 990101199001011234", 13800001234],
        password="Geheim@1",
        order_no="13800001111",
        reason="核对",
    )
    assert orjson.loads(await db.fetchval("select detail from audit")) == {
        "before": {"phone": "138****1234", "name": "参数"},
        "after": ["打给 199****5678，身份证 990101********1234", "138****1234"],
        "password": "***",
        "order_no": "13800001111",
        "reason": "核对",
    }


async def test_a_line_beside_another_statement_is_the_same_line(database: object) -> None:
    made = audit.beside(
        TESTER, "test.step", "thing", 3, source="story", fact="story", at=1, before="a", after="b"
    )
    number = await db.fetchval(
        f"with story as (select $1::bigint as id){made.sql} select id from story",  # noqa: S608 - our own words
        77,
        *made.values,
    )
    await audit.record(TESTER, "test.step", "thing", 3, before="a", after="b", story=number)
    first, second = await db.fetch("select * from audit order by id")
    assert dict(first) | {"id": 0, "at": None} == dict(second) | {"id": 0, "at": None}
    assert await audit.seal() == 2
    assert await audit.verify() == audit.Verdict(lines=2, seals=1, broken="")


async def test_a_sign_that_the_database_cannot_keep_does_not_cost_the_line(database: object) -> None:
    async with db.transaction():
        await audit.record(system(), "request.refused", "page", None, path="/cases/\0", tried=["a\0b"])
    assert orjson.loads(await db.fetchval("select detail::text from audit order by id desc limit 1")) == {
        "path": "/cases/\N{REPLACEMENT CHARACTER}",
        "tried": ["a\N{REPLACEMENT CHARACTER}b"],
    }
