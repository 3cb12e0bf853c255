"""The auditor over the sample's petitions and feedback: what the verbs of these kinds leave behind is as it should be."""

from core import db
from core.actor import Door
from sample import feedback, petitions, seed
from staff import queries as staff
from staff.actors import actor_of
from staff.roles import Role
from tickets.auditing import checks
from wiring import wire


async def test_nothing_is_wrong_with_petitions_and_feedback_in_every_state(database: str) -> None:
    wire()
    await seed(password="Sample#2026")
    found = [(await staff.holders(1, role))[0] for role in (Role.CENTRE_STAFF, Role.CENTRE_HEAD)]
    centre, chief = [await actor_of(person.id, Door.WEB) for person in found]
    async with db.transaction():
        await petitions.tell(centre, chief)
        await feedback.tell(centre, chief)
    await db.execute("update job set state = 'done' where kind = 'clocks.recount'")
    seen = await checks.look()
    assert [(finding.wrong, finding.subject, finding.note) for finding in seen.findings] == []
    assert seen.clocks > 20
