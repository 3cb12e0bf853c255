"""Messages about a ticket or case to members of staff: a card with what they may do, or a sentence. Writes rows only.

Of a secret case a message says that there is something to do, and nothing of what it is: what was written in a step
is left out here, once for all.
"""

from collections.abc import Collection
from dataclasses import dataclass

from bot import cards, holders, matters, remaining
from bot.matters import Matter
from bot.orders import ON_THE_PAGE
from bot.places import staff_receiver
from channels import actions as channels
from channels import texts
from channels.drafts import Draft, Lane
from core.identity import mask_in_text
from staff.queries import Person
from tickets.story import sentence

WECOM_THEN_SMS = ("wecom", "sms")


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told: `key` names the happening, `title` stands before the matter's own on a card."""

    key: str
    purpose: str
    title: str = ""
    note: str = ""
    quote: tuple[str, str] | None = None
    lane: Lane = Lane.NORMAL
    sms: bool = False
    bundle: str = ""


async def card(matter: Matter, person: Person, news: News, *, wanted: Collection[str] = ()) -> bool:
    """Send a card to somebody who has something to do; whether it was needed.

    Args:
        matter: as it stands now.
        person: to whom.
        news: what has happened.
        wanted: only when one of these actions is possible for the person now; any, when empty.

    An older card of the same matter on the same phone loses its buttons.
    """
    by = await holders.actor(person)
    actions = await matters.now(matter, by) if by is not None else []
    if by is None or not actions or (wanted and not {action.name for action in actions} & set(wanted)):
        return False
    secret = matter.case.secret
    drawn = await cards.draw(
        matter,
        by,
        title=news.title,
        note=ON_THE_PAGE if secret else news.note,
        quote=None if secret else news.quote,
        actions=actions,
    )
    if matter.version > 1 and person.wecom_userid in await holders.live(matter):
        await channels.update_cards(matter.subject, "已更新，请看最新卡片", only=[person.wecom_userid])
    await holders.remember(matter, person.wecom_userid, actions)
    words = {"sms": _sms(matter, person)} if news.sms else {}
    await channels.send(
        Draft(
            key=_key(news, person),
            purpose=news.purpose,
            subject=matter.subject,
            receiver=staff_receiver(person),
            lane=news.lane,
            card=drawn,
            texts=words,
            bundle=news.bundle,
            ladder=WECOM_THEN_SMS if news.sms else (),
        )
    )
    return True


def _key(news: News, person: Person) -> str:
    return f"{news.key}:{person.id}"


def _sms(matter: Matter, person: Person) -> str:
    due_at = matter.ticket.due_at if matter.ticket is not None else matter.case.due_at
    return texts.render(
        "assigned",
        "sms",
        {"name": person.name, "number": matter.number, "limit": remaining.limit(due_at).partition("（")[0]},
    )


async def told(matter: Matter, history_id: int) -> str:
    """A step of the story as it may be told of this matter."""
    return ON_THE_PAGE if matter.case.secret else await sentence(history_id)


async def words(matter: Matter, person: Person, news: News, text: str) -> None:
    """Tell somebody a sentence about a matter."""
    await channels.send(
        Draft(
            key=_key(news, person),
            purpose=news.purpose,
            subject=matter.subject,
            receiver=staff_receiver(person),
            lane=news.lane,
            text=mask_in_text(text),
            bundle=news.bundle,
        )
    )


def urgent(matter: Matter) -> Lane:
    """The lane of an order by what its sender says of it."""
    return Lane.NORMAL if matter.case.urgency in ("", "一般", "普通") else Lane.URGENT


def one(found: list[Person], *, but_not: int | None) -> list[Person]:
    """The people but one: who did it knows it already."""
    return [person for person in found if person.id != but_not]
