"""The only door to questionnaires and their versions; writes nothing.

A version never changes, so each process parses it once and keeps it. The list and single questionnaires of
administrators obey data scope (`listed`, `questionnaire`); a version's content is shown to whoever is asked.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
import orjson
from pydantic import TypeAdapter

from core import db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound, Refused
from staff import queries as staff
from surveys.definition import Definition
from surveys.logic import Node
from surveys.questionnaires.kinds import Kind

CONDITIONS: TypeAdapter[dict[str, Node]] = TypeAdapter(dict[str, Node])
MOST_KEPT = 500
_QUESTIONNAIRE = (
    "id, kind, title, draft, revision, state, active, version_id, unit_id, changed_by, changed_at, created_at"
)
_REVIEW = "id, revision, note, migrates, asked_by, asked_at, decision, decided_by, decided_at, words"
_VERSION = (
    "v.id, v.questionnaire_id, v.number, v.body, v.conditions, v.sha256, v.migrates, v.note, v.published_by,"
    " v.reviewed_by, v.published_at, v.frame_id, q.kind"
)


@dataclass(frozen=True, slots=True)
class Version:
    """A published version. `conditions`: question code → when it is shown, jumps included."""

    id: int
    questionnaire_id: int
    kind: Kind
    number: int
    definition: Definition
    conditions: Mapping[str, Node]
    sha256: str
    migrates: bool
    note: str
    published_by: str
    reviewed_by: str
    published_at: datetime
    frame_id: int | None = None  # the version it was put together from for visits; None: an ordinary one
    _spoken: dict[str, Definition] = field(default_factory=dict, compare=False, repr=False)

    def spoken(self, language: str) -> Definition:
        """The definition in a language ("zh-CN", "en"); what is not translated stays Chinese."""
        if language not in self.definition.languages:
            return self.definition
        if language not in self._spoken:
            self._spoken[language] = self.definition.in_language(language)
        return self._spoken[language]


@dataclass(frozen=True, slots=True)
class Questionnaire:
    """A questionnaire with its draft. `revision` is named by whoever saves; `version_id` is answered while `active`."""

    id: int
    kind: Kind
    title: str
    draft: Definition
    revision: int
    state: str
    active: bool
    version_id: int | None
    unit_id: int | None
    changed_by: str
    changed_at: datetime
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list; `number` is of the version that is (or was last) answered."""

    id: int
    kind: Kind
    title: str
    state: str
    active: bool
    version_id: int | None
    number: int | None
    published_at: datetime | None
    unit_id: int | None
    changed_by: str
    changed_at: datetime
    questions: int
    comments: int


@dataclass(frozen=True, slots=True)
class Review:
    """A draft that was handed in, and what became of it."""

    id: int
    revision: int
    note: str
    migrates: bool
    asked_by: str
    asked_at: datetime
    decision: str
    decided_by: str
    decided_at: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class Comment:
    """Something said about a question of the draft ("": about the whole)."""

    id: int
    question: str
    words: str
    by_name: str
    at: datetime


_kept: OrderedDict[tuple[int, int], Version] = OrderedDict()


async def version(version_id: int) -> Version:
    """One version; from memory when this process has read it before.

    Raises:
        NotFound: no such version.
    """
    key = (db.opening(), version_id)
    if (kept := _kept.get(key)) is not None:
        _kept.move_to_end(key)
        return kept
    row = await db.fetchrow(
        f"select {_VERSION} from questionnaire_version v join questionnaire q on q.id = v.questionnaire_id"  # noqa: S608 - our columns
        " where v.id = $1",
        version_id,
    )
    if row is None:
        raise NotFound("没有这个问卷版本")
    _kept[key] = found = _version(row)
    while len(_kept) > MOST_KEPT:
        _kept.popitem(last=False)
    return found


async def open_version(questionnaire_id: int) -> Version:
    """The version that is answered now.

    Raises:
        NotFound: no such questionnaire.
        Refused: nobody may answer it now.
    """
    row = await db.fetchrow("select active, version_id from questionnaire where id = $1", questionnaire_id)
    if row is None:
        raise NotFound("没有这份问卷")
    if not row["active"]:
        raise Refused("这份问卷现在不能填写，可能已停用或尚未发布")
    return await version(row["version_id"])


async def versions(questionnaire_id: int) -> list[Version]:
    """All versions of a questionnaire, the newest first; those put together for visits are left out."""
    rows = await db.fetch(
        "select id from questionnaire_version where questionnaire_id = $1 and frame_id is null order by number desc",
        questionnaire_id,
    )
    return [await version(row["id"]) for row in rows]


async def by_id(questionnaire_id: int, *, lock: bool = False) -> Questionnaire:
    """One questionnaire with its draft; asks nobody's permission (actions and programs do).

    Raises:
        NotFound: no such questionnaire.
    """
    row = await db.fetchrow(
        f"select {_QUESTIONNAIRE} from questionnaire where id = $1{' for update' if lock else ''}",  # noqa: S608
        questionnaire_id,
    )
    if row is None:
        raise NotFound("没有这份问卷")
    return _questionnaire(row)


async def questionnaire(questionnaire_id: int, by: Actor) -> Questionnaire:
    """One questionnaire, for whoever may design, review or read it there.

    Raises:
        Forbidden: they may not work with questionnaires at all.
        NotFound: no such questionnaire, or it is out of their reach.
    """
    paths = _paths(by)
    if not paths:
        raise Forbidden
    found = await by_id(questionnaire_id)
    if not await _within(found.unit_id, paths):
        raise NotFound("没有这份问卷")
    return found


async def listed(by: Actor, *, kind: Kind | None = None, words: str = "") -> list[Listed]:
    """The questionnaires somebody may see: those of the whole group, and of units within their reach; newest first."""
    paths = _paths(by)
    if not paths:
        raise Forbidden
    rows = await db.fetch(
        "select q.id, q.kind, q.title, q.revision, q.state, q.active, q.version_id, q.unit_id, q.changed_by,"
        " q.changed_at, v.number, v.published_at, coalesce(c.open, 0) as comments,"
        " jsonb_path_query_array(q.draft, '$.pages[*].items[*].code') as codes"
        " from questionnaire q left join questionnaire_version v on v.id = q.version_id"
        " left join org_unit u on u.id = q.unit_id"
        " left join (select questionnaire_id, count(*) as open from questionnaire_comment where settled_at is null"
        "            group by 1) c on c.questionnaire_id = q.id"
        " where (q.unit_id is null or u.path like any($1)) and ($2 = '' or q.kind = $2)"
        " and ($3 = '' or position(lower($3) in lower(q.title)) > 0)"
        " order by (q.state = 'reviewing') desc, q.changed_at desc, q.id desc",
        [f"{path}%" for path in paths],
        kind or "",
        words.strip(),
    )
    return [
        Listed(
            id=row["id"],
            kind=Kind(row["kind"]),
            title=row["title"],
            state=row["state"],
            active=row["active"],
            version_id=row["version_id"],
            number=row["number"],
            published_at=row["published_at"],
            unit_id=row["unit_id"],
            changed_by=row["changed_by"],
            changed_at=row["changed_at"],
            questions=len(orjson.loads(row["codes"])),
            comments=row["comments"],
        )
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class InUse:
    """A questionnaire that is answered now, in words; `unit_id` None: the whole group's."""

    id: int
    title: str
    kind: Kind
    unit_id: int | None


async def in_use(units: Sequence[int]) -> list[InUse]:
    """What is answered now about any of these units: their own questionnaires, then those of the whole group.

    It names them only, and asks for no permission.
    """
    rows = await db.fetch(
        "select id, title, kind, unit_id from questionnaire where active"
        " and (unit_id is null or unit_id = any($1::bigint[])) order by unit_id is null, kind, id",
        list(units),
    )
    return [InUse(row["id"], row["title"], Kind(row["kind"]), row["unit_id"]) for row in rows]


def _paths(by: Actor) -> list[str]:
    wanted = (Permission.SURVEY_DESIGN, Permission.SURVEY_REVIEW, Permission.SURVEY_READ)
    return sorted({path for permission in wanted for path in by.scope(permission)})


async def _within(unit_id: int | None, paths: list[str]) -> bool:
    """What is the whole group's is seen by all who work with questionnaires."""
    if unit_id is None:
        return True
    path = (await staff.tree()).unit(unit_id).path
    return any(path.startswith(reach) for reach in paths)


async def review(questionnaire_id: int) -> Review | None:
    """The review that is open; None when there is none."""
    row = await db.fetchrow(
        f"select {_REVIEW} from questionnaire_review where questionnaire_id = $1 and decision = ''",  # noqa: S608
        questionnaire_id,
    )
    return Review(**dict(row)) if row else None


async def reviews(questionnaire_id: int) -> list[Review]:
    """All reviews, the newest first."""
    rows = await db.fetch(
        f"select {_REVIEW} from questionnaire_review where questionnaire_id = $1 order by id desc limit 50",  # noqa: S608
        questionnaire_id,
    )
    return [Review(**dict(row)) for row in rows]


async def comments(questionnaire_id: int) -> list[Comment]:
    """What was said about the draft and is not settled, oldest first; the caller asked who may see it."""
    rows = await db.fetch(
        "select id, question, words, by_name, at from questionnaire_comment"
        " where questionnaire_id = $1 and settled_at is null order by id limit 200",
        questionnaire_id,
    )
    return [Comment(**dict(row)) for row in rows]


def _version(row: "asyncpg.Record") -> Version:
    return Version(
        id=row["id"],
        questionnaire_id=row["questionnaire_id"],
        kind=Kind(row["kind"]),
        number=row["number"],
        definition=Definition.model_validate_json(row["body"]),
        conditions=CONDITIONS.validate_json(row["conditions"]),
        sha256=row["sha256"],
        migrates=row["migrates"],
        note=row["note"],
        published_by=row["published_by"],
        reviewed_by=row["reviewed_by"],
        published_at=row["published_at"],
        frame_id=row["frame_id"],
    )


def _questionnaire(row: "asyncpg.Record") -> Questionnaire:
    return Questionnaire(
        **{**dict(row), "kind": Kind(row["kind"]), "draft": Definition.model_validate_json(row["draft"])}
    )
