"""How feedback ends at once: settled on the spot by who was approached first, or praise passed on to departments.

《医疗机构投诉管理办法》: 首诉负责制, and what can be cleared at once is cleared at once. No ticket is made.
"""

from collections.abc import Sequence

from core import clock, db
from core.actions import action
from core.actor import Actor
from core.db import transaction
from core.errors import Refused
from core.events import announce
from staff import queries as staff
from staff.queries import Unit
from tickets import clocks, history
from tickets.actions.shared import unit_named
from tickets.feedback.events import PraisePassedOn
from tickets.feedback.forms import Departments, SettleForm
from tickets.feedback.words import PRAISE, Mood
from tickets.models import Case, Ticket
from tickets.queries import access
from tickets.queries.access import unit_ids_of
from tickets.states import OPEN_TICKET, CaseVerb


@action(
    "case",
    CaseVerb.SETTLE,
    label="当场解决",
    form=SettleForm,
    said="{number} 已登记为当场解决并办结",
    tone="success",
)
async def settle(case_id: int, form: SettleForm, *, by: Actor) -> Case:
    """Close what was cleared on the spot.

    Raises:
        Refused: a department has a ticket, or it is praise.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        if case.appeal_type == PRAISE:
            raise Refused("表扬请用“转达科室”")
        if await Ticket.filter(case_id=case.id, state__in=list(OPEN_TICKET)).exists():
            raise Refused("已有科室在办，不能登记为当场解决")
        await settle_at_once(case, form.how, form.satisfied, by)
    return case


async def settle_at_once(case: Case, how: str, satisfied: Mood, by: Actor) -> None:
    """Write down what was done and close; the caller holds the lock."""
    before = str(case.state)
    case.move(CaseVerb.SETTLE, by)
    case.closed_at = clock.now()
    await clocks.end_case(case, "met")
    await db.execute(
        "update feedback set settled_how = $2, settled_satisfied = $3, settled_at = $4 where case_id = $1",
        case.id,
        how,
        satisfied,
        clock.now(),
    )
    await history.case_moved(case, CaseVerb.SETTLE, by, before, text=how, satisfied=satisfied)


@action(
    "case",
    CaseVerb.PASS_ON,
    label="转达科室",
    form=Departments,
    said="{number} 的表扬已转达科室",
    tone="success",
)
async def pass_on(case_id: int, form: Departments, *, by: Actor) -> Case:
    """Tell departments that they were praised, put it on their wall, and close.

    Raises:
        Refused: it is no praise.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        if case.appeal_type != PRAISE:
            raise Refused("只有表扬可以直接转达科室")
        await _pass_on(case, [await unit_named(name, case, "units") for name in form.units], by)
    return case


async def pass_on_at_once(case: Case, by: Actor) -> None:
    """Pass a praise on to the departments it names; one that names none waits for the centre."""
    tree = await staff.tree()
    campus = tree.unit(case.campus_id).name if case.campus_id else ""
    units = [unit for name in case.departments if (unit := tree.find(name, campus)) is not None]
    if units:
        await _pass_on(case, units, by)


async def _pass_on(case: Case, units: Sequence[Unit], by: Actor) -> None:
    before = str(case.state)
    case.move(CaseVerb.PASS_ON, by)
    case.closed_at = clock.now()
    case.unit_ids = sorted({*case.unit_ids, *(number for unit in units for number in unit_ids_of(unit.path))})
    await db.execute(
        "insert into praise (case_id, unit_id, at) select $1, u, $3 from unnest($2::bigint[]) as t(u)"
        " on conflict do nothing",
        case.id,
        [unit.id for unit in units],
        clock.now(),
    )
    number = await history.case_moved(
        case, CaseVerb.PASS_ON, by, before, text="、".join(dict.fromkeys(unit.name for unit in units))
    )
    await announce(PraisePassedOn(case_id=case.id, history_id=number))
