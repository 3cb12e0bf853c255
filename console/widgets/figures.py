"""Home module: the month so far in the figures that stand on top of the statistics, with the change since last month."""

from console.widgets.shapes import Content, Figure, Figures, Tone, Widget
from core.actor import Actor, Permission
from core.errors import Refused
from reports.asking import Asked
from reports.board import board
from reports.showing import Shown

MOST = 6
_TONES: dict[str, Tone] = {"good": "good", "late": "late"}


async def load(actor: Actor) -> Content:
    """Each leads to the cases behind it."""
    asked = Asked()
    try:
        found = await board(asked, by=actor)
    except Refused as error:
        return Figures((), error.message)
    return Figures(
        tuple(map(_figure, found.tiles[:MOST])), f"{asked.period.start.month} 月至今 · {found.scope}"
    )


def _figure(shown: Shown) -> Figure:
    path = f"/statistics/cases?{shown.cell.behind}" if shown.cell.behind else "/statistics"
    change = shown.before
    if change is None:
        return Figure(shown.figure.label, shown.cell.text, path)
    return Figure(
        shown.figure.label,
        shown.cell.text,
        path,
        note=f"环比 {change.text.replace(' 个百分点', ' 点')}",
        change=_TONES.get(change.tone, "plain"),
    )


WIDGET = Widget("figures", "本月统计", "chart-bar", load, (Permission.REPORT_READ,), size="two")
