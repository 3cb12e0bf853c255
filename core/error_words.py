"""Errors in words that may be kept in a log or a column: what went wrong and where, never the row or value at fault.

PostgreSQL, asyncpg and pydantic quote what they refuse: a whole row of a case in DETAIL, a parameter, an input. None of
it is taken over; numbers of persons in what remains are masked. GB/T 35273-2020 6.3; OWASP ASVS 4.0 7.1.1, 7.4.1.
"""

import re
import traceback
from typing import Any

import asyncpg
from pydantic import ValidationError

from core.audit_masks import veil

_DEEPEST = 10  # causes of causes
_OWN = frozenset({"timestamp", "trace_id", "level", "process"})
# asyncpg of a parameter, PostgreSQL of a value it cannot read; what follows the quoted value says why.
_QUOTED = (
    (re.compile(r"(invalid input for query argument \$\d+: ).*?(\s\([^()]*(?:\([^()]*\))?[^()]*\))?\Z", re.DOTALL), r"\1…\2"),
    (re.compile(r"(invalid input (?:syntax|value) for [\w ]+: )\".*\"", re.DOTALL), r"\1…"),
    (re.compile(r"(value |date/time field value(?: out of range)?: )\".*?\"", re.DOTALL), r"\1…"),
    (re.compile(r"\n(?:DETAIL|CONTEXT|QUERY):.*?(?=\nHINT:|\Z)", re.DOTALL), ""),
    (re.compile(r"input_value=.*?, input_type=\w+", re.DOTALL), "input_value=…"),
)  # fmt: skip


def told(error: BaseException) -> str:
    """ "UniqueViolationError: duplicate key value violates unique constraint …"."""
    name = type(error).__name__
    if isinstance(error, ValidationError):
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['type']}" for fault in faults[:20])
        return f"{name}: {error.title}: {veil(said)}"
    if isinstance(error, asyncpg.PostgresError):
        return f"{name}: {without_values(str(error.args[0]) if error.args else '')}"
    return f"{name}: {without_values(str(error))}"


def without_values(text: str) -> str:
    """What an error says, without the values it quotes and with numbers of persons masked."""
    for found, instead in _QUOTED:
        text = found.sub(instead, text)
    return str(veil(text))


def traced(error: BaseException, depth: int = 0) -> str:
    """The places it went through and its words, its causes first, as Python shows them."""
    parts = []
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None and depth < _DEEPEST:
        parts.append(traced(cause, depth + 1))
    parts.append(
        "Traceback (most recent call last):\n"
        + "".join(traceback.format_tb(error.__traceback__))
        + told(error)
    )
    if isinstance(error, BaseExceptionGroup) and depth < _DEEPEST:
        parts += [traced(inner, depth + 1) for inner in error.exceptions]
    return "\n\n".join(parts)


def clean(event: dict[str, Any]) -> dict[str, Any]:
    """The facts of a log line as they may be written; a traceback is `traced`."""
    return {name: value if name in _OWN else _fact(value, name) for name, value in event.items()}


def _fact(value: Any, name: str) -> Any:
    if isinstance(value, BaseException):
        return told(value)
    if not isinstance(value, str) or name == "exception":
        return veil(value, name)
    return veil(without_values(value), name)
