"""Another person's word on a sheet with names and phones in full: agreed or refused, never by who asked for it.

《个人信息保护法》 Art. 51: who may do what with personal data is decided beforehand. One person who may ask and one who
may agree are two people by the table's own check. Writes no sheet: an agreed one goes the road of every other.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qsl
from uuid import UUID

from pydantic import Field

from core import audit, clock, db
from core.actions import Form
from core.actor import Actor, Door, Permission
from core.errors import Forbidden, NotFound, Refused, Unauthenticated
from core.events import announce
from staff import queries as staff
from staff.actors import actor_of
from staff.queries import Person
from staff.roles import ROLES
from tickets import exporting
from tickets.events import WholeExportDecided
from tickets.exporting import Whole
from tickets.queries.case_filter import CaseFilter, read
from tickets.queries.reach import unit_ids_of


class WholeForm(Form):
    """Why names and phones shall stand in the sheet in full."""

    recipient: str = Field(
        title="接收方",
        description="表格交给谁使用，例如：医务科 王某、市卫生健康委",
        min_length=2,
        max_length=100,
        json_schema_extra={"widget": "line"},
    )
    purpose: str = Field(
        title="用途",
        description="为什么必须使用完整姓名和电话",
        min_length=5,
        max_length=300,
        json_schema_extra={"widget": "text"},
    )

    def whole(self) -> Whole:
        """As the export takes it."""
        return Whole(self.recipient, self.purpose)


class DecisionForm(Form):
    """What the other person says."""

    agreed: bool = Field(default=False, title="是否同意", json_schema_extra={"widget": "yes_no"})
    note: Annotated[str, Field(max_length=200)] = Field(
        default="", title="说明", description="不同意时请写明原因", json_schema_extra={"widget": "line"}
    )


@dataclass(frozen=True, slots=True)
class Wish:
    """A sheet that waits for a word; `filter` in words."""

    id: UUID
    asked_by: str
    asked_at: datetime
    filter: str
    recipient: str
    purpose: str
    own: bool


async def waiting(*, by: Actor) -> list[Wish]:
    """What waits, oldest first.

    Raises:
        Forbidden: this person agrees to nothing.
    """
    if not by.can(Permission.EXPORT_APPROVE):
        raise Forbidden
    rows = await db.fetch(
        "select e.id, e.staff_id, e.query, e.asked_at, e.recipient, e.purpose, s.name from case_export e"
        " join staff s on s.id = e.staff_id where e.state = 'waiting' order by e.asked_at limit 200"
    )
    return [
        Wish(
            row["id"],
            row["name"],
            row["asked_at"],
            await exporting.in_words(_filter(row["query"])),
            row["recipient"],
            row["purpose"],
            row["staff_id"] == by.staff_id,
        )
        for row in rows
        if row["staff_id"] == by.staff_id or await _covers(by, row["staff_id"])
    ]


async def _covers(by: Actor, asked_by: int) -> bool:
    """Whether this person's right to agree reaches over all that the other may take out."""
    try:
        asker = await actor_of(asked_by, Door.WEB)
    except Unauthenticated:  # left meanwhile: nothing of theirs is written any more
        return False
    places = asker.scope(Permission.CASE_EXPORT)
    return bool(places) and all(by.can(Permission.EXPORT_APPROVE, path) for path in places)


@dataclass(frozen=True, slots=True)
class Told:
    """A wish as messages tell of it: who asked, what for, and in which state it is; `error` says why it was refused."""

    asked_by: int
    name: str
    recipient: str
    purpose: str
    state: str
    error: str


async def wish(export_id: UUID) -> Told | None:
    """What is to be told of a sheet; for messages only."""
    row = await db.fetchrow(
        "select e.staff_id, s.name, e.recipient, e.purpose, e.state, e.error from case_export e"
        " join staff s on s.id = e.staff_id where e.id = $1",
        export_id,
    )
    if row is None:
        return None
    return Told(
        row["staff_id"], row["name"], row["recipient"], row["purpose"], row["state"], row["error"] or ""
    )


async def approvers(asked_by: int) -> list[Person]:
    """Who may agree to what this person asked for: the nearest of each role that may, where their right reaches."""
    tree = await staff.tree()
    try:
        asker = await actor_of(asked_by, Door.WEB)
    except Unauthenticated:
        return []
    top = [unit.id for unit in tree.units if unit.parent_id is None]
    places = {
        unit for path in asker.scope(Permission.CASE_EXPORT) for unit in (unit_ids_of(path)[-1:] or top[:1])
    }
    found: dict[int, Person] = {}
    for role in (role for role, held in ROLES.items() if Permission.EXPORT_APPROVE in held):
        for place in sorted(places):
            found |= {person.id: person for person in await staff.holders(place, role)}
    return [
        person
        for person in found.values()
        if person.id != asked_by and await _covers(await actor_of(person.id, Door.WECOM), asked_by)
    ]


def _filter(query: str) -> CaseFilter:
    return read(parse_qsl(query))[0]


async def decide(export_id: UUID, form: DecisionForm, *, by: Actor) -> None:
    """Agree, so that the sheet is written, or refuse.

    Raises:
        Forbidden: this person may not agree, or asked for it themselves.
        NotFound: nothing waits under this id.
        Refused: refused without a reason.
    """
    if not by.can(Permission.EXPORT_APPROVE):
        raise Forbidden
    if not form.agreed and len(form.note) < 2:
        raise Refused("不同意时请写明原因")
    async with db.transaction():
        row = await db.fetchrow("select * from case_export where id = $1 for update", export_id)
        if row is None or row["state"] != "waiting":
            raise NotFound("这份申请已处理，或不存在")
        if row["staff_id"] == by.staff_id:
            raise Forbidden("自己申请的导出须由他人审批")
        if not await _covers(by, row["staff_id"]):
            raise Forbidden("这份导出超出您的管理范围，请由上级审批")
        await db.execute(
            "update case_export set state = $2, error = $3, decided_by = $4, decided_name = $5, decided_at = $6"
            " where id = $1",
            export_id,
            "running" if form.agreed else "refused",
            "" if form.agreed else f"{by.name} 没有同意：{form.note}",
            by.staff_id,
            by.name,
            clock.now(),
        )
        if form.agreed:
            await exporting.sheets.begin(export_id)
        await announce(WholeExportDecided(export_id=str(export_id)))
        await audit.record(
            by,
            "case.export_whole.agree" if form.agreed else "case.export_whole.refuse",
            "case_export",
            None,
            export=str(export_id),
            asked_by=row["staff_id"],
            recipient=row["recipient"],
            purpose=row["purpose"],
            note=form.note,
        )
