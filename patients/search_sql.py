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
    bearing,
    beds,
    begins,
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


def walks(wanted: PatientFilter, found: Sets) -> bool:
    """Whether a page is found on the way down the list."""
    return not found.narrow and wanted.sort != "bed"


def key(kind: List) -> str:
    """The column by which a list is ordered."""
    return "v.end_on" if kind is List.LEFT else "v.start_on"


@dataclass(frozen=True, slots=True)
class After:
    """Where the page before ended: the day (or bed) and id of its last row."""

    at: date | str
    id: int


def fixed(kind: List, wanted: PatientFilter, at: Statement) -> list[str]:
    """What the order of a list itself can answer: its kind and its days."""
    parts = [BASE[kind]]
    if wanted.since:
        parts.append(f"{key(kind)} >= {at.arg(wanted.since)}")
    if wanted.until:
        parts.append(f"{key(kind)} <= {at.arg(wanted.until)}")
    return parts


def conditions(kind: List, wanted: PatientFilter, found: Sets, at: Statement) -> list[str]:
    """Every other condition but the units, the order and the page before."""
    parts = ["v.state <> 'cancelled'"]
    if found.patients is not None:
        parts.append(f"v.patient_id = any({at.arg(list(found.patients))}::bigint[])")
    if found.visits is not None:
        parts.append(f"v.id = any({at.arg(list(found.visits))}::bigint[])")
    if found.wide_name:
        parts.append(_of_the_patient(name_condition(wanted.name, at, "p")))
    parts += _texts(kind, wanted, found, at)
    if wanted.ward is not None:
        parts.append(f"v.ward_id = {at.arg(wanted.ward)}")
    if wanted.bed:
        parts.append(f"v.bed <> '' and v.bed = any({at.arg(beds(wanted.bed))}::text[])")
    if wanted.triage:
        parts.append(f"v.triage = any({at.arg([int(one) for one in wanted.triage])}::smallint[])")
    if wanted.disposition:
        parts.append(f"v.disposition = any({at.arg(list(wanted.disposition))}::text[])")
    return [*parts, *_flags(wanted, found, at)]


def _texts(kind: List, wanted: PatientFilter, found: Sets, at: Statement) -> list[str]:
    parts = [f"grams({WORDS}) @> {at.arg(grams(words))}::text[]" for words in found.rare_words]
    if wanted.diagnosis:
        columns = {
            List.INSIDE: "v.admission_diagnosis || ' ' || v.diagnosis",
            List.LEFT: "case when v.discharge_diagnosis = '' then v.diagnosis else v.discharge_diagnosis end",
        }
        parts.append(f"lower({columns.get(kind, WORDS)}) like {at.arg(pattern(wanted.diagnosis))}")
    if wanted.code:
        like = at.arg(begins(wanted.code))
        coded = f"select 1 from visit_diagnosis d where d.visit_id = v.id and d.code like {like}"  # noqa: S608
        parts.append(f"exists ({coded})")
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


def _of_the_patient(condition: str) -> str:
    """What is asked of each patient on the way; as a join the planner would begin with all two million of them."""
    return f"(select {condition} from patient p where p.id = v.patient_id)"  # noqa: S608


def _bears(flags: Sequence[str], at: Statement) -> str:
    """That a person (any record of theirs) bears one of these marks."""
    ways = []
    if DECEASED in flags:
        ways.append(_of_the_patient("p.deceased"))
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
    if found.bearers:
        parts.append(f"v.patient_id in ({bearing(found.bearers, at)})")
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
    by_set: bool = False,
) -> tuple[str, list[Any]]:
    """The statement that gives (id, at) of the next `limit` rows in their order (all, in no order, for None).

    `by_set`: whatever was found to be rare, all that meet the conditions are taken first and sorted afterwards.
    """
    at = Statement()
    column, up = ("v.bed", True) if wanted.sort == "bed" else (key(kind), wanted.sort == "old")
    parts = fixed(kind, wanted, at)
    parts += _results(wanted, found, at)  # where few visits have one, the planner begins there
    looked_at = conditions(kind, wanted, found, at)
    if after is not None:
        parts.append(f"({column}, v.id) {'>' if up else '<'} ({at.arg(after.at)}, {at.arg(after.id)})")
    way = "asc" if up else "desc"
    tail = "" if limit is None else f" order by at {way}, id {way} limit {limit:d}"
    first = by_set or not walks(wanted, found)
    at_once = first or limit is None or len(units or ()) > MOST_UNITS
    if units is not None and at_once:
        mark = at.arg(list(units))
        parts.append(f"(v.unit_id = any({mark}::bigint[]) or v.ward_id = any({mark}::bigint[]))")
    if first:
        hit = f"select v.id, {column} as at from visit v where {' and '.join(parts + looked_at)}"  # noqa: S608
        return f"with hit as materialized ({hit}) select id, at from hit{tail}", at.values  # noqa: S608
    if limit is None:
        where = " and ".join(parts + looked_at)
        return f"select v.id, {column} as at from visit v where {where}", at.values  # noqa: S608
    # On the way down a list nothing else may be the way in: within "case" the planner can neither use a condition nor
    # guess that so few meet it that they had better be sorted.
    where = " and ".join([*parts, f"case when {' and '.join(looked_at)} then true end"])
    order = f"order by {column} {way}, v.id {way} limit {limit:d}"
    if units is None or at_once:
        return f"select v.id, {column} as at from visit v where {where} {order}", at.values  # noqa: S608
    mark = at.arg(list(units))
    ways = [
        f"select w.id, w.at from unnest({mark}::bigint[]) as u(id), lateral (select v.id, {column} as at from visit v"  # noqa: S608
        f" where v.{place} = u.id and {where} {order}) w"
        for place in (("unit_id", "ward_id") if kind in (List.INSIDE, List.LEFT) else ("unit_id",))
    ]
    return f"select id, at from ({' union '.join(ways)}) as walked{tail}", at.values  # noqa: S608
