"""The only door to questionnaires and their versions; writes nothing.

A version never changes, so each process parses it once and keeps it. The list and single questionnaires of
administrators obey data scope (`listed`, `questionnaire`); a version's content is shown to whoever is asked.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import asyncpg
from pydantic import TypeAdapter

from core import db
from core.errors import NotFound, Refused
from surveys.definition import Definition
from surveys.logic import Node
from surveys.questionnaires.kinds import Kind

CONDITIONS: TypeAdapter[dict[str, Node]] = TypeAdapter(dict[str, Node])
MOST_KEPT = 500
_QUESTIONNAIRE = (
    "id, kind, title, draft, revision, state, active, version_id, unit_id, changed_by, changed_at, created_at"
)
_VERSION = (
    "v.id, v.questionnaire_id, v.number, v.body, v.conditions, v.sha256, v.migrates, v.note, v.published_by,"
    " v.reviewed_by, v.published_at, q.kind"
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
    """All versions of a questionnaire, the newest first."""
    rows = await db.fetch(
        "select id from questionnaire_version where questionnaire_id = $1 order by number desc",
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
    )


def _questionnaire(row: "asyncpg.Record") -> Questionnaire:
    return Questionnaire(
        **{**dict(row), "kind": Kind(row["kind"]), "draft": Definition.model_validate_json(row["draft"])}
    )
