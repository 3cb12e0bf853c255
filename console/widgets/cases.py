"""Home module: how many cases wait, are late, are due today, are to be assigned or reviewed; each leads to its list."""

from console.widgets.shapes import Content, Figure, Figures, Tone, Widget
from core.actor import Actor, Permission
from tickets.queries import cases
from tickets.queries.case_filter import CaseFilter
from tickets.queries.cases import MOST_COUNTED
from tickets.states import CaseState


async def load(actor: Actor) -> Content:
    """The figures this person can do something about."""
    asked: list[tuple[str, CaseFilter, Tone]] = [
        ("待我处理", CaseFilter(todo=True), "plain"),
        ("已超期", CaseFilter(due="late"), "late"),
        ("今天到期", CaseFilter(due="today"), "soon"),
    ]
    if actor.can(Permission.CASE_HANDLE):
        asked.append(("待派单", CaseFilter(state=(CaseState.RECEIVED, CaseState.ACCEPTED)), "plain"))
    if actor.can(Permission.CASE_REVIEW):
        asked.append(("待审核", CaseFilter(state=(CaseState.UNDER_REVIEW,)), "plain"))
    return Figures(tuple([await _figure(label, wanted, tone, actor) for label, wanted, tone in asked]))


def amount(total: int | None) -> int | str:
    """A count as it is shown: "1000+" above what is counted, "…" where counting takes too long."""
    return "…" if total is None else f"{MOST_COUNTED}+" if total > MOST_COUNTED else total


async def _figure(label: str, wanted: CaseFilter, tone: Tone, actor: Actor) -> Figure:
    """A tone warns only where there is something to be warned of."""
    total = await cases.count(wanted, by=actor)
    quiet: Tone = "good" if tone != "plain" else "plain"
    return Figure(label, amount(total), f"/cases?{wanted.query()}", tone if total else quiet)


WIDGET = Widget(
    "cases", "诉求", "message-report", load, (Permission.CASE_READ, Permission.TICKET_READ), size="full"
)
