"""A pressed button of a card: one action, or the question for what it needs. Pressed again, nothing happens twice.

A card that shows less than the newest state never decides anything that the person has not seen.
"""

from bot import acts, cards, conversations, holders, matters, orders
from bot.cards import Key
from bot.matters import Matter
from bot.places import Answer, Speaker, answer
from channels import actions as channels
from core import db
from core.errors import Forbidden, HuiyinError, Refused


class Newer(Refused):
    """The card shows less than what is so now."""


async def press(speaker: Speaker, event_key: str, task_id: str, code: str, *, by_bot: bool = False) -> None:
    """Take a click: keep its code, do what it asks, answer."""
    if task_id and code:
        await channels.remember_response_code(task_id, speaker.person.wecom_userid, code, by_bot=by_bot)
    key = cards.read_key(event_key)
    if key is None:
        await answer(speaker, Answer("这个按钮已失效，请发“待办”查看工单"))
        return
    try:
        async with db.transaction():
            said = await _pressed(speaker, key)
    except HuiyinError as error:
        said = Answer(await _refused(speaker, key, error))
    await answer(speaker, said)


async def _pressed(speaker: Speaker, key: Key) -> Answer:
    kind, _, verb = key.name.partition(".")
    if kind not in ("ticket", "case"):
        raise Refused("这个按钮已失效，请发“待办”查看工单")
    matter = await matters.of(kind, key.id, speaker.actor)
    await channels.confirm_by_act(matter.subject, speaker.person.wecom_userid)
    if verb == cards.VIEW:
        return Answer(await orders.page(matter, speaker.actor))
    action = acts.find(key.name)
    if action is None:
        raise Refused("这个按钮已失效，请发“待办”查看工单")
    if key.version != matter.version and action.name in matters.REVIEWS:
        await matters.check(action, matter, speaker.actor)
        raise Newer(f"{matter.number} 在您打开卡片后有了更新，请看刷新后的卡片再决定")
    return await conversations.advance(speaker, action, matter, {})


async def _refused(speaker: Speaker, key: Key, error: HuiyinError) -> str:
    """The sentence, with how the matter stands now; the person's card is drawn anew."""
    kind = key.name.partition(".")[0]
    try:
        matter = await matters.of(kind, key.id, speaker.actor)
    except HuiyinError:
        await channels.update_cards(f"{kind}:{key.id}", "已转交他人办理", only=[speaker.person.wecom_userid])
        return conversations.sentence(error)
    await holders.redraw(matter, speaker.person)
    return await _with_state(matter, error)


async def _with_state(matter: Matter, error: HuiyinError) -> str:
    if isinstance(error, (Forbidden, Newer)):
        return error.message
    last = await db.fetchrow(
        "select actor_name, at from history where case_id = $1 and ($2::bigint is null or ticket_id = $2)"
        " and state_to = $3 and state_from <> state_to order by id desc limit 1",
        matter.case.id,
        matter.ticket.id if matter.ticket is not None else None,
        str(matter.ticket.state if matter.ticket is not None else matter.case.state),
    )
    by = f"（{last['actor_name']} 操作）" if last else ""
    return f"{conversations.sentence(error)}{by}"
