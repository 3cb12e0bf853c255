"""Accounts of the patient side, and whom each may act for: bound with proof and agreement, ended and never deleted.

《个人信息保护法》 Art. 29 (health data: separate agreement), 31 (a child under 14: by the guardian), 15 (withdrawn as
easily as given). Sends no code and begins no session: patient_portal does, and says here what was proven.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core import audit, clock, crypto, db
from core.actor import Actor
from core.errors import Fault, Invalid, NotFound, Refused
from core.parameters import Parameter, declare, number
from patients import agreements
from patients.agreements import Kind
from patients.consent import CHILD, age

MOST = declare(Parameter("portal.most_bound", "一个账号最多绑定的就诊人", int, 6, low=1, high=30, unit="人"))


class Relation(StrEnum):
    """What the patient is to whoever holds the account."""

    SELF = "self"
    CHILD = "child"
    PARENT = "parent"
    SPOUSE = "spouse"
    OTHER = "other"


RELATIONS = {
    Relation.SELF: "本人",
    Relation.CHILD: "子女",
    Relation.PARENT: "父母",
    Relation.SPOUSE: "配偶",
    Relation.OTHER: "其他亲属或受托人",
}


class Proof(StrEnum):
    """By what it was proven that one may act for the patient."""

    REGISTERED_PHONE = "registered_phone"  # one has signed in by the very number registered for the patient
    PHONE_CODE = "phone_code"  # a code was sent to that number and came back
    DESK = "desk"


@dataclass(frozen=True, slots=True)
class Bound:
    """A patient an account may act for. `under_age`: a child below 14, whose guardian has agreed."""

    id: int
    patient_id: int
    name: str
    gender: str
    born_on: date | None
    relation: Relation
    made_at: datetime

    @property
    def label(self) -> str:
        """本人, 子女 …"""
        return RELATIONS[self.relation]

    @property
    def under_age(self) -> bool:
        """Whether the patient is below 14 today."""
        return self.born_on is not None and age(self.born_on) < CHILD


async def account_of_phone(phone: str) -> int:
    """The account of a number that has been proven; made where there is none."""
    now = clock.now()
    account: int = await db.fetchval(
        "insert into portal_account (phone, phone_hash, created_at, seen_at) values ($1, $2, $3, $3)"
        " on conflict (phone_hash) do update set seen_at = $3 returning id",
        crypto.key_ring().encrypt(phone, "portal_account.phone"),
        crypto.search_hash(phone),
        now,
    )
    return account


async def account_of_openid(openid: str) -> int:
    """The account of somebody whom WeChat has told; made where there is none."""
    account: int = await db.fetchval(
        "insert into portal_account (openid, created_at, seen_at) values ($1, $2, $2)"
        " on conflict (openid) do update set seen_at = $2 returning id",
        openid,
        clock.now(),
    )
    return account


async def join_phone(account_id: int, phone: str, by: Actor) -> int:
    """Give an account by WeChat its phone, which has been proven; the account that holds both from now on.

    Where the number has an account of its own, that one takes over WeChat and whatever the other was bound to.
    """
    async with db.transaction():
        mine = await db.fetchrow("select openid from portal_account where id = $1 for update", account_id)
        other = await db.fetchval(
            "select id from portal_account where phone_hash = $1 and id <> $2 for update",
            crypto.search_hash(phone),
            account_id,
        )
        if mine is None:
            raise NotFound("账号已失效，请重新登录")
        if other is None:
            await db.execute(
                "update portal_account set phone = $2, phone_hash = $3 where id = $1",
                account_id,
                crypto.key_ring().encrypt(phone, "portal_account.phone"),
                crypto.search_hash(phone),
            )
            kept = account_id
        else:
            kept = await _into(account_id, int(other), mine["openid"])
        await audit.record(by, "portal.phone", "account", kept, joined=kept != account_id)
    return kept


async def _into(account_id: int, other: int, openid: str | None) -> int:
    """Move what one account holds to another, inside a transaction; the emptied one keeps its row under a dead name."""
    await db.execute(
        "update portal_account set openid = case when phone_hash is null then 'joined:' || id::text end where id = $1",
        account_id,
    )
    if openid:
        await db.execute(
            "update portal_account set openid = $2 where id = $1 and openid is null", other, openid
        )
    await db.execute(
        "update patient_binding b set account_id = $2 where account_id = $1 and ended_at is null and not exists"
        " (select 1 from patient_binding o where o.account_id = $2 and o.patient_id = b.patient_id and o.ended_at is null)",
        account_id,
        other,
    )
    await db.execute("update portal_feedback set account_id = $2 where account_id = $1", account_id, other)
    await db.execute("update portal_session set account_id = $2 where account_id = $1", account_id, other)
    await db.execute("update portal_agreement set account_id = $2 where account_id = $1", account_id, other)
    return other


async def of_account(account_id: int) -> list[Bound]:
    """Whom an account may act for, oneself first, then as bound; a merged record is told as the one that stands."""
    rows = await db.fetch(
        "select b.id, q.id as patient_id, q.name, q.gender, q.born_on, b.relation, b.made_at from patient_binding b"
        " join patient p on p.id = b.patient_id join patient q on q.id = coalesce(p.merged_into, p.id)"
        " where b.account_id = $1 and b.ended_at is null order by b.relation <> 'self', b.made_at, b.id",
        account_id,
    )
    found: dict[int, Bound] = {}
    for row in rows:
        found.setdefault(row["patient_id"], Bound(**{**dict(row), "relation": Relation(row["relation"])}))
    return list(found.values())


async def records_of(patient_id: int) -> list[int]:
    """All records of one person: the one that stands, and those merged into it."""
    rows = await db.fetch("select id from patient where id = $1 or merged_into = $1", patient_id)
    return [row["id"] for row in rows]


async def number_of(patient_id: int) -> str:
    """The hospital's number of a patient."""
    number_: str = await db.fetchval("select number from patient where id = $1", patient_id)
    return number_


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants to be bound to whom: `born_on` as the identity number tells it, before anybody is looked for.

    `read`: the versions that were shown, of the agreement on binding and of the guardian's; `language`: in which.
    """

    relation: Relation
    born_on: date | None
    agreed: bool
    guardian: bool
    read: tuple[int, int]
    language: str


def check(wish: Wish) -> None:
    """Whether the agreements are there that the relation and the age ask for.

    Raises:
        Invalid: names each that is missing.
    """
    child = wish.born_on is not None and age(wish.born_on) < CHILD
    faults = []
    if not wish.agreed:
        faults.append(Fault(field="agreed", label="同意书", reason="请阅读并勾选同意"))
    if child and wish.relation is Relation.SELF:
        faults.append(
            Fault(field="relation", label="与就诊人关系", reason="不满 14 周岁，请由父母或其他监护人绑定")
        )
    elif child and wish.relation not in (Relation.CHILD, Relation.OTHER):
        faults.append(
            Fault(
                field="relation",
                label="与就诊人关系",
                reason="就诊人不满 14 周岁，请选择“子女”或“其他亲属或受托人”",
            )
        )
    if child and wish.relation is not Relation.SELF and not wish.guardian:
        faults.append(
            Fault(field="guardian", label="监护人同意", reason="就诊人不满 14 周岁，须由监护人勾选同意")
        )
    if faults:
        raise Invalid("绑定信息有误", details=faults)


async def bind(account_id: int, patient_id: int, wish: Wish, proof: Proof, *, by: Actor) -> None:
    """Let an account act for a patient from now on; bound already, nothing changes.

    Raises:
        Invalid: an agreement is missing, or is to a text that has changed meanwhile.
        Refused: as many as one account may hold, or the patient is oneself twice.
    """
    check(wish)
    async with db.transaction():
        await db.execute("select 1 from portal_account where id = $1 for update", account_id)
        bound = await of_account(account_id)
        if any(one.patient_id == patient_id for one in bound):
            return
        most = await number(MOST)
        if len(bound) >= most:
            raise Refused(f"一个账号最多绑定 {most} 位就诊人，请先解除不再需要的绑定")
        if wish.relation is Relation.SELF and any(one.relation is Relation.SELF for one in bound):
            raise Refused("本账号已绑定本人，请选择其他关系")
        guardian = wish.born_on is not None and age(wish.born_on) < CHILD
        await db.execute(
            "insert into patient_binding (account_id, patient_id, relation, proof, terms_version, guardian, made_at)"
            " values ($1, $2, $3, $4, $5, $6, $7)",
            account_id,
            patient_id,
            wish.relation,
            proof,
            wish.read[0],
            guardian,
            clock.now(),
        )
        for kind, version in ((Kind.BINDING, wish.read[0]), (Kind.GUARDIAN, wish.read[1])):
            if kind is Kind.BINDING or guardian:
                await agreements.agree(
                    kind,
                    version,
                    wish.language,
                    agreements.Way.BINDING,
                    by=by,
                    account_id=account_id,
                    patient_id=patient_id,
                )
        await audit.record(
            by, "portal.bind", "patient", patient_id, relation=wish.relation, proof=proof, guardian=guardian
        )


async def unbind(account_id: int, patient_id: int, *, by: Actor, why: str = "本人解除") -> None:
    """End it, and with it what sessions of the account show of the patient.

    Raises:
        NotFound: the account is not bound to this patient.
    """
    async with db.transaction():
        rows = await db.fetch(
            "update patient_binding b set ended_at = $3, ended_why = $4 from patient p where b.account_id = $1"
            " and p.id = b.patient_id and $2 in (p.id, p.merged_into) and b.ended_at is null returning b.patient_id",
            account_id,
            patient_id,
            clock.now(),
            why,
        )
        if not rows:
            raise NotFound("没有绑定这位就诊人")
        await db.execute(
            "update portal_session set patient_id = null where account_id = $1 and patient_id = any($2::bigint[])",
            account_id,
            [row["patient_id"] for row in rows] + [patient_id],
        )
        await audit.record(by, "portal.unbind", "patient", patient_id)
