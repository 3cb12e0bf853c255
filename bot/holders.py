"""Cards that lie on phones: each holder's is drawn anew for that very person, or loses its buttons. Sends by row only."""

from bot import cards
from bot.matters import Matter
from channels import actions as channels
from channels import queries as messages
from channels.drafts import Card
from core.actor import Actor, Door
from core.errors import Forbidden, NotFound
from staff import queries as staff
from staff.actors import actor_of
from staff.queries import Person


async def actor(person: Person) -> Actor:
    """The person as they act in WeCom."""
    return await actor_of(person.id, Door.WECOM)


async def refresh(
    matter: Matter, words: str = "", *, only: str = "", but_not: frozenset[str] = frozenset()
) -> None:
    """Have the cards about a matter show what is so now.

    Args:
        matter: as it stands.
        words: what has happened, "已由 张测试 签收"; on cards where nothing is left to do it replaces the buttons.
        only: one holder's WeCom account.
        but_not: accounts left out.
    """
    held = {card.userid for card in await messages.cards(matter.subject) if card.state != "stale"}
    for userid in sorted(held):
        if userid in but_not or (only and userid.lower() != only.lower()):
            continue
        person = await staff.by_wecom(userid)
        shown = await _shown(matter, person, words) if person is not None else words or matter.label
        await channels.update_cards(matter.subject, shown, only=[userid])


async def _shown(matter: Matter, person: Person, words: str) -> Card | str:
    try:
        by = await actor(person)
        card = await cards.draw(matter, by, note=words)
    except (Forbidden, NotFound):
        return words or matter.label
    return card if card.actionable else words or matter.label
