"""The page 安全自查 tells each setting as it is: what is wrong before it is put right, and that it is right after."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from console.security_checks import GOOD, KNOW, LATE, SOON, areas
from core import audit, audit_keeping, clock, db
from core.actor import system
from core.settings import settings
from sandbox.clamd import Clamd
from tests.console.desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    """The application with its people; one of them keeps watch."""
    async with open_desk() as opened:
        yield opened


async def found() -> dict[str, tuple[str, str]]:
    """Tone and words of each check."""
    return {check.label: (check.tone, check.told) for area in await areas() for check in area.checks}


async def test_what_an_examples_installation_lacks_is_named(desk: Desk) -> None:
    told = await found()
    tones = {label: tone for label, (tone, _) in told.items()}
    assert {label for label, tone in tones.items() if tone == LATE} == {
        "访问地址加密",
        "签名密钥",
        "加密密钥",
        "管理员的两步验证",
        "三员分立",
        "病毒扫描",
    }
    assert told["三员分立"][1] == "还没有人担任：安全审计员、安全管理员"
    assert told["审计日志校验"] == (SOON, "还没有校验过")
    assert tones["频率限制"] == GOOD


async def test_what_was_put_right_is_called_right(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    clamd = Clamd()
    server = await clamd.serve()
    for name, text in {
        "PUBLIC_URL": "https://huiyin.test",
        "ENVIRONMENT": "production",
        "SECRET_KEY": "q8Zr2Lw0Xv5Tn7Bk3Hd9Gs4Jm6Pc1Ya0Ue8Ri2Wo5",
        "ENCRYPTION_KEYS": "3:7Jt0mQh3vXo2n9y1uR5sK8bW4zC6dE0fG2hI4jK6lM8=",
        "CLAMAV_ADDRESS": f"127.0.0.1:{clamd.port}",
    }.items():
        monkeypatch.setenv(f"HUIYIN_{name}", text)
    settings.cache_clear()
    await db.execute("update staff set totp_secret = 'x'::bytea")
    who = await db.fetchval(
        "insert into staff (number, name, totp_secret) values ('s', 's', 'x'::bytea) returning id"
    )
    for number, role in ((who, "security"), (desk.people["second"].id, "auditor")):
        await db.execute("insert into post (staff_id, unit_id, role) values ($1, 1, $2)", number, role)
    await audit.record(system(), "tests.line", "tests", None)
    await audit_keeping.ask(system("测试审计员"))
    told = await found()
    assert [label for label, (tone, _) in told.items() if tone == LATE] == []
    assert told["病毒扫描"] == (GOOD, "已接入 ClamAV 1.4.1/27476/Sun Nov 22 10:24:33 2026")
    assert told["三员分立"] == (GOOD, "系统、安全、审计三类管理员由不同的人担任")
    assert told["审计日志校验"][0] == GOOD
    server.close()
    settings.cache_clear()


async def test_one_person_with_two_administrators_posts_and_an_account_nobody_uses_are_found(
    desk: Desk,
) -> None:
    admin = desk.people["admin"].id
    await db.execute("insert into post (staff_id, unit_id, role) values ($1, 1, 'auditor')", admin)
    await db.execute(
        "insert into staff (number, name, password_hash, password_set_at, created_at) values ('old', 'old', 'x', now(), $1)",
        clock.now() - timedelta(days=200),
    )
    told = await found()
    assert told["三员分立"] == (LATE, "1 人同时担任两种管理员")
    assert told["长期不用的账号"] == (SOON, "1 个账号 90 天没有登录过")
    assert told["密码期限"][0] in {GOOD, KNOW}


async def test_the_security_administrator_and_the_auditor_see_the_page_and_others_do_not(desk: Desk) -> None:
    await db.execute(
        "insert into post (staff_id, unit_id, role) values ($1, 1, 'security')", desk.people["second"].id
    )
    page = await (await desk.enter("second")).get("/settings/security")
    assert (page.status, page.words("//h1")[0]) == (200, "安全自查")
    assert page.words("//section/div/h2") == ["传输与密钥", "账号与登录", "文件", "审计", "外联与接口"]
    for name in ("admin", "centre", "liaison"):
        assert (await (await desk.enter(name)).get("/settings/security")).status == 403
    operate = await (await desk.enter("admin")).get("/operate")
    assert any("没有配置病毒扫描" in words for words in operate.words("//section/p"))
