"""Answers on the form of a case: checked against the version that was shown, kept once with the case.

version = await queries.in_force("投诉")
taken = answers.check(version, given)             # Invalid names each question
await answers.keep(case.id, version, taken, by=by)   # in the transaction that opens the case
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from core import clock, db
from core.actor import Actor
from core.crypto import key_ring
from core.db import transaction
from core.errors import Fault, Invalid
from surveys.checking import Answers, check_answers
from surveys.definition import Definition
from surveys.logic import Value
from surveys.questions.base import Posted
from tickets.forms.queries import PRIVATE, FormVersion
from tickets.forms.rows import as_json


def today() -> dict[str, Value]:
    """What is known without a visit: the present day."""
    return {"f:today": clock.today().toordinal()}


def check(
    version: FormVersion, given: Mapping[str, Any], facts: Mapping[str, Value] | None = None
) -> Answers:
    """The answers that count; those to hidden questions are left out and named in `dropped`.

    Args:
        version: the published version that was shown.
        given: question code → JSON of an answer: {"c": ["yes"]}, {"t": "…"}, {"n": "3"}, {"d": "2026-03-02"},
            {"b": {"blank": "…"}}, {"m": {"row": ["good"]}}, {"f": ["file id"]}; "o" beside "c" for "other".
        facts: of the visit (`surveys.facts`), where one is known.

    Raises:
        Invalid: `details` name each question: field "q.<code>", label the title, reason.
    """
    return check_answers(version.definition, version.conditions, given, {**today(), **(facts or {})})


def read(definition: Definition, fields: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """What a page sent (fields "q.<code>", "q.<code>.<part>"), as `check` takes it; files are kept before, ids sent."""
    posted = Posted(fields)
    found = {item.code: item.read(posted) for item in definition.questions}
    return {code: raw for code, raw in found.items() if any(raw.values())}


async def keep(case_id: int, version: FormVersion, taken: Answers, *, by: Actor) -> None:
    """Keep the answers with their case, files as its material; a second time for the same case changes nothing.

    Raises:
        Invalid: a file that an answer names does not exist, or somebody else brought it.
    """
    private = {item.code for item in version.definition.questions if item.private}
    told = taken.as_json()
    hidden = {code: answer for code, answer in told.items() if code in private}
    async with transaction():
        files = await _files(version.definition, taken, by)
        fresh = await db.execute(
            "insert into case_form_answer (case_id, version_id, answers, private, dropped, answered_by, answered_at)"
            " values ($1, $2, $3::jsonb, $4, $5, $6, $7) on conflict (case_id) do nothing",
            case_id,
            version.id,
            as_json({code: answer for code, answer in told.items() if code not in private}),
            key_ring().encrypt(as_json(hidden), PRIVATE) if hidden else None,
            list(taken.dropped),
            by.name,
            clock.now(),
        )
        if fresh and files:
            await db.execute(
                "insert into attachment (case_id, kind, file_id, name, added_by, added_at)"
                " select $1, 'original', id, name, $3, $4 from stored_file where id = any($2::uuid[])",
                case_id,
                files,
                by.name,
                clock.now(),
            )


async def _files(definition: Definition, taken: Answers, by: Actor) -> list[UUID]:
    """The files that answers name: an id is somebody's word, so it must be of a file they brought themselves."""
    wanted = list(dict.fromkeys(file for answer in taken.given.values() for file in answer.f))
    if not wanted:
        return []
    rows = await db.fetch(
        "select id from stored_file where id = any($1::uuid[]) and created_by = $2", wanted, by.name
    )
    there = {row["id"] for row in rows}
    faults = [
        Fault(field=item.name(), label=item.title, reason="附件没有上传成功，请重新上传")
        for item in definition.questions
        if item.code in taken.given and set(taken.given[item.code].f) - there
    ]
    if faults:
        raise Invalid("填写的内容有误", details=faults)
    return wanted
