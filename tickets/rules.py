"""Which period applies to which source, appeal type and clock: data an administrator edits, with its legal basis."""

from dataclasses import dataclass
from datetime import datetime, time

import asyncpg

from core import audit, clock, db, parameters
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound
from core.parameters import Parameter
from staff.stamped import Stamped
from tickets.deadlines import END_OF_BUSINESS, Rule, Unit
from tickets.sources import SOURCES

LONGEST = 365

AUTO_ASSIGN = parameters.declare(
    Parameter(
        "auto_assign",
        "来单写明科室时自动派单",
        bool,
        default=True,
        what="工单写明且能识别的科室直接派给联络人，不经服务中心",
    )
)
HOSPITAL_LEAD = parameters.declare(
    Parameter(
        "hospital_lead_days",
        "医院时限早于上级时限",
        int,
        1,
        0,
        10,
        "工作日",
        what="留出服务中心汇总与审核的时间；只影响此后计算的时限",
    )
)
DEPARTMENT_LEAD = parameters.declare(
    Parameter(
        "department_lead_days",
        "科室时限早于医院时限",
        int,
        1,
        0,
        10,
        "工作日",
        what="留出中心审核科室答复的时间；只影响此后计算的时限",
    )
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The periods in force and the margins between the three limits, in working days."""

    by_key: dict[tuple[str, str, str], Rule]
    hospital_lead: int
    department_lead: int
    auto_assign: bool

    def rule(self, source: str, appeal_type: str, kind: str) -> Rule | None:
        """The period of this clock; the one for every other type when there is none for this type; none where it is untimed."""
        if source in SOURCES and appeal_type in SOURCES[source].untimed:
            return None
        return self.by_key.get((source, appeal_type, kind)) or self.by_key.get((source, "", kind))


def _rule(row: "asyncpg.Record") -> Rule:
    return Rule(
        row["amount"],
        Unit(row["unit"]),
        row["count_start_day"],
        row["roll_over_last_day"],
        row["end_of_day"],
        row["basis"],
    )


async def _load() -> Rules:
    rows = await db.fetch("select * from deadline_rule")
    return Rules(
        {(row["source"], row["appeal_type"], row["kind"]): _rule(row) for row in rows},
        await parameters.number(HOSPITAL_LEAD),
        await parameters.number(DEPARTMENT_LEAD),
        bool(await parameters.value(AUTO_ASSIGN)),
    )


_rules = Stamped("deadline_rules", _load)


async def in_force() -> Rules:
    """The rules, cached; a change is seen by every process within a second or so."""
    return await _rules.get()


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One period with its last change; `changed_by` is "" for what was shipped."""

    source: str
    appeal_type: str
    kind: str
    rule: Rule
    changed_by: str
    changed_at: datetime


async def lines() -> dict[tuple[str, str, str], RuleLine]:
    """Every period by (source, appeal type or "", kind), as the table has it now; for the page that changes them."""
    rows = await db.fetch("select * from deadline_rule")
    return {
        (row["source"], row["appeal_type"], row["kind"]): RuleLine(
            row["source"],
            row["appeal_type"],
            row["kind"],
            _rule(row),
            row["changed_by"],
            row["changed_at"],
        )
        for row in rows
    }


def _check(source: str, appeal_type: str, kind: str, amount: int, basis: str) -> None:
    known = SOURCES.get(source)
    if known is None or kind not in known.clocks or appeal_type not in ("", *known.appeal_types):
        raise NotFound("没有这一项办理时限")
    faults = []
    if not 1 <= amount <= LONGEST:
        reason = f"应在 1 到 {LONGEST} 之间"
        faults.append(Fault(field="amount", label="期限", reason=reason, value=str(amount)))
    if not basis.strip():
        faults.append(Fault(field="basis", label="依据", reason="请写明依据的文件或院内约定"))
    if faults:
        raise Invalid("；".join(f"{fault.label}{fault.reason}" for fault in faults), details=faults)


async def change(
    source: str,
    appeal_type: str,
    kind: str,
    amount: int,
    unit: Unit,
    basis: str,
    *,
    by: Actor,
    count_start_day: bool = False,
    roll_over_last_day: bool = True,
    end_of_day: time = END_OF_BUSINESS,
) -> None:
    """Set one period, which then holds for cases that come later; audited.

    Args:
        source: a member of tickets/sources.
        appeal_type: one of its types, or "" for every other type.
        kind: one of the clocks of the source.
        amount: how many of `unit`, 1 to LONGEST.
        unit: what is counted.
        basis: where the period stands (a document, or an agreement of the house); shown to everybody.
        by: who changes it.
        count_start_day: the day of receipt is the first day (《民法典》 Art. 201 says it is not).
        roll_over_last_day: calendar days that end on a day off end on the next working day (Art. 203).
        end_of_day: when the last day ends.

    Raises:
        NotFound: there is no such source, type or clock.
        Invalid: a value does not fit; names each field.
    """
    if not by.can(Permission.PARAMETER_MANAGE):
        raise Forbidden
    _check(source, appeal_type, kind, amount, basis)
    values = {
        "amount": amount,
        "unit": unit,
        "basis": basis.strip(),
        "count_start_day": count_start_day,
        "roll_over_last_day": roll_over_last_day,
        "end_of_day": end_of_day,
    }
    async with db.transaction():
        before = await db.fetchrow(
            f"select {', '.join(values)} from deadline_rule"  # noqa: S608 - our own column names
            " where source = $1 and appeal_type = $2 and kind = $3 for update",
            source,
            appeal_type,
            kind,
        )
        columns = {**values, "changed_by": by.name, "changed_at": clock.now()}
        places = [f"${at}" for at in range(4, 4 + len(columns))]
        settings = ", ".join(f"{name} = {place}" for name, place in zip(columns, places, strict=True))
        await db.execute(
            f"insert into deadline_rule (source, appeal_type, kind, {', '.join(columns)})"  # noqa: S608
            f" values ($1, $2, $3, {', '.join(places)})"
            f" on conflict (source, appeal_type, kind) do update set {settings}",
            source,
            appeal_type,
            kind,
            *columns.values(),
        )
        await audit.record(
            by,
            "deadline_rule.change",
            "deadline_rule",
            None,
            source=source,
            type=appeal_type,
            kind=kind,
            before={name: _plain(value) for name, value in before.items()} if before else None,
            **{name: _plain(value) for name, value in values.items()},
        )
        await _rules.forget()


def _plain(value: object) -> object:
    return f"{value:%H:%M}" if isinstance(value, time) else value
