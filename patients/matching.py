"""Who may be whom: the same identity number and name are one person; what is only likely waits for a person's decision.

Rules, from what a patient's row says (the hospital's own numbers never match by themselves):
  exact     same identity number and same name → merged by rule, in any order of arrival;
  likely    same identity number, other name (80); same name and phone (70); same name, birth date and gender (50).
What a person has decided (same, apart) is never proposed again and stands above the rules.
"""

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


async def look(patient_id: int) -> None:
    """Compare a patient, whose identity has changed, with all who may be the same; merges and proposals follow."""
    row = await db.fetchrow(f"select {_COLUMNS} from patient where id = $1", patient_id)  # noqa: S608
    assert row is not None  # noqa: S101
    names = [f"likeness {row[mark].hex()}" for mark in ("id_hash", "phone_hash") if row[mark] is not None]
    await locks.hold([*names, f"likeness {row['name']} {row['born_on']}"])
    others = await db.fetch(
        f"select {_COLUMNS} from patient where id <> $1 and id in ("  # noqa: S608
        " (select id from patient where id_hash = $2)"
        " union (select id from patient where phone_hash = $3 and name = $4)"
        " union (select id from patient where name = $4 and born_on = $5 and gender = $6 limit $7)) order by id",
        patient_id,
        row["id_hash"],
        row["phone_hash"],
        row["name"],
        row["born_on"],
        row["gender"],
        MOST,
    )
    decided = await _decided(patient_id)
    exact: set[str] = set()
    likely: dict[int, Likeness] = {}
    for other in others:
        found = compare(row, other)
        if decided.get(other["id"]) is not None:
            continue
        if found.exact:
            exact.add(other["number"])
        elif found.points >= LIKELY:
            likely[other["id"]] = found
    await _propose(patient_id, likely)
    await merging.by_rule(row["number"], exact)


async def _decided(patient_id: int) -> dict[int, str]:
    rows = await db.fetch(
        "select a_id, b_id, state from patient_pair where (a_id = $1 or b_id = $1) and state <> 'proposed'",
        patient_id,
    )
    return {(row["b_id"] if row["a_id"] == patient_id else row["a_id"]): row["state"] for row in rows}


async def _propose(patient_id: int, likely: dict[int, Likeness]) -> None:
    await db.execute(
        "delete from patient_pair where (a_id = $1 or b_id = $1) and state = 'proposed'"
        " and not (a_id = any($2::bigint[]) or b_id = any($2::bigint[]))",
        patient_id,
        list(likely),
    )
    for other, found in likely.items():
        await db.execute(
            "insert into patient_pair (a_id, b_id, points, reasons, proposed_at) values ($1, $2, $3, $4, $5)"
            " on conflict (a_id, b_id) do update set points = $3, reasons = $4 where patient_pair.state = 'proposed'",
            min(patient_id, other),
            max(patient_id, other),
            found.points,
            list(found.reasons),
            clock.now(),
        )
