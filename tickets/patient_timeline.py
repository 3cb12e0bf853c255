"""What cases put into the timeline of a patient: the matters they are linked to, those from their phones, what was sent.

A case is shown as its list would show it: within the viewer's units, never a secret one to whom it is hidden. Whoever
asked for secrecy or stayed anonymous is never found by their phone. Reads only.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from channels.consenting import HELD
from core import db
from core.actor import Actor, Permission
from core.identity import mask_in_text
from patients.profile import Entry, Layer, Person, Source
from tickets.queries import access, secrecy
from tickets.queries.values import Values
from tickets.sources import SOURCES as CASE_SOURCES
from tickets.states import CASE_LABELS, CaseState

_DONE = frozenset({CaseState.CLOSED, CaseState.ARCHIVED})
_PHONES = (
    "(select phone_hash from patient where id = any($1::bigint[]) and phone_hash is not null union"
    " select phone_hash from patient_contact where patient_id = any($1::bigint[]) and wrong_at is null)"
)
_SENT = {
    "waiting": ("待发送", "todo"), "sending": ("发送中", "doing"), "sent": ("已发送", "good"), "delivered": ("已送达", "good"),
    "failed": ("未送达", "late"), "cancelled": ("已取消", "wait"), "bundled": ("已合并发送", "wait"),
}  # fmt: skip


def _may(by: Actor) -> bool:
    return by.can(Permission.CASE_READ) or by.can(Permission.TICKET_READ)


async def _cases(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    if not _may(by):
        return []
    values = Values([list(who.records), access.scope(by), before, limit])
    hidden = secrecy.condition(by, values, whole=True)
    rows = await db.fetch(
        "select c.id, c.received_at, c.source, c.appeal_type, c.title, c.state,"  # noqa: S608
        " (select r.callback_satisfied from case_round r where r.case_id = c.id and r.callback_satisfied <> ''"
        " order by r.no desc limit 1) as said,"
        " exists (select 1 from visit_link l where l.case_id = c.id and l.patient_id = any($1::bigint[])"
        " and l.state = 'confirmed') as linked from cases c where c.id in ("
        " select case_id from visit_link where patient_id = any($1::bigint[]) and state = 'confirmed'"
        f" union select id from cases where caller_phone_hash in {_PHONES} and not anonymous and not confidential"
        f" union select id from cases where contact_phone_hash in {_PHONES} and not anonymous and not confidential)"
        f" and ($2::bigint[] is null or c.unit_ids && $2) and {hidden}"
        " and ($3::timestamptz is null or c.received_at < $3) order by c.received_at desc, c.id desc limit $4",
        *values,
    )
    return [_entry(row) for row in rows]


def _entry(row: Any) -> Entry:
    state = CaseState(row["state"])
    marks = [(CASE_LABELS[state], "done" if state in _DONE else "doing")]
    if row["said"]:
        marks.append((row["said"], "good" if row["said"] == "满意" else "soon"))
    if not row["linked"]:
        marks.append(("电话相同", "wait"))
    source = CASE_SOURCES[row["source"]].label
    kind = f" · {row['appeal_type']}" if row["appeal_type"] else ""
    return Entry(
        row["received_at"],
        Layer.CASE,
        f"{source}{kind}",
        mask_in_text(row["title"]),
        f"/cases/{row['id']}",
        marks=tuple(marks),
    )


async def _messages(who: Person, by: Actor, before: datetime | None, limit: int) -> Sequence[Entry]:
    """What was sent to the person, to their own phones or about them; of a case only to whom that case is shown."""
    values = Values([list(who.records), access.scope(by), before, limit])
    hidden = secrecy.condition(by, values, whole=True)
    rows = await db.fetch(
        "select m.created_at, m.text, m.state, m.reason, m.secret, m.ladder[m.step + 1] as way from message m"  # noqa: S608
        " left join cases c on c.id = case when m.subject ~ '^case:[0-9]{1,18}$'"
        " then substr(m.subject, 6)::bigint end"  # a plan may look at the number first
        " where m.receiver_kind = 'person' and m.id in ("
        f" select id from message where phone_hash in {_PHONES}"
        " union select id from message where receiver_kind = 'person' and receiver_id = any($1::bigint[])"
        " union select id from message where about_id = any($1::bigint[]))"
        " and (m.subject not like 'case:%' or (c.id is not null and not c.anonymous and not c.confidential"
        f" and ($2::bigint[] is null or c.unit_ids && $2) and {hidden}))"
        " and ($3::timestamptz is null or m.created_at < $3) order by m.created_at desc, m.id desc limit $4",
        *values,
    )
    ways = {"sms": "短信", "wechat": "微信"}
    return [
        Entry(
            row["created_at"],
            Layer.MESSAGE,
            ways.get(row["way"] or "", "消息"),
            "" if row["secret"] else mask_in_text(row["text"])[:200],
            marks=_marks(row["state"], row["reason"]),
        )
        for row in rows
        if _may(by)
    ]


def _marks(state: str, reason: str) -> tuple[tuple[str, str], ...]:
    """How it stands; of what was held back also why."""
    return ((reason, "late"),) if state == "failed" and reason.startswith(HELD) else (_SENT[state],)


async def satisfaction(case_ids: Sequence[int]) -> list[str]:
    """What people said when they were called back about these cases (in reach already), the latest first."""
    rows = await db.fetch(
        "select callback_satisfied from case_round where case_id = any($1::bigint[]) and callback_satisfied <> ''"
        " order by called_back_at desc nulls last, case_id desc, no desc",
        list(case_ids),
    )
    return [row["callback_satisfied"] for row in rows]


SOURCES = (Source(Layer.CASE, _cases), Source(Layer.MESSAGE, _messages))
