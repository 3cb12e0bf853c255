"""Whose certificate it is: bound by who is signed in and signs with it, unbound by them or their administrator.

A certificate is one person's; a person may have several (the old one and the new, RSA and SM2). What is bound is the
certificate itself, so a renewed one is bound anew: no name or number in it is believed. Opens no session.
"""

from dataclasses import dataclass
from datetime import datetime

from core import audit, clock, db
from core.actor import Actor
from core.errors import Forbidden, NotFound, Refused
from staff import notices, queries
from staff.actions import manages
from staff.login.certificate import FAILED, Proven, Purpose, spend
from staff.login.certificate_chain import Untrusted, Why
from staff.login.certificate_keys import Kind
from staff.notices import Kind as Notice


@dataclass(frozen=True, slots=True)
class Bound:
    """A certificate of a person."""

    id: int
    kind: Kind
    holder: str
    issuer: str
    serial: str
    not_after: datetime
    bound_at: datetime
    used_at: datetime | None

    @property
    def over(self) -> bool:
        """Whether its time is over."""
        return self.not_after < clock.now()


async def of_staff(staff_id: int) -> list[Bound]:
    """The certificates bound to a person, the newest first; who may see them is asked by the caller."""
    rows = await db.fetch(
        "select id, algorithm, holder, issuer, serial, not_after, bound_at, used_at from staff_certificate"
        " where staff_id = $1 and unbound_at is null order by bound_at desc, id desc",
        staff_id,
    )
    return [
        Bound(
            row["id"],
            Kind(row["algorithm"]),
            row["holder"],
            row["issuer"],
            row["serial"],
            row["not_after"],
            row["bound_at"],
            row["used_at"],
        )
        for row in rows
    ]


async def bind(token: str, *, by: Actor) -> Bound:
    """Bind the certificate that signed the browser's challenge to whoever asked for it.

    Raises:
        Refused: some check failed (which, the audit line says), or it is bound already.
    """
    if by.staff_id is None:
        raise Forbidden
    try:
        proven, asked_by = await spend(token, Purpose.BIND)
        if asked_by != by.staff_id:
            raise Untrusted(Why.CHALLENGE, "another person's")
    except Untrusted as error:
        async with db.transaction():
            await audit.record(
                by, "staff.certificate_failed", "staff", by.staff_id, why=error.why, words=error.words
            )
        raise Refused(FAILED) from None
    return await _write(proven, by, by.staff_id)


async def _write(proven: Proven, by: Actor, staff_id: int) -> Bound:
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 15))", proven.fingerprint.hex())
        owner = await db.fetchval(
            "select staff_id from staff_certificate where fingerprint = $1 and unbound_at is null",
            proven.fingerprint,
        )
        if owner == staff_id:
            raise Refused("这张证书已经绑定在您的账号上")
        if owner is not None:
            raise Refused("这张证书已绑定其他职工，请联系安全管理员")
        number = await db.fetchval(
            "insert into staff_certificate (staff_id, fingerprint, algorithm, holder, issuer, serial, not_after,"
            " bound_at) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
            staff_id,
            proven.fingerprint,
            proven.kind,
            proven.holder,
            proven.issuer,
            proven.serial,
            proven.not_after,
            clock.now(),
        )
        await audit.record(
            by,
            "staff.bind_certificate",
            "staff",
            staff_id,
            serial=proven.serial,
            issuer=proven.issuer,
            algorithm=proven.kind,
            revocation_known=proven.certain,
        )
        await notices.note(
            staff_id, Notice.CERTIFICATE_BOUND, by=by, words=f"{proven.holder}，{proven.issuer} 签发"
        )
    return next(one for one in await of_staff(staff_id) if one.id == number)


async def unbind(staff_id: int, number: int, *, by: Actor, reason: str = "") -> None:
    """Untie a certificate of a person: one's own, or as their administrator.

    Raises:
        NotFound: it is no certificate of theirs.
    """
    if by.staff_id != staff_id:
        await manages(by, staff_id)
    await queries.person(staff_id)
    async with db.transaction():
        serial = await db.fetchval(
            "update staff_certificate set unbound_at = $3 where id = $1 and staff_id = $2 and unbound_at is null"
            " returning serial",
            number,
            staff_id,
            clock.now(),
        )
        if serial is None:
            raise NotFound("没有这张证书，或已经解除绑定")
        why = {"reason": reason} if reason else {}
        await audit.record(by, "staff.unbind_certificate", "staff", staff_id, serial=serial, **why)
        await notices.note(staff_id, Notice.CERTIFICATE_UNBOUND, by=by, words=f"序列号 {serial}")
