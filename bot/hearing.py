"""What somebody says to the bot becomes one command, one answer to an open question, or the nearest words. Never silence.

In a room only what is meant for the bot is answered: a line that calls it, a verb with a number, or the answer
to what it has just asked there.
"""

from bot import acts, answers, conversations, fields, files, finding, lines, matters, queries
from bot.commands import COMMANDS, HELP, by_word, vocabulary
from bot.commands.say_help import words_of
from bot.conversations import FILES, WHICH
from bot.lines import Said
from bot.models import Conversation
from bot.places import Answer, Speaker, answer
from core import db
from core.actions import Action
from core.errors import HuiyinError, Invalid, NotFound
from staff import queries as staff
from tickets.states import TicketVerb

LONGEST = 6000  # characters of one line that are looked at


async def hear(speaker: Speaker, text: str) -> Answer | None:
    """What the bot says to this line; None when, in a room, it is not meant."""
    try:
        async with db.transaction():
            return await _understood(speaker, lines.clean(text)[:LONGEST])
    except HuiyinError as error:
        return Answer(conversations.sentence(error))


async def answer_to(speaker: Speaker, text: str) -> bool:
    """Hear a line and say the answer where it was asked; whether it was for the bot."""
    found = await hear(speaker, text)
    if found is not None:
        await answer(speaker, found)
    return found is not None


async def _understood(speaker: Speaker, text: str) -> Answer | None:
    said = lines.read(text, vocabulary())
    open_now = await conversations.current(speaker)
    if open_now is not None and not said.addressed and not _interrupts(open_now, said):
        return await _go_on(speaker, open_now, text)
    if speaker.place.room_id is not None and not _meant(said):
        return None
    if command := by_word().get(said.word):
        return await command.run(speaker, said)
    if meanings := acts.words().get(said.word):
        return await _act(speaker, said, meanings)
    if said.number:
        return await by_word()["工单"].run(speaker, said)
    return _nearest(speaker, said)


def meant_for_bot(text: str) -> bool:
    """Whether a line of a room calls the bot, or says a verb with a number."""
    return _meant(lines.read(lines.clean(text)[:LONGEST], vocabulary()))


def _meant(said: Said) -> bool:
    return said.addressed or bool(said.word and said.number)


def _interrupts(open_now: Conversation, said: Said) -> bool:
    """Whether a line is a command although an answer is waited for: a command alone, or a verb with a number."""
    if said.word in by_word():
        return not said.rest or bool(said.number)
    if said.word:
        return bool(said.number)
    return open_now.asked == FILES and open_now.subject_id is not None


async def _go_on(speaker: Speaker, open_now: Conversation, text: str) -> Answer:
    if open_now.asked == WHICH and not open_now.actions:
        return await files.chosen(speaker, open_now, text)
    if open_now.asked == FILES:
        return Answer("请发送照片或文件，发“完成”结束")
    return await answers.fill(speaker, open_now, text)


async def _act(speaker: Speaker, said: Said, meanings: tuple[Action, ...]) -> Answer:
    """An action of the register by its word."""
    of_tickets = tuple(action for action in meanings if action.subject == "ticket")
    of_cases = tuple(action for action in meanings if action.subject == "case")
    if said.number:
        return await _by_number(speaker, said, of_tickets, of_cases)
    if speaker.ticket_id is not None and of_tickets:
        matter = await matters.ticket(speaker.ticket_id, speaker.actor)
        return await _advance(speaker, await acts.choose(of_tickets, matter, speaker.actor), matter, said)
    if not of_tickets:
        raise Invalid(f"请写明诉求编号，例如“{said.word} 20261121-56”")
    return await _the_only_one(speaker, said, of_tickets)


async def _by_number(
    speaker: Speaker, said: Said, of_tickets: tuple[Action, ...], of_cases: tuple[Action, ...]
) -> Answer:
    if of_tickets and "-" not in said.number:
        matter = await finding.by_number(speaker, said.number)
        return await _advance(speaker, await acts.choose(of_tickets, matter, speaker.actor), matter, said)
    if not of_cases:
        raise Invalid(f"请写工单号，例如“{said.word} 1234”")
    if "-" in said.number:
        matter = await finding.by_number(speaker, said.number)
    elif len(said.number) <= finding.LONGEST_ID:
        matter = await matters.case(int(said.number), speaker.actor)
    else:
        raise NotFound("没有这件诉求，或您无权查看")
    return await _advance(speaker, await acts.choose(of_cases, matter, speaker.actor), matter, said)


async def _the_only_one(speaker: Speaker, said: Said, meanings: tuple[Action, ...]) -> Answer:
    """No number was given: the one ticket that fits is meant, of several one is to be chosen."""
    takes_words = any(action.form.model_fields for action in meanings)
    if said.rest and not takes_words and not lines.only_particles(said.rest):
        return _nearest(speaker, said)
    verbs = {action.verb for action in meanings if action.name not in acts.OWN} or set(TicketVerb)
    found = await queries.able(speaker.actor, verbs, most=8)
    if not found:
        raise NotFound(f"您现在没有可以“{meanings[0].label}”的工单；如已知编号，请发“{said.word} 编号”")
    if len(found) > 1:
        offered = [(line.id, finding.words(line)) for line in found]
        return await conversations.which(speaker, meanings, offered, said.rest)
    matter = await matters.ticket(found[0].id, speaker.actor)
    return await _advance(speaker, await acts.choose(meanings, matter, speaker.actor), matter, said)


async def _advance(speaker: Speaker, action: Action, matter: matters.Matter, said: Said) -> Answer:
    known = fields.from_line(action, said.rest, await staff.tree())
    return await conversations.advance(speaker, action, matter, known)


def _nearest(speaker: Speaker, said: Said) -> Answer:
    """Not understood: the words most like it, of those this person may use."""
    words = words_of(speaker.actor, (*COMMANDS, HELP))
    close = lines.nearest(said.whole, words)
    if said.word and said.word not in close:
        close = [said.word, *close][:3]
    shown = said.whole if len(said.whole) <= 20 else f"{said.whole[:20]}…"
    guess = f"您是不是要：{'、'.join(close)}？" if close else ""
    return Answer(f"没有听懂“{shown}”。{guess}发“帮助”查看可用命令，发“待办”查看工单")
