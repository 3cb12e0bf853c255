"""What a report said before it was corrected: each state it was in, as its sender told it, the newest first. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from patients import facts
from patients.folding import fold_report
from patients.said import ReportSaid, ReportState

MOST = 20


@dataclass(frozen=True, slots=True)
class Version:
    """A report as it was told until the next word: results as (name, value, unit, range), "" for what was not said."""

    at: datetime
    link: str
    state: str
    conclusion: str
    items: tuple[tuple[str, str, str, str], ...]


async def earlier(number: str) -> list[Version]:
    """The states before the present one; a word that changed nothing makes none. The caller has asked who may read it."""
    told = sorted(await facts.with_links(ReportSaid, number), key=lambda pair: pair[1].order)
    found: list[Version] = []
    for at in range(len(told)):
        link, fact = told[at]
        state = fold_report([one for _, one in told[: at + 1]])
        made = Version(
            fact.at,
            link,
            str(state.fields.get("state") or ReportState.PRELIMINARY),
            str(state.fields.get("conclusion") or ""),
            tuple((one.name, one.value, one.unit, one.range) for one in state.items),
        )
        same = found and (found[-1].state, found[-1].conclusion, found[-1].items) == (
            made.state,
            made.conclusion,
            made.items,
        )
        if not same:
            found.append(made)
    return found[:-1][::-1][:MOST]
