"""What the auditor of deadlines has to say, told to whoever is on duty: the daily proof, and its alarms at once.

On duty are the people a parameter names by number, else the heads of the centre. Writes message rows only.
"""

from bot.places import staff_receiver
from channels import actions as channels
from channels.drafts import Draft, Lane
from core import clock, db, parameters
from staff import queries as staff
from staff.queries import Person
from staff.roles import Role
from tickets.auditing import queries
from tickets.auditing.proof import DUTY
from tickets.events import AuditorAlarmed, ProofMade


async def on_duty() -> list[Person]:
    """Who gets the proof and the alarms, each once."""
    named = str(await parameters.value(DUTY)).replace("，", ",").replace("、", ",").split(",")
    people = [await staff.by_number(number.strip()) for number in named if number.strip()]
    found = {person.id: person for person in people if person is not None}
    if found:
        return list(found.values())
    for unit in (await staff.tree()).units:
        if unit.kind in ("group", "campus"):
            found |= {person.id: person for person in await staff.holders(unit.id, Role.CENTRE_HEAD)}
    return list(found.values())


async def told(event: ProofMade) -> None:
    """The proof of the day."""
    text = await db.fetchval("select text from auditor_proof where day = $1::text::date", event.day)
    for person in await on_duty():
        await channels.send(
            Draft(
                key=f"proof:{event.day}:{person.id}",
                purpose="auditor.proof",
                subject=f"proof:{event.day}",
                receiver=staff_receiver(person),
                text=text,
            )
        )


async def alarmed(event: AuditorAlarmed) -> None:
    """Something a person must look at, at any hour."""
    found = await queries.one(event.round_id)
    if found is None:
        return
    what = "；".join(f"{kind.label} {kind.found} 处" for kind in found.kinds)
    text = (
        f"时限审计报警：{found.alarm}\n"
        f"{clock.local(found.started_at):%m-%d %H:%M} 核对 {found.clocks} 个时钟，"
        f"发现 {found.found} 处问题，已补写 {found.repaired} 处{f'（{what}）' if what else ''}。\n"
        "请信息科打开“运行状况”查看。"
    )
    for person in await on_duty():
        await channels.send(
            Draft(
                key=f"auditor-alarm:{event.round_id}:{person.id}",
                purpose="auditor.alarm",
                subject=f"auditor:{event.round_id}",
                receiver=staff_receiver(person),
                lane=Lane.URGENT,
                text=text,
            )
        )
