"""The ladder of reminders of a running clock: at which share of its time, whom, in which words. Values only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rung:
    """One step: reached when `share` of the time is used; `ranks` of the department and `roles` above are told."""

    step: int
    share: float
    title: str
    roles: tuple[str, ...]


# Liaison, then the deputy too, then the head, then the vice-president (issue: escalation by share of the clock).
DEPARTMENT = (
    Rung(1, 0.50, "时限过半", ("liaison",)),
    Rung(2, 0.75, "时限已过四分之三", ("liaison", "deputy")),
    Rung(3, 0.90, "即将到期", ("liaison", "deputy", "department_head")),
    Rung(4, 1.00, "已逾期", ("liaison", "deputy", "department_head", "vice_president", "centre_staff")),
)
# The clocks of the case itself are the centre's.
CENTRE = (
    Rung(1, 0.75, "时限已过四分之三", ("centre_staff",)),
    Rung(2, 0.90, "即将到期", ("centre_staff", "centre_head")),
    Rung(3, 1.00, "已逾期", ("centre_staff", "centre_head", "vice_president")),
)
# A time that is the person's own: only its end is worth a word.
WINDOW = (Rung(1, 1.00, "期限届满", ("centre_staff",)),)
