"""The only door to the bank's rows; writes nothing."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from core import db
from core.errors import NotFound
from surveys.questions import KINDS
from surveys.questions.base import Question

MOST = 500
_ITEM = (
    "i.code, i.class as group, i.subclass as subgroup, i.number, i.retired, i.changed_by, i.changed_at, v.kind, v.title,"
    " v.body from bank_item i join bank_item_version v on v.code = i.code and v.number = i.number"
)


@dataclass(frozen=True, slots=True)
class BankItem:
    """An item with its newest version."""

    code: str
    group: str
    subgroup: str
    number: int
    retired: bool
    changed_by: str
    changed_at: datetime
    question: Question


@dataclass(frozen=True, slots=True)
class ItemVersion:
    """One version of an item."""

    number: int
    question: Question
    note: str
    saved_by: str
    saved_at: datetime


def _question(kind: str, body: str) -> Question:
    return KINDS[kind].model_validate_json(body)


def _item(row: "asyncpg.Record") -> BankItem:
    told = dict(row)
    body, kind, _ = told.pop("body"), told.pop("kind"), told.pop("title")
    return BankItem(**told, question=_question(kind, body))


async def item(code: str, *, lock: bool = False) -> BankItem:
    """One item.

    Raises:
        NotFound: no such item.
    """
    row = await db.fetchrow(
        f"select {_ITEM} where i.code = $1{' for update of i' if lock else ''}",
        code,
    )
    if row is None:
        raise NotFound("题库中没有这道题")
    return _item(row)


async def listed(
    *, group: str = "", subgroup: str = "", kind: str = "", words: str = "", retired: bool = False
) -> list[BankItem]:
    """Items by class, sub-class, kind and words of the title; at most 500."""
    rows = await db.fetch(
        f"select {_ITEM} where ($1 = '' or i.class = $1) and ($2 = '' or i.subclass = $2)"
        " and ($3 = '' or v.kind = $3) and ($4 = '' or position(lower($4) in lower(v.title)) > 0)"
        " and i.retired = $5 order by i.class, i.subclass, v.title, i.code limit $6",
        group,
        subgroup,
        kind,
        words.strip(),
        retired,
        MOST,
    )
    return [_item(row) for row in rows]


async def groups() -> list[tuple[str, list[tuple[str, int]]]]:
    """Each class with its sub-classes and how many items are offered there."""
    rows = await db.fetch(
        "select class, subclass, count(*) as many from bank_item where not retired group by 1, 2 order by 1, 2"
    )
    found: dict[str, list[tuple[str, int]]] = {}
    for row in rows:
        found.setdefault(row["class"], []).append((row["subclass"], row["many"]))
    return list(found.items())


async def versions(code: str) -> list[ItemVersion]:
    """All versions of an item, the newest first."""
    rows = await db.fetch(
        "select number, kind, body, note, saved_by, saved_at from bank_item_version where code = $1"
        " order by number desc",
        code,
    )
    return [
        ItemVersion(
            row["number"], _question(row["kind"], row["body"]), row["note"], row["saved_by"], row["saved_at"]
        )
        for row in rows
    ]


async def used_in(code: str) -> list[tuple[int, str]]:
    """The questionnaires whose draft has the item: id and title."""
    rows = await db.fetch(
        "select id, title from questionnaire"
        " where jsonb_path_exists(draft, '$.pages[*].items[*] ? (@.bank == $code)', jsonb_build_object('code', $1::text))"
        " order by id desc limit 50",
        code,
    )
    return [(row["id"], row["title"]) for row in rows]
