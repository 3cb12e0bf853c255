"""What happened with an account, told to its owner: on a page, in WeCom, and at the next log-in when it is serious.

A notice is written inside the transaction of what it tells of. The log-in it is about never answers for it: whoever
came in with a stolen password cannot say that it was the owner. ASVS 4.0 2.2.3, 2.5.5, 3.3.4.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core import audit_origin, clock, crypto, db
from core.actor import Actor
from core.events import announce
from core.networks import site
from staff import queries
from staff.devices import device
from staff.events import AccountNoticed
from staff.roles import KEEPERS

REMEMBERED = timedelta(days=180)  # so long a place is known
SHOWN = 50
CONTACT = "account_notice.contact"


class Weigh(StrEnum):
    """When a kind is serious."""

    ALWAYS = "always"
    BY_OTHERS = "by_others"
    NEVER = "never"


class Kind(StrEnum):
    """What happened."""

    NEW_PLACE = "new_place"
    LOCKED = "locked"
    UNLOCKED = "unlocked"
    PASSWORD = "password"  # noqa: S105 - the name of a kind
    SECOND_ON = "second_on"
    SECOND_OFF = "second_off"
    SECOND_CODES = "second_codes"
    RECOVERY_USED = "recovery_used"
    WECOM_BOUND = "wecom_bound"
    WECOM_UNBOUND = "wecom_unbound"
    CERTIFICATE_BOUND = "certificate_bound"
    CERTIFICATE_UNBOUND = "certificate_unbound"
    PHONE = "phone"
    SESSIONS_ENDED = "sessions_ended"
    POSTS = "posts"
    HELD = "held"
    RELEASED = "released"
    SHUT = "shut"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A kind in words, by oneself and by somebody else; `told`: by message too."""

    own: str
    by_others: str
    weigh: Weigh = Weigh.BY_OTHERS
    told: bool = True


MEANINGS = {
    Kind.NEW_PLACE: Meaning("从新的设备或地址登录", "从新的设备或地址登录", Weigh.ALWAYS),
    Kind.LOCKED: Meaning("多次输错，账号锁定了一段时间", "多次输错，账号锁定了一段时间", Weigh.ALWAYS),
    Kind.UNLOCKED: Meaning("账号解除锁定", "管理员解除了账号锁定", Weigh.NEVER, told=False),
    Kind.PASSWORD: Meaning("修改了登录密码", "管理员重设了登录密码"),
    Kind.SECOND_ON: Meaning("启用了两步验证", "启用了两步验证"),
    Kind.SECOND_OFF: Meaning("停用了两步验证", "管理员重置了两步验证"),
    Kind.SECOND_CODES: Meaning("重新生成了备用码", "重新生成了备用码"),
    Kind.RECOVERY_USED: Meaning("用备用码登录", "用备用码登录", Weigh.ALWAYS),
    Kind.WECOM_BOUND: Meaning("绑定了企业微信", "管理员绑定了企业微信"),
    Kind.WECOM_UNBOUND: Meaning("解除了企业微信绑定", "管理员解除了企业微信绑定"),
    Kind.CERTIFICATE_BOUND: Meaning("绑定了数字证书", "绑定了数字证书"),
    Kind.CERTIFICATE_UNBOUND: Meaning("解除了数字证书绑定", "管理员解除了数字证书绑定"),
    Kind.PHONE: Meaning("登记的手机号改了", "管理员改了登记的手机号"),
    Kind.SESSIONS_ENDED: Meaning("结束了其他登录", "管理员结束了您的登录"),
    Kind.POSTS: Meaning("岗位有变动，登录已结束", "岗位有变动，登录已结束", Weigh.NEVER, told=False),
    Kind.HELD: Meaning("报告“不是我”，账号已冻结", "账号已冻结", Weigh.NEVER),
    Kind.RELEASED: Meaning("账号解除冻结", "管理员核实后解除了账号冻结", Weigh.NEVER, told=False),
    Kind.SHUT: Meaning("账号停用", "管理员停用了账号", Weigh.NEVER, told=False),
    Kind.REOPENED: Meaning("账号启用", "管理员启用了账号", Weigh.NEVER, told=False),
}


@dataclass(frozen=True, slots=True)
class Notice:
    """One of them; `mine_to_answer` unless it is about the session that looks."""

    id: int
    staff_id: int
    kind: Kind
    serious: bool
    at: datetime
    own: bool
    by_name: str
    address: str
    device: str
    words: str
    seen_at: datetime | None
    answer: str
    here: bool = False

    @property
    def label(self) -> str:
        """What happened, in words."""
        meaning = MEANINGS[self.kind]
        return meaning.own if self.own else meaning.by_others

    @property
    def open(self) -> bool:
        """Whether the owner has still to say something."""
        return self.serious and self.seen_at is None


async def note(staff_id: int, kind: Kind, *, by: Actor, words: str = "", contact: str = "") -> int:
    """Write one down, inside the caller's transaction, and have it told.

    Args:
        staff_id: whose account.
        kind: what happened.
        by: who did it.
        words: what more there is to say, shown as it is.
        contact: the phone number of before, of whoever keeps the house, which is told too.
    """
    meaning, origin = MEANINGS[kind], audit_origin.present()
    own = by.staff_id == staff_id
    serious = meaning.weigh is Weigh.ALWAYS or (meaning.weigh is Weigh.BY_OTHERS and not own)
    kept = contact if contact and await keeps_the_house(staff_id) else ""
    number: int = await db.fetchval(
        "insert into account_notice (staff_id, kind, serious, at, by_id, by_name, address, device, words, session, contact)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning id",
        staff_id,
        kind,
        serious,
        clock.now(),
        by.staff_id,
        by.name,
        by.address or origin.address,
        device(origin.agent) if origin.agent else "",
        words,
        origin.session if kind in (Kind.NEW_PLACE, Kind.RECOVERY_USED) else "",
        crypto.key_ring().encrypt(kept, CONTACT) if kept else None,
    )
    if meaning.told:
        await announce(AccountNoticed(notice_id=number))
    return number


async def news_of_place(staff_id: int, *, address: str, agent: str) -> str:
    """What is new about where somebody comes from, in words; "" when it is known, or when they come for the first time."""
    rows = await db.fetch(
        "select distinct agent, address from session where staff_id = $1 and created_at > $2 limit 500",
        staff_id,
        clock.now() - REMEMBERED,
    )
    if not rows:
        return ""
    found = []
    if device(agent) not in {device(row["agent"]) for row in rows}:
        found.append("这台设备以前没有登录过")
    if site(address) not in {site(row["address"]) for row in rows}:
        found.append("这个网络地址以前没有登录过")
    return "，".join(found)


async def keeps_the_house(staff_id: int) -> bool:
    """Whether this account opens more than others, so that its owner is told by the old way too when the way changes."""
    return any(post.role in KEEPERS for post in await queries.posts(staff_id))


_COLUMNS = (
    "id, staff_id, kind, serious, at, coalesce(by_id = staff_id, false) as own, by_name, address, device, words, seen_at,"
    " answer"
)


async def of_staff(staff_id: int, session: str = "", *, most: int = SHOWN) -> list[Notice]:
    """The notices of an account, newest first; `session` names the one that looks (`audit_origin.name_of`)."""
    rows = await db.fetch(
        f"select {_COLUMNS}, session <> '' and session = $2 as here from account_notice where staff_id = $1"  # noqa: S608
        " order by at desc, id desc limit $3",
        staff_id,
        session,
        most,
    )
    return [Notice(**(dict(row) | {"kind": Kind(row["kind"])})) for row in rows]


async def find(notice_id: int) -> Notice | None:
    """One of them."""
    row = await db.fetchrow(f"select {_COLUMNS} from account_notice where id = $1", notice_id)  # noqa: S608
    return Notice(**(dict(row) | {"kind": Kind(row["kind"])})) if row else None


async def contact_of(notice_id: int) -> str:
    """The phone number of before that is told too; "" when there is none."""
    sealed = await db.fetchval("select contact from account_notice where id = $1", notice_id)
    return crypto.key_ring().decrypt(sealed, CONTACT) if sealed else ""


async def lead(staff_id: int, session: str) -> bool:
    """Whether the person is to be led to the page now: something serious is unseen, and nobody led them there yet."""
    return bool(
        await db.execute(
            "update account_notice set led_at = $3 where staff_id = $1 and serious and seen_at is null"
            " and led_at is null and session <> $2",
            staff_id,
            session,
            clock.now(),
        )
    )


async def waiting(staff_id: int) -> int:
    """How many serious ones the owner has not answered."""
    found: int = await db.fetchval(
        "select count(*) from account_notice where staff_id = $1 and serious and seen_at is null", staff_id
    )
    return found


async def answered(staff_id: int, ids: Sequence[int] | None, answer: str, session: str) -> int:
    """Write down what the owner said of these (None: all that are open), but not of what `session` is about; how many."""
    return await db.execute(
        "update account_notice set seen_at = $5, answer = $3 where staff_id = $1 and serious and seen_at is null"
        " and ($2::bigint[] is null or id = any($2)) and (session = '' or session <> $4)",
        staff_id,
        list(ids) if ids is not None else None,
        answer,
        session,
        clock.now(),
    )


async def name_of(staff_id: int) -> str:
    """ "王五（1001）", for messages."""
    person = await queries.person(staff_id)
    return f"{person.name}（{person.number}）"
