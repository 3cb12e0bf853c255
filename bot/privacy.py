"""Tells of copies and deletions at a person's request: those who may agree that one waits, who asked what became of it.

Agreeing is done on the page of the case, never in chat; no person is named here. Writes message rows only.
"""

from bot.places import staff_receiver
from channels import actions as channels
from channels.drafts import Draft
from staff import queries as staff
from staff.queries import Person
from tickets.events import PrivacyDecided, PrivacyWaits
from tickets.privacy import checks

PURPOSE = "privacy.check"


async def waits(event: PrivacyWaits) -> None:
    """Those who may agree."""
    wish = await checks.told(event.check_id)
    if wish is None or wish.step:
        return
    text = f"{wish.by_name} 提交了“{wish.what}”，等您复核。\n诉求编号：{wish.number}\n请打开诉求页面核对申请人身份后处理。"
    for person in await checks.approvers(event.check_id):
        await _tell(f"asked:{event.check_id}", wish.case_id, person, text)


async def decided(event: PrivacyDecided) -> None:
    """Who asked."""
    wish = await checks.told(event.check_id)
    if wish is None or not wish.step:
        return
    said = (
        f"{wish.decided_by} 已复核同意"
        if wish.step == "agreed"
        else f"{wish.decided_by} 没有同意：{wish.note}"
    )
    text = f"您提交的“{wish.what}”：{said}（诉求编号 {wish.number}）。"
    await _tell(f"decided:{event.check_id}", wish.case_id, await staff.person(wish.by_id), text)


async def _tell(key: str, case_id: int, person: Person, text: str) -> None:
    await channels.send(
        Draft(
            key=f"privacy:{key}:{person.id}",
            purpose=PURPOSE,
            subject=f"case:{case_id}",
            receiver=staff_receiver(person),
            text=text,
        )
    )
