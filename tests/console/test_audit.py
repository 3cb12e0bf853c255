"""The audit log as an auditor reads it."""

from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import orjson
import pytest
from openpyxl import load_workbook

from console import audit_sheet
from core import audit, audit_keeping, clock, db, jobs, parameters
from core.actor import Actor, ActorKind, Door
from core.errors import Invalid
from core.settings import settings
from tests.console.conftest import Console


async def write(console: Console) -> None:
    """Three lines on three days, by alice, by admin and by the clock."""
    alice, admin = await console.house.actor("alice"), await console.house.actor("admin")
    nobody = Actor(ActorKind.SYSTEM, None, "系统", Door.CLOCK)
    for day, by, action, subject, number in (
        (1, alice, "test.sign", "ticket", 12),
        (2, admin, "test.change", "parameter", None),
        (3, nobody, "test.sign", "ticket", 13),
    ):
        with clock.frozen(datetime(2026, 3, day, 15, 59, tzinfo=UTC)):  # 23:59 in Shanghai
            await audit.record(by, action, subject, number, note="<i>备注</i>")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("what=test.", ["test.sign 工单 13", "test.change 系统参数", "test.sign 工单 12"]),
        ("what=test.sign", ["test.sign 工单 13", "test.sign 工单 12"]),
        ("what=test.&who=alice", ["test.sign 工单 12"]),
        ("what=test.&who=测试admin", ["test.change 系统参数"]),
        ("what=test.&who=系统", ["test.sign 工单 13"]),
        ("subject=ticket", ["test.sign 工单 13", "test.sign 工单 12"]),
        ("subject=ticket:12", ["test.sign 工单 12"]),
        ("subject=ticket：12", ["test.sign 工单 12"]),
        ("subject=工单：12", ["test.sign 工单 12"]),
        ("subject=工单", ["test.sign 工单 13", "test.sign 工单 12"]),
        ("what=test.&from=2026-03-02&to=2026-03-02", ["test.change 系统参数"]),
        ("to=2026-03-01", ["test.sign 工单 12"]),
        ("what=test.&door=clock", ["test.sign 工单 13"]),
        (
            "what=test.&words=i>备注&from=2026-03-01&to=2026-03-02",
            ["test.change 系统参数", "test.sign 工单 12"],
        ),
        ("what=test.&words=备_注&from=2026-03-01&to=2026-03-02", []),
        ("what=test.&result=trouble", []),
        ("what=test.&address=10.9.9.9", []),
        ("what=test.&trace=0123456789abcdef", []),
        ("what=test.&old=1", []),
        ("what=test%25.", []),
        ("who=nobody' or 1=1", []),
    ],
)
async def test_lines_are_found_by_who_what_and_when(console: Console, query: str, found: list[str]) -> None:
    await write(console)
    page = await (await console.enter("auditor")).get(f"/audit?{query}")
    what, which = (
        page.words("//tbody//td[@data-label='操作']//small"),
        page.words("//tbody//td[@data-label='对象']"),
    )
    assert [f"{action} {subject}" for action, subject in zip(what, which, strict=True)] == found


async def test_a_day_that_is_none_is_told_beside_its_field(console: Console) -> None:
    page = await (await console.enter("auditor")).get("/audit?from=2026-02-30")
    assert (page.status, page.one("//*[@class='fault']")) == (422, "日期格式应为 2026-11-21")


@pytest.mark.parametrize(
    ("query", "field", "why"),
    [
        ("from=2026-03-02&to=2026-03-01", "to", "早于起始日期"),
        ("subject=nobody' or 1=1", "subject", "没有叫这个名字的对象，请核对编号或名称"),
        ("subject=case:zwölf", "subject", "冒号后应为数字编号，如 诉求:12"),
        ("subject=case:99999999999999999999", "subject", "冒号后应为数字编号，如 诉求:12"),
        ("words=x&from=2026-01-01&to=2026-06-01", "words", "按关键词查询时，起止日期不能超过 92 天"),
    ],
)
async def test_a_faulty_filter_is_told_beside_its_field(
    console: Console, query: str, field: str, why: str
) -> None:
    page = await (await console.enter("auditor")).get(f"/audit?{query}")
    assert (page.status, page.one(f"//*[@id='fault-{field}']")) == (422, why)


async def test_what_changed_is_shown_before_and_after(console: Console) -> None:
    keeper = await console.house.actor("keeper")
    await parameters.change("session.idle_minutes", "45", by=keeper)
    page = await (await console.enter("auditor")).get("/audit?what=parameter.")
    assert page.words("//*[@class='audit-change']/div") == ["修改前（空）", "修改后45"]
    assert page.words("//tbody//td[@data-label='操作']/span/a") == ["修改系统参数"]
    assert page.words("//tbody//td[@data-label='人员']/span/small") == ["安全管理员"]


async def test_a_long_log_comes_in_pages_that_keep_the_filters(console: Console) -> None:
    alice = await console.house.actor("alice")
    for number in range(1, 113):
        await audit.record(alice, "test.many", "ticket", number)
    auditor = await console.enter("auditor")
    found: list[str] = []
    path = "/audit?what=test.many"
    while path:
        page = await auditor.get(path)
        found += page.words("//tbody//td[@data-label='对象']")
        path = next(iter(page.tree.xpath("//*[@class='more']/a/@href")), "")
    assert found == [f"工单 {number}" for number in range(112, 0, -1)]


async def test_the_log_is_taken_out_as_a_sheet_and_that_is_a_line(console: Console) -> None:
    await write(console)
    auditor = await console.enter("auditor")
    async with auditor.session.get(auditor.server.make_url("/audit/sheet?what=test.sign")) as answer:
        assert answer.status == 200
        data = await answer.read()
    rows = [list(row) for row in load_workbook(BytesIO(data)).active.iter_rows(values_only=True)]  # type: ignore[union-attr]
    assert [(row[0], row[1], row[6], row[7]) for row in rows[2:]] == [
        ("2026-03-03 23:59:00", "系统", "test.sign", "工单 13"),
        ("2026-03-01 23:59:00", "测试alice", "test.sign", "工单 12"),
    ]
    assert str(rows[0][0]).startswith("测试auditor 于 ")
    line = await db.fetchrow("select actor_name, detail from audit where action = 'audit.export'")
    assert line is not None
    detail = orjson.loads(line["detail"])
    assert (line["actor_name"], detail["rows"], detail["filters"]) == (
        "测试auditor",
        2,
        {"what": "test.sign"},
    )
    assert detail["sha256"] == sha256(data).hexdigest()
    assert await db.fetchval("select sha256 from data_export where kind = 'audit'") == detail["sha256"]


async def test_too_many_lines_are_not_taken_out(console: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    await write(console)
    monkeypatch.setattr(audit_sheet, "MOST", 2)
    page = await (await console.enter("auditor")).get("/audit/sheet?what=test.")
    assert (page.status, page.one("//*[@class='fault']")) == (422, "请缩短起止日期或增加条件")


async def test_the_chain_is_proven_and_a_changed_line_is_found(console: Console) -> None:
    await write(console)
    alice = await console.house.actor("alice")
    assert await audit.seal() >= 3
    auditor = await console.enter("auditor")
    sound = await auditor.post("/audit/verify", part=True)
    assert sound.one("//b") == "审计链完整"

    line = await db.fetchval("select id from audit where actor_id = $1 and action = 'test.sign'", alice.id)
    await db.execute("alter table audit disable trigger user")
    await db.execute(
        "update audit set actor_name = '别人' where actor_id = $1 and action = 'test.sign'", alice.id
    )
    broken = await auditor.post("/audit/verify", part=True)
    assert broken.one("//b").endswith(f"第 {line} 行在封印之后被改动")
    page = await auditor.get("/audit")
    assert page.one("//*[@id='verdict']//b").endswith(f"第 {line} 行在封印之后被改动")
    asked = await db.fetchval("select count(*) from audit where action = 'audit.verify'")
    assert asked == 2


async def test_a_long_chain_is_proven_by_a_job_that_tells_how_far_it_is(
    console: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_keeping, "SHORT", 0)
    await write(console)
    while await audit.seal():
        pass
    auditor = await console.enter("auditor")
    begun = await auditor.post("/audit/verify", part=True)
    (where,) = begun.tree.xpath("//@hx-get")
    assert (begun.one("//b"), begun.words("//small")) == ("正在校验…", ["排队中，后台进程即将开始。"])
    job = await db.fetchval("select id from job where kind = 'audit.check'")
    await db.execute("""update job set progress = '{"done": 3, "total": 9, "note": ""}' where id = $1""", job)
    assert "已核对 3 段封印，共 9 段" in (await auditor.get(where, part=True)).one("//small")
    assert await jobs.run_job(job) == "done"
    assert (await auditor.get(where, part=True)).one("//b") == "审计链完整"
    proven = await db.fetchrow("select actor_name, role, door from audit where action = 'audit.verify'")
    assert proven is not None
    assert tuple(proven) == ("测试auditor", "auditor", "web")


async def test_an_archived_month_is_fetched_back_searched_and_cleared(
    console: Console, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path))
    settings.cache_clear()
    alice = await console.house.actor("alice")
    with clock.frozen(datetime(2024, 3, 5, 1, 2, 3, tzinfo=UTC)):
        await audit.record(alice, "test.old", "ticket", 77)
    await audit.seal()
    await db.execute("select audit_partitions(date '2024-03-01')")
    assert await audit_keeping.archive_old() == 1
    auditor = await console.enter("auditor")
    assert (await auditor.get("/audit?what=test.old")).words("//tbody/tr") == []
    page = await auditor.get("/audit/archives")
    assert page.words("//tbody//button") == ["校验", "调阅"]
    await auditor.post("/audit/archives/2024-03/restore", part=True)
    (job,) = await db.fetch("select id from job where kind = 'audit.restore'")
    assert await jobs.run_job(job["id"]) == "done"
    found = await auditor.get("/audit?what=test.old&old=1")
    assert found.words("//tbody//td[@data-label='对象']") == ["工单 77"]
    assert (await auditor.post("/audit/archives/2024-03/forget")).status == 303
    assert (await auditor.get("/audit?what=test.old&old=1")).words("//tbody/tr") == []
    assert (await auditor.post("/audit/archives/2023-01/prove", part=True)).status == 404


async def test_keeping_for_less_than_the_law_asks_is_refused_in_its_name(console: Console) -> None:
    keeper = await console.house.actor("keeper")
    with pytest.raises(Invalid) as refused:
        await parameters.change("audit.keep_days", "179", by=keeper)
    assert "不能小于 180：《网络安全法》第二十三条第三项" in refused.value.message
    await parameters.change("audit.keep_days", "180", by=keeper)
    assert await parameters.number(audit_keeping.KEEP_DAYS) == 180


async def test_the_application_that_owns_the_tables_is_warned_of(console: Console) -> None:
    page = await (await console.enter("auditor")).get("/audit/archives")
    assert "同时是数据库所有者" in page.one("//*[@class='audit-facts']")


async def test_who_may_not_read_the_log_may_not_prove_it_either(console: Console) -> None:
    assert (await (await console.enter("admin")).post("/audit/verify", part=True)).status == 403


async def test_things_are_called_what_people_call_them_and_persons_are_masked(console: Console) -> None:
    alice = await console.house.actor("alice")
    unit, staff = await db.fetchval("select id from org_unit order by id limit 1"), alice.staff_id
    unit_name = await db.fetchval("select name from org_unit where id = $1", unit)
    number = await db.fetchval("select number from staff where id = $1", staff)
    patient = await db.fetchval("insert into patient (number, name) values ('P-7', '张测试') returning id")
    room = await db.fetchval(
        "insert into room (subject, title) values ('test', '张测试 13800000917 的群') returning id"
    )
    await audit.record(
        alice,
        "patient.reveal",
        "patient",
        patient,
        reason="张测试来电 020-8765 4321，身份证 990000 20200229 0035",
        unit=unit,
        fields=["phone", "id_number"],
        until="2026-03-02T01:00:00+00:00",
        given=True,
    )
    await audit.record(alice, "room.rename", "room", room)
    await audit.record(alice, "room.join", "room", room, staff=[staff], about=f"patient:{patient}")
    await audit.record(
        alice, "staff.change", "staff", staff, before={"role": "auditor"}, after={"mobile": 13800000917}
    )
    auditor = await console.enter("auditor")

    async def told(query: str) -> list[str]:
        return (await auditor.get(f"/audit?{query}")).words("//tbody//td[@data-label='对象']")

    assert await told("what=patient.reveal") == ["患者 张*试（P-7）"]
    assert await told("subject=P-7") == ["患者 张*试（P-7）"]
    assert await told(f"subject=patient:{patient}") == ["患者 张*试（P-7）"]
    assert await told("what=room.rename") == ["群聊 张测试 138****0917 的群"]
    assert await told("what=staff.change") == [f"人员 测试alice（{number}）"]
    page = await auditor.get("/audit?subject=P-7")
    facts = dict(zip(page.words("//tbody//dt"), page.words("//tbody//dd"), strict=True))
    assert facts["原因"].startswith("张*试来电 020-****4321，身份证 990000********0035")
    assert (facts["科室"], facts["截止日期"], facts["是否同意"]) == (unit_name, "2026-03-02 09:00", "是")
    assert facts["字段"] == "电话、证件号"
    joined = (await auditor.get("/audit?what=room.join")).words("//tbody//dd")
    assert f"测试alice（{number}）" in joined
    assert "患者 张*试（P-7）" in joined
    change = (await auditor.get("/audit?what=staff.change")).words("//*[@class='audit-change']/div")
    assert change[0] == "修改前角色 安全审计员"
    assert "138****0917" in change[1]
