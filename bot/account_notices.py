"""Tells the owner of an account what happened with it, and those who answer for security that an account is held.

By WeCom where it is bound; whoever keeps the house is told at the phone number of before too. Writes message rows only.
"""

from bot.infected import guards
from bot.places import staff_receiver
from channels import actions as channels
from channels.drafts import Draft, Lane, Receiver, ReceiverKind
from core import clock
from core.identity import mask_phone
from staff import notices
from staff import queries as staff
from staff.events import AccountHeld, AccountNoticed
from staff.notices import Notice

PURPOSE = "account.notice"


async def noticed(event: AccountNoticed) -> None:
    """One message; quiet hours do not hold back what is serious."""
    found = await notices.find(event.notice_id)
    if found is None:
        return
    person = await staff.person(found.staff_id)
    lane = Lane.URGENT if found.serious else Lane.NORMAL
    if person.wecom_userid:
        await channels.send(
            Draft(
                key=f"notice:{found.id}",
                purpose=PURPOSE,
                subject=f"notice:{found.id}",
                receiver=staff_receiver(person),
                lane=lane,
                text=_words(found),
            )
        )
    if old := await notices.contact_of(found.id):
        await channels.send(
            Draft(
                key=f"notice:{found.id}:before",
                purpose=PURPOSE,
                subject=f"notice:{found.id}",
                receiver=Receiver(
                    kind=ReceiverKind.STAFF, id=person.id, name=f"{person.name}（原手机号）", phone=old
                ),
                lane=Lane.URGENT,
                ladder=("sms",),
                text=(
                    f"{person.name}（{person.number}）在回音系统登记的手机号已由 {mask_phone(old)} 改为其他号码。"
                    "如非本人要求，请立即联系安全管理员。"
                ),
            )
        )


def _words(one: Notice) -> str:
    place = "，".join(filter(None, (one.device, one.address)))
    lines = [f"【账号安全】{clock.local(one.at):%m-%d %H:%M} {one.label}"]
    lines += filter(None, (one.words, place))
    lines.append("如非本人，请打开“我的账号 → 登录与安全提醒”按“不是我”，或立即联系安全管理员。")
    return "\n".join(lines)


async def held(event: AccountHeld) -> None:
    """At once, to each who answers for security but the person themselves."""
    found = await notices.find(event.notice_id)
    if found is None:
        return
    name = await notices.name_of(found.staff_id)
    for person in await guards():
        if person.id == found.staff_id:
            continue
        await channels.send(
            Draft(
                key=f"held:{found.id}:{person.id}",
                purpose="account.held",
                subject=f"notice:{found.id}",
                receiver=staff_receiver(person),
                lane=Lane.URGENT,
                text=(
                    f"【账号安全】{name} 报告账号有非本人操作（{clock.local(found.at):%m-%d %H:%M}，{found.address or '地址不明'}），"
                    "全部登录已结束，账号已冻结。请核实身份，查审计日志，再到“人员与岗位”解除冻结。"
                ),
            )
        )
