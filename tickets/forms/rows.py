"""Rows of forms and versions, written inside somebody's transaction: by the actions, and for the shipped forms.

Asks for no permission and writes no audit line; its callers do.
"""

import hashlib

import orjson

from core import clock, db
from core.actor import Actor
from core.errors import Refused
from surveys.definition import Definition, conditions


def as_json(value: object) -> str:
    """For a jsonb column."""
    return orjson.dumps(value).decode()


async def insert(kind: str, definition: Definition, by: Actor) -> int:
    """The row of a form; inside a transaction."""
    now = clock.now()
    form_id: int = await db.fetchval(
        "insert into form (kind, title, draft, changed_by, changed_at, created_at)"
        " values ($1, $2, $3::jsonb, $4, $5, $5) returning id",
        kind,
        definition.title,
        as_json(definition.model_dump(mode="json")),
        by.name,
        now,
    )
    return form_id


async def insert_version(form_id: int, definition: Definition, note: str, by: Actor) -> int:
    """The next version of a form; inside a transaction, the form locked.

    Raises:
        Refused: the last version says the same.
    """
    body = as_json(definition.model_dump(mode="json"))
    digest = hashlib.sha256(body.encode()).hexdigest()
    last = await db.fetchrow(
        "select number, sha256 from form_version where form_id = $1 order by number desc limit 1", form_id
    )
    if last is not None and last["sha256"] == digest:
        raise Refused(f"与第 {last['number']} 版完全相同，没有需要发布的改动")
    version_id: int = await db.fetchval(
        "insert into form_version (form_id, number, body, conditions, sha256, note, published_by, published_at)"
        " values ($1, $2, $3::jsonb, $4::jsonb, $5, $6, $7, $8) returning id",
        form_id,
        last["number"] + 1 if last else 1,
        body,
        as_json({code: node.model_dump(mode="json") for code, node in conditions(definition).items()}),
        digest,
        note.strip()[:200],
        by.name,
        clock.now(),
    )
    return version_id


async def put_in_force(form_id: int, kind: str, version_id: int) -> None:
    """Make this version the one of its kind; inside a transaction."""
    await db.execute("update form set active = false where kind = $1 and active and id <> $2", kind, form_id)
    await db.execute("update form set active = true, version_id = $2 where id = $1", form_id, version_id)
