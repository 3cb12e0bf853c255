"""Which rows of statistics a person may count and what was asked for, as conditions of SQL over `survey_row r`.

Two ways to belong to a department: the visit was there, or it served in a step of care and the answer is about it (SV-5).
An answer or a score that is about a department counts for that one alone, not for the one where the visit was.
"""

from dataclasses import dataclass, field
from typing import Any

from core.actor import Actor, Permission
from core.errors import Forbidden
from staff import queries as staff
from surveys.statistics.asking import Asked
from surveys.statistics.variables import UNIT_COLUMNS, Known


@dataclass
class Where:
    """A condition with its values."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def arg(self, value: Any, kind: str = "") -> str:
        """A value's place."""
        self.values.append(value)
        return f"${len(self.values)}{f'::{kind}' if kind else ''}"

    @property
    def sql(self) -> str:
        """The whole."""
        return " and ".join(self.parts)


@dataclass(frozen=True, slots=True)
class Places:
    """The units that count: within reach, and below the one that was asked for; None does not narrow."""

    reach: tuple[int, ...] | None
    asked: tuple[int, ...] | None

    @property
    def whole(self) -> bool:
        """Whether nothing narrows."""
        return self.reach is None and self.asked is None

    def conditions(self, where: Where, template: str) -> list[str]:
        """`template` with "{u}" for each of the two, as an array."""
        return [
            template.format(u=where.arg(list(units), "bigint[]"))
            for units in (self.reach, self.asked)
            if units is not None
        ]


VISIT = "({a}.unit_id = any({{u}}) or {a}.ward_id = any({{u}}))"


async def reach(by: Actor) -> list[int] | None:
    """The units whose responses a person may count; None for all, those of no department too.

    Raises:
        Forbidden: none at all.
    """
    scopes = by.scope(Permission.SURVEY_READ)
    if not scopes:
        raise Forbidden
    return None if "/" in scopes else list((await staff.tree()).within(scopes))


async def places(asked: Asked, by: Actor) -> Places:
    """Of a person and what they ask for."""
    mine, tree = await reach(by), await staff.tree()
    below = tuple(tree.within([tree.unit(asked.unit).path])) if asked.unit is not None else None
    return Places(None if mine is None else tuple(mine), below)


async def of_visits(asked: Asked, known: Known, by: Actor) -> Where:
    """Responses of visits to those departments."""
    found = _rows(asked, known)
    found.parts += (await places(asked, by)).conditions(found, VISIT.format(a="r"))
    return found


async def of_either(asked: Asked, known: Known, by: Actor) -> Where:
    """Responses of visits to those departments, and those that are about them in a step of care."""
    found = _rows(asked, known)
    either = "(r.unit_id = any({u}) or r.ward_id = any({u}) or r.served && {u} or r.about_units && {u})"
    found.parts += (await places(asked, by)).conditions(
        found, either if known.by_steps else VISIT.format(a="r")
    )
    return found


async def of_answers(asked: Asked, known: Known, by: Actor, served: str) -> Where:
    """Single answers: those about those departments; of questions of no step those of visits there.

    Args:
        asked: what is asked for.
        known: the questionnaire.
        by: who counts.
        served: the SQL of the department that the answer is about; null for none.
    """
    if not known.by_steps:
        return await of_visits(asked, known, by)
    found = await of_either(asked, known, by)
    one = f"(case when {served} is null then {VISIT.format(a='r')} else {served} = any({{u}}) end)"
    found.parts += (await places(asked, by)).conditions(found, one)
    return found


async def of_scores(asked: Asked, known: Known, by: Actor) -> Where:
    """Scores that departments were given ("a.unit"), whosever visits they were."""
    found = _rows(asked, known)
    found.parts += (await places(asked, by)).conditions(found, "a.unit = any({u})")
    return found


def _rows(asked: Asked, known: Known) -> Where:
    found = Where()
    found.parts.append(f"r.questionnaire_id = {found.arg(known.id)}")
    found.parts.append(f"r.day between {found.arg(asked.since)} and {found.arg(asked.until)}")
    if asked.channel:
        found.parts.append(f"r.channel = {found.arg(asked.channel)}")
    if asked.kind:
        found.parts.append(f"r.visit_kind = {found.arg(asked.kind)}")
    for name, value in asked.filters:
        variable = known.variables.get(name)
        if variable is None:
            continue
        if variable.name in UNIT_COLUMNS:
            column = UNIT_COLUMNS[variable.name]
            found.parts.append(f"{column} = {found.arg(int(value) if value.isdigit() else 0)}")
        elif variable.name == "month":
            found.parts.append(f"to_char(r.day, 'YYYY-MM') = {found.arg(value)}")
        elif not variable.slots:
            found.parts.append(f"{variable.sql} = {found.arg(value)}")
        else:
            found.parts.append(variable.condition(value) or "false")
    return found
