"""One case, one file: its documents and their numbers, its order, its keeping, and the record of its destruction."""

from datetime import date
from pathlib import Path

import orjson
import pytest
from asyncpg import RaiseError

from core import clock, db, storage
from core.errors import Forbidden, Invalid, Refused
from core.settings import settings
from tests.tickets.conftest import Cast, at
from tests.tickets.petition import PETITIONER_ID, delivered, do, made, registered
from tests.tickets.test_road import opened
from tickets.models import Case
from tickets.petitions import documents, queries
from tickets.petitions.models import Petition
from tickets.queries import case_reports, choices
from tickets.word.preview import to_text
from tickets.word.variables import Kind


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


async def text_of(report: int, cast: Cast) -> str:
    line, _ = await case_reports.report(report, cast.centre)
    return to_text(await storage.read(await storage.find(line.file_id)))


async def filed(cast: Cast, retention: str) -> Case:
    """Filed on 6 May 2026."""
    case = await delivered(cast)
    with clock.frozen(at("2026-05-06 09:00")):
        await do("case.conclude", case.id, cast.centre, result="期限届满，信访人未申请复查")
        await made(case, Kind.PETITION_CLOSING, cast.centre)
        await do("case.file", case.id, cast.centre, retention=retention)
    return await Case.get(id=case.id)


async def offered(case: Case, cast: Cast, who: str) -> list[str]:
    case = await Case.get(id=case.id)
    found = [action.label for action in await choices.of_case(case, cast.people[who])]
    return [label for label in found if "销毁" in label]


async def test_the_opinion_letter_says_what_the_regulation_asks_for(cast: Cast) -> None:
    case = await delivered(cast, people=3)
    report = await db.fetchval("select max(id) from case_report where kind = 'petition_opinion'")
    said = await text_of(report, cast)
    for words in (
        "信访意见〔2026〕1号",
        "测试甲等 3 人：",
        "2026年3月2日，我单位收到您来信提出的信访事项",
        "2026年3月3日 受理",
        "要求退还多收的检查费 120 元。",
        "经查，收费系统于当日重复计费一次。",
        "三、处理意见（支持）",
        "《医疗机构投诉管理办法》",
        "自收到本意见书之日起 30 日内，向测试市卫生健康委员会申请复查",
    ):
        assert words in said
    assert "调解、和解协议" not in said
    assert case.state == "delivered"


async def test_the_register_names_the_person_whole_and_its_row_does_not(cast: Cast) -> None:
    case = await registered(cast, id_number=PETITIONER_ID)
    said = await text_of(await made(case, Kind.PETITION_REGISTER, cast.centre), cast)
    assert [word in said for word in (PETITIONER_ID, "13800000001", "测试路 2 号")] == [True, True, True]
    kept = orjson.loads(await db.fetchval("select context from case_report"))["petitioners"][0]
    assert (kept["id_number"], kept["phone"], kept["address"]) == (
        f"990101********{PETITIONER_ID[-4:]}",
        "138****0001",
        "测试市测试区****",
    )


async def test_documents_are_made_when_there_is_something_to_say_and_for_petitions_only(cast: Cast) -> None:
    case = await registered(cast)
    refused = {}
    for kind in Kind:
        if kind.source == "petition":
            try:
                await made(case, kind, cast.centre)
            except Refused as error:
                refused[kind] = error.message
    assert set(refused) == {
        Kind.PETITION_ACCEPTED,
        Kind.PETITION_DECLINED,
        Kind.PETITION_ENDED,
        Kind.PETITION_TRANSFER,
        Kind.PETITION_EXTENSION,
        Kind.PETITION_OPINION,
        Kind.PETITION_REVIEW,
        Kind.PETITION_REREVIEW,
        Kind.PETITION_CLOSING,
    }
    hotline, _ = await opened()
    with pytest.raises(Refused, match="只用于信访件"):
        await made(hotline, Kind.PETITION_REGISTER, cast.centre)


async def test_a_file_is_ordered_opinion_acceptance_material_investigation_delivery(cast: Cast) -> None:
    case = await delivered(cast)
    await made(case, Kind.PETITION_REGISTER, cast.centre)
    await do("case.write_record", case.id, cast.centre, facts="经调取收费记录核实")
    found = [(line.place, line.name) for line in await documents.catalogue(case)]
    assert found == [
        ("1", "信访处理意见书"),
        ("2", "受理告知书"),
        ("3", "信访登记表"),
        ("4", "调查核实记录"),
        ("5", "受理告知书送达记录"),
        ("6", "信访处理意见书送达记录"),
    ]


async def test_the_contents_are_made_with_the_archive_number_after_filing(cast: Cast) -> None:
    case = await filed(cast, "30年")
    said = await text_of(await made(case, Kind.PETITION_CATALOGUE, cast.centre), cast)
    assert [word in said for word in ("信访归档2026-00001", "30年", "办结报告", "挂号")] == [
        True,
        True,
        True,
        False,
    ]
    with pytest.raises(Refused, match="已归档"):
        await made(case, Kind.PETITION_CLOSING, cast.centre)


async def test_a_delivery_is_never_changed(cast: Cast) -> None:
    await delivered(cast)
    for statement in (
        "update petition_delivery set receiver = '测试乙'",
        "delete from petition_delivery",
    ):
        with pytest.raises(RaiseError):
            await db.execute(statement)


async def test_a_file_is_destroyed_after_its_time_by_two_people_and_the_case_stays(cast: Cast) -> None:
    case = await filed(cast, "10年")
    petition = await Petition.get(case_id=case.id)
    assert queries.kept_until(case, petition) == date(2036, 12, 31)
    with clock.frozen(at("2036-12-31 09:00")):
        assert await offered(case, cast, "centre") == []
        with pytest.raises(Refused, match="保管至 2036-12-31"):
            await do("case.propose_disposal", case.id, cast.centre, reason="保管期满")
    with clock.frozen(at("2037-01-04 09:00")):
        assert await offered(case, cast, "centre") == ["提出销毁"]
        await do("case.propose_disposal", case.id, cast.centre, reason="保管期满，经鉴定无保存价值")
        assert await offered(case, cast, "centre") == []
        with pytest.raises(Forbidden, match="提出人"):
            await do("case.approve_disposal", case.id, cast.centre)
        assert await offered(case, cast, "second") == ["批准销毁"]
        await do("case.approve_disposal", case.id, cast.second)
        with pytest.raises(Invalid):
            await do("case.record_disposal", case.id, cast.centre, method="粉碎", witnesses="测试客服甲")
        await do(
            "case.record_disposal", case.id, cast.centre, method="粉碎", witnesses="测试客服甲、测试客服乙"
        )
    row = await db.fetchrow("select proposed_by, approved_by, method, done_by from petition_disposal")
    assert tuple(row or ()) == ("测试客服甲", "测试客服乙", "粉碎", "测试客服甲")
    assert (await Case.get(id=case.id)).archive_no == "信访归档2026-00001"


async def test_what_is_kept_for_ever_is_never_destroyed(cast: Cast) -> None:
    case = await filed(cast, "永久")
    with clock.frozen(at("2099-01-05 09:00")):
        assert await offered(case, cast, "centre") == []
        with pytest.raises(Refused, match="永久"):
            await do("case.propose_disposal", case.id, cast.centre, reason="保管期满")
