"""Documents of a case: numbered without gaps, filled from the case, kept for ever, read by whom they are for."""

import asyncio
import io
from pathlib import Path

import docx
import orjson
import pytest
from asyncpg import RaiseError
from PIL import Image

from core import clock, db, storage
from core.actor import Actor
from core.errors import Forbidden, Invalid, NotFound, Refused
from core.settings import settings
from tests.tickets.conftest import Cast, at, order
from tests.tickets.test_road import PLATFORM, answered, do, opened, replied
from tickets import material, reporting, templating
from tickets.models import Case, Ticket
from tickets.queries import case_page, case_reports
from tickets.receiving import receive
from tickets.reporting import ReportForm
from tickets.word.preview import to_text
from tickets.word.variables import Kind

RECORD = {
    "facts": "经核实，叫号系统故障四十分钟",
    "handling": "已恢复并增设公告",
    "conclusion": "诉求部分属实",
}


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


def png() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (40, 30), "#0a9396").save(target, "PNG")
    return target.getvalue()


async def make(case: Case, kind: Kind, by: Actor, *tickets: int, **more: object) -> int:
    form = ReportForm.model_validate({"kind": kind, "tickets": tickets, **more})
    return await reporting.make(case.id, form, by=by)


async def text_of(report: int, by: Actor) -> str:
    line, _ = await case_reports.report(report, by)
    return to_text(await storage.read(await storage.find(line.file_id)))


async def test_an_event_report_says_what_the_order_the_departments_and_the_centre_said(cast: Cast) -> None:
    case, ticket = await answered(cast)
    await do("case.write_record", case.id, cast.centre, **RECORD)
    with clock.frozen(at("2026-03-04 09:00")):
        made = await make(
            case, Kind.EVENT_REPORT, cast.centre, ticket.id, cause="磁盘占满", approver="测试院长"
        )
    line, _ = await case_reports.report(made, cast.centre)
    assert (line.number, line.round, line.ticket_ids, line.made_by) == (
        "事件报告〔2026〕1号",
        1,
        (ticket.id,),
        "测试客服甲",
    )
    said = await text_of(made, cast.centre)
    for words in (
        "事件报告〔2026〕1号",
        case.content,
        "已电话联系患者说明情况并致歉",
        RECORD["facts"],
        "磁盘占满",
        RECORD["conclusion"],
        "2026年3月4日",
        "签发：测试院长",
    ):
        assert words in said
    told = await db.fetchrow("select actor_name, text from history where verb = 'report'")
    assert tuple(told or ()) == ("测试客服甲", "事件报告〔2026〕1号")


async def test_several_tickets_are_quoted_in_one_report_and_one_left_out_is_not(cast: Cast) -> None:
    with clock.frozen(at("2026-03-02 09:00")):
        received = await receive(order(departments=["心血管内科", "收费处"]), by=PLATFORM)
    case = await Case.get(id=received.case_id)
    heart, cash = await Ticket.filter(case_id=case.id).order_by("id")
    with clock.frozen(at("2026-03-02 10:00")):
        await do("ticket.answer", heart.id, cast.liaison, text="门诊已加派医生出诊")
        await do("ticket.answer", cash.id, cast.cashier, text="退费已经提交银行办理")
    both = await make(case, Kind.HANDLING_FORM, cast.centre, heart.id, cash.id)
    one = await make(case, Kind.HANDLING_FORM, cast.centre, cash.id)
    quoted = [
        [name in await text_of(report, cast.centre) for name in ("测试联络人甲", "测试收费员")]
        for report in (both, one)
    ]
    assert quoted == [[True, True], [False, True]]
    await do("case.write_record", case.id, cast.centre, **RECORD)
    said = await text_of(await make(case, Kind.EVENT_REPORT, cast.centre, heart.id, cash.id), cast.centre)
    assert "门诊已加派医生出诊" in said
    assert "退费已经提交银行办理" in said


async def test_making_it_again_gives_another_number_and_leaves_the_first_as_it_was(cast: Cast) -> None:
    case, ticket = await opened()
    first = await make(case, Kind.HANDLING_FORM, cast.centre, ticket.id)
    kept, _ = await case_reports.report(first, cast.centre)
    data = await storage.read(await storage.find(kept.file_id))
    document, new = docx.Document(), io.BytesIO()
    for line in (
        "新版 {{ report.number }}",
        "{{ case.number }}{{ case.content }}{{ case.hospital_deadline }}",
    ):
        document.add_paragraph(line)
    document.save(new)
    await templating.upload(Kind.HANDLING_FORM, "新版", "新版.docx", new.getvalue(), by=cast.chief)
    await make(case, Kind.HANDLING_FORM, cast.centre, ticket.id)
    seen = await case_page.open_case(case.id, cast.centre)
    found = await case_reports.of_case(seen, cast.centre)
    assert [(line.number, line.template_version) for line in found] == [
        (f"办理单〔{clock.today().year}〕2号", 2),
        (f"办理单〔{clock.today().year}〕1号", 1),
    ]
    assert found[1] == kept
    assert await storage.read(await storage.find(kept.file_id)) == data
    for statement in ("update case_report set number = 'x'", "delete from case_report"):
        with pytest.raises(RaiseError):
            await db.execute(statement)


async def test_numbers_have_no_gaps_and_no_doubles_when_several_are_made_at_once(cast: Cast) -> None:
    case, ticket = await opened()
    await templating.load_defaults()
    await asyncio.gather(*(make(case, Kind.HANDLING_FORM, cast.centre, ticket.id) for _ in range(5)))
    with pytest.raises(Refused, match="事件记录"):
        await make(case, Kind.EVENT_REPORT, cast.centre, ticket.id)
    with pytest.raises(Invalid):
        await make(case, Kind.HANDLING_FORM, cast.centre, ticket.id + 99)
    await make(case, Kind.HANDLING_FORM, cast.centre)
    year = clock.today().year
    rows = await db.fetch("select number from case_report order by id")
    assert [row["number"] for row in rows] == [f"办理单〔{year}〕{n}号" for n in range(1, 7)]


async def test_a_final_report_needs_a_reply_and_opens_the_way_to_the_archive(cast: Cast) -> None:
    fresh, _ = await opened(order_no="GZ-2")
    with pytest.raises(Refused, match="还没有答复"):
        await make(fresh, Kind.FINAL_REPORT, cast.centre)
    case = await replied(cast)
    await do("case.call_back", case.id, cast.centre, satisfied="满意")
    await do("case.close", case.id, cast.centre)
    made = await make(case, Kind.FINAL_REPORT, cast.centre)
    assert "已核实并改进叫号流程，向您致歉" in await text_of(made, cast.centre)
    await do("case.archive", case.id, cast.centre)
    with pytest.raises(Refused, match="已归档"):
        await make(case, Kind.FINAL_REPORT, cast.centre)


async def test_who_asked_for_secrecy_is_named_in_no_document_and_phones_stay_out_of_the_row(
    cast: Cast,
) -> None:
    secret, ticket = await opened(confidential=True)
    plain, other = await opened(order_no="GZ-2", contact_phone="19900000002")
    secret_text = await text_of(await make(secret, Kind.HANDLING_FORM, cast.centre, ticket.id), cast.centre)
    plain_text = await text_of(await make(plain, Kind.HANDLING_FORM, cast.centre, other.id), cast.centre)
    assert ("测试甲" in secret_text, "13800000001" in secret_text) == (False, False)
    assert ("测试甲" in plain_text, "19900000002" in plain_text, "199****0002" in plain_text) == (
        True,
        False,
        True,
    )
    asked = await make(plain, Kind.HANDLING_FORM, cast.centre, other.id, whole=True)
    assert "19900000002" in await text_of(asked, cast.centre)
    rows = await db.fetch("select context from case_report order by id")
    kept = [orjson.loads(row["context"])["case"] for row in rows]
    assert [(entry["caller_phone"], entry["contact_phone"]) for entry in kept] == [
        ("", ""),
        ("138****0001", "199****0002"),
        ("138****0001", "199****0002"),
    ]


async def test_photos_of_the_chosen_tickets_stand_in_the_report(cast: Cast) -> None:
    case, ticket = await opened()
    await material.add_evidence(ticket.id, "叫号屏.png", png(), by=cast.liaison)
    await material.add_evidence(ticket.id, "说明.txt", "说明".encode(), by=cast.liaison)
    shown = []
    for photos in (False, True):
        made = await make(case, Kind.HANDLING_FORM, cast.centre, ticket.id, photos=photos)
        line, _ = await case_reports.report(made, cast.centre)
        document = docx.Document(io.BytesIO(await storage.read(await storage.find(line.file_id))))
        shown.append(len(document.inline_shapes))
    assert shown == [0, 1]


async def test_a_department_reads_the_form_of_its_own_tickets_and_makes_none(cast: Cast) -> None:
    case, ticket = await opened()
    await do("case.write_record", case.id, cast.centre, **RECORD)
    own = await make(case, Kind.HANDLING_FORM, cast.centre, ticket.id)
    event = await make(case, Kind.EVENT_REPORT, cast.centre, ticket.id)
    seen = await case_page.open_case(case.id, cast.liaison)
    assert [line.id for line in await case_reports.of_case(seen, cast.liaison)] == [own]
    with pytest.raises(NotFound):
        await case_reports.report(event, cast.liaison)
    with pytest.raises(NotFound):
        await case_reports.report(own, cast.bones)
    with pytest.raises(Forbidden):
        await make(case, Kind.HANDLING_FORM, cast.liaison, ticket.id)
