"""Tells of sheets with names and phones in full: those who may agree that one waits, who asked what became of it.

Agreeing is done on the page, where the whole filter is read, never in chat. Writes message rows only.
"""

from uuid import UUID

from bot.places import staff_receiver
from channels import actions as channels
from channels.drafts import Draft
from staff import queries as staff
from staff.queries import Person
from tickets import export_approval
from tickets.events import WholeExportAsked, WholeExportDecided

PURPOSE = "export.whole"


async def asked(event: WholeExportAsked) -> None:
    """Those who may agree are told who wants what, and for what."""
    wish = await export_approval.wish(UUID(event.export_id))
    if wish is None or wish.state != "waiting":
        return
    text = (
        f"{wish.name} 申请导出未脱敏的诉求清单，等您审批。\n"
        f"接收方：{wish.recipient}\n用途：{wish.purpose}\n请打开“导出审批”页面查看范围后处理。"
    )
    for person in await export_approval.approvers(wish.asked_by):
        await _tell(f"asked:{event.export_id}", person, text)


async def decided(event: WholeExportDecided) -> None:
    """Who asked is told what became of it."""
    wish = await export_approval.wish(UUID(event.export_id))
    person = await staff.person(wish.asked_by) if wish is not None else None
    if wish is None or person is None:
        return
    said = (
        f"没有通过：{wish.error}"
        if wish.state == "refused"
        else "已同意，正在生成，完成后在诉求列表的“导出”处下载"
    )
    await _tell(f"decided:{event.export_id}", person, f"您申请的未脱敏导出{said}。")


async def _tell(key: str, person: Person, text: str) -> None:
    await channels.send(
        Draft(
            key=f"export:{key}:{person.id}",
            purpose=PURPOSE,
            subject="export",
            receiver=staff_receiver(person),
            text=text,
        )
    )
