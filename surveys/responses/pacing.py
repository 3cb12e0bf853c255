"""The pace of versions, and judging anew as responses grow: flags of earlier responses follow what is known later.

Run by the clock. Changes nothing but flags and the pace; answers, scores and facts stay as they are.
"""

import time
from datetime import timedelta

from core import clock, db, parameters
from core.db import transaction
from core.parameters import Parameter
from surveys.responses.quality import ENOUGH, FLOOR_MS, Flag, Pace, pace

LOOKS_BACK = timedelta(days=180)
FRESH = 30.0  # seconds for which a process believes what it has read
MOST_TIMES = 20_000  # of the newest responses of a version
_kept: dict[tuple[int, str], tuple[float, int]] = {}


async def slowest(version_id: int) -> int:
    """At or below how many active milliseconds a response of this version is speeding; 0 while too few are there."""
    return await _remembered(f"pace {version_id}", None, version_id)


async def number(parameter: Parameter) -> int:
    """A parameter, believed for half a minute: it is asked at every completion."""
    return await _remembered(parameter.name, parameter, 0)


async def _remembered(name: str, parameter: Parameter | None, version_id: int) -> int:
    key = (db.opening(), name)
    until, value = _kept.get(key, (0.0, 0))
    if time.monotonic() < until:
        return value
    if parameter is not None:
        value = await parameters.number(parameter)
    else:
        value = (
            await db.fetchval("select slowest_ms from response_pace where version_id = $1", version_id) or 0
        )
    if len(_kept) > 5000:
        _kept.clear()
    _kept[key] = (time.monotonic() + FRESH, value)
    return value


async def reckon(version_id: int) -> Pace:
    """The pace of a version from its newest responses, kept; those it makes speeding or not are marked anew."""
    rows = await db.fetch(
        "select active_ms from response where version_id = $1 and state = 'completed' and active_ms > 0"
        " order by completed_at desc limit $2",
        version_id,
        MOST_TIMES,
    )
    found = pace([row["active_ms"] for row in rows])
    async with transaction():
        await db.execute(
            "insert into response_pace (version_id, responses, median_ms, spread, slowest_ms, reckoned_at)"
            " values ($1, $2, $3, $4, $5, $6) on conflict (version_id) do update"
            " set responses = $2, median_ms = $3, spread = $4, slowest_ms = $5, reckoned_at = $6",
            version_id,
            found.responses,
            found.median_ms,
            found.spread,
            found.slowest_ms,
            clock.now(),
        )
        await db.execute(
            "with j as (select id, active_ms > 0 and (active_ms <= $2 or active_ms <"
            " (select count(*) from jsonb_object_keys(r.times)) * $3) as fast"
            " from response r where version_id = $1 and state = 'completed')"
            " update response r set flags = case when j.fast then array_append(r.flags, $4)"
            " else array_remove(r.flags, $4) end from j where j.id = r.id and j.fast <> ($4 = any(r.flags))",
            version_id,
            found.slowest_ms,
            FLOOR_MS,
            Flag.SPEEDING.value,
        )
    return found


async def judge_again() -> int:
    """Every version that was answered lately; then devices of the staff. How many versions were reckoned."""
    versions = await db.fetch(
        "select version_id from response where state = 'completed' and completed_at > $1 group by version_id"
        " having count(*) >= $2 or max(completed_at) > $3",
        clock.now() - LOOKS_BACK,
        ENOUGH,
        clock.now() - timedelta(days=2),
    )
    for row in versions:
        await reckon(row["version_id"])
    await db.execute(
        "update response r set flags = array_append(r.flags, $1) from survey_staff_device d"
        " where r.device_hash = d.device_hash and r.state = 'completed' and r.channel not in"
        " ('kiosk', 'bedside', 'phone', 'voice') and not $1 = any(r.flags)",
        Flag.STAFF.value,
    )
    return len(versions)


async def note_staff_device(device_hash: bytes) -> None:
    """Somebody of the staff is signed in on this device."""
    await db.execute(
        "insert into survey_staff_device (device_hash, seen_at) values ($1, $2)"
        " on conflict (device_hash) do update set seen_at = $2",
        device_hash,
        clock.now(),
    )
