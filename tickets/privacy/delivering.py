"""Hands a copy to who asked: a link of their own that opens once, for who proves themselves; the password goes another way.

The link goes to the number the hospital knows (or the agent left on the case); on its page the last figures of the
identity document are asked for, five times at most. The password is read to them by somebody who writes down why they
look at it. Makes no package.
"""

import hmac
from dataclasses import dataclass
from uuid import UUID

from channels import actions as channels
from channels import texts
from channels.drafts import Draft, Receiver, ReceiverKind
from core import audit, clock, crypto, db, links, looking
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.identity import mask_phone
from core.models import StoredFile
from core.settings import settings
from tickets import history
from tickets.privacy import packing, requests
from tickets.privacy.packing import Package
from tickets.privacy.words import Asker
from tickets.queries import access

LINK = "privacy"
TRIES = 5
WRONG = "证件号后六位不正确"


async def send(case_id: int, package_id: UUID, *, by: Actor) -> str:
    """Send the asker a link to their copy, which ends any sent before; the masked number it went to.

    Raises:
        Forbidden, NotFound, Refused: as `requests.locked`; not ready or expired; fetched already; no number known.
    """
    async with db.transaction():
        case = await requests.locked(case_id, by)
        found = await _ready(case_id, package_id)
        if found.taken_at is not None:
            raise Refused("申请人已取走这份副本；需要再次提供的，请重新提交申请")
        request = await requests.of(case_id)
        if request is None:
            raise NotFound
        phone = (
            await _phone(request.patient_id, "") if request.asker == Asker.SELF else case.caller_phone or ""
        )
        if not phone:
            raise Refused("没有可以发送的手机号，请当面交付")
        if found.expires_at is None:
            raise NotFound
        await links.revoke(LINK, str(package_id))
        token = await links.open_link(LINK, str(package_id), found.expires_at, by=by.name)
        address = f"{settings().public_url.rstrip('/')}{settings().path_prefix}/p/d/{token}"
        await channels.send(
            Draft(
                key=f"privacy:{package_id}:{crypto.search_hash(token).hex()[:16]}",
                purpose="privacy.package",
                subject=f"case:{case_id}",
                receiver=Receiver(kind=ReceiverKind.PERSON, id=0, phone=phone),
                text=texts.render("privacy_package", "sms", {"link": address, "until": found.expires_at}),
                ladder=("sms",),
                secret=True,
            )
        )
        masked = mask_phone(phone)
        await db.execute(
            "update privacy_package set sent_at = $2, sent_to = $3, wrong = 0 where id = $1",
            package_id,
            clock.now(),
            masked,
        )
        await history.add(
            case_id, "privacy", by, round_no=case.round, text=f"向申请人发送了副本的取件链接（{masked}）"
        )
        await audit.record(by, "privacy.send", "case", case_id, package=str(package_id), to=masked)
    return masked


async def _ready(case_id: int, package_id: UUID) -> Package:
    found = next((one for one in await packing.of(case_id) if one.id == package_id), None)
    if found is None or not found.here:
        raise NotFound("这份副本已过期或尚未完成，请重新生成")
    return found


async def _phone(patient_id: int, default: str) -> str:
    sealed = await db.fetchval("select phone from patient where id = $1", patient_id)
    return crypto.key_ring().decrypt(sealed, "patient.phone") if sealed else default


async def password(case_id: int, package_id: UUID, reason: str, *, by: Actor) -> str:
    """The password of a package, to be told to the asker; each look is an audit line with its reason.

    Raises:
        Forbidden, NotFound: this person handles no such requests; no such package, or expired.
        Invalid, TooMany: no reason, or too many looks within the hour.
    """
    if not by.can(Permission.PRIVACY_HANDLE):
        raise Forbidden
    await access.case(case_id, by)
    await _ready(case_id, package_id)
    await looking.note(
        by,
        "privacy.password",
        "case",
        case_id,
        reason=reason,
        fields=("副本解压密码",),
        package=str(package_id),
    )
    sealed = await db.fetchval("select password from privacy_package where id = $1", package_id)
    return crypto.key_ring().decrypt(sealed, "privacy_package.password") if sealed else ""


@dataclass(frozen=True, slots=True)
class Offered:
    """What a link offers; `by_birth` when no identity document is known and the day of birth is asked for."""

    package_id: UUID
    case_id: int
    by_birth: bool


async def offered(token: str) -> Offered:
    """What a link opens.

    Raises:
        NotFound: unknown, used, over or revoked; all told alike.
    """
    link = await links.resolve(LINK, token)
    row = await db.fetchrow(
        "select p.id, p.case_id, o.id_number is null as by_birth from privacy_package p"
        " join privacy_request r on r.case_id = p.case_id join patient o on o.id = r.patient_id"
        " where p.id = $1 and p.file_id is not null and p.expires_at > $2 and p.taken_at is null and p.wrong < $3",
        UUID(link.ref),
        clock.now(),
        TRIES,
    )
    if row is None:
        raise NotFound(links.GONE)
    return Offered(row["id"], row["case_id"], row["by_birth"])


async def take(token: str, proof: str, *, by: Actor) -> tuple[StoredFile, bytes]:
    """The package, once, for who knows the last six figures of the patient's identity document.

    Raises:
        NotFound: as `offered`.
        Invalid: the proof is wrong (field "proof"); after five the link is over.
    """
    offer = await offered(token)
    if not await _proven(offer, proof):
        async with db.transaction():
            wrong = await db.fetchval(
                "update privacy_package set wrong = wrong + 1 where id = $1 returning wrong", offer.package_id
            )
            if wrong >= TRIES:
                await links.revoke(LINK, str(offer.package_id))
            await audit.record(
                by, "privacy.take.failed", "case", offer.case_id, package=str(offer.package_id), tries=wrong
            )
        if wrong >= TRIES:
            raise NotFound("错误次数过多，链接已失效，请联系医院")
        if wrong >= TRIES:
            raise NotFound("错误次数过多，链接已失效，请联系医院")
        told = f"{WRONG}，还可以试 {TRIES - wrong} 次"
        raise Invalid(told, details=[Fault(field="proof", label="证件号后六位", reason=told)])
    async with db.transaction():
        first = await db.fetchval(
            "update privacy_package set taken_at = $2 where id = $1 and taken_at is null and wrong < $3 returning true",
            offer.package_id,
            clock.now(),
            TRIES,
        )
        if not first:
            raise NotFound(links.GONE)
        found = await packing.handed_over(offer.case_id, offer.package_id, by=by)
        await links.revoke(LINK, str(offer.package_id))
        await audit.record(by, "privacy.take", "case", offer.case_id, package=str(offer.package_id))
    return found


async def _proven(offer: Offered, proof: str) -> bool:
    row = await db.fetchrow(
        "select o.id_number, o.born_on from privacy_request r join patient o on o.id = r.patient_id where r.case_id = $1",
        offer.case_id,
    )
    if row is None:
        return False
    if row["id_number"]:
        right = crypto.key_ring().decrypt(row["id_number"], "patient.id_number")[-6:]
    else:
        right = f"{row['born_on']:%Y%m%d}" if row["born_on"] else ""
    typed = "".join(sign for sign in proof.upper() if sign.isalnum())
    return bool(right) and hmac.compare_digest(typed.encode(), right.upper().encode())
