"""What stands behind a response and is not on its page at once: its files, and personal answers whole. Each look is a line.

Personal answers (phone, name, signature …) are shown only to whoever may see patients' data in full, with a reason.
"""

from dataclasses import dataclass
from uuid import UUID

from core import audit, storage
from core import looking as hidden
from core.actor import Actor, Permission
from core.errors import Forbidden, NotFound
from core.models import StoredFile
from staff import queries as staff
from surveys.answers import Answer
from surveys.questions.base import parsed
from surveys.responses import queries
from surveys.responses.queries import Whole


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of an answer."""

    question: str
    file: StoredFile


@dataclass(frozen=True, slots=True)
class Personal:
    """A personal answer in full; `pictures` a drawn signature."""

    title: str
    text: str
    pictures: tuple[StoredFile, ...]


async def files(found: Whole) -> list[Attached]:
    """The files of a response that are not personal, in the order of the questions."""
    return [
        Attached(item.code, await storage.find(file))
        for item in found.version.definition.questions
        if not item.private
        for file in _answer(found, item.code).f
    ]


async def file(response_id: UUID, file_id: UUID, *, by: Actor, small: bool = False) -> StoredFile:
    """A file of a response; opening it is a line of the audit log, a small picture of it belongs to looking at the page.

    Raises:
        NotFound: no such response within reach, none of its files, or a personal one.
    """
    found = await queries.one(response_id, by=by)
    kept = next((one for one in await files(found) if one.file.id == file_id), None)
    if kept is None:
        raise NotFound("没有这个文件，或您无权查看")
    if not small:
        await audit.record(
            by, "survey.file", "response", None, response=str(response_id), question=kept.question
        )
    return kept.file


async def may_reveal(found: Whole, by: Actor) -> bool:
    """Whether there is something personal, and this person may see it whole."""
    personal = any(
        item.private and _answer(found, item.code).given for item in found.version.definition.questions
    )
    unit = found.response.unit_id
    path = (await staff.tree()).unit(unit).path if unit is not None else "/"
    return personal and by.can(Permission.PATIENT_REVEAL, path)


async def reveal(response_id: UUID, reason: str, *, by: Actor) -> list[Personal]:
    """The personal answers in full, written to the audit log with the reason.

    Raises:
        NotFound: no such response within reach.
        Forbidden: this person may not see patients' data in full there.
    """
    found = await queries.one(response_id, by=by)
    if not await may_reveal(found, by):
        raise Forbidden
    shown = []
    for item in found.version.definition.questions:
        answer = _answer(found, item.code)
        if item.private and answer.given:
            pictures = tuple([await storage.find(one) for one in answer.f])
            texts = (answer.t, answer.o, *answer.b.values())
            shown.append(Personal(item.title, " ".join(text for text in texts if text), pictures))
    await hidden.note(
        by,
        "survey.reveal",
        "patient",
        found.response.patient_id,
        reason=reason,
        fields=[one.title for one in shown],
        response=str(response_id),
    )
    return shown


def _answer(found: Whole, code: str) -> Answer:
    return parsed(found.response.answers.get(code) or {}) or Answer()
