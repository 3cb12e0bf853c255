"""What is wrong with a message of a feed, in words an operator can act on: where, what stood there, why it will not do."""

from dataclasses import dataclass

from patients.feeds.wanted import Wanted


@dataclass(frozen=True, slots=True)
class LostCode:
    """A value that no code table of a mapping file knows: where it stood, which table, the value."""

    place: str
    codes: str
    code: str


@dataclass(frozen=True, slots=True)
class ReadFault(Exception):
    """A message that cannot be taken as it is. `at` is segment and field ("PV1-3.1"), `value` what stood there; of a
    department that nobody knows `lost` is its name and campus, of a patient nobody has told of `wanted` their identifier,
    of a value that no code table knows `codes` is the table."""

    at: str
    reason: str
    value: str = ""
    lost: tuple[str, str] | None = None
    wanted: Wanted | None = None
    codes: str = ""

    @property
    def lost_code(self) -> LostCode | None:
        """The value that no code table knows, when that is what is wrong."""
        return LostCode(self.at, self.codes, self.value) if self.codes else None

    def __str__(self) -> str:
        shown = f"“{self.value[:40]}”" if self.value else ""
        return f"{self.at}：{shown}{self.reason}"
