"""The cast of the chat tests: Alice and Bob are members, Charlie is not; all synthetic."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import pytest_asyncio

from core import db
from core.actor import Actor, ActorKind, Door, system
from core.settings import settings
from im import actions
from im.drafts import Draft
from im.views import Message

HOUSE = system()


@dataclass(frozen=True)
class Cast:
    """A room about ticket 12 with Alice and Bob in it; Charlie works here too but is not in it."""

    room: int
    alice: Actor
    bob: Actor
    charlie: Actor


async def hire(number: str, name: str) -> Actor:
    """A member of staff without any post."""
    staff_id = await db.fetchval(
        "insert into staff (number, name) values ($1, $2) returning id", number, name
    )
    return Actor(ActorKind.STAFF, staff_id, name, Door.CHAT)


def ids(*people: Actor) -> list[int]:
    """Their staff ids."""
    return [who.id for who in people if who.id is not None]


async def write(room: int, by: Actor, text: str, client_id: UUID | None = None) -> Message:
    """Post a text."""
    return await actions.post(room, Draft(client_id=client_id or uuid4(), text=text), by=by)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep uploaded files in a folder of this test's own."""
    monkeypatch.setenv("HUIYIN_STORAGE_FOLDER", str(tmp_path / "files"))
    settings.cache_clear()


@pytest_asyncio.fixture
async def cast(database: str) -> Cast:
    """The cast."""
    alice, bob, charlie = [
        await hire(number, name) for number, name in (("a", "测试甲"), ("b", "测试乙"), ("c", "测试丙"))
    ]
    room = await actions.open_room("ticket:12", "工单 12", ids(alice, bob), by=HOUSE)
    return Cast(room, alice, bob, charlie)
