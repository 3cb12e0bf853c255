"""How much time is left until an instant, in the words of the screen; pure, knows no calendar and no case.

`static/js/clock.js` says the same in the browser, where it ticks; `tests/console/remaining.json` binds both.
"""

from datetime import datetime

MINUTE, HOUR, DAY = 60, 3600, 86400


def remaining(due: datetime, at: datetime) -> str:
    """ "剩 2天3小时", "剩 5分钟", "已超 1天0小时"; both instants aware. Whole units, rounded down."""
    seconds = int((due - at).total_seconds())
    return f"剩 {span(seconds)}" if seconds >= 0 else f"已超 {span(-seconds)}"


def span(seconds: int) -> str:
    """The two greatest units of a length of time that is not negative."""
    if seconds >= DAY:
        return f"{seconds // DAY}天{seconds % DAY // HOUR}小时"
    if seconds >= HOUR:
        return f"{seconds // HOUR}小时{seconds % HOUR // MINUTE}分"
    return f"{max(1, seconds // MINUTE)}分钟"


def tone(due: datetime, at: datetime) -> str:
    """ "late" past it, "soon" within a day, else "calm"."""
    seconds = (due - at).total_seconds()
    if seconds < 0:
        return "late"
    return "soon" if seconds <= DAY else "calm"
