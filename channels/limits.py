"""The vendors' limits, kept on our side: WeCom and WeChat drop in silence what goes beyond them.

Redis counts for all processes in one script: small limits by an exact window of instants, large ones by a token
bucket. Lanes keep a reserve for what is more urgent. When Redis is away each process counts for itself with a
fraction of the limit. Nothing here waits or sends.
"""

import time
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from redis.exceptions import RedisError

from channels.drafts import Lane
from core import bell
from core.logs import logger

log = logger(__name__)

EXACT = 2000  # limits up to this are counted exactly
MARGIN = 1.05  # windows are kept a little longer, because messages travel unevenly
SHARE = {Lane.URGENT: 1.0, Lane.NORMAL: 0.9, Lane.BULK: 0.6}  # of a limit that a lane may use
ALONE = 0.25  # of a limit that one process uses while Redis is away
BURST = 0.1  # of a large limit that may go at once

# KEYS: one per rule. ARGV: 1 most, 2 window in ms, 3 exact (1) or bucket (0), for each rule in turn.
# Returns 0 and counts one for every rule, or the milliseconds to wait and counts nothing.
SCRIPT = """
local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local wait = 0
local function bucket(key, most, window)
  local capacity = math.max(1, math.floor(most * tonumber(ARGV[#ARGV])))
  local rate = math.max(1, most - capacity) / window
  local held = redis.call('HMGET', key, 'tokens', 'at')
  local tokens = math.min(capacity, (tonumber(held[1]) or capacity) + (now - (tonumber(held[2]) or now)) * rate)
  return tokens, rate
end
for i, key in ipairs(KEYS) do
  local most, window = tonumber(ARGV[i * 3 - 2]), tonumber(ARGV[i * 3 - 1])
  local blocked = redis.call('PTTL', key .. ':block')
  if blocked > wait then wait = blocked end
  if ARGV[i * 3] == '1' then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    local held = redis.call('ZCARD', key)
    if held >= most then
      local oldest = redis.call('ZRANGE', key, held - most, held - most, 'WITHSCORES')
      wait = math.max(wait, tonumber(oldest[2]) + window - now, 1)
    end
  else
    local tokens, rate = bucket(key, most, window)
    if tokens < 1 then wait = math.max(wait, math.ceil((1 - tokens) / rate)) end
  end
end
if wait > 0 then return wait end
for i, key in ipairs(KEYS) do
  local most, window = tonumber(ARGV[i * 3 - 2]), tonumber(ARGV[i * 3 - 1])
  if ARGV[i * 3] == '1' then
    local serial = redis.call('INCR', 'huiyin:limit:serial')
    redis.call('ZADD', key, now, serial)
    redis.call('PEXPIRE', key, window)
  else
    local tokens = bucket(key, most, window)
    redis.call('HSET', key, 'tokens', tostring(tokens - 1), 'at', now)
    redis.call('PEXPIRE', key, window)
  end
end
return 0
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """At most `most` in `window` seconds for whatever `key` names."""

    key: str
    most: int
    window: int


def allowed(rule: Rule, lane: Lane) -> int:
    """How much of a limit a lane may use; never less than one."""
    return max(1, int(rule.most * SHARE[lane]))


def off_peak(now: datetime, lane: Lane) -> float:
    """Seconds a bulk message waits because everybody sends at minute 0 and 30 (访问频率限制); else 0."""
    return float(60 - now.second) if lane is Lane.BULK and now.minute in (0, 30) else 0.0


async def acquire(rules: Sequence[Rule], lane: Lane) -> float:
    """0 when a message may go now (it is counted), else the seconds to wait (nothing is counted)."""
    if not rules:
        return 0.0
    values: list[str] = []
    for rule in rules:
        exact = rule.most <= EXACT
        values += [str(allowed(rule, lane)), str(int(rule.window * 1000 * MARGIN)), "1" if exact else "0"]
    keys = [f"huiyin:limit:{rule.key}:{rule.window}" for rule in rules]
    try:
        waits = await bell.client().eval(SCRIPT, len(keys), *keys, *values, str(BURST))  # type: ignore[misc]
    except (RedisError, OSError, TimeoutError, RuntimeError) as error:
        log.warning("limits_alone", error=type(error).__name__)
        return _alone(rules, lane)
    _seen.clear()
    return int(waits) / 1000


async def block(rules: Sequence[Rule], seconds: float) -> None:
    """The vendor said that the limit is reached: nobody sends under these rules for a while."""
    try:
        for rule in rules:
            key = f"huiyin:limit:{rule.key}:{rule.window}:block"
            await bell.client().set(key, "1", px=int(seconds * 1000))
    except (RedisError, OSError, TimeoutError, RuntimeError) as error:
        log.warning("limits_alone", error=type(error).__name__)


_seen: defaultdict[Rule, deque[float]] = defaultdict(deque)


def _alone(rules: Sequence[Rule], lane: Lane) -> float:
    """This process's own count, with a fraction of each limit."""
    now, wait = time.monotonic(), 0.0
    for rule in rules:
        seen, most = _seen[rule], max(1, int(allowed(rule, lane) * ALONE))
        while seen and seen[0] <= now - rule.window * MARGIN:
            seen.popleft()
        if len(seen) >= most:
            wait = max(wait, seen[len(seen) - most] + rule.window * MARGIN - now)
    if wait == 0.0:
        for rule in rules:
            _seen[rule].append(now)
    return wait
