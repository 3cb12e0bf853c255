"""Actions as chat knows them: the register's, and the bot's own; which words mean which of them.

The words are those of the declarations. Some everyday words mean several actions: which one is meant is
decided by what the person may do with that ticket now.
"""

from functools import cache
from uuid import uuid4

from pydantic import Field

from bot import matters
from bot.matters import Matter
from core.actions import REGISTER, Action, Form
from core.actor import Actor
from core.errors import NotFound
from im import actions as im
from im import queries as rooms
from im.drafts import Draft
from tickets import actions as ticket_actions
from tickets.queries import access

DECLARED = ticket_actions  # importing it fills the register
# In the order of preference; the first that is possible now is meant.
EVERYDAY: dict[str, tuple[str, ...]] = {
    "同意": ("ticket.endorse", "ticket.approve_extension", "ticket.approve_pause", "ticket.approve"),
    "通过": ("ticket.approve", "ticket.endorse", "case.approve"),
    "审核通过": ("ticket.approve", "ticket.endorse", "case.approve"),
    "不同意": ("ticket.refuse_extension", "ticket.refuse_pause", "ticket.send_back", "case.send_back"),
    "不通过": ("ticket.send_back", "case.send_back"),
    "驳回": ("ticket.send_back", "ticket.refuse_extension", "ticket.refuse_pause", "case.send_back"),
    "打回": ("ticket.send_back", "case.send_back"),
}


class Words(Form):
    """A line for the ticket's group chat."""

    text: str = Field(
        title="内容",
        description="请发送要在工单群聊里说的话",
        min_length=1,
        max_length=3000,
        json_schema_extra={"widget": "text"},
    )


async def say(ticket_id: int, form: Words, *, by: Actor) -> None:
    """Say something in the ticket's group chat, in one's own name; for those who never open a page.

    Raises:
        NotFound: the ticket has no group chat, or this person is not in it.
    """
    ticket = await access.ticket(ticket_id, by)
    room = await rooms.room_if_any(ticket.subject, by=by)
    if room is None:
        raise NotFound(f"您不在工单 #{ticket_id} 的群聊中")
    await im.post(room.id, Draft(client_id=uuid4(), text=form.text), by=by)


SAY = Action(
    "ticket",
    "say",
    "群聊发言",
    say,
    Words,
    ("群聊", "发言", "留言", "回话"),
    said="已发到 #{number} 的群聊",
    help="群聊 1234 患者电话已核实",
)
OWN: dict[str, Action] = {SAY.name: SAY}


def find(name: str) -> Action | None:
    """An action by its name, "ticket.sign"."""
    return REGISTER.get(name) or OWN.get(name)


@cache
def words() -> dict[str, tuple[Action, ...]]:
    """What each word of chat may mean, the likeliest first."""
    meant: dict[str, list[Action]] = {
        word: [REGISTER[name] for name in names if name in REGISTER] for word, names in EVERYDAY.items()
    }
    for action in (*REGISTER.values(), *OWN.values()):
        for word in (action.label, *action.words):
            known = meant.setdefault(word.lower(), [])
            if action not in known:
                known.append(action)
    return {word: tuple(actions) for word, actions in meant.items()}


async def choose(actions: tuple[Action, ...], matter: Matter, by: Actor) -> Action:
    """Which of the actions a word may mean is meant for this matter; the first when none is possible now."""
    fitting = [action for action in actions if action.subject == matter.kind]
    possible = await matters.now(matter, by)
    return next((action for action in fitting if action in possible or action in OWN.values()), fitting[0])
