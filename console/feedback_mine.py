"""What one person registered as first receiver (首诉负责制) and what became of it: number, state, who handles it.

A department may tell a patient how things stand without reading what others wrote into the case. Changes nothing.
"""

from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from console.case_page import CASE_TONES
from console.page import number, permit, show
from core import clock, db
from core.actor import Actor, Permission
from core.identity import mask_in_text
from staff import queries as staff
from tickets.states import CASE_LABELS, CaseState

routes = web.RouteTableDef()
PAGE = 30


@dataclass(frozen=True, slots=True)
class Registered:
    """A case as who registered it may follow it."""

    id: int
    number: str
    kind: str
    title: str
    state: CaseState
    label: str
    units: str
    received_at: datetime


async def registered(by: Actor, before: int | None) -> list[Registered]:
    """The newest that this person registered below the id `before`, without those that have become secret."""
    rows = await db.fetch(
        "select c.id, c.appeal_type, c.title, c.state, c.received_at, array(select t.unit_id from ticket t"
        " where t.case_id = c.id and t.round = c.round and t.state <> 'withdrawn' order by t.id) as units"
        " from feedback f join cases c on c.id = f.case_id where f.registered_by_id = $1 and not c.secret"
        " and ($2::bigint is null or f.case_id < $2) order by f.case_id desc limit $3",
        by.staff_id,
        before,
        PAGE + 1,
    )
    tree = await staff.tree()
    return [
        Registered(
            row["id"],
            f"{clock.local(row['received_at']):%Y%m%d}-{row['id']}",
            row["appeal_type"],
            mask_in_text(row["title"]),
            CaseState(row["state"]),
            CASE_LABELS[CaseState(row["state"])],
            "、".join(dict.fromkeys(tree.label(unit) for unit in row["units"])),
            row["received_at"],
        )
        for row in rows
    ]


@routes.get("/feedback/mine")
async def page(request: web.Request) -> web.Response:
    """Their list; a row leads to the case where they may read it."""
    actor = permit(request, Permission.CASE_REGISTER, Permission.CASE_FIRST)
    found = await registered(actor, number(request.query.get("before", "")))
    rows, more = found[:PAGE], len(found) > PAGE
    return await show(
        request,
        "console/feedback/mine.html",
        rows=rows,
        next=f"/feedback/mine?before={rows[-1].id}" if more else "",
        tones=CASE_TONES,
        opens=actor.can(Permission.CASE_REGISTER),
    )
