"""A patient whom a message names by an identifier of theirs and not by the number their system gave them."""

from dataclasses import dataclass

from patients.said import IdentifierKind


@dataclass(frozen=True, slots=True)
class Wanted:
    """An identifier to be found; `at` where it stands in the message, `kind` when the message says of what sort it is."""

    at: str
    value: str
    kind: IdentifierKind | None = None
