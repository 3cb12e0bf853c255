"""The card of a ticket or case for one holder: its facts, and the buttons of what this very person may do now.

Drawn from the register of actions and the state tables; a key is "ticket.sign:1234:<version>". Sends nothing.
"""

from dataclasses import dataclass

from bot import matters, orders, remaining
from bot.matters import Matter
from channels.drafts import Button, ButtonStyle, Card, Option, Row
from core.actions import Action
from core.actor import Actor
from core.identity import mask_in_text
from core.settings import settings
from staff import queries as staff

MOST_BUTTONS = 6  # 模板卡片 button_list, path 90236
MOST_MENU = 3
VIEW = "view"
STYLES = {
    "primary": ButtonStyle.BLUE,
    "success": ButtonStyle.BLUE,
    "secondary": ButtonStyle.PLAIN_BLUE,
    "danger": ButtonStyle.RED,
}


@dataclass(frozen=True, slots=True)
class Key:
    """What a pressed button means."""

    name: str
    id: int
    version: int


def key_of(action: Action, matter: Matter) -> str:
    """The key of an action's button."""
    return f"{action.name}:{matter.id}:{matter.version}"


def view_key(matter: Matter) -> str:
    """The key of "read the whole"."""
    return f"{matter.kind}.{VIEW}:{matter.id}:{matter.version}"


def read_key(text: str) -> Key | None:
    """The key of a callback, or None when it is none of ours."""
    name, _, rest = text.partition(":")
    number, _, version = rest.partition(":")
    plain = number.isascii() and number.isdigit() and version.isascii() and version.isdigit()
    if not (name and plain and len(number) <= 18 and len(version) <= 9):
        return None
    return Key(name, int(number), int(version))


async def draw(
    matter: Matter,
    by: Actor,
    *,
    title: str = "",
    note: str = "",
    quote: tuple[str, str] | None = None,
    actions: list[Action] | None = None,
) -> Card:
    """The card as this person is to see it.

    Args:
        matter: the ticket or case.
        by: the holder.
        title: what has happened, before the matter's own title.
        note: a sentence below the facts.
        quote: (heading, text) instead of the order's own text.
        actions: what the holder may do, when the caller has asked already.
    """
    case = matter.case
    if actions is None:
        actions = await matters.now(matter, by)
    buttons, rest = actions[:MOST_BUTTONS], actions[MOST_BUTTONS : MOST_BUTTONS + MOST_MENU - 1]
    heading, text = quote or ("诉求内容", case.content)
    return Card(
        title=f"{title}{matter.number} {case.title}" if title else f"{matter.number} {case.title}",
        desc=matter.label,
        note=mask_in_text(note),
        quote_title=heading,
        quote=mask_in_text(text),  # a department's answer names whom it rang up, too
        rows=await _rows(matter),
        buttons=tuple(
            Button(text=action.label, key=key_of(action, matter), style=STYLES[action.tone])
            for action in buttons
        ),
        menu=_menu(matter, rest) if buttons else (),
        url=_url(matter),
    )


def _menu(matter: Matter, rest: list[Action]) -> tuple[Option, ...]:
    view = Option(text="查看全文", key=view_key(matter))
    return (view, *(Option(text=action.label, key=key_of(action, matter)) for action in rest))


async def _rows(matter: Matter) -> tuple[Row, ...]:
    case, ticket = matter.case, matter.ticket
    rows = [Row(label="编号", value=case.external_no or case.number)]
    if ticket is not None:
        role = "主办" if ticket.role == "lead" else "协办"
        tree = await staff.tree()
        rows.append(Row(label="科室", value=f"{tree.label(ticket.unit_id)}（{role}）"))
    due_at = ticket.due_at if ticket is not None else case.due_at
    rows.append(Row(label="时限", value=remaining.limit(due_at)))
    rows.append(Row(label="来电人", value=orders.caller(case)))
    rows.append(
        Row(label="类型", value="、".join(filter(None, (case.appeal_type, case.urgency))) or "未分类")
    )
    if case.round > 1:
        rows.append(Row(label="轮次", value=f"第 {case.round} 轮（重办）"))
    return tuple(rows)


def _url(matter: Matter) -> str:
    base = f"{settings().public_url.rstrip('/')}{settings().path_prefix}"
    return f"{base}/tickets/{matter.id}" if matter.ticket is not None else f"{base}/cases/{matter.id}"
