"""Rows of questionnaires and versions, written inside somebody's transaction: by the actions, and for what we ship.

Asks for no permission and writes no audit line; its callers do.
"""

import hashlib

import orjson

from core import clock, db
from core.actor import Actor
from core.errors import Refused
from surveys.definition import Definition, conditions
from surveys.questionnaires.kinds import Kind


def as_json(value: object) -> str:
    """For a jsonb column."""
    return orjson.dumps(value).decode()


def digest(definition: Definition) -> str:
    """The sha256 of what is asked; fields that hold their defaults do not count, so a new field changes no digest."""
    told = definition.model_dump(mode="json", exclude_defaults=True)
    kinds = [item.kind for item in definition.questions]  # a default each, yet it says what the question is
    return hashlib.sha256(orjson.dumps([kinds, told], option=orjson.OPT_SORT_KEYS)).hexdigest()


async def insert(kind: Kind, definition: Definition, by: Actor, *, unit_id: int | None = None) -> int:
    """The row of a questionnaire with this draft; inside a transaction."""
    questionnaire_id: int = await db.fetchval(
        "insert into questionnaire (kind, title, draft, unit_id, changed_by, changed_at, created_at)"
        " values ($1, $2, $3::jsonb, $4, $5, $6, $6) returning id",
        kind,
        definition.title,
        as_json(definition.model_dump(mode="json")),
        unit_id,
        by.name,
        clock.now(),
    )
    return questionnaire_id


async def insert_version(
    questionnaire_id: int,
    definition: Definition,
    by: Actor,
    *,
    note: str = "",
    author: str = "",
    migrates: bool = False,
) -> int:
    """The next version of a questionnaire; inside a transaction, the questionnaire locked.

    `author` handed it in, `by` reviewed it; without an author there was no review (what we ship).

    Raises:
        Refused: the last version says the same.
    """
    last = await db.fetchrow(
        "select number, sha256 from questionnaire_version where questionnaire_id = $1 order by number desc limit 1",
        questionnaire_id,
    )
    told = digest(definition)
    if last is not None and last["sha256"] == told:
        raise Refused(f"与第 {last['number']} 版完全相同，没有需要发布的改动")
    version_id: int = await db.fetchval(
        "insert into questionnaire_version (questionnaire_id, number, body, conditions, sha256, migrates, note,"
        " published_by, reviewed_by, published_at) values ($1, $2, $3::jsonb, $4::jsonb, $5, $6, $7, $8, $9, $10)"
        " returning id",
        questionnaire_id,
        last["number"] + 1 if last else 1,
        as_json(definition.model_dump(mode="json")),
        as_json({code: node.model_dump(mode="json") for code, node in conditions(definition).items()}),
        told,
        migrates,
        note.strip()[:200],
        author or by.name,
        by.name if author else "",
        clock.now(),
    )
    return version_id


async def put_in_force(questionnaire_id: int, version_id: int) -> None:
    """Make this version the one that is answered; inside a transaction."""
    await db.execute(
        "update questionnaire set active = true, version_id = $2, state = 'editing' where id = $1",
        questionnaire_id,
        version_id,
    )
