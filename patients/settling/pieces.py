"""Reports that are told in pieces: a report names the results that belong to it, and each result is told by itself.

Either may come first, and either may be told again. A result that belongs to a report is shown within it and has no
row of its own. The numbers of the pieces are kept (`report_part`), so that a piece that comes later finds its report.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace

from core import db
from patients import facts
from patients.facts import Told
from patients.folding import ReportState, fold_report
from patients.said import ReportSaid


async def gathered(numbers: Collection[str], known: Told) -> tuple[dict[str, ReportState], set[str]]:
    """The reports to be written, with the results of their pieces; and those that are pieces and get no row.

    Args:
        numbers: of reports that something was said of.
        known: everything said of them.
    """
    states = {number: fold_report(known.of(ReportSaid, number)) for number in numbers}
    dropped = await _keep(states) - set(states)
    if dropped:  # a result that its report names no more is a report of its own again
        left = await facts.of(("report", number) for number in dropped)
        states |= {
            number: fold_report(left.of(ReportSaid, number))
            for number in dropped
            if left.of(ReportSaid, number)
        }
    rows = await db.fetch(
        "select report, part from report_part where report = any($1::text[]) or part = any($1::text[])",
        list(states),
    )
    if not rows:
        return states, set()
    wholes = {row["report"] for row in rows}
    rows = await db.fetch("select report, part from report_part where report = any($1::text[])", list(wholes))
    pieces = {row["part"] for row in rows}
    more = await facts.of(("report", number) for number in (wholes | pieces) - set(states))
    for number in (wholes | pieces) - set(states):
        states[number] = fold_report(more.of(ReportSaid, number))
    found = {number: state for number, state in states.items() if number not in pieces}
    for whole in wholes & set(found):
        state = states[whole]
        items = [item for part in state.parts if part in states for item in states[part].items]
        found[whole] = replace(state, items=(*state.items, *items))
    return found, pieces


async def _keep(states: Mapping[str, ReportState]) -> set[str]:
    """Keep what each of these reports says belongs to it; what belonged to it and does no more."""
    told = {(number, part) for number, state in states.items() for part in state.parts if part != number}
    rows = await db.fetch("select report, part from report_part where report = any($1::text[])", list(states))
    there = {(row["report"], row["part"]) for row in rows}
    if told - there:
        await db.executemany("insert into report_part (report, part) values ($1, $2)", sorted(told - there))
    if there - told:
        await db.executemany("delete from report_part where report = $1 and part = $2", sorted(there - told))
    return {part for _, part in there - told}
