"""What the hospital owes and finds in a dispute: duties told, the way it was solved, responsibility of persons.

What is found about persons is never written into history or audit: those lines are read by more people than may
know it.
"""

from core import clock, db, dictionaries
from core.actions import action
from core.actor import Actor
from core.db import transaction
from core.errors import Fault, Invalid
from tickets import history
from tickets.feedback.forms import DutiesForm, JudgeForm, RouteForm
from tickets.models import Case
from tickets.queries import access
from tickets.states import CaseVerb


@action(
    "case",
    CaseVerb.TELL_DUTIES,
    label="法定告知",
    form=DutiesForm,
    words=("告知清单",),
    said="{number} 的法定告知已登记",
)
async def tell_duties(case_id: int, form: DutiesForm, *, by: Actor) -> Case:
    """Record that the patient was told what the law asks (《医疗纠纷预防和处理条例》 Art. 23), with the signed list."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = str(case.state)
        case.move(CaseVerb.TELL_DUTIES, by)
        await db.execute(
            "insert into duty_told (case_id, items, receiver, remark, told_by, told_at, file_ids)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            case.id,
            [str(item) for item in form.items],
            form.receiver,
            form.remark,
            by.name,
            clock.now(),
            list(form.files),
        )
        text = f"{form.receiver}，{len(form.items)} 项"
        await history.case_moved(case, CaseVerb.TELL_DUTIES, by, before, text=text)
    return case


@action(
    "case",
    CaseVerb.RECORD_ROUTE,
    label="纠纷去向",
    form=RouteForm,
    said="{number} 的纠纷去向已登记",
)
async def record_route(case_id: int, form: RouteForm, *, by: Actor) -> Case:
    """Record by which way a dispute is or was solved, with the sum paid; the last word counts, each stays in history."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = str(case.state)
        case.move(CaseVerb.RECORD_ROUTE, by)
        await db.execute(
            "update feedback set route = $2, route_result = $3, compensation = $4 where case_id = $1",
            case.id,
            form.route,
            form.result,
            form.compensation,
        )
        paid = f"，赔付 {form.compensation} 元" if form.compensation is not None else ""
        text = f"{form.route}{paid}{'。' + form.result if form.result else ''}"
        await history.case_moved(case, CaseVerb.RECORD_ROUTE, by, before, text=text)
    return case


@action(
    "case",
    CaseVerb.JUDGE,
    label="责任认定",
    form=JudgeForm,
    said="{number} 的责任认定已登记",
)
async def judge(case_id: int, form: JudgeForm, *, by: Actor) -> Case:
    """Record the responsibility found and, for a person, the measure taken.

    Raises:
        Invalid: a person without a measure, or a measure without a person.
    """
    await dictionaries.check_form(form)
    if bool(form.person) != bool(form.opinion or form.kind):
        field, label = ("opinion", "处理意见") if form.person else ("person", "责任人")
        reason = "责任人和处理意见应一起填写"
        raise Invalid(reason, details=[Fault(field=field, label=label, reason=reason)])
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = str(case.state)
        case.move(CaseVerb.JUDGE, by)
        await db.execute(
            "update feedback set responsibility = $2, judged_by = $3, judged_at = $4 where case_id = $1",
            case.id,
            form.responsibility,
            by.name,
            clock.now(),
        )
        if form.person:
            await db.execute(
                "insert into penalty (case_id, person, opinion, decided_by, decided_at, kind) values ($1, $2, $3, $4, $5, $6)",
                case.id,
                form.person,
                form.opinion,
                by.name,
                clock.now(),
                form.kind,
            )
        await history.case_moved(case, CaseVerb.JUDGE, by, before)
    return case
