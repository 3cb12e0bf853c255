"""Cards that lie on phones, corrected when somebody acts; writes rows, sends nothing.

The vendor lets a card be corrected once per response code, one from its sending and one from each click. So who
holds the ticket keeps a card with the next step; everybody else's loses its buttons for good ("已由 张测试 签收");
and nothing is corrected that still offers the same step.
"""

from collections.abc import Iterable

from bot import audience, cards, matters
from bot.matters import Matter
from channels import actions as channels
from channels import queries as messages
from channels.drafts import Card
from core import db
from core.actions import Action
from core.actor import Actor, Door
from core.errors import HuiyinError
from staff import queries as staff
from staff.actors import actor_of
from staff.queries import Person

# The steps that carry a matter on; the others (to ask, to urge …) do not make a card worth correcting.
MAJOR = frozenset(
    {
        "ticket.sign",
        "ticket.answer",
        "ticket.resume",
        "ticket.endorse",
        "ticket.approve",
        "ticket.approve_extension",
        "ticket.approve_pause",
        "case.accept",
        "case.assign",
        "case.approve",
    }
)


def majors(actions: Iterable[Action]) -> list[str]:
    """The names of the steps that carry on, in order."""
    return sorted({action.name for action in actions} & MAJOR)


def state_of(matter: Matter) -> str:
    """The state as kept."""
    return str(matter.case.state if matter.ticket is None else matter.ticket.state)


async def actor(person: Person) -> Actor | None:
    """The person as they act in WeCom; None when the account is disabled."""
    try:
        return await actor_of(person.id, Door.WECOM)
    except HuiyinError:
        return None


async def remember(matter: Matter, userid: str, actions: Iterable[Action]) -> None:
    """Note what the newest card of this person offers."""
    await db.execute(
        "insert into card_shown (subject, userid, state, majors) values ($1, $2, $3, $4)"
        " on conflict (subject, userid) do update set state = excluded.state, majors = excluded.majors",
        matter.subject,
        userid,
        state_of(matter),
        majors(actions),
    )


async def live(matter: Matter) -> list[str]:
    """The accounts on whose phones a card of this matter still has its buttons."""
    return sorted({card.userid for card in await messages.cards(matter.subject) if card.state == "live"})


async def refresh(matter: Matter, words: str, *, but_not: frozenset[str] = frozenset()) -> None:
    """Correct the cards after a step.

    Args:
        matter: as it stands.
        words: what has happened, "已由 张测试 签收".
        but_not: accounts that get a new card for it.
    """
    held = [userid for userid in await live(matter) if userid not in but_not]
    if not held:
        return
    if matter.case.secret:
        words = "内容已更新"  # who did what is not for every phone on which a card lies
    keeps = {person.wecom_userid for person in await audience.holder(matter)}
    shown = {
        row["userid"]: row
        for row in await db.fetch(
            "select userid, state, majors from card_shown where subject = $1", matter.subject
        )
    }
    for userid in held:
        person = await staff.by_wecom(userid)
        by = await actor(person) if person is not None else None
        actions = await matters.now(matter, by) if by is not None else []
        before = shown.get(userid)
        same_step = before is not None and list(before["majors"]) == majors(actions)
        if userid in keeps and by is not None and majors(actions):
            if not same_step:
                await _draw(matter, userid, by, words, actions)
        elif not (same_step and actions and before is not None and before["state"] == state_of(matter)):
            await channels.update_cards(matter.subject, words, only=[userid])


async def redraw(matter: Matter, person: Person) -> None:
    """Have this person's card show what is so now; for whoever has just clicked, and brought a fresh code."""
    by = await actor(person)
    actions = await matters.now(matter, by) if by is not None else []
    if by is None or not actions:
        await channels.update_cards(matter.subject, f"当前状态：{matter.label}", only=[person.wecom_userid])
        return
    await _draw(matter, person.wecom_userid, by, "", actions)


async def _draw(matter: Matter, userid: str, by: Actor, note: str, actions: list[Action]) -> None:
    card: Card = await cards.draw(matter, by, note=note, actions=actions)
    await channels.update_cards(matter.subject, card, only=[userid])
    await remember(matter, userid, actions)
