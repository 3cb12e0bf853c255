"""What secret cases leave in the machine's own books, the audit log and the raw bodies, and who may read it there.

Whoever keeps these books need not be cleared for what stands in them, and may belong to the accused themselves.
Gives conditions and ids; changes nothing.
"""

from collections.abc import Collection

from core import db
from core.actor import Actor
from tickets.queries import secrecy
from tickets.queries.values import Values

# The secret case an audit line is about, as `sc`; there are few, and their index holds nothing else.
_ABOUT = """left join lateral (
    select sc.* from cases sc where sc.secret and sc.id = case a.subject
        when 'case' then a.subject_id
        when 'ticket' then (select t.case_id from ticket t where t.id = a.subject_id)
        when 'room' then (
            select t.case_id from room r join ticket t on r.subject = 'ticket:' || t.id where r.id = a.subject_id
        )
        when 'case_report' then (select p.case_id from case_report p where p.id = a.subject_id)
        when 'inbound' then (
            select c.id from inbound i join cases c on c.secret
                and (c.inbound_id = i.id or starts_with(i.external_id, c.external_no || '#'))
            where i.id = a.subject_id limit 1
        )
    end
) sc on true"""


def of_audit(by: Actor, values: Values) -> tuple[str, str, str]:
    """For a statement on `audit a`: a join, a condition that leaves out what this person must not know of at all, and

    an expression that is true where they may know that there is something, but not what.
    """
    barred = secrecy.barred_condition(by, values, "sc")
    whole = secrecy.condition(by, values, "sc", whole=True)
    return _ABOUT, f"(sc.id is null or not {barred})", f"(sc.id is not null and not {whole})"


async def hidden_bodies(inbound_ids: Collection[int], by: Actor) -> set[int]:
    """Those of the raw bodies from which secret cases came, first or as an update, that this person may not read."""
    values = Values()
    rows = await db.fetch(
        "select i.id from inbound i join cases c on c.secret"  # noqa: S608
        " and (c.inbound_id = i.id or starts_with(i.external_id, c.external_no || '#'))"
        f" where i.id = any({values.arg(list(inbound_ids))}::bigint[])"
        f" and not {secrecy.condition(by, values, whole=True)}",
        *values,
    )
    return {row["id"] for row in rows}
