"""The scene of the tests of 检举控告: a secret case, its open twin, and all who may or may not know of it.

The cast: cardiology is accused. Its liaison, deputy and head belong to it; the vice-president is accused in person;
"torn" inspects for the group and also holds a post in cardiology. Bones (orthopaedics) works on a ticket of the case,
the inspector handles it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
import pytest_asyncio

from core import clock, crypto, db, storage
from core.actor import Actor, Door
from core.errors import NotFound
from core.outbox import OUTBOX
from core.pump import drain
from core.settings import settings
from staff.actors import actor_of
from staff.roles import Role
from tests.tickets.conftest import Cast, order
from tests.tickets.test_road import PLATFORM, do
from tickets import linking
from tickets.models import Ticket
from tickets.receiving import receive

ACCUSED = {"liaison", "deputy", "head", "vice", "torn"}
EVERYBODY = {*ACCUSED, "cashier", "bones", "centre", "second", "chief", "admin", "inspector"}


@dataclass(frozen=True)
class Scene:
    """The secret case and its open twin, about which the same people may know as ever."""

    cast: Cast
    case: int
    ticket: int  # of orthopaedics
    taken: int  # of cardiology, withdrawn
    twin: int
    patient: int
    file: UUID
    row: int  # the import

    async def found_by(self, place: "Place") -> set[str]:
        """Who finds the secret case there."""
        return {name for name in EVERYBODY if await place(self, self.cast.people[name])}


Place = Callable[[Scene, Actor], Awaitable[bool]]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


@pytest_asyncio.fixture
async def house(cast: Cast) -> Cast:
    """The small hospital with an inspector, and one who is torn."""
    for key, posts in {
        "inspector": [(1, Role.DISCIPLINE)],
        "torn": [(1, Role.DISCIPLINE), (4, Role.LIAISON)],
    }.items():
        number = await db.fetchval(
            "insert into staff (number, name, wecom_userid) values ($1, $2, $1) returning id",
            key,
            f"测试{key}",
        )
        for unit, role in posts:
            await db.execute(
                "insert into post (staff_id, unit_id, role, rank) values ($1, $2, $3, 9)", number, unit, role
            )
        cast.people[key] = await actor_of(number, Door.WEB)
    return cast


async def settle() -> None:
    """Let every reaction run; nothing may fail."""
    while await drain(OUTBOX):
        pass
    failed = await db.fetch("select reaction, error from outbox where error <> ''")
    assert [dict(row) for row in failed] == []


@pytest_asyncio.fixture
async def scene(house: Cast) -> Scene:
    twin = await receive(order("GZ-9", title="骨科走廊灯坏了", content="走廊的灯不亮"), by=PLATFORM)
    pdf = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"
    kept = await storage.keep("举报信.pdf", pdf, by="测试热线平台", checked=True)
    given = await receive(
        order(
            "GZ-7",
            title="举报收受红包",
            content="本人反映心血管内科术前收受红包，附材料。",
            departments=["心血管内科"],
            category="医德医风->红包",
            caller_phone="13800000077",
        ),
        by=PLATFORM,
    )
    await db.execute(
        "insert into attachment (case_id, file_id, name, kind, added_by, added_at) values ($1, $2, '举报信.pdf',"
        " 'original', '测试热线平台', $3)",
        given.case_id,
        kept.id,
        clock.now(),
    )
    await do("case.assign", given.case_id, house.centre, units=["骨科"], instructions="请协助核对手术记录")
    patient, visit = await _visited()
    await linking.link(given.case_id, visit, by=house.centre)
    imported = await db.fetchval(
        "insert into import_file (sender, name, file_id, state, created_by, created_at) values"
        " ('测试', '测试.xlsx', $1, 'done', '测试', $2) returning id",
        kept.id,
        clock.now(),
    )
    await db.execute(
        "insert into import_row (import_id, row_no, outcome, order_no, title, case_id)"
        " values ($1, 1, 'new', 'GZ-7', '举报收受红包', $2)",
        imported,
        given.case_id,
    )
    await settle()
    await do("case.make_secret", given.case_id, house.centre, **NAMED)
    await settle()
    taken, ticket = await Ticket.filter(case_id=given.case_id).order_by("unit_id")
    return Scene(house, given.case_id, ticket.id, taken.id, twin.case_id, patient, kept.id, imported)


NAMED = {"accused_units": ["心血管内科"], "accused_staff": "测试副院长", "reason": "属于检举控告"}


async def _visited() -> tuple[int, int]:
    patient = await db.fetchval(
        "insert into patient (number, name, phone, phone_hash) values ('P7', '测试丁', $1, $2) returning id",
        crypto.key_ring().encrypt("13800000077", "patient.phone"),
        crypto.search_hash("13800000077"),
    )
    visit = await db.fetchval(
        "insert into visit (patient_id, kind, number, unit_id, start_on, end_on)"
        " values ($1, 'outpatient', 'MZ7', 6, '2026-03-01', '2026-03-01') returning id",
        patient,
    )
    return patient, visit


async def refused(asked: Awaitable[object]) -> bool:
    """Whether it is as if there were none."""
    try:
        await asked
    except NotFound:
        return True
    return False


INSPECTOR = {"inspector"}
ON_IT = {"inspector", "bones"}
