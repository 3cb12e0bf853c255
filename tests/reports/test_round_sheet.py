"""The workbook of an anonymous round says what the page says: small groups hidden, no person, no time, no order; logged."""

import io
from datetime import timedelta

import openpyxl
import pytest

from core import clock, db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from core.errors import Refused
from reports.round_sheet import workbook
from surveys.anonymous.opening import close_what_is_over, open_round
from surveys.anonymous.taking_part import take_part
from surveys.definition import Definition
from surveys.questionnaires.kinds import Kind
from tests.surveys.responses_stage import HOUSE
from tests.surveys.test_anonymous import STAFF, hospital, new, published, said


def reader(person: Actor, path: str) -> Actor:
    return Actor(ActorKind.STAFF, person.id, "读者", Door.WEB, (Grant(Permission.SURVEY_READ, path),))


async def test_it_holds_what_the_page_shows_and_is_a_line_of_the_log(database: str) -> None:
    people = await hospital(12)
    version = await published(Kind.STAFF, Definition.model_validate(STAFF))
    round_id = await open_round(new(version), by=HOUSE)
    for at, person in enumerate(people):
        await take_part(round_id, 0, said(at), by=person)
    with pytest.raises(Refused):
        await workbook(round_id, by=reader(people[0], "/"))
    with clock.frozen(clock.now() + timedelta(days=9)):
        await close_what_is_over()
    _, data = await workbook(round_id, by=reader(people[0], "/"))
    book = openpyxl.load_workbook(io.BytesIO(data))
    assert book.sheetnames == ["说明", "得分", "分组1", "分组2", "各题作答", "文字意见"]
    cells = {
        name: [
            [cell.value for cell in row if cell.value is not None] for row in book[name].iter_rows(min_row=3)
        ]
        for name in book.sheetnames
    }
    (score,) = cells["得分"][1:]
    assert (score[0], score[2], f"{score[3]:.2f}") == ("薪酬福利", 12, "43.75")
    groups = [row[:2] for name in ("分组1", "分组2") for row in cells[name][1:]]
    assert sorted(map(tuple, groups), key=str) == sorted(
        [
            ("医生", "人数太少，不显示"),
            ("护士", "人数太少，不显示"),
            ("东院区 · 心血管内科", 6),
            ("西院区 · 普外科", 6),
        ],
        key=str,
    )
    assert len(cells["文字意见"]) == 13
    whole = str(cells)
    names = [row["name"] for row in await db.fetch("select name from staff")]
    assert (len(names) >= 12, [name for name in names if name in whole]) == (True, [])
    kept = await db.fetch("select kind from data_export")
    assert [row["kind"] for row in kept] == ["statistics"]
    assert await db.fetchval("select count(*) from audit where action = 'survey.round_export'") == 1
    one = openpyxl.load_workbook(io.BytesIO((await workbook(round_id, by=reader(people[0], "/1/2/3/")))[1]))
    assert one.sheetnames == ["说明", "分组1"]  # who reads one department sees no totals
