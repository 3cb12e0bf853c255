"""Who is at the patients' pages: a session of an account or of one patient, apart from those of staff.

Cookies hold random tokens, the database their SHA-256 only. A session ends by itself: idle, too old, or with the
terminal's person gone. Proves nobody (`entering` does). OWASP ASVS 4.0 3.2–3.4.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from aiohttp import hdrs, web

from core import audit_origin, clock, crypto, db, links
from core.actor import Actor, ActorKind, Door
from core.errors import Forbidden, NotFound, Unauthenticated
from core.limits import DEVICE_COOKIE, device_signature, named_device
from core.masks import mask_name, mask_phone
from core.parameters import Parameter, declare, number
from core.settings import settings
from core.web import UNSAFE, client_address
from patient_portal.look import forget, keep
from patients import bindings_terminals

COOKIE = "huiyin_patient"
CSRF_FIELD, CSRF_HEADER = "csrf_token", "X-CSRF-Token"
TOUCH = timedelta(minutes=1)  # `seen_at` is written no more often than this
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
DEVICE_LIVES = 400 * 86400  # seconds; browsers keep a cookie no longer
_SLOT: Final = web.RequestKey("patient_visitor", object)

IDLE_MINUTES = declare(
    Parameter(
        "portal.idle_minutes",
        "患者端无操作自动退出",
        int,
        60,
        low=5,
        high=1440,
        unit="分钟",
        source="GB/T 22239-2019 8.1.4.1 身份鉴别：登录连接超时自动退出",
        what="手机和电脑上这么久没有操作，须重新登录；填写中的内容不会丢失",
    )
)
LONGEST_DAYS = declare(
    Parameter(
        "portal.longest_days",
        "患者端一次登录最长时间",
        int,
        7,
        low=1,
        high=30,
        unit="天",
        source="GB/T 22239-2019 8.1.4.1 身份鉴别",
    )
)
KIOSK_SECONDS = declare(
    Parameter(
        "kiosk.idle_seconds",
        "自助机无操作返回首页",
        int,
        90,
        low=30,
        high=600,
        unit="秒",
        source="《互联网网站适老化通用设计规范》：操作时间应充裕；最后 30 秒显示倒计时，可一键继续",
        what="自助机和床旁屏上这么久没有操作即结束使用，返回开始页",
    )
)


@dataclass(frozen=True, slots=True)
class Visitor:
    """A live session. `patient_id` is whom one acts for (None: no patient bound yet); `account_id` None: one patient alone.

    `agreed`: to how the service works, in the version in force.
    """

    session: bytes
    account_id: int | None
    patient_id: int | None
    patient_name: str
    way: str
    terminal_id: int | None
    csrf: str
    phone: str
    address: str
    agreed: bool

    @property
    def strong(self) -> bool:
        """Whether it was proven well enough for health data: by a code, or by WeChat; a card or a few digits are not."""
        return self.way in ("sms", "identity_sms", "wechat")

    @property
    def shown(self) -> str:
        """Whom one acts for, as a screen that others may see shows it: 张*."""
        return mask_name(self.patient_name)

    @property
    def actor(self) -> Actor:
        """Who acts, for actions and the audit log: with no permission of staff."""
        door = Door.KIOSK if self.terminal_id else Door.PORTAL
        name = mask_phone(self.phone) if self.phone else mask_name(self.patient_name) or "微信用户"
        return Actor(ActorKind.PATIENT, self.account_id, f"患者 {name}", door, (), self.address)

    def patient(self) -> int:
        """Whom one acts for.

        Raises:
            NotFound: nobody is bound yet.
        """
        if self.patient_id is None:
            raise NotFound("请先绑定就诊人")
        return self.patient_id


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A live session as its owner sees it; `id` names it without giving away the cookie or its hash."""

    id: str
    address: str
    agent: str
    began_at: datetime
    seen_at: datetime
    here: bool


def digest(token: str) -> bytes:
    """What of a cookie's token the database keeps."""
    return hashlib.sha256(token.encode()).digest()


async def begin(
    *,
    way: str,
    address: str,
    agent: str,
    account_id: int | None = None,
    patient_id: int | None = None,
    terminal_id: int | None = None,
) -> str:
    """Begin a session; the token for the cookie, which is kept nowhere here. Always a new one: nobody can fix it."""
    token, now = secrets.token_urlsafe(32), clock.now()
    await db.execute(
        "insert into portal_session (token_hash, account_id, patient_id, way, terminal_id, csrf, address, agent,"
        " created_at, seen_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        digest(token),
        account_id,
        patient_id,
        way,
        terminal_id,
        secrets.token_urlsafe(24),
        address,
        agent[:300],
        now,
    )
    audit_origin.present().session = audit_origin.name_of(digest(token))
    return token


_RESUME = """
select s.account_id, s.patient_id, s.way, s.terminal_id, s.csrf, s.created_at, s.seen_at, a.phone,
    case when s.account_id is null or b.id is not null then coalesce(p.merged_into, p.id) end as acting_for, q.name,
    exists (select 1 from portal_agreement g where g.kind = 'service'
        and g.version = (select max(version) from portal_terms where kind = 'service')
        and case when s.account_id is not null then g.account_id = s.account_id
            else g.account_id is null and g.patient_id in (p.id, p.merged_into) end) as agreed
from portal_session s
left join portal_account a on a.id = s.account_id
left join patient p on p.id = s.patient_id
left join patient q on q.id = coalesce(p.merged_into, p.id)
left join patient_binding b on b.account_id = s.account_id and b.patient_id = s.patient_id and b.ended_at is null
left join terminal t on t.id = s.terminal_id
where s.token_hash = $1 and s.ended_at is null and (s.terminal_id is null or not t.disabled)
"""


async def resume(token: str, address: str) -> Visitor | None:
    """The live session of this token; None when it is unknown, ended, idle too long or too old."""
    row = await db.fetchrow(_RESUME, digest(token))
    now = clock.now()
    if row is None:
        return None
    idle = (
        timedelta(
            seconds=await number(KIOSK_SECONDS) + 30
        )  # its page ends it; this is for a page that is gone
        if row["terminal_id"]
        else timedelta(minutes=await number(IDLE_MINUTES))
    )
    if now - row["seen_at"] > idle or now - row["created_at"] > timedelta(days=await number(LONGEST_DAYS)):
        return None
    if now - row["seen_at"] >= (timedelta(seconds=10) if row["terminal_id"] else TOUCH):
        await db.execute("update portal_session set seen_at = $2 where token_hash = $1", digest(token), now)
    phone = crypto.key_ring().decrypt(row["phone"], "portal_account.phone") if row["phone"] else ""
    visitor = Visitor(
        digest(token),
        row["account_id"],
        row["acting_for"],
        row["name"] or "" if row["acting_for"] else "",
        row["way"],
        row["terminal_id"],
        row["csrf"],
        phone,
        address,
        row["agreed"],
    )
    origin = audit_origin.present()
    origin.session, origin.actor = audit_origin.name_of(digest(token)), visitor.actor
    return visitor


async def load(request: web.Request) -> Visitor | None:
    """Who is signed in here; asked of the database once a request. An unsafe request must bring the session's token.

    Raises:
        Forbidden: it does not.
    """
    if _SLOT in request:
        return present(request)
    token = request.cookies.get(COOKIE, "")
    visitor = await resume(token, client_address(request)) if token else None
    request[_SLOT] = visitor
    if visitor is not None and request.method in UNSAFE and not await _brings(request, visitor.csrf):
        raise Forbidden("页面已过期，请刷新后再试")
    return visitor


async def glimpse(request: web.Request) -> Visitor | None:
    """Who is signed in, for a page that acts for nobody: it keeps the session alive, and no token is asked for."""
    token = request.cookies.get(COOKIE, "")
    return await resume(token, client_address(request)) if token else None


def present(request: web.Request) -> Visitor | None:
    """Who `load` has found, None before."""
    found = request.get(_SLOT)
    return found if isinstance(found, Visitor) else None


async def require(request: web.Request) -> Visitor:
    """Who is signed in.

    Raises:
        Unauthenticated: nobody.
    """
    visitor = await load(request)
    if visitor is None:
        raise Unauthenticated
    return visitor


async def _brings(request: web.Request, csrf: str) -> bool:
    given = request.headers.get(CSRF_HEADER, "")
    if not given and request.content_type in FORMS:
        field = (await request.post()).get(CSRF_FIELD, "")
        given = field if isinstance(field, str) else ""
    return hmac.compare_digest(given.encode(), csrf.encode())


def set_cookie(response: web.StreamResponse, token: str, *, framed: bool = False) -> None:
    """Give the browser its session; in another site's frame only for that site (CHIPS)."""
    if framed and settings().secure:
        response.set_cookie(
            COOKIE,
            token,
            path=settings().path_prefix or "/",
            httponly=True,
            secure=True,
            samesite="None",
            partitioned=True,
        )
    else:
        keep(response, COOKIE, token, seconds=None)
    response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")


def clear_cookie(response: web.StreamResponse) -> None:
    """Take the browser's session away."""
    forget(response, COOKIE)


async def end(session: bytes) -> None:
    """End one session."""
    await db.execute(
        "update portal_session set ended_at = $2 where token_hash = $1 and ended_at is null",
        session,
        clock.now(),
    )


async def end_everywhere(account_id: int) -> int:
    """End every session of an account; how many there were."""
    return await db.execute(
        "update portal_session set ended_at = $2 where account_id = $1 and ended_at is null",
        account_id,
        clock.now(),
    )


async def act_for(visitor: Visitor, patient_id: int | None) -> None:
    """Let a session act for another patient of its account; whether it may, its caller has asked."""
    await db.execute(
        "update portal_session set patient_id = $2 where token_hash = $1", visitor.session, patient_id
    )


async def sessions(visitor: Visitor) -> list[SessionLine]:
    """The live sessions of an account, this one first."""
    rows = await db.fetch(
        "select token_hash, address, agent, created_at, seen_at from portal_session where account_id = $1"
        " and ended_at is null and seen_at > $2 and created_at > $3 order by token_hash = $4 desc, seen_at desc",
        visitor.account_id,
        clock.now() - timedelta(minutes=await number(IDLE_MINUTES)),
        clock.now() - timedelta(days=await number(LONGEST_DAYS)),
        visitor.session,
    )
    return [
        SessionLine(
            audit_origin.name_of(row["token_hash"]),
            row["address"],
            row["agent"],
            row["created_at"],
            row["seen_at"],
            row["token_hash"] == visitor.session,
        )
        for row in rows
    ]


def name_device(request: web.Request, response: web.StreamResponse) -> None:
    """Give a browser that has none a name, by which its doings are counted instead of by its address."""
    if not named_device(request):
        name = secrets.token_urlsafe(16)
        keep(response, DEVICE_COOKIE, f"{name}.{device_signature(name)}", seconds=DEVICE_LIVES)


def is_named(request: web.Request) -> bool:
    """Whether this browser bears a name of ours."""
    return bool(named_device(request))


def device_hash(request: web.Request) -> bytes:
    """Whose doings are counted together: the named device, else address and browser."""
    name = (
        named_device(request) or f"{client_address(request)}|{request.headers.get(hdrs.USER_AGENT, '')[:300]}"
    )
    return crypto.search_hash(f"device|{name}")


async def tidy() -> int:
    """Forget sessions that have been over for two months, codes and failures that are a day old, links and numbers
    for cards that are over; how many."""
    now = clock.now()
    gone = await db.execute(
        "delete from portal_session where coalesce(ended_at, seen_at) < $1", now - timedelta(days=60)
    )
    gone += await db.execute("delete from portal_code where expires_at < $1", now - timedelta(days=1))
    gone += await db.execute("delete from portal_failure where at < $1", now - timedelta(days=1))
    return gone + await links.tidy() + await bindings_terminals.tidy()
