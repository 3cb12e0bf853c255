"""Loads what `likeness` compares, for many cases at once: five statements however many there are. Writes nothing."""

from collections.abc import Collection, Mapping

import asyncpg

from core import clock, db
from staff import queries as staff
from staff.queries import OrgTree
from tickets.matters.likeness import Facts, grams_of

_CASES = """
select c.id, c.title, c.content, c.caller_name, c.caller_gender, c.caller_phone_hash, c.contact_phone_hash, c.anonymous,
    c.patient_name, c.patient_number, c.occurred_at, c.received_at, c.dispatched_at, c.departments, c.campus_id,
    array(select distinct unit_id from ticket where case_id = c.id) as worked
from cases c where c.id = any($1::bigint[])
"""
_LINKS = (
    "select case_id, visit_id, patient_id, state from visit_link where case_id = any($1::bigint[])"
    " and state in ('proposed', 'confirmed')"
)
_KEYS = "select case_id, kind, key from case_key where case_id = any($1::bigint[]) and kind <> 'number'"


async def load(
    case_ids: Collection[int], named: Mapping[int, Collection[int]] | None = None
) -> dict[int, Facts]:
    """The facts by case; `named` are the cases whose numbers a case names, where that is known."""
    ids = list(case_ids)
    tree = await staff.tree()
    links: dict[int, list[asyncpg.Record]] = {}
    for row in await db.fetch(_LINKS, ids):
        links.setdefault(row["case_id"], []).append(row)
    keys: dict[int, list[asyncpg.Record]] = {}
    for row in await db.fetch(_KEYS, ids):
        keys.setdefault(row["case_id"], []).append(row)
    units = _Units(tree)
    return {
        row["id"]: _facts(
            row,
            links.get(row["id"], []),
            keys.get(row["id"], []),
            units,
            frozenset((named or {}).get(row["id"], ())),
        )
        for row in await db.fetch(_CASES, ids)
    }


class _Units:
    """Names of departments to ids, each looked up once."""

    def __init__(self, tree: OrgTree) -> None:
        self._tree = tree
        self._found: dict[tuple[str, int | None], int | None] = {}

    def find(self, name: str, campus_id: int | None) -> int | None:
        """The department of this name, on this campus where there are several."""
        key = (name, campus_id)
        if key not in self._found:
            campus = self._tree.unit(campus_id).name if campus_id else ""
            unit = self._tree.find(name, campus)
            known = unit is not None and unit.kind not in ("group", "campus", "clinic")
            self._found[key] = unit.id if unit is not None and known else None
        return self._found[key]


def _facts(
    row: "asyncpg.Record",
    links: "list[asyncpg.Record]",
    keys: "list[asyncpg.Record]",
    units: _Units,
    named: frozenset[int],
) -> Facts:
    confirmed = [link for link in links if link["state"] == "confirmed"]
    departments = {units.find(name, row["campus_id"]) for name in row["departments"]} | set(row["worked"])
    own = {row["caller_phone_hash"], row["contact_phone_hash"]} - {None}
    occurred, received = row["occurred_at"], row["dispatched_at"] or row["received_at"]
    return Facts(
        case_id=row["id"],
        received_on=clock.local(received).date(),
        occurred_on=clock.local(occurred).date() if occurred else None,
        phones=frozenset(own | {key["key"] for key in keys if key["kind"] == "phone"}),
        ids=frozenset(key["key"] for key in keys if key["kind"] == "id"),
        name="" if row["anonymous"] else row["caller_name"],
        gender=row["caller_gender"],
        patient_name=row["patient_name"],
        patient_number=row["patient_number"],
        visits=frozenset(link["visit_id"] for link in confirmed),
        patients=frozenset(link["patient_id"] for link in confirmed),
        likely=frozenset(link["patient_id"] for link in links if link["state"] == "proposed"),
        departments=frozenset(unit for unit in departments if unit is not None),
        named=named,
        grams=grams_of(f"{row['title']}\n{row['content']}"),
    )
