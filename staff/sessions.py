"""Server-side sessions of staff: the cookie, who it stands for, and the CSRF token that unsafe requests must bring.

The cookie holds 256 random bits; the database holds their SHA-256 only, so a stolen table opens nothing.
Rights are read afresh with every request. Proves nobody's identity: `staff.login` does that.
"""

import hashlib
import hmac
import secrets
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiohttp import hdrs, web

from core import audit, audit_origin, clock, db
from core.actor import Actor, ActorKind, Door
from core.errors import Forbidden, Unauthenticated
from core.parameters import Parameter, declare, number
from core.settings import settings
from core.web import UNSAFE, Handler, client_address, same_origin, wants_json
from staff.actors import grants
from staff.devices import same_family

COOKIE = "huiyin_session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"
BACKGROUND_HEADER = (
    "X-Background"  # "1" on what a page asks by itself: it does not count as the person's activity
)
TOUCH = timedelta(minutes=1)  # `seen_at` is written no more often than this
SETTLE = "/account/settle"  # where a limited session puts right what limits it
WHY_HELD = {"password": "请先修改密码", "second": "请先启用两步验证"}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")

IDLE_MINUTES = declare(
    Parameter(
        name="session.idle_minutes",
        label="无操作自动退出",
        what="页面上这么久没有操作，须重新登录",
        kind=int,
        default=30,
        low=5,
        high=480,
        unit="分钟",
        source="GB/T 22239-2019 8.1.4.1 身份鉴别：登录连接超时自动退出",
    )
)
LONGEST_HOURS = declare(
    Parameter(
        name="session.longest_hours",
        label="一次登录最长时间",
        what="即使一直在操作，到时也须重新登录",
        kind=int,
        default=14,
        low=1,
        high=72,
        unit="小时",
        source="一个夜班（含交接）",
    )
)

_RESUME = """
select s.staff_id, s.csrf, s.created_at, s.seen_at, s.limited, s.agent, st.name,
    coalesce(s.proven_at, s.created_at) as proven_at,
    coalesce(array_agg(p.role) filter (where p.id is not null), '{}') as roles,
    coalesce(array_agg(case when p.own then '' when u.parent_id is null then '/' else u.path end)
        filter (where p.id is not null), '{}') as paths,
    (select value from parameter where name = $2) as idle,
    (select value from parameter where name = $3) as longest
from session s
join staff st on st.id = s.staff_id and st.active and st.held_at is null
left join post p on p.staff_id = st.id and (p.until_on is null or p.until_on >= $4)
left join org_unit u on u.id = p.unit_id
where s.token_hash = $1 and s.ended_at is null
group by s.token_hash, st.id
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A live session: whom it stands for, its CSRF token, what must be put right first ("" nothing), and when its owner
    last gave a password, a code or a certificate."""

    actor: Actor
    csrf: str
    limited: str = ""
    proven_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A live session as its owner sees it; `id` names it without giving away the cookie or its hash."""

    id: str
    address: str
    agent: str
    began_at: datetime
    seen_at: datetime
    here: bool


def name_of(token: str) -> str:
    """How the session of this token is named in lists, notices and the audit log."""
    return audit_origin.name_of(_digest(token))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


async def begin(staff_id: int, *, address: str, agent: str, limited: str = "") -> str:
    """Begin a session, `limited` to putting that right ("password", "second"); the token for the cookie, which is not kept anywhere here."""
    token, now = secrets.token_urlsafe(32), clock.now()
    await db.execute(
        "insert into session (token_hash, staff_id, csrf, address, agent, created_at, seen_at, limited)"
        " values ($1, $2, $3, $4, $5, $6, $6, $7)",
        _digest(token),
        staff_id,
        secrets.token_urlsafe(24),
        address,
        agent[:300],
        now,
        limited,
    )
    audit_origin.present().session = audit_origin.name_of(_digest(token))
    return token


async def end(token: str) -> int | None:
    """End the session of this token; whose it was, None when it was not live."""
    owner: int | None = await db.fetchval(
        "update session set ended_at = $2 where token_hash = $1 and ended_at is null returning staff_id",
        _digest(token),
        clock.now(),
    )
    return owner


async def end_all(staff_id: int) -> int:
    """End every session of a person; how many there were."""
    return await db.execute(
        "update session set ended_at = $2 where staff_id = $1 and ended_at is null", staff_id, clock.now()
    )


_NAMED = "left(encode(sha256(token_hash), 'hex'), 24)"


async def of_staff(staff_id: int, token: str = "") -> list[SessionLine]:
    """The live sessions of a person, that of `token` first, then the last seen; idle and old ones are over."""
    rows = await db.fetch(
        f"select {_NAMED} as id, address, agent, created_at, seen_at, token_hash = $2 as here from session"  # noqa: S608
        " where staff_id = $1 and ended_at is null order by here desc, seen_at desc, created_at desc",
        staff_id,
        _digest(token),
    )
    idle, longest = str(await number(IDLE_MINUTES)), str(await number(LONGEST_HOURS))
    now = clock.now()
    return [
        SessionLine(
            row["id"], row["address"], row["agent"], row["created_at"], row["seen_at"], bool(row["here"])
        )
        for row in rows
        if not _over(row["seen_at"], row["created_at"], idle, longest, now)
    ]


async def end_over() -> int:
    """Write down as ended what was left idle too long or has become too old; how many."""
    now = clock.now()
    return await db.execute(
        "update session set ended_at = $1 where ended_at is null and (seen_at < $2 or created_at < $3)",
        now,
        now - timedelta(minutes=await number(IDLE_MINUTES)),
        now - timedelta(hours=await number(LONGEST_HOURS)),
    )


async def end_one(staff_id: int, session_id: str) -> bool:
    """End one session of a person by the id of its line; whether it was live."""
    return bool(
        await db.execute(
            f"update session set ended_at = $3 where staff_id = $1 and {_NAMED} = $2 and ended_at is null",  # noqa: S608
            staff_id,
            session_id,
            clock.now(),
        )
    )


async def end_others(staff_id: int, token: str) -> int:
    """End every session of a person but that of `token`; how many there were."""
    return await db.execute(
        "update session set ended_at = $3 where staff_id = $1 and token_hash <> $2 and ended_at is null",
        staff_id,
        _digest(token),
        clock.now(),
    )


async def resume(
    token: str, *, door: Door, address: str, touch: bool = True, agent: str | None = None
) -> Session | None:
    """The live session of this token; None when it is unknown, ended, idle too long or too old.

    `touch` False leaves the idle clock running, for what a page asks without the person doing anything. With `agent` the
    browser must be of the family that signed in: a cookie that turns up elsewhere was stolen, and its session ends.
    """
    row = await db.fetchrow(_RESUME, _digest(token), IDLE_MINUTES.name, LONGEST_HOURS.name, clock.today())
    now = clock.now()
    if row is None or _over(row["seen_at"], row["created_at"], row["idle"], row["longest"], now):
        return None
    if agent is not None and not same_family(row["agent"], agent[:300]):
        await _stolen(token, row["staff_id"], row["name"], address)
        return None
    if touch and now - row["seen_at"] >= TOUCH:
        await db.execute("update session set seen_at = $2 where token_hash = $1", _digest(token), now)
    held = zip(row["roles"], row["paths"], strict=True)
    roles = tuple(sorted(set(row["roles"])))
    actor = Actor(
        ActorKind.STAFF, row["staff_id"], row["name"], door, grants(row["staff_id"], held), address, roles
    )
    origin = audit_origin.present()
    origin.session, origin.actor = audit_origin.name_of(_digest(token)), actor
    return Session(actor, row["csrf"], row["limited"], row["proven_at"])


async def _stolen(token: str, staff_id: int, name: str, address: str) -> None:
    by = Actor(ActorKind.STAFF, staff_id, name, Door.WEB, address=address)
    async with db.transaction():
        if await end(token) is not None:
            await audit.record(by, "login.moved", "staff", staff_id, session=name_of(token))


async def renew(token: str) -> str:
    """The session of this token under a new one, with a new CSRF token, proven just now; the old one opens nothing."""
    fresh, now = secrets.token_urlsafe(32), clock.now()
    async with db.transaction():
        if not await db.execute(
            "update session set token_hash = $2, csrf = $3, proven_at = $4 where token_hash = $1 and ended_at is null",
            _digest(token),
            _digest(fresh),
            secrets.token_urlsafe(24),
            now,
        ):
            raise Unauthenticated
        await db.execute(
            "update account_notice set session = $2 where session = $1", name_of(token), name_of(fresh)
        )
    return fresh


def _over(seen: datetime, created: datetime, idle: str | None, longest: str | None, now: datetime) -> bool:
    minutes = IDLE_MINUTES.default if idle is None else IDLE_MINUTES.parse(idle)
    hours = LONGEST_HOURS.default if longest is None else LONGEST_HOURS.parse(longest)
    return now - seen > timedelta(minutes=int(minutes)) or now - created > timedelta(hours=int(hours))


async def actor_from_cookie(cookie_value: str, address: str, agent: str | None = None) -> Actor | None:
    """Whom a session cookie stands for, for Socket.IO; a connection alone does not keep the session alive."""
    if not cookie_value:
        return None
    session = await resume(cookie_value, door=Door.CHAT, address=address, touch=False, agent=agent)
    return session.actor if session and not session.limited else None


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Set request["actor"] (Actor or None) and request["csrf"] (text), and refuse forged requests.

    An unsafe request must come from our own pages if a browser sent it, and with a session it must bring
    the session's CSRF token in `X-CSRF-Token` or the form field `csrf_token`. A door that streams its own
    multipart body takes the token in the header, or the body would have been read here.
    """
    token = "" if _is_elsewhere(request) else request.cookies.get(COOKIE, "")
    session = None
    if token:
        quiet = request.headers.get(BACKGROUND_HEADER) == "1"
        session = await resume(
            token,
            door=Door.WEB,
            address=client_address(request),
            touch=not quiet,
            agent=request.headers.get("User-Agent", ""),
        )
    _remember(request, session)
    if session is not None and session.limited:
        _hold(request, session.limited)
    if request.method in UNSAFE:
        if not same_origin(request):
            raise Forbidden("请求来自别的网站，已拒绝")
        if session is not None and not await _brings(request, session.csrf):
            raise Forbidden("页面已过期，请刷新后再试")
    return await handler(request)


def _hold(request: web.Request, limited: str) -> None:
    """Let a limited session do nothing but what lifts the limit."""
    path = request.path.removeprefix(settings().path_prefix)
    if path.startswith((SETTLE, "/logout", "/login")):
        return
    if request.method in UNSAFE or wants_json(request):
        raise Forbidden(WHY_HELD[limited])
    raise web.HTTPSeeOther(f"{settings().path_prefix}{SETTLE}")


async def lift(token: str) -> None:
    """Let the session of this token do everything from now on."""
    await db.execute("update session set limited = '' where token_hash = $1", _digest(token))


def _is_elsewhere(request: web.Request) -> bool:
    """Files, and the patients' side: whoever works here is a stranger there, even in the same browser."""
    return request.path.removeprefix(settings().path_prefix).startswith(("/static/", "/p/", "/kiosk/"))


def _remember(request: web.Request, session: Session | None) -> None:
    with (
        warnings.catch_warnings()
    ):  # aiohttp would have typed keys; templates and pages read these two by word
        warnings.simplefilter("ignore", web.NotAppKeyWarning)
        request["actor"] = session.actor if session else None
        request["csrf"] = session.csrf if session else ""
        request["proven_at"] = session.proven_at if session else None


async def _brings(request: web.Request, csrf: str) -> bool:
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.content_type in FORMS:
        field = (await request.post()).get(CSRF_FIELD, "")
        given = field if isinstance(field, str) else ""
    return hmac.compare_digest(given.encode(), csrf.encode())


def proven_at(request: web.Request) -> datetime | None:
    """When whoever is signed in last proved it was they; None when nobody is."""
    at: datetime | None = request.get("proven_at")
    return at


def present(request: web.Request) -> Actor | None:
    """Who is signed in, or None."""
    actor: Actor | None = request.get("actor")
    return actor


def require(request: web.Request) -> Actor:
    """Who is signed in.

    Raises:
        Unauthenticated: nobody.
    """
    actor = present(request)
    if actor is None:
        raise Unauthenticated
    return actor


def set_cookie(response: web.StreamResponse, token: str) -> None:
    """Give the browser its session; it ends with the browser, or when the server says so."""
    response.set_cookie(
        COOKIE,
        token,
        path=settings().path_prefix or "/",
        httponly=True,
        samesite="Lax",
        secure=settings().public_url.startswith("https://"),
    )
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


def clear_cookie(response: web.StreamResponse) -> None:
    """Take the browser's session away."""
    response.del_cookie(COOKIE, path=settings().path_prefix or "/")
