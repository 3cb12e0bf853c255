"""Values that no code table of a mapping file knows: noted when a message is parked for one, shown with how many wait,
and once somebody said what the value means on that link, everything that waited for it is taken again.

What was said lies over the code tables of the link's mapping file (`patients.feeds.links.Link.codes`); the file stays.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from core import audit, bell, clock, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound
from patients.feeds import formats, links
from patients.feeds.faults import LostCode
from patients.feeds.reasons import reasoned
from patients.feeds.repairs import note_all
from patients.feeds.store import TABLE

LONGEST = 60
MOST = 50
# What the tables of the mapping files are about; one of a vendor's own goes by its name.
WORDS: Mapping[str, str] = MappingProxyType(
    {
        "appointment_state": "预约状态", "campus": "院区", "condition_category": "诊断类型", "critical": "危急标志",
        "department": "科室", "diagnosis": "诊断类型", "diagnosis_use": "诊断类型", "disposition": "离院方式",
        "document_state": "文书状态", "encounter_class": "就诊类别", "encounter_status": "就诊状态", "flag": "异常标志",
        "gender": "性别", "identifier": "证件与号码类型", "item_state": "结果状态", "kind": "就诊类别", "marital": "婚姻状况",
        "order_control": "医嘱动作", "order_kind": "医嘱类别", "order_state": "医嘱状态", "relation": "与患者关系",
        "report_kind": "报告类别", "report_state": "报告状态", "status": "就诊状态", "triage": "分诊级别", "verb": "消息动作",
        "yes": "是否",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that no table knows: where it stood, in which table it is missing, how many wait, when the last came."""

    place: str
    codes: str
    code: str
    waiting: int
    last_at: datetime

    @property
    def about(self) -> str:
        """What the table is about, in the words of the screen."""
        return WORDS.get(self.codes, self.codes)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What somebody said a value means."""

    codes: str
    code: str
    meaning: str
    reason: str
    by: str
    at: datetime

    @property
    def about(self) -> str:
        """What the table is about, in the words of the screen."""
        return WORDS.get(self.codes, self.codes)


async def note(parked: Sequence[tuple[int, LostCode | None]]) -> None:
    """Keep why messages are parked: (message, the value nobody knows; None when something else is wrong)."""
    await db.execute(
        "delete from feed_lost_code where message_id = any($1::bigint[])", [number for number, _ in parked]
    )
    lost = [
        (number, one.place[:60], one.codes, one.code)
        for number, one in parked
        if one is not None and 0 < len(one.code) <= LONGEST
    ]
    if lost:
        await db.executemany(
            "insert into feed_lost_code (message_id, place, codes, code) values ($1, $2, $3, $4)", lost
        )


async def listed(link_id: int) -> list[Unknown]:
    """The values that messages of a link are parked for, those most wait for first."""
    rows = await db.fetch(
        "select min(n.place) as place, n.codes, n.code, count(*)::int as waiting, max(m.created_at) as last_at"
        " from feed_message m join feed_lost_code n on n.message_id = m.id"
        " where m.link_id = $1 and m.state = 'parked' group by n.codes, n.code order by 4 desc, 2, 3 limit $2",
        link_id,
        MOST,
    )
    return [Unknown(**dict(row)) for row in rows]


async def chosen(link_id: int) -> list[Chosen]:
    """What was said of values of a link, newest first."""
    rows = await db.fetch(
        "select codes, code, meaning, reason, by_name as by, at from feed_code where link_id = $1 order by at desc, code",
        link_id,
    )
    return [Chosen(**dict(row)) for row in rows]


def meanings(link: links.Link, codes: str) -> Mapping[str, str]:
    """What a value of a table may mean: each meaning the mapping file knows, with the codes it has for it.

    Raises:
        NotFound: the mapping has no such table.
    """
    table = formats.check(link.kind, link.mapping).codes.get(codes)
    if table is None:
        raise NotFound("映射文件中没有这个代码表")
    found: dict[str, list[str]] = {}
    for code, meaning in table.items():
        if meaning and code != "*":
            found.setdefault(meaning, []).append(code)
    return {meaning: "、".join(names[:6]) for meaning, names in found.items()}


async def choose(link_id: int, codes: str, code: str, meaning: str, reason: str, *, by: Actor) -> int:
    """Say what a value means on a link; everything parked for it is taken again, how many.

    Raises:
        Forbidden, NotFound.
        Invalid: no reason, or a meaning that the table does not know.
    """
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    words = reasoned(reason)
    link = await links.link(link_id)
    if meaning not in meanings(link, codes):
        fault = Fault(field="meaning", label="对应为", reason="请选择一项")
        raise Invalid("请选择对应的含义", details=[fault])
    async with db.transaction():
        rows = await db.fetch(
            "delete from feed_lost_code n using feed_message m where m.id = n.message_id and m.link_id = $1"
            " and n.codes = $2 and n.code = $3 and m.state = 'parked' returning m.id",
            link_id,
            codes,
            code,
        )
        if not rows:
            raise NotFound("没有消息在等这个值，请刷新页面")
        await db.execute(
            "insert into feed_code (link_id, codes, code, meaning, reason, by_name, at)"
            " values ($1, $2, $3, $4, $5, $6, $7) on conflict (link_id, codes, code) do update"
            " set meaning = $4, reason = $5, by_name = $6, at = $7",
            link_id,
            codes,
            code,
            meaning,
            words,
            by.name,
            clock.now(),
        )
        ids = [row["id"] for row in rows]
        await note_all(ids, "coded", f"{codes}：“{code}” 对应为 {meaning}。{words}", by)
        await db.execute(
            "update feed_message set state = 'due', attempts = 0, due_at = $2, fault_at = '' where id = any($1::bigint[])",
            ids,
            clock.now(),
        )
        await audit.record(
            by,
            "feed.code",
            "feed_link",
            link_id,
            codes=codes,
            code=code,
            meaning=meaning,
            reason=words,
            messages=len(ids),
        )
    await bell.ring(TABLE)
    return len(ids)


async def forget(link_id: int, codes: str, code: str, *, by: Actor) -> None:
    """Take back what was said of a value; what comes with it from now on is parked again.

    Raises:
        Forbidden, NotFound.
    """
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    async with db.transaction():
        meaning = await db.fetchval(
            "delete from feed_code where link_id = $1 and codes = $2 and code = $3 returning meaning",
            link_id,
            codes,
            code,
        )
        if meaning is None:
            raise NotFound("没有这项对照，请刷新页面")
        await audit.record(by, "feed.uncode", "feed_link", link_id, codes=codes, code=code, meaning=meaning)
