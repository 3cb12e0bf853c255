"""What is counted of which facts: dimensions and measures, each once. The cubes, the numbers and the lists behind
the numbers are all made from these declarations, so they cannot disagree. Runs nothing.

A measure is a condition on one fact: the number is how many facts meet it, the list behind it is those facts.
`sums` are amounts to be divided (minutes); no list lies behind them. `{hours}` and `{days}` in a condition are the
parameters of reports/parameters.py.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

COMMON = ("place_id", "source", "appeal_type")


@dataclass(frozen=True, slots=True)
class Grain:
    """A kind of fact, and the cube made of it."""

    name: str
    fact: str
    key: str
    dimensions: tuple[str, ...]
    measures: Mapping[str, str]
    sums: Mapping[str, str] = field(default_factory=dict)

    @property
    def cube(self) -> str:
        """The table of the sums."""
        return f"{self.name}_cube"

    @property
    def columns(self) -> tuple[str, ...]:
        """All that is summed."""
        return (*self.measures, *self.sums)

    def condition(self, measure: str, response_hours: int, repeat_days: int) -> str:
        """The condition of a measure as SQL on the fact `f`."""
        return self.measures[measure].format(hours=int(response_hours), days=int(repeat_days))

    def summed(self, response_hours: int, repeat_days: int) -> list[str]:
        """Each column as an aggregate over facts `f`."""
        counted = [
            f"(count(*) filter (where {self.condition(name, response_hours, repeat_days)}))::int as {name}"
            for name in self.measures
        ]
        return [
            *counted,
            *(f"coalesce(sum({text}), 0)::bigint as {name}" for name, text in self.sums.items()),
        ]


_USABLE_SOLVED = "f.called and f.solved in ('已解决', '部分解决', '未解决')"
_USABLE_SATISFIED = "f.satisfied in ('满意', '基本满意', '不满意')"

CASES = Grain(
    "case",
    "case_fact",
    "case_id",
    (*COMMON, "state"),
    {
        "received": "f.round = 1",
        "reworked": "f.round > 1",
        "returned": "f.returned",
        "replied": "f.reply_minutes is not null",
        "responded": "f.response_minutes is not null",
        "responded_in_time": "f.response_minutes <= {hours} * 60",
        "repeated": "f.repeat_days <= {days}",
        "extended": "f.extensions > 0",
        "found_true": "f.verified = '属实'",
        "found_partly": "f.verified = '部分属实'",
        "found_false": "f.verified = '不属实'",
        "found_unknown": "f.verified = '无法核实'",
        "called": "f.called",
        "solved_asked": _USABLE_SOLVED,
        "solved": f"{_USABLE_SOLVED} and f.solved = '已解决'",
        "satisfied_asked": _USABLE_SATISFIED,
        "satisfied": "f.satisfied in ('满意', '基本满意')",
        "dissatisfied": "f.satisfied = '不满意'",
    },
    {"reply_minutes": "f.reply_minutes"},
)
TOPICS = Grain("topic", "case_fact", "case_id", (*COMMON, "category", "channel"), {"received": "f.round = 1"})
HANDLERS = Grain(
    "handler",
    "case_fact",
    "case_id",
    (*COMMON, "handler_id"),
    {
        "received": "f.round = 1",
        "reworked": "f.round > 1",
        "unfinished": "f.is_open",
        "replied": "f.reply_minutes is not null",
    },
    {"reply_minutes": "f.reply_minutes"},
)
TICKETS = Grain(
    "ticket",
    "ticket_fact",
    "ticket_id",
    COMMON,
    {
        "assigned": "true",
        "unfinished": "f.is_open",
        "done": "f.is_done",
        "answered": "f.answer_minutes is not null",
        "returned": "f.returned",
        "sent_back": "f.sent_back",
        "extended": "f.extended",
        "urged": "f.urged",
    },
    {"answer_minutes": "f.answer_minutes"},
)
CLOCKS = Grain(
    "clock",
    "clock_fact",
    "clock_id",
    (*COMMON, "kind"),
    {
        "met": "f.ended_at is not null and f.ended_at <= f.due_at",
        "met_late": "f.ended_at is not null and f.ended_at > f.due_at",
    },
)
GRAINS: Mapping[str, Grain] = {grain.name: grain for grain in (CASES, TOPICS, HANDLERS, TICKETS, CLOCKS)}

# What the clock on the wall decides is never in a cube: it is asked of the few facts that are still running.
# `{now}` is the place of the instant, `{late}` that before which no response came in time.
RUNNING: Mapping[str, tuple[Grain, str]] = {
    "overdue": (CLOCKS, "f.ended_at is null and f.due_at < {now}"),
    "unanswered": (CASES, "f.is_open and f.response_minutes is null and f.opened_at < {late}"),
    "waiting": (CASES, "f.is_open"),
}
