"""How much one address may ask of the door (captchas, QR codes) within five minutes, so that it fills no table.

A hospital may come from one address, so the bound is wide; against guessing stands `lock`, not this.
"""

from datetime import timedelta

from core import db
from core.errors import TooMany
from core.parameters import Parameter, declare, number

WINDOW = timedelta(minutes=5)
MOST = declare(
    Parameter(
        "login.asks_address",
        "同一地址 5 分钟内可取验证码、扫码的次数上限",
        int,
        300,
        low=20,
        high=10000,
        unit="次",
        source="GB/T 22239-2019 8.1.4.1 身份鉴别：登录失败处理；全院共用出口地址时应调大",
    )
)


async def join(place: str) -> None:
    """Count alone: others of the same place wait until this transaction is over."""
    await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 14))", place)


async def bear(asked: int) -> None:
    """Refuse when so many have been asked for already.

    Raises:
        TooMany: as many as the parameter allows.
    """
    if asked >= await number(MOST):
        raise TooMany("这个网络的登录请求太多，请过几分钟再试")
