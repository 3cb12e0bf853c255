"""The second factor: time-based codes (RFC 6238) from an app on the phone, and ten recovery codes for a lost phone.

Codes are checked by pyotp; a code opens once, and one step of 30 s early or late is allowed. Begins no session.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
import segno

from core import audit, clock, crypto, db
from core.actor import Actor
from core.errors import Fault, Forbidden, Invalid, Refused, Unauthenticated
from core.parameters import Parameter, declare, value
from core.settings import settings
from staff import notices, queries
from staff.login import lock
from staff.login.asking import Asks
from staff.notices import Kind
from staff.roles import KEEPERS

STEP = 30
SIGNS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that looks like another
CODES, CODE_LENGTH = 10, 10
OFF, ADMINISTRATORS, ALL = "off", "administrators", "all"
_SECRET, _PENDING = "staff.totp_secret", "staff.totp_pending"

REQUIRED = declare(
    Parameter(
        "login.second_factor",
        "必须启用两步验证的人员",
        str,
        ADMINISTRATORS,
        source="GB/T 22239-2019 8.1.4.1 d) 身份鉴别：两种或两种以上组合的鉴别技术",
        choices=(OFF, ADMINISTRATORS, ALL),
        names=("不要求", "管理、审计与纪检人员", "全体人员"),
        what="须启用而还没有启用的人，下次登录时先完成设置才能继续",
    )
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a person has a second factor, since when, how many recovery codes are left, whether they must have it."""

    on: bool
    since: datetime | None
    codes_left: int
    required: bool


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is shown to set up the app: the secret in groups of four, and the QR picture as an SVG data address."""

    secret: str
    picture: str


async def standing(staff_id: int) -> Standing:
    """How the second factor of a person stands."""
    row = await db.fetchrow(
        "select totp_secret is not null as on, totp_since, (select count(*) from recovery_code r"
        " where r.staff_id = s.id and used_at is null) as codes from staff s where id = $1",
        staff_id,
    )
    if row is None:
        raise Forbidden
    return Standing(row["on"], row["totp_since"], row["codes"], await required(staff_id))


async def required(staff_id: int) -> bool:
    """Whether the parameter asks a second factor of this person."""
    wanted = await value(REQUIRED)
    if wanted == ADMINISTRATORS:
        return any(post.role in KEEPERS for post in await queries.posts(staff_id))
    return wanted == ALL


async def asks(staff_id: int) -> Asks:
    """What a way that is one factor asks for beside it: a code of whoever has a second factor, or that it be set up."""
    stands = await standing(staff_id)
    if stands.on:
        return Asks.CODE
    return Asks.SET_UP if stands.required else Asks.NOTHING


async def begin(*, by: Actor) -> Enrolment:
    """A fresh secret to be put into the app; it counts only after `confirm`. One shown before is void.

    Raises:
        Refused: there is a second factor already.
    """
    staff_id = _self(by)
    if (await standing(staff_id)).on:
        raise Refused("两步验证已启用；要换手机，请先停用再启用")
    secret = pyotp.random_base32()
    someone = await queries.person(staff_id)
    async with db.transaction():
        await db.execute(
            "update staff set totp_pending = $2 where id = $1",
            staff_id,
            crypto.key_ring().encrypt(secret, _PENDING, str(staff_id)),
        )
        await audit.record(by, "staff.second_begin", "staff", staff_id)
    return _enrolment(secret, someone.number)


async def begun(*, by: Actor) -> Enrolment | None:
    """What `begin` showed and nobody has confirmed yet, to be shown again; None when there is nothing."""
    staff_id = _self(by)
    sealed = await db.fetchval("select totp_pending from staff where id = $1", staff_id)
    if sealed is None:
        return None
    someone = await queries.person(staff_id)
    return _enrolment(crypto.key_ring().decrypt(sealed, _PENDING, str(staff_id)), someone.number)


def _enrolment(secret: str, number: str) -> Enrolment:
    issuer = f"回音 {settings().hospital_name}"
    address = pyotp.TOTP(secret).provisioning_uri(name=number, issuer_name=issuer)
    picture = segno.make(address, error="m").svg_data_uri(scale=5, border=2)
    return Enrolment(" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)), picture)


async def confirm(code: str, *, by: Actor) -> tuple[str, ...]:
    """Turn the second factor on, with a code from the app; the recovery codes, shown this once.

    Raises:
        Refused: nothing was begun.
        Invalid: the code does not fit (field "code").
    """
    staff_id = _self(by)
    sealed = await db.fetchval("select totp_pending from staff where id = $1", staff_id)
    if sealed is None:
        raise Refused("请先扫描二维码")
    secret = crypto.key_ring().decrypt(sealed, _PENDING, str(staff_id))
    step = _step(secret, code, after=0)
    if step is None:
        words = "验证码不正确，请看手机上现在显示的 6 位数字，并确认手机时间准确"
        raise Invalid(words, details=[Fault(field="code", label="验证码", reason=words)])
    async with db.transaction():
        await db.execute(
            "update staff set totp_secret = $2, totp_pending = null, totp_since = $3, totp_step = $4 where id = $1",
            staff_id,
            crypto.key_ring().encrypt(secret, _SECRET, str(staff_id)),
            clock.now(),
            step,
        )
        await audit.record(by, "staff.second_on", "staff", staff_id)
        await notices.note(staff_id, Kind.SECOND_ON, by=by)
        return await _new_codes(staff_id)


async def new_codes(code: str, *, by: Actor) -> tuple[str, ...]:
    """Ten fresh recovery codes, with a code from the app; those of before are void."""
    staff_id = _self(by)
    await prove(staff_id, code, address=by.address)
    async with db.transaction():
        await audit.record(by, "staff.second_codes", "staff", staff_id)
        await notices.note(staff_id, Kind.SECOND_CODES, by=by)
        return await _new_codes(staff_id)


async def _new_codes(staff_id: int) -> tuple[str, ...]:
    codes = tuple("".join(secrets.choice(SIGNS) for _ in range(CODE_LENGTH)) for _ in range(CODES))
    await db.execute("delete from recovery_code where staff_id = $1", staff_id)
    await db.execute(
        "insert into recovery_code (staff_id, code_hash) select $1, unnest($2::bytea[])",
        staff_id,
        [_hashed(staff_id, code) for code in codes],
    )
    return tuple(f"{code[:5]}-{code[5:]}" for code in codes)


async def prove(staff_id: int, code: str, *, address: str) -> bool:
    """Check a code of the app, or a recovery code, which is then used up; whether it was a recovery code.

    Raises:
        Unauthenticated: it does not fit, or was used already.
        TooMany: too many wrong ones.
    """
    someone = await queries.person(staff_id)
    await lock.attempt(f"second:{someone.number}", address)
    recovery = False
    if not await _fits_app(staff_id, code):
        recovery = await _fits_recovery(staff_id, code)
        if not recovery:
            raise Unauthenticated("验证码不正确或已用过，请等手机显示下一个再输")
    await lock.forgive(f"second:{someone.number}")
    return recovery


async def _fits_app(staff_id: int, code: str) -> bool:
    async with db.transaction():
        row = await db.fetchrow("select totp_secret, totp_step from staff where id = $1 for update", staff_id)
        if row is None or row["totp_secret"] is None:
            return False
        secret = crypto.key_ring().decrypt(row["totp_secret"], _SECRET, str(staff_id))
        step = _step(secret, code, after=row["totp_step"])
        if step is None:
            return False
        await db.execute("update staff set totp_step = $2 where id = $1", staff_id, step)
        return True


def _step(secret: str, code: str, *, after: int) -> int | None:
    """The time step the code belongs to: this one or one beside it, later than `after`; None when it fits none."""
    wanted = "".join(code.split())
    now = int(clock.now().timestamp()) // STEP
    totp = pyotp.TOTP(secret)
    for step in (now, now - 1, now + 1):
        if pyotp.utils.strings_equal(totp.at(step * STEP), wanted):
            return step if step > after else None
    return None


async def _fits_recovery(staff_id: int, code: str) -> bool:
    return bool(
        await db.execute(
            "update recovery_code set used_at = $3 where staff_id = $1 and code_hash = $2 and used_at is null",
            staff_id,
            _hashed(staff_id, code),
            clock.now(),
        )
    )


def _hashed(staff_id: int, code: str) -> bytes:
    plain = "".join(sign for sign in code.lower() if sign.isalnum())
    return crypto.search_hash(f"recovery {staff_id} {plain}")


async def turn_off(staff_id: int, *, by: Actor, **why: str) -> None:
    """Take a person's second factor away; who may is asked by the caller (staff.actions)."""
    async with db.transaction():
        await db.execute(
            "update staff set totp_secret = null, totp_pending = null, totp_since = null where id = $1",
            staff_id,
        )
        await db.execute("delete from recovery_code where staff_id = $1", staff_id)
        await audit.record(by, "staff.second_off", "staff", staff_id, **why)
        await notices.note(staff_id, Kind.SECOND_OFF, by=by)


def _self(by: Actor) -> int:
    if by.staff_id is None:
        raise Forbidden
    return by.staff_id
