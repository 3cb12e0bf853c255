"""System errors of the programs as lines of the audit log: what was logged as an error, a moment later.

A log line is written where nothing may wait, so errors are kept in memory (the last of them, and of each kind only
some) until `flush` writes them. What the web doors tell by themselves is not told twice.
"""

import time
from collections import Counter

import asyncpg

from core import audit
from core.actor import Door, system
from core.logs import ERRORS, begin_trace, logger

log = logger(__name__)

MOST_ALIKE = 5  # of one event and kind of error in a minute
_TOLD_ELSEWHERE = frozenset({"request_failed", "audit_line_lost"})
_seen: Counter[tuple[int, str, str]] = Counter()


async def flush() -> int:
    """Write what has gathered; how many lines. What cannot be written now stays for the next time."""
    written = 0
    minute = int(time.monotonic() // 60)
    for old in [key for key in _seen if key[0] != minute]:
        del _seen[old]
    while ERRORS:
        noted = ERRORS.popleft()
        if noted.event in _TOLD_ELSEWHERE:
            continue
        _seen[minute, noted.event, noted.error] += 1
        if _seen[minute, noted.event, noted.error] > MOST_ALIKE:
            continue
        begin_trace(noted.trace_id)
        try:
            await audit.record(
                system("系统", Door.CLOCK),
                "system.error",
                "process",
                None,
                event=noted.event,
                error=noted.error,
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            ERRORS.appendleft(noted)
            raise
        written += 1
    return written
