"""The kinds of clocks there are: what each counts, whose ladder it climbs, and whether it is a limit of ours.

A new kind is one entry here; its periods are rows of `deadline_rule`. Counts nothing itself.
"""

from dataclasses import dataclass

from tickets.ladder import CENTRE, DEPARTMENT, WINDOW, Rung


@dataclass(frozen=True, slots=True)
class ClockKind:
    """A kind of clock.

    `event` is what starts it, as its reason says. `ours` is False for a time that belongs to the person (to ask
    for a review, say): it is shown and its end is told, but nobody is late by it.
    """

    name: str
    label: str
    ladder: tuple[Rung, ...]
    event: str = "收到"
    ours: bool = True


KINDS: dict[str, ClockKind] = {
    kind.name: kind
    for kind in (
        ClockKind("upstream", "上级时限", CENTRE),
        ClockKind("hospital", "医院时限", CENTRE),
        ClockKind("department", "科室时限", DEPARTMENT, "交办"),
        # 《医疗机构投诉管理办法》: the hospital's limit where several departments must study together
        ClockKind("joint", "多科室研究时限", CENTRE),
        # the earliest limit of all that is merged into a case (tickets/matters/watching.py)
        ClockKind("merged", "并入诉求时限", CENTRE),
        # 《信访工作条例》 Art. 23, 34-36
        ClockKind("notice", "告知时限", CENTRE),
        ClockKind("objection", "异议时限", CENTRE),
        ClockKind("decision", "办理时限", CENTRE, "受理"),
        ClockKind("review_window", "申请复查期限", WINDOW, "送达", ours=False),
        ClockKind("review", "复查时限", CENTRE, "收到复查申请"),
        ClockKind("rereview_window", "申请复核期限", WINDOW, "送达", ours=False),
        ClockKind("rereview", "复核时限", CENTRE, "收到复核申请"),
    )
}


# What holds a department back: the hospital's limits (also once they are met), and those a petition is at now.
ABOVE_DEPARTMENT = ("hospital", "upstream", "joint", "merged", "decision", "review", "rereview")
STAND_WHEN_MET = ("hospital", "upstream")


def order(kind: str) -> int:
    """Limits are counted again in this order, for each leans on those before it."""
    return {"upstream": 0, "hospital": 1, "department": 3}.get(kind, 2)


def above(kind: str) -> tuple[str, ...]:
    """The kinds a limit of this kind may not pass."""
    return {"department": ABOVE_DEPARTMENT, "hospital": ("upstream",)}.get(kind, ())


def label(kind: str) -> str:
    """The words on the screen."""
    return KINDS[kind].label


def rungs(kind: str) -> tuple[Rung, ...]:
    """The ladder of a clock of this kind."""
    return KINDS[kind].ladder


def rung(kind: str, step: int) -> Rung | None:
    """One rung, or None beyond the last."""
    return next((entry for entry in rungs(kind) if entry.step == step), None)


def ours() -> list[str]:
    """The kinds by which the hospital can be late."""
    return [kind.name for kind in KINDS.values() if kind.ours]
