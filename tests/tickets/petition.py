"""What the tests of petitions share: a letter as it is registered, and its way as far as a test needs it."""

from datetime import date

from core import clock, db
from core.actions import REGISTER
from core.actor import Actor
from tests.tickets.conftest import Cast, at
from tickets import reporting
from tickets.models import Case, Clock, Ticket
from tickets.petitions.registering import register
from tickets.petitions.registration import Registration
from tickets.reporting import ReportForm
from tickets.word.variables import Kind

PETITIONER_ID = "990101199001010019"  # area 99 is assigned to nobody
OPINION = {
    "outcome": "支持",
    "claims": "要求退还多收的检查费 120 元。",
    "facts": "经查，收费系统于当日重复计费一次。",
    "opinion": "支持您的请求，120 元已退回原支付账户。",
    "basis": "《医疗机构投诉管理办法》",
    "organ": "测试市卫生健康委员会",
}


def letter(**more: object) -> Registration:
    """A letter about a fee, with whatever is said otherwise."""
    given: dict[str, object] = {
        "form": "letter",
        "category": "申诉求决",
        "title": "反映检查费重复收取",
        "content": "本人在东院区就诊时被重复收取检查费 120 元，请求退还并说明原因。",
        "name": "测试甲",
        "phone": "13800000001",
        "address": "测试市测试区测试路 2 号",
        "campus": "东院区",
        **more,
    }
    return Registration.model_validate(given)


async def do(name: str, subject: int, by: Actor, **data: object) -> object:
    """One action, as every door does it."""
    action = REGISTER[name]
    return await action.run(subject, action.parse(data), by=by)


async def registered(cast: Cast, when: str = "2026-03-02 09:00", draft: str = "a1", **more: object) -> Case:
    """A letter registered by the centre."""
    with clock.frozen(at(when)):
        case, _ = await register(letter(**more), draft, by=cast.centre)
    return case


async def made(case: Case, kind: Kind, by: Actor, *tickets: int) -> int:
    """A document; the id of its row."""
    return await reporting.make(case.id, ReportForm(kind=kind, tickets=tickets), by=by)


async def taken_up(cast: Cast, **more: object) -> Case:
    """Accepted on the day after, its notice handed over."""
    case = await registered(cast, **more)  # type: ignore[arg-type]  # fields of a letter
    with clock.frozen(at("2026-03-03 09:00")):
        await do("case.take_up", case.id, cast.centre)
        await made(case, Kind.PETITION_ACCEPTED, cast.centre)
        await do("case.notify", case.id, cast.centre)
    return await Case.get(id=case.id)


async def issued(cast: Cast, **more: object) -> Case:
    """Answered by the department, the opinion drafted and issued on 1 April."""
    case = await taken_up(cast, **more)
    with clock.frozen(at("2026-03-04 09:00")):
        await do("case.assign", case.id, cast.centre, units=["收费处"])
        ticket = await Ticket.get(case_id=case.id)
        await do("ticket.answer", ticket.id, cast.cashier, text="经查系统重复计费，已提交退费")
        await do("ticket.approve", ticket.id, cast.centre)
    with clock.frozen(at("2026-04-01 09:00")):
        await do("case.draft_opinion", case.id, cast.centre, **OPINION)
        await do("case.issue_opinion", case.id, cast.chief)
        await made(case, Kind.PETITION_OPINION, cast.centre, ticket.id)
    return await Case.get(id=case.id)


async def delivered(cast: Cast, on: date = date(2026, 4, 2), **more: object) -> Case:
    """Handed to the petitioner on 2 April 2026."""
    case = await issued(cast, **more)
    with clock.frozen(at("2026-04-03 09:00")):
        await do("case.deliver", case.id, cast.centre, receiver="测试甲", on=on)
    return await Case.get(id=case.id)


async def limits(case: Case) -> dict[str, tuple[str, str]]:
    """Kind of clock → its last day and state, of the present round."""
    case = await Case.get(id=case.id)
    rows = await Clock.filter(case_id=case.id, round=case.round, ticket_id=None).order_by("id")
    return {row.kind: (f"{clock.local(row.due_at):%Y-%m-%d}", row.state) for row in rows}


async def story(case: Case) -> list[tuple[str, str]]:
    """The steps of the case itself: verb and state reached."""
    rows = await db.fetch(
        "select verb, state_to from history where case_id = $1 and ticket_id is null and verb not in"
        " ('report', 'assign') order by id",
        case.id,
    )
    return [(row["verb"], row["state_to"]) for row in rows]
