"""The links: which systems may speak to us, in which charset and by which mapping; kept by an administrator, audited."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg
from pydantic import Field

from core import audit, clock, db
from core.actions import Form
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound
from patients.feeds import mapping

Charset = Literal["utf-8", "gbk", "gb18030"]
_COLUMNS = (
    "id, name, kind, application, facility, charset, mapping, domain, processing, silent_minutes, active, silent_since,"
    " last_at"
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link; `application` and `facility` are MSH-3 and MSH-4 of its sender."""

    id: int
    name: str
    kind: str
    application: str
    facility: str
    charset: str
    mapping: str
    domain: str
    processing: str
    silent_minutes: int
    active: bool
    silent_since: datetime | None
    last_at: datetime | None


class LinkForm(Form):
    """What an administrator says of a link."""

    name: str = Field(min_length=2, max_length=40, title="名称", description="例如：东院区 HIS")
    application: str = Field(
        min_length=1, max_length=60, title="发送系统（MSH-3）", description="与消息中的写法完全一致"
    )
    facility: str = Field(
        default="",
        max_length=60,
        title="发送机构（MSH-4）",
        description="不填则不限",
        json_schema_extra={"widget": "line"},
    )
    charset: Charset = Field(
        default="utf-8",
        title="字符集",
        description="以对方实际发送的为准，不看 MSH-18",
        json_schema_extra={"labels": {"utf-8": "UTF-8", "gbk": "GBK", "gb18030": "GB18030"}},
    )
    mapping: str = Field(title="映射文件", json_schema_extra={"widget": "choice"})
    domain: str = Field(
        default="",
        max_length=20,
        pattern=r"^[A-Za-z0-9_-]*$",
        title="号码前缀",
        description="各院区的患者号会重复时填写，例如 west；主系统留空",
    )
    processing: Literal["P", "T", "D"] = Field(
        default="P",
        title="处理标识（MSH-11）",
        json_schema_extra={"labels": {"P": "P 正式", "T": "T 培训", "D": "D 调试"}},
    )
    silent_minutes: int = Field(
        default=0, ge=0, le=10080, title="静默告警（分钟）", description="超过多久没有消息即告警；0 为不告警"
    )
    active: bool = Field(default=True, title="启用")


def _link(row: "asyncpg.Record") -> Link:
    return Link(**dict(row))


async def all_links(*, active: bool = False) -> list[Link]:
    """The links, by name; only those in use when `active`."""
    rows = await db.fetch(f"select {_COLUMNS} from feed_link where active or not $1 order by name", active)  # noqa: S608
    return [_link(row) for row in rows]


async def link(link_id: int) -> Link:
    """One link.

    Raises:
        NotFound: none.
    """
    row = await db.fetchrow(f"select {_COLUMNS} from feed_link where id = $1", link_id)  # noqa: S608
    if row is None:
        raise NotFound("没有这条链路")
    return _link(row)


def _check(by: Actor, form: LinkForm) -> None:
    if not by.can(Permission.MACHINE_OPERATE):
        raise Forbidden
    try:
        mapping.load(form.mapping)
    except mapping.MappingError as error:
        fault = Fault(field="mapping", label="映射文件", reason="；".join(error.faults), value=form.mapping)
        raise Invalid("映射文件有误", details=[fault]) from None


async def save(link_id: int | None, form: LinkForm, *, by: Actor) -> int:
    """Make a link or change one; its id.

    Raises:
        Forbidden: not an operator.
        Invalid: the mapping is faulty, or another link has the name or the sender.
        NotFound: no such link.
    """
    _check(by, form)
    values = form.model_dump()
    columns = list(values)
    try:
        async with db.transaction():
            if link_id is None:
                marks = ", ".join(f"${at}" for at in range(1, len(columns) + 1))
                link_id = await db.fetchval(
                    f"insert into feed_link (kind, {', '.join(columns)}) values ('hl7', {marks}) returning id",  # noqa: S608
                    *values.values(),
                )
                assert link_id is not None  # noqa: S101
                await audit.record(by, "feed.create", "feed_link", link_id, **values)
                return link_id
            before = await link(link_id)
            sets = ", ".join(f"{name} = ${at}" for at, name in enumerate(columns, start=2))
            await db.execute(
                f"update feed_link set {sets}, silent_since = null where id = $1",  # noqa: S608
                link_id,
                *values.values(),
            )
            changed = {name: value for name, value in values.items() if getattr(before, name) != value}
            await audit.record(by, "feed.change", "feed_link", link_id, **changed)
            return link_id
    except asyncpg.UniqueViolationError as error:
        is_name = "name" in (error.constraint_name or "")
        field, label = ("name", "名称") if is_name else ("application", "发送系统（MSH-3）")
        fault = Fault(field=field, label=label, reason="已有另一条链路使用")
        raise Invalid(f"{label}已有另一条链路使用", details=[fault]) from None


async def met_stranger(application: str, facility: str, address: str) -> None:
    """Note that somebody knocked who is no link of ours; nothing of what they sent is kept."""
    await db.execute(
        "insert into feed_stranger (application, facility, address, first_at, last_at) values ($1, $2, $3, $4, $4)"
        " on conflict (application, facility, address) do update set times = feed_stranger.times + 1, last_at = $4",
        application.replace("\x00", "")[:60],
        facility.replace("\x00", "")[:60],
        address[:60],
        clock.now(),
    )
