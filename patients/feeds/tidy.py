"""What may be forgotten of feeds: raw messages that were worked on long ago. What was parked or given up stays."""

from datetime import timedelta

from core import clock, db, parameters
from core.parameters import Parameter

KEEP = parameters.declare(
    Parameter(
        "feeds.keep_days",
        "接口原始消息保留天数",
        int,
        366,
        low=180,
        high=3660,
        unit="天",
        source="《网络安全法》：网络日志不少于六个月",
    )
)
BATCH = 20_000


async def tidy() -> int:
    """Delete a batch of old messages; how many. The facts they brought stay, so no row changes."""
    before = clock.now() - timedelta(days=await parameters.number(KEEP))
    return await db.execute(
        "delete from feed_message where id in (select id from feed_message where state = 'done'"
        " and created_at < $1 order by id limit $2)",
        before,
        BATCH,
    )
