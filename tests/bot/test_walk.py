"""Every command of the bot and every verb by its word, with every role: who may not, asks in vain and changes nothing.

The ticket is cardiology's, so that there is something to see. To whom it is out of reach, its number and one that never
was are told alike. `COMMANDS` is the written table: a new command needs a line.
"""

from dataclasses import dataclass

import pytest
import pytest_asyncio

from bot import acts, hearing
from bot.commands import COMMANDS as THERE
from bot.commands import HELP
from bot.places import Place, Speaker
from core import db
from core.actions import REGISTER
from core.actor import Door
from core.outbox import OUTBOX
from core.pump import drain
from staff import queries as staff
from tests.console.desk import PLATFORM
from tests.console.walk_lines import READ
from tests.console.walk_people import Person, permissions, settle_in
from tests.console.walk_verbs import VERBS
from tests.tickets.conftest import order
from tickets.models import Case
from tickets.receiving import receive
from wiring import wire

MISSING = 999_999
READING = permissions(READ)

# The usual word of each command: "list" shows tickets of one's own, "one" a ticket by its number to who reads it (or
# holds the permissions named), "self" nothing but what is known of oneself.
COMMANDS = {
    "我的": "list",
    "逾期": "list",
    "快到期": "list",
    "工单": "one",
    "材料": "one",
    "电话": "one",
    "卡片": "one",
    "本月": "list",
    "取消": "self",
    "完成": "self",
    "绑定": "self",
    "帮助": "self",
}
TELLING = ("排队", "GZ-1", "测试甲", "13800000001")


@dataclass(frozen=True)
class Scene:
    """Who walks, and the ticket of cardiology with its case."""

    people: dict[str, Person]
    ticket: int
    case: Case

    async def says(self, who: Person, text: str) -> str:
        """What the bot answers in private."""
        await db.execute("delete from conversation where staff_id = $1", who.id)
        person, actor = await staff.person(who.id), await who.actor(Door.WECOM)
        answer = await hearing.hear(
            Speaker(person, actor, Place("wecom_app"), f"walk:{who.key}:{text}"), text
        )
        assert answer is not None
        return answer.text

    async def steps(self) -> tuple[int, int]:
        """What a step would change."""
        row = await db.fetchrow(
            "select (select count(*) from history) as lines, (select sum(version) from ticket) as versions"
        )
        assert row is not None
        return row["lines"], row["versions"]


@pytest_asyncio.fixture
async def scene(database: object) -> Scene:
    """The small hospital with everybody, and one order."""
    wire()
    people = await settle_in()
    await db.execute(
        "select setval('ticket_id_seq', 70000)"
    )  # a number that stands for nothing else in an answer
    received = await receive(order("GZ-1"), by=PLATFORM)
    while await drain(OUTBOX):
        pass
    ticket: int = await db.fetchval("select id from ticket where case_id = $1", received.case_id)
    return Scene(people, ticket, await Case.get(id=received.case_id))


def test_every_command_has_its_line() -> None:
    assert {command.words[0] for command in (*THERE, HELP)} == set(COMMANDS), (
        "say in COMMANDS of tests/bot/test_walk.py what the new command shows"
    )


async def test_commands_show_a_ticket_to_those_who_read_it_and_to_nobody_else(scene: Scene) -> None:
    wrong, shown = [], set()
    for person in scene.people.values():
        for word, kind in COMMANDS.items():
            why = " 电话核实诉求" if word == "电话" else ""
            asked = f"{word} {scene.ticket}{why}" if kind == "one" else word
            said = await scene.says(person, asked)
            telling = [each for each in (*TELLING, f"#{scene.ticket} ") if each in said]
            if person.reaches(*READING):
                shown |= {word} if telling else set()
            else:
                alike = said.replace(str(scene.ticket), str(MISSING))
                if telling or (kind == "one" and alike != await scene.says(person, f"{word} {MISSING}{why}")):
                    wrong.append((word, person.key, said))
    assert wrong == []
    assert shown >= {"我的", "工单", "材料", "电话", "卡片"}  # there was something to see


async def test_the_callers_phone_is_told_to_who_may_know_it_alone(scene: Scene) -> None:
    told = {
        person.key
        for person in scene.people.values()
        if "13800000001" in await scene.says(person, f"电话 {scene.ticket} 电话核实诉求")
    }
    assert told == {
        person.key for person in scene.people.values() if person.reaches("patient:reveal", "case:handle")
    }


@pytest.mark.parametrize("subject", ["ticket", "case"])
async def test_words_of_verbs_do_nothing_for_those_the_table_does_not_name(
    scene: Scene, subject: str
) -> None:
    wrong, before = [], await scene.steps()
    number = str(scene.ticket) if subject == "ticket" else scene.case.number
    missing = str(MISSING) if subject == "ticket" else f"{scene.case.number.partition('-')[0]}-{MISSING}"
    for name, needs in VERBS.items():
        action = REGISTER[name]
        if action.subject != subject or len(acts.words().get(action.label.lower(), ())) != 1:
            continue  # a word of several meanings is tried by those it means
        for person in scene.people.values():
            if person.reaches(*permissions(needs)):
                continue
            said = await scene.says(person, f"{action.label} {number}")
            if not person.reaches(*READING):
                same = await scene.says(person, f"{action.label} {missing}")
                if said.replace(number, missing) != same:
                    wrong.append((name, person.key, said))
            if "请发" in said and "发“取消”放弃" in said:  # it went on and asked for what it needs
                wrong.append((name, person.key, said))
    assert wrong == []
    assert await scene.steps() == before
