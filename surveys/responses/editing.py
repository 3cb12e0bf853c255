"""Changing a completed response within the time allowed: what stood there is kept, scores are written anew."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from core import audit, clock, db
from core.actor import Actor
from core.db import transaction
from core.errors import NotFound, Refused
from core.events import announce
from core.parameters import Parameter, declare, number
from surveys.questionnaires import queries as questionnaires
from surveys.responses import attached, knowing, submitting
from surveys.responses.events import ResponseChanged
from surveys.responses.judging import known, serving
from surveys.responses.rows import COLUMNS, EDIT_PRIVATE, Response, State, as_json, response, sealed
from surveys.scoring import scored

HOURS = declare(
    Parameter(
        "survey.edit_hours",
        "提交后可修改的时间",
        int,
        24,
        0,
        720,
        "小时",
        source="自定；改动前的答案另存",
        what="填写人提交后在此时间内可以更改答案；0 为不可更改",
    )
)


async def until(found: Response) -> datetime | None:
    """Until when a completed response may be changed; None when it may not any more."""
    if found.state is not State.COMPLETED or found.completed_at is None:
        return None
    end = found.completed_at + timedelta(hours=await number(HOURS))
    return end if end > clock.now() else None


async def edit(response_id: UUID, given: Mapping[str, Any], *, by: Actor) -> Response:
    """Replace the answers of a completed response; the first completion stays what it was.

    Args:
        response_id: the response.
        given: all answers, question code → JSON; what is left out was taken away.
        by: who changes.

    Raises:
        NotFound: no such response.
        Invalid: `details` name each question.
        Refused: it is no completed one, or its time is over.
    """
    async with transaction():
        row = await db.fetchrow(
            f"select {COLUMNS} from response r where r.id = $1 for update",  # noqa: S608 - our columns
            response_id,
        )
        if row is None:
            raise NotFound("没有这份答卷")
        found = response(row)
        if await until(found) is None:
            raise Refused("已超过可以修改的时间")
        about = known(await questionnaires.version(found.version_id))
        version = about.version
        taken = about.judge.answers(given, await knowing.of_visit(found.visit_id))
        await attached.check(found.id, version.definition, taken)
        if taken.as_json() == found.answers:
            return found
        await _keep(found, about.private, by)
        new = submitting.parts(about, taken.given)
        await db.execute(
            "update response set answers = $2::jsonb, private = $3, dropped = $4, revision = revision + 1, saved_at = $5"
            " where id = $1",
            found.id,
            new.answers,
            new.private,
            list(taken.dropped),
            clock.now(),
        )
        await db.execute("delete from response_score where response_id = $1", found.id)
        scores = scored(about.rules, taken.given, await serving(about, found.visit_id))
        if scores:
            await submitting.insert_scores([(found.id, score) for score in scores])
        changed = sorted(
            code
            for code in {*found.answers, *taken.given}
            if found.answers.get(code) != taken.as_json().get(code)
        )
        await audit.record(by, "survey.edit", "response", None, response=str(found.id), questions=changed)
        await announce(ResponseChanged(response_id=found.id))
        again = await db.fetchrow(f"select {COLUMNS} from response r where r.id = $1", found.id)  # noqa: S608
        if again is None:
            raise NotFound("没有这份答卷")
        return response(again)


async def _keep(found: Response, private: frozenset[str], by: Actor) -> None:
    secret = {code: raw for code, raw in found.answers.items() if code in private}
    await db.execute(
        "insert into response_edit (response_id, version_id, answers, private, active_ms, edited_by, edited_at)"
        " values ($1, $2, $3::jsonb, $4, $5, $6, $7)",
        found.id,
        found.version_id,
        as_json({code: raw for code, raw in found.answers.items() if code not in private}),
        sealed(secret, EDIT_PRIVATE),
        found.active_ms,
        by.name,
        clock.now(),
    )
