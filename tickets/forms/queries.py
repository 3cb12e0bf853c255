"""The only door to forms, their versions, and what was answered on them; writes nothing but the shipped forms."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg
from pydantic import TypeAdapter

from core import db
from core.crypto import key_ring
from core.errors import NotFound
from surveys.answers import Answer
from surveys.definition import Definition
from surveys.logic import Node
from tickets.forms.kinds import FormKind
from tickets.forms.shipped import load_shipped

CONDITIONS: TypeAdapter[dict[str, Node]] = TypeAdapter(dict[str, Node])
ANSWERS: TypeAdapter[dict[str, Answer]] = TypeAdapter(dict[str, Answer])
PRIVATE = "case_form_answer.private"
_FORM = "id, kind, title, draft, revision, active, version_id, changed_by, changed_at"
_VERSION = (
    "v.id, v.form_id, v.number, v.body, v.conditions, v.note, v.published_by, v.published_at, f.kind,"
    " f.active and f.version_id = v.id as in_force"
)


@dataclass(frozen=True, slots=True)
class FormVersion:
    """A published version. `conditions`: question code → when it is shown, jumps included."""

    id: int
    form_id: int
    kind: FormKind
    number: int
    definition: Definition
    conditions: dict[str, Node]
    note: str
    published_by: str
    published_at: datetime
    in_force: bool


@dataclass(frozen=True, slots=True)
class Form:
    """A form with its draft. `revision` is named by whoever saves, so that nobody overwrites what they never saw."""

    id: int
    kind: FormKind
    title: str
    draft: Definition
    revision: int
    active: bool
    version_id: int | None
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """One answer in the words of the screen; `files` are ids of kept files."""

    code: str
    title: str
    text: str
    files: tuple[str, ...] = ()


def _version(row: "asyncpg.Record") -> FormVersion:
    return FormVersion(
        id=row["id"],
        form_id=row["form_id"],
        kind=FormKind(row["kind"]),
        number=row["number"],
        definition=Definition.model_validate_json(row["body"]),
        conditions=CONDITIONS.validate_json(row["conditions"]),
        note=row["note"],
        published_by=row["published_by"],
        published_at=row["published_at"],
        in_force=row["in_force"],
    )


async def in_force(kind: str) -> FormVersion | None:
    """The version that is filled in for a kind of feedback now; None when there is none (all disabled).

    Where the hospital never had a form of this kind, the shipped one is put into force first.
    """
    if kind not in list(FormKind):
        return None
    row = await _in_force(kind)
    if row is None and not await db.fetchval("select 1 from form where kind = $1 limit 1", kind):
        await load_shipped(FormKind(kind))
        row = await _in_force(kind)
    return _version(row) if row else None


async def _in_force(kind: str) -> "asyncpg.Record | None":
    return await db.fetchrow(
        f"select {_VERSION} from form f join form_version v on v.id = f.version_id where f.kind = $1 and f.active",  # noqa: S608 - our columns
        kind,
    )


async def version(version_id: int) -> FormVersion:
    """One version.

    Raises:
        NotFound: no such version.
    """
    row = await db.fetchrow(
        f"select {_VERSION} from form f join form_version v on v.form_id = f.id where v.id = $1",  # noqa: S608
        version_id,
    )
    if row is None:
        raise NotFound("没有这个表单版本")
    return _version(row)


async def versions(form_id: int) -> list[FormVersion]:
    """All versions of a form, the newest first."""
    rows = await db.fetch(
        f"select {_VERSION} from form f join form_version v on v.form_id = f.id where f.id = $1"  # noqa: S608
        " order by v.number desc",
        form_id,
    )
    return [_version(row) for row in rows]


async def form(form_id: int, *, lock: bool = False) -> Form:
    """One form with its draft.

    Raises:
        NotFound: no such form.
    """
    row = await db.fetchrow(
        f"select {_FORM} from form where id = $1{' for update' if lock else ''}",  # noqa: S608
        form_id,
    )
    if row is None:
        raise NotFound("没有这个表单")
    return _form(row)


async def forms() -> list[Form]:
    """All forms, those in force first within their kind."""
    for kind in FormKind:
        if not await db.fetchval("select 1 from form where kind = $1 limit 1", kind):
            await load_shipped(kind)
    rows = await db.fetch(
        f"select {_FORM} from form order by kind, active desc, id desc"  # noqa: S608
    )
    return [_form(row) for row in rows]


def _form(row: "asyncpg.Record") -> Form:
    return Form(
        **{**dict(row), "kind": FormKind(row["kind"]), "draft": Definition.model_validate_json(row["draft"])}
    )


async def answers_of(case_id: int) -> dict[str, Answer]:
    """What was answered for a case, by question; empty when no form was filled in. Ask first who may see the case."""
    row = await db.fetchrow("select answers, private from case_form_answer where case_id = $1", case_id)
    if row is None:
        return {}
    found = ANSWERS.validate_json(row["answers"])
    if row["private"]:
        found |= ANSWERS.validate_json(key_ring().decrypt(bytes(row["private"]), PRIVATE))
    return found


async def told(case_id: int) -> list[Told]:
    """The answers of a case as they are read, in the order of the form; numbers of persons masked.

    The caller has asked whether the case may be seen.
    """
    version_id = await db.fetchval("select version_id from case_form_answer where case_id = $1", case_id)
    if version_id is None:
        return []
    answers = await answers_of(case_id)
    return [
        Told(item.code, item.title, item.said(answer), tuple(str(file) for file in answer.f))
        for item in (await version(version_id)).definition.questions
        if (answer := answers.get(item.code)) is not None
    ]
