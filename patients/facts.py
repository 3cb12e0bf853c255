"""Keeps what was said, sealed, one row for each subject of each message, and gives it back to be folded.

Everything here goes by sets: a batch of messages costs as many statements as one. Decides nothing about what was said
means. The caller holds the locks of the subjects (`patients.locks`).
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

import asyncpg

from core import crypto, db
from patients.folding import Fact
from patients.folding import told as fields_told
from patients.said import SUBJECTS, DiagnosisSaid, Heard, PatientSaid, Said, VisitSaid, VisitVerb

S = TypeVar("S", bound=Said)
Subject = tuple[str, str]  # ("visit", "ZY001")

_PLACE = "record_fact.body"
_KINDS = {name: kind for kind, name in SUBJECTS.items()}
BARE = frozenset({"number", "patient"})  # what every fact of a subject has
KEPT = BARE | {"unit_id", "ward_id", "kind"}  # a visit has them for good once they were told
REMEMBERED = 8_192  # opened facts; the same words are said of a patient again and again
_opened: dict[tuple[str, bytes], Said] = {}


@dataclass(frozen=True, slots=True)
class _Row:
    subject: str
    key: str
    at: datetime
    rank: str
    message_id: int
    place: int
    body: bytes
    mark: bytes


@dataclass(frozen=True, slots=True)
class Told:
    """Everything that was said of some subjects."""

    _facts: Mapping[Subject, list[Fact[Said]]]

    def of(self, kind: type[S], key: str) -> list[Fact[S]]:
        """What was said of one of them, in the order in which it was written."""
        found: list[Fact[S]] = []
        for fact in self._facts.get((SUBJECTS[kind], key), []):
            assert isinstance(fact.said, kind)  # noqa: S101 - kept under its kind
            found.append(Fact(fact.at, fact.rank, fact.said))
        return found

    def without(self, taken: Mapping[Subject, list[Said]]) -> "Told":
        """The same, where what was taken back and is said by nobody else counts as said to be empty: it once stood in
        the rows."""
        found = dict(self._facts)
        for subject, before in taken.items():
            known = found.get(subject, [])
            names = {name for said in before for name, _ in fields_told(said)} - KEPT
            names -= {name for fact in known for name, _ in fields_told(fact.said)}
            if known and (names or _ended(before)):
                first = known[0]
                kept = {name: getattr(first.said, name) for name in BARE & first.said.model_fields_set}
                if isinstance(first.said, VisitSaid):
                    kept["verb"] = VisitVerb.TELL
                    kept["diagnoses"] = _ended(before)
                ground = type(first.said)(**kept, cleared=tuple(sorted(names)))
                found[subject] = [Fact(first.at, "", ground), *known]
        return Told(found)

    def keys(self, subject: str) -> list[str]:
        """Those of which anything was said, in order."""
        return sorted(key for name, key in self._facts if name == subject)


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken back: by message, and by subject."""

    heard: Mapping[int, Heard]
    subjects: Mapping[Subject, list[Said]]


def _ended(before: Iterable[Said]) -> tuple[DiagnosisSaid, ...]:
    """The diagnoses that were taken back, as ones that are gone: the texts of their visit are to be made anew."""
    return tuple(
        one.model_copy(update={"gone": True})
        for said in before
        if isinstance(said, VisitSaid)
        for one in said.diagnoses
    )


async def forget(message_ids: Collection[int]) -> set[Subject]:
    """Take back what these messages said before they were repaired; the subjects they spoke of."""
    rows = await db.fetch(
        "delete from record_fact where message_id = any($1::bigint[]) returning subject, key",
        list(message_ids),
    )
    return {(row["subject"], row["key"]) for row in rows}


async def take_back(message_ids: Collection[int]) -> Taken:
    """Take back what these messages said, but for what they said in passing."""
    if not message_ids:
        return Taken({}, {})
    rows = await db.fetch(
        "select id, subject, key, at, rank, message_id, body, said_hash from record_fact"
        " where message_id = any($1::bigint[]) order by message_id, place",
        list(message_ids),
    )
    heard: dict[int, Heard] = {}
    subjects: dict[Subject, list[Said]] = {}
    gone: list[int] = []
    for row in rows:
        said = _said(row)
        if isinstance(said, PatientSaid) and said.weak:
            continue
        gone.append(row["id"])
        subjects.setdefault((row["subject"], row["key"]), []).append(said)
        before = heard.get(row["message_id"]) or Heard(at=row["at"], rank=row["rank"])
        heard[row["message_id"]] = before.model_copy(update={"said": (*before.said, said)})
    await db.execute("delete from record_fact where id = any($1::bigint[])", gone)
    return Taken(heard, subjects)


async def keep(told: Sequence[tuple[int, Heard]]) -> None:
    """Keep everything that these messages (by their ids) say."""
    rows: list[_Row] = []
    passing: dict[tuple[str, bytes], _Row] = {}
    for message_id, heard in told:
        for place, said in enumerate(heard.said):
            text = said.model_dump_json(exclude_unset=True)
            mark, subject = crypto.search_hash(text), SUBJECTS[type(said)]
            _remember(subject, mark, said)
            sealed = crypto.key_ring().encrypt(text, _PLACE)
            row = _Row(subject, said.number, heard.at, heard.rank, message_id, place, sealed, mark)
            if isinstance(said, PatientSaid) and said.weak:
                before = passing.setdefault((row.key, mark), row)
                if (row.at, row.rank) < (before.at, before.rank):
                    passing[row.key, mark] = row
            else:
                rows.append(row)
    rows += await _said_first(passing)
    await db.execute(
        "insert into record_fact (subject, key, at, rank, message_id, place, body, said_hash)"
        " select * from unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::bigint[], $6::int[],"
        " $7::bytea[], $8::bytea[])",
        [row.subject for row in rows],
        [row.key for row in rows],
        [row.at for row in rows],
        [row.rank for row in rows],
        [row.message_id for row in rows],
        [row.place for row in rows],
        [row.body for row in rows],
        [row.mark for row in rows],
    )


async def _said_first(passing: Mapping[tuple[str, bytes], _Row]) -> list[_Row]:
    """Of what is said in passing, that which nobody said in the same words at an earlier time; what was said later
    goes: the earliest of the same words is the one that counts."""
    if not passing:
        return []
    found = await db.fetch(
        "select f.id, f.key, f.said_hash, f.at, f.rank from record_fact f"
        " join unnest($1::text[], $2::bytea[]) as t(key, mark) on f.key = t.key and f.said_hash = t.mark"
        " where f.subject = 'patient'",
        [key for key, _ in passing],
        [mark for _, mark in passing],
    )
    later: list[int] = []
    before: set[tuple[str, bytes]] = set()
    for row in found:
        name = (row["key"], row["said_hash"])
        if (row["at"], row["rank"]) > (passing[name].at, passing[name].rank):
            later.append(row["id"])
        else:
            before.add(name)
    if later:
        await db.execute("delete from record_fact where id = any($1::bigint[])", later)
    return [row for name, row in passing.items() if name not in before]


async def with_links(kind: type[S], key: str) -> list[tuple[str, Fact[S]]]:
    """Everything said of one subject, each with the name of the link it came on ("" when its message was tidied away)."""
    rows = await db.fetch(
        "select f.subject, f.key, f.at, f.rank, f.body, f.said_hash, coalesce(l.name, '') as link from record_fact f"
        " left join feed_message m on m.id = f.message_id left join feed_link l on l.id = m.link_id"
        " where f.subject = $1 and f.key = $2",
        SUBJECTS[kind],
        key,
    )
    found: list[tuple[str, Fact[S]]] = []
    for row in rows:
        said = _said(row)
        if isinstance(said, kind):
            found.append((row["link"], Fact(row["at"], row["rank"], said)))
    return found


async def of(subjects: Iterable[Subject]) -> Told:
    """Everything that was said of these subjects."""
    wanted = sorted(set(subjects))
    rows = await db.fetch(
        "select f.subject, f.key, f.at, f.rank, f.body, f.said_hash from unnest($1::text[], $2::text[])"
        " as t(subject, key) join record_fact f on f.subject = t.subject and f.key = t.key",
        [subject for subject, _ in wanted],
        [key for _, key in wanted],
    )
    found: dict[Subject, list[Fact[Said]]] = {}
    for row in rows:
        found.setdefault((row["subject"], row["key"]), []).append(Fact(row["at"], row["rank"], _said(row)))
    for facts in found.values():
        facts.sort(key=lambda fact: fact.order)
    return Told(found)


def _said(row: asyncpg.Record) -> Said:
    known = _opened.get((row["subject"], row["said_hash"]))
    return known or _open(row["subject"], row["said_hash"], row["body"])


def _open(subject: str, mark: bytes, body: bytes) -> Said:
    said = _KINDS[subject].model_validate_json(crypto.key_ring().decrypt(body, _PLACE))
    _remember(subject, mark, said)
    return said


def _remember(subject: str, mark: bytes, said: Said) -> None:
    """`mark` is a keyed hash of the words, so the same mark means the same words, in any database."""
    _opened[subject, mark] = said
    while len(_opened) > REMEMBERED:
        del _opened[next(iter(_opened))]
