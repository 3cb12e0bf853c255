"""The statement behind a list of patients: which way to go first, and every condition of the filter. Decides no access.

Two ways only, so that the slowest is known. By set: what is rare (a phone, a number, a mark, an unusual word) is taken
from its own index first and sorted afterwards. By walk: what is common is met soon on the way down the list, which is
walked in its order until the page is full; within some units, down each of them at once. Which of them it is was looked
up before (`search_rare`), see decision 0029.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from patients.search import DECEASED, List, PatientFilter
from patients.search_rare import (
    STANDING,
    WORDS,
    Sets,
    Statement,
    beds,
    between,
    grams,
    name_condition,
    pattern,
)

MOST_UNITS = 400

BASE = {
    List.OUTPATIENT: "v.kind = 'outpatient'",
    List.EMERGENCY: "v.kind = 'emergency'",
    List.INSIDE: "v.kind = 'inpatient' and v.state = 'open'",
    List.LEFT: "v.kind = 'inpatient' and v.state = 'closed' and v.end_on is not null",
    List.EXAM: "v.kind = 'exam'",
}
RESULT_SQL = {
    "abnormal": "exists (select 1 from report r where r.visit_id = v.id and r.abnormal and r.state <> 'cancelled')",
    "critical": "exists (select 1 from report r where r.visit_id = v.id and r.critical and r.state <> 'cancelled')",
    "A": "v.severity = 'A'",
    "B": "v.severity = 'B'",
}


def key(kind: List) -> str:
    """The column by which a list is ordered."""
    return "v.end_on" if kind is List.LEFT else "v.start_on"


@dataclass(frozen=True, slots=True)
class After:
    """Where the page before ended: the day (or bed) and id of its last row."""

    at: date | str
    id: int


def conditions(kind: List, wanted: PatientFilter, found: Sets, at: Statement) -> list[str]:
    """Every condition but the units, the order and the page before."""
    parts = [BASE[kind], "v.state <> 'cancelled'"]
    if found.patients is not None:
        parts.append(f"v.patient_id = any({at.arg(list(found.patients))}::bigint[])")
    if found.visits is not None:
        parts.append(f"v.id = any({at.arg(list(found.visits))}::bigint[])")
    if found.wide_name:
        parts.append(name_condition(wanted.name, at, "p"))
    parts += _texts(kind, wanted, found, at)
    if wanted.since:
        parts.append(f"{key(kind)} >= {at.arg(wanted.since)}")
    if wanted.until:
        parts.append(f"{key(kind)} <= {at.arg(wanted.until)}")
    if wanted.ward is not None:
        parts.append(f"v.ward_id = {at.arg(wanted.ward)}")
    if wanted.bed:
        parts.append(f"v.bed <> '' and v.bed = any({at.arg(beds(wanted.bed))}::text[])")
    if wanted.triage:
        parts.append(f"v.triage = any({at.arg([int(one) for one in wanted.triage])}::smallint[])")
    if wanted.disposition:
        parts.append(f"v.disposition = any({at.arg(list(wanted.disposition))}::text[])")
    return [*parts, *_flags(wanted, found, at), *_results(wanted, found, at)]


def _texts(kind: List, wanted: PatientFilter, found: Sets, at: Statement) -> list[str]:
    parts = [f"grams({WORDS}) @> {at.arg(grams(words))}::text[]" for words in found.rare_words]
    if wanted.diagnosis:
        columns = {
            List.INSIDE: "v.admission_diagnosis || ' ' || v.diagnosis",
            List.LEFT: "case when v.discharge_diagnosis = '' then v.diagnosis else v.discharge_diagnosis end",
        }
        parts.append(f"lower({columns.get(kind, WORDS)}) like {at.arg(pattern(wanted.diagnosis))}")
    if wanted.admission:
        parts.append(f"lower(v.admission_diagnosis) like {at.arg(pattern(wanted.admission))}")
    for column, text, names in (
        ("doctor", wanted.doctor, found.doctors),
        ("nurse", wanted.nurse, found.nurses),
    ):
        if names is not None:
            parts.append(f"v.{column} = any({at.arg(list(names))}::text[]) and v.{column} <> ''")
        elif text:
            parts.append(f"lower(v.{column}) like {at.arg(pattern(text))}")
    if wanted.employer:
        if found.few:
            parts.append(
                f"v.employer <> '' and grams(v.employer) @> {at.arg(grams(wanted.employer))}::text[]"
            )
        parts.append(f"lower(v.employer) like {at.arg(pattern(wanted.employer))}")
    return parts


def _bears(flags: Sequence[str], at: Statement) -> str:
    """That a person (any record of theirs) bears one of these marks."""
    ways = []
    if DECEASED in flags:
        ways.append("p.deceased")
    marks = [flag for flag in flags if flag != DECEASED]
    if marks:
        ways.append(
            "exists (select 1 from patient_flag f where f.patient_id in"  # noqa: S608
            " (select v.patient_id union all select m.id from patient m where m.merged_into = v.patient_id)"
            f" and f.flag = any({at.arg(marks)}::text[]) and {STANDING})"
        )
    return f"({' or '.join(ways)})"


def _flags(wanted: PatientFilter, found: Sets, at: Statement) -> list[str]:
    parts = []
    if found.bearers is not None:  # "+ 0": looked up in a table of hashes, row by row, and never the way in
        parts.append(f"(v.patient_id + 0) = any({at.arg(list(found.bearers))}::bigint[])")
    if found.wide_flags:
        parts.append(_bears(found.wide_flags, at))
    if wanted.free:
        parts.append(f"not {_bears(wanted.free, at)}")
    return parts


def _results(wanted: PatientFilter, found: Sets, at: Statement) -> list[str]:
    """Laboratory and examination results of the visit itself."""
    parts = []
    if wanted.result:
        parts.append(f"({' or '.join(RESULT_SQL[one] for one in wanted.result)})")
    if wanted.item:
        called = (
            f"lower(i.name) like {at.arg(pattern(wanted.item))}"
            if found.items is None
            else f"i.name = any({at.arg(list(found.items))}::text[])"
        )
        of = ["i.exam_visit = v.id", called, *between(wanted, at, "i.")]
        parts.append(f"exists (select 1 from report_item i where {' and '.join(of)})")  # noqa: S608
    return parts


def statement(
    kind: List,
    wanted: PatientFilter,
    found: Sets,
    units: Sequence[int] | None,
    *,
    after: After | None,
    limit: int | None,
) -> tuple[str, list[Any]]:
    """The statement that gives (id, at) of the next `limit` rows in their order (all, in no order, for None)."""
    at = Statement()
    column, up = ("v.bed", True) if wanted.sort == "bed" else (key(kind), wanted.sort == "old")
    parts = conditions(kind, wanted, found, at)
    if after is not None:
        parts.append(f"({column}, v.id) {'>' if up else '<'} ({at.arg(after.at)}, {at.arg(after.id)})")
    needs = any("p." in part for part in parts)
    source = "from visit v" + (" join patient p on p.id = v.patient_id" if needs else "")
    way = "asc" if up else "desc"
    tail = "" if limit is None else f" order by at {way}, id {way} limit {limit:d}"
    by_set = found.narrow or wanted.sort == "bed" or limit is None or len(units or ()) > MOST_UNITS
    if units is not None and by_set:
        mark = at.arg(list(units))
        parts.append(f"(v.unit_id = any({mark}::bigint[]) or v.ward_id = any({mark}::bigint[]))")
    where = " and ".join(parts)
    if found.narrow or wanted.sort == "bed":
        hit = f"select v.id, {column} as at {source} where {where}"
        return f"with hit as materialized ({hit}) select id, at from hit{tail}", at.values  # noqa: S608
    if units is None or by_set:
        order = "" if limit is None else f" order by {column} {way}, v.id {way} limit {limit:d}"
        return f"select v.id, {column} as at {source} where {where}{order}", at.values
    mark = at.arg(list(units))
    walks = [
        f"select w.id, w.at from unnest({mark}::bigint[]) as u(id), lateral (select v.id, {column} as at {source}"  # noqa: S608
        f" where v.{place} = u.id and {where} order by {column} {way}, v.id {way} limit {limit:d}) w"
        for place in (("unit_id", "ward_id") if kind in (List.INSIDE, List.LEFT) else ("unit_id",))
    ]
    return f"select id, at from ({' union '.join(walks)}) as walked{tail}", at.values  # noqa: S608
