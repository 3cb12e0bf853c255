"""What a list is asked for: a value read from the query of an address, and written back to it. Asks no database.

A part that makes no sense is left out and told in a sentence; the rest still counts. Each list declares its own parts.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import BaseModel, ConfigDict, ValidationError

from core.actions import reason
from core.errors import Fault

SHOWN = 100  # characters of a faulty value that are shown


class ListFilter(BaseModel):
    """Base of the filters: unchangeable, no unknown parts, texts without spaces around them."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    def pairs(self) -> list[tuple[str, str]]:
        """The parts that are given, as names and texts of an address, in a fixed order."""
        given = self.model_dump(mode="json", exclude_defaults=True)
        return [
            (name, "1" if value is True else str(value))
            for name, values in given.items()
            for value in (values if isinstance(values, list) else [values])
        ]

    def query(self) -> str:
        """The query of the address, without "?"."""
        return urlencode(self.pairs())

    def kept_without(self, name: str, value: str | None = None) -> list[tuple[str, str]]:
        """The pairs without one part, or without one of the values of a part."""
        return [
            (key, text) for key, text in self.pairs() if key != name or (value is not None and text != value)
        ]


Filter = TypeVar("Filter", bound=ListFilter)


def given(pairs: Iterable[tuple[str, str]], names: Collection[str], many: Collection[str]) -> dict[str, Any]:
    """What an address gives to parts of these names; of those that take several values a list, each once."""
    found: dict[str, Any] = {}
    for name, text in pairs:
        if name not in names or not text.strip():
            continue
        if name in many:
            chosen = found.setdefault(name, [])
            if text not in chosen:
                chosen.append(text)
        else:
            found[name] = text
    return found


def checked(
    model: type[Filter],
    asked: dict[str, Any],
    label: Callable[[str], str],
    said: Mapping[str, str] | None = None,
) -> tuple[Filter, list[Fault]]:
    """The filter, and what was left out of it.

    Args:
        model: which filter.
        asked: as `given` gives it; what is faulty is taken out of it.
        label: what a part is called on the screen.
        said: the sentence for a part, whatever was wrong with it.
    """
    faults: list[Fault] = []
    for _ in range(len(model.model_fields) + 1):
        try:
            return model.model_validate(asked), faults
        except ValidationError as error:
            faults += _leave_out(asked, error, label, said or {})
    return model(), faults


def _leave_out(
    asked: dict[str, Any], error: ValidationError, label: Callable[[str], str], said: Mapping[str, str]
) -> list[Fault]:
    """Take the faulty parts out of what was asked."""
    faults: dict[str, Fault] = {}
    for entry in error.errors():
        if not entry["loc"]:  # the two days together
            name = "since"
            asked.pop("until", None)
        else:
            name = str(entry["loc"][0])
        if name in faults:
            continue
        value = asked.pop(name, "")
        words = said.get(name) or reason(entry["type"], entry.get("ctx", {}), entry["msg"])
        shown = "、".join(map(str, value)) if isinstance(value, list) else str(value)
        faults[name] = Fault(field=name, label=label(name), reason=words, value=shown[:SHOWN])
    return list(faults.values())


def title(model: type[ListFilter], name: str) -> str:
    """What a filter calls a part."""
    return model.model_fields[name].title or name
