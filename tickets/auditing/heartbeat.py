"""Whether the auditor itself lives: told to whoever asks, and to an address outside when one is set.

The address belongs to a monitor that raises the alarm when nobody calls it any more (the "dead man's switch").
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from core import clock, db, parameters
from core.jobs import Job
from core.logs import logger
from core.parameters import Parameter
from core.settings import settings
from integrations import heartbeat
from integrations.http import CallFailed

log = logger(__name__)

PING = "auditor.ping"
FRESH = timedelta(minutes=10)  # an older round is no sign of life any more
SILENCE = parameters.declare(
    Parameter(
        "auditor.silence_minutes",
        "时限审计超过多久没有完成视为停止",
        int,
        10,
        5,
        1440,
        "分钟",
        what="审计每 3 分钟一轮；超过这个时间，运行状况页和外部监控报警",
    )
)


@dataclass(frozen=True, slots=True)
class Pulse:
    """When the last round ended (None: never), how long ago in seconds, and whether that is recent enough."""

    ended_at: datetime | None
    age: int | None
    alive: bool


async def pulse() -> Pulse:
    """The auditor's sign of life."""
    ended: datetime | None = await db.fetchval("select max(ended_at) from auditor_round")
    if ended is None:
        return Pulse(None, None, alive=False)
    age = int((clock.now() - ended).total_seconds())
    return Pulse(ended, age, age <= 60 * await parameters.number(SILENCE))


async def ping(job: Job) -> None:
    """Call the monitor outside; a call that fails is not tried again, for the next round calls anyway."""
    url = settings().heartbeat_url
    ended = await db.fetchval("select ended_at from auditor_round where id = $1", int(job.payload["round"]))
    if not url or ended is None or clock.now() - ended > FRESH:
        return
    try:
        await heartbeat.ping(url)
    except CallFailed as error:
        log.warning("heartbeat_not_heard", error=str(error))
