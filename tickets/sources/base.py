"""What a source of cases is; holds no source itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tickets.states import CASE_TABLE, Step


@dataclass(frozen=True, slots=True)
class Source:
    """A way in which cases arrive.

    `name` is kept in the case; `label` is on the screen; `reports_back` tells whether the result, a return
    and an extension go back to whoever sent it; `clocks` are the kinds of limits it knows, in the order in which
    they are shown; `table` is the life of its cases; `person` is what whoever raised the matter is called;
    `untimed` are the appeal types that have no limit (praise).
    """

    name: str
    label: str
    reports_back: bool
    appeal_types: tuple[str, ...]
    clocks: tuple[str, ...] = ("upstream", "hospital", "department")
    table: Mapping[tuple[StrEnum, StrEnum], Step] = field(default_factory=lambda: CASE_TABLE)
    person: str = "来电人"
    untimed: frozenset[str] = frozenset()
