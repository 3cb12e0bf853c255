"""An order as words for chat: facts, limits with why they are what they are, the text, answers, material.

Names and numbers of callers are masked; the whole number is said to one person, on request. Of a secret case chat
says no more than where it stands and how long there is: the rest is read on the page. Reads only.
"""

from datetime import datetime
from uuid import UUID

from bot import remaining
from bot.matters import Matter
from core import clock, db
from core.actor import Actor, Permission
from core.errors import NotFound
from core.identity import mask_in_text
from core.masks import mask_name, mask_phone
from staff import queries as staff
from tickets import clock_kinds
from tickets.models import Case, Clock
from tickets.states import TICKET_TABLE, TicketVerb, verbs

PAGE_BYTES = 1750
ON_THE_PAGE = "内容涉密，请登录系统在工单页面查看，不要在聊天中谈论"
MOST_FILES = 6  # sent at once on request; the list names all
CLOCK_STATES = {"running": "", "paused": "（已挂起）", "met": "（已完成）", "void": "（已停止）"}
ATTACHED = {"original": "来单附件", "evidence": "科室材料", "record": "中心材料"}


def caller(case: Case) -> str:
    """The caller as everybody may see them."""
    if case.confidential:
        return "来电人要求保密"
    if case.anonymous:
        return "匿名"
    phone = case.contact_phone or case.caller_phone or ""
    return f"{mask_name(case.caller_name) or '未留姓名'} {mask_phone(phone)}".strip()


def may_call(matter: Matter, by: Actor) -> bool:
    """Whether this person may know the caller: whoever works on it; of a secret one the centre alone."""
    if matter.case.secret:
        return False
    path = matter.ticket.path if matter.ticket is not None else None
    if matter.case.confidential or matter.case.anonymous:
        return by.can(Permission.CASE_HANDLE)
    return by.can(Permission.PATIENT_REVEAL, path)


def caller_whole(matter: Matter) -> str:
    """Name and numbers in full."""
    case = matter.case
    phones = list(dict.fromkeys(filter(None, (case.contact_phone, case.caller_phone))))
    if not phones:
        raise NotFound(f"{matter.number} 没有留下电话号码")
    return (
        f"{matter.number} 来电人：{case.caller_name or '未留姓名'} {'、'.join(phones)}。请勿外传，查看已留痕"
    )


async def page(matter: Matter, by: Actor, wanted: int = 1) -> str:
    """One page of the order, counted from 1; its foot tells how to get the next."""
    pages = _pages(await _whole(matter, by))
    at = min(max(wanted, 1), len(pages))
    if len(pages) == 1:
        return pages[0]
    more = f"，发“工单 {matter.number.removeprefix('#')} {at + 1}”看下一页" if at < len(pages) else ""
    return f"{pages[at - 1]}\n（第 {at}/{len(pages)} 页{more}）"


def _pages(text: str) -> list[str]:
    """The text in pieces of at most PAGE_BYTES, broken at line ends where that is possible."""
    pages, current = [], ""
    for line in text.split("\n"):
        piece = line
        while piece:
            room = PAGE_BYTES - len(current.encode())
            fitting = piece.encode()[:room].decode("utf-8", "ignore") if room > 0 else ""
            if len(fitting) < len(piece) and current and len(piece.encode()) <= PAGE_BYTES:
                fitting = ""
            current += fitting
            piece = piece[len(fitting) :]
            if piece:
                pages.append(current.rstrip("\n"))
                current = ""
        current += "\n"
    pages.append(current.rstrip("\n"))
    return [part for part in pages if part]


async def _whole(matter: Matter, by: Actor) -> str:
    case = matter.case
    tree = await staff.tree()
    lines = [f"【{matter.number}】{case.title}", f"状态：{matter.label}"]
    if matter.ticket is not None:
        role = "主办" if matter.ticket.role == "lead" else "协办"
        lines.append(f"承办科室：{tree.label(matter.ticket.unit_id)}（{role}）")
        if matter.ticket.holder_id:
            lines.append(f"承办人：{(await staff.person(matter.ticket.holder_id)).name}")
    if case.secret:
        return "\n".join([*lines, await _clocks(matter), ON_THE_PAGE])
    lines += [
        f"来单编号：{case.external_no or case.number}",
        f"类型：{'、'.join(filter(None, (case.appeal_type, case.category, case.urgency)))}",
        f"来电人：{caller(case)}{'（要求答复）' if case.reply_required else '（不要求答复）'}",
    ]
    if may_call(matter, by):
        lines[-1] += f"，发“电话 {matter.number.removeprefix('#')} 原因”查看"
    lines += _facts(case)
    if case.round > 1:
        lines.append(f"第 {case.round} 轮办理（此前答复后来电人不满意或有新情况）")
    lines += [await _clocks(matter), f"诉求内容：{case.content}"]
    if matter.ticket is not None:
        if matter.ticket.instructions:
            lines.append(f"办理要求：{matter.ticket.instructions}")
        if matter.ticket.answer:
            lines.append(
                f"科室答复（{matter.ticket.verified}，{matter.ticket.solved}）：{matter.ticket.answer}"
            )
    lines.append(await _pending(matter))
    lines.append(await _attached_count(matter))
    return mask_in_text("\n".join(filter(None, lines)))  # also what departments wrote


def _facts(case: Case) -> list[str]:
    facts = (
        ("事发时间", _when(case.occurred_at)),
        ("事发地点", case.place),
        ("涉及人员", "、".join(case.persons)),
        (
            "患者",
            f"{mask_name(case.patient_name)} {case.patient_number}".strip() if case.patient_name else "",
        ),
        ("收到时间", _when(case.received_at)),
    )
    return [f"{label}：{text}" for label, text in facts if text]


def _when(instant: datetime | None) -> str:
    return f"{clock.local(instant):%Y-%m-%d %H:%M}" if instant else ""


async def _clocks(matter: Matter) -> str:
    """Each limit with its reason; those that were voided by a transfer tell nothing any more."""
    rows = await Clock.filter(case_id=matter.case.id, round=matter.case.round).exclude(state="void")
    mine = matter.ticket.id if matter.ticket is not None else None
    shown = [row for row in rows if row.ticket_id in (None, mine)]
    order = list(clock_kinds.KINDS)
    lines = []
    for row in sorted(shown, key=lambda row: order.index(row.kind), reverse=True):
        left = f"，{remaining.left(row.due_at)}" if row.state == "running" else CLOCK_STATES[row.state]
        doubt = "（暂定）" if row.provisional else ""
        lines.append(
            f"{clock_kinds.label(row.kind)}：{clock.local(row.due_at):%m-%d %H:%M}{doubt}{left}"
            + ("" if matter.case.secret else f"。依据：{row.reason}")
        )
    return "\n".join(lines)


async def _pending(matter: Matter) -> str:
    if matter.ticket is None:
        return ""
    row = await db.fetchrow(
        "select kind, days, reason, asked_name from ticket_request where ticket_id = $1 and state = 'pending'",
        matter.ticket.id,
    )
    if row is None:
        return ""
    what = f"延期 {row['days']} 个工作日" if row["kind"] == "extension" else "挂起"
    return f"待审批：{row['asked_name']} 申请{what}：{row['reason']}"


async def _attached(matter: Matter) -> list[tuple[str, str, UUID, str]]:
    """(kind, name, file, mime) of what this matter shows: the case's own, and of tickets only this one's."""
    if matter.case.secret:
        return []
    rows = await db.fetch(
        "select a.kind, a.name, a.file_id, f.mime from attachment a join stored_file f on f.id = a.file_id"
        " where a.case_id = $1 and ($2::bigint is null or a.ticket_id is null or a.ticket_id = $2) order by a.id",
        matter.case.id,
        matter.ticket.id if matter.ticket is not None else None,
    )
    return [(row["kind"], row["name"], row["file_id"], row["mime"]) for row in rows]


async def _attached_count(matter: Matter) -> str:
    found = await _attached(matter)
    if not found:
        return "材料：无"
    names = "、".join(name for _, name, _, _ in found[:MOST_FILES])
    return f"材料 {len(found)} 件：{names}，发“材料 {matter.number.removeprefix('#')}”查看"


async def material(matter: Matter) -> tuple[str, tuple[UUID, ...]]:
    """The list of material, and the files to be sent along: the newest ones."""
    if matter.case.secret:
        return f"{matter.number} {ON_THE_PAGE}", ()
    found = await _attached(matter)
    if not found:
        return f"{matter.number} 还没有材料", ()
    lines = [f"{matter.number} 的材料（{len(found)} 件）："]
    lines += [f"{at}. {ATTACHED[kind]} {name}" for at, (kind, name, _, _) in enumerate(found, start=1)]
    newest = tuple(file_id for _, _, file_id, _ in found[-MOST_FILES:])
    if len(found) > len(newest):
        lines.append(f"（随后发送最近的 {len(newest)} 件，其余请打开工单页面）")
    return "\n".join(lines), newest


async def takes_material(matter: Matter, by: Actor) -> bool:
    """Whether this person may add evidence now."""
    ticket = matter.ticket
    if ticket is None or ticket.round != matter.case.round:
        return False
    return TicketVerb.ATTACH in verbs(TICKET_TABLE, ticket.state, by, ticket.path, ticket.holder_id)
