"""Who may be whom: the same identity number and name are one person; what is only likely waits for a person's decision.

Rules, from what a patient's row says (the hospital's own numbers never match by themselves):
  exact     same identity number and same name → merged by rule, in any order of arrival;
  likely    same identity number, other name (80); same name and phone (70); same name, birth date and gender (50).
What a person has decided (same, apart) is never proposed again and stands above the rules.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from core import clock, db
from patients import locks, merging

LIKELY = 50
MOST = 50  # a name as common as that brings no proposal by birth date; the number or the phone must agree
_COLUMNS = "id, number, name, gender, born_on, phone_hash, id_hash"


@dataclass(frozen=True, slots=True)
class Likeness:
    """How likely two records are one person, with the reasons as a person reads them."""

    points: int
    reasons: tuple[str, ...]
    exact: bool = False


def compare(a: Any, b: Any) -> Likeness:
    """Two rows of a patient's identity (name, gender, born_on, phone_hash, id_hash), by the rules above."""
    reasons, points = [], 0
    same_name = a["name"] == b["name"]
    same_id = a["id_hash"] is not None and a["id_hash"] == b["id_hash"]
    other_id = a["id_hash"] is not None and b["id_hash"] is not None and not same_id
    if same_id:
        reasons.append("证件号相同")
        points += 80
        if not same_name:
            reasons.append("姓名不同")
    if other_id:
        return Likeness(0, ())
    if same_name and a["phone_hash"] is not None and a["phone_hash"] == b["phone_hash"]:
        reasons.append("姓名和电话相同")
        points += 70
    if same_name and a["born_on"] is not None and a["born_on"] == b["born_on"] and a["gender"] == b["gender"]:
        reasons.append("姓名、出生日期和性别相同")
        points += 50
    return Likeness(min(points, 100), tuple(reasons), exact=same_id and same_name)


async def look(patient_ids: Collection[int]) -> None:
    """Compare patients, whose identity has changed, with all who may be the same; merges and proposals follow."""
    rows = await db.fetch(
        f"select {_COLUMNS} from patient where id = any($1::bigint[])",  # noqa: S608
        list(patient_ids),
    )
    looked = {row["id"]: row for row in rows}
    await locks.hold(name for row in rows for name in _names(row))
    others = await _alike(list(looked))
    decided = await _decided(list(looked))
    exact: dict[str, set[str]] = {row["number"]: set() for row in rows}
    likely: dict[tuple[int, int], Likeness] = {}
    for whose, other in others:
        row = looked[whose]
        pair = (min(whose, other["id"]), max(whose, other["id"]))
        if pair in decided:
            continue
        found = compare(row, other)
        if found.exact:
            exact[row["number"]].add(other["number"])
        elif found.points >= LIKELY:
            likely[pair] = found
    await _propose(list(looked), likely)
    await merging.by_rule(exact)


def _names(row: Any) -> list[str]:
    """What is locked, so that two who are alike and come at once are still compared."""
    marks = [f"likeness {row[mark].hex()}" for mark in ("id_hash", "phone_hash") if row[mark] is not None]
    return [*marks, f"likeness {row['name']} {row['born_on']}"]


async def _alike(patient_ids: list[int]) -> list[tuple[int, Any]]:
    """Whoever may be the same as each of these: (whose, the other's row), by their ids."""
    columns = ", ".join(f"o.{name.strip()}" for name in _COLUMNS.split(","))
    rows = await db.fetch(
        f"select p.id as whose, {columns} from patient p cross join lateral ("  # noqa: S608 - our own names
        " (select id from patient where id_hash = p.id_hash)"
        " union (select id from patient where phone_hash = p.phone_hash and name = p.name)"
        " union (select id from patient where name = p.name and born_on = p.born_on and gender = p.gender limit $2)"
        ") c join patient o on o.id = c.id where p.id = any($1::bigint[]) and o.id <> p.id order by p.id, o.id",
        patient_ids,
        MOST,
    )
    return [(row["whose"], row) for row in rows]


async def _decided(patient_ids: list[int]) -> set[tuple[int, int]]:
    rows = await db.fetch(
        "select a_id, b_id from patient_pair where (a_id = any($1::bigint[]) or b_id = any($1::bigint[]))"
        " and state <> 'proposed'",
        patient_ids,
    )
    return {(row["a_id"], row["b_id"]) for row in rows}


async def _propose(patient_ids: list[int], likely: Mapping[tuple[int, int], Likeness]) -> None:
    """Propose what is likely; what was proposed for these patients and is likely no more goes."""
    rows = await db.fetch(
        "select a_id, b_id, points, reasons from patient_pair where state = 'proposed' and asked_by = ''"
        " and (a_id = any($1::bigint[]) or b_id = any($1::bigint[]))",
        patient_ids,
    )
    there = {(row["a_id"], row["b_id"]): (row["points"], tuple(row["reasons"])) for row in rows}
    gone = set(there) - set(likely)
    if gone:
        await db.executemany("delete from patient_pair where a_id = $1 and b_id = $2", sorted(gone))
    fresh = [
        (*pair, found.points, list(found.reasons), clock.now())
        for pair, found in sorted(likely.items())
        if there.get(pair) != (found.points, found.reasons)
    ]
    if fresh:
        await db.executemany(
            "insert into patient_pair (a_id, b_id, points, reasons, proposed_at) values ($1, $2, $3, $4, $5)"
            " on conflict (a_id, b_id) do update set points = $3, reasons = $4"
            " where patient_pair.state = 'proposed' and patient_pair.asked_by = ''",
            fresh,
        )
