"""Who looked at a patient: lines of the audit log about the person, for those who may know. Writes none; doors do."""

from dataclasses import dataclass
from datetime import datetime

import orjson

from core import db
from core.actor import Actor, Permission
from patients import queries
from patients.profile_timeline import Person
from staff.roles import LABELS

WORDS = {
    "patient.view": "打开档案",
    "patient.open_guarded": "打开受保护的档案",
    "patient.record": "查看就诊或报告",
    "patient.reveal": "查看完整信息",
    "patient.consent": "登记同意或拒绝",
    "patient.consent_proof": "查看同意书扫描件",
    "survey.reveal": "查看答卷中的个人信息",
    "patient.correct": "更正信息",
    "patient.correct_visit": "更正就诊",
    "patient.flag": "添加标记",
    "patient.unflag": "取消标记",
    "patient.add_contact": "添加联系人",
    "patient.mark_contact": "标记联系方式",
}
MOST = 100


@dataclass(frozen=True, slots=True)
class Look:
    """One look: who, when, from where, at what, and the reason where one was asked."""

    at: datetime
    who: str
    role: str
    address: str
    what: str
    reason: str
    refused: bool


async def looks(who: Person, by: Actor) -> list[Look]:
    """The newest looks at a person.

    Raises:
        Forbidden, NotFound: not permitted to know, or out of reach.
    """
    await queries.in_reach(who.id, by, Permission.PATIENT_LOOKS)
    rows = await db.fetch(
        "select at, actor_name, role, address, action, detail, result from audit where subject = 'patient'"
        " and subject_id = any($1::bigint[]) and actor_kind = 'staff' order by at desc limit $2",
        list(who.records),
        MOST,
    )
    return [
        Look(
            row["at"],
            row["actor_name"],
            "、".join(LABELS.get(role, role) for role in row["role"].split(",") if role),
            row["address"],
            WORDS.get(row["action"], row["action"]),
            str(orjson.loads(row["detail"]).get("reason", "")),
            row["result"] != "ok",
        )
        for row in rows
    ]
