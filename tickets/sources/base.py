"""What a source of cases is; holds no source itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Source:
    """A way in which cases arrive.

    `name` is kept in the case; `label` is on the screen; `reports_back` tells whether the result, a return
    and an extension go back to whoever sent it.
    """

    name: str
    label: str
    reports_back: bool
    appeal_types: tuple[str, ...]
