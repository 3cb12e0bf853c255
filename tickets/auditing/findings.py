"""What the auditor can find, and whether it mends that itself; values only."""

from dataclasses import dataclass
from enum import StrEnum

from core.due import Ask


class Wrong(StrEnum):
    """What is wrong."""

    RUNG_MISSING = "rung_missing"
    RUNG_SHIFTED = "rung_shifted"
    RUNG_PARKED = "rung_parked"
    TICKET_UNTIMED = "ticket_untimed"
    GUARD_MISSING = "guard_missing"
    CLOCK_ASTRAY = "clock_astray"
    STATE_ASTRAY = "state_astray"
    MERGED_REMINDED = "merged_reminded"


LABELS = {
    Wrong.RUNG_MISSING: "提醒缺失",
    Wrong.RUNG_SHIFTED: "提醒时间不符",
    Wrong.RUNG_PARKED: "提醒已搁置",
    Wrong.TICKET_UNTIMED: "工单没有时钟",
    Wrong.GUARD_MISSING: "到期事项缺提醒",
    Wrong.CLOCK_ASTRAY: "已结束仍在计时",
    Wrong.STATE_ASTRAY: "工单与时钟状态不一致",
    Wrong.MERGED_REMINDED: "已合并仍被提醒",
}
# The auditor writes anew what is only missing; what contradicts itself a person must judge.
MENDED = frozenset({Wrong.RUNG_MISSING, Wrong.RUNG_SHIFTED, Wrong.TICKET_UNTIMED, Wrong.GUARD_MISSING})


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong: `subject` is "clock:12" or "ticket:7" (an id, never a name), `ask` the row to be written."""

    wrong: Wrong
    subject: str
    note: str
    ask: Ask | None = None
    ticket_id: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a look at everything brought: how much was looked at, and what was wrong."""

    clocks: int
    tickets: int
    findings: tuple[Finding, ...]
    late_seconds: int
