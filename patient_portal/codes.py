"""Codes by SMS: asked for, sent by a job, used once within five minutes and five tries. Begins no session.

A code that goes to nobody (no such patient, no registered phone) is asked for, waited for and refused just like one
that does, so that nobody learns who is known here. Tokens and codes are kept as hashes, the number sealed.
"""

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from channels import actions as channels
from channels import texts
from channels.drafts import Draft, Lane, Receiver, ReceiverKind
from core import clock, crypto, db
from core.errors import Fault, Invalid, TooMany
from core.parameters import number
from patient_portal.guarding import CODES_DEVICE_HOUR, CODES_PHONE_DAY, CODES_PHONE_HOUR, Device
from patient_portal.visitor import digest

LIVES = timedelta(minutes=5)
TRIES = 5
DIGITS = 6
REST = timedelta(seconds=60)  # between two codes for one number
WRONG = "验证码不正确或已过期"


class Purpose(StrEnum):
    """What a code is for; one of another purpose does not do."""

    ENTER = "enter"
    IDENTITY = "identity"
    BIND = "bind"
    PHONE = "phone"


_WHAT = {
    Purpose.ENTER: "登录患者服务",
    Purpose.IDENTITY: "登录患者服务",
    Purpose.BIND: "绑定就诊人",
    Purpose.PHONE: "绑定手机号",
}


@dataclass(frozen=True, slots=True)
class Proven:
    """What a right code proves: the number it went to, and for whom it was asked."""

    phone: str
    patient_id: int | None


async def ask(
    purpose: Purpose,
    *,
    counted: str,
    phone: str,
    device: Device,
    address: str,
    patient_id: int | None = None,
) -> str:
    """Ask for a code; the token for the browser's cookie.

    Args:
        purpose: what for.
        counted: what limits are counted by: the number typed, or the identity number where no number was typed.
        phone: where it goes; "" to nobody, which its asker cannot tell.
        device, address: who asks.
        patient_id: for whom.

    Raises:
        TooMany: too many codes for this number, or asked for by this device.
    """
    token, code, now = secrets.token_urlsafe(24), _code(), clock.now()
    name = crypto.search_hash(f"code|{counted}")
    async with db.transaction():
        await _bear(name, device, now)
        message = await _send(purpose, phone, code, token) if phone else None
        await db.execute(
            "insert into portal_code (token_hash, purpose, phone_hash, phone, patient_id, code_hash, device_hash,"
            " address, message_id, created_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            digest(token),
            purpose,
            name,
            crypto.key_ring().encrypt(phone, "portal_code.phone") if phone else None,
            patient_id,
            _sealed(token, code),
            device.hash,
            address,
            message,
            now,
            now + LIVES,
        )
    return token


def _code() -> str:
    return "".join(secrets.choice("0123456789") for _ in range(DIGITS))


def _sealed(token: str, code: str) -> bytes:
    return crypto.search_hash(f"code of {token}|{code}")


async def _bear(name: bytes, device: Device, now: datetime) -> None:
    for whose in sorted((name.hex(), device.hash.hex())):
        await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 16))", whose)
    row = await db.fetchrow(
        "select max(created_at) filter (where phone_hash = $1) as last,"
        " count(*) filter (where phone_hash = $1 and created_at > $3) as hour,"
        " count(*) filter (where phone_hash = $1) as day,"
        " count(*) filter (where device_hash = $2 and created_at > $3) as device"
        " from portal_code where created_at > $4 and (phone_hash = $1 or device_hash = $2)",
        name,
        device.hash,
        now - timedelta(hours=1),
        now - timedelta(days=1),
    )
    if row is None:
        return
    if row["last"] is not None and now - row["last"] < REST:
        wait = int((REST - (now - row["last"])).total_seconds()) + 1
        raise TooMany(f"验证码已发送，请 {wait} 秒后再获取", after=wait)
    if row["hour"] >= await number(CODES_PHONE_HOUR) or row["day"] >= await number(CODES_PHONE_DAY):
        raise TooMany("获取验证码过于频繁，请稍后再试", after=3600)
    if row["device"] >= await number(CODES_DEVICE_HOUR):
        raise TooMany("这台设备获取验证码过于频繁，请稍后再试", after=3600)


async def _send(purpose: Purpose, phone: str, code: str, token: str) -> int:
    minutes = int(LIVES.total_seconds() // 60)
    return await channels.send(
        Draft(
            key=f"portal-code:{digest(token).hex()[:32]}",
            purpose="portal.code",
            receiver=Receiver(kind=ReceiverKind.PERSON, id=0, phone=phone),
            lane=Lane.URGENT,
            text=texts.render(
                "portal_code", "sms", {"code": code, "what": _WHAT[purpose], "minutes": minutes}
            ),
            ladder=("sms",),
            secret=True,
        )
    )


async def waits(token: str, purpose: Purpose) -> bool:
    """Whether a code is still waited for under this token."""
    return bool(
        await db.fetchval(
            "select 1 from portal_code where token_hash = $1 and purpose = $2 and used_at is null and expires_at > $3"
            " and tries < $4",
            digest(token),
            purpose,
            clock.now(),
            TRIES,
        )
    )


async def sent_to(token: str) -> str:
    """Where the code of this token went, in full, for whoever typed that number; "" to nobody."""
    sealed = await db.fetchval("select phone from portal_code where token_hash = $1", digest(token))
    return crypto.key_ring().decrypt(sealed, "portal_code.phone") if sealed else ""


async def use(token: str, purpose: Purpose, code: str) -> Proven:
    """Use a code up.

    Raises:
        Invalid: wrong, used, too late, or tried too often; all told alike (field "code").
    """
    plain = "".join(str(int(sign)) for sign in code if sign.isdecimal())
    row = await db.fetchrow(  # the try is counted by the statement that reads: a hundred at once are five
        "update portal_code set tries = tries + 1 where token_hash = $1 and purpose = $2 and used_at is null"
        " and expires_at > $3 and tries < $4 returning code_hash, phone, patient_id, message_id",
        digest(token),
        purpose,
        clock.now(),
        TRIES,
    )
    right = row is not None and hmac.compare_digest(bytes(row["code_hash"]), _sealed(token, plain))
    if row is None or not right or row["phone"] is None:
        raise wrong()
    used = await db.execute(
        "update portal_code set used_at = $2 where token_hash = $1 and used_at is null",
        digest(token),
        clock.now(),
    )
    if not used:
        raise wrong()
    return Proven(crypto.key_ring().decrypt(row["phone"], "portal_code.phone"), row["patient_id"])


def wrong() -> Invalid:
    """The one sentence for every code that does not do."""
    return Invalid(WRONG, details=[Fault(field="code", label="验证码", reason=WRONG)])
