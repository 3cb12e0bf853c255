"""Dictionaries: lists of words that people choose from in forms, declared in code, kept by the hospital in a table.

A record keeps the word itself, as it was chosen. So a word that was used is never renamed or deleted, only retired, and
what stood in a case of 2026 still stands there in 2036. Words by which code decides are fixed and cannot be retired.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from core import db
from core.errors import Fault, Invalid

KEY = "x-dictionary"  # in a field's json_schema_extra: its words come from the dictionary of this name


@dataclass(frozen=True, slots=True)
class Use:
    """Where a dictionary's words stand: a column of text, or of text[]."""

    table: str
    column: str
    many: bool = False


@dataclass(frozen=True, slots=True)
class Dictionary:
    """One dictionary. `shipped` are the words a new hospital begins with, `fixed` those by which code decides."""

    name: str
    label: str
    what: str
    shipped: tuple[str, ...]
    group: str
    uses: tuple[Use, ...] = ()
    fixed: frozenset[str] = frozenset()
    longest: int = 20


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a dictionary; `code` is what outside systems call it, "" when they do not."""

    id: int
    dictionary: str
    label: str
    code: str
    place: int
    retired_at: datetime | None
    changed_by: str
    changed_at: datetime


REGISTER: dict[str, Dictionary] = {}
_known: dict[
    str, tuple[str, ...]
] = {}  # as last read, for those who cannot wait; only ever offered, never judged by


def declare(dictionary: Dictionary) -> Dictionary:
    """Add a dictionary to the register.

    Raises:
        ValueError: it is declared twice, or a fixed word is not among those shipped.
    """
    if dictionary.name in REGISTER:
        raise ValueError(f"dictionary {dictionary.name} is declared twice")
    if not dictionary.fixed <= set(dictionary.shipped):
        raise ValueError(f"dictionary {dictionary.name} has a fixed word that is not shipped")
    REGISTER[dictionary.name] = dictionary
    return dictionary


async def open_dictionaries() -> None:
    """Write the shipped words of dictionaries that have none yet, and fixed words that are missing; at start."""
    begun = {row["dictionary"] for row in await db.fetch("select distinct dictionary from dictionary_word")}
    rows = [
        (one.name, word, place)
        for one in REGISTER.values()
        for place, word in enumerate(one.shipped, start=1)
        if one.name not in begun or word in one.fixed
    ]
    await db.executemany(
        "insert into dictionary_word (dictionary, label, place, changed_by) values ($1, $2, $3, '系统预置')"
        " on conflict do nothing",
        rows,
    )


async def words(name: str, *, all_of_them: bool = False) -> list[Word]:
    """The words in their order; retired ones too, when asked."""
    rows = await db.fetch(
        "select * from dictionary_word where dictionary = $1 and ($2 or retired_at is null) order by place, id",
        name,
        all_of_them,
    )
    found = [Word(**dict(row)) for row in rows]
    if not found and not await db.fetchval(
        "select exists (select 1 from dictionary_word where dictionary = $1)", name
    ):
        await open_dictionaries()
        return await words(name, all_of_them=all_of_them) if REGISTER[name].shipped else []
    _known[name] = tuple(word.label for word in found if word.retired_at is None)
    return found


async def labels(name: str) -> list[str]:
    """The words that may be chosen."""
    return [word.label for word in await words(name)]


def known(name: str) -> tuple[str, ...]:
    """The words as this process last read them, for whoever only offers them; `check` decides."""
    return _known.get(name) or REGISTER[name].shipped


async def options(name: str) -> list[tuple[str, str]]:
    """The words as a control takes them: (value, label)."""
    return [(label, label) for label in await labels(name)]


def of_form(form: type[BaseModel]) -> dict[str, str]:
    """Field → dictionary, of the fields whose words come from one."""
    return {
        name: str(field.json_schema_extra[KEY])
        for name, field in form.model_fields.items()
        if isinstance(field.json_schema_extra, dict) and KEY in field.json_schema_extra
    }


async def options_of(form: type[BaseModel]) -> dict[str, list[tuple[str, str]]]:
    """Field → what may be chosen, of the fields whose words come from a dictionary."""
    return {field: await options(name) for field, name in of_form(form).items()}


async def check(name: str, chosen: Iterable[str], field: str, label: str = "") -> None:
    """Only words that may be chosen now; "" is nothing chosen.

    Raises:
        Invalid: one is not in the dictionary, or is retired.
    """
    wanted = [word for word in chosen if word]
    if not wanted:
        return
    may = await labels(name)
    for word in wanted:
        if word not in may:
            shown = "、".join(may[:12]) + ("……" if len(may) > 12 else "")
            reason = f"没有“{word}”，可选：{shown}" if may else f"没有“{word}”，这个字典还没有词条"
            title = label or REGISTER[name].label
            raise Invalid(
                f"{title}：{reason}", details=[Fault(field=field, label=title, reason=reason, value=word)]
            )


async def check_form(form: BaseModel, kept: Mapping[str, Any] | None = None) -> None:
    """Check all fields of a form whose words come from dictionaries; `kept` are values that stood there before and may stay.

    Raises:
        Invalid: as for `check`.
    """
    for field, name in of_form(type(form)).items():
        value = getattr(form, field)
        chosen = [value] if isinstance(value, str) else list(value or ())
        old = (kept or {}).get(field, ())
        stays = {old} if isinstance(old, str) else set(old)
        title = type(form).model_fields[field].title or ""
        await check(name, [word for word in chosen if word not in stays], field, title)
