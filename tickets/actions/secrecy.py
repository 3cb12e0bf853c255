"""检举控告: a case becomes secret, and open again. Whoever is accused loses sight of it within the same transaction.

《信访工作条例》 Art. 30. Who may know of it afterwards is decided in tickets/queries/secrecy.py alone; here is done
what cannot be left to queries: tickets are taken from the accused, groups and messages are closed to them.
"""

from pydantic import Field

from channels import actions as messages
from channels import queries as sent
from core.actions import Form, action
from core.actor import Actor, Door, system
from core.db import transaction
from core.errors import Fault, Invalid, Refused
from im import groups, sealing
from staff import queries as staff
from staff.queries import Person
from tickets import barring, clocks, exporting, history
from tickets.actions.forms import Reason
from tickets.actions.shared import ACCUSED, concern, lapse_requests, unit_named
from tickets.models import Case, Ticket
from tickets.queries import access, secrecy
from tickets.sources.matter_steps import BEFORE_REPLY
from tickets.states import OPEN_TICKET, CaseVerb, TicketVerb

CHANGED = "内容已更新"
ELSEWHERE = "涉密设置只能在网页上办理"


class Accused(Form):
    """Who is accused, and why the case is kept from them."""

    accused_units: tuple[str, ...] = Field(
        default=(),
        title="被检举控告的科室",
        description="所选科室（含下属病区）的人员均不能再看到本诉求",
        max_length=20,
        json_schema_extra={"widget": "choices", "offers": "units"},
    )
    accused_staff: str = Field(
        default="",
        title="被检举控告的人员",
        description="姓名或工号，多人用顿号分开；其任职科室一并回避",
        max_length=300,
        json_schema_extra={"widget": "line"},
    )
    reason: str = Field(
        title="原因",
        description="如：检举控告类信访、来电人要求保密",
        min_length=2,
        max_length=1000,
        json_schema_extra={"widget": "text"},
    )


@action(
    "case",
    CaseVerb.MAKE_SECRET,
    label="涉密设置",
    form=Accused,
    said="{number} 已设为涉密，由纪检监察人员办理",
    tone="danger",
)
async def make_secret(case_id: int, form: Accused, *, by: Actor) -> Case:
    """Keep a case from the accused and hand it to discipline inspection; done again, it names the accused anew.

    Raises:
        Refused: in chat, where others read along; or nobody would be left who may handle it.
        Invalid: nobody is named, or a name means none or several.
    """
    _not_in_chat(by)
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.MAKE_SECRET, by)
        await _check_not_merged(case)
        await _bar(case, form)
        taken = await _withdraw(case)
        await barring.hand_over(case)
        await history.case_moved(
            case,
            CaseVerb.MAKE_SECRET,
            by,
            before,
            text=form.reason,
            units=case.barred_unit_ids,
            staff=case.barred_staff_ids,
            tickets=taken,
        )
        await close_to_others(case)
    return case


async def _check_not_merged(case: Case) -> None:
    """Raises Refused while its work is done in another case, or another's in it: those may be known to others."""
    held = await Case.filter(merged_into=case.id, state__in=list(BEFORE_REPLY)).exists()
    if case.held or held:
        raise Refused("本诉求与其他诉求合并办理，请先拆分，再设为涉密")


def _not_in_chat(by: Actor) -> None:
    if by.door in (Door.CHAT, Door.WECOM):
        raise Refused(ELSEWHERE)


async def _bar(case: Case, form: Accused) -> None:
    """Note who is accused: the units named, the people, and the departments in which these hold a post."""
    units = [await unit_named(name, case, ACCUSED) for name in form.accused_units]
    people = await people_named(form.accused_staff)
    if not (units or people):
        reason = "请至少选择一个科室或填写一名人员"
        fault = Fault(field="accused_units", label="被检举控告的科室", reason=reason, value="")
        raise Invalid(reason, details=[fault])
    if any(unit.parent_id is None for unit in units):
        reason = "不能选择整个集团"
        fault = Fault(field="accused_units", label="被检举控告的科室", reason=reason, value="")
        raise Invalid(reason, details=[fault])
    await barring.name(case, [unit.id for unit in units], [person.id for person in people])


async def people_named(text: str, field: str = "accused_staff") -> list[Person]:
    """Members of staff by name or number, parted by 、 or commas.

    Raises:
        Invalid: a name means none or several.
    """
    found = []
    for name in filter(
        None, (part.strip() for part in text.replace("，", "、").replace(",", "、").split("、"))
    ):
        same = [
            person
            for person in await staff.find_people(name, limit=200)
            if name in (person.name, person.number)
        ]
        if len(same) != 1:
            reason = f"有多位“{name}”，请写工号" if same else f"没有找到“{name}”，请写姓名全称或工号"
            fault = Fault(field=field, label="被检举控告的人员", reason=reason, value=name)
            raise Invalid(reason, details=[fault])
        found += same
    return found


async def _withdraw(case: Case) -> list[int]:
    """Take open tickets from accused units; the words tell them nothing but that it was taken back."""
    taken = []
    for ticket in await Ticket.filter(case_id=case.id, state__in=list(OPEN_TICKET)).order_by("id"):
        if not secrecy.barred_unit(case, ticket.path):
            continue
        before = ticket.state
        ticket.move(TicketVerb.WITHDRAW, system("系统"))
        await clocks.void_ticket(ticket, "工单撤销")
        await lapse_requests(ticket)
        await history.ticket_moved(ticket, TicketVerb.WITHDRAW, system("系统"), before, text="工单调整")
        taken.append(ticket.id)
    return taken


async def close_to_others(case: Case) -> None:
    """Groups, messages on their way, cards on phones and lists taken out: closed to all who may not know of the case."""
    await _close(case, None, f"case:{case.id}")
    for ticket in await Ticket.filter(case_id=case.id).order_by("id"):
        await _close(case, ticket, ticket.subject)
        if ticket.room_id is not None:
            known = await secrecy.among(case, ticket, await sealing.people_of(ticket.room_id))
            await _close(case, ticket, f"room:{ticket.room_id}")
            await sealing.expel(ticket.subject, known, f"#{ticket.id} {secrecy.VEILED}", by=system("系统"))
            await groups.seal(ticket.subject, sealed=True, by=system("系统"))
    await exporting.forget(case)


async def _close(case: Case, ticket: Ticket | None, subject: str) -> None:
    told = await sent.staff_told(subject)
    known = await secrecy.among(case, ticket, told)
    await messages.withhold(subject, told - known, CHANGED)


@action(
    "case",
    CaseVerb.LIFT_SECRET,
    label="解除涉密",
    form=Reason,
    said="{number} 已解除涉密",
    tone="danger",
    ask="解除后，被检举控告的科室和人员将能看到本诉求，确定吗？",
)
async def lift_secret(case_id: int, form: Reason, *, by: Actor) -> Case:
    """Treat the case like any other again; only whoever may read it whole decides that, and says why."""
    _not_in_chat(by)
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        if not case.secret:
            raise Refused("本诉求不是涉密诉求")
        case.move(CaseVerb.LIFT_SECRET, by)
        units, people = case.barred_unit_ids, case.barred_staff_ids
        case.secret, case.barred_unit_ids, case.barred_staff_ids = False, [], []
        await concern(case)
        await history.case_moved(
            case, CaseVerb.LIFT_SECRET, by, before, text=form.reason, units=units, staff=people
        )
        for ticket in await Ticket.filter(case_id=case.id, room_id__isnull=False):
            await groups.seal(ticket.subject, sealed=False, by=system("系统"))
    return case
