"""Makes the documents of a case from the template in use: numbered, stored, and never overwritten.

Making one again gives another number and another row; what was made before stays as it was. Chooses no words:
they come from the case (`report_context`) and from whoever makes the report.
"""

import asyncio
from collections.abc import Mapping
from uuid import UUID

from pydantic import Field, JsonValue

from core import audit, clock, db, storage
from core.actions import Form
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, Refused
from core.identity import mask_address, mask_id, mask_in_text, mask_phone
from tickets import history, templating
from tickets.matters.quoting import quotable
from tickets.models import Case, Ticket
from tickets.numbers import next_number
from tickets.petitions import documents
from tickets.petitions import queries as petitions
from tickets.queries import access
from tickets.report_context import Asked, Written, gather, with_petition
from tickets.revealing import may_reveal
from tickets.states import CaseState, TicketState
from tickets.word.fill import FillError, fill
from tickets.word.variables import Kind, ReportContext

MOST_PHOTOS = 12
_LINE: dict[str, JsonValue] = {"widget": "line"}


class ReportForm(Form):
    """What a person chooses for a document."""

    kind: Kind = Field(
        title="文书",
        json_schema_extra={"widget": "choice", "labels": {kind.value: kind.label for kind in Kind}},
    )
    tickets: tuple[int, ...] = Field(
        default=(),
        title="引用的科室工单",
        description="可选多张；所选工单的答复写入文书",
        max_length=50,
        json_schema_extra={"widget": "choices"},
    )
    photos: bool = Field(
        default=False,
        title="附现场照片",
        description=f"所选工单中的图片，最多 {MOST_PHOTOS} 张",
        json_schema_extra={"widget": "yes_no"},
    )
    cause: str = Field(
        default="",
        title="原因分析",
        description="可不填",
        max_length=5000,
        json_schema_extra={"widget": "text"},
    )
    whole: bool = Field(
        default=False,
        title="写明完整电话",
        description="默认脱敏。文书需要完整电话时选“是”，查看和下载都有记录",
        json_schema_extra={"widget": "yes_no"},
    )
    reviewer: str = Field(default="", title="审核人", max_length=50, json_schema_extra=_LINE)
    approver: str = Field(default="", title="签发人", max_length=50, json_schema_extra=_LINE)


async def make(case_id: int, form: ReportForm, *, by: Actor) -> int:
    """Make a document; the id of its row in `case_report`.

    Raises:
        NotFound, Forbidden: the case is out of reach, or this person makes no documents.
        Refused: the case is archived, what the document must say is not written yet, or the template cannot be filled.
        Invalid: a chosen ticket is none of this case, nor of another of its matter.
    """
    if not (by.can(Permission.CASE_HANDLE) or by.can(Permission.CASE_REVIEW)):
        raise Forbidden
    await access.case(case_id, by)
    template = await templating.in_use(form.kind)
    data = await templating.content(template)
    # Number, file and row are one transaction: a document that could not be written uses up no number. The
    # store is written inside it because the number stands in the document; a file left over names nothing.
    async with transaction():
        case = await access.lock_case(case_id, by)
        quoted = await _chosen(case, form, by)
        tickets = [ticket for _, ticket in quoted]
        await _ready(case, form.kind)
        pictures = await _pictures(tickets) if form.photos else {}
        number = await next_number(form.kind)
        written = Written(number, form.kind, form.cause, form.reviewer, form.approver, by.name)
        context = await gather(case, quoted, Asked(written, tuple(pictures)), by)
        context = await with_petition(context, case, form.kind)
        whole = form.whole or form.kind.source == "petition"  # the forms of 《信访工作条例》 ask for them
        kept = _kept(context)
        if not whole:
            context = kept
        elif form.whole and not may_reveal(case, by):
            raise Forbidden("您无权在文书中写明反映人的完整电话")
        filled = await _filled(data, context, pictures, form.kind)
        file = await storage.keep(f"{number} {case.title[:40]}.docx", filled, by=by.name, checked=True)
        made: int = await db.fetchval(
            "insert into case_report (case_id, round, kind, number, template_id, ticket_ids, context, file_id,"
            " made_by, made_at, whole) values ($1, $2, $3, $4, $5, $6, $7::jsonb, $8, $9, $10, $11) returning id",
            case.id,
            case.round,
            form.kind,
            number,
            template.id,
            [ticket.id for ticket in tickets],
            kept.model_dump_json(),
            file.id,
            by.name,
            clock.now(),
            whole,
        )
        await history.add(
            case.id,
            "report",
            by,
            round_no=case.round,
            text=number,
            detail={"report": made, "kind": form.kind},
        )
        for other in {owner.id: owner for owner, _ in quoted if owner.id != case.id}.values():
            await history.add(
                other.id, "quoted", by, round_no=other.round, text=number, detail={"report": made}
            )
        await audit.record(
            by, "case.report", "case", case.id, report=made, kind=form.kind, number=number, whole=whole
        )
    return made


async def _chosen(case: Case, form: ReportForm, by: Actor) -> list[tuple[Case, Ticket]]:
    found = {ticket.id: (owner, ticket) for owner, ticket in await quotable(case, by)}
    missing = [str(number) for number in form.tickets if number not in found]
    if missing:
        reason = f"不是本诉求或同一事项的工单：{'、'.join(missing)}"
        raise Invalid(reason, details=[Fault(field="tickets", label="引用的科室工单", reason=reason)])
    return [found[number] for number in dict.fromkeys(form.tickets)]


async def _ready(case: Case, kind: Kind) -> None:
    """A document that has nothing to say is not made."""
    if case.state is CaseState.ARCHIVED and kind is not Kind.PETITION_CATALOGUE:
        raise Refused("诉求已归档，不能再生成文书")
    if kind.source == "statistics":
        raise Refused(f"{kind.label}不属于某一件诉求，请在统计页生成")
    if kind.source:
        petition = await petitions.of(case)
        if petition is None:
            raise Refused(f"{kind.label}只用于信访件")
        if why := documents.ready(kind, petition, await documents.decided(case)):
            raise Refused(f"{why}，不能生成{kind.label}")
    recorded = await db.fetchval("select 1 from event_record where case_id = $1", case.id)
    reply = await db.fetchval(
        "select reply from case_round where case_id = $1 and no = $2", case.id, case.round
    )
    if kind is Kind.EVENT_REPORT and not recorded:
        raise Refused("请先填写事件记录，再生成事件报告")
    if kind is Kind.FINAL_REPORT and not reply:
        raise Refused("本轮还没有答复，请先提交答复再生成终结报告")


async def _pictures(tickets: list[Ticket]) -> dict[str, UUID]:
    """The pictures among the evidence of these tickets: caption → file, in the order they came."""
    rows = await db.fetch(
        "select a.file_id, a.name, a.id from attachment a join stored_file f on f.id = a.file_id"
        " where a.ticket_id = any($1::bigint[]) and f.mime like 'image/%' order by a.id limit $2",
        [ticket.id for ticket in tickets if ticket.state is not TicketState.WITHDRAWN],
        MOST_PHOTOS,
    )
    return {f"{row['id']} {row['name']}": row["file_id"] for row in rows}


async def _filled(data: bytes, context: ReportContext, pictures: Mapping[str, UUID], kind: Kind) -> bytes:
    images = {name: await storage.read(await storage.find(file_id)) for name, file_id in pictures.items()}
    try:
        return await asyncio.to_thread(fill, data, context, images, kind)
    except FillError as error:
        raise Refused(str(error)) from error


def _kept(context: ReportContext) -> ReportContext:
    """The context as the row keeps it: phones are nowhere in the clear but in the document itself."""
    case = context.case
    masked = case.model_copy(
        update={
            "caller_phone": mask_phone(case.caller_phone) if case.caller_phone else "",
            "contact_phone": mask_phone(case.contact_phone) if case.contact_phone else "",
            "title": mask_in_text(case.title),
            "content": mask_in_text(case.content),
        }
    )
    persons = tuple(
        person.model_copy(
            update={
                "id_number": mask_id(person.id_number) if person.id_number else "",
                "phone": mask_phone(person.phone) if person.phone else "",
                "address": mask_address(person.address) if person.address else "",
            }
        )
        for person in context.petitioners
    )
    return context.model_copy(update={"case": masked, "petitioners": persons})
