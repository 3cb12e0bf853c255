"""A questionnaire with a question of every kind, in Chinese and English, and somebody who is asked it."""

from datetime import date
from io import BytesIO
from typing import Any

from PIL import Image

from core import crypto, db
from surveys import asks, pictures
from surveys.definition import Definition
from surveys.questionnaires.queries import Version
from surveys.questions import KINDS
from tests.surveys.responses_stage import HOUSE, publish

YES_NO = [{"code": "yes", "label": "有"}, {"code": "no", "label": "没有"}]
GOODNESS = [
    {"code": "good", "label": "满意", "score": "5"},
    {"code": "fair", "label": "一般", "score": "3"},
    {"code": "bad", "label": "不满意", "score": "1"},
]
PARTS = [
    {"code": "clean", "label": "病房整洁"},
    {"code": "quiet", "label": "夜间安静"},
    {"code": "food", "label": "饭菜可口"},
]
# kind → what the question says beside its code, which is its kind
QUESTIONS: dict[str, dict[str, Any]] = {
    "paragraph": {"title": "填写说明", "text": "以下题目各只占几秒，可以随时停下，稍后接着填。"},
    "single": {"title": "这次住院前有没有先打电话问过", "options": YES_NO, "required": True},
    "multiple": {
        "title": "哪些地方做得好",
        "options": [
            {"code": "talk", "label": "讲解病情"},
            {"code": "skill", "label": "打针技术"},
            {"code": "other", "label": "其他", "other": True},
            {"code": "none", "label": "都没有", "exclusive": True},
        ],
    },
    "dropdown": {"title": "从哪里知道我们医院", "options": GOODNESS},
    "stars": {"title": "给责任护士打星", "stars": 5},
    "scale": {
        "title": "医生的解释清楚吗",
        "low": 1,
        "high": 5,
        "low_label": "很不清楚",
        "high_label": "很清楚",
        "required": True,
    },
    "nps": {"title": "您有多大可能向亲友推荐我院"},
    "blank": {"title": "您的主管医生姓名"},
    "blanks": {
        "title": "您住在",
        "blanks": [{"code": "ward", "label": "病区"}, {"code": "bed", "label": "床号"}],
    },
    "number": {"title": "今天早晨的体温", "low": "34", "high": "43", "places": 1, "unit": "℃"},
    "date": {"title": "哪一天办的入院"},
    "long_text": {"title": "还想对我们说的话", "hint": "表扬、批评、建议都可以"},
    "matrix": {"title": "病区环境", "rows": PARTS, "options": GOODNESS},
    "ranking": {"title": "最希望先改进的两项", "rows": PARTS, "most": 2},
    "picture": {"title": "院区平面图", "text": "从南门到住院楼的路线"},
    "picture_choice": {"title": "您在哪一处等得最久", "options": [dict(one) for one in GOODNESS[:2]]},
    "pain": {"title": "现在有多疼"},
    "body_map": {"title": "哪里不舒服", "sides": "both"},
    "phone": {"title": "方便联系您的电话"},
    "file": {"title": "有照片可以传给我们", "most": 2},
    "signature": {"title": "请签名"},
}
PATIENT, NUMBER = "P-every", "990000195001010013"


def definition(picture: str) -> dict[str, Any]:
    """The definition; every text has an English one, made of the place where it stands."""
    assert set(QUESTIONS) == set(KINDS)
    items: list[dict[str, Any]] = [{"kind": kind, "code": kind, **more} for kind, more in QUESTIONS.items()]
    for item in items:
        if item["kind"] == "picture":
            item["picture"] = picture
        if item["kind"] == "picture_choice":
            item["options"] = [{**one, "picture": picture} for one in item["options"]]
    raw: dict[str, Any] = {
        "title": "住院患者体验（各题型）",
        "intro": "请按您的实际感受填写，约 3 分钟。",
        "pages": [{"items": items}],
    }
    texts = Definition.model_validate(raw).texts()
    english = {place: "English " + place.replace(":", " ").replace(".", " ") for place in texts}
    return {**raw, "languages": {"en": english}}


async def published() -> Version:
    """The questionnaire, answered from now on."""
    return await publish(definition(str(await pictures.keep("路线.png", _drawn(), by=HOUSE))))


def _drawn() -> bytes:
    target = BytesIO()
    Image.new("RGB", (320, 240), (210, 226, 240)).save(target, "PNG")
    return target.getvalue()


async def patient() -> int:
    """Somebody registered who lies in the first ward there is; with the medical card `PATIENT`."""
    found: int | None = await db.fetchval("select id from patient where number = $1", PATIENT)
    if found is not None:
        return found
    ring = crypto.key_ring()
    made: int = await db.fetchval(
        "insert into patient (number, name, gender, born_on, phone, phone_hash, id_number, id_hash)"
        " values ($1, '郑测庚', '男', $2, $3, $4, $5, $6) returning id",
        PATIENT,
        date(1950, 1, 1),
        ring.encrypt("13800000051", "patient.phone"),
        crypto.search_hash("13800000051"),
        ring.encrypt(NUMBER, "patient.id_number"),
        crypto.search_hash(NUMBER),
    )
    return made


async def asked(version: Version, **more: Any) -> asks.Ask:
    """The patient is asked this questionnaire."""
    return await asks.create(version.questionnaire_id, by=HOUSE, patient_id=await patient(), **more)
