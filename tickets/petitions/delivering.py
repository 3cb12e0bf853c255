"""What was handed to the petitioner, how and when: notices, and the opinions from whose delivery the next period runs.

《信访工作条例》 Art. 23 (written notice within 15 days), 34 (reason of an extension), 35 and 36 (30 days from receipt of
the reply). Sends nothing: a person hands it over or posts it, and writes it down here.
"""

from datetime import datetime

from core import clock, db
from core.actions import action
from core.actor import Actor
from core.db import transaction
from core.errors import Refused
from core.events import Event
from tickets import clocks, history
from tickets.models import Case
from tickets.petitions import shared
from tickets.petitions.forms import NOTICES, Delivered, Told
from tickets.petitions.models import Petition, Petitioner
from tickets.petitions.words import Category, Route, Verdict, Way
from tickets.states import CaseState, CaseVerb

ANSWERS_NOTICE = frozenset({"petition_accepted", "petition_declined", "petition_ended", "petition_transfer"})
# State before the delivery: stage of the opinion, its document, its name.
_OPINIONS = {
    CaseState.ISSUED: ("decision", "petition_opinion", "信访处理意见书"),
    CaseState.REVIEWED: ("review", "petition_review", "复查意见书"),
    CaseState.REREVIEWED: ("rereview", "petition_rereview", "复核意见书"),
}


@action(
    "case",
    CaseVerb.NOTIFY,
    label="登记告知",
    form=Told,
    said="{number} 的告知已登记",
    tone="secondary",
)
async def notify(case_id: int, form: Told, *, by: Actor) -> Case:
    """Write down that a notice reached the petitioner; the first one on acceptance ends the 15 days.

    Raises:
        Refused: that document was not made yet.
    """
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.NOTIFY, by)
        name = NOTICES[form.document]
        report = await _made(case, form.document)
        if report is None:
            raise Refused(f"请先生成{name}，再登记告知")
        at = shared.instant(form.on, since=petition.received_at, label="告知日期")
        receiver = form.receiver or await _leader(case)
        await _write(case, report, form.document, form.way, receiver, at, form.note, by)
        if form.document in ANSWERS_NOTICE:
            await shared.stopped_on(case, "notice", at)
        await history.case_moved(
            case,
            CaseVerb.NOTIFY,
            by,
            before,
            text=_tail(form.note),
            document=name,
            way=form.way,
            day=f"{clock.local(at):%Y-%m-%d}",
        )
    return case


@action(
    "case",
    CaseVerb.DELIVER,
    label="登记送达",
    form=Delivered,
    said="{number} 的送达已登记，期限由送达之日起算",
    tone="primary",
)
async def deliver(case_id: int, form: Delivered, *, by: Actor) -> Case:
    """Write down the delivery of an opinion: the time to ask for a review begins, a quashed opinion is made anew.

    Raises:
        Refused: the opinion letter was not made yet.
    """
    async with transaction():
        case, petition = await shared.lock(case_id, by)
        before = case.state
        case.move(CaseVerb.DELIVER, by)
        stage, document, name = _OPINIONS[before]
        opinion = await shared.opinion(case, stage)
        report = await _made(case, document)
        if report is None and stage == "decision":
            raise Refused(f"请先生成{name}，再登记送达")
        at = shared.instant(form.on, since=opinion.decided_at or petition.received_at, label="送达日期")
        await _write(case, report, document, form.way, form.receiver, at, form.note, by)
        quashed = opinion.outcome == Verdict.QUASHED
        if not quashed:
            await _begin(case, petition, stage, at)
        await history.case_moved(
            case,
            CaseVerb.DELIVER,
            by,
            before,
            text=_tail(form.note),
            document=name,
            way=form.way,
            receiver=form.receiver,
            day=f"{clock.local(at):%Y-%m-%d}",
        )
        if quashed:
            await reopen_round(case, petition, f"{name}撤销原意见", by)
    return case


async def _begin(case: Case, petition: Petition, stage: str, at: datetime) -> None:
    """What runs from this delivery: 30 days to ask for a review, or for a re-review; after that nothing."""
    asks = case.appeal_type == Category.APPEAL and petition.route == Route.PETITION
    if stage == "decision" and asks:
        await clocks.open_kind(case, "review_window", at)
    elif stage == "review":
        await clocks.open_kind(case, "rereview_window", at)
    elif stage == "rereview":
        petition.final = True
        await petition.save()
        await clocks.refresh(case)


async def reopen_round(case: Case, petition: Petition, because: str, by: Actor) -> None:
    """The next round of a petition, with its own line of history; the case is saved."""
    before = case.state
    case.move(CaseVerb.REOPEN, by)
    events: tuple[Event, ...] = await shared.next_round(case, petition, because, by)
    await history.case_moved(
        case, CaseVerb.REOPEN, by, before, text=because, events=events, opened=case.round
    )


async def _made(case: Case, document: str) -> int | None:
    """The latest document of this kind made in the present round."""
    found: int | None = await db.fetchval(
        "select max(id) from case_report where case_id = $1 and kind = $2 and round = $3",
        case.id,
        document,
        case.round,
    )
    return found


async def _leader(case: Case) -> str:
    leader = await Petitioner.get_or_none(case_id=case.id, place=0)
    return leader.name if leader is not None and leader.name else "信访人"


async def _write(
    case: Case,
    report: int | None,
    document: str,
    way: Way,
    receiver: str,
    at: datetime,
    note: str,
    by: Actor,
) -> None:
    await db.execute(
        "insert into petition_delivery (case_id, round, report_id, document, way, receiver, delivered_at, note,"
        " recorded_by, recorded_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        case.id,
        case.round,
        report,
        document,
        way,
        receiver,
        at,
        note,
        by.name,
        clock.now(),
    )


def _tail(note: str) -> str:
    return f"（{note}）" if note else ""
