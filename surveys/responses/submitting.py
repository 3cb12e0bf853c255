"""Handing in: the server judges everything again, then state, scores, audit and event in one transaction.

Many responses at a time go into the same transaction (`core.gathering`); each is answered after its commit. What a browser
showed, hid or allowed is advice; the same id again gives the same response, a second answer to an ask is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
from pydantic import TypeAdapter

from core import audit, clock, db
from core.actor import Actor
from core.db import transaction
from core.errors import HuiyinError, NotFound, Refused
from core.events import announce
from core.gathering import Gatherer
from core.parameters import Parameter, declare
from surveys.answers import Answer
from surveys.checking import Answers
from surveys.logic import Value
from surveys.questionnaires import queries as questionnaires
from surveys.questionnaires.queries import Version
from surveys.responses import attached, knowing, pacing, quality
from surveys.responses.drafting import Opening, Place, place_of
from surveys.responses.events import ResponseCompleted
from surveys.responses.judging import Known, known, serving, version_for
from surveys.responses.rows import COLUMNS, Response, State, as_json, response, sealed
from surveys.scoring import Score, scored

ANSWERS: TypeAdapter[dict[str, Answer]] = TypeAdapter(dict[str, Answer])
MOST = 64  # in one transaction
FLIGHTS = 3  # while one transaction is written and another waits for the disk, the next responses are judged
MOST_ALIKE = 101  # of one device that are counted: more than any parameter asks for
TRIES = 3  # a save that comes between reading and writing costs one
ANSWERED = "您已填写过这份问卷，感谢您的反馈"
BURST = declare(
    Parameter(
        "survey.burst",
        "同一设备一小时内正常的份数",
        int,
        3,
        1,
        100,
        "份",
        source="自定；家属轮流用一部手机为正常",
        what="超过此数的答卷标记“同一设备短时多份”，只标记，不删除；自助机、床旁屏和电话访问不计",
    )
)
SHARED = frozenset({"kiosk", "bedside", "phone", "voice", "import"})  # channels whose device is nobody's own


class AlreadyAnswered(Refused):
    """The ask has its answer; `response_id` names it."""

    code = "already_answered"

    def __init__(self, response_id: UUID) -> None:
        super().__init__(ANSWERED)
        self.response_id = response_id


@dataclass(frozen=True, slots=True)
class Submission:
    """What is handed in: the response, answers that were not saved yet, and how it began if it is not there yet."""

    id: UUID
    by: Actor
    given: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    times: Mapping[str, int] = field(default_factory=dict)
    opening: Opening | None = None
    staff_device: bool = False


@dataclass(frozen=True, slots=True)
class Done:
    """A completed response; `fresh` False when it had been before."""

    id: UUID
    completed_at: datetime
    fresh: bool


@dataclass(frozen=True, slots=True)
class Judged:
    """A response ready to be written."""

    one: Submission
    row: Response | None
    place: Place
    about: Known
    taken: Answers
    scores: tuple[Score, ...]
    flags: tuple[str, ...]
    times: dict[str, int]
    active_ms: int


async def submit(one: Submission) -> Done:
    """Complete a response.

    Raises:
        NotFound: it is not there and nothing says how it begins.
        Invalid: `details` name each question; what was saved stays a draft.
        AlreadyAnswered: its ask has an answer of another id.
        Refused: it was voided, or the time of the ask is over.
    """
    for _ in range(TRIES):
        done = await _gatherer.put(one)
        if done is not None:
            return done
    raise Refused("系统繁忙，请再提交一次")


async def _work(batch: Sequence[Submission]) -> list[Done | Exception | None]:
    rows = await _rows([one.id for one in batch])
    asked = await _asked(batch, rows)
    visits = await knowing.of_visits(
        {visit for one in batch if (visit := _visit_of(one, rows.get(one.id))) is not None}
    )
    about = _Batch(visits, asked, await _alike(batch, rows))
    found: dict[UUID, Done | Exception | None] = {}
    judged: list[Judged] = []
    for one in batch:
        row = rows.get(one.id)
        if row is not None and row.state is State.COMPLETED and row.completed_at is not None:
            found[one.id] = Done(row.id, row.completed_at, fresh=False)
            continue
        try:
            judged.append(await _judged(one, row, about))
        except HuiyinError as error:
            found[one.id] = error
    written = await _write(judged)
    return [found[one.id] if one.id in found else written.get(one.id) for one in batch]


async def _rows(ids: Sequence[UUID]) -> dict[UUID, Response]:
    rows = await db.fetch(f"select {COLUMNS} from response r where r.id = any($1::uuid[])", list(ids))  # noqa: S608
    return {row["id"]: response(row) for row in rows}


async def _asked(batch: Sequence[Submission], rows: Mapping[UUID, Response]) -> dict[int, UUID]:
    """Which of the asks have their answer."""
    asks = {ask for one in batch if (ask := _ask_of(one, rows.get(one.id))) is not None}
    if not asks:
        return {}
    found = await db.fetch(
        "select ask_id, id from response where ask_id = any($1::bigint[]) and state = 'completed'", list(asks)
    )
    return {row["ask_id"]: row["id"] for row in found}


def _ask_of(one: Submission, row: Response | None) -> int | None:
    if row is not None:
        return row.ask_id
    return one.opening.ask.id if one.opening and one.opening.ask else None


def _visit_of(one: Submission, row: Response | None) -> int | None:
    if row is not None:
        return row.visit_id
    return one.opening.ask.visit_id if one.opening and one.opening.ask else None


@dataclass
class _Batch:
    """What is looked up once for all of a batch."""

    visits: Mapping[int, Mapping[str, Value]]
    asked: Mapping[int, UUID]
    alike: Mapping[bytes, int]
    versions: dict[tuple[int, int | None], Version] = field(default_factory=dict)

    async def version(self, opening: Opening, visit: int | None) -> Version:
        """The version that is answered now."""
        key = (opening.questionnaire_id, visit)
        if key not in self.versions:
            self.versions[key] = await version_for(*key)
        return self.versions[key]


async def _judged(one: Submission, row: Response | None, batch: _Batch) -> Judged:
    ask_id, visit = _ask_of(one, row), _visit_of(one, row)
    if ask_id is not None and ask_id in batch.asked:
        raise AlreadyAnswered(batch.asked[ask_id])
    known_facts = batch.visits.get(visit, knowing.nothing()) if visit is not None else knowing.nothing()
    if row is not None and row.state is State.VOID:
        raise Refused("这份问卷已作废")
    if row is not None:
        about = known(await questionnaires.version(row.version_id))
        place = Place()
    elif one.opening is not None:
        if one.opening.ask is not None and one.opening.ask.over:
            raise Refused("填写时间已过，感谢您的关注")
        about = known(await batch.version(one.opening, visit))
        if about.version.kind.anonymous:
            raise Refused("匿名问卷不从这里填写")
        place = await place_of(one.opening)
    else:
        raise NotFound("没有这份答卷")
    given = {code: raw for code, raw in (row.answers if row else {}).items() if code in about.items}
    given |= one.given
    taken = about.judge.answers(given, known_facts)
    await attached.check(one.id, about.version.definition, taken)
    times = {**(row.times if row else {}), **one.times}
    times = {code: ms for code, ms in times.items() if code in taken.given}
    active = _active(times, row)
    version = about.version
    return Judged(
        one,
        row,
        place,
        about,
        taken,
        tuple(scored(about.rules, taken.given, await serving(about, visit))),
        quality.flags(
            version.definition.questions,
            taken.given,
            active_ms=active,
            slowest_ms=await pacing.slowest(version.id),
            alike=batch.alike.get(_device_of(one, row) or b"", 0) + 1,
            most_alike=await pacing.number(BURST),
            staff_device=one.staff_device,
        ),
        times,
        active,
    )


def _active(times: Mapping[str, int], row: Response | None) -> int:
    """Active milliseconds in all; a client that claims more than has passed is not believed."""
    total = sum(times.values())
    if row is not None:
        total = min(total, int((clock.now() - row.started_at) / timedelta(milliseconds=1)))
    return min(total, 2**31 - 1)


def _device_of(one: Submission, row: Response | None) -> bytes | None:
    """The device, where it is somebody's own."""
    about = row or one.opening
    return about.device_hash if about is not None and about.channel not in SHARED else None


async def _alike(batch: Sequence[Submission], rows: Mapping[UUID, Response]) -> dict[bytes, int]:
    """How many responses each of the devices has handed in within the hour."""
    devices = {device for one in batch if (device := _device_of(one, rows.get(one.id))) is not None}
    if not devices:
        return {}
    found = await db.fetch(
        "select d.hash as device_hash, (select count(*) from (select 1 from response where state = 'completed'"
        " and device_hash = d.hash and completed_at > $2 limit $3) as r) as many from unnest($1::bytea[]) as d(hash)",
        list(devices),
        clock.now() - timedelta(hours=1),
        MOST_ALIKE,
    )
    return {row["device_hash"]: row["many"] for row in found}


# --- write ----------------------------------------------------------------------------------------

_COMPLETE = """
update response r set state = 'completed', answers = s.answers, private = s.private,
    dropped = array(select jsonb_array_elements_text(s.dropped)), times = s.times, active_ms = s.active,
    flags = array(select jsonb_array_elements_text(s.flags)), revision = r.revision + 1, saved_at = $9,
    completed_at = $9, day = $10
from unnest($1::uuid[], $2::int[], $3::jsonb[], $4::bytea[], $5::jsonb[], $6::jsonb[], $7::int[], $8::jsonb[])
    as s(id, revision, answers, private, dropped, times, active, flags)
where r.id = s.id and r.revision = s.revision and r.state = 'draft'
returning r.id
"""
_INSERT = """
insert into response (id, questionnaire_id, version_id, ask_id, entrance_id, patient_id, visit_id, visit_kind,
    campus_id, unit_id, ward_id, doctor, state, channel, language, answers, private, dropped, times, active_ms, flags,
    device_hash, filled_by_id, started_at, saved_at, completed_at, day)
select s.id, s.questionnaire, s.version, s.ask, s.entrance, s.patient, s.visit, s.kind, s.campus, s.unit, s.ward,
    s.doctor, 'completed', s.channel, s.language, s.answers, s.private,
    array(select jsonb_array_elements_text(s.dropped)), s.times, s.active,
    array(select jsonb_array_elements_text(s.flags)), s.device, s.staff, $23, $23, $23, $24
from unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::text[],
    $9::bigint[], $10::bigint[], $11::bigint[], $12::text[], $13::text[], $14::text[], $15::jsonb[], $16::bytea[],
    $17::jsonb[], $18::jsonb[], $19::int[], $20::jsonb[], $21::bytea[], $22::bigint[])
    as s(id, questionnaire, version, ask, entrance, patient, visit, kind, campus, unit, ward, doctor, channel, language,
        answers, private, dropped, times, active, flags, device, staff)
on conflict do nothing returning id
"""
_SCORES = """
insert into response_score (response_id, key, unit_id, value, answered, formula)
select * from unnest($1::uuid[], $2::text[], $3::bigint[], $4::numeric[], $5::int[], $6::text[])
"""


@dataclass(frozen=True, slots=True)
class Parts:
    """The answers as they are kept: the open ones as JSON, the personal ones sealed."""

    answers: str
    private: bytes | None


def parts(about: Known, given: Mapping[str, Answer], place: str = "response.private") -> Parts:
    """Personal answers apart from the others."""
    secret = {code: given[code] for code in about.private if code in given}
    open_ones = {code: answer for code, answer in given.items() if code not in secret} if secret else given
    hidden = {code: answer.model_dump(mode="json", exclude_defaults=True) for code, answer in secret.items()}
    return Parts(ANSWERS.dump_json(dict(open_ones), exclude_defaults=True).decode(), sealed(hidden, place))


async def _write(judged: Sequence[Judged]) -> dict[UUID, Done | None]:
    """Those that could be written; of the others somebody else was quicker, and they are judged anew."""
    if not judged:
        return {}
    now = clock.now()
    async with transaction():
        written = await _complete([one for one in judged if one.row is not None], now)
        written |= await _add([one for one in judged if one.row is None], now)
        there = [one for one in judged if one.one.id in written]
        scores = [(one.one.id, score) for one in there for score in one.scores]
        if scores:
            await insert_scores(scores)
        await audit.record_all(
            [
                (
                    one.one.by,
                    "survey.submit",
                    "response",
                    None,
                    {"response": str(one.one.id), "version": one.about.version.id, "flags": list(one.flags)},
                )
                for one in there
            ]
        )
        await announce(*(ResponseCompleted(response_id=one.one.id) for one in there))
    return {
        one.one.id: Done(one.one.id, now, fresh=True) if one.one.id in written else None for one in judged
    }


async def insert_scores(scores: Sequence[tuple[UUID, Score]]) -> None:
    """Write scores; inside the transaction of their responses."""
    await db.execute(
        _SCORES,
        [key for key, _ in scores],
        [score.key for _, score in scores],
        [score.unit_id for _, score in scores],
        [score.value for _, score in scores],
        [score.answered for _, score in scores],
        [score.formula for _, score in scores],
    )


async def _complete(judged: Sequence[Judged], now: datetime) -> set[UUID]:
    if not judged:
        return set()
    ordered = sorted(judged, key=lambda one: one.one.id)
    kept = [parts(one.about, one.taken.given) for one in ordered]
    rows = await db.fetch(
        _COMPLETE,
        [one.one.id for one in ordered],
        [one.row.revision if one.row else 0 for one in ordered],
        [part.answers for part in kept],
        [part.private for part in kept],
        [as_json(one.taken.dropped) for one in ordered],
        [as_json(one.times) for one in ordered],
        [one.active_ms for one in ordered],
        [as_json(one.flags) for one in ordered],
        now,
        clock.local(now).date(),
    )
    return {row["id"] for row in rows}


async def _add(judged: Sequence[Judged], now: datetime) -> set[UUID]:
    if not judged:
        return set()
    kept = [parts(one.about, one.taken.given) for one in judged]
    openings = [one.one.opening for one in judged if one.one.opening is not None]
    rows = await db.fetch(
        _INSERT,
        [one.one.id for one in judged],
        [opening.questionnaire_id for opening in openings],
        [one.about.version.id for one in judged],
        [opening.ask.id if opening.ask else None for opening in openings],
        [opening.entrance.id if opening.entrance else None for opening in openings],
        [one.place.patient_id for one in judged],
        [one.place.visit_id for one in judged],
        [one.place.visit_kind for one in judged],
        [one.place.campus_id for one in judged],
        [one.place.unit_id for one in judged],
        [one.place.ward_id for one in judged],
        [one.place.doctor for one in judged],
        [opening.channel for opening in openings],
        [opening.language for opening in openings],
        [part.answers for part in kept],
        [part.private for part in kept],
        [as_json(one.taken.dropped) for one in judged],
        [as_json(one.times) for one in judged],
        [one.active_ms for one in judged],
        [as_json(one.flags) for one in judged],
        [opening.device_hash for opening in openings],
        [opening.filled_by_id for opening in openings],
        now,
        clock.local(now).date(),
    )
    return {row["id"] for row in rows}


_gatherer: Gatherer[Submission, Done | None] = Gatherer(
    _work, most=MOST, flights=FLIGHTS, apart=lambda one: one.id, alone=(asyncpg.PostgresError,)
)
