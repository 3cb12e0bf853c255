"""The limits of a case as values: those of the case, those of its departments, each counted (again) from what was kept.

What is kept beside a clock (`clock.rule`, JSON) is its rule with how its ends are taken, the margin below the limit
above it, and every change since, in the order in which they came. Pure; `clocks` and `recounting` write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from core.calendar import Calendar
from core.clock import local
from tickets import clock_kinds
from tickets.deadline_reasons import conclude, days_between, explain, joined, moment
from tickets.deadlines import (
    END_OF_BUSINESS,
    Deadline,
    Part,
    PartKind,
    Rule,
    Unit,
    compute,
    derive_department,
    derive_hospital,
    extend,
    paused,
    printed,
)
from tickets.rules import Rules
from tickets.sources import SOURCES

Kept = dict[str, object]


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of one kind with its start; `rule` is None when it is printed on the order."""

    kind: str
    start_at: datetime
    deadline: Deadline
    rule: Kept | None


OF_EVERY_CASE = ("upstream", "hospital", "department")  # opened by `of_case` and `of_department`


def as_json(rule: Rule, **more: object) -> Kept:
    """A rule as kept beside its clock, so that the clock can be counted again under a newer calendar."""
    return {
        "amount": rule.amount,
        "unit": rule.unit,
        "basis": rule.source,
        "count_start_day": rule.count_start_day,
        "roll_over_last_day": rule.roll_over_last_day,
        "end_of_day": rule.end_of_day.isoformat(),
        **more,
    }


def from_json(kept: Kept) -> Rule:
    """The rule kept beside a clock; one that was kept before its ends were, takes them as they were taken then."""
    return Rule(
        int(str(kept["amount"])),
        Unit(str(kept["unit"])),
        bool(kept.get("count_start_day", False)),
        bool(kept.get("roll_over_last_day", True)),
        time.fromisoformat(str(kept["end_of_day"])) if "end_of_day" in kept else END_OF_BUSINESS,
        str(kept["basis"]),
    )


def rule_of(kept: Kept | None) -> Rule | None:
    """The rule kept beside a clock; None where the limit was stated or only follows the one above."""
    return from_json(kept) if kept is not None and "amount" in kept else None


def with_extension(kept: Kept | None, amount: int, unit: Unit, approver: str, *, bound: bool) -> Kept | None:
    """What is kept, with an extension added; `bound`: it may not pass the limit above. Nothing is kept of a stated limit."""
    entry = {"extended": amount, "unit": str(unit), "by": approver, "bound": bound}
    return _changed(kept, entry)


def with_pause(kept: Kept | None, ground: str, since: datetime, until: datetime) -> Kept | None:
    """What is kept, with a pause added; nothing is kept of a stated limit."""
    return _changed(kept, {"paused": ground, "from": since.isoformat(), "to": until.isoformat()})


def _changed(kept: Kept | None, entry: dict[str, object]) -> Kept | None:
    if kept is None:
        return None
    before = kept.get("changes", [])
    return {**kept, "changes": [*(before if isinstance(before, list) else []), entry]}


def of_case(
    source: str,
    appeal_type: str,
    received_at: datetime,
    upstream_at: datetime | None,
    hospital_at: datetime | None,
    rules: Rules,
    calendar: Calendar,
) -> tuple[Limit, ...]:
    """The upstream and hospital limits of a case; what the order prints wins over any rule."""
    found: list[Limit] = []
    upstream: Deadline | None = None
    if upstream_at is not None:
        upstream = printed(upstream_at, "上级办结期限")
        found.append(Limit("upstream", received_at, upstream, None))
    elif rule := rules.rule(source, appeal_type, "upstream"):
        upstream = compute(received_at, rule, calendar)
        found.append(Limit("upstream", received_at, upstream, as_json(rule)))
    if hospital_at is not None:
        found.append(Limit("hospital", received_at, printed(hospital_at, "主管部门办结期限"), None))
    elif rule := rules.rule(source, appeal_type, "hospital"):
        hospital = derive_hospital(received_at, rule, upstream, rules.hospital_lead, calendar)
        found.append(Limit("hospital", received_at, hospital, as_json(rule, lead=rules.hospital_lead)))
    return tuple(found)


def of_department(
    source: str,
    appeal_type: str,
    assigned_at: datetime,
    above: Deadline | None,
    rules: Rules,
    calendar: Calendar,
) -> Limit | None:
    """The limit of one department's ticket; None when neither a rule nor a limit above it says anything."""
    rule = rules.rule(source, appeal_type, "department")
    if above is None:
        if rule is None:
            return None
        return Limit(
            "department", assigned_at, compute(assigned_at, rule, calendar, event="交办"), as_json(rule)
        )
    deadline = derive_department(
        above,
        rules.department_lead,
        calendar,
        assigned_at=assigned_at,
        rule=rule,
        limit_name=above_name(source),
    )
    kept: Kept = {"lead": rules.department_lead}
    if rule:
        kept = as_json(rule, lead=rules.department_lead)
    return Limit("department", assigned_at, deadline, kept)


def above_name(source: str) -> str:
    """What the limit above a department's is called."""
    return "医院时限" if "hospital" in SOURCES[source].clocks else "办理时限"


def again(
    source: str, kind: str, start_at: datetime, kept: Kept, above: Deadline | None, calendar: Calendar
) -> Deadline:
    """A limit counted again from what was kept beside its clock; `above` is the limit it may not pass."""
    rule = rule_of(kept)
    lead = int(str(kept.get("lead", 0)))
    if kind == "department" and above is not None:
        deadline = derive_department(
            above, lead, calendar, assigned_at=start_at, rule=rule, limit_name=above_name(source)
        )
    elif rule is None:
        raise ValueError("a clock without rule and without a limit above it cannot be counted again")
    elif kind == "hospital":
        deadline = derive_hospital(start_at, rule, above, lead, calendar)
    else:
        deadline = compute(start_at, rule, calendar, event=clock_kinds.KINDS[kind].event)
    return _with_changes(deadline, kept, above, calendar, above_name(source))


def _with_changes(
    deadline: Deadline, kept: Kept, above: Deadline | None, calendar: Calendar, limit_name: str
) -> Deadline:
    """Every extension and pause again, in the order in which they came."""
    for days in _entries(kept, "extended"):  # as kept before the order of changes was
        deadline = prolonged(deadline, int(str(days)), above, calendar, "服务中心", limit_name)
    if seconds := int(str(kept.get("paused", 0))):
        deadline = Deadline(
            deadline.due_at + timedelta(seconds=seconds),
            deadline.provisional,
            deadline.reason,
            deadline.parts,
        )
    for entry in _entries(kept, "changes"):
        if not isinstance(entry, dict):
            continue
        if "paused" in entry:
            since, until = (datetime.fromisoformat(str(entry[end])) for end in ("from", "to"))
            deadline = paused(deadline, str(entry["paused"]), since, until, rule_of(kept), calendar)
        elif entry["bound"]:
            deadline = prolonged(
                deadline, int(entry["extended"]), above, calendar, str(entry["by"]), limit_name
            )
        else:
            unit, approver = Unit(entry["unit"]), f"{entry['by']} 批准"
            deadline = extend(deadline, int(entry["extended"]), calendar, unit=unit, source=approver)
    return deadline


def _entries(kept: Kept, name: str) -> Sequence[object]:
    found = kept.get(name, [])
    return found if isinstance(found, list) else []


def prolonged(
    deadline: Deadline,
    days: int,
    above: Deadline | None,
    calendar: Calendar,
    approver: str,
    limit_name: str = "医院时限",
) -> Deadline:
    """A deadline some working days later, but not past the limit above it; the reason says so."""
    later = extend(deadline, days, calendar, source=f"{approver} 批准")
    if above is None or later.due_at <= above.due_at:
        return later
    text = f"延期后不得晚于{limit_name} {moment(above.due_at)}"
    due = max(above.due_at, deadline.due_at)
    capped = conclude(
        due, [Part(PartKind.CAPPED, text)], "", provisional=later.provisional or above.provisional
    )
    return joined(later, capped)


def granted(before: Deadline, days: int, until: datetime, receipt: str, calendar: Calendar) -> Deadline:
    """The upstream limit the platform agreed to, told after the story of the one before.

    `until` is what was asked and granted; where the order's own limit has become later meanwhile, that stands.
    """
    due = max(until, before.due_at)
    between = days_between(local(before.due_at).date() + timedelta(days=1), local(due).date())
    text = f"热线平台同意延期 {days} 个工作日（回执 {receipt}）"
    parts = [Part(PartKind.EXTENDED, text), *explain(between, calendar)]
    return joined(before, conclude(due, parts, "", provisional=False))


def trial(
    source: str,
    appeal_type: str,
    received_at: datetime,
    upstream_at: datetime | None,
    rules: Rules,
    calendar: Calendar,
) -> tuple[Limit, ...]:
    """What every limit of the source would be, were each of its clocks started at `received_at`; for who tries rules."""
    found = list(of_case(source, appeal_type, received_at, upstream_at, None, rules, calendar))
    for kind in SOURCES[source].clocks:
        rule = rules.rule(source, appeal_type, kind)
        if kind in OF_EVERY_CASE or rule is None:
            continue
        deadline = compute(received_at, rule, calendar, event=clock_kinds.KINDS[kind].event)
        found.append(Limit(kind, received_at, deadline, as_json(rule)))
    over = [limit.deadline for limit in found if limit.kind in clock_kinds.ABOVE_DEPARTMENT]
    above = min(over, key=lambda deadline: deadline.due_at, default=None)
    department = of_department(source, appeal_type, received_at, above, rules, calendar)
    if department is not None:
        found.append(department)
    order = SOURCES[source].clocks
    return tuple(sorted(found, key=lambda limit: order.index(limit.kind) if limit.kind in order else -1))
