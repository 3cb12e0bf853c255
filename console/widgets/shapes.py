"""What a home module is and the shapes it may give: figures, lines, doors. Each shape has one template."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from core.actor import Actor, Permission

Tone = Literal["plain", "good", "soon", "late"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name; `path` (without the prefix) leads to the very rows behind it."""

    label: str
    value: int | str
    path: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers side by side, and a sentence below them."""

    items: tuple[Figure, ...]
    note: str = ""
    template: str = "console/widgets/figures.html"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a short list."""

    title: str
    note: str = ""
    path: str = ""
    mark: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Lines:
    """A short list; `empty` is what is said when there is nothing, `more` leads to the whole list."""

    items: tuple[Line, ...]
    empty: str
    more: str = ""
    template: str = "console/widgets/lines.html"


@dataclass(frozen=True, slots=True)
class Way:
    """A button that leads somewhere."""

    label: str
    icon: str
    path: str


@dataclass(frozen=True, slots=True)
class Doors:
    """Buttons to where this person goes most."""

    items: tuple[Way, ...]
    template: str = "console/widgets/doors.html"


Content = Figures | Lines | Doors


@dataclass(frozen=True, slots=True)
class Widget:
    """A home module: offered to whoever holds any of `permissions` (everybody when none is named).

    `load` is asked for each person by itself, after the page has come, so a slow one delays no other.
    """

    name: str
    title: str
    icon: str
    load: Callable[[Actor], Awaitable[Content]]
    permissions: tuple[Permission, ...] = ()
    wide: bool = False

    def offered(self, actor: Actor) -> bool:
        """Whether this person may have it."""
        return not self.permissions or any(map(actor.can, self.permissions))
