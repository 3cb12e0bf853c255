"""How often somebody may do something: per account, device, sender or address, each a parameter; 429 and Retry-After.

A whole hospital may stand behind one address, so an address alone is never what counts for people who are signed in.
Counted in Redis for all processes together; while Redis is away each process counts for itself (decision 0026), so a
limit then holds for each process and is never open. Locks no account: staff/login/lock.py does. ASVS 4.0 11.1.4, 13.2.
"""

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from re import Pattern

from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware
from prometheus_client import Counter
from redis.exceptions import RedisError

from core import bell, crypto, parameters
from core.errors import TooMany
from core.logs import logger
from core.networks import counted
from core.parameters import Parameter
from core.settings import settings
from core.web import Handler, client_address

log = logger(__name__)

REFUSED = Counter("huiyin_limited_total", "Requests refused by a rate limit", ("limit",))
SOURCE = "OWASP ASVS 4.0 11.1.4"
FRESH = 15.0  # seconds for which a process believes the parameters it has read
DEVICE_COOKIE = "huiyin_device"
DEVICE_SIGNS = 32
SULK = 10.0  # seconds for which Redis is not asked again once it did not answer
MOST_KEPT = 50_000  # names a process remembers by itself


class By(StrEnum):
    """Whose doings are counted together. DEVICE: a browser by the name the patients' side gave it, else by address and
    User-Agent; SENDER: what a machine calls itself; TASK: the one thing that a part of the address names."""

    ACCOUNT = "account"
    DEVICE = "device"
    ADDRESS = "address"
    SENDER = "sender"
    FIELD = "field"
    TASK = "task"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in `seconds`, all at once if one likes, then as many as grow back. `shared` False: each process counts."""

    parameter: Parameter
    seconds: int
    by: By
    shared: bool = True

    @property
    def name(self) -> str:
        """ "limit.search"."""
        return self.parameter.name


@dataclass(frozen=True, slots=True)
class Rule:
    """Where a limit holds: methods, address (without the prefix), and for FIELD and TASK the field of the form or part of the address that names."""

    limit: Limit
    path: Pattern[str]
    methods: frozenset[str]
    field: str = ""
    files: bool = False  # only where files come along
    asks: bool = False  # only where something is searched for (`q`)


def limit(
    name: str, label: str, most: int, seconds: int, by: By, *, high: int = 1_000_000, shared: bool = True
) -> Limit:
    """Declare one, with its parameter."""
    per = {60: "每分钟", 3600: "每小时"}[seconds]
    one = Parameter(
        f"limit.{name}", f"{label}（{per}）", int, most, low=1, high=high, unit="次", source=SOURCE
    )
    return Limit(parameters.declare(one), seconds, by, shared)


# One key: the theoretical time of arrival (GCRA). Redis' own clock, so that processes agree.
_SCRIPT = """
local now = redis.call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
local gap, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local at = math.max(now, tonumber(redis.call('GET', KEYS[1]) or '0'))
local wait = at + gap - now - gap * most
if wait > 0 then return math.ceil(wait) end
redis.call('SET', KEYS[1], at + gap, 'PX', math.ceil(at + gap - now) + 1000)
return 0
"""


@dataclass
class Counting:
    """One process's counting: its own memory, what it believes of the parameters, and its mood towards Redis."""

    own: OrderedDict[str, float] = field(default_factory=OrderedDict)
    known: dict[str, tuple[float, int]] = field(default_factory=dict)
    sulking_until: float = 0.0

    async def wait(self, one: Limit, who: str) -> float:
        """0.0 when it may be done (and is counted then), else the seconds until it may."""
        most = await self._most(one)
        gap = one.seconds * 1000 / most
        if one.shared and time.monotonic() >= self.sulking_until:
            try:
                key = f"huiyin:{one.name}:{_named(who)}"
                return float(await bell.client().eval(_SCRIPT, 1, key, str(gap), str(most))) / 1000  # type: ignore[misc]
            except (RedisError, OSError, TimeoutError, RuntimeError) as error:
                self.sulking_until = time.monotonic() + SULK
                log.warning("limits_count_alone", error=type(error).__name__)
        return self._alone(f"{one.name}:{who}", gap, most)

    def _alone(self, key: str, gap: float, most: int) -> float:
        now = time.monotonic() * 1000
        at = max(now, self.own.pop(key, 0.0))
        wait = at + gap - now - gap * most
        self.own[key] = at if wait > 0 else at + gap
        while len(self.own) > MOST_KEPT:
            self.own.popitem(last=False)
        return max(0.0, wait) / 1000

    async def _most(self, one: Limit) -> int:
        until, most = self.known.get(one.name, (0.0, 0))
        if time.monotonic() >= until:
            most = await parameters.number(one.parameter)
            self.known[one.name] = (time.monotonic() + FRESH, most)
        return most


def _named(who: str) -> str:
    """Names in Redis are hashes: no address and no number of a person lies there."""
    return hashlib.sha256(f"{settings().hash_key}|{who}".encode()).hexdigest()[:32]


def limiting(rules: Sequence[Rule]) -> Middleware:
    """The middleware: every rule that fits a request is asked; it stands within that of the sessions."""
    counting = Counting()

    @web.middleware
    async def limited(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix(settings().path_prefix)
        for rule in rules:
            if request.method not in rule.methods or not rule.path.match(path):
                continue
            if rule.files and request.content_type != "multipart/form-data":
                continue
            if rule.asks and not request.query.get("q"):
                continue
            who = await _who(request, rule)
            if who and (wait := await counting.wait(rule.limit, who)):
                REFUSED.labels(rule.limit.name).inc()
                seconds = max(1, math.ceil(wait))
                raise TooMany(f"操作过于频繁，请 {_in_words(seconds)}后再试", after=seconds)
        return await handler(request)

    return limited


def named_device(request: web.Request) -> str:
    """The name a browser was given by us; "" when it brings none that we signed. Behind one address stand hundreds of
    phones of the same make, so an address and a User-Agent are not one device."""
    name, _, signature = request.cookies.get(DEVICE_COOKIE, "").partition(".")
    if not name:
        return ""
    return name if crypto.fits("device", name, signature, DEVICE_SIGNS) else ""


def device_signature(name: str) -> str:
    """What stands behind the name in the cookie."""
    return crypto.sign("device", name)[:DEVICE_SIGNS]


def _in_words(seconds: int) -> str:
    return f"{seconds} 秒" if seconds < 120 else f"{math.ceil(seconds / 60)} 分钟"


async def _who(request: web.Request, rule: Rule) -> str:
    """Whose doing it is; "" when the rule does not concern them."""
    actor = request.get("actor")
    match rule.limit.by:
        case By.ACCOUNT:
            return f"account {actor.staff_id}" if actor is not None else ""
        case By.DEVICE:
            if given := named_device(request):
                return f"device {given}"
            return (
                f"device {counted(client_address(request))} {request.headers.get(hdrs.USER_AGENT, '')[:300]}"
            )
        case By.ADDRESS:
            return "" if actor is not None else f"address {counted(client_address(request))}"
        case By.SENDER:
            return f"sender {counted(client_address(request))} {request.headers.get('X-Platform', '')[:32]}"
        case By.TASK:
            return f"task {request.match_info.get(rule.field, '')[:100]}"
        case By.FIELD:
            value = (await request.post()).get(rule.field, "")
            return f"{rule.field} {value.strip()[:80]}" if isinstance(value, str) and value.strip() else ""
