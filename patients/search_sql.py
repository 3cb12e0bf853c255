"""The statement behind a list of patients: which way to go first, and every condition of the filter. Decides no access.

Two ways only, so that the slowest is known. By set: what is rare (a phone, a number, a mark, an unusual word) is taken
from its own index first and sorted afterwards. By walk: what is common is met soon on the way down the list, which is
walked in its order until the page is full; within some units, down each of them at once. Which of them it is, is
decided by counts and by the planner's own statistics, see decision 0029.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import orjson

from core import crypto, db
from patients.search import DECEASED, List, PatientFilter

MOST_SET = 2_000  # patients or visits that are taken one by one; more of them are met soon on the way
MOST_NAMED = 100_000  # patients that a statement may name, to be looked up on the way
RARE = 4_000  # visits with such a word
COMMON = 100_000  # visits with a pair of signs; the planner's guess
FEW_DOCTORS = 5
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
WORDS = "visit_words(v.diagnosis, v.admission_diagnosis, v.discharge_diagnosis, v.conclusion, v.findings)"
NAMES = "(grams(p.name) || grams(p.initials) || string_to_array(lower(p.name), null))"
STANDING = "cleared_at is null and (until is null or until >= (now() at time zone 'Asia/Shanghai')::date)"


def key(kind: List) -> str:
    """The column by which a list is ordered."""
    return "v.end_on" if kind is List.LEFT else "v.start_on"


@dataclass(frozen=True, slots=True)
class After:
    """Where the page before ended: the day (or bed) and id of its last row."""

    at: date | str
    id: int


@dataclass
class Statement:
    """A statement that grows; values are numbered as they come."""

    parts: list[str] = field(default_factory=list)
    values: list[Any] = field(default_factory=list)

    def arg(self, value: Any) -> str:
        """The place of a value."""
        self.values.append(value)
        return f"${len(self.values)}"


@dataclass(frozen=True, slots=True)
class Sets:
    """What the rare conditions were found to mean; None where they do not narrow, or too little."""

    patients: frozenset[int] | None = None
    visits: frozenset[int] | None = None
    by_words: bool = False  # the words are rare enough to begin with
    doctors: tuple[str, ...] | None = None
    nurses: tuple[str, ...] | None = None
    wide_name: bool = False  # so many are called so that names are looked at on the way
    wide_flags: tuple[str, ...] = ()
    bearers: frozenset[int] | None = None  # of these marks, where they are many and yet can be counted

    @property
    def narrow(self) -> bool:
        """Whether the set is taken first."""
        few = self.doctors is not None and len(self.doctors) <= FEW_DOCTORS
        few_nurses = self.nurses is not None and len(self.nurses) <= FEW_DOCTORS
        return self.patients is not None or self.visits is not None or self.by_words or few or few_nurses


def pattern(text: str) -> str:
    r"""A LIKE pattern (escape character `\`) for what contains `text`, in small letters."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def sets(wanted: PatientFilter) -> Sets:
    """Look up what the rare conditions mean. Runs in the caller's guarded transaction."""
    patients: frozenset[int] | None = None
    bearers: frozenset[int] | None = None
    wide_name, wide_flags = False, []
    if wanted.phone:
        patients = await _by_hash([wanted.phone.upper()])
    if wanted.name:
        named = await _named(wanted.name)
        wide_name = named is None
        if named is not None:
            patients = named if patients is None else patients & named
    marks = [flag for flag in wanted.flag if flag != DECEASED]
    if marks and DECEASED not in wanted.flag:
        marked = await _marked(marks)
        if marked is None:
            wide_flags = marks
        elif len(marked) > MOST_SET:
            bearers = marked
        else:
            patients = marked if patients is None else patients & marked
    words = wanted.diagnosis or wanted.admission
    return Sets(
        patients=patients,
        visits=await _numbered(wanted.number) if wanted.number else None,
        by_words=bool(words) and await _rare(words),
        doctors=await _called("doctor", wanted.doctor) if wanted.doctor else None,
        nurses=await _called("nurse", wanted.nurse) if wanted.nurse else None,
        wide_name=wide_name,
        wide_flags=tuple(wide_flags),
        bearers=bearers,
    )


async def _by_hash(texts: Sequence[str]) -> frozenset[int]:
    """The persons with this phone or identity number, their own or a contact's."""
    rows = await db.fetch(
        "select distinct coalesce(merged_into, id) as id from patient where id in ("
        "(select id from patient where phone_hash = any($1::bytea[]))"
        " union (select id from patient where id_hash = any($1::bytea[]))"
        " union (select patient_id from patient_identifier where value_hash = any($1::bytea[]))"
        " union (select patient_id from patient_contact where phone_hash = any($1::bytea[])))",
        [crypto.search_hash(text) for text in texts],
    )
    return frozenset(row["id"] for row in rows)


async def _numbered(number: str) -> frozenset[int]:
    """The visits of this number, and those of the person whose number it is."""
    rows = await db.fetch(
        "select id from visit where number = $1 union select id from visit where patient_id in ("
        " select coalesce(merged_into, id) from patient where number = $1"
        " union select coalesce(p.merged_into, p.id) from patient_identifier i join patient p on p.id = i.patient_id"
        " where i.value_hash = $2) limit $3",
        number,
        crypto.search_hash(number.upper()),
        MOST_SET,
    )
    return frozenset(row["id"] for row in rows)


def name_condition(text: str, at: Statement, alias: str) -> str:
    """That a name, or the letters of it, contain the text."""
    like = at.arg(pattern(text))
    return f"(lower({alias}.name) like {like} or {alias}.initials like {like})"


async def _named(text: str) -> frozenset[int] | None:
    """Who is called so; None when they are too many."""
    at = Statement()
    low = text.lower()
    pairs = [low[start : start + 2] for start in range(len(low) - 1)] or [low]
    if len(low) == 1 and low.isascii() and low.isalpha():
        return None  # a letter begins a twentieth of all names
    condition = f"{NAMES} @> {at.arg([pair for pair in pairs if ' ' not in pair])}::text[]"
    rows = await db.fetch(
        f"select coalesce(p.merged_into, p.id) as id from patient p where {condition}"  # noqa: S608
        f" and {name_condition(text, at, 'p')} limit {MOST_SET + 1}",
        *at.values,
    )
    return None if len(rows) > MOST_SET else frozenset(row["id"] for row in rows)


async def _marked(flags: Sequence[str]) -> frozenset[int] | None:
    """Who bears one of these marks; None when they are too many even to be named in a statement."""
    rows = await db.fetch(
        f"select coalesce(p.merged_into, p.id) as id from patient_flag f join patient p on p.id = f.patient_id"  # noqa: S608
        f" where f.flag = any($1::text[]) and {STANDING} limit {MOST_NAMED + 1}",
        list(flags),
    )
    return None if len(rows) > MOST_NAMED else frozenset(row["id"] for row in rows)


async def _rare(text: str) -> bool:
    """Whether so few visits have these words that one begins with them.

    What the planner's statistics call common is met soon on the way, and counting it would cost more; of the rest they
    say little that is sure (pairs of one word are no independent events), so it is counted, up to a limit.
    """
    pairs = grams(text)
    if not pairs:
        return False
    for pair in pairs:
        plan = await db.fetchval(
            f"explain (format json) select 1 from visit v where grams({WORDS}) @> $1::text[]",  # noqa: S608
            [pair],
        )
        rows: float = orjson.loads(plan)[0]["Plan"]["Plan Rows"]
        if rows <= COMMON:
            break
    else:
        return False
    found: int = await db.fetchval(
        f"select count(*) from (select 1 from visit v where grams({WORDS}) @> $1::text[] limit {RARE + 1}) as some_of",  # noqa: S608
        pairs,
    )
    return found <= RARE


def grams(text: str) -> list[str]:
    """The pairs of signs of a text, as `grams` of the database makes them."""
    low = text.lower()
    return [low[at : at + 2] for at in range(len(low) - 1) if not any(map(str.isspace, low[at : at + 2]))]


async def _called(column: str, text: str) -> tuple[str, ...] | None:
    """The doctors or nurses of that very name, else those whose name contains it; None when they are too many to narrow.

    Their names are few beside the visits: the index is walked from name to name.
    """
    if await db.fetchval(f"select true from visit where {column} = $1 and {column} <> '' limit 1", text):  # noqa: S608
        return (text,)
    rows = await db.fetch(
        f"with recursive names as ((select {column} as name from visit where {column} <> '' order by {column} limit 1)"  # noqa: S608
        f" union all select (select v.{column} from visit v where v.{column} > n.name and v.{column} <> ''"
        f" order by v.{column} limit 1) from names n where n.name is not null)"
        " select name from names where name is not null and lower(name) like $1 limit 201",
        pattern(text),
    )
    return None if len(rows) > 200 else tuple(row["name"] for row in rows)


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
        parts.append(
            f"(v.bed = {at.arg(wanted.bed)} or v.bed = {at.arg(wanted.bed.removesuffix('床') + '床')})"
        )
    if wanted.triage:
        parts.append(f"v.triage = any({at.arg([int(one) for one in wanted.triage])}::smallint[])")
    if wanted.disposition:
        parts.append(f"v.disposition = any({at.arg(list(wanted.disposition))}::text[])")
    return [*parts, *_flags(wanted, found, at), *_results(wanted, at)]


def _texts(kind: List, wanted: PatientFilter, found: Sets, at: Statement) -> list[str]:
    parts = []
    if words := wanted.diagnosis or wanted.admission:
        if found.by_words:
            parts.append(f"grams({WORDS}) @> {at.arg(grams(words))}::text[]")
        columns = {
            List.INSIDE: "v.admission_diagnosis || ' ' || v.diagnosis",
            List.LEFT: "v.discharge_diagnosis",
        }
        if wanted.diagnosis:
            column = columns.get(kind, WORDS)
            if kind is List.LEFT:
                column = (
                    "case when v.discharge_diagnosis = '' then v.diagnosis else v.discharge_diagnosis end"
                )
            parts.append(f"lower({column}) like {at.arg(pattern(wanted.diagnosis))}")
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
    if wanted.flag and (DECEASED in wanted.flag or found.wide_flags):
        parts.append(_bears(wanted.flag, at))
    if wanted.free:
        parts.append(f"not {_bears(wanted.free, at)}")
    return parts


def _results(wanted: PatientFilter, at: Statement) -> list[str]:
    """Laboratory and examination results of the visit itself."""
    parts = []
    if wanted.result:
        parts.append(f"({' or '.join(RESULT_SQL[one] for one in wanted.result)})")
    if wanted.item or wanted.low is not None or wanted.high is not None:
        of = ["r.visit_id = v.id", "r.state <> 'cancelled'"]
        if wanted.item:
            of.append(f"lower(i.name) like {at.arg(pattern(wanted.item))}")
        if wanted.low is not None:
            of.append(f"i.amount >= {at.arg(wanted.low)}")
        if wanted.high is not None:
            of.append(f"i.amount <= {at.arg(wanted.high)}")
        parts.append(
            f"exists (select 1 from report r join report_item i on i.report_id = r.id where {' and '.join(of)})"  # noqa: S608
        )
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
