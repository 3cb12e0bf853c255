"""Proposes that two cases are one matter, with points and reasons; a person decides, and nothing decided is touched.

Runs when a case came or was changed, and when somebody asks for it. Writes proposals only.
"""

from core import db
from tickets.matters import candidates, facts, keys
from tickets.matters.likeness import Likeness, rank
from tickets.models import Case

MOST_PROPOSED = 5


async def propose(case: Case) -> tuple[Likeness, ...]:
    """Write the best proposals for a case; what a person has decided already is left alone. They are given back."""
    await keys.learn(case)
    found = await likest(case)
    await db.executemany(
        "insert into matter_proposal (case_id, other_id, points, reasons) values ($1, $2, $3, $4)"
        " on conflict (case_id, other_id) do update set points = excluded.points, reasons = excluded.reasons"
        " where matter_proposal.state = 'proposed'",
        [
            (max(case.id, each.case_id), min(case.id, each.case_id), each.points, list(each.reasons))
            for each in found
        ],
    )
    return found


async def likest(case: Case) -> tuple[Likeness, ...]:
    """The cases likest to this one, of those that are open or were closed a short while ago; writes nothing."""
    wanted = await candidates.of(case)
    if not wanted.ids:
        return ()
    named = {case.id: wanted.named, **dict.fromkeys(wanted.naming, frozenset({case.id}))}
    loaded = await facts.load({*wanted.ids, case.id}, named)
    own = loaded.pop(case.id)
    return rank(own, loaded.values(), MOST_PROPOSED)
