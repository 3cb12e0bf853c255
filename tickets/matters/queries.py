"""Which cases belong together: the members of a matter, what is merged into what, who is meant by a number.

`merged` is the one condition by which others leave merged cases out: they neither escalate (tickets/escalation.py,
tickets/auditing) nor count twice (reports). While `cases.merged_into` is set

* no row of `due` waits for any of the case's clocks, running as they are, and none may be written;
* its limits are watched by the clock of kind "merged" of the main case (tickets/matters/watching.py);
* `cases.due_at` is null.

Writes nothing.
"""

import re
from collections.abc import Collection

from core import db
from core.actor import Actor
from core.errors import Fault, Invalid, NotFound
from tickets.models import Case
from tickets.queries import access
from tickets.sources.matter_steps import BEFORE_REPLY

_OURS = re.compile(r"#?(?:(?P<day>20[0-9]{6})-)?(?P<id>[0-9]{1,12})")


def merged(alias: str = "c") -> str:
    """The SQL condition on `cases` under this alias that a case is merged into another."""
    return f"{alias}.merged_into is not null"


async def named(text: str, by: Actor, field: str) -> Case:
    """The case of this number (20261121-12, 12, or the sender's), if this person may see it.

    Raises:
        Invalid: there is none, or none for this person; names the field.
    """
    wanted = text.strip()
    ids = [
        row["id"]
        for row in await db.fetch("select id from cases where external_no = $1 order by id desc", wanted)
    ]
    if match := _OURS.fullmatch(wanted):
        ids.append(int(match["id"]))
    for case_id in ids:
        try:
            found = await access.case(case_id, by)
        except NotFound:
            continue
        if match is None or match["day"] is None or found.number == wanted.lstrip("#"):
            return found
    reason = f"没有找到编号为“{wanted}”的诉求，或您无权查看"
    raise Invalid(reason, details=[Fault(field=field, label="诉求编号", reason=reason, value=wanted[:60])])


async def members(matter_id: int | None) -> list[int]:
    """The cases of a matter, the first that came first; nobody's matter has none."""
    if matter_id is None:
        return []
    rows = await db.fetch("select id from cases where matter_id = $1 order by received_at, id", matter_id)
    return [row["id"] for row in rows]


async def merged_into(main_id: int, *, held: bool = False) -> list[Case]:
    """The cases merged into this one, by id; with `held` only those that wait for its reply. Not locked."""
    found = Case.filter(merged_into=main_id)
    if held:
        found = found.filter(state__in=list(BEFORE_REPLY))
    return await found.order_by("id")


async def lock_merged(main_id: int) -> list[Case]:
    """The cases merged into this one, locked by id; the caller holds the main case's lock already, always."""
    return await Case.select_for_update().filter(merged_into=main_id).order_by("id")


async def lock(case_ids: Collection[int]) -> dict[int, Case]:
    """Cases locked in the order in which every verb of matters locks: main cases first, then by id."""
    rows = await db.fetch(
        "select id from cases where id = any($1::bigint[]) order by merged_into is not null, id",
        list(case_ids),
    )
    return {row["id"]: await Case.select_for_update().get(id=row["id"]) for row in rows}
