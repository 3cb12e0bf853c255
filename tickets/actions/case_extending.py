"""More time from the platform: asked for here, granted or refused by the platform through a job (`tickets.jobs`)."""

from core import jobs
from core.actions import action
from core.actor import Actor
from core.db import transaction
from core.errors import Refused
from staff import working_days
from tickets import clocks, extending, history
from tickets.actions.forms import Extension
from tickets.models import Case
from tickets.queries import access
from tickets.states import CaseVerb


@action(
    "case",
    CaseVerb.EXTEND_UPSTREAM,
    label="向热线申请延期",
    form=Extension,
    words=("热线延期",),
    line=r"(?P<days>\d+)\s*个?\s*(?:工作日|天|日)?[，,、\s]*(?P<reason>.+)",
    said="{number} 的延期申请已发往热线平台，平台同意后时限才会顺延",
)
async def extend_upstream(case_id: int, form: Extension, *, by: Actor) -> Case:
    """Ask the platform for more working days; no clock moves before it has answered with a receipt.

    Raises:
        Refused: the upstream limit has passed, one was granted in this round or waits for its answer, or the
            case did not come from a platform.
    """
    async with transaction():
        case = await access.lock_case(case_id, by)
        before = case.state
        case.move(CaseVerb.EXTEND_UPSTREAM, by)
        now = await extending.standing(case)
        if now.obstacle or now.limit is None:
            raise Refused(now.obstacle)
        until = clocks.later(now.limit, form.days, await working_days.calendar())
        await jobs.enqueue(
            extending.KIND,
            {
                "case_id": case.id,
                "round": case.round,
                "days": form.days,
                "reason": form.reason,
                "until": until.isoformat(),
                "key": now.key,
            },
            key=now.key,
        )
        await history.case_moved(
            case,
            CaseVerb.EXTEND_UPSTREAM,
            by,
            before,
            text=form.reason,
            days=form.days,
            until=until,
            key=now.key,
        )
    return case
