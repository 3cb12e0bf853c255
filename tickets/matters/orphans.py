"""A case may not end, or be answered, and leave behind what waits merged for its reply. Asked at every step of a case."""

from core.errors import Refused
from tickets.matters import queries
from tickets.models import Case
from tickets.sources.matter_steps import BEFORE_REPLY
from tickets.states import CaseState

_MAY_WAIT = frozenset({*BEFORE_REPLY, CaseState.UNDER_REVIEW})


async def refuse(main: Case) -> None:
    """Check a case in the state it is about to have.

    Raises:
        Refused: names what must be split first.
    """
    if main.state in _MAY_WAIT:
        return
    if waiting := await queries.merged_into(main.id, held=True):
        numbers = "、".join(case.number for case in waiting)
        raise Refused(f"{numbers} 已并入本诉求，尚未答复，请先拆分再进行此操作")
