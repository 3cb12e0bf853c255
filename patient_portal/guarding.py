"""Counts wrong tries to prove who one is, by what was tried and by the device, and says when a captcha is asked for.

A try is counted before it is looked at and forgiven when it succeeds. Never by address alone: a hospital's Wi-Fi is one
address. What was tried is kept as a keyed hash. GB/T 22239-2019 8.1.4.1; OWASP ASVS 4.0 2.2.1.
"""

from dataclasses import dataclass
from datetime import timedelta

from core import clock, crypto, db
from core.errors import TooMany
from core.parameters import Parameter, declare, number
from staff.login import captcha

WINDOW = timedelta(minutes=30)
SOURCE = "GB/T 22239-2019 8.1.4.1 身份鉴别：登录失败处理"


def _number(name: str, label: str, default: int, high: int, what: str = "", *, low: int = 1) -> Parameter:
    return declare(Parameter(f"portal.{name}", label, int, default, low, high, "次", SOURCE, what=what))


PER_NAME = _number(
    "failures_name", "患者端同一身份 30 分钟内错误次数上限", 5, 20, "达到后这个证件号或手机号暂停验证"
)
PER_DEVICE = _number("failures_device", "患者端同一设备 30 分钟内错误次数上限", 15, 200)
CAPTCHA_AFTER = _number(
    "captcha_after",
    "患者端几次后要求图形验证码",
    2,
    20,
    "同一设备获取短信验证码或验证失败达到次数后；0 为每次都要求",
    low=0,
)
CODES_PHONE_HOUR = _number("codes_phone_hour", "同一手机号每小时短信验证码", 5, 20)
CODES_PHONE_DAY = _number("codes_phone_day", "同一手机号每天短信验证码", 10, 50)
CODES_DEVICE_HOUR = _number("codes_device_hour", "同一设备每小时短信验证码", 10, 200, "共用的自助机可调大")
CODES_ALL_MINUTE = _number(
    "codes_minute", "全院每分钟短信验证码", 120, 100_000, "超过后一律先要求图形验证码，不拒绝任何人"
)


@dataclass(frozen=True, slots=True)
class Device:
    """A browser: the hash it is counted by, and whether it bears a name of ours."""

    hash: bytes
    named: bool


def named(what: str, value: str) -> bytes:
    """The name under which tries with a value are counted."""
    return crypto.search_hash(f"portal|{what}|{value}")


async def attempt(name: bytes, device: Device) -> None:
    """Count a try.

    Raises:
        TooMany: too many of this name or this device went wrong; the try is then neither counted nor to be looked at.
    """
    now = clock.now()
    async with db.transaction():
        for whose in sorted((name.hex(), device.hash.hex())):
            await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 15))", whose)
        row = await db.fetchrow(
            "select count(*) filter (where name = $1) as of_name, count(*) filter (where device_hash = $2) as of_device"
            " from portal_failure where at > $3 and (name = $1 or device_hash = $2)",
            name,
            device.hash,
            now - WINDOW,
        )
        of_name, of_device = (row["of_name"], row["of_device"]) if row else (0, 0)
        if of_name >= await number(PER_NAME) or of_device >= await number(PER_DEVICE):
            raise TooMany(
                "错误次数过多，请 30 分钟后再试，或到医院服务台办理", after=int(WINDOW.total_seconds())
            )
        await db.execute(
            "insert into portal_failure (name, device_hash, at) values ($1, $2, $3)", name, device.hash, now
        )


async def forgive(name: bytes, device: Device) -> None:
    """The try succeeded: what went wrong before under this name on this device is forgotten."""
    await db.execute("delete from portal_failure where name = $1 and device_hash = $2", name, device.hash)


async def captcha_needed(device: Device) -> bool:
    """Whether the next request for a code, or the next try, must bring a captcha."""
    now, after = clock.now(), await number(CAPTCHA_AFTER)
    if not device.named or after == 0:
        return True
    row = await db.fetchrow(
        "select (select count(*) from portal_failure where device_hash = $1 and at > $2)"
        " + (select count(*) from portal_code where device_hash = $1 and created_at > $2 and used_at is null) as here,"
        " (select count(*) from portal_code where created_at > $3) as all_of_them",
        device.hash,
        now - WINDOW,
        now - timedelta(minutes=1),
    )
    return row is not None and (row["here"] >= after or row["all_of_them"] >= await number(CODES_ALL_MINUTE))


async def check_captcha(device: Device, token: str, answer: str) -> None:
    """Use the captcha up where one is needed.

    Raises:
        Invalid: wrong or missing (field "captcha").
    """
    if await captcha_needed(device):
        await captcha.check(token, answer)
