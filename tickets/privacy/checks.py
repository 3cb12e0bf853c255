"""A second person's word before personal data leaves or is deleted at somebody's request: asked, agreed, refused.

One person identifies the asker; a copy or a deletion that is asked for waits until another agrees, who neither checked nor
asked (the table's own trigger says so too). What is then done, `packing` and `erasing` do.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core import audit, db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound, Refused
from core.events import announce
from staff import queries as staff
from staff.queries import Person
from staff.roles import ROLES
from tickets import history
from tickets.events import PrivacyDecided, PrivacyWaits
from tickets.models import Case
from tickets.privacy import lines, requests
from tickets.privacy.words import DecideForm, Right
from tickets.queries import access
from tickets.queries.secrecy import among


class What(StrEnum):
    """What waits for a second person."""

    COPY = "copy"
    ERASE = "erase"


LABELS = {What.COPY: "提供个人信息副本", What.ERASE: "删除或停止处理个人信息"}
NEEDS = {
    What.COPY: frozenset({Right.READ, Right.COPY}),
    What.ERASE: frozenset({Right.ERASE, Right.RESTRICT}),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One step as the page shows it; `open` while it waits for a word."""

    id: int
    what: str
    step: str
    note: str
    by_id: int
    by_name: str
    at: datetime
    open: bool

    @property
    def label(self) -> str:
        """提供个人信息副本."""
        return LABELS[What(self.what)] if self.what in LABELS else "身份核验"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wish that waits for this person, for the home page."""

    id: int
    case_id: int
    number: str
    what: str
    by_name: str
    at: datetime


async def ask(case_id: int, what: What, *, by: Actor) -> int:
    """Ask for a copy or a deletion; it waits for another person's word.

    Raises:
        Forbidden, NotFound, Refused: as `requests.checked`, or one waits already.
    """
    async with db.transaction():
        case, request = await requests.checked(case_id, NEEDS[what], by)
        if await waits(case_id, what):
            raise Refused("已提交复核，正在等待他人确认")
        if what is What.COPY and await _packing(case_id):
            raise Refused("正在生成，请稍候")
        number = await lines.write(case_id, what, "asked", "", by)
        await history.add(
            case_id, "privacy", by, round_no=case.round, text=f"申请{LABELS[what]}，等待他人复核"
        )
        await audit.record(
            by, "privacy.ask", "case", case_id, patient=request.patient_id, what=what, check=number
        )
        await announce(PrivacyWaits(check_id=number))
    return number


async def decide(case_id: int, form: DecideForm, *, by: Actor) -> tuple[What, Case]:
    """Agree to what waits on a case, or refuse it; what it was, and the case. In a transaction.

    Raises:
        Forbidden: this person may not agree, checked the identity or asked themselves.
        Refused: nothing waits, the asker must be identified anew, or it is refused without a reason.
    """
    if not may_agree(by):
        raise Forbidden
    if not form.agreed and len(form.note) < 2:
        raise Refused("不同意时请写明原因")
    case = await requests.lock_open(case_id, by)
    found = [line for line in await of(case_id) if line.open]
    if not found:
        raise Refused("没有等待复核的事项，可能已由他人处理，请刷新")
    line = found[0]
    if by.staff_id in await concerned(case_id, line):
        raise Forbidden("核验身份或提交申请的人不能复核，须由他人确认")
    what = What(line.what)
    if form.agreed:
        request = await requests.of(case_id)
        if request is None or NEEDS[what].isdisjoint(request.open):
            raise Refused("申请事项已变化，请退回后重新提交")
    await lines.write(case_id, what, "agreed" if form.agreed else "refused", form.note, by, line.id)
    said = f"复核同意：{LABELS[what]}" if form.agreed else f"复核未同意：{LABELS[what]}（{form.note}）"
    await history.add(case_id, "privacy", by, round_no=case.round, text=said)
    await audit.record(
        by,
        "privacy.agree" if form.agreed else "privacy.disagree",
        "case",
        case_id,
        what=what,
        check=line.id,
        asked_by=line.by_id,
        note=form.note,
    )
    await announce(PrivacyDecided(check_id=line.id))
    return what, case


def may_agree(by: Actor) -> bool:
    """Whether this person is one of those who agree that whole data leaves or goes."""
    return by.can(Permission.EXPORT_APPROVE)


async def concerned(case_id: int, line: Line) -> set[int]:
    """Who may not decide: whoever checked the identity on this case, and who asked."""
    rows = await db.fetch("select by_id from privacy_check where case_id = $1 and step = 'checked'", case_id)
    return {row["by_id"] for row in rows} | {line.by_id}


async def waits(case_id: int, what: What) -> bool:
    """Whether such a thing waits for a word."""
    return any(line.open and line.what == what for line in await of(case_id))


async def _packing(case_id: int) -> bool:
    return bool(
        await db.fetchval(
            "select exists (select 1 from privacy_package p left join job j on j.id = p.job_id where p.case_id = $1"
            " and p.state = 'running' and coalesce(j.state, '') not in ('parked', 'dropped'))",
            case_id,
        )
    )


async def of(case_id: int) -> list[Line]:
    """Every step on a case, oldest first; that the case may be read is the caller's question."""
    rows = await db.fetch(
        "select c.id, c.what, c.step, c.note, c.by_id, c.by_name, c.at, c.step = 'asked' and not exists"
        " (select 1 from privacy_check d where d.asked = c.id) as open from privacy_check c"
        " where c.case_id = $1 order by c.id",
        case_id,
    )
    return [Line(**dict(row)) for row in rows]


async def waiting(*, by: Actor, most: int = 20) -> list[Waiting]:
    """What waits for this person's word, oldest first: of cases they reach, where they neither checked nor asked."""
    if not may_agree(by):
        return []
    rows = await db.fetch(
        "select c.id, c.case_id, c.what, c.by_name, c.at from privacy_check c"
        " where c.step = 'asked' and not exists (select 1 from privacy_check d where d.asked = c.id)"
        " and c.by_id <> $1 and not exists (select 1 from privacy_check d where d.case_id = c.case_id"
        " and d.step = 'checked' and d.by_id = $1) order by c.id limit 200",
        by.staff_id,
    )
    found = []
    for row in rows:
        try:
            case = await access.case(row["case_id"], by)
        except NotFound:
            continue
        if case.state not in requests.DONE:
            found.append(Waiting(**{**dict(row), "number": case.number, "what": LABELS[What(row["what"])]}))
    return found[:most]


@dataclass(frozen=True, slots=True)
class Told:
    """A wish as messages tell of it; `step` "" while it waits."""

    case_id: int
    number: str
    what: str
    by_id: int
    by_name: str
    step: str
    decided_by: str
    note: str


async def told(check_id: int) -> Told | None:
    """What is to be told of a wish; for messages only."""
    row = await db.fetchrow(
        "select c.case_id, c.what, c.by_id, c.by_name, coalesce(d.step, '') as step,"
        " coalesce(d.by_name, '') as decided_by, coalesce(d.note, '') as note from privacy_check c"
        " left join privacy_check d on d.asked = c.id where c.id = $1",
        check_id,
    )
    if row is None:
        return None
    case = await Case.get(id=row["case_id"])
    return Told(**{**dict(row), "number": case.number, "what": LABELS[What(row["what"])]})


async def approvers(check_id: int) -> list[Person]:
    """Who may decide: the nearest holders of each role that agrees, who see the case and are not concerned."""
    row = await db.fetchrow("select case_id, by_id from privacy_check where id = $1", check_id)
    if row is None:
        return []
    case = await Case.get(id=row["case_id"])
    line = next(one for one in await of(case.id) if one.id == check_id)
    barred = await concerned(case.id, line)
    tree = await staff.tree()
    place = case.campus_id or next(unit.id for unit in tree.units if unit.parent_id is None)
    found: dict[int, Person] = {}
    for role in (role for role, held in ROLES.items() if Permission.EXPORT_APPROVE in held):
        found |= {one.id: one for one in await staff.holders(place, role) if one.id not in barred}
    known = await among(case, None, list(found))
    return [person for person in found.values() if person.id in known]
