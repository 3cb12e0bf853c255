"""A questionnaire with everything that can go wrong in one, published, and a patient with a visit who is asked."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from core import db
from core.actor import Actor, ActorKind, Door, system
from core.db import transaction
from staff.queries import forget_tree
from surveys import asks
from surveys.asks import Ask
from surveys.definition import Definition
from surveys.questionnaires import queries, rows
from surveys.questionnaires.kinds import Kind
from surveys.questionnaires.queries import Version
from surveys.responses.drafting import Opening
from surveys.responses.rows import Channel
from surveys.responses.submitting import Submission

HOUSE = system("测试")
PATIENT = Actor(ActorKind.PATIENT, None, "填写人", Door.WEB)
UNITS = (
    (1, None, "/1/", "group", "示范医院集团"),
    (2, 1, "/1/2/", "campus", "东院区"),
    (3, 2, "/1/2/3/", "department", "心血管内科"),
    (4, 3, "/1/2/3/4/", "ward", "心内科一病区"),
    (5, 1, "/1/5/", "campus", "西院区"),
    (6, 5, "/1/5/6/", "department", "普外科"),
)
DEFINITION: dict[str, Any] = {
    "title": "住院患者满意度",
    "intro": "请按您的实际感受填写。",
    "pages": [
        {
            "items": [
                {"kind": "scale", "code": "nurse", "title": "护士的讲解清楚吗", "required": True},
                {
                    "kind": "single",
                    "code": "pain",
                    "title": "住院期间是否感到疼痛",
                    "required": True,
                    "options": [
                        {"code": "yes", "label": "是", "score": "1"},
                        {"code": "no", "label": "否", "score": "0"},
                    ],
                },
                {
                    "kind": "scale",
                    "code": "relief",
                    "title": "疼痛处理是否及时",
                    "required": True,
                    "show_if": {"op": "eq", "args": [{"q": "pain"}, {"code": "yes"}]},
                },
            ]
        },
        {
            "items": [
                {
                    "kind": "matrix",
                    "code": "ward",
                    "title": "病区环境",
                    "rows": [
                        {"code": "clean", "label": "整洁"},
                        {"code": "quiet", "label": "安静"},
                        {"code": "signs", "label": "标识"},
                        {"code": "food", "label": "饭菜"},
                    ],
                    "options": [
                        {"code": "good", "label": "满意", "score": "5"},
                        {"code": "fair", "label": "一般", "score": "3"},
                        {"code": "bad", "label": "不满意", "score": "1"},
                    ],
                },
                {"kind": "long_text", "code": "wish", "title": "您的建议"},
                {"kind": "phone", "code": "phone", "title": "联系电话"},
            ]
        },
    ],
    "scores": [
        {
            "key": "nursing",
            "label": "护士沟通",
            "questions": ["nurse", "relief"],
            "to_100": {"low": "1", "high": "5"},
        },
        {"key": "ward", "label": "环境", "questions": ["ward"], "method": "sum", "min_answered": 2},
    ],
}
WHOLE: dict[str, dict[str, Any]] = {
    "nurse": {"n": "4"},
    "pain": {"c": ["yes"]},
    "relief": {"n": "5"},
    "ward": {"m": {"clean": ["good"], "quiet": ["fair"], "signs": ["good"], "food": ["bad"]}},
    "wish": {"t": "夜里再安静一些"},
    "phone": {"t": "13800000001"},
}


@dataclass(frozen=True)
class Stage:
    """What stands in the database."""

    version: Version
    patient_id: int
    visit_id: int

    @property
    def questionnaire_id(self) -> int:
        """The questionnaire."""
        return self.version.questionnaire_id

    async def ask(self, **more: Any) -> Ask:
        """The patient is asked about the visit."""
        return await asks.create(
            self.questionnaire_id, by=HOUSE, patient_id=self.patient_id, visit_id=self.visit_id, **more
        )

    def opening(self, ask: Ask | None = None, **more: Any) -> Opening:
        """A response that begins: asked, or by nobody's door."""
        given = {"channel": Channel.SMS if ask else Channel.WEB, "ask": ask, "id": uuid4()} | more
        return Opening(questionnaire_id=self.questionnaire_id, **given)

    def whole(self, opening: Opening, **more: Any) -> Submission:
        """Everything answered at once."""
        return Submission(opening.id, PATIENT, WHOLE | more, opening=opening)


async def publish(definition: dict[str, Any], *, to: int | None = None, migrates: bool = False) -> Version:
    """A questionnaire that is answered from now on, or the next version of one."""
    made = Definition.model_validate(definition)
    async with transaction():
        one = to if to is not None else await rows.insert(Kind.INPATIENT, made, HOUSE)
        version_id = await rows.insert_version(one, made, HOUSE, migrates=migrates)
        await rows.put_in_force(one, version_id)
    return await queries.version(version_id)


async def build() -> Stage:
    """Write it into the open database."""
    for unit in UNITS:
        await db.execute(
            "insert into org_unit (id, parent_id, path, kind, name) values ($1, $2, $3, $4, $5)", *unit
        )
    await forget_tree()
    patient_id = await db.fetchval(
        "insert into patient (number, name, gender, born_on) values ('99000001', '张测试', '女', '1960-05-01') returning id"
    )
    visit_id = await db.fetchval(
        "insert into visit (patient_id, kind, number, unit_id, ward_id, start_on, end_on, doctor)"
        " values ($1, 'inpatient', 'ZY990001', 3, 4, '2026-11-01', '2026-11-08', '王大夫') returning id",
        patient_id,
    )
    return Stage(await publish(DEFINITION), patient_id, visit_id)


async def row(response_id: UUID) -> dict[str, Any]:
    """A response as it stands."""
    found = await db.fetchrow("select * from response where id = $1", response_id)
    assert found is not None
    return dict(found)
