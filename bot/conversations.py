"""Forms filled by chat lines: what is missing is asked, the next line answers, a time limit ends it.

A person has one open question at a time. An action runs once its form is whole; what it refuses ends the
conversation with its sentence, what is faulty is asked again. Nothing here knows a rule of tickets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot import acts, fields, matters, units
from bot.fields import Values
from bot.matters import Matter
from bot.models import BotFile, Conversation
from bot.places import Answer, Place, Speaker, answer, way_of
from core import clock, db
from core.actions import Action
from core.actor import Door
from core.due import Ask, Came, Due, schedule
from core.errors import Fault, HuiyinError, Invalid
from core.parameters import Parameter, declare, number
from staff import queries as staff
from staff.actors import actor_of

EXPIRE = "bot.conversation"
WHICH, CONFIRM, FILES = "#which", "#confirm", "#files"
MINUTES = declare(
    Parameter(
        "bot.answer_minutes",
        "企业微信填写等待时间",
        int,
        10,
        1,
        120,
        "分钟",
        what="机器人提问后等多久；超时未答，这次填写作废",
    )
)


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the field (or one of the bot's own questions), the words, and what is offered by number."""

    asked: str
    words: str
    options: tuple[str, ...] = ()


async def current(speaker: Speaker) -> Conversation | None:
    """The conversation open here with this person, locked; one that was begun elsewhere waits there."""
    found = await Conversation.select_for_update().get_or_none(staff_id=speaker.person.id)
    return found if found is not None and found.place == speaker.place.name else None


async def drop(staff_id: int) -> bool:
    """Forget the open question of a person; whether there was one."""
    return bool(await db.execute("delete from conversation where staff_id = $1", staff_id))


async def cancel(speaker: Speaker) -> Answer:
    """The person gives up what is being filled in."""
    found = await Conversation.select_for_update().get_or_none(staff_id=speaker.person.id)
    dropped = await drop_files(speaker.person.id)
    if found is None and not dropped:
        return Answer("当前没有需要取消的内容")
    await drop(speaker.person.id)
    return Answer(f"已取消{_title(found)}" if found is not None else "已取消，刚才的文件不会提交")


async def drop_files(staff_id: int) -> int:
    """Forget the files for which no ticket was named; how many."""
    return await BotFile.filter(
        staff_id=staff_id, ticket_id__isnull=True, state__in=("fetching", "kept")
    ).update(state="dropped")


def _title(found: Conversation) -> str:
    action = acts.find(found.actions[0]) if found.actions else None
    label = action.label if action is not None else "材料提交"
    return f"“{label}”" + (f"（#{found.subject_id}）" if found.subject_id and _of_ticket(action) else "")


def _of_ticket(action: Action | None) -> bool:
    return action is None or action.subject == "ticket"


async def ask(
    speaker: Speaker,
    actions: Sequence[Action],
    matter: Matter | None,
    question: Question,
    *,
    known: Values | None = None,
    rest: str = "",
) -> Answer:
    """Ask, and remember what the answer is for; an older question of this person is forgotten."""
    minutes = await number(MINUTES)
    before = await Conversation.select_for_update().get_or_none(staff_id=speaker.person.id)
    same = (
        before is not None
        and list(before.actions) == [each.name for each in actions]
        and before.subject_id in (None, matter.id if matter else None)
    )
    await drop(speaker.person.id)
    until = clock.now() + timedelta(minutes=minutes)
    made = await Conversation.create(
        staff_id=speaker.person.id,
        way=speaker.place.way,
        place=speaker.place.name,
        actions=[action.name for action in actions],
        subject_id=matter.id if matter else None,
        asked=question.asked,
        known=known or {},
        rest=rest,
        options=list(question.options),
        expires_at=until,
    )
    await schedule(Ask(until, EXPIRE, made.id, made.step))
    given_up = f"（先前的{_title(before)}已放弃）\n" if before is not None and not same else ""
    return Answer(f"{given_up}{question.words}（{minutes} 分钟内，发“取消”放弃）")


async def prolong(found: Conversation) -> None:
    """The person is still at it: the time limit begins anew."""
    found.step += 1
    found.expires_at = clock.now() + timedelta(minutes=await number(MINUTES))
    await found.save(update_fields=["step", "expires_at"])
    await schedule(Ask(found.expires_at, EXPIRE, found.id, found.step))


async def advance(speaker: Speaker, action: Action, matter: Matter, known: Values) -> Answer:
    """Run the action if its form is whole, else ask for what is missing or wrong.

    Raises:
        HuiyinError: the step is not possible, or was refused.
    """
    await matters.check(action, matter, speaker.actor)
    question = await _open_question(action, matter, known)
    if question is not None:
        return await ask(speaker, [action], matter, question, known=known)
    await _close(speaker, action, matter)
    form = action.parse(_given_only(known))
    try:
        async with db.transaction():
            await action.run(matter.id, form, by=speaker.actor)
    except Invalid as error:
        fault = next((each for each in error.details if each.field in action.form.model_fields), None)
        if fault is None:
            raise
        known.pop(fault.field, None)
        again = (
            f"{fault.reason}。{_head(action, matter)}{fields.question(action.form.model_fields[fault.field])}"
        )
        return await ask(speaker, [action], matter, Question(fault.field, again), known=known)
    return Answer(await _done(speaker, action, matter))


async def _close(speaker: Speaker, action: Action, matter: Matter) -> None:
    """The question this action was asked with is answered; one about something else stays open."""
    await Conversation.filter(
        staff_id=speaker.person.id, subject_id=matter.id, actions__contains=[action.name]
    ).delete()


async def _done(speaker: Speaker, action: Action, matter: Matter) -> str:
    """The sentence back, and what may come next."""
    said = action.said.format(number=matter.id if matter.kind == "ticket" else matter.number)
    try:
        fresh = await matters.of(matter.kind, matter.id, speaker.actor)
    except HuiyinError:  # passed on to others: nothing is left to do here
        return said
    following = [each.label for each in await matters.now(fresh, speaker.actor)][:4]
    return f"{said}。接下来可以：{'、'.join(following)}" if following else said


def _head(action: Action, matter: Matter) -> str:
    return f"【{matter.number} {action.label}】"


async def _open_question(action: Action, matter: Matter, known: Values) -> Question | None:
    """What has to be asked before the action can run; puts department names into `known` as ids."""
    for name, info in action.form.model_fields.items():
        if name in known and fields.widget(info) in ("department", "departments"):
            doubt = await units.settle(name, info, matter, known)
            if doubt is not None:
                known.pop(name, None)
                return Question(name, f"{_head(action, matter)}{doubt.words}", doubt.options)
    faults = _faults(action, known)
    for fault in faults:
        if fault.field in known:
            known.pop(fault.field)
            words = fields.question(action.form.model_fields[fault.field])
            return Question(fault.field, f"{fault.label}{fault.reason}。{_head(action, matter)}{words}")
    if faults:
        info = action.form.model_fields[faults[0].field]
        return Question(faults[0].field, f"{_head(action, matter)}{fields.question(info)}")
    if action.ask and CONFIRM not in known:
        return Question(CONFIRM, f"{_head(action, matter)}{action.ask}请发“是”确认")
    return None


def _faults(action: Action, known: Values) -> tuple[Fault, ...]:
    """What is wrong with, or missing from, what is known so far."""
    try:
        action.parse(_given_only(known))
    except Invalid as error:
        return error.details
    return ()


def _given_only(known: Values) -> Values:
    """Without the bot's own notes."""
    return {name: given for name, given in known.items() if not name.startswith("#")}


async def which(
    speaker: Speaker, actions: Sequence[Action], offered: Sequence[tuple[int, str]], rest: str
) -> Answer:
    """Ask which of several tickets is meant; the words given so far are kept."""
    label = actions[0].label if actions else "提交材料"
    listed = "\n".join(f"{at}. {words}" for at, (_, words) in enumerate(offered, start=1))
    question = Question(
        WHICH,
        f"要“{label}”哪个工单？请发序号或工单号：\n{listed}\n",
        tuple(str(number) for number, _ in offered),
    )
    return await ask(speaker, actions, None, question, rest=rest)


def sentence(error: HuiyinError) -> str:
    """What went wrong, in one sentence, each fault named."""
    faults = "；".join(
        f"{fault.label}{fault.reason}" for fault in error.details if fault.reason not in error.message
    )
    return f"{error.message}：{faults}" if faults else error.message


def late(found: Conversation) -> str:
    """What is said when the time for an answer is over."""
    return f"{_title(found)}的填写已超时，没有提交。需要时请重新操作"


async def expire(due: Due) -> tuple[Came, str]:
    """The time for an answer is over: the question is forgotten and the person told."""
    found = await Conversation.select_for_update().get_or_none(id=due.ref, step=due.ref_version)
    if found is None:
        return Came.VOID, "已回答或已取消"
    await drop(found.staff_id)
    await drop_files(found.staff_id)
    if found.asked == FILES:
        return Came.DONE, "材料接收结束"
    person = await staff.person(found.staff_id)
    speaker = Speaker(
        person,
        await actor_of(person.id, Door.CLOCK),
        Place(way_of(found.way), found.place),
        f"late:{found.id}:{found.step}",
    )
    await answer(speaker, Answer(late(found)))
    return Came.DONE, "已告知超时"
