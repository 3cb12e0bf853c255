"""The three limits of a case as values: upstream, hospital, department. Pure; `clocks` writes them."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.calendar import Calendar
from core.clock import local
from tickets import clock_kinds
from tickets.deadline_reasons import conclude, days_between, explain, joined
from tickets.deadlines import (
    Deadline,
    Part,
    PartKind,
    Rule,
    Unit,
    compute,
    derive_department,
    derive_hospital,
    extend,
    printed,
)
from tickets.rules import Rules


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit of one kind with its start; `rule` is None when it is printed on the order."""

    kind: str
    start_at: datetime
    deadline: Deadline
    rule: dict[str, object] | None


def as_json(rule: Rule, **more: object) -> dict[str, object]:
    """A rule as kept beside its clock, so that the clock can be counted again under a newer calendar."""
    return {"amount": rule.amount, "unit": rule.unit, "basis": rule.source, **more}


def from_json(kept: dict[str, object]) -> Rule:
    """The rule kept beside a clock."""
    return Rule(int(str(kept["amount"])), Unit(str(kept["unit"])), source=str(kept["basis"]))


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
    hospital: Deadline | None,
    rules: Rules,
    calendar: Calendar,
) -> Limit | None:
    """The limit of one department's ticket; None when neither a rule nor a hospital limit says anything."""
    rule = rules.rule(source, appeal_type, "department")
    if hospital is None:
        if rule is None:
            return None
        return Limit(
            "department", assigned_at, compute(assigned_at, rule, calendar, event="交办"), as_json(rule)
        )
    deadline = derive_department(
        hospital, rules.department_lead, calendar, assigned_at=assigned_at, rule=rule
    )
    kept: dict[str, object] = {"lead": rules.department_lead}
    if rule:
        kept = as_json(rule, lead=rules.department_lead)
    return Limit("department", assigned_at, deadline, kept)


def again(
    kind: str, start_at: datetime, kept: dict[str, object], above: Deadline | None, calendar: Calendar
) -> Deadline:
    """A limit counted again from what was kept beside its clock; `above` is the limit it may not pass."""
    rule = from_json(kept) if "amount" in kept else None
    lead = int(str(kept.get("lead", 0)))
    if kind == "department" and above is not None:
        deadline = derive_department(above, lead, calendar, assigned_at=start_at, rule=rule)
    elif rule is None:
        raise ValueError("a clock without rule and without a limit above it cannot be counted again")
    elif kind == "hospital":
        deadline = derive_hospital(start_at, rule, above, lead, calendar)
    else:
        deadline = compute(start_at, rule, calendar, event=clock_kinds.KINDS[kind].event)
    for amount, unit, approver in _extensions(kept):
        if approver:
            deadline = extend(deadline, amount, calendar, unit=unit, source=f"{approver} 批准")
        else:
            deadline = prolonged(deadline, amount, above, calendar)
    paused = timedelta(seconds=int(str(kept.get("paused", 0))))
    return replace(deadline, due_at=deadline.due_at + paused) if paused else deadline


def _extensions(kept: dict[str, object]) -> list[tuple[int, Unit, str]]:
    """Amount, unit and approver of each extension; of a department's own, working days without a name."""
    given = kept.get("extended", [])
    return [
        (int(entry["amount"]), Unit(entry["unit"]), str(entry["by"]))
        if isinstance(entry, dict)
        else (int(str(entry)), Unit.WORKING_DAYS, "")
        for entry in (given if isinstance(given, list) else [])
    ]


def prolonged(deadline: Deadline, days: int, above: Deadline | None, calendar: Calendar) -> Deadline:
    """A deadline some working days later, but not past the limit above it; the reason says so."""
    later = extend(deadline, days, calendar, source="经中心批准")
    if above is None or later.due_at <= above.due_at:
        return later
    return Deadline(
        max(above.due_at, deadline.due_at),
        later.provisional or above.provisional,
        f"{later.reason}；不得晚于医院时限",
        later.parts,
    )


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
    """What the three limits of a case would be, were it received and assigned at `received_at`; for who tries rules."""
    found = of_case(source, appeal_type, received_at, upstream_at, None, rules, calendar)
    above = min((limit.deadline for limit in found), key=lambda deadline: deadline.due_at, default=None)
    department = of_department(source, appeal_type, received_at, above, rules, calendar)
    return (*found, department) if department is not None else found
