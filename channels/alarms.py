"""Alarms: an outside system says that it is set up wrongly. A row until a call succeeds again; tells nobody itself."""

from channels.events import ChannelAlarmed
from core import clock, db
from core.events import announce
from integrations.http import CallFailed, Kind


async def note(error: CallFailed) -> None:
    """Raise, or count up, the alarm of a failure of kind misconfigured; other kinds are no alarm."""
    if error.kind is not Kind.MISCONFIGURED:
        return
    async with db.transaction():
        first = await db.fetchval(
            "insert into channel_alarm (system, code, message, advice, first_at, last_at) values ($1, $2, $3, $4, $5, $5)"
            " on conflict (system, code) where cleared_at is null do update set count = channel_alarm.count + 1,"
            " last_at = $5, message = $3, advice = $4 returning count = 1",
            error.system,
            error.code,
            error.message[:500],
            error.advice,
            clock.now(),
        )
        if first:
            await announce(ChannelAlarmed(system=error.system, code=error.code))


async def clear(system: str) -> int:
    """A call of `system` went well: its alarms are over; how many there were."""
    return await db.execute(
        "update channel_alarm set cleared_at = $2 where system = $1 and cleared_at is null",
        system,
        clock.now(),
    )


async def of_bot_line(error: CallFailed | None) -> None:
    """What `BotLine` tells after each subscription: an alarm, or the end of it."""
    if error is None:
        await clear("wecom_bot")
    else:
        await note(error)
