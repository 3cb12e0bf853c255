"""Where each field of a patient comes from: which link said it when, or who corrected it, when and why; values masked.

Reads only. What a field says follows `patients.folding` and `patients.corrections`, as the row does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from core import crypto, db
from core.actor import Actor, Permission
from core.errors import NotFound
from core.masks import mask_address, mask_id, mask_phone
from patients import corrections, facts, guarding, queries
from patients.folding import Fact, told
from patients.said import PatientSaid

SEALED = {"phone": mask_phone, "id_number": mask_id, "address": mask_address}
GONE = "医院系统（原消息已过保留期）"


@dataclass(frozen=True, slots=True)
class Origin:
    """A field: what it says, who corrected it (`by` is "" for nobody), and what a feed said of it last, if any did."""

    field: str
    label: str
    value: str
    by: str = ""
    at: datetime | None = None
    reason: str = ""
    link: str = ""
    told_at: datetime | None = None
    told: str = ""
    differs: bool = False  # corrected, and the feed says otherwise


async def origins(patient_id: int, by: Actor) -> list[Origin]:
    """Every field that may be corrected, in the order of the form.

    Raises:
        Forbidden, NotFound: not permitted, or out of reach.
    """
    await queries.in_reach(patient_id, by, Permission.PATIENT_MAINTAIN)
    await guarding.check(patient_id, by)
    row = await db.fetchrow(
        f"select number, {', '.join(corrections.LABELS)} from patient where id = $1",  # noqa: S608 - our own names
        patient_id,
    )
    if row is None:
        raise NotFound("没有这位患者，或您无权查看")
    corrected = await corrections.listed(patient_id)
    said = _last(await facts.with_links(PatientSaid, row["number"]))
    ring = crypto.key_ring()
    found = []
    for field, label in corrections.LABELS.items():
        value = row[field]
        if field in SEALED and value:
            value = ring.decrypt(value, f"patient.{field}")
        mended = corrected.get(field)
        link, fact, words = said.get(field, ("", None, None))
        found.append(
            Origin(
                field,
                label,
                _shown(field, value),
                mended.by if mended else "",
                mended.at if mended else None,
                mended.reason if mended else "",
                link,
                fact.at if fact else None,
                _shown(field, words) if fact else "",
                mended is not None and fact is not None and _plain(words) != _plain(value),
            )
        )
    return found


Told = tuple[str, Fact[PatientSaid] | None, object]


def _last(facts_of_one: Sequence[tuple[str, Fact[PatientSaid]]]) -> dict[str, Told]:
    """What was said last of each field and by whom; words in passing where nobody else spoke, the earliest of them."""
    ordered = sorted(facts_of_one, key=lambda pair: pair[1].order)
    weak = [pair for pair in ordered if pair[1].said.weak]
    strong = [pair for pair in ordered if not pair[1].said.weak]
    found: dict[str, Told] = {}
    for link, fact in [*weak[::-1], *strong]:
        for name, value in told(fact.said):
            found[name] = (link or GONE, fact, value)
    return found


def _plain(value: object) -> str:
    return "" if value in (None, False, "（未登记姓名）", "未知") else str(value)


def _shown(field: str, value: object) -> str:
    if field == "deceased":
        return "是" if value else "否"
    if isinstance(value, date):
        return value.isoformat()
    text = str(value or "")
    return SEALED[field](text) if field in SEALED and text else text
