"""What a home module is and the shapes it may give: figures, lines, doors. Each shape has one template."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from core.actor import Actor, Permission

Tone = Literal["plain", "good", "soon", "late", "todo"]
Size = Literal["one", "two", "full"]
SIZES: dict[Size, str] = {"one": "一格", "two": "两格", "full": "整行"}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its name; `path` (without the prefix) leads to the very rows behind it.

    `note` is a change since before, with its tone.
    """

    label: str
    value: int | str
    path: str = ""
    tone: Tone = "plain"
    note: str = ""
    change: Tone = "plain"


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
    """A home module: offered to whoever holds any of `permissions` (everybody when none is named)
    and to whom it `fits`. `size` is how much of a row it takes unless the person says otherwise.

    `load` is asked for each person by itself, after the page has come, so a slow one delays no other.
    """

    name: str
    title: str
    icon: str
    load: Callable[[Actor], Awaitable[Content]]
    permissions: tuple[Permission, ...] = ()
    size: Size = "one"
    fits: Callable[[Actor], Awaitable[bool]] | None = None

    async def offered(self, actor: Actor) -> bool:
        """Whether this person may have it, and it has something to say to them."""
        if self.permissions and not any(map(actor.can, self.permissions)):
            return False
        return self.fits is None or await self.fits(actor)
