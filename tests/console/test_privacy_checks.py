"""A copy or a deletion needs two people, a refusal its ground, and a copy goes once to who proves themselves."""

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio
import pyzipper
from asyncpg import PostgresError

from core import clock, db
from core.actor import Door
from core.settings import settings
from staff.actors import actor_of
from staff.roles import Role
from tests.console.browser import open_browser
from tests.console.desk import Desk, settle
from tests.console.privacy_cast import ID, agreed_to, asked_for, audited_desk, jobs, patient
from tickets.privacy import packing

WHY = {"reason": "电话告知申请人密码"}
WORDS = "您要求删除的住院病历依法须保存三十年，本院不能删除；如有异议可以向人民法院提起诉讼。"


@pytest_asyncio.fixture
async def desk(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """The hospital, its files in a folder of this test's own."""
    assert database_url, redis_url
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    async with audited_desk() as opened:
        yield opened


YES = {"verdict": "yes"}


async def agreeing(desk: Desk) -> None:
    """A second head of the centre."""
    staff_id = await db.fetchval(
        "insert into staff (number, name, wecom_userid) values ('deputy_head', '测试中心副主任', 'dh') returning id"
    )
    await db.execute(
        "insert into post (staff_id, unit_id, role, rank) values ($1, 1, $2, 2)", staff_id, Role.CENTRE_HEAD
    )
    desk.people["deputy_head"] = await actor_of(staff_id, Door.WEB)  # type: ignore[index]  # a dict behind a Mapping


async def test_what_is_asked_for_waits_for_somebody_who_neither_checked_nor_asked(desk: Desk) -> None:
    await patient()
    case, centre = await asked_for(desk, "copy", "erase")
    chief, second = await desk.enter("chief"), await desk.enter("second")
    assert (await chief.post(f"/cases/{case}/privacy/pack", part=True)).status == 200
    assert await db.fetchval("select count(*) from privacy_package") == 0
    page = await chief.get(f"/cases/{case}")
    offered = page.tree.xpath("//section[contains(@class, 'privacy-card')]//button/@hx-get")
    assert [path.rsplit("/", 1)[1] for path in offered] == ["check"]  # no other copy, nor the word itself
    assert (await second.post(f"/cases/{case}/privacy/pack", part=True)).status == 409
    assert (await chief.post(f"/cases/{case}/privacy/decide", YES, part=True)).status == 403  # asked for it
    assert (await second.post(f"/cases/{case}/privacy/decide", YES, part=True)).status == 403  # no such right
    assert (await centre.post(f"/cases/{case}/privacy/decide", YES, part=True)).status == 403
    assert (await second.get(f"/cases/{case}/privacy/decide", part=True)).status == 403
    assert await db.fetchval("select count(*) from privacy_package") == 0
    await agreeing(desk)
    other = await desk.enter("deputy_head")
    assert (await other.post(f"/cases/{case}/privacy/decide", {"verdict": "no"}, part=True)).status == 409
    assert (await other.post(f"/cases/{case}/privacy/decide", YES, part=True)).status == 200
    assert (await other.post(f"/cases/{case}/privacy/decide", YES, part=True)).status == 409  # once
    assert await db.fetchval("select asked_name from privacy_package") == "测试中心副主任"


async def test_the_table_itself_refuses_one_person_for_both_and_any_change(desk: Desk) -> None:
    await patient()
    case, centre = await asked_for(desk, "copy")
    await centre.post(f"/cases/{case}/privacy/pack", part=True)
    asked = await db.fetchval("select id from privacy_check where step = 'asked'")
    for who in (desk.centre.id,):
        with pytest.raises(PostgresError, match="one person checks, another agrees"):
            await db.execute(
                "insert into privacy_check (case_id, what, step, asked, by_id, by_name, at)"
                " values ($1, 'copy', 'agreed', $2, $3, '甲', now())",
                case,
                asked,
                who,
            )
    for sql in ("update privacy_check set by_name = '乙'", "delete from privacy_check"):
        with pytest.raises(PostgresError, match="append-only"):
            await db.execute(sql)


async def test_those_who_may_agree_are_told_and_find_it_at_home_and_who_asked_hears_of_it(desk: Desk) -> None:
    await patient()
    case, centre = await asked_for(desk, "erase")
    await centre.post(f"/cases/{case}/privacy/erase", {"confirmed": "yes"}, part=True)
    await settle()
    chief = await desk.enter("chief")
    found = await chief.get("/home/agreeing", part=True)
    assert "测试客服甲 提交：删除或停止处理个人信息" in found.text
    await chief.post(f"/cases/{case}/privacy/decide", {"verdict": "no", "note": "缺身份证复印件"}, part=True)
    await settle()
    rows = await db.fetch("select receiver_id, text from message where purpose = 'privacy.check' order by id")
    told = [(row["receiver_id"], row["text"].partition("（")[0].partition("\n")[0]) for row in rows]
    assert told[0] == (desk.chief.id, "测试客服甲 提交了“删除或停止处理个人信息”，等您复核。")
    assert told[-1] == (
        desk.centre.id,
        "您提交的“删除或停止处理个人信息”：测试中心主任 没有同意：缺身份证复印件",
    )
    assert await db.fetchval("select count(*) from privacy_erasure") == 0
    assert "未同意" in (await centre.get(f"/cases/{case}")).text


async def test_a_refusal_names_a_ground_that_fits_and_words_for_the_asker(desk: Desk) -> None:
    await patient()
    case, centre = await asked_for(desk, "copy", "erase")
    path = f"/cases/{case}/privacy/refuse"
    for given, fault in (
        ({"rights": ["erase"], "ground": "period", "words": "不行"}, "不能少于 15 个字"),
        ({"rights": ["copy"], "ground": "period", "words": WORDS}, "此理由只适用于：删除、限制或拒绝处理"),
    ):
        bad = await centre.post(path, given, part=True)
        assert (bad.status, bad.words("//*[@class='fault']")) == (422, [fault])
    good = {"rights": ["erase"], "ground": "period", "words": WORDS}
    assert (await centre.post(path, good, part=True)).status == 200
    assert (await centre.post(f"/cases/{case}/privacy/erase", {"confirmed": "yes"}, part=True)).status == 409
    page = await centre.get(f"/cases/{case}")
    assert WORDS in page.text
    assert "第二十九条" in page.text
    assert "/privacy/erase" not in page.text
    await agreed_to(desk, case, "pack", centre)  # what was not refused goes on


async def made(desk: Desk) -> tuple[int, str]:
    """A case with its package, and the address of the package."""
    await patient()
    case, centre = await asked_for(desk, "copy")
    await agreed_to(desk, case, "pack", centre)
    await jobs(packing.KIND)
    number = await db.fetchval("select id from privacy_package")
    return case, f"/cases/{case}/privacy/packages/{number}"


async def link() -> str:
    """The path of the link that was sent last."""
    text: str = await db.fetchval(
        "select text from message where purpose = 'privacy.package' order by id desc limit 1"
    )
    return "/p/d/" + text.partition("/p/d/")[2].partition(" ")[0]


async def test_the_asker_fetches_the_copy_once_with_a_proof_and_the_password_goes_another_way(
    desk: Desk,
) -> None:
    case, package = await made(desk)
    centre, liaison = await desk.enter("centre"), await desk.enter("liaison")
    assert (await liaison.post(f"{package}/send", part=True)).status in (403, 404)
    assert (await centre.post(f"{package}/send", part=True)).status == 200
    path, person = await link(), open_browser(desk.server)
    desk.browsers.append(person)
    assert (await person.get(path)).status == 200
    wrong = await person.post(path, {"proof": "123456"})
    assert (wrong.status, "还可以试 4 次" in wrong.text) == (422, True)
    assert (await centre.post(f"{package}/password", {"reason": "看"}, part=True)).status == 422
    told = (await centre.post(f"{package}/password", WHY, part=True)).one("//dd")
    assert told not in await db.fetchval("select text from message where purpose = 'privacy.package'")
    async with person.session.post(desk.server.make_url(path), data={"proof": ID[-6:]}) as answer:
        status, data = answer.status, await answer.read()
    archive = pyzipper.AESZipFile(io.BytesIO(data))
    archive.setpassword(told.encode())
    assert (status, ID in archive.read("data.json").decode()) == (200, True)
    assert (await person.get(path)).status == 404
    assert (await person.post(path, {"proof": ID[-6:]})).status == 404
    assert (await centre.post(f"{package}/send", part=True)).status == 409
    lines = await db.fetch("select action from audit where action like 'privacy.%' order by id")
    assert [row["action"] for row in lines][-4:] == [
        *("privacy.send", "privacy.take.failed", "privacy.password", "privacy.take"),
    ]
    row = await db.fetchrow("select who, door, recipient, case_id from data_export order by id desc limit 1")
    assert row is not None
    assert tuple(row) == ("申请人本人", "portal", "本人", case)


async def test_five_wrong_proofs_end_the_link_and_a_new_one_ends_the_old(desk: Desk) -> None:
    _, package = await made(desk)
    centre, person = await desk.enter("centre"), open_browser(desk.server)
    desk.browsers.append(person)
    await centre.post(f"{package}/send", part=True)
    old = await link()
    await centre.post(f"{package}/send", part=True)
    path = await link()
    assert (await person.get(old)).status == 404
    tries = [(await person.post(path, {"proof": f"00000{n}"})).status for n in range(6)]
    assert tries == [422, 422, 422, 422, 404, 404]
    assert (await person.post(path, {"proof": ID[-6:]})).status == 404
    await centre.post(f"{package}/send", part=True)
    assert (await person.get(await link())).status == 200
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert (await person.get(await link())).status == 404
