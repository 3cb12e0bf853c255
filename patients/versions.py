"""Which version of a resource counts, of senders that tell each thing whole and again and again (FHIR): the newest.

An older version that comes late says nothing any more, and a newer one takes back all that the older ones said: a patient
put right, a diagnosis moved to another visit, a merge withdrawn. A deletion is a version too: of a patient it says that
the record is not used, of a visit that it is cancelled, of all else that nothing is left. The outcome is the same in any
order of arrival. What is said in passing (weak) creates records only and is never taken back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core import db
from patients.said import AnySaid, Heard, MergeSaid, PatientSaid, VisitSaid, VisitVerb

Told = list[tuple[int, Heard]]


@dataclass(frozen=True, slots=True)
class Stood:
    """A version that was told; `dated` when its sender said at what time."""

    message_id: int
    at: datetime
    rank: str
    version: str
    dated: bool

    def before(self, other: "Stood") -> bool:
        """Whether the other one is newer: by the time its sender says, by the sender's counting, or as they came."""
        if self.dated and other.dated:
            return (self.at, self.rank, self.message_id) < (other.at, other.rank, other.message_id)
        if self.version and other.version:
            return (self.version, self.message_id) < (other.version, other.message_id)
        return self.message_id < other.message_id


@dataclass(frozen=True, slots=True)
class Standing:
    """What counts of a batch: what is to be kept, which messages' words go, and of which of them the words are to be
    said again as those of a thing that is gone (by message: when it was deleted)."""

    told: Told
    superseded: frozenset[int]
    ended: Mapping[int, Stood]


Name = tuple[str, bool]


def names(told: Sequence[tuple[int, Heard]]) -> set[str]:
    """The resources that these messages tell whole."""
    return {heard.version.resource for _, heard in told if heard.version is not None}


async def standing(told: Sequence[tuple[int, Heard]]) -> Standing:
    """What counts of these messages beside what came before; noted, under the locks of their resources."""
    wanted = names(told)
    if not wanted:
        return Standing(list(told), frozenset(), {})
    rows = await db.fetch(
        "select name, gone, message_id, at, rank, version, dated from told_resource where name = any($1::text[])",
        list(wanted),
    )
    before = {(row["name"], row["gone"]): Stood(*list(row)[2:]) for row in rows}
    best: dict[Name, Stood] = dict(before)
    for message_id, heard in told:
        if heard.version is None:
            continue
        name = (heard.version.resource, heard.version.gone)
        one = Stood(message_id, heard.at, heard.rank, heard.version.number, heard.version.dated)
        if name not in best or best[name].message_id == message_id or best[name].before(one):
            best[name] = one
    await _note({name: one for name, one in best.items() if before.get(name) != one})
    superseded = {
        one.message_id
        for name, one in before.items()
        if not name[1] and best[name].message_id != one.message_id
    }
    ends = {name: _end(best, name) for name in wanted}
    kept = [(message_id, _effective(message_id, heard, best, ends)) for message_id, heard in told]
    here = {message_id for message_id, _ in told}
    ended = {
        content.message_id: end
        for name, end in ends.items()
        if end is not None and (content := best.get((name, False))) and content.message_id not in here
    }
    return Standing(kept, frozenset(superseded | set(ended)), ended)


def _end(best: Mapping[Name, Stood], name: str) -> Stood | None:
    """Its deletion, when nothing newer was told of it."""
    end, content = best.get((name, True)), best.get((name, False))
    return end if end is not None and (content is None or content.before(end)) else None


def _effective(
    message_id: int, heard: Heard, best: Mapping[Name, Stood], ends: Mapping[str, Stood | None]
) -> Heard:
    version = heard.version
    if version is None:
        return heard
    if version.gone:
        return heard.model_copy(update={"said": (), "merges": ()})
    if best[version.resource, False].message_id != message_id:
        return heard.model_copy(update={"said": passing(heard.said), "merges": ()})
    end = ends[version.resource]
    return heard if end is None else gone(heard, end)


def passing(said: Iterable[AnySaid]) -> tuple[AnySaid, ...]:
    """What was only said in passing."""
    return tuple(one for one in said if isinstance(one, PatientSaid) and one.weak)


def gone(heard: Heard, end: Stood) -> Heard:
    """What the words of a resource come to once it was deleted."""
    found: list[AnySaid] = []
    for one in heard.said:
        if isinstance(one, PatientSaid):
            found.append(one if one.weak else one.model_copy(update={"inactive": True}))
        elif isinstance(one, VisitSaid) and one.verb is not VisitVerb.TELL:
            found.append(one.model_copy(update={"verb": VisitVerb.CANCEL}))
    merges: tuple[MergeSaid, ...] = ()
    return heard.model_copy(update={"at": end.at, "rank": end.rank, "said": tuple(found), "merges": merges})


async def _note(changed: Mapping[Name, Stood]) -> None:
    if not changed:
        return
    stood = list(changed.values())
    await db.execute(
        "insert into told_resource (name, gone, message_id, at, rank, version, dated)"
        " select * from unnest($1::text[], $2::boolean[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[],"
        " $7::boolean[]) on conflict (name, gone) do update set message_id = excluded.message_id, at = excluded.at,"
        " rank = excluded.rank, version = excluded.version, dated = excluded.dated",
        [name for name, _ in changed],
        [is_gone for _, is_gone in changed],
        [one.message_id for one in stood],
        [one.at for one in stood],
        [one.rank for one in stood],
        [one.version for one in stood],
        [one.dated for one in stood],
    )


def said_again(kept: Sequence[tuple[int, Heard]], ended: Mapping[int, Stood]) -> Told:
    """What messages kept before say now that their resource was deleted."""
    return [(number, gone(heard, ended[number])) for number, heard in kept if number in ended]
