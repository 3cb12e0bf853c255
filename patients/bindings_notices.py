"""What a person says on the patient side about being reached: yes or no by purpose and way, as lines of consent.

《个人信息保护法》 Art. 15: withdrawn as easily as given. A child's is said by the guardian its account belongs to. Lines
are added, never changed; whether somebody may be reached `patients.consent` decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from core import audit, clock, db
from core.actor import Actor
from core.errors import Invalid
from patients import bindings
from patients.bindings import RELATIONS, Relation
from patients.consent import CHANNELS, CHILD, PURPOSES, Channel, Purpose, Way, age, may_reach, wordings

Wanted = Mapping[tuple[Purpose, Channel], bool]


@dataclass(frozen=True, slots=True)
class Notice:
    """A purpose as the page shows it: its words, and for each way whether one may be reached now."""

    purpose: Purpose
    label: str
    text: str
    may: Mapping[Channel, bool]


async def of_patient(patient_id: int) -> list[Notice]:
    """Each purpose with its words and what holds now."""
    known = await wordings()
    return [
        Notice(
            purpose,
            label,
            known[purpose].text if purpose in known else "",
            {channel: bool(await may_reach(patient_id, purpose, channel)) for channel in CHANNELS},
        )
        for purpose, label in PURPOSES.items()
    ]


async def say(patient_id: int, account_id: int | None, wanted: Wanted, *, by: Actor) -> int:
    """Write down what differs from what holds now; how many lines.

    Raises:
        Invalid: a child below 14 is spoken for by nobody who may.
    """
    born_on = await db.fetchval("select born_on from patient where id = $1", patient_id)
    said_by, relation = await _speaker(patient_id, account_id)
    if born_on is not None and age(born_on) < CHILD and not relation:
        raise Invalid("就诊人不满 14 周岁，请由监护人登录后设置")
    known, now, changed = await wordings(), clock.now(), 0
    async with db.transaction():
        for (purpose, channel), given in wanted.items():
            if bool(await may_reach(patient_id, purpose, channel)) == given:
                continue
            await db.execute(
                "insert into consent (patient_id, purpose, channel, given, at, way, wording_id, proof, said_by,"
                " relation, recorded_by, recorded_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $5)",
                patient_id,
                purpose,
                channel,
                given,
                now,
                Way.PORTAL,
                known[purpose].id if given else None,
                "本人登录患者端勾选",
                said_by,
                relation,
                by.name,
            )
            changed += 1
        if changed:
            await audit.record(
                by,
                "patient.consent",
                "patient",
                patient_id,
                way=Way.PORTAL,
                lines=changed,
                guardian=bool(relation),
            )
    return changed


async def _speaker(patient_id: int, account_id: int | None) -> tuple[str, str]:
    """Who speaks for the patient: ("", "") themselves, else the holder of the account and the relation."""
    bound = await bindings.of_account(account_id) if account_id is not None else []
    here = next((one for one in bound if one.patient_id == patient_id), None)
    if here is None or here.relation is Relation.SELF:
        return "", ""
    oneself = next((one.name for one in bound if one.relation is Relation.SELF), "绑定账号持有人")
    kin = (
        "监护人"
        if here.under_age
        else {Relation.CHILD: "父母", Relation.PARENT: "子女"}.get(here.relation, RELATIONS[here.relation])
    )
    return oneself, kin
