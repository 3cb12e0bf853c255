"""The line that answers the bot's open question: a value for a field, a yes, a place in a list.

What is not understood is asked again; what the step refuses ends the conversation with its sentence.
"""

from bot import acts, fields, lines, matters
from bot.conversations import (
    CONFIRM,
    WHICH,
    advance,
    cancel,
    drop,
    late,
    prolong,
    sentence,
)
from bot.fields import Values
from bot.models import Conversation
from bot.places import Answer, Speaker
from core import clock
from core.actions import Action
from core.errors import HuiyinError, Invalid
from staff import queries as staff


async def fill(speaker: Speaker, found: Conversation, text: str) -> Answer:
    """A line that answers the open question.

    Raises:
        HuiyinError: the step was refused.
    """
    if found.expires_at <= clock.now():
        await drop(speaker.person.id)
        return Answer(late(found))
    if found.asked == WHICH:
        return await _which(speaker, found, text)
    action = acts.find(found.actions[0]) if found.actions else None
    if action is None or found.subject_id is None:
        await drop(speaker.person.id)
        return Answer("请重新发起操作，发“帮助”查看可用命令")
    known: Values = dict(found.known)
    if found.asked == CONFIRM:
        said = fields.is_yes(text)
        if said is None:
            await prolong(found)
            return Answer("请发“是”确认，或发“取消”放弃")
        if not said:
            return await cancel(speaker)
        known[CONFIRM] = True
    else:
        try:
            known |= await _given(action, found, text)
        except Invalid as error:
            await prolong(found)
            return Answer(f"{error.message}，或发“取消”放弃")
    matter = await matters.of(action.subject, found.subject_id, speaker.actor)
    try:
        return await advance(speaker, action, matter, known)
    except HuiyinError as error:
        await drop(speaker.person.id)
        return Answer(sentence(error))


async def _given(action: Action, found: Conversation, text: str) -> Values:
    """What the line says: several fields at once when it reads like a whole line, else the one asked for."""
    info = action.form.model_fields[found.asked]
    offered = found.options
    index = lines.fold(text).strip(" .、")
    if offered and index.isdecimal() and 1 <= int(index[:4]) <= len(offered):
        return {
            found.asked: [offered[int(index) - 1]]
            if fields.widget(info) == "departments"
            else offered[int(index) - 1]
        }
    if action.line:
        whole = fields.from_line(action, text, await staff.tree())
        if found.asked in whole and len(whole) > 1 and not whole.keys() & found.known.keys():
            return whole
    return {found.asked: fields.value(info, text)}


async def _which(speaker: Speaker, found: Conversation, text: str) -> Answer:
    chosen = picked(found, text)
    if chosen is None:
        await prolong(found)
        return Answer("请发列表中的序号或工单号，或发“取消”放弃")
    known_actions = [action for name in found.actions if (action := acts.find(name)) is not None]
    matter = await matters.ticket(chosen, speaker.actor)
    action = await acts.choose(tuple(known_actions), matter, speaker.actor)
    known = fields.from_line(action, found.rest, await staff.tree())
    await drop(speaker.person.id)
    return await advance(speaker, action, matter, known)


def picked(found: Conversation, text: str) -> int | None:
    """The ticket named by its place in the list that was offered, or by its number; None when neither."""
    plain = lines.fold(text).strip(" .、#号")
    if not plain.isdecimal() or len(plain) > 18:
        return None
    value = int(plain)
    if str(value) in found.options:
        return value
    return int(found.options[value - 1]) if 1 <= value <= len(found.options) else None
