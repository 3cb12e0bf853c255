"""Looks at what is hidden on screens: each for a reason, an audit line of its own, counted; after so many within an hour
no more, and whoever answers for security is told.

《个人信息保护法》 Art. 51, GB/T 35273-2020 7.1 and 7.2. Who may look at what, each caller decides before.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from core import audit, clock, db, parameters
from core.actor import Actor
from core.errors import Fault, Invalid, TooMany
from core.events import Event, announce
from core.parameters import Parameter

SHORTEST, LONGEST = 6, 200  # letters, figures and Chinese characters of a reason; all its characters
SHOWN = 60  # seconds for which a page leaves it open
ACTIONS = (
    *("case.reveal", "case.raw", "case.secret_file", "patient.reveal", "survey.reveal", "staff.reveal"),
    *("operate.reveal", "feed.raw", "patient.open_guarded", "privacy.password"),
)
WITHIN = timedelta(hours=1)
PER_HOUR = parameters.declare(
    Parameter(
        "look.per_hour",
        "每人每小时查看完整信息和原文的次数上限",
        int,
        60,
        low=1,
        high=1000,
        unit="次",
        source="GB/T 35273-2020 7.1：对个人信息的批量查看须有控制；达到上限即提醒安全管理员",
    )
)


class LooksSpent(Event):
    """Somebody has looked at as much as may be looked at within an hour; `hour` names it, 2026-11-21T10."""

    staff_id: int
    hour: str
    most: int


def reason_of(text: str) -> str:
    """The reason, trimmed.

    Raises:
        Invalid: too short to be one, or too long.
    """
    words = text.strip()
    if sum(sign.isalnum() for sign in words) < SHORTEST or len(set(words)) < 3 or len(words) > LONGEST:
        told = f"请写明具体原因，{SHORTEST} 至 {LONGEST} 个字"
        raise Invalid(
            f"查看原因：{told}",
            details=[Fault(field="reason", label="查看原因", reason=told, value=words[:50])],
        )
    return words


async def note(
    by: Actor,
    action: str,
    subject: str,
    subject_id: int | None,
    *,
    reason: str,
    fields: Sequence[str],
    **detail: Any,
) -> None:
    """Write one look down, before anything is shown: who, at whom, at which fields, why.

    Raises:
        Invalid: no reason.
        TooMany: as many as an hour allows have been taken already.
    """
    words = reason_of(reason)
    now = clock.now()
    async with db.transaction():
        # looks of one person one after another, so that two at once are not both the last
        await db.execute("select pg_advisory_xact_lock(hashtext('looking'), $1::int)", by.staff_id or 0)
        row = await db.fetchrow(
            "select count(*) as taken, min(at) as first from audit where actor_kind = $1 and actor_id = $2"
            " and at > $3 and action = any($4::text[])",
            by.kind,
            by.id,
            now - WITHIN,
            list(ACTIONS),
        )
        most = await parameters.number(PER_HOUR)
        taken = row["taken"] if row is not None else 0
        if row is not None and taken >= most:
            wait = max(1, int((row["first"] + WITHIN - now).total_seconds()))
            raise TooMany(
                f"一小时内查看完整信息已达 {most} 次上限，请 {wait // 60 + 1} 分钟后再试；已提醒安全管理员",
                after=wait,
            )
        await audit.record(by, action, subject, subject_id, reason=words, fields=list(fields), **detail)
        if taken + 1 == most and by.staff_id is not None:
            await announce(
                LooksSpent(staff_id=by.staff_id, hour=f"{clock.local(now):%Y-%m-%dT%H:%M}", most=most)
            )
