"""What is looked up before a list is searched: who and which visits the rare conditions mean, and which are rare at all.

Rarity is counted up to a limit; what the planner's statistics call common is met soon on the way and not counted. Decides
no access; runs in the guarded transaction of the list. See decisions 0029 and 0038.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from core import crypto, db
from patients.search import DECEASED, List, PatientFilter

MOST_SET = 2_000  # patients or visits that are taken one by one; more of them are met soon on the way
MOST_ASKED = 20_000  # patients each of whom is asked whether they are on a list at all
MOST_KEPT = 100_000  # patients that a statement may keep in a table of hashes, to be looked up on the way
RARE = 4_000  # visits that meet a condition: so few are taken first
COMMON = 100_000  # visits with a pair of signs; the planner's guess
FEW_DOCTORS = 5
KINDS = {
    List.OUTPATIENT: "outpatient",
    List.EMERGENCY: "emergency",
    List.INSIDE: "inpatient",
    List.LEFT: "inpatient",
    List.EXAM: "exam",
}

WORDS = "visit_words(v.diagnosis, v.admission_diagnosis, v.discharge_diagnosis, v.conclusion, v.findings)"
NAMES = "(grams(p.name) || grams(p.initials) || string_to_array(lower(p.name), null))"
STANDING = "cleared_at is null and (until is null or until >= (now() at time zone 'Asia/Shanghai')::date)"


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
    rare_words: tuple[str, ...] = ()  # words that few enough visits have to begin with them
    few: bool = False  # another condition that so few visits meet: the planner begins with its index
    items: tuple[str, ...] | None = None  # what results of examinations are called that were asked for
    doctors: tuple[str, ...] | None = None
    nurses: tuple[str, ...] | None = None
    wide_name: bool = False  # so many are called so that names are looked at on the way
    wide_flags: tuple[str, ...] = ()
    bearers: tuple[str, ...] = ()  # marks that many bear, and yet few enough to be kept in a table of hashes

    @property
    def narrow(self) -> bool:
        """Whether the set is taken first."""
        few = self.doctors is not None and len(self.doctors) <= FEW_DOCTORS
        few_nurses = self.nurses is not None and len(self.nurses) <= FEW_DOCTORS
        rare = self.few or bool(self.rare_words)
        return self.patients is not None or self.visits is not None or rare or few or few_nurses


def pattern(text: str) -> str:
    r"""A LIKE pattern (escape character `\`) for what contains `text`, in small letters."""
    escaped = text.lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


async def sets(kind: List, wanted: PatientFilter) -> Sets:
    """Look up what the rare conditions mean. Runs in the caller's guarded transaction."""
    patients: frozenset[int] | None = None
    wide_name, wide_flags, bearers = False, tuple[str, ...](), tuple[str, ...]()
    if wanted.phone:
        patients = await _by_hash([wanted.phone.upper()])
    if wanted.name:
        named = await _named(wanted.name)
        wide_name = named is None
        patients = _both(patients, named)
    if wanted.flag:
        many = await _bearing(wanted.flag)
        marked = await _marked(wanted.flag, kind) if many <= MOST_ASKED else None
        if marked is not None:
            patients = _both(patients, marked)
        elif many <= MOST_KEPT:
            bearers = wanted.flag
        else:
            wide_flags = wanted.flag
    items = await _called("report_item", "name", wanted.item) if wanted.item else None
    visits = await _numbered(wanted.number) if wanted.number else None
    visits = _both(visits, await _with_items(wanted, items))
    visits = _both(visits, await _coded(wanted.code))
    return Sets(
        patients=patients,
        visits=_both(visits, await _with_results(wanted)),
        rare_words=tuple(
            [words for words in (wanted.diagnosis, wanted.admission) if words and await _rare(words)]
        ),
        few=await _few(kind, wanted),
        items=items,
        doctors=await _called("visit", "doctor", wanted.doctor) if wanted.doctor else None,
        nurses=await _called("visit", "nurse", wanted.nurse) if wanted.nurse else None,
        wide_name=wide_name,
        wide_flags=wide_flags,
        bearers=bearers,
    )


def _both(one: frozenset[int] | None, other: frozenset[int] | None) -> frozenset[int] | None:
    """Those in both; None stands for all."""
    return other if one is None else one if other is None else one & other


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


_STANDS_FOR_ONE_MARKED = "select m.merged_into from patient m, patient_flag f where m.merged_into is not null and f.patient_id = m.id"


def bearing(flags: Sequence[str], at: Statement) -> str:
    """Who bears one of these marks or has died, as a statement; a merged record's marks are borne by the one that stands."""
    ways = []
    if marks := [flag for flag in flags if flag != DECEASED]:
        mark = at.arg(marks)
        borne = f"f.flag = any({mark}::text[]) and {STANDING}"
        ways = [
            f"select f.patient_id as id from patient_flag f where {borne}",  # noqa: S608
            f"{_STANDS_FOR_ONE_MARKED} and {borne}",
        ]
    if DECEASED in flags:
        ways.append("select id from patient where deceased and merged_into is null")
    return " union all ".join(ways)


async def _marked(flags: Sequence[str], kind: List) -> frozenset[int] | None:
    """Who bears one of these marks and has a visit of the list's kind; None when they are too many to be taken one by one.

    Without the kind a list that nobody of them is on would be walked to its end.
    """
    at = Statement()
    rows = await db.fetch(
        f"select id from ({bearing(flags, at)}) as marked where exists"  # noqa: S608
        f" (select 1 from visit v where v.patient_id = marked.id and v.kind = {at.arg(KINDS[kind])})"
        f" limit {MOST_SET + 1}",
        *at.values,
    )
    return None if len(rows) > MOST_SET else frozenset(row["id"] for row in rows)


async def _bearing(flags: Sequence[str]) -> int:
    """How many bear these marks, at most `MOST_KEPT` + 1."""
    at = Statement()
    many: int = await db.fetchval(
        f"select count(*) from (select 1 from ({bearing(flags, at)}) as marked limit {MOST_KEPT + 1}) as some_of",  # noqa: S608
        *at.values,
    )
    return many


async def _with_items(wanted: PatientFilter, names: Sequence[str] | None) -> frozenset[int] | None:
    """The examinations with such a result; None when they are many, or called in too many ways."""
    if names is None:
        return None
    at = Statement()
    parts = ["exam_visit is not null", f"name = any({at.arg(list(names))}::text[])", *between(wanted, at, "")]
    return await _visits(f"select exam_visit as id from report_item where {' and '.join(parts)}", at)  # noqa: S608


def begins(text: str) -> str:
    """A LIKE pattern for what begins with `text`, as it is written."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"{escaped}%"


async def _coded(code: str) -> frozenset[int] | None:
    """The visits with a diagnosis whose code begins so; None when they are many: such are met soon on the way."""
    if not code:
        return None
    at = Statement()
    like = at.arg(begins(code))
    return await _visits(f"select visit_id as id from visit_diagnosis where code like {like}", at)  # noqa: S608


async def _with_results(wanted: PatientFilter) -> frozenset[int] | None:
    """The examinations with a critical result or a major finding, where nothing commoner would do as well."""
    if not wanted.result or "abnormal" in wanted.result:
        return None
    at, ways = Statement(), []
    if "critical" in wanted.result:
        ways.append("select exam_visit as id from report_item where critical and exam_visit is not null")
    if classes := [one for one in wanted.result if one != "critical"]:
        mark = at.arg(classes)
        ways.append(
            f"select id from visit where kind = 'exam' and severity <> '' and severity = any({mark}::text[])"  # noqa: S608
        )
    return await _visits(" union all ".join(ways), at)


async def _visits(sql: str, at: Statement) -> frozenset[int] | None:
    """The visits of a statement; None when they are more than are taken first."""
    rows = await db.fetch(f"select id from ({sql}) as some_of limit {RARE + 1}", *at.values)  # noqa: S608
    return None if len(rows) > RARE else frozenset(row["id"] for row in rows)


async def _few(kind: List, wanted: PatientFilter) -> bool:
    """Whether a bed, a way of leaving, a level of triage or an employer is so rare that the list begins with it."""
    left = "v.kind = 'inpatient' and v.state = 'closed'"
    asked: list[tuple[str, Sequence[object]]] = []
    if kind is List.LEFT and wanted.bed:
        asked.append((f"{left} and v.bed <> '' and v.bed = any($1::text[])", beds(wanted.bed)))
    if kind is List.LEFT and wanted.disposition:
        asked.append((f"{left} and v.disposition = any($1::text[])", wanted.disposition))
    if kind is List.EMERGENCY and wanted.triage:
        levels = [int(one) for one in wanted.triage]
        asked.append(("v.kind = 'emergency' and v.triage = any($1::smallint[])", levels))
    if kind is List.EXAM and (pairs := grams(wanted.employer)):
        asked.append(
            ("v.kind = 'exam' and v.employer <> '' and grams(v.employer) @> $1::text[]", pairs),
        )
    for condition, values in asked:
        if await _estimated(condition, list(values)) <= COMMON and await _counted(condition, list(values)):
            return True
    return False


async def _estimated(condition: str, values: list[object]) -> float:
    """How many visits the planner thinks meet a condition."""
    plan = await db.fetchval(f"explain (format json) select 1 from visit v where {condition}", values)  # noqa: S608
    rows: float = orjson.loads(plan)[0]["Plan"]["Plan Rows"]
    return rows


async def _counted(condition: str, values: list[object]) -> bool:
    """Whether few visits meet a condition."""
    found: int = await db.fetchval(
        f"select count(*) from (select 1 from visit v where {condition} limit {RARE + 1}) as some_of",  # noqa: S608
        values,
    )
    return found <= RARE


async def _rare(text: str) -> bool:
    """Whether so few visits have these words that one begins with them.

    What the planner's statistics call common is met soon on the way, and counting it would cost more; of the rest they
    say little that is sure (pairs of one word are no independent events), so it is counted, up to a limit.
    """
    condition = f"grams({WORDS}) @> $1::text[]"
    pairs = grams(text)
    for pair in pairs:
        if await _estimated(condition, [pair]) <= COMMON:
            return await _counted(condition, list(pairs))
    return False


def grams(text: str) -> list[str]:
    """The pairs of signs of a text, as `grams` of the database makes them."""
    low = text.lower()
    return [low[at : at + 2] for at in range(len(low) - 1) if not any(map(str.isspace, low[at : at + 2]))]


_NAMED = {
    "visit": "{0} <> ''",
    "report_item": "exam_visit is not null",
}  # what the index over the names holds


async def _called(table: str, column: str, text: str) -> tuple[str, ...] | None:
    """The doctors, nurses or results of that very name, else those whose name contains it; None when they are too many.

    Their names are few beside the rows: the index is walked from name to name.
    """
    held = _NAMED[table].format(column)
    if await db.fetchval(f"select true from {table} where {column} = $1 and {held} limit 1", text):  # noqa: S608
        return (text,)
    rows = await db.fetch(
        f"with recursive names as ((select {column} as name from {table} where {held} order by {column} limit 1)"  # noqa: S608
        f" union all select (select v.{column} from {table} v where v.{column} > n.name and {held}"
        f" order by v.{column} limit 1) from names n where n.name is not null)"
        " select name from names where name is not null and lower(name) like $1 limit 201",
        pattern(text),
    )
    return None if len(rows) > 200 else tuple(row["name"] for row in rows)


def beds(text: str) -> list[str]:
    """How a bed may be written: with 床 behind it or without."""
    return sorted({text, text.removesuffix("床") + "床"})


def between(wanted: PatientFilter, at: Statement, of: str) -> list[str]:
    """That a result lies between the values asked for."""
    low = [] if wanted.low is None else [f"{of}amount >= {at.arg(wanted.low)}"]
    return low if wanted.high is None else [*low, f"{of}amount <= {at.arg(wanted.high)}"]
