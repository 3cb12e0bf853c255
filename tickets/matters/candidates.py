"""The cases worth comparing with a new one, found through indexes: ties that are exact, and texts that share rare grams.

Two cheap steps stand before the comparison itself, so that its cost does not grow with the number of open cases:
a few hundred ids are taken from the indexes, and only those are read. Judges nothing (`likeness` does).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db
from tickets.matters.keys import OUR_NUMBER, as_key, numbers_in
from tickets.matters.likeness import grams_of
from tickets.models import Case
from tickets.queries import spans
from tickets.sources import SOURCES

BACK = timedelta(days=365)  # how far back a case may have come
CLOSED_FOR = timedelta(days=90)  # and how long ago it may have been closed
MOST_BY_KEY, MOST_BY_TEXT = 100, 150
_TERMS = 12  # conjunctions of grams that are asked for
_MOST_GRAMS = 4  # in one of them
_FEW = 400  # cases one of them should find
_MOST_FOUND = 1_500  # and is read of at most
_FRESH_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Rarity:
    """How many texts hold a gram, as the planner's statistics estimate it."""

    read_at: datetime
    texts: float
    common: dict[str, float]
    rarest: float

    def count(self, gram: str) -> float:
        """How many texts hold it; a gram that is not among the common ones is rarer than all of them."""
        return self.texts * self.common.get(gram, self.rarest / 2)


_known: dict[str, Rarity] = {}


async def rarity() -> Rarity:
    """The statistics, read anew every ten minutes."""
    known = _known.get("case_search")
    if known is not None and clock.now() - known.read_at < _FRESH_FOR and known.read_at <= clock.now():
        return known
    row = await db.fetchrow(
        "select s.most_common_elems::text::text[] as grams, s.most_common_elem_freqs as shares,"
        " greatest(c.reltuples, 0) as texts from pg_class c left join pg_stats s on s.schemaname = 'public'"
        " and s.tablename = 'case_search' and s.attname = 'tokens' where c.oid = 'public.case_search'::regclass"
    )
    common: dict[str, float] = {}
    if row is not None and row["grams"]:
        common = dict(zip(row["grams"], row["shares"], strict=False))  # three figures on the nulls follow
    found = Rarity(clock.now(), row["texts"] if row else 0.0, common, min(common.values(), default=0.0))
    _known["case_search"] = found
    return found


@dataclass(frozen=True, slots=True)
class Found:
    """The ids of the cases to compare with one; those its text names, and those whose text names it."""

    ids: frozenset[int]
    named: frozenset[int]
    naming: frozenset[int]


async def of(case: Case) -> Found:
    """What to compare with this case."""
    since = clock.now() - BACK
    above, _ = await spans.between(since, None)
    said, saying = await _named(case), await _naming(case)
    found = {*said, *saying, *await _by_key(case), *await _by_text(case, above or 0)}
    rows = await db.fetch(
        "select id from cases where id = any($1::bigint[]) and id <> $2 and received_at >= $3"
        " and (closed_at is null or closed_at >= $4) and ($5::bigint is null or matter_id is distinct from $5)",
        list(found),
        case.id,
        since,
        clock.now() - CLOSED_FOR,
        case.matter_id,
    )
    return Found(frozenset(row["id"] for row in rows), said, saying)


async def _named(case: Case) -> frozenset[int]:
    """The cases whose number, ours or the sender's, stands in the text of this one."""
    text = f"{case.title}\n{case.content}"
    ours = [int(match[2]) for match in OUR_NUMBER.finditer(text)]
    theirs = list(numbers_in(text))
    if not ours and not theirs:
        return frozenset()
    rows = await db.fetch(
        "select id, received_at from cases where id = any($1::bigint[])"
        " union all select id, received_at from cases where source = any($2::text[]) and external_no = any($3::text[])",
        ours,
        list(SOURCES),
        theirs,
    )
    said = {match[0] for match in OUR_NUMBER.finditer(text)}
    own = {row["id"] for row in rows if f"{clock.local(row['received_at']):%Y%m%d}-{row['id']}" in said}
    return frozenset(own | ({row["id"] for row in rows} - set(ours))) - {case.id}


async def _naming(case: Case) -> frozenset[int]:
    """The cases whose text names the number of this one."""
    numbers = [as_key(number) for number in (case.external_no, case.platform_no, case.number) if number]
    rows = await db.fetch(
        "select case_id from case_key where kind = 'number' and key = any($1::bytea[])", numbers
    )
    return frozenset(row["case_id"] for row in rows) - {case.id}


async def _by_key(case: Case) -> set[int]:
    """By phone, identity number, visit and patient."""
    rows = await db.fetch(
        "select id from ("
        " (select k.case_id as id from case_key o join case_key k on k.key = o.key and k.kind = o.kind"
        "   where o.case_id = $1 and o.kind <> 'number' order by k.case_id desc limit $3)"
        " union all (select id from cases where caller_phone_hash = any($2::bytea[]) order by id desc limit $3)"
        " union all (select id from cases where contact_phone_hash = any($2::bytea[]) order by id desc limit $3)"
        " union all (select l.case_id from visit_link o join visit_link l on l.visit_id = o.visit_id"
        "   where o.case_id = $1 and o.state in ('proposed', 'confirmed') and l.state in ('proposed', 'confirmed') order by l.case_id desc limit $3)"
        " union all (select l.case_id from visit_link o join visit_link l on l.patient_id = o.patient_id"
        "   where o.case_id = $1 and o.state = 'confirmed' and l.state = 'confirmed' order by l.case_id desc limit $3)"
        ") f where id <> $1 group by id order by id desc limit $3",
        case.id,
        [key for key in {case.caller_phone_hash, case.contact_phone_hash} if key],
        MOST_BY_KEY,
    )
    return {row["id"] for row in rows}


async def _by_text(case: Case, above: int) -> set[int]:
    """By conjunctions of grams that few texts hold; who shares more of them comes first."""
    terms = terms_of(f"{case.title}\n{case.content}", await rarity())
    if not terms:
        return set()
    rows = await db.fetch(
        "select s.case_id from unnest($1::text[]) as t(term) cross join lateral (select case_id from case_search"
        " where tokens @@ t.term::tsquery and case_id > $2 limit $3) s where s.case_id <> $4"
        " group by s.case_id order by count(*) desc, s.case_id desc limit $5",
        [" & ".join(f"'{gram}'" for gram in term) for term in terms],
        above,
        _MOST_FOUND,
        case.id,
        MOST_BY_TEXT,
    )
    return {row["case_id"] for row in rows}


def terms_of(text: str, known: Rarity) -> list[tuple[str, ...]]:
    """Up to twelve conjunctions of grams of a text, each begun by one of its rarest and held by few other texts.

    A rare gram stands alone. To a common one others are added, each from another part of the text: neighbours
    nearly always come together, so that they would make nothing rarer.
    """
    places = {gram: at for at, gram in enumerate(sorted(_searchable(text), key=text.find))}
    ordered = sorted(places, key=lambda gram: (known.count(gram), places[gram]))
    used = dict.fromkeys(ordered, 0)
    terms: dict[tuple[str, ...], None] = {}
    for first in _apart(ordered, places, _TERMS):
        term, left = [first], known.count(first)
        # Each gram is added to few terms: a text that lacks one of them is found by the others.
        for gram in sorted(ordered, key=used.__getitem__):
            if left <= _FEW or len(term) == _MOST_GRAMS:
                break
            if all(abs(places[gram] - places[other]) > len(places) / 6 for other in term):
                term.append(gram)
                used[gram] += 1
                left *= known.count(gram) / max(known.texts, 1.0)
        terms[tuple(sorted(term))] = None
    return list(terms)


def _apart(ordered: Sequence[str], places: dict[str, int], most: int) -> list[str]:
    """The first `most` that are not neighbours of one chosen before."""
    chosen: list[str] = []
    taken: set[int] = set()
    for gram in ordered:
        if places[gram] not in taken:
            chosen.append(gram)
            taken.update(range(places[gram] - 1, places[gram] + 2))
            if len(chosen) == most:
                break
    return chosen


def _searchable(text: str) -> set[str]:
    """The grams the text index holds as they are: pairs of Chinese characters."""
    return {gram for gram in grams_of(text) if len(gram) == 2 and gram[0] >= "\u3400"}
