"""Which ticket or case a line means: by its number, by where it is said, or because only one can be meant."""

from bot import matters, queries
from bot.lines import Said
from bot.matters import Matter
from bot.places import Speaker, one_line
from bot.queries import Line
from core.errors import NotFound, Refused
from tickets.states import TicketVerb

LONGEST_ID = 9  # a longer number is the sender's own, as printed on the order


async def find(speaker: Speaker, said: Said) -> Matter:
    """The ticket or case to be read.

    Raises:
        NotFound: there is none of this number, or none for this person.
        Refused: no number was given and several could be meant.
    """
    if said.number:
        return await by_number(speaker, said.number)
    if speaker.ticket_id is not None:
        return await matters.ticket(speaker.ticket_id, speaker.actor)
    if said.rest and not said.rest.isdecimal() and said.rest.isascii():
        number = await queries.ticket_of_order(said.rest, speaker.actor)
        return await matters.ticket(number, speaker.actor)
    found = await queries.able(speaker.actor, list(TicketVerb), most=8)
    if len(found) == 1:
        return await matters.ticket(found[0].id, speaker.actor)
    if not found:
        raise NotFound("您现在没有在办工单；查看其他工单请写编号，例如“工单 1234”")
    raise Refused(f"请写明工单号，例如“{said.word} {found[0].id}”。在办工单：\n{listed(found)}")


async def by_number(speaker: Speaker, number: str) -> Matter:
    """The ticket of a short number, the case of a number with a dash, the order of a long one.

    Raises:
        NotFound: there is none, or none for this person.
    """
    if "-" in number:
        tail = number.partition("-")[2]
        if len(tail) > LONGEST_ID:
            raise NotFound("没有这件诉求，或您无权查看")
        found = await matters.case(int(tail), speaker.actor)
        if found.number != number:
            raise NotFound("没有这件诉求，或您无权查看")
        return found
    if len(number) > LONGEST_ID:
        return await matters.ticket(await queries.ticket_of_order(number, speaker.actor), speaker.actor)
    return await matters.ticket(int(number), speaker.actor)


def listed(found: list[Line]) -> str:
    """Tickets in short, one a line."""
    return "\n".join(words(line) for line in found)


def words(line: Line) -> str:
    """One ticket in short."""
    return f"#{line.id} {one_line(line.title, 24)}"
