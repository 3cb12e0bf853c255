"""Reading an order in chat: its text, limits with their reasons, material, the caller's phone, its card again."""

from bot import cards, conversations, matters, orders
from bot.commands.base import Command, may
from bot.commands.mine import READS
from bot.conversations import FILES, Question
from bot.finding import find
from bot.lines import Said
from bot.places import Answer, Speaker
from core import looking
from core.actor import Permission
from core.errors import Forbidden


async def _order(speaker: Speaker, said: Said) -> Answer:
    matter = await find(speaker, said)
    page = int(said.rest) if said.rest.isdecimal() and len(said.rest) < 4 else 1
    return Answer(await orders.page(matter, speaker.actor, page))


async def _material(speaker: Speaker, said: Said) -> Answer:
    """The list, the pictures themselves, and an open door for what is sent next."""
    matter = await find(speaker, said)
    text, files = await orders.material(matter)
    able = matter.ticket is not None and await orders.takes_material(matter, speaker.actor)
    if not able:
        return Answer(text, files)
    asked = await conversations.ask(
        speaker,
        [],
        matter,
        Question(FILES, f"{text}\n接下来发来的照片、文件将作为 {matter.number} 的材料，发“完成”结束"),
    )
    return Answer(asked.text, files)


async def _phone(speaker: Speaker, said: Said) -> Answer:
    """The caller's name and number, for who may know them and says why; each time it is written into the audit log."""
    matter = await find(speaker, said)
    if not orders.may_call(matter, speaker.actor):
        raise Forbidden("您没有查看来电人电话的权限")
    if not said.rest:
        number = matter.number.removeprefix("#")
        return Answer(f"请写明查看原因（不少于 {looking.SHORTEST} 个字），例如：电话 {number} 电话核实诉求")
    text = orders.caller_whole(matter)
    await looking.note(
        speaker.actor, "case.reveal", "case", matter.case.id, reason=said.rest, fields=["姓名", "电话"]
    )
    return Answer(text, secret=True)


async def _card(speaker: Speaker, said: Said) -> Answer:
    matter = await find(speaker, said)
    fresh = await matters.of(matter.kind, matter.id, speaker.actor)
    card = await cards.draw(fresh, speaker.actor)
    return Answer(card.in_words(), card=card, subject=fresh.subject)


ORDER = Command(
    ("工单", "查看", "详情", "全文", "看", "查询"), _order, "看工单全文、时限和原因", "工单 1234", shown=READS
)
MATERIAL = Command(
    ("材料", "附件", "照片", "交材料", "上传", "上传材料", "证据"),
    _material,
    "看材料；接着发照片、文件即作为材料提交",
    "材料 1234",
    shown=READS,
)
PHONE = Command(
    ("电话", "来电人", "联系方式", "号码"),
    _phone,
    "来电人电话（写明原因，查看留痕）",
    "电话 1234 电话核实诉求",
    shown=may(Permission.PATIENT_REVEAL),
)
CARD = Command(("卡片", "按钮"), _card, "重新发送操作卡片", "卡片 1234", shown=READS)
