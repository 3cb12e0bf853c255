"""Rectification (整改): a measure with who answers for it and until when; done, then verified, or opened again."""

from datetime import datetime, time, timedelta

import asyncpg

from core import clock, db, due
from core.actions import action
from core.actor import Actor
from core.clock import SHANGHAI
from core.db import transaction
from core.due import Ask, Came, Due
from core.errors import Fault, Invalid, Refused
from core.events import announce
from tickets import history
from tickets.actions.shared import unit_named
from tickets.feedback.events import RectificationDue
from tickets.feedback.forms import RectifiedForm, RectifyForm, VerifyForm
from tickets.models import Case
from tickets.queries import access
from tickets.states import CaseVerb

REMIND = "rectification.due"
DAYS_BEFORE = (3, 0, -1)  # three days ahead, on the day, the day after
HOUR = time(8, 30)


@action(
    "case",
    CaseVerb.PLAN_RECTIFICATION,
    label="提出整改",
    form=RectifyForm,
    said="{number} 的整改措施已登记",
)
async def plan(case_id: int, form: RectifyForm, *, by: Actor) -> Case:
    """Have a department change something until a day; it is reminded before.

    Raises:
        Invalid: the day has passed, or no such department.
    """
    if form.due_on < clock.today():
        reason = "不能早于今天"
        raise Invalid(
            f"完成期限{reason}",
            details=[Fault(field="due_on", label="完成期限", reason=reason, value=str(form.due_on))],
        )
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = str(case.state)
        case.move(CaseVerb.PLAN_RECTIFICATION, by)
        unit = await unit_named(form.unit, case)
        row = await db.fetchrow(
            "insert into rectification (case_id, unit_id, person, measure, due_on, made_by, made_at)"
            " values ($1, $2, $3, $4, $5, $6, $7) returning *",
            case.id,
            unit.id,
            form.person,
            form.measure,
            form.due_on,
            by.name,
            clock.now(),
        )
        await _remind(row)
        text = f"{unit.name}，{form.due_on:%Y-%m-%d} 前：{form.measure}"
        await history.case_moved(case, CaseVerb.PLAN_RECTIFICATION, by, before, text=text)
    return case


async def _remind(row: asyncpg.Record) -> None:
    """Ask the clock for what is still to come of the reminders of this version."""
    asks = []
    for step, days in enumerate(DAYS_BEFORE, start=1):
        at = datetime.combine(row["due_on"] - timedelta(days=days), HOUR, SHANGHAI)
        if at > clock.now():
            asks.append(Ask(at, REMIND, row["id"], row["version"], step))
    await due.schedule(*asks)


async def remind(asked: Due) -> tuple[Came, str]:
    """Due kind "rectification.due": tell whoever answers for it, while it is open."""
    row = await db.fetchrow("select * from rectification where id = $1", asked.ref)
    if row is None or row["state"] != "open" or row["version"] != asked.ref_version:
        return Came.VOID, "整改已完成"
    days = (row["due_on"] - clock.today()).days
    await announce(RectificationDue(rectification_id=row["id"], days_left=days))
    return Came.DONE, f"剩 {days} 天"


@action(
    "case",
    CaseVerb.FINISH_RECTIFICATION,
    label="整改完成",
    form=RectifiedForm,
    said="{number} 的整改已登记完成，待验证",
)
async def finish(case_id: int, form: RectifiedForm, *, by: Actor) -> Case:
    """Write down that a measure was carried out.

    Raises:
        Refused: none waits for it.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = str(case.state)
        case.move(CaseVerb.FINISH_RECTIFICATION, by)
        row = await _measure(case.id, form.measure, "open", "没有待完成的整改措施")
        await db.execute(
            "update rectification set state = 'done', version = version + 1, done_text = $2, done_by = $3, done_at = $4"
            " where id = $1",
            row["id"],
            form.text,
            by.name,
            clock.now(),
        )
        await history.case_moved(case, CaseVerb.FINISH_RECTIFICATION, by, before, text=form.text)
    return case


@action(
    "case",
    CaseVerb.VERIFY_RECTIFICATION,
    label="验证整改",
    form=VerifyForm,
    said="{number} 的整改验证已登记",
)
async def verify(case_id: int, form: VerifyForm, *, by: Actor) -> Case:
    """Look whether a measure holds; when it does not, it is open again.

    Raises:
        Refused: none waits for it.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = str(case.state)
        case.move(CaseVerb.VERIFY_RECTIFICATION, by)
        row = await _measure(case.id, form.measure, "done", "没有待验证的整改措施")
        changed = await db.fetchrow(
            "update rectification set state = $2, version = version + 1, verified_text = $3, verified_by = $4,"
            " verified_at = $5 where id = $1 returning *",
            row["id"],
            "verified" if form.passed else "open",
            form.text,
            by.name,
            clock.now(),
        )
        if not form.passed:
            await _remind(changed)
        said = "通过" if form.passed else "未通过，继续整改"
        await history.case_moved(case, CaseVerb.VERIFY_RECTIFICATION, by, before, text=f"{said}。{form.text}")
    return case


async def _measure(case_id: int, place: int, state: str, none: str) -> asyncpg.Record:
    """The measure meant: by its place in the list, else the oldest in this state; locked."""
    rows = await db.fetch("select * from rectification where case_id = $1 order by id for update", case_id)
    if place > len(rows):
        raise Refused(f"只有 {len(rows)} 项整改措施")
    if place and rows[place - 1]["state"] != state:
        raise Refused(none)
    found = [rows[place - 1]] if place else [row for row in rows if row["state"] == state]
    if not found:
        raise Refused(none)
    return found[0]
