"""The only Jinja environment that templates from outside are read with.

Nothing can be called, no attribute of a Python object can be reached, no text is left unescaped, and no
name is silently empty. What is allowed in the grammar is listed in `grammar.py`; this is the second wall.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any, Final

from docxtpl import InlineImage
from jinja2 import StrictUndefined, Undefined
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tickets.word.values import CHINA
from tickets.word.variables import shown

LOOP_WORDS: Final = frozenset({"index", "index0", "first", "last", "length"})
TESTS: Final = ("defined", "undefined", "none")
# What XML cannot carry, and \a and \f, which docxtpl would take for paragraph and page breaks.
_CONTROL = re.compile("[\x00-\x08\x0b-\x0d\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def _day(value: object) -> str:
    """{{ x|day }}: only the date of a moment."""
    if isinstance(value, datetime):
        return shown((value.astimezone(CHINA) if value.tzinfo else value).date())
    return shown(value)


def _clock(value: object) -> str:
    """{{ x|clock }}: only the hour and minute of a moment."""
    if isinstance(value, datetime):
        return f"{value.astimezone(CHINA) if value.tzinfo else value:%H:%M}"
    return ""


def _otherwise(value: object, text: str = "") -> object:
    """{{ x|default("无") }}: another text where there is nothing."""
    empty = isinstance(value, Undefined) or value is None or value == ""
    return text if empty else value


def _count(value: object) -> int:
    """{{ tickets|length }}: how many."""
    return len(value) if isinstance(value, list | str) else 0


FILTERS: Final[dict[str, Callable[..., object]]] = {
    "day": _day,
    "clock": _clock,
    "default": _otherwise,
    "length": _count,
}


class ClosedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox in which values are looked up by name and nothing else happens."""

    def __init__(self) -> None:
        super().__init__(autoescape=True, undefined=StrictUndefined, finalize=_printed)
        self.globals.clear()
        self.filters = dict(FILTERS)
        self.tests = {name: self.tests[name] for name in TESTS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Members of the context's tables and the counters of a loop; no attribute of anything else."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, LoopContext) and attribute in LOOP_WORDS:
            return getattr(obj, attribute)
        raise SecurityError(f"attribute {attribute!r} is not open to templates")

    def getitem(self, obj: Any, argument: Any) -> Any:
        """The same by brackets."""
        return self.getattr(obj, str(argument))

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002 - the sandbox's own signature
        """Nothing may be called."""
        return False


def _printed(value: object) -> object:
    if isinstance(value, InlineImage | Undefined):
        return value
    if isinstance(value, Mapping | list):
        raise SecurityError("a whole table cannot be printed")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and hasattr(value, "__html__"):
        return value  # the template's own text, which Jinja passes through here as well
    return clean(shown(value) if isinstance(value, date | bool) or value is None else str(value))


def clean(text: str) -> str:
    """Text that a Word file can hold, line breaks kept."""
    return _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
