"""Log-in by WeCom: inside its client without a word, on a desktop by its QR code; whose account it is, WeCom tells.

The state that travels is sealed (HMAC) to a token in the browser's cookie and to an instant, so an unfinished log-in
leaves no row; it holds five minutes and opens once. The account must be bound to a person first (`staff.actions`).
Source: 构造网页授权链接 (path 91022), 构造企业微信登录链接 (98152), 获取访问用户身份 (91023). Begins no session.
"""

import hashlib
import secrets
from datetime import timedelta

from pydantic import Field

from core import audit, clock, crypto, db
from core.actions import Form
from core.actor import Actor, ActorKind, Door
from core.errors import HuiyinError, Refused, Unauthenticated
from core.logs import logger
from core.parameters import Parameter, declare, value
from core.settings import settings
from integrations import wecom, wecom_login
from integrations.http import CallFailed
from integrations.wecom_errors import Remedy, meaning
from staff import queries
from staff.login import crowd, second
from staff.login.asking import Asks

log = logger(__name__)

LIVES = timedelta(minutes=5)
BACK = "/login/wecom/back"
POSSESSION, ENOUGH, NONE = "possession", "enough", "none"
AGAIN = "企业微信登录已超时或已用过，请重新登录"
AWAY = "企业微信暂时无法确认您的身份，请稍后再试，或用工号密码登录"
HELD = "这个账号已冻结，请联系安全管理员核实后解除"
STRANGER = "您不是本院企业微信的成员，不能用企业微信登录"

SECOND = declare(
    Parameter(
        "login.wecom_second",
        "企业微信登录算不算第二种验证",
        str,
        POSSESSION,
        source="GB/T 22239-2019 8.1.4.1 d) 身份鉴别：两种或两种以上组合的鉴别技术",
        choices=(POSSESSION, ENOUGH, NONE),
        names=("算“手机在手”，再输一次密码", "单凭企业微信即可", "不算，照常要验证码"),
        what="只影响须启用两步验证的人员；其他人用企业微信登录后直接进入",
    )
)


class Unbound(HuiyinError):
    """The WeCom account is proven, but belongs to nobody here yet."""

    status = 403
    code = "unbound"


def address_of(token: str, *, inside: bool) -> str:
    """Where the browser goes: WeCom's page; `inside` its client, or its QR code.

    Args:
        token: in the browser's cookie (`new_token`).
        inside: the browser is the WeCom client's.

    Raises:
        Refused: no application is set.
    """
    if not wecom.configured():
        raise Refused("本院尚未接入企业微信")
    back = f"{settings().public_url.rstrip('/')}{settings().path_prefix}{BACK}"
    state = _state(token, int(clock.now().timestamp()))
    return wecom.oauth_url(back, state) if inside else wecom_login.qr_url(back, state)


def new_token() -> str:
    """A token for the browser's cookie."""
    return secrets.token_urlsafe(24)


def _state(token: str, at: int) -> str:
    """Letters and digits only, at most 128: the instant, and the seal over it and the browser's token."""
    return f"{at:x}x{crypto.sign('wecom log-in', f'{at} {token}')}"


def _fits(state: str, token: str) -> bool:
    stamp, _, seal = state.partition("x")
    try:
        at = int(stamp, 16)
    except ValueError:
        return False
    young = timedelta(0) <= timedelta(seconds=int(clock.now().timestamp()) - at) <= LIVES
    return young and stamp == f"{at:x}" and crypto.fits("wecom log-in", f"{at} {token}", seal)


class Given(Form):
    """What comes back: WeCom's code and state, and the token of the browser's cookie."""

    code: str = Field(title="授权码", min_length=1, max_length=512)
    state: str = Field(title="登录请求", min_length=1, max_length=128)
    browser: str = Field(title="浏览器", max_length=100)


class WeCom:
    """The WeCom account."""

    name = "wecom"
    label = "企业微信登录"
    form = Given

    async def prove(self, given: Given, *, address: str) -> int:
        """The staff id of whom the WeCom account is bound to.

        Raises:
            Unauthenticated: too late, used, another browser's, WeCom does not know or does not answer.
            Unbound: nobody's here.
            TooMany: very many from this address.
        """
        await self._open(given, address)
        try:
            userid = await wecom.userid_of_code(given.code)
        except CallFailed as error:
            log.warning("wecom_login_failed", code=error.code, error=error.message, advice=error.advice)
            await self._failed(address, None, why=f"vendor {error.code}")
            raise Unauthenticated(AGAIN if _stale(error) else AWAY) from None
        if not userid:
            await self._failed(address, None, why="no_member")
            raise Unauthenticated(STRANGER)
        someone = await queries.by_wecom(userid)
        if someone is None and await db.fetchval(
            "select 1 from staff where wecom_userid = $1 and held_at is not null", userid
        ):
            await self._failed(address, None, why="held", userid=userid)
            raise Unauthenticated(HELD)
        if someone is None:
            await self._failed(address, None, why="not_bound", userid=userid)
            raise Unbound("您的企业微信还没有与本系统的工号绑定")
        return someone.id

    async def _open(self, given: Given, address: str) -> None:
        """Use the state up."""
        if not given.browser or not _fits(given.state, given.browser):
            await self._failed(address, None, why="state")
            raise Unauthenticated(AGAIN)
        now = clock.now()
        async with db.transaction():
            await crowd.join(f"wecom {address}")
            came = await db.fetchval(
                "select count(*) from login_state where address = $1 and used_at > $2",
                address,
                now - crowd.WINDOW,
            )
            await crowd.bear(came)
            fresh = await db.execute(
                "insert into login_state (state_hash, address, used_at) values ($1, $2, $3) on conflict do nothing",
                hashlib.sha256(given.state.encode()).digest(),
                address,
                now,
            )
        if not fresh:
            await self._failed(address, None, why="state_used")
            raise Unauthenticated(AGAIN)

    async def _failed(self, address: str, staff_id: int | None, **told: str) -> None:
        door = Actor(ActorKind.SYSTEM, None, "登录", Door.WEB, address=address)
        async with db.transaction():
            await audit.record(door, "login.failed", "staff", staff_id, way=self.name, **told)

    async def asks(self, staff_id: int) -> Asks:
        """By the parameter: whoever has or must have a second factor gives the password, a code, or nothing more."""
        counted = await value(SECOND)
        if counted == ENOUGH:
            return Asks.NOTHING
        wanted = await second.asks(staff_id)
        return Asks.PASSWORD if wanted and counted == POSSESSION else wanted


def _stale(error: CallFailed) -> bool:
    code = error.code
    return code.isdigit() and meaning("wecom", int(code)).remedy is Remedy.RESTART_LOGIN


async def tidy() -> int:
    """Forget states that are too old to come back; how many."""
    return await db.execute("delete from login_state where used_at < $1", clock.now() - timedelta(hours=1))
