"""Begins responses and saves their answers one by one: cheap, idempotent, the last writer wins by the client's counter.

A save is one UPDATE for many people at once (`core.gathering`); it reads no definition but the one in memory and judges only
the shape of an answer. Whether it counts is judged when the response is handed in (`submitting`).
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from core import clock, db
from core.db import transaction
from core.errors import Fault, Invalid, NotFound, Refused
from core.gathering import Gatherer
from staff import queries as staff
from surveys.answers import FIELDS
from surveys.asks import Ask
from surveys.questionnaires import queries as questionnaires
from surveys.questions.base import Question, parsed
from surveys.responses.judging import Known, known, version_for
from surveys.responses.rows import COLUMNS, Channel, Response, State, as_json, get, response, sealed

MOST_SAVES = 400  # in one statement
MOST_BYTES = 20_000  # of one answer
AHEAD = timedelta(minutes=2)  # a client's clock may be so far before ours
MOST_MS = 3_600_000  # an hour on one question is somebody who has gone to lunch
DONE = "这份问卷已经提交"


@dataclass(frozen=True, slots=True)
class Entrance:
    """A door anybody may enter by (surveys/responses/entrances.py)."""

    id: int
    code: str
    questionnaire_id: int
    channel: Channel
    label: str
    unit_id: int | None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Opening:
    """How a response begins: for whom or by which door, in which language, on which device."""

    id: UUID
    questionnaire_id: int
    channel: Channel
    ask: Ask | None = None
    entrance: Entrance | None = None
    language: str = "zh-CN"
    device_hash: bytes | None = None
    filled_by_id: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where the answers count: copied from the visit, or from the door."""

    patient_id: int | None = None
    visit_id: int | None = None
    visit_kind: str = ""
    campus_id: int | None = None
    unit_id: int | None = None
    ward_id: int | None = None
    doctor: str = ""


@dataclass(frozen=True, slots=True)
class Save:
    """One answer as it comes: `counter` grows with each change on a client; `ms` active time on the question so far."""

    response_id: UUID
    code: str
    answer: Mapping[str, Any]
    counter: int
    ms: int | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """What stands now: `counter` is larger than the one that was sent when somebody else wrote later."""

    counter: int
    revision: int


# --- begin ----------------------------------------------------------------------------------------


async def place_of(opening: Opening) -> Place:
    """Where the answers of this response count."""
    tree = await staff.tree()
    ask = opening.ask
    if ask is not None and ask.visit_id is not None:
        row = await db.fetchrow(
            "select kind, unit_id, ward_id, doctor from visit where id = $1", ask.visit_id
        )
        if row is not None:
            site = tree.site(row["unit_id"])
            return Place(
                ask.patient_id,
                ask.visit_id,
                row["kind"],
                site.id if site else None,
                row["unit_id"],
                row["ward_id"],
                row["doctor"],
            )
    unit_id = opening.entrance.unit_id if opening.entrance else None
    site = tree.site(unit_id) if unit_id else None
    ward_id = unit_id if unit_id and tree.unit(unit_id).kind == "ward" else None
    return Place(
        ask.patient_id if ask else None, campus_id=site.id if site else None, unit_id=unit_id, ward_id=ward_id
    )


async def begin(opening: Opening) -> Response:
    """The draft of this opening, new or found: the same id again is the same response, an ask has one draft only.

    Returns:
        The response to go on with; a completed one when the ask was answered already. Its id may be another than the
        opening's.

    Raises:
        NotFound, Refused: the questionnaire is not there, or may not be answered now; the ask is over.
    """
    if opening.ask is not None and opening.ask.over:
        raise Refused("填写时间已过，感谢您的关注")
    version = await version_for(opening.questionnaire_id, opening.ask.visit_id if opening.ask else None)
    if version.kind.anonymous:
        raise Refused("匿名问卷不从这里填写")
    if opening.ask is not None and (there := await of_ask(opening.ask.id)) is not None:
        return there
    place, now = await place_of(opening), clock.now()
    row = await db.fetchrow(
        "insert into response as r (id, questionnaire_id, version_id, ask_id, entrance_id, patient_id, visit_id,"  # noqa: S608
        " visit_kind, campus_id, unit_id, ward_id, doctor, state, channel, language, device_hash, filled_by_id,"
        " started_at, saved_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 'draft', $13, $14, $15, $16,"
        f" $17, $17) on conflict do nothing returning {COLUMNS}",
        opening.id,
        opening.questionnaire_id,
        version.id,
        opening.ask.id if opening.ask else None,
        opening.entrance.id if opening.entrance else None,
        place.patient_id,
        place.visit_id,
        place.visit_kind,
        place.campus_id,
        place.unit_id,
        place.ward_id,
        place.doctor,
        opening.channel,
        opening.language,
        opening.device_hash,
        opening.filled_by_id,
        now,
    )
    if row is not None:
        return response(row)
    if opening.ask is not None and (there := await of_ask(opening.ask.id)) is not None:
        return there
    found = await get(opening.id)
    if found.questionnaire_id != opening.questionnaire_id or found.ask_id != (
        opening.ask.id if opening.ask else None
    ):
        raise NotFound("没有这份答卷")
    return found


async def of_ask(ask_id: int) -> Response | None:
    """The response to an ask: the completed one, else its draft."""
    row = await db.fetchrow(
        f"select {COLUMNS} from response r where r.ask_id = $1 and r.state <> 'void'"  # noqa: S608
        " order by r.state = 'completed' desc limit 1",
        ask_id,
    )
    return response(row) if row else None


async def carried_over(found: Response) -> Response:
    """The draft on the version that is answered now, where that version says that drafts go on with it.

    Answers to questions that are no more are kept in the row and do not count; codes do not change their meaning from
    version to version (the designer keeps them).
    """
    if found.state is not State.DRAFT:
        return found
    newest = await version_for(found.questionnaire_id, found.visit_id)
    if newest.id == found.version_id or not newest.migrates:
        return found
    await db.execute(
        "update response set version_id = $2, revision = revision + 1 where id = $1 and state = 'draft'",
        found.id,
        newest.id,
    )
    _versions.pop((db.opening(), found.id), None)
    return await get(found.id)


# --- save -----------------------------------------------------------------------------------------

MOST_KEPT = 50_000
_versions: OrderedDict[tuple[int, UUID], int] = (
    OrderedDict()
)  # of which version a draft is, so that no save asks


async def _known(response_id: UUID, *, again: bool = False) -> Known:
    key = (db.opening(), response_id)
    version_id = None if again else _versions.get(key)
    if version_id is None:
        version_id = await db.fetchval("select version_id from response where id = $1", response_id)
        if version_id is None:
            raise NotFound("没有这份答卷")
        _versions[key] = version_id
        while len(_versions) > MOST_KEPT:
            _versions.popitem(last=False)
    return known(await questionnaires.version(version_id))


async def item_of(response_id: UUID, code: str) -> tuple[Known, Question]:
    """A question of the response's version.

    Raises:
        NotFound: no such response.
        Invalid: no such question.
    """
    about = await _known(response_id)
    if code not in about.items:
        about = await _known(
            response_id, again=True
        )  # the draft may have been carried over by another process
    item = about.items.get(code)
    if item is None:
        raise Invalid(
            "没有这一题", details=[Fault(field=f"q.{code[:60]}", label="答案", reason="没有这一题")]
        )
    return about, item


def shaped(item: Question, raw: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON of an answer as it is kept in a draft: of the question's shape, though it need not be complete.

    Raises:
        Invalid: not an answer to such a question.
    """
    answer = parsed(raw)
    told = answer.model_dump(mode="json", exclude_defaults=True) if answer is not None else {}
    body = orjson.dumps(told)
    if answer is None or answer.given - FIELDS[item.shape] or len(body) > MOST_BYTES or rb"\u0000" in body:
        raise Invalid(
            "答案的格式不对", details=[Fault(field=item.name(), label=item.title, reason="答案的格式不对")]
        )
    return told


async def save(one: Save) -> Saved:
    """Keep one answer; returns after it is committed.

    Raises:
        NotFound: no such response.
        Invalid: no such question, or the answer has not its shape.
        Refused: the response was handed in meanwhile.
    """
    about, item = await item_of(one.response_id, one.code)
    told = shaped(item, one.answer)
    counter = min(max(one.counter, 0), int((clock.now() + AHEAD).timestamp() * 1000))
    ms = None if one.ms is None else min(max(one.ms, 0), MOST_MS)
    kept = Save(one.response_id, one.code, told, counter, ms)
    if one.code in about.private:
        return await _save_sealed(kept)
    saved = await _gatherer.put(kept)
    if saved is None:
        await in_hand(one.response_id)
        raise Refused(DONE)
    return saved


_SAVE = """
update response r set
    answers = case when s.counter > coalesce((r.marks ->> s.code)::bigint, -1) then r.answers || s.answer else r.answers end,
    marks = case when s.counter > coalesce((r.marks ->> s.code)::bigint, -1)
        then r.marks || jsonb_build_object(s.code, s.counter) else r.marks end,
    times = case when s.ms > coalesce((r.times ->> s.code)::int, -1)
        then r.times || jsonb_build_object(s.code, s.ms) else r.times end,
    revision = r.revision + 1, saved_at = $6
from unnest($1::uuid[], $2::text[], $3::jsonb[], $4::bigint[], $5::int[]) as s(id, code, answer, counter, ms)
where r.id = s.id and r.state = 'draft'
returning r.id, (r.marks ->> s.code)::bigint as counter, r.revision
"""


async def _write(saves: Sequence[Save]) -> list[Saved | None]:
    ordered = sorted(
        saves, key=lambda one: one.response_id
    )  # alike in every process, so that none waits in a circle
    rows = await db.fetch(
        _SAVE,
        [one.response_id for one in ordered],
        [one.code for one in ordered],
        [as_json({one.code: one.answer}) for one in ordered],
        [one.counter for one in ordered],
        [one.ms for one in ordered],
        clock.now(),
    )
    found = {row["id"]: Saved(row["counter"], row["revision"]) for row in rows}
    return [found.get(one.response_id) for one in saves]


_gatherer: Gatherer[Save, Saved | None] = Gatherer(
    _write, most=MOST_SAVES, apart=lambda one: one.response_id, alone=(asyncpg.PostgresError,)
)


async def _save_sealed(one: Save) -> Saved:
    """A personal answer: opened, changed and sealed under the row's lock; few questions are personal."""
    async with transaction():
        row = await db.fetchrow(
            f"select {COLUMNS} from response r where r.id = $1 for update",  # noqa: S608
            one.response_id,
        )
        if row is None:
            raise NotFound("没有这份答卷")
        found = response(row)
        if found.state is not State.DRAFT:
            raise Refused(DONE)
        before = found.marks.get(one.code, -1)
        if one.counter <= before:
            return Saved(before, found.revision)
        private = known(await questionnaires.version(found.version_id)).private
        secret = {code: raw for code, raw in found.answers.items() if code in private} | {
            one.code: one.answer
        }
        await db.execute(
            "update response set private = $2, marks = marks || $3::jsonb, times = times || $4::jsonb,"
            " revision = revision + 1, saved_at = $5 where id = $1",
            found.id,
            sealed(secret),
            as_json({one.code: one.counter}),
            as_json({} if one.ms is None else {one.code: one.ms}),
            clock.now(),
        )
        return Saved(one.counter, found.revision + 1)


async def in_hand(response_id: UUID) -> Response:
    """A response that is still filled in.

    Raises:
        NotFound: no such response.
        Refused: it was handed in, or voided.
    """
    found = await get(response_id)
    if found.state is not State.DRAFT:
        raise Refused(DONE if found.state is State.COMPLETED else "这份问卷已作废")
    return found


async def save_screen(response_id: UUID, given: Mapping[str, Mapping[str, Any]]) -> None:
    """Keep what a page without scripts sent: as if written now.

    Raises:
        as `save`.
    """
    counter = int(clock.now().timestamp() * 1000)
    for code, raw in given.items():
        await save(Save(response_id, code, raw, counter))
