"""Which period applies to which source, appeal type and clock: data an administrator edits, with its legal basis."""

from dataclasses import dataclass

from core import audit, db, parameters
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid
from core.parameters import Parameter
from staff.stamped import Stamped
from tickets.deadlines import Rule, Unit

AUTO_ASSIGN = parameters.declare(
    Parameter(
        "auto_assign",
        "来单写明科室时自动派单",
        bool,
        default=True,
        source="工单写明且能识别的科室直接派给联络人",
    )
)
HOSPITAL_LEAD = parameters.declare(
    Parameter("hospital_lead_days", "医院时限早于上级时限", int, 1, 0, 10, "工作日", "留出汇总与审核的时间")
)
DEPARTMENT_LEAD = parameters.declare(
    Parameter("department_lead_days", "科室时限早于医院时限", int, 1, 0, 10, "工作日", "留出中心审核的时间")
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The periods in force and the margins between the three limits, in working days."""

    by_key: dict[tuple[str, str, str], Rule]
    hospital_lead: int
    department_lead: int
    auto_assign: bool

    def rule(self, source: str, appeal_type: str, kind: str) -> Rule | None:
        """The period of this clock; the one for every other type when there is none for this type."""
        return self.by_key.get((source, appeal_type, kind)) or self.by_key.get((source, "", kind))


async def _load() -> Rules:
    rows = await db.fetch("select source, appeal_type, kind, amount, unit, basis from deadline_rule")
    return Rules(
        {
            (row["source"], row["appeal_type"], row["kind"]): Rule(
                row["amount"], Unit(row["unit"]), source=row["basis"]
            )
            for row in rows
        },
        await parameters.number(HOSPITAL_LEAD),
        await parameters.number(DEPARTMENT_LEAD),
        bool(await parameters.value(AUTO_ASSIGN)),
    )


_rules = Stamped("deadline_rules", _load)


async def in_force() -> Rules:
    """The rules, cached; a change is seen by every process within a second or so."""
    return await _rules.get()


async def change(
    source: str, appeal_type: str, kind: str, amount: int, unit: Unit, basis: str, *, by: Actor
) -> None:
    """Set one period; cases that come later use it, running clocks keep theirs."""
    if not by.can(Permission.PARAMETER_MANAGE):
        raise Forbidden
    if not 1 <= amount <= 365:
        raise Invalid(
            "期限应在 1 到 365 之间",
            details=[Fault(field="amount", label="期限", reason="应在 1 到 365 之间")],
        )
    async with db.transaction():
        await db.execute(
            "insert into deadline_rule (source, appeal_type, kind, amount, unit, basis, changed_by)"
            " values ($1, $2, $3, $4, $5, $6, $7) on conflict (source, appeal_type, kind)"
            " do update set amount = $4, unit = $5, basis = $6, changed_by = $7, changed_at = now()",
            source,
            appeal_type,
            kind,
            amount,
            unit,
            basis,
            by.name,
        )
        await audit.record(
            by,
            "deadline_rule.change",
            "deadline_rule",
            None,
            source=source,
            type=appeal_type,
            kind=kind,
            amount=amount,
            unit=unit,
        )
        await _rules.forget()
