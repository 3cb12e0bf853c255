"""What a check found, and which of it was judged by a person already, with the reason. Runs no check itself.

`judged.toml` holds the judgements; one that fits nothing any more is a finding itself, so that the list stays true.
"""

import fnmatch
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
FOLDER: Final = ROOT / ".data" / "audit"
JUDGED: Final = Path(__file__).resolve().parent / "judged.toml"


class Severity(StrEnum):
    """How bad."""

    HIGH = "高"
    MEDIUM = "中"
    LOW = "低"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing; `place` is a file and line, or an address. `judged` is why it is all right, "" when it is not."""

    rule: str
    severity: Severity
    place: str
    text: str
    judged: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one check came to. `unchecked` says what it could not look at; `looked_at` how much it did; `table` what
    was looked at one by one, the words of its columns first.
    """

    name: str
    tool: str
    looked_at: str
    findings: tuple[Finding, ...] = ()
    unchecked: str = ""
    table: tuple[tuple[str, ...], ...] = ()

    @property
    def open(self) -> list[Finding]:
        """Those nobody judged."""
        return [one for one in self.findings if not one.judged]


@dataclass(slots=True)
class Judgements:
    """The judgements, and which of them fitted something."""

    entries: list[dict[str, str]] = field(
        default_factory=lambda: tomllib.loads(JUDGED.read_text(encoding="utf-8"))["judged"]
    )
    used: set[int] = field(default_factory=set)

    def of(self, check: str, found: Sequence[Finding]) -> tuple[Finding, ...]:
        """The findings with the judgements that fit them."""
        return tuple(self._one(check, finding) for finding in found)

    def _one(self, check: str, finding: Finding) -> Finding:
        for at, entry in enumerate(self.entries):
            fits = entry["check"] == check and finding.rule in entry["rules"].split()
            path = finding.place.rsplit(":", 1)[0]
            if fits and any(fnmatch.fnmatch(path, shape) for shape in entry["paths"].split()):
                self.used.add(at)
                return replace(finding, judged=entry["reason"])
        return finding

    def stale(self, checks: set[str]) -> tuple[Finding, ...]:
        """Judgements about checks that ran which fit nothing any more."""
        return tuple(
            Finding(
                "stale",
                Severity.LOW,
                f"devtools/audit/judged.toml:{at + 1}",
                f"{entry['rules']} {entry['paths']}",
            )
            for at, entry in enumerate(self.entries)
            if at not in self.used and entry["check"] in checks
        )
