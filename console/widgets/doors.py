"""Home module: the pages this person may open, as large buttons."""

from console.menu import menu
from console.widgets.shapes import Content, Doors, Way, Widget
from core.actor import Actor


async def load(actor: Actor) -> Content:
    """Every page of the person's menu but the home page itself."""
    shown = [item for _, items in menu(actor, "/").groups for item in items if item.path != "/"]
    return Doors(tuple(Way(item.label, item.icon, item.path) for item in shown))


WIDGET = Widget("doors", "全部页面", "layout-grid", load, size="two")
