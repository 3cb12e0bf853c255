"""What a panel of the case page is; draws none itself."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.actor import Actor
from tickets.queries.case_views import Seen


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page: `load` gives what `template` draws, or None when there is nothing to show.

    The template may use what `load` gives (as `panel`), `case`, and the words of every page. It is drawn again
    whenever something about the case changed (each verb writes history). Who sees of a secret case no more than a
    ticket is shown no panel, but one that is `veiled_too`.
    """

    name: str
    template: str
    load: Callable[[Seen, Actor], Awaitable[Mapping[str, Any] | None]]
    veiled_too: bool = False
