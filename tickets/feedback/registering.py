"""Registers feedback: opens the case by the road of every case, and writes down in the same transaction what an
order does not know. Praise is passed on and closed at once; what was settled on the spot is closed at once.

Idempotent on the key: the same form sent twice is one case.
"""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from pydantic import ValidationError

from core import clock, db, dictionaries
from core.actor import Actor, Grant, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, HuiyinError, Invalid
from core.models import StoredFile
from staff import queries as staff
from surveys.checking import Answers
from tickets.feedback import categories, settling, writing
from tickets.feedback.given import Feedback, faults_of
from tickets.feedback.words import PRAISE, REPORT
from tickets.forms import answers
from tickets.forms import queries as forms
from tickets.forms.queries import FormVersion
from tickets.models import Case
from tickets.receiving import Incoming, Outcome, Received, keep_files, receive_many
from tickets.sources.feedback import FEEDBACK, PRIVACY

_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without those that are mistaken for one another


def new_code() -> str:
    """A query code of 12 signs (60 bits) that tells nothing about its case."""
    return "".join(secrets.choice(_SIGNS) for _ in range(12))


async def register(given: Feedback, *, by: Actor, files: Sequence[StoredFile] = ()) -> Received:
    """Open the case of this feedback, or find the one its key belongs to.

    Args:
        given: what was said.
        by: who registers it: somebody at the desk, or the patients' side.
        files: attachments that are kept in storage already, beside those of `given`.

    Raises:
        Invalid: a category, tag or channel is not in its dictionary, an answer of the form is faulty, or an
            attachment is no file we take, or the department approached first is not theirs.
        Forbidden: they may register nothing.
        Refused: the key is known with other content.
    """
    chosen = await categories.named(given.categories)
    await dictionaries.check_form(given)
    first_unit = await _first_unit(given, by)
    filled = await _filled_form(given)
    try:
        order = given.order(chosen[0].path if chosen else "")
    except ValidationError as error:
        raise Invalid("登记的内容有误", details=faults_of(error)) from None
    kept = (*files, *await keep_files(order, by))
    raw = given.model_dump_json(exclude={"attachments"}).encode()
    # A report may be about the very department it names, a request about one's data is the centre's, and what is
    # settled needs no ticket.
    assign = False if given.kind in (REPORT, PRIVACY) or given.settled is not None else None
    async with transaction():
        (received,) = await receive_many(
            [Incoming(order, raw, kept)], by=by, source=FEEDBACK.name, assign=assign
        )
        if isinstance(received, HuiyinError):
            raise received
        if received.outcome is Outcome.NEW:
            await _complete(received.case_id, given, [one.id for one in chosen], first_unit, by)
            if filled is not None:
                await answers.keep(received.case_id, *filled, by=by)
    return received


async def _filled_form(given: Feedback) -> tuple[FormVersion, Answers] | None:
    """The form's version and the answers that count; None when no form was filled in.

    Raises:
        NotFound: no such version.
        Invalid: it is a form of another kind, or an answer is faulty; names each question.
    """
    if given.form is None:
        return None
    version = await forms.version(given.form.version)
    if version.kind != given.kind:
        reason = f"这是“{version.kind}”的表单"
        raise Invalid(reason, details=[Fault(field="form.version", label="表单版本", reason=reason)])
    return version, answers.check(version, given.form.answers)


async def _first_unit(given: Feedback, by: Actor) -> int | None:
    """The department approached first: any for whoever registers for all, else one of their own (首诉负责制).

    Raises:
        Forbidden: they register nowhere.
        Invalid: no such department, or not theirs.
    """
    everywhere = by.can(Permission.CASE_REGISTER)
    if not everywhere and not by.can(Permission.CASE_FIRST):
        raise Forbidden
    if not given.first_unit and everywhere:
        return None
    unit = (await staff.tree()).find(given.first_unit, given.campus)
    if unit is None:
        reason = "没有这个科室，请核对名称"
        raise Invalid(
            reason,
            details=[Fault(field="first_unit", label="首诉科室", reason=reason, value=given.first_unit)],
        )
    if not everywhere and not by.can(Permission.CASE_FIRST, unit.path):
        reason = "只能登记本科室首诉接待的诉求"
        raise Invalid(
            reason,
            details=[Fault(field="first_unit", label="首诉科室", reason=reason, value=given.first_unit)],
        )
    return unit.id


async def _complete(
    case_id: int, given: Feedback, chosen: list[int], first_unit: int | None, by: Actor
) -> None:
    case = await Case.select_for_update().get(id=case_id)
    await db.execute(
        "insert into feedback (case_id, relation, authorised, wishes, stage, harm, first_unit_id, first_name,"
        " query_code, created_at, registered_by_id) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        case.id,
        given.relation or "",
        given.authorised,
        [str(wish) for wish in given.wishes],
        given.stage or "",
        given.harm,
        first_unit,
        given.first_name,
        new_code(),
        clock.now(),
        by.staff_id,
    )
    await writing.categorise(case.id, chosen)
    await writing.grade(case.id, {mark.category: mark.severity for mark in given.hcat})
    case.tags, case.severity = list(given.tags), given.severity or ""
    await case.save()
    if given.risks:
        await writing.flag(case, given.risks, "登记时标记", by)
    if given.kind == PRAISE:
        await settling.pass_on_at_once(case, _as_first(by))
    elif given.settled is not None:
        await settling.settle_at_once(case, given.settled.how, given.settled.satisfied, _as_first(by))


def _as_first(by: Actor) -> Actor:
    """Who was approached first may end at once what they register, though they handle no other case (首诉负责制)."""
    if by.can(Permission.CASE_HANDLE):
        return by
    return replace(by, grants=(*by.grants, Grant(Permission.CASE_HANDLE, "/")))
