"""What a person agreed to: for which purposes and by which ways the house may reach them about anything of its own.

《个人信息保护法》 Art. 13–16 (agreement, its withdrawal), 28–31 (health data; children below 14 by their guardian);
《通信短信息服务管理规定》 Art. 18–20 (no text after a refusal). Lines are added and never changed: the newest that fits
a purpose and a way holds. What belongs to a matter the person raised themselves needs no agreement and is never asked
here. Sends nothing and writes nothing (`consent_noting` does).
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from core import clock, db
from core.parameters import Parameter, declare, value

CHILD = 14  # years; below, the guardian agrees (Art. 31)


class Purpose(StrEnum):
    """What a person is reached for."""

    SURVEY = "survey"
    FOLLOW_UP = "follow_up"
    REVISIT = "revisit"
    EDUCATION = "education"
    RESEARCH = "research"


class Channel(StrEnum):
    """By which way."""

    SMS = "sms"
    WECHAT = "wechat"
    PHONE = "phone"


class Way(StrEnum):
    """How the person said so."""

    PAPER = "书面签字"
    SPOKEN = "当面口头"
    CALL = "电话录音"
    WECHAT = "公众号勾选"
    REPLY = "短信回复"
    REQUEST = "个人信息申请"
    PORTAL = "患者端勾选"


PURPOSES = {
    Purpose.SURVEY: "满意度调查",
    Purpose.FOLLOW_UP: "随访",
    Purpose.REVISIT: "复诊与检查提醒",
    Purpose.EDUCATION: "健康宣教",
    Purpose.RESEARCH: "科研",
}
CHANNELS = {Channel.SMS: "短信", Channel.WECHAT: "微信", Channel.PHONE: "电话"}
EVERY = ""  # every purpose, every way

_SAID_NOTHING = {
    Purpose.SURVEY: True,
    Purpose.FOLLOW_UP: True,
    Purpose.REVISIT: True,
    Purpose.EDUCATION: False,  # it uses the diagnosis for something else than treatment: Art. 29 wants a yes
    Purpose.RESEARCH: False,
}
UNASKED = {
    purpose: declare(
        Parameter(
            f"consent.unasked_{purpose}",
            f"未表示意见时可以联系：{PURPOSES[purpose]}",
            bool,
            default=default,
            source="《个人信息保护法》第十三条、第二十九条",
        )
    )
    for purpose, default in _SAID_NOTHING.items()
}
GUARDIAN_FIRST = declare(
    Parameter(
        "consent.guardian_first",
        "不满 14 周岁须先有监护人同意",
        bool,
        default=True,
        source="《个人信息保护法》第三十一条",
    )
)


@dataclass(frozen=True, slots=True)
class May:
    """Whether a person may be reached, and the sentence that says why not ("" when they may)."""

    ok: bool
    why: str = ""

    def __bool__(self) -> bool:
        return self.ok


@dataclass(frozen=True, slots=True)
class Said:
    """One line: what was said, by whom, how."""

    id: int
    purpose: str
    channel: str
    given: bool
    at: datetime
    way: str
    wording: int | None
    proof: str
    proof_file: UUID | None
    said_by: str
    relation: str
    recorded_by: str

    @property
    def purpose_label(self) -> str:
        """满意度调查, or 全部用途."""
        return PURPOSES[Purpose(self.purpose)] if self.purpose else "全部用途"

    @property
    def channel_label(self) -> str:
        """短信, or 全部方式."""
        return CHANNELS[Channel(self.channel)] if self.channel else "全部方式"


@dataclass(frozen=True, slots=True)
class Wording:
    """A version of the words of a purpose."""

    id: int
    purpose: str
    version: int
    text: str
    since: datetime


async def may_reach(patient_id: int, purpose: Purpose, channel: Channel) -> May:
    """Whether the house may reach a patient for a purpose of its own by this way, at this moment.

    Ask it before anything that is no part of a matter the person raised themselves.
    """
    row = await db.fetchrow(
        "select coalesce(p.merged_into, p.id) as root, p.deceased, p.born_on, exists (select 1 from patient_block b"
        " join patient o on o.id = b.patient_id where coalesce(p.merged_into, p.id) in (o.id, o.merged_into)) as blocked"
        " from patient p where p.id = $1",
        patient_id,
    )
    if row is None:
        return May(ok=False, why="没有这位患者")
    if row["deceased"]:
        return May(ok=False, why="患者已故")
    if row["blocked"]:
        return May(ok=False, why="已按本人要求停止处理个人信息")
    # A refusal by text holds for the number, whoever of those who share it is meant; records that were found to be
    # one person speak for one another.
    last = await db.fetchrow(
        "with one as (select id, phone_hash from patient where id = $1 or merged_into = $1)"
        " select given, relation, way from consent where (patient_id in (select id from one) or phone_hash in"
        " (select phone_hash from one)) and purpose in ('', $2) and channel in ('', $3)"
        " order by at desc, id desc limit 1",
        row["root"],
        purpose,
        channel,
    )
    return await _judge(row["born_on"], last, purpose)


async def may_reach_phone(phone_hash: bytes, purpose: Purpose, channel: Channel) -> May:
    """The same for a number that is no patient's we know."""
    last = await db.fetchrow(
        "select given, relation, way from consent where phone_hash = $1 and purpose in ('', $2)"
        " and channel in ('', $3) order by at desc, id desc limit 1",
        phone_hash,
        purpose,
        channel,
    )
    return await _judge(None, last, purpose)


async def refused_by_phone(phone_hash: bytes, purpose: Purpose, channel: Channel) -> bool:
    """Whether the newest word of a number on this is a refusal."""
    given = await db.fetchval(
        "select given from consent where phone_hash = $1 and purpose in ('', $2) and channel in ('', $3)"
        " order by at desc, id desc limit 1",
        phone_hash,
        purpose,
        channel,
    )
    return given is False


async def _judge(born_on: date | None, last: Any, purpose: Purpose) -> May:
    if last is not None and not last["given"]:
        return May(ok=False, why=f"本人已拒绝（{last['way']}）")
    child = born_on is not None and age(born_on) < CHILD
    if child and (last is None or not last["relation"]) and bool(await value(GUARDIAN_FIRST)):
        return May(ok=False, why="不满 14 周岁，尚无监护人同意")
    if last is None and not bool(await value(UNASKED[purpose])):
        return May(ok=False, why="尚未取得本人同意")
    return May(ok=True)


def age(born_on: date, today: date | None = None) -> int:
    """Whole years."""
    day = today or clock.today()
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


async def wordings() -> dict[str, Wording]:
    """The words in force, by purpose."""
    rows = await db.fetch(
        "select distinct on (purpose) id, purpose, version, text, since from consent_wording"
        " order by purpose, version desc"
    )
    return {row["purpose"]: Wording(**dict(row)) for row in rows}
