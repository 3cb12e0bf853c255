"""The door to completed responses for staff, with data scope: by the unit or ward where the visit was.

A response of no department is seen by whoever may see all. Personal answers are opened by `one` alone and come masked.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from core import clock, db
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from core.masks import mask_name
from patients.rows import KIND_LABELS
from staff import queries as staff
from surveys import piping
from surveys.answers import Answer, Shape
from surveys.logic import Value
from surveys.questionnaires import queries as questionnaires
from surveys.questionnaires.queries import Version
from surveys.questions.base import parsed
from surveys.responses import knowing
from surveys.responses.quality import FLAG_LABELS
from surveys.responses.rows import CHANNEL_LABELS, COLUMNS, Channel, Response, response
from surveys.scoring import formula

PAGE = 40
CHUNK = 1000


class ResponseFilter(BaseModel):
    """What a list is narrowed to; what is None does not narrow. `unit` counts everything below it.

    `served`: that department or one below it served in a step of care, wherever the visit was; where nobody knows who
    served, the visit was there (SV-5).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    questionnaire: int | None = Field(default=None, ge=1, lt=2**63, title="问卷")
    channel: Channel | None = Field(default=None, title="渠道")
    unit: int | None = Field(default=None, ge=1, lt=2**63, title="科室")
    served: int | None = Field(default=None, ge=1, lt=2**63, title="提供服务的科室")
    kind: str | None = Field(
        default=None, pattern="^(outpatient|emergency|inpatient|exam|online)$", title="就诊类型"
    )
    flag: str | None = Field(
        default=None, pattern="^(any|none|speeding|straight_lining|burst|staff_device)$", title="质量标记"
    )
    since: date | None = Field(default=None, title="起始日期")
    until: date | None = Field(default=None, title="截止日期")
    patient: int | None = Field(default=None, ge=1, lt=2**63, title="患者")


@dataclass(frozen=True, slots=True)
class ResponseRow:
    """A line of the list; the name is masked."""

    id: UUID
    title: str
    completed_at: datetime
    channel: str
    kind: str
    unit: str
    doctor: str
    patient: str
    seconds: int
    flags: tuple[str, ...]
    scores: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Lines, the newest first, and where the next page begins."""

    rows: tuple[ResponseRow, ...]
    next: str


@dataclass(frozen=True, slots=True)
class Told:
    """One answer in the words of the screen. `files` are ids of kept files."""

    code: str
    title: str
    text: str
    seconds: int
    files: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class ScoreTold:
    """A score with the formula it was worked out by; `sha256` of rule and points."""

    label: str
    unit: str
    value: Decimal
    answered: int
    formula: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Whole:
    """One response as staff see it. `number` of the published version, also where it was put together for the visit."""

    response: Response
    version: Version
    number: int
    unit: str
    ward: str
    patient: str
    answers: tuple[Told, ...]
    dropped: tuple[str, ...]
    scores: tuple[ScoreTold, ...]
    flags: tuple[str, ...]
    edits: tuple[tuple[datetime, str], ...]
    filled_by: str


async def _reach(by: Actor) -> list[int] | None:
    scopes = by.scope(Permission.SURVEY_READ)
    if not scopes:
        raise Forbidden
    return None if "/" in scopes else list((await staff.tree()).within(scopes))


async def _where(wanted: ResponseFilter, by: Actor) -> tuple[list[str], list[Any]]:
    parts, values = ["r.state = 'completed'"], list[Any]()

    def add(part: str, value: Any) -> None:
        values.append(value)
        parts.append(part.replace("$$", f"${len(values)}"))

    units = await _reach(by)
    if units is not None:
        add("(r.unit_id = any($$::bigint[]) or r.ward_id = any($$::bigint[]))", units)
    if wanted.unit is not None:
        tree = await staff.tree()
        below = list(tree.within([tree.unit(wanted.unit).path]))
        add("(r.unit_id = any($$::bigint[]) or r.ward_id = any($$::bigint[]))", below)
    if wanted.served is not None:
        tree = await staff.tree()
        below = list(tree.within([tree.unit(wanted.served).path]))
        add(
            "(exists (select 1 from response_score w where w.response_id = r.id and w.unit_id = any($$::bigint[]))"
            " or exists (select 1 from visit_serving w where w.visit_id = r.visit_id and"
            " w.questionnaire_id = r.questionnaire_id and w.unit_id = any($$::bigint[]))"
            " or ((r.unit_id = any($$::bigint[]) or r.ward_id = any($$::bigint[])) and not exists (select 1 from"
            " visit_serving w where w.visit_id = r.visit_id and w.questionnaire_id = r.questionnaire_id)))",
            below,
        )
    plain_ones: dict[str, Any] = {
        "r.questionnaire_id = $$": wanted.questionnaire,
        "r.channel = $$": wanted.channel.value if wanted.channel else None,
        "r.visit_kind = $$": wanted.kind,
        "$$ = any(r.flags)": None if wanted.flag in ("any", "none") else wanted.flag,
        "r.completed_at >= $$": _midnight(wanted.since) if wanted.since else None,
        "r.completed_at < $$": _midnight(wanted.until + timedelta(days=1)) if wanted.until else None,
        "r.patient_id = $$": wanted.patient,
    }
    for part, value in plain_ones.items():
        if value is not None:
            add(part, value)
    if wanted.flag in ("any", "none"):
        parts.append(f"r.flags {'<>' if wanted.flag == 'any' else '='} '{{}}'")
    return parts, values


def _midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), clock.SHANGHAI)


async def page(wanted: ResponseFilter, *, by: Actor, after: str = "") -> Page:
    """A page of the list; `after` is the `next` of the page before."""
    parts, values = await _where(wanted, by)
    if (begin := _cursor(after)) is not None:
        parts.append(f"(r.completed_at, r.id) < (${len(values) + 1}, ${len(values) + 2})")
        values += begin
    rows = await db.fetch(
        "select r.id, q.title, r.completed_at, r.channel, r.visit_kind, r.unit_id, r.doctor, p.name, r.active_ms, r.flags,"  # noqa: S608 - our conditions
        " r.version_id from response r join questionnaire q on q.id = r.questionnaire_id"
        f" left join patient p on p.id = r.patient_id where {' and '.join(parts)}"
        f" order by r.completed_at desc, r.id desc limit {PAGE + 1}",
        *values,
    )
    shown = rows[:PAGE]
    scores = await _scores([row["id"] for row in shown])
    tree = await staff.tree()
    found = []
    for row in shown:
        version = await questionnaires.version(row["version_id"])
        labels = {rule.key: rule.label or rule.key for rule in version.definition.scores}
        found.append(
            ResponseRow(
                row["id"],
                row["title"],
                row["completed_at"],
                CHANNEL_LABELS[row["channel"]],
                dict(KIND_LABELS).get(row["visit_kind"], ""),
                tree.label(row["unit_id"]) if row["unit_id"] else "",
                row["doctor"],
                mask_name(row["name"]) if row["name"] else "",
                round(row["active_ms"] / 1000),
                tuple(FLAG_LABELS[flag] for flag in row["flags"] if flag in FLAG_LABELS),
                tuple((labels.get(key, key), plain(value)) for key, value in scores.get(row["id"], ())),
            )
        )
    last = shown[-1] if len(rows) > PAGE else None
    return Page(tuple(found), f"{last['completed_at'].isoformat()}~{last['id']}" if last else "")


def _cursor(text: str) -> tuple[datetime, UUID] | None:
    stamp, _, key = text.partition("~")
    try:
        moment = datetime.fromisoformat(stamp.replace(" ", "+"))
        return (moment, UUID(key)) if moment.tzinfo is not None else None
    except ValueError:
        return None


async def _scores(ids: Sequence[UUID]) -> dict[UUID, list[tuple[str, Decimal]]]:
    rows = await db.fetch(
        "select response_id, key, avg(value) as value from response_score where response_id = any($1::uuid[])"
        " group by response_id, key order by response_id, key",
        list(ids),
    )
    found: dict[UUID, list[tuple[str, Decimal]]] = {}
    for row in rows:
        found.setdefault(row["response_id"], []).append((row["key"], row["value"]))
    return found


def plain(value: Decimal) -> str:
    """ "87.5", "100"."""
    return format(round(value, 2).normalize(), "f")


async def one(response_id: UUID, *, by: Actor) -> Whole:
    """One response with everything that is told of it.

    Raises:
        NotFound: none, or out of reach.
    """
    parts, values = await _where(ResponseFilter(), by)
    row = await db.fetchrow(
        f"select {COLUMNS}, p.name as patient_name, s.name as staff_name from response r"  # noqa: S608
        " left join patient p on p.id = r.patient_id left join staff s on s.id = r.filled_by_id"
        f" where {' and '.join(parts)} and r.id = ${len(values) + 1}",
        *values,
        response_id,
    )
    if row is None:
        raise NotFound("没有这份答卷，或您无权查看")
    named = {name: row[name] for name in ("patient_name", "staff_name")}
    found = response({name: value for name, value in row.items() if name not in named})
    version = await questionnaires.version(found.version_id)
    tree = await staff.tree()
    titles = {item.code: item.title for item in version.definition.questions}
    facts = await knowing.of_visit(found.visit_id, found.questionnaire_id)
    edits = await db.fetch(
        "select edited_at, edited_by from response_edit where response_id = $1 order by id desc", found.id
    )
    return Whole(
        found,
        version,
        await _number(version),
        tree.label(found.unit_id) if found.unit_id else "",
        tree.unit(found.ward_id).name if found.ward_id else "",
        mask_name(named["patient_name"]) if named["patient_name"] else "",
        told(version, found.answers, found.times, facts),
        tuple(titles.get(code, code) for code in found.dropped),
        await _scores_told(found.id, version),
        tuple(FLAG_LABELS[flag] for flag in found.flags if flag in FLAG_LABELS),
        tuple((one["edited_at"], one["edited_by"]) for one in edits),
        named["staff_name"] or "",
    )


def told(
    version: Version, answers: Mapping[str, Any], times: Mapping[str, int], facts: Mapping[str, Value]
) -> tuple[Told, ...]:
    """The answers in words, in the order of the questions, as these were asked; those not answered with an empty text."""
    found = []
    given = {code: answer for code, raw in answers.items() if (answer := parsed(raw)) is not None}
    words = piping.said(version.definition, given, facts)
    for item in version.definition.questions:
        if item.shape is Shape.NOTHING:
            continue
        answer = given.get(item.code) or Answer()
        text = item.said(answer) if answer.given else ""
        title = piping.plain(item.title, words)
        found.append(Told(item.code, title, text, round(times.get(item.code, 0) / 1000), answer.f))
    return tuple(found)


async def _number(version: Version) -> int:
    """Of the published version, also where it was put together from that for a visit."""
    return (await questionnaires.version(version.frame_id)).number if version.frame_id else version.number


async def answered_versions(questionnaire_id: int) -> list[Version]:
    """The published versions, the newest first, and behind them those put together for visits."""
    rows = await db.fetch(
        "select id from questionnaire_version where questionnaire_id = $1 and frame_id is not null order by id",
        questionnaire_id,
    )
    published = await questionnaires.versions(questionnaire_id)
    return [*published, *[await questionnaires.version(row["id"]) for row in rows]]


async def _scores_told(response_id: UUID, version: Version) -> tuple[ScoreTold, ...]:
    rows = await db.fetch(
        "select key, unit_id, value, answered, formula from response_score where response_id = $1",
        response_id,
    )
    tree = await staff.tree()
    rules = {rule.key: rule for rule in version.definition.scores}
    order = {key: at for at, key in enumerate(rules)}
    questions = {item.code: item for item in version.definition.questions}
    return tuple(
        ScoreTold(
            rules[row["key"]].label or row["key"],
            tree.label(row["unit_id"]) if row["unit_id"] else "",
            row["value"],
            row["answered"],
            formula(rules[row["key"]], questions),
            row["formula"],
        )
        for row in sorted(rows, key=lambda row: (order.get(row["key"], 99), row["unit_id"] or 0))
        if row["key"] in rules
    )


async def asked(by: Actor) -> list[tuple[int, str]]:
    """Questionnaires with any response or entrance, for the choice above the list."""
    if not by.scope(Permission.SURVEY_READ):
        raise Forbidden
    rows = await db.fetch(
        "select q.id, q.title from questionnaire q where q.version_id is not null"
        " and q.kind not in ('staff', 'mutual') order by q.active desc, q.title, q.id limit 300"
    )
    return [(row["id"], row["title"]) for row in rows]


async def open_ones() -> list[tuple[int, str]]:
    """Questionnaires that may be answered by name now; known to everybody who asks them."""
    rows = await db.fetch(
        "select id, title from questionnaire where active and kind not in ('staff', 'mutual') order by title, id limit 300"
    )
    return [(row["id"], row["title"]) for row in rows]


@dataclass(frozen=True, slots=True)
class Exported:
    """A response as a sheet takes it: told by its own version, of which `number` was published; scores by key."""

    response: Response
    version: Version
    number: int
    scores: Mapping[str, Decimal]


async def stream(wanted: ResponseFilter, *, by: Actor) -> AsyncIterator[Exported]:
    """All responses of a filter, the newest first, a thousand in memory at a time and no transaction held open."""
    parts, values = await _where(wanted, by)
    begin: list[Any] = []
    while True:
        more = [f"(r.completed_at, r.id) < (${len(values) + 1}, ${len(values) + 2})"] if begin else []
        rows = await db.fetch(
            f"select {COLUMNS} from response r where {' and '.join([*parts, *more])}"  # noqa: S608
            f" order by r.completed_at desc, r.id desc limit {CHUNK}",
            *values,
            *begin,
        )
        scores = await _scores([row["id"] for row in rows])
        for row in rows:
            found = response(row)
            version = await questionnaires.version(found.version_id)
            yield Exported(found, version, await _number(version), dict(scores.get(found.id, ())))
        if len(rows) < CHUNK:
            return
        begin = [rows[-1]["completed_at"], rows[-1]["id"]]
