"""What whoever raised feedback adds to it later, in words and files; shown to whoever handles the case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core import audit, db
from core.actor import Actor
from core.errors import Fault, Invalid, Refused
from core.events import announce
from core.models import StoredFile
from tickets import history, material
from tickets.events import CaseUpdated
from tickets.queries import access
from tickets.states import OPEN_CASE

VERB = "supplement"
LONGEST = 5000
MOST = 20  # of one case


@dataclass(frozen=True, slots=True)
class Added:
    """One addition, as whoever made it reads it."""

    text: str
    at: datetime


async def supplement(case_id: int, text: str, files: Sequence[StoredFile], *, by: Actor) -> None:
    """Add words and files to a case; that it is theirs, the caller has asked.

    Raises:
        Invalid: nothing said, or too much.
        Refused: it is over, or was added to very often.
    """
    said = text.strip()
    if not said or len(said) > LONGEST:
        reason = f"不能超过 {LONGEST} 个字" if said else "请填写补充内容"
        raise Invalid(reason, details=[Fault(field="text", label="补充内容", reason=reason)])
    async with db.transaction():
        case = await access.lock_case(case_id, by)
        if case.state not in OPEN_CASE:
            raise Refused("这件事已办结，如有新的情况请另行提交")
        if len(await of_case(case_id)) >= MOST:
            raise Refused("补充次数过多，请直接联系医院")
        for file in files:
            await material.attach(case.id, file, kind="original", by=by, round_no=case.round)
        await history.add(
            case.id, VERB, by, round_no=case.round, text=said, detail={"files": [file.name for file in files]}
        )
        await audit.record(by, "feedback.supplement", "case", case.id, files=len(files))
        await announce(CaseUpdated(case_id=case.id))


async def of_case(case_id: int) -> list[Added]:
    """What was added, oldest first."""
    rows = await db.fetch(
        "select text, at from history where case_id = $1 and verb = $2 order by id", case_id, VERB
    )
    return [Added(row["text"], row["at"]) for row in rows]
