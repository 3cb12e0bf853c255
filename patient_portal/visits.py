"""The visits of whom one acts for, as the person reads them: own ones only, without what staff think. Reads only."""

from dataclasses import dataclass
from datetime import date

from aiohttp import web

from core import audit, db
from core.errors import Forbidden, NotFound
from patient_portal.page import show
from patient_portal.visitor import Visitor, require
from patients.rows import KIND_LABELS, VisitKind
from staff import queries as staff
from staff.tree import OrgTree
from surveys.responses import keys
from surveys.responses.rows import get

routes = web.RouteTableDef()
MOST = 100
WEAK = "这种登录方式看不到就诊记录，请用短信验证码或微信登录"


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit. `unit_name` is the department as the tree finds it again, with its campus before it where needed."""

    id: int
    patient_id: int
    kind: VisitKind
    number: str
    unit: str
    unit_name: str
    campus: str
    doctor: str
    bed: str
    start_on: date
    end_on: date | None
    diagnosis: str

    @property
    def label(self) -> str:
        """门诊, 住院 …"""
        return KIND_LABELS[self.kind]


def findable(tree: OrgTree, unit_id: int) -> str:
    """The department's name as `tree.find` knows it; "" for none that is found."""
    unit, site = tree.unit(unit_id), tree.site(unit_id)
    name = f"{site.short_name or site.name}{unit.name}" if site and site.id != unit.id else unit.name
    return name if tree.find(name) is unit else ""


async def of(patient_id: int, *, limit: int = MOST) -> list[Visit]:
    """The visits of a person, all records of theirs together, newest first."""
    rows = await db.fetch(
        "select v.id, v.patient_id, v.kind, v.number, v.unit_id, v.doctor, v.bed, v.start_on, v.end_on, v.diagnosis"
        " from visit v where v.patient_id in (select id from patient where id = $1 or merged_into = $1)"
        " and v.state <> 'cancelled' order by v.start_on desc, v.id desc limit $2",
        patient_id,
        limit,
    )
    tree = await staff.tree()
    found = []
    for row in rows:
        site = tree.site(row["unit_id"])
        found.append(
            Visit(
                row["id"],
                row["patient_id"],
                VisitKind(row["kind"]),
                row["number"],
                tree.unit(row["unit_id"]).name,
                findable(tree, row["unit_id"]),
                (site.short_name or site.name) if site else "",
                row["doctor"],
                row["bed"],
                row["start_on"],
                row["end_on"],
                row["diagnosis"],
            )
        )
    return found


async def own(visitor: Visitor, visit_id: int) -> Visit:
    """One visit of whom one acts for.

    Raises:
        NotFound: none, or somebody else's.
    """
    for visit in await of(visitor.patient(), limit=1000):
        if visit.id == visit_id:
            return visit
    raise NotFound("没有这次就诊")


async def of_survey(handle: str) -> Visit | None:
    """The visit that a questionnaire was about, for whoever holds its link and goes on to tell more; None without one.

    Raises:
        NotFound: no handle of ours.
    """
    found = await get(keys.opened(handle))
    if found.patient_id is None or found.visit_id is None:
        return None
    known = await of(found.patient_id, limit=1000)
    return next((visit for visit in known if visit.id == found.visit_id), None)


@routes.get("/p/visits")
async def page(request: web.Request) -> web.Response:
    """The list."""
    visitor = await require(request)
    patient_id = visitor.patient()
    if not visitor.strong:
        raise Forbidden(WEAK)
    found = await of(patient_id)
    await audit.record(visitor.actor, "portal.visits", "patient", patient_id, shown=len(found))
    return await show(request, "portal/visits.html", visits=found)
