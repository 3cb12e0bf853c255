"""What is written down about feedback while it is handled: records, classes, risks, that several must study it."""

from dataclasses import replace

from core import clock, db, dictionaries
from core.actions import action
from core.actor import Actor
from core.db import transaction
from core.errors import Fault, Invalid, Refused
from staff import queries as staff
from staff import working_days
from tickets import clocks, history, limits, rules
from tickets.actions.shared import check_round
from tickets.deadlines import Deadline, compute
from tickets.dictionaries import TAG
from tickets.feedback import categories, writing
from tickets.feedback.categories import Category
from tickets.feedback.forms import ClassifyForm, RecordForm, RiskForm, StudyForm
from tickets.feedback.words import Hcat
from tickets.models import Case, Ticket
from tickets.queries import access
from tickets.states import CaseVerb, TicketState, TicketVerb

_WORDS = ("处理记录", "记录")


@action(
    "case",
    CaseVerb.NOTE_HANDLING,
    label="处理记录",
    form=RecordForm,
    said="{number} 的处理记录已登记",
    help="处理记录 20261121-56 已与患者家属电话沟通，家属表示理解",
)
async def note_of_case(case_id: int, form: RecordForm, *, by: Actor) -> Case:
    """The centre writes down what was done: spoke to somebody, looked into it, heard experts."""
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = str(case.state)
        case.move(CaseVerb.NOTE_HANDLING, by)
        await _record(case, None, form, by)
        await history.case_moved(
            case, CaseVerb.NOTE_HANDLING, by, before, text=form.content, kind=form.kind, way=form.way
        )
    return case


@action(
    "ticket",
    TicketVerb.NOTE_HANDLING,
    label="处理记录",
    form=RecordForm,
    words=("登记处理",),
    said="#{number} 的处理记录已登记",
    help="处理记录 1234 已电话联系患者，约定周五当面沟通",
)
async def note_of_ticket(ticket_id: int, form: RecordForm, *, by: Actor) -> Ticket:
    """A department writes down what it did; several records to a ticket, none of them its answer yet."""
    async with transaction():
        case, ticket = await access.lock_ticket(ticket_id, by)
        check_round(case, ticket)
        before = str(ticket.state)
        ticket.move(TicketVerb.NOTE_HANDLING, by)
        await _record(case, ticket, form, by)
        await history.ticket_moved(
            ticket, TicketVerb.NOTE_HANDLING, by, before, text=form.content, kind=form.kind, way=form.way
        )
    return ticket


async def _record(case: Case, ticket: Ticket | None, form: RecordForm, by: Actor) -> None:
    await dictionaries.check_form(form)
    await db.execute(
        "insert into handling_record (case_id, ticket_id, round, kind, way, contact, content, signed, at, written_by,"
        " written_by_id, file_ids) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        case.id,
        ticket.id if ticket is not None else None,
        case.round,
        form.kind,
        form.way,
        form.contact,
        form.content,
        form.signed,
        clock.now(),
        by.name,
        by.staff_id,
        list(form.files),
    )


@action(
    "case",
    CaseVerb.CLASSIFY,
    label="分类定级",
    form=ClassifyForm,
    words=("分类",),
    line=r"(?P<categories>.+)",
    said="{number} 的分类已保存",
    help="分类定级 20261121-56 语言生硬、候诊时间",
)
async def classify(case_id: int, form: ClassifyForm, *, by: Actor) -> Case:
    """Set what was said of categories, severity, tags and HCAT; the rest stays.

    Raises:
        Invalid: nothing was said, or a word is not in its dictionary.
    """
    if form == ClassifyForm():
        raise Invalid(
            "请至少填写一项",
            details=[Fault(field="categories", label="问题分类", reason="请至少填写一项")],
        )
    chosen = None if form.categories is None else await _categories(form.categories)
    if form.tags is not None:
        await dictionaries.check(TAG.name, form.tags, "tags")
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = str(case.state)
        case.move(CaseVerb.CLASSIFY, by)
        if chosen is not None:
            await writing.categorise(case.id, [one.id for one in chosen])
            case.category = chosen[0].path if chosen else ""
        if form.tags is not None:
            case.tags = list(form.tags)
        case.severity = form.severity or case.severity
        await _second_axis(case.id, form)
        said = "；".join(filter(None, (case.category, case.severity, "、".join(case.tags))))
        await history.case_moved(case, CaseVerb.CLASSIFY, by, before, text=said)
    return case


async def _categories(given: tuple[str, ...]) -> list[Category]:
    """Categories by id, path, or a name that only one of them bears."""
    known = await categories.open_ones()
    found = []
    for text in given:
        meant = [one for one in known if text in (str(one.id), one.path)] or [
            one for one in known if one.name == text
        ]
        if len(meant) != 1:
            reason = f"有多个“{text}”，请写明上级分类" if meant else f"没有分类“{text}”"
            raise Invalid(
                reason, details=[Fault(field="categories", label="问题分类", reason=reason, value=text)]
            )
        if meant[0] not in found:
            found.append(meant[0])
    return found


async def _second_axis(case_id: int, form: ClassifyForm) -> None:
    rows = await db.fetch("select category, severity from case_hcat where case_id = $1", case_id)
    marks = {Hcat(row["category"]): int(row["severity"]) for row in rows}
    said = {category: getattr(form, category.value) for category in Hcat}
    await writing.grade(case_id, marks | {key: value for key, value in said.items() if value is not None})
    await db.execute(
        "update feedback set stage = coalesce($2, stage), harm = coalesce($3, harm) where case_id = $1",
        case_id,
        form.stage,
        form.harm,
    )


@action(
    "case",
    CaseVerb.FLAG_RISK,
    label="风险标记",
    form=RiskForm,
    words=("风险",),
    line=r"(?P<risks>(?:(?:暴力|自伤|媒体|群体|涉法)[、，,；;。\s]*)+)(?P<note>.*)",
    said="{number} 的风险标记已更新",
    tone="danger",
    help="风险标记 20261121-56 媒体、群体 家属称将联系电视台",
)
async def flag_risk(case_id: int, form: RiskForm, *, by: Actor) -> Case:
    """Set the risk flags; whoever must know of a new one is told at once.

    Raises:
        Invalid: none is named, and it is not said that the risk is over.
    """
    if form.cleared == bool(form.risks):
        reason = "请选择风险；风险已解除的，不选任何风险并选“风险已解除”"
        raise Invalid(reason, details=[Fault(field="risks", label="风险标记", reason=reason)])
    async with transaction():
        case = await access.lock_case(case_id, by)
        case.move(CaseVerb.FLAG_RISK, by)
        await writing.flag(case, form.risks, form.note, by)
    return case


@action(
    "case",
    CaseVerb.STUDY_TOGETHER,
    label="多科室共同研究",
    form=StudyForm,
    words=("共同研究",),
    said="{number} 的医院时限已改为多科室共同研究的期限",
)
async def study_together(case_id: int, form: StudyForm, *, by: Actor) -> Case:
    """Replace the hospital's limit of 5 working days by that of 10, counted from the same receipt.

    《医疗机构投诉管理办法》: 涉及多个科室、需组织共同研究的, within 10 working days of receipt.

    Raises:
        Refused: fewer than two departments work on it, it was done before, or no rule says so.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = str(case.state)
        case.move(CaseVerb.STUDY_TOGETHER, by)
        units = await _units(case)
        if len(units) < 2:
            raise Refused("只有一个科室在办；请先派给需要共同研究的各科室")
        deadline = await _replace_limit(case, units, form.reason)
        await db.execute("update feedback set study_reason = $2 where case_id = $1", case.id, form.reason)
        await history.case_moved(
            case, CaseVerb.STUDY_TOGETHER, by, before, text=form.reason, limit=deadline.reason
        )
    return case


async def _units(case: Case) -> list[str]:
    tree = await staff.tree()
    tickets = await Ticket.filter(case_id=case.id, round=case.round).exclude(
        state__in=[TicketState.WITHDRAWN, TicketState.RETURNED]
    )
    return [tree.unit(unit_id).name for unit_id in dict.fromkeys(one.unit_id for one in tickets)]


async def _replace_limit(case: Case, units: list[str], reason: str) -> Deadline:
    rule = (await rules.in_force()).rule(case.source, case.appeal_type, "joint")
    live = await clocks.live_of_kind(case, "hospital")
    if rule is None or live is None:
        raise Refused("医院时限已停止，或没有规定多科室共同研究的期限")
    if live.rule is not None and live.rule.get("joint"):
        raise Refused("医院时限已经是多科室共同研究的期限")
    # The ground is kept in the rule itself, so that counting again under a newer calendar does not lose it.
    ground = replace(rule, source=f"{rule.source}；由{'、'.join(units)}共同研究：{reason}")
    deadline = compute(live.start_at, ground, await working_days.calendar(), event="收到")
    kept = limits.as_json(ground, joint=True)
    await clocks.end_kind(case, "hospital", "void")
    await clocks.open_limits(case, (limits.Limit("hospital", live.start_at, deadline, kept),))
    await clocks.refresh(case)
    return deadline
