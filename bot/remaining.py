"""How much time is left, in words: "剩 2天3小时", "已超 5小时". Pure but for the clock."""

from datetime import datetime

from core import clock


def left(due_at: datetime | None) -> str:
    """What is left until an instant, or how long it is past; "" for none."""
    if due_at is None:
        return ""
    seconds = int((due_at - clock.now()).total_seconds())
    return f"{'剩' if seconds >= 0 else '已超'} {_span(abs(seconds))}"


def _span(seconds: int) -> str:
    days, rest = divmod(seconds, 86400)
    hours, rest = divmod(rest, 3600)
    if days:
        return f"{days}天{hours}小时" if hours else f"{days}天"
    if hours:
        return f"{hours}小时"
    return f"{max(1, rest // 60)}分钟"


def limit(due_at: datetime | None) -> str:
    """The instant on the hospital's clock and what is left: "03-05 17:30（剩 2天3小时）"."""
    return f"{clock.local(due_at):%m-%d %H:%M}（{left(due_at)}）" if due_at else "未设时限"
