"""What an analysis of patients is asked for (PT-9): a value read from the query of an address, and put into words.

Counts nothing; whether a viewer may ask for a part (cases, questionnaires) is decided where it is counted.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from core import clock, db, filters
from core.errors import Fault
from core.filters import ListFilter
from patients.rows import KIND_LABELS, VisitKind
from patients.search import FLAG_WORDS, Flags
from staff import queries as staff
from surveys.responses.calling import OUTCOME_LABELS, CallOutcome
from tickets.sources import SOURCES

LONGEST = 3 * 366  # days of a period
USUAL = 90
MOOD = ("满意", "基本满意", "不满意")
HAS = {"with": "有诉求", "open": "有未办结诉求", "without": "没有诉求"}
ANSWERED = {"yes": "填写过问卷", "no": "没有填写过问卷"}
NPS = {"promoter": "推荐者（9—10 分）", "passive": "中立者（7—8 分）", "detractor": "贬损者（0—6 分）"}
GENDERS = ("男", "女", "未知")
TYPES = tuple(dict.fromkeys(name for one in SOURCES.values() for name in one.appeal_types))
SOURCE_WORDS = {name: one.label for name, one in SOURCES.items()}
CALL_WORDS = {outcome.value: word for outcome, word in OUTCOME_LABELS.items()}


def _type(text: str) -> str:
    if text not in TYPES:
        raise ValueError("没有这个类型")
    return text


def _source(text: str) -> str:
    if text not in SOURCES:
        raise ValueError("没有这种诉求")
    return text


Id = Annotated[int, Field(gt=0, lt=2**63)]
Age = Annotated[int, Field(ge=0, le=150)]
Points = Annotated[Decimal, Field(max_digits=10, decimal_places=4)]


class Wanted(ListFilter):
    """Which patients: those with visits in the period that meet every part; of a part with several, any of them.

    `times` is the least number of such visits. Ages are of today. `has`, `source`, `type`, `category`, `topic`, `mood` look
    at all cases of the person, and one case must meet them all; `category` is the beginning of a path, `topic` a category of
    feedback with all below it. `score` is "questionnaire:key": a score of that questionnaire, or of one of its dimensions,
    between `low` and `high`, in any of the person's answers; `nps` the group their answer to a question of recommendation
    puts them into; `call` what came of any call that asked them.
    """

    since: date = Field(title="就诊日期起", default_factory=lambda: clock.today() - timedelta(days=USUAL))
    until: date = Field(title="就诊日期止", default_factory=clock.today)
    kind: tuple[VisitKind, ...] = Field(default=(), title="就诊类别")
    unit: Id | None = Field(default=None, title="科室")
    diagnosis: str = Field(default="", title="诊断含", max_length=60)
    doctor: str = Field(default="", title="医生", max_length=40)
    times: Annotated[int, Field(ge=1, le=999)] = Field(default=1, title="就诊次数不少于")
    gender: tuple[Literal["男", "女", "未知"], ...] = Field(default=(), title="性别")
    youngest: Age | None = Field(default=None, title="年龄不小于")
    oldest: Age | None = Field(default=None, title="年龄不大于")
    flag: Flags = Field(default=(), title="带有标记")
    free: Flags = Field(default=(), title="排除标记")
    has: Literal["", "with", "open", "without"] = Field(default="", title="诉求")
    source: tuple[Annotated[str, BeforeValidator(_source)], ...] = Field(default=(), title="诉求种类")
    type: tuple[Annotated[str, BeforeValidator(_type)], ...] = Field(default=(), title="诉求类型")
    category: str = Field(default="", title="问题分类", max_length=200)
    topic: Id | None = Field(default=None, title="反馈分类")
    mood: tuple[Literal["满意", "基本满意", "不满意"], ...] = Field(default=(), title="回访结果")
    answered: Literal["", "yes", "no"] = Field(default="", title="问卷")
    score: str = Field(default="", title="得分项", pattern=r"^([1-9][0-9]{0,17}:[a-z][a-z0-9_]{0,39})?$")
    low: Points | None = Field(default=None, title="得分不低于")
    high: Points | None = Field(default=None, title="得分不高于")
    nps: tuple[Literal["promoter", "passive", "detractor"], ...] = Field(default=(), title="推荐意愿")
    call: tuple[CallOutcome, ...] = Field(default=(), title="电话访问结果")

    @model_validator(mode="after")
    def _in_order(self) -> "Wanted":
        if self.since > self.until:
            raise ValueError("起始日期晚于截止日期")
        if (self.until - self.since).days > LONGEST:
            raise ValueError("一次最多分析三年")
        return self

    def pairs(self) -> list[tuple[str, str]]:
        """The parts that are given; the period always, because what is usual moves with the day."""
        period = [("since", self.since.isoformat()), ("until", self.until.isoformat())]
        return period + [pair for pair in super().pairs() if pair[0] not in ("since", "until")]


MANY = frozenset({"kind", "gender", "flag", "free", "source", "type", "mood", "nps", "call"})
OF_CASES = ("source", "type", "category", "topic", "mood")
OF_SURVEYS = ("answered", "score", "nps", "call")


def read(
    pairs: Iterable[tuple[str, str]], units: Collection[int] | None = None
) -> tuple[Wanted, tuple[Fault, ...]]:
    """The conditions of an address, and what was left out of them because it makes no sense."""
    said = {"score": "没有这个得分项"}
    found, faults = filters.checked(Wanted, filters.given(pairs, Wanted.model_fields, MANY), label, said)
    if units is not None and found.unit is not None and found.unit not in units:
        faults.append(Fault(field="unit", label=label("unit"), reason="没有这个科室", value=str(found.unit)))
        found = found.model_copy(update={"unit": None})
    for name in ("low", "high") if not found.score else ():
        if (value := getattr(found, name)) is not None:
            faults.append(Fault(field=name, label=label(name), reason="请同时选择得分项", value=str(value)))
            found = found.model_copy(update={name: None})
    return found, tuple(faults)


def label(name: str) -> str:
    """What a condition is called."""
    return filters.title(Wanted, name)


async def spoken(wanted: Wanted) -> list[tuple[str, str]]:
    """The conditions in words, (label, value)."""
    tree = await staff.tree()
    words: dict[str, Mapping[str, str]] = {
        "kind": {kind.value: word for kind, word in KIND_LABELS.items()},
        "flag": FLAG_WORDS,
        "free": FLAG_WORDS,
        "has": HAS,
        "answered": ANSWERED,
        "source": SOURCE_WORDS,
        "nps": NPS,
        "call": CALL_WORDS,
    }
    found = []
    for name, text in wanted.pairs():
        said = words.get(name, {}).get(text, text)
        if name == "unit":
            said = tree.label(int(text))
        elif name == "topic":
            said = await db.fetchval("select name from feedback_category where id = $1", int(text)) or text
        elif name == "score":
            said = dict(await scores([int(text.partition(":")[0])])).get(text, text)
        found.append((label(name), said))
    return found


async def scores(questionnaires: Collection[int] | None = None) -> list[tuple[str, str]]:
    """The scores of questionnaires that were ever published (of these alone), "id:key" and words: 住院体验 · 护理."""
    rows = await db.fetch(
        "select distinct on (q.title, q.id, rule ->> 'key') q.id, q.title, rule ->> 'key' as key,"
        " coalesce(nullif(rule ->> 'label', ''), rule ->> 'key') as word from questionnaire q"
        " join questionnaire_version v on v.questionnaire_id = q.id,"
        " jsonb_array_elements(v.body -> 'scores') as rule"
        " where $1::bigint[] is null or q.id = any($1) order by q.title, q.id, rule ->> 'key', v.number desc",
        None if questionnaires is None else list(questionnaires),
    )
    return [(f"{row['id']}:{row['key']}", f"{row['title']} · {row['word']}") for row in rows]
