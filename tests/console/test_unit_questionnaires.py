"""The page of a unit names the questionnaires that are answered about it."""

from collections.abc import AsyncIterator

import pytest_asyncio

from core import db
from core.actor import system
from surveys.definition import Definition
from surveys.questionnaires import rows
from surveys.questionnaires.kinds import Kind
from tests.console.desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk(database_url: str, redis_url: str) -> AsyncIterator[Desk]:
    async with open_desk() as found:
        yield found


async def published(kind: Kind, title: str, unit: int | None, *, active: bool = True) -> None:
    form = Definition(title=title)
    made = await rows.insert(kind, form, system(), unit_id=unit)
    version = await rows.insert_version(made, form, system())
    await rows.put_in_force(made, version)
    if not active:
        await db.execute("update questionnaire set active = false where id = $1", made)


async def test_a_department_shows_its_own_questionnaires_and_those_of_all_and_no_others(desk: Desk) -> None:
    await published(Kind.DISCHARGED, "出院满意度", None)
    await published(Kind.FOLLOWUP, "心内随访", 4)
    await published(Kind.FOLLOWUP, "骨科随访", 6)
    await published(Kind.GENERAL, "已停用的", 4, active=False)
    page = await (await desk.enter("head")).get("/settings/units/4")
    lines = page.words("//section[.//h2[.='在用问卷']]//li")
    assert lines == ["心内随访 随访 · 本机构专用", "出院满意度 出院患者"]
