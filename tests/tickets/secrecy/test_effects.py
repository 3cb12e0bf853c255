"""检举控告: what happens when a case becomes secret: tickets, groups, messages, sheets, and what is refused."""

from uuid import UUID

import orjson
import pytest

from channels import actions as messages
from channels.drafts import Draft, Receiver, ReceiverKind
from core import db
from core.actor import Actor, Door, system
from core.errors import Invalid, NotFound, Refused
from core.jobs import Job
from im import actions as im
from im import queries as rooms
from im.drafts import Draft as Line
from staff.actors import actor_of
from tests.tickets.conftest import Cast, order
from tests.tickets.secrecy.conftest import EVERYBODY, INSPECTOR, NAMED, Place, Scene, refused
from tests.tickets.secrecy.test_places import the_page
from tests.tickets.test_reports import make
from tests.tickets.test_road import PLATFORM, do
from tickets import exporting
from tickets.models import Case, Ticket
from tickets.queries import access, case_options, case_page, case_reports, choices, secrecy
from tickets.queries.case_filter import CaseFilter
from tickets.receiving import receive
from tickets.word.variables import Kind


async def test_an_accused_department_gets_no_ticket_and_is_told_nothing(scene: Scene) -> None:
    with pytest.raises(Refused) as told:
        await do("case.assign", scene.case, scene.cast.inspector, units=["心血管内科"])
    assert told.value.message == "该科室不能承办本诉求，请另选科室"
    with pytest.raises(Refused):
        await do("ticket.transfer", scene.ticket, scene.cast.bones, unit="心血管内科", reason="属该科室")
    await do("case.assign", scene.case, scene.cast.inspector, units=["收费处"])
    assert await scene.found_by(the_page) == {"inspector", "bones", "cashier"}


async def test_the_accused_leave_the_groups_and_their_past(scene: Scene) -> None:
    number = {
        ticket.id: ticket.room_id for ticket in await Ticket.filter(case_id=scene.case) if ticket.room_id
    }
    assert set(number) == {scene.taken, scene.ticket}

    async def reads(room: int | None, by: Actor) -> bool:
        assert room is not None
        return not await refused(rooms.since(room, 0, by=by))

    reading = {
        which: {name for name in EVERYBODY if await reads(room, scene.cast.people[name])}
        for which, room in number.items()
    }
    assert reading == {scene.taken: set(), scene.ticket: {"bones"}}
    named = await db.fetch("select title, sealed, closed_at is not null as closed from room order by id")
    assert [tuple(row) for row in named if "涉密" in row["title"]] == [
        (f"#{scene.taken} 涉密事项", True, True),
        (f"#{scene.ticket} 涉密事项", True, False),
    ]


async def test_who_was_in_a_group_of_an_open_case_still_reads_it(scene: Scene) -> None:
    ticket = await Ticket.get(case_id=scene.twin)
    assert ticket.room_id is not None
    for name in ("liaison", "deputy", "centre"):
        assert (await rooms.since(ticket.room_id, 0, by=scene.cast.people[name])).messages
    line = await im.post(ticket.room_id, Line(client_id=UUID(int=7), text="灯已报修"), by=scene.cast.liaison)
    assert line.text == "灯已报修"


async def test_messages_on_their_way_to_the_accused_are_cancelled(house: Cast) -> None:
    given = await receive(order("GZ-8"), by=PLATFORM)
    for name in ("liaison", "vice", "centre"):
        staff_id = house.people[name].id
        assert staff_id is not None
        receiver = Receiver(kind=ReceiverKind.STAFF, id=staff_id, name=name, wecom_userid=name)
        await messages.send(
            Draft(
                key=f"test:{name}",
                purpose="test",
                subject=f"case:{given.case_id}",
                receiver=receiver,
                text="心内科门诊排队过久",
            )
        )
    sent = "select receiver_name, state from message where key like 'test:%' order by id"
    assert [tuple(row) for row in await db.fetch(sent)] == [
        ("liaison", "waiting"),
        ("vice", "waiting"),
        ("centre", "waiting"),
    ]
    await do("case.make_secret", given.case_id, house.centre, **NAMED)
    assert [tuple(row) for row in await db.fetch(sent)] == [
        ("liaison", "cancelled"),
        ("vice", "cancelled"),
        ("centre", "cancelled"),  # the centre is not cleared either
    ]


async def test_a_list_taken_out_holds_the_case_for_the_inspector_alone(scene: Scene) -> None:
    taken = {}
    for name in ("centre", "vice", "torn", "inspector"):
        export = await exporting.ask(CaseFilter(), by=scene.cast.people[name])
        await _written(export)
        taken[name] = (await exporting.sheets.find(export, by=scene.cast.people[name])).taken
    assert taken == {"centre": 1, "vice": 1, "torn": 1, "inspector": 2}


async def test_a_sheet_taken_out_before_is_closed_to_who_may_not_know_any_more(house: Cast) -> None:
    given = await receive(order("GZ-8"), by=PLATFORM)
    asked = {}
    for name in ("centre", "inspector"):
        asked[name] = await exporting.ask(CaseFilter(), by=house.people[name])
        await _written(asked[name])
    await do("case.make_secret", given.case_id, house.second, **NAMED)
    here = {
        name: (await exporting.sheets.find(export, by=house.people[name])).here
        for name, export in asked.items()
    }
    assert here == {"centre": False, "inspector": True}


async def _written(export: UUID) -> None:
    row = await db.fetchrow("select id, payload from job where payload->>'export' = $1", str(export))
    assert row is not None
    await exporting.write(Job(row["id"], exporting.KIND, orjson.loads(row["payload"]), 1))


async def test_an_order_with_the_same_number_is_refused_with_a_sentence_that_tells_nothing(
    scene: Scene,
) -> None:
    said = []
    for name in ("torn", "centre"):
        with pytest.raises(Refused) as told:
            await receive(order("GZ-7"), by=scene.cast.people[name])
        said.append(told.value.message)
    assert said == ["这个工单编号不能登记，请核对编号"] * 2
    with pytest.raises(Refused, match="已登记为"):
        await receive(order("GZ-7"), by=scene.cast.inspector)


async def test_the_categories_and_handlers_on_offer_do_not_tell_of_a_secret_case(scene: Scene) -> None:
    await do("case.assign", scene.case, scene.cast.inspector, units=["收费处"])  # who becomes its handler
    assert await case_options.categories() == []
    assert scene.cast.inspector.id not in {number for number, _ in await case_options.handlers()}
    await do("case.lift_secret", scene.case, scene.cast.inspector, reason="经核实不属于检举控告")
    assert await case_options.categories() == ["医德医风->红包"]
    assert scene.cast.inspector.id in {number for number, _ in await case_options.handlers()}


async def test_documents_of_a_secret_case_are_read_by_the_inspector_alone(scene: Scene) -> None:
    await do("case.write_record", scene.case, scene.cast.inspector, facts="已调阅手术记录并谈话")
    case = await Case.get(id=scene.case)
    own = await make(case, Kind.HANDLING_FORM, scene.cast.inspector, scene.ticket)
    row = await db.fetchrow("select * from case_report where id = $1", own)
    assert row is not None
    quoting = await db.fetchval(  # one that was made of the open twin, and quotes a ticket of the secret case
        "insert into case_report (case_id, round, kind, number, template_id, ticket_ids, context, file_id, made_by,"
        " made_at) values ($1, 1, $2, 'T-1', $3, $4, '{}', $5, '测试', $6) returning id",
        scene.twin,
        row["kind"],
        row["template_id"],
        [scene.ticket],
        row["file_id"],
        row["made_at"],
    )

    def the_report(number: int) -> Place:
        async def look(_: Scene, by: Actor) -> bool:
            listed_in = scene.case if number == own else scene.twin
            found = not await refused(case_reports.report(number, by))
            try:
                seen = await case_page.open_case(listed_in, by)
            except NotFound:
                assert not found
                return False
            assert (number in {line.id for line in await case_reports.of_case(seen, by)}) is found
            return found

        return look

    assert await scene.found_by(the_report(own)) == INSPECTOR
    assert await scene.found_by(the_report(quoting)) == INSPECTOR


async def test_a_case_becomes_secret_only_where_somebody_is_left_who_may_handle_it(cast: Cast) -> None:
    given = await receive(order("GZ-8"), by=PLATFORM)
    with pytest.raises(Refused, match="纪检监察"):
        await do("case.make_secret", given.case_id, cast.centre, **NAMED)
    assert not (await Case.get(id=given.case_id)).secret


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        ({}, "请至少选择一个科室或填写一名人员"),
        ({"accused_staff": "没有此人"}, "没有找到“没有此人”"),
        ({"accused_units": ["没有这个科"]}, "没有找到科室"),
        ({"accused_units": ["测试医院集团"]}, "不能选择整个集团"),
    ],
)
async def test_who_is_accused_must_be_named(house: Cast, named: dict[str, object], reason: str) -> None:
    given = await receive(order("GZ-8"), by=PLATFORM)
    with pytest.raises(Invalid, match=reason):
        await do("case.make_secret", given.case_id, house.centre, **named, reason="属于检举控告")


async def test_the_departments_of_an_accused_person_are_barred_with_them(house: Cast) -> None:
    given = await receive(order("GZ-8"), by=PLATFORM)
    await do(
        "case.make_secret", given.case_id, house.centre, accused_staff="head、vice", reason="属于检举控告"
    )
    case = await Case.get(id=given.case_id)
    assert (case.barred_unit_ids, case.barred_staff_ids) == (
        [4],  # the campus of the vice-president is not barred for one of its own
        sorted(who for who in (house.head.id, house.vice.id) if who is not None),
    )


async def test_nothing_is_made_secret_in_chat(house: Cast) -> None:
    given = await receive(order("GZ-8"), by=PLATFORM)
    assert house.centre.id is not None
    for door in (Door.CHAT, Door.WECOM):
        by = await actor_of(house.centre.id, door)
        assert "case.make_secret" not in {
            each.name for each in await choices.of_case(await Case.get(id=given.case_id), by)
        }
        with pytest.raises(Refused, match="网页"):
            await do("case.make_secret", given.case_id, by, **NAMED)


async def test_both_steps_are_in_the_story_and_in_the_audit_log(scene: Scene) -> None:
    await do("case.lift_secret", scene.case, scene.cast.inspector, reason="经核实不属于检举控告")
    story = await db.fetch(
        "select verb, actor_name, text from history where case_id = $1 and verb like '%secret' order by id",
        scene.case,
    )
    assert [tuple(row) for row in story] == [
        ("make_secret", "测试客服甲", "属于检举控告"),
        ("lift_secret", "测试inspector", "经核实不属于检举控告"),
    ]
    audit = await db.fetch(
        "select action, actor_name from audit where subject = 'case' and subject_id = $1 and action like '%secret'"
        " order by id",
        scene.case,
    )
    assert [tuple(row) for row in audit] == [
        ("case.make_secret", "测试客服甲"),
        ("case.lift_secret", "测试inspector"),
    ]


async def test_the_house_itself_sees_all(scene: Scene) -> None:
    assert (await access.case(scene.case, system())).title == "举报收受红包"
    assert await secrecy.visible([scene.case, scene.twin], system()) == {scene.case, scene.twin}
