"""检举控告 (《信访工作条例》 Art. 30): who finds a secret case in which place, and what of it they read there.

Each table says who finds it where: there is always somebody who does.
"""

import pytest

from core import db
from core.actor import Actor
from core.errors import Forbidden, HuiyinError, NotFound
from tests.tickets.secrecy.conftest import EVERYBODY, INSPECTOR, NAMED, ON_IT, Place, Scene, refused
from tests.tickets.test_road import do
from tickets import revealing
from tickets.imports import queries as imports
from tickets.imports.states import RowOutcome
from tickets.models import Case, Ticket
from tickets.queries import access, case_page, cases, choices, recent, secrecy
from tickets.queries.case_filter import CaseFilter
from tickets.queries.values import Values
from tickets.states import TicketState


def listed(**wanted: object) -> Place:
    async def look(scene: Scene, by: Actor) -> bool:
        page = await cases.page(CaseFilter.model_validate(wanted), by=by)
        count = await cases.count(CaseFilter.model_validate(wanted), by=by)
        ids = {row.id for row in page.rows}
        assert count == len(ids)  # a figure tells no more than the list
        return scene.case in ids

    return look


async def the_page(scene: Scene, by: Actor) -> bool:
    return not await refused(case_page.open_case(scene.case, by))


async def its_ticket(scene: Scene, by: Actor) -> bool:
    return not await refused(access.ticket(scene.ticket, by))


async def the_ticket_taken(scene: Scene, by: Actor) -> bool:
    return not await refused(access.ticket(scene.taken, by))


async def the_newest(scene: Scene, by: Actor) -> bool:
    return scene.case in {case.id for case in await recent.cases(by)}


async def the_newest_tickets(scene: Scene, by: Actor) -> bool:
    found = {ticket.id for ticket in await recent.tickets(by)}
    assert (scene.taken in found) <= (scene.ticket in found)
    return scene.ticket in found


async def the_patient(scene: Scene, by: Actor) -> bool:
    try:
        return scene.case in {case.id for case in await case_page.of_patient(scene.patient, by)}
    except HuiyinError:
        return False


async def the_file(scene: Scene, by: Actor) -> bool:
    return not await refused(case_page.file(scene.case, scene.file, by))


async def the_import(scene: Scene, by: Actor) -> bool:
    try:
        return bool(await imports.rows(scene.row, (RowOutcome.NEW,), by))
    except Forbidden:
        return False


async def the_number_of_the_sender(scene: Scene, by: Actor) -> bool:
    found = await case_page.by_order_no("GZ-7", "hotline", by)
    return found is not None and found.external_no == "GZ-7"


async def the_visible(scene: Scene, by: Actor) -> bool:
    return scene.case in await secrecy.visible([scene.case, scene.twin, 999], by)


async def the_figures(scene: Scene, by: Actor) -> bool:
    values = Values()
    hidden = secrecy.condition(by, values, whole=True)
    return bool(
        await db.fetchval(
            f"select count(*) from cases c where c.secret and {hidden}",  # noqa: S608 - our own condition
            *values,
        )
    )


PLACES: list[tuple[Place, set[str]]] = [
    (listed(), ON_IT),
    (listed(unit=6), ON_IT),
    (listed(state=["in_progress"]), ON_IT),
    (listed(handler="none"), INSPECTOR | {"bones"}),
    (listed(q="红包"), INSPECTOR),
    (listed(q="13800000077"), INSPECTOR),
    (listed(category="医德医风"), INSPECTOR),
    (listed(type=["投诉"], q="收受"), INSPECTOR),
    (listed(q="GZ-7"), INSPECTOR),
    (the_page, ON_IT),
    (its_ticket, ON_IT),
    (the_ticket_taken, INSPECTOR),
    (the_newest, ON_IT),
    (the_newest_tickets, ON_IT),
    (the_patient, INSPECTOR),
    (the_file, INSPECTOR),
    (the_import, INSPECTOR),
    (the_number_of_the_sender, INSPECTOR),
    (the_visible, ON_IT),
    (the_figures, INSPECTOR),
]


async def test_a_secret_case_is_found_by_those_who_may_know_and_by_nobody_else(scene: Scene) -> None:
    found = [await scene.found_by(place) for place, _ in PLACES]
    assert found == [expected for _, expected in PLACES]


async def test_what_is_no_secret_any_more_is_found_by_all_as_before(scene: Scene) -> None:
    await do("case.lift_secret", scene.case, scene.cast.inspector, reason="经核实不属于检举控告")
    case = await Case.get(id=scene.case)
    assert (case.secret, case.barred_unit_ids, case.barred_staff_ids) == (False, [], [])
    # the ticket of cardiology stays withdrawn, so that only those above it know of the case again
    assert await scene.found_by(the_page) == EVERYBODY - {"liaison", "deputy", "head", "cashier", "admin"}
    assert await scene.found_by(listed(q="红包")) == await scene.found_by(the_page)


async def test_the_open_twin_is_found_by_all_as_before(scene: Scene) -> None:
    seen = {
        name
        for name in EVERYBODY
        if scene.twin in await secrecy.visible([scene.twin], scene.cast.people[name])
    }
    assert seen == EVERYBODY - {"cashier", "bones", "admin"}


async def test_who_handles_a_ticket_reads_neither_the_person_nor_the_material(scene: Scene) -> None:
    seen = {
        name: await case_page.open_case(scene.case, scene.cast.people[name])
        for name in ("inspector", "bones")
    }
    shown: dict[str, tuple[object, ...]] = {
        name: (
            found.case.title,
            found.case.content,
            found.case.external_no,
            found.case.caller_name,
            found.case.caller_phone,
            found.case.persons + found.case.departments,
            found.ticket_ids,
            found.inside,
            [file.name for file in await case_page.files(found)],
            len(await case_page.links(found, scene.cast.people[name])),
            case_page.caller(found, scene.cast.people[name]).name,
            {line.verb for line in await case_page.story(found, scene.cast.people[name])},
        )
        for name, found in seen.items()
    }
    assert shown["bones"] == (
        "涉密事项",
        "",
        None,
        "",
        None,
        [],
        [scene.ticket],
        False,
        [],
        0,
        "要求保密",
        {"assign"},
    )
    assert shown["inspector"] == (
        "举报收受红包",
        "本人反映心血管内科术前收受红包，附材料。",
        "GZ-7",
        "测试甲",
        "13800000077",
        ["心血管内科"],
        [scene.taken, scene.ticket],
        True,
        ["举报信.pdf"],
        1,
        "测试甲",
        {"receive", "assign", "link_visit", "make_secret", "withdraw"},
    )


async def test_a_row_of_the_list_tells_a_ticket_s_handler_nothing_of_the_case(scene: Scene) -> None:
    rows = {
        name: next(
            row
            for row in (await cases.page(CaseFilter(), by=scene.cast.people[name])).rows
            if row.id == scene.case
        )
        for name in ("inspector", "bones")
    }
    told = {
        name: (
            row.title,
            row.external_no,
            row.type,
            row.category,
            row.caller,
            row.phone,
            row.handler,
            row.secret,
        )
        for name, row in rows.items()
    }
    assert told == {
        "bones": ("涉密事项", "", "", "", "要求保密", "", "", True),
        "inspector": ("举报收受红包", "GZ-7", "投诉", "医德医风->红包", "测*甲", "138****0077", "", True),
    }


async def test_the_person_is_shown_whole_to_the_inspector_alone(scene: Scene) -> None:
    async def revealed(scene: Scene, by: Actor) -> bool:
        try:
            return (await revealing.reveal(scene.case, "核实具体情况", by=by)).phone == "13800000077"
        except (NotFound, Forbidden):
            return False

    async def raw(scene: Scene, by: Actor) -> bool:
        try:
            return "红包" in await revealing.raw(scene.case, "核实具体情况", by=by)
        except (NotFound, Forbidden):
            return False

    assert await scene.found_by(revealed) == INSPECTOR
    assert await scene.found_by(raw) == INSPECTOR


async def test_what_may_be_done_is_done_by_the_inspector_and_on_the_ticket_by_its_handler(
    scene: Scene,
) -> None:
    async def offered(scene: Scene, by: Actor) -> bool:
        return bool(await choices.of_case(await Case.get(id=scene.case), by))

    async def signed(scene: Scene, by: Actor) -> bool:
        ticket = await Ticket.get(id=scene.ticket)
        return bool(await choices.of_ticket(await Case.get(id=scene.case), ticket, by))

    async def locked(scene: Scene, by: Actor) -> bool:
        async with db.transaction():
            return not await refused(access.lock_case(scene.case, by))

    assert await scene.found_by(offered) == INSPECTOR
    assert await scene.found_by(signed) == ON_IT
    assert await scene.found_by(locked) == INSPECTOR
    ticket = await do("ticket.sign", scene.ticket, scene.cast.bones)
    assert isinstance(ticket, Ticket)
    assert ticket.state is TicketState.IN_PROGRESS


@pytest.mark.parametrize("verb", ["accept", "assign", "submit", "close", "make_secret", "lift_secret"])
async def test_to_the_accused_a_secret_case_and_none_are_the_same(scene: Scene, verb: str) -> None:
    forms: dict[str, dict[str, object]] = {
        "assign": {"units": ["骨科"]},
        "submit": {"reply": "已核实并答复完毕"},
        "make_secret": {**NAMED},
        "lift_secret": {"reason": "试一试"},
    }
    given = forms.get(verb, {})
    said = []
    for case in (scene.case, 999_999):
        with pytest.raises(NotFound) as told:
            await do(f"case.{verb}", case, scene.cast.torn, **given)
        said.append((told.value.status, told.value.message))
    assert said == [(404, "没有这件诉求，或您无权查看")] * 2
