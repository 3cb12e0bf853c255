"""Which records are one person: merges are rows that can be undone, and pointers follow them.

Each merge names two numbers (a merge may arrive before its patients). Of several that give the same number up, the
last counts. The record that stands for a person is the one that was not given up; of several, the smallest number.
Visits move to it and back; what staff wrote and what systems told stays with the record it was told of.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core import audit, clock, db
from core.actor import system
from core.events import announce
from patients import deaths, locks
from patients.events import PatientMerged, PatientParted, VisitMoved
from patients.said import Heard


@dataclass(frozen=True, slots=True)
class Edge:
    """A merge in force. `firm`: a system or a person named the one that is given up; a rule only says "the same"."""

    prior: str
    survivor: str
    firm: bool
    order: tuple[datetime, str]


async def forget(message_ids: Collection[int]) -> list[str]:
    """Take back the merges of messages that were repaired; the numbers concerned."""
    rows = await db.fetch(
        "delete from patient_merge where message_id = any($1::bigint[]) and undone_at is null returning prior, survivor",
        list(message_ids),
    )
    return [number for row in rows for number in (row["prior"], row["survivor"])]


async def keep(told: Sequence[tuple[int, Heard]]) -> None:
    """Keep the merges that these messages (by their ids) tell of; `regroup` follows.

    What a person has parted no message joins again: such a merge is kept as undone, and the two are proposed anew.
    """
    rows = [
        (merge.prior, merge.survivor, heard.at, heard.rank, message_id)
        for message_id, heard in told
        for merge in heard.merges
        if merge.prior != merge.survivor
    ]
    if not rows:
        return
    apart = await _apart({(prior, survivor) for prior, survivor, *_ in rows})
    held = [row for row in rows if frozenset(row[:2]) in apart]
    await db.executemany(
        "insert into patient_merge (prior, survivor, ground, at, rank, message_id, decided_by)"
        " values ($1, $2, 'feed', $3, $4, $5, '医院信息系统')",
        [row for row in rows if frozenset(row[:2]) not in apart],
    )
    await db.executemany(
        "insert into patient_merge (prior, survivor, ground, at, rank, message_id, decided_by, undone_at, undone_by,"
        " undone_because) select $1, $2, 'feed', $3, $4, $5, '医院信息系统', $6, '系统', '本院工作人员已判定为两人，未自动合并'"
        " where not exists (select 1 from patient_merge where message_id = $5 and prior = $1)",
        [(*row, clock.now()) for row in held],
    )
    for prior, survivor, *_ in held:
        a, b = apart[frozenset((prior, survivor))]
        await db.execute(
            "update patient_pair set state = 'proposed', points = 100, reasons = array_prepend($3, reasons),"
            " asked_by = '医院信息系统', proposed_at = $4 where a_id = $1 and b_id = $2 and state = 'apart'",
            a,
            b,
            "医院信息系统再次要求合并，此前已人工判定为两人",
            clock.now(),
        )
        await audit.record(system("医院信息系统"), "patient.merge_held", "patient", a, other=b)


async def _apart(pairs: Collection[tuple[str, str]]) -> dict[frozenset[str], tuple[int, int]]:
    """Of these pairs of numbers those of which a person has said that they are two; with the ids of their records."""
    rows = await db.fetch(
        "select a.number as a, b.number as b, p.a_id, p.b_id from unnest($1::text[], $2::text[]) as t(prior, survivor)"
        " join patient a on a.number = t.prior join patient b on b.number = t.survivor"
        " join patient_pair p on p.a_id = least(a.id, b.id) and p.b_id = greatest(a.id, b.id)"
        " where p.state = 'apart' or p.asked_by <> '' and p.state = 'proposed'",
        [prior for prior, _ in pairs],
        [survivor for _, survivor in pairs],
    )
    return {frozenset((row["a"], row["b"])): (row["a_id"], row["b_id"]) for row in rows}


_BEGINNING = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


async def by_rule(same: Mapping[str, Collection[str]]) -> None:
    """Hold each of these numbers to be one person with the ones beside it by rule, and no others; pointers follow."""
    rows = await db.fetch(
        "select id, prior, survivor, ground from patient_merge where undone_at is null"
        " and (prior = any($1::text[]) or survivor = any($1::text[]))",
        list(same),
    )
    there = {(row["prior"], row["survivor"]): row["id"] for row in rows if row["ground"] == "rule"}
    wanted = {(max(one, other), min(one, other)) for one, others in same.items() for other in others}
    gone = [
        merge_id
        for (prior, survivor), merge_id in there.items()
        if survivor not in same.get(prior, (survivor,)) or prior not in same.get(survivor, (prior,))
    ]
    fresh = sorted(wanted - set(there))
    if gone:
        await db.execute("delete from patient_merge where id = any($1::bigint[])", gone)
    if fresh:
        await db.executemany(
            "insert into patient_merge (prior, survivor, ground, at, decided_by, reason)"
            " values ($1, $2, 'rule', $3, '匹配规则', '证件号和姓名相同') on conflict do nothing",
            [(prior, survivor, _BEGINNING) for prior, survivor in fresh],
        )
    touched = {number for row in rows for number in (row["prior"], row["survivor"])}
    touched |= {number for pair in fresh for number in pair}
    if touched:
        await regroup(touched)


async def regroup(numbers: Iterable[str]) -> None:
    """Point the records of everyone concerned at whoever stands for them; announce what changed."""
    await locks.hold([locks.MERGES])
    left = set(numbers)
    while left:
        group, edges = await _component(left.pop())
        left -= group
        await _point(group, edges)


async def _component(number: str) -> tuple[set[str], list[Edge]]:
    """All numbers tied to this one by merges in force, and those merges."""
    group, border, found = {number}, {number}, {}
    while border:
        rows = await db.fetch(
            "select id, prior, survivor, ground, at, rank from patient_merge where undone_at is null"
            " and (prior = any($1::text[]) or survivor = any($1::text[]))",
            list(border),
        )
        found.update({row["id"]: row for row in rows})
        seen = {name for row in rows for name in (row["prior"], row["survivor"])}
        border, group = seen - group, group | seen
    edges = [
        Edge(row["prior"], row["survivor"], row["ground"] != "rule", (row["at"], row["rank"]))
        for row in found.values()
    ]
    return group, edges


def stands_for(group: Collection[str], edges: Sequence[Edge]) -> dict[str, str]:
    """For each of these numbers the one that stands for its person (itself, when it is tied to nobody)."""
    last: dict[str, Edge] = {}
    for edge in sorted((edge for edge in edges if edge.firm), key=lambda edge: (edge.order, edge.survivor)):
        last[edge.prior] = edge
    tied: dict[str, set[str]] = {number: set() for number in group}
    for edge in (*last.values(), *(edge for edge in edges if not edge.firm)):
        if edge.prior in tied and edge.survivor in tied:
            tied[edge.prior].add(edge.survivor)
            tied[edge.survivor].add(edge.prior)
    found: dict[str, str] = {}
    for number in sorted(group):
        if number in found:
            continue
        person = _reached(number, tied)
        kept = [one for one in person if one not in last]
        # In a ring of merges (A into B, B into A) the one that was named last stands.
        head = min(kept) if kept else max((last[one] for one in person), key=lambda edge: edge.order).survivor
        found.update(dict.fromkeys(person, head))
    return found


def _reached(start: str, tied: dict[str, set[str]]) -> set[str]:
    seen, border = {start}, [start]
    while border:
        for other in tied[border.pop()] - seen:
            seen.add(other)
            border.append(other)
    return seen


async def _point(group: set[str], edges: list[Edge]) -> None:
    rows = await db.fetch(
        "select id, number, merged_into from patient where number = any($1::text[]) order by id for update",
        list(group),
    )
    there = {row["number"]: row["id"] for row in rows}
    heads = stands_for(group, edges)
    present: dict[str, str] = {}  # the one that stands for a person, among those who have a record
    for number in sorted(there):
        head = heads[number]
        present.setdefault(head, head if head in there else number)
    for row in rows:
        head = there[present[heads[row["number"]]]]
        into = None if head == row["id"] else head
        if into == row["merged_into"]:
            continue
        await db.execute("update patient set merged_into = $2 where id = $1", row["id"], into)
        await _move_visits(row["id"], head)
        if into is None:
            await announce(PatientParted(patient_id=row["id"], from_id=row["merged_into"]))
        else:
            await announce(PatientMerged(patient_id=row["id"], into_id=into))
    before = {row["merged_into"] for row in rows} - {None}
    await deaths.share([*(row["id"] for row in rows), *before])


async def _move_visits(recorded: int, head: int) -> None:
    """The visits recorded for one patient belong to another now."""
    rows = await db.fetch(
        "update visit set recorded_for = $1, patient_id = $2"
        " where (recorded_for = $1 or (patient_id = $1 and recorded_for is null)) and patient_id <> $2 returning id",
        recorded,
        head,
    )
    await announce(*(VisitMoved(visit_id=row["id"]) for row in rows))
