"""Rounds of anonymous questionnaires as rows, and the only door to them; who took part is told as a number alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from core import clock, db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from staff import queries as staff
from surveys.questionnaires.kinds import Kind

_ROUND = (
    "r.id, r.questionnaire_id, r.version_id, r.kind, r.title, r.unit_id, r.opens_on, r.closes_on, r.threshold, r.state,"
    " r.created_by, r.created_at, r.closed_by, r.closed_at"
)
READERS = (Permission.SURVEY_DESIGN, Permission.SURVEY_REVIEW, Permission.SURVEY_READ)


@dataclass(frozen=True, slots=True)
class Round:
    """A time in which certain people may take part. Both days are included."""

    id: int
    questionnaire_id: int
    version_id: int
    kind: Kind
    title: str
    unit_id: int | None
    opens_on: date
    closes_on: date
    threshold: int
    state: str
    created_by: str
    created_at: datetime
    closed_by: str
    closed_at: datetime | None

    @property
    def running(self) -> bool:
        """Whether one may take part today."""
        return self.state == "open" and self.opens_on <= clock.today() <= self.closes_on

    @property
    def closed(self) -> bool:
        """Whether the results may be read: never while anybody may still add to them."""
        return self.state == "closed"


@dataclass(frozen=True, slots=True)
class Listed:
    """A round with how many may take part and how many sheets there are of how many."""

    round: Round
    members: int
    sheets: int
    expected: int


@dataclass(frozen=True, slots=True)
class Task:
    """Something a member may fill in: `ratee_id` 0 for a staff survey."""

    round: Round
    ratee_id: int
    label: str
    done: bool


def _round(row: "asyncpg.Record") -> Round:
    names = Round.__dataclass_fields__
    return Round(**{**{name: row[name] for name in names}, "kind": Kind(row["kind"])})


async def get(round_id: int, *, lock: bool = False) -> Round:
    """One round; asks nobody's permission.

    Raises:
        NotFound: no such round.
    """
    row = await db.fetchrow(
        f"select {_ROUND} from survey_round r where r.id = $1{' for update' if lock else ''}",  # noqa: S608
        round_id,
    )
    if row is None:
        raise NotFound("没有这一轮调查")
    return _round(row)


async def readable(round_id: int, by: Actor) -> Round:
    """A round for whoever runs rounds or reads results where it is.

    Raises:
        NotFound: none, or out of reach.
    """
    found = await get(round_id)
    if not await within(found.unit_id, by, READERS):
        raise NotFound("没有这一轮调查，或您无权查看")
    return found


async def within(unit_id: int | None, by: Actor, permissions: Sequence[Permission]) -> bool:
    """Whether any of the permissions reaches the unit, or part of it: who reads one department sees a round of all."""
    scopes = [path for permission in permissions for path in by.scope(permission)]
    if unit_id is None:
        return bool(scopes)
    path = (await staff.tree()).unit(unit_id).scope
    return any(path.startswith(scope) or scope.startswith(path) for scope in scopes)


async def listed(by: Actor) -> list[Listed]:
    """The rounds somebody may see, the newest first.

    Raises:
        Forbidden: none of the permissions.
    """
    if not any(map(by.can, READERS)):
        raise Forbidden
    rows = await db.fetch(
        f"select {_ROUND}, (select count(*) from survey_round_member m where m.round_id = r.id) as members,"  # noqa: S608
        " (select count(*) from survey_round_part p where p.round_id = r.id) as sheets,"
        " case when r.kind = 'staff' then (select count(*) from survey_round_member m where m.round_id = r.id) else"
        " (select count(*) from survey_round_member m join survey_round_pair p on p.round_id = m.round_id"
        " and p.rater_id = m.unit_id where m.round_id = r.id) end as expected"
        " from survey_round r order by r.id desc limit 200"
    )
    return [
        Listed(found, row["members"], row["sheets"], row["expected"])
        for row in rows
        if await within((found := _round(row)).unit_id, by, READERS)
    ]


async def tasks(staff_id: int, round_id: int | None = None) -> list[Task]:
    """What this person may fill in: of rounds that are running, or of the one asked for."""
    rows = await db.fetch(
        f"select {_ROUND}, coalesce(p.ratee_id, 0) as ratee_id, exists (select 1 from survey_round_part d"  # noqa: S608
        " where d.round_id = r.id and d.staff_id = m.staff_id and d.ratee_id = coalesce(p.ratee_id, 0)) as done"
        " from survey_round_member m join survey_round r on r.id = m.round_id"
        " left join survey_round_pair p on r.kind = 'mutual' and p.round_id = r.id and p.rater_id = m.unit_id"
        " where m.staff_id = $1 and (r.kind = 'staff' or p.ratee_id is not null) and ($2::bigint is null or r.id = $2)"
        " order by r.closes_on, r.id, ratee_id",
        staff_id,
        round_id,
    )
    tree = await staff.tree()
    found = [
        Task(
            _round(row), row["ratee_id"], tree.label(row["ratee_id"]) if row["ratee_id"] else "", row["done"]
        )
        for row in rows
    ]
    return [task for task in found if round_id is not None or task.round.running]
