"""Home module: how the cases of one's own departments stand. For whoever has a post in a department or ward."""

from console.widgets.cases import amount
from console.widgets.shapes import Content, Figure, Figures, Line, Lines, Tone, Widget
from core.actor import Actor, Permission
from staff import queries as staff
from staff.tree import Unit
from tickets.queries import cases
from tickets.queries.access import unit_ids_of
from tickets.queries.case_filter import CaseFilter
from tickets.states import OPEN_CASE, CaseState

GOING = tuple(state for state in CaseState if state in OPEN_CASE)
MOST = 6  # departments; who answers for more looks at the list


async def own(actor: Actor) -> list[Unit]:
    """The departments and wards of this person's posts."""
    tree = await staff.tree()
    ids = [unit_ids_of(path)[-1:] for path in actor.scope(Permission.TICKET_READ)]
    units = [tree.unit(each[0]) for each in ids if each and each[0] > 0]
    return [unit for unit in units if unit.kind in ("department", "ward")]


async def fits(actor: Actor) -> bool:
    """Whether there is a department of theirs."""
    return bool(await own(actor))


async def load(actor: Actor) -> Content:
    """One department in figures, several as lines."""
    units = await own(actor)
    if len(units) == 1:
        return await _one(units[0], actor)
    lines = []
    for unit in units[:MOST]:
        going = await cases.count(CaseFilter(unit=unit.id, state=GOING), by=actor)
        late = await cases.count(CaseFilter(unit=unit.id, due="late"), by=actor)
        lines.append(
            Line(
                unit.short_name or unit.name,
                f"在办 {amount(going)} 件",
                f"/cases?{CaseFilter(unit=unit.id).query()}",
                f"超期 {amount(late)}" if late else "",
                "late",
            )
        )
    return Lines(tuple(lines), "您的岗位不属于某个科室。", more="/cases" if len(units) > MOST else "")


async def _one(unit: Unit, actor: Actor) -> Content:
    asked: list[tuple[str, CaseFilter, Tone]] = [
        ("在办", CaseFilter(unit=unit.id, state=GOING), "plain"),
        ("三天内到期", CaseFilter(unit=unit.id, due="3"), "soon"),
        ("已超期", CaseFilter(unit=unit.id, due="late"), "late"),
    ]
    figures = []
    for label, wanted, tone in asked:
        total = await cases.count(wanted, by=actor)
        quiet: Tone = "plain" if tone == "plain" else "good"
        figures.append(Figure(label, amount(total), f"/cases?{wanted.query()}", tone if total else quiet))
    return Figures(tuple(figures), unit.name)


WIDGET = Widget("unit", "本科室诉求", "building-hospital", load, (Permission.TICKET_READ,), fits=fits)
