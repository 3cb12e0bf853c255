"""Looks at what is hidden: a reason of substance, so many within an hour, the alarm; files of secret cases by a pass alone."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
import pytest_asyncio

from core import clock, crypto, db, inbound, looking, parameters
from core.actor import Door, system
from core.settings import settings
from staff.actors import actor_of
from staff.roles import Role
from tests.console.desk import Desk, open_desk, settle
from tests.console.privacy_cast import bytes_of, patient
from tickets import material

WHY = {"reason": "电话核实诉求"}


@pytest_asyncio.fixture
async def desk(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    """The hospital with somebody who answers for security."""
    assert database_url, redis_url
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()
    async with open_desk() as opened:
        people = dict(opened.people)
        for number, name, role in (
            ("guard", "测试安管", Role.SECURITY),
            ("inspector", "测试纪检", Role.DISCIPLINE),
        ):
            staff_id = await db.fetchval(
                "insert into staff (number, name, wecom_userid) values ($1, $2, $1) returning id",
                number,
                name,
            )
            await db.execute("insert into post (staff_id, unit_id, role) values ($1, 1, $2)", staff_id, role)
            people[number] = await actor_of(staff_id, Door.WEB)
        yield Desk(opened.server, people, opened.browsers)


async def lines(action: str) -> int:
    found: int = await db.fetchval("select count(*) from audit where action = $1", action)
    return found


@pytest.mark.parametrize(
    "reason", ["", "核实", "……………………", "111111", "。。。一二"], ids=["none", "short", "signs", "same", "dots"]
)
async def test_a_reason_that_says_nothing_opens_nothing(desk: Desk, reason: str) -> None:
    one, case = await patient(), (await desk.receive())[0].id
    centre = await desk.enter("centre")
    for path in (f"/patients/{one}/reveal", f"/cases/{case}/reveal", f"/cases/{case}/raw"):
        page = await centre.post(path, {"reason": reason}, part=True)
        assert (page.status, len(page.words("//*[@class='fault']"))) == (422, 1)
    assert await lines("patient.reveal") + await lines("case.reveal") + await lines("case.raw") == 0


async def test_beyond_so_many_looks_within_an_hour_nothing_more_opens_and_security_is_told_once(
    desk: Desk,
) -> None:
    one, case = await patient(), (await desk.receive())[0].id
    await parameters.change(looking.PER_HOUR.name, "3", by=system())
    centre, chief = await desk.enter("centre"), await desk.enter("chief")
    for path in (f"/patients/{one}/reveal", f"/cases/{case}/reveal", f"/cases/{case}/raw"):
        assert (await centre.post(path, WHY, part=True)).status == 200
    for path in (f"/patients/{one}/reveal", f"/cases/{case}/reveal"):
        refused = await centre.post(path, WHY, part=True)
        assert (refused.status, "13800000001" in refused.text) == (429, False)
    assert (await chief.post(f"/patients/{one}/reveal", WHY, part=True)).status == 200  # each counts alone
    await settle()
    told = await db.fetch("select text from message where purpose = 'look.limit'")
    assert ["测试客服甲（centre）一小时内已查看完整个人信息 3 次" in row["text"] for row in told] == [True]
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        again = await desk.enter("centre")
        assert (await again.post(f"/cases/{case}/reveal", WHY, part=True)).status == 200


async def test_what_is_shown_goes_by_itself(desk: Desk) -> None:
    one = await patient()
    shown = await (await desk.enter("centre")).post(f"/patients/{one}/reveal", WHY, part=True)
    assert shown.tree.xpath("//@data-brief") == ["60"]


async def test_a_colleagues_phone_is_masked_in_the_form_and_whole_for_a_reason_alone(desk: Desk) -> None:
    who = desk.liaison.id
    await db.execute(
        "update staff set phone = $2, phone_hash = $3 where id = $1",
        who,
        crypto.key_ring().encrypt("13800000055", "staff.phone"),
        crypto.search_hash("13800000055"),
    )
    guard, centre = await desk.enter("guard"), await desk.enter("centre")
    drawer = await guard.get(f"/settings/staff/{who}/edit", part=True)
    assert drawer.tree.xpath("//input[@name='phone']/@value") == ["138****0055"]
    given = {"name": "测试联络人甲", "title": "护士长", "phone": "138****0055"}
    assert (await guard.post(f"/settings/staff/{who}/edit", given)).status == 303
    wrong = await guard.post(f"/settings/staff/{who}/edit", {**given, "phone": "139****0055"}, part=True)
    assert (wrong.status, wrong.words("//*[@class='fault']")) == (422, ["请填写完整的号码，或保留原样"])
    assert (await centre.post(f"/settings/staff/{who}/reveal", WHY, part=True)).status == 403
    shown = await guard.post(f"/settings/staff/{who}/reveal", WHY, part=True)
    assert shown.words("//dd") == ["测试联络人甲", "13800000055"]
    row = await db.fetchrow("select actor_name, subject_id, detail from audit where action = 'staff.reveal'")
    assert row is not None
    assert (row["actor_name"], row["subject_id"], orjson.loads(row["detail"])) == (
        "测试安管", who, {"reason": "电话核实诉求", "fields": ["手机"]},
    )  # fmt: skip


async def test_a_file_of_a_secret_case_opens_by_a_pass_of_two_minutes_for_one_person(desk: Desk) -> None:
    case, _ = await desk.receive()
    await material.add_record(case.id, "来信.txt", "来信全文".encode(), by=desk.centre)
    file = await db.fetchval("select file_id from attachment where kind = 'record'")
    await db.execute("update cases set secret = true where id = $1", case.id)
    inspector, other = await desk.enter("inspector"), await desk.enter("centre")
    path = f"/cases/{case.id}/files/{file}"
    assert (await bytes_of(inspector, path))[0] == 409
    assert path not in [
        link.partition("?")[0] for link in (await inspector.get(f"/cases/{case.id}")).tree.xpath("//@href")
    ]
    assert (await inspector.post(f"{path}/reveal", {"reason": "看"}, part=True)).status == 422
    opened = await inspector.post(f"{path}/reveal", {"reason": "核对举报材料"}, part=True)
    link = opened.tree.xpath("//a/@href")[0]
    assert await bytes_of(inspector, link) == (200, "来信全文".encode())
    assert (await bytes_of(inspector, link[:-1] + ("0" if link[-1] != "0" else "1")))[0] == 409
    assert (await bytes_of(other, link))[0] in (404, 409)
    with clock.frozen(clock.now() + timedelta(seconds=121)):
        assert (await bytes_of(inspector, link))[0] == 409
    assert await lines("case.secret_file") == 1


async def test_what_came_from_outside_is_read_for_a_reason(desk: Desk) -> None:
    admin = await desk.enter("admin")
    await inbound.store("test", "x-1", b'{"caller_phone": "13800000066"}')
    number = await db.fetchval("update inbound set state = 'parked' returning id")
    path = f"/operate/inbound/parked/{number}"
    assert "13800000066" not in (await admin.get(path, part=True)).text
    bad = await admin.post(f"{path}/reveal", {"reason": "看"}, part=True)
    assert ("13800000066" in bad.text, len(bad.words("//*[@class='fault']"))) == (False, 1)
    good = await admin.post(f"{path}/reveal", {"reason": "核对字段后重放"}, part=True)
    assert "13800000066" in good.one("//textarea")
    assert await lines("operate.reveal") == 1
