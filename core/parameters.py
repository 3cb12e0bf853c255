"""System parameters: declared in code with type, range and default, changed by an administrator, kept in a table.

A package declares its parameters beside the code that reads them; a bad value is refused at entry. Every change is kept.
"""

import re
from dataclasses import dataclass
from datetime import datetime

from core import audit, clock, db
from core.actor import Actor, Permission
from core.errors import Fault, Forbidden, Invalid, NotFound
from core.logs import logger

log = logger(__name__)
_INTEGER = re.compile(r"-?[0-9]{1,15}")
LONGEST = 200  # characters of a text
NOTE = 200  # characters of a note on a change
# What keeps the house safe, by first word or whole name: passwords, lock-out, sessions, captcha, CA, masks, the log, rates.
SAFETY = frozenset(
    {
        "audit",
        "keys",
        "limit",
        "login",
        "look",
        "password",
        "patient.guarded_hours",
        "posts",
        "privacy",
        "session",
        "portal.frame_ancestors",
        "portal.identity_second",
        "portal.idle_minutes",
        "portal.longest_days",
    }
)
SEPARATION = "GB/T 22239-2019 8.1.4.2 d) 管理用户权限分离：安全参数由安全管理员修改，系统管理员只能查看"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `kind` is int, text or bool; `low` and `high` bound an int, `choices` a text; `source` is
    where the rule comes from; a value below `low` is refused in the name of `law`.

    `what` explains it to whoever sets it; `names` are the choices as the page words them.
    """

    name: str
    label: str
    kind: type[int] | type[str] | type[bool]
    default: int | str | bool
    low: int | None = None
    high: int | None = None
    unit: str = ""
    source: str = ""
    choices: tuple[str, ...] = ()
    law: str = ""
    what: str = ""
    names: tuple[str, ...] = ()

    @property
    def guarded(self) -> bool:
        """Whether it is the security administrator's."""
        return self.name in SAFETY or self.name.partition(".")[0] in SAFETY

    def parse(self, text: str) -> int | str | bool:
        """The value of `text`.

        Raises:
            Invalid: with the reason.
        """
        if self.kind is bool:
            if text not in ("true", "false"):
                raise self._bad(text, "只能是 true 或 false")
            return text == "true"
        if self.kind is str:
            return self._text(text)
        if not _INTEGER.fullmatch(text.strip()):
            raise self._bad(text, "必须是整数")
        number = int(text)
        if self.law and self.low is not None and number < self.low:
            raise self._bad(text, f"不能小于 {self.low}：{self.law}")
        if (self.low is not None and number < self.low) or (self.high is not None and number > self.high):
            raise self._bad(text, f"应在 {self.low} 到 {self.high} 之间")
        return number

    def _text(self, text: str) -> str:
        if self.choices and text not in self.choices:
            named = "、".join(self.worded(choice) for choice in self.choices)
            raise self._bad(text, f"只能是 {named}")
        if len(text) > LONGEST or not text.isprintable():
            raise self._bad(text, f"最多 {LONGEST} 个字，一行写完")
        return text

    def worded(self, text: str) -> str:
        """A value, as the table keeps it, in words."""
        if self.kind is bool:
            return {"true": "是", "false": "否"}.get(text, text)
        return dict(zip(self.choices, self.names, strict=False)).get(text, text)

    def _bad(self, text: str, reason: str) -> Invalid:
        return Invalid(
            f"{self.label}：{reason}",
            details=[Fault(field=self.name, label=self.label, reason=reason, value=text[:LONGEST])],
        )


@dataclass(frozen=True, slots=True)
class Change:
    """One change; `before` None was the default, `after` None is the default again."""

    before: str | None
    after: str | None
    note: str
    changed_by: str
    changed_at: datetime


REGISTER: dict[str, Parameter] = {}


def declare(parameter: Parameter) -> Parameter:
    """Add a parameter to the register."""
    if parameter.name in REGISTER:
        raise ValueError(f"parameter {parameter.name} is declared twice")
    REGISTER[parameter.name] = parameter
    return parameter


def text_of(value: int | str | bool) -> str:
    """A value as the table keeps it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


async def value(parameter: Parameter) -> int | str | bool:
    """The value in force: a kept one that does not fit any more (bounds of a later version) counts as the default."""
    text = await db.fetchval("select value from parameter where name = $1", parameter.name)
    if text is None:
        return parameter.default
    try:
        return parameter.parse(text)
    except Invalid as error:
        log.warning("parameter_unfit", parameter=parameter.name, reason=error.message)
        return parameter.default


async def number(parameter: Parameter) -> int:
    """The value in force of an int parameter."""
    return int(await value(parameter))


def may_change(parameter: Parameter, by: Actor) -> bool:
    """Whether it is theirs: what keeps the house safe is the security administrator's of the whole group, the rest
    the system administrator's; nobody is both, and the auditor is neither (GB/T 22239-2019 8.1.4.2 d)."""
    if parameter.guarded:
        return by.can(Permission.SAFETY_MANAGE, "/")
    return by.can(Permission.PARAMETER_MANAGE)


async def change(name: str, text: str, *, by: Actor, note: str = "") -> None:
    """Set a parameter; audited and kept in its history. `note` says why.

    Raises:
        Forbidden: it is another administrator's.
        Invalid: the value does not fit.
    """
    parameter = _named(name, by)
    parameter.parse(text)
    note = " ".join(note.split())[:NOTE]
    async with db.transaction():
        before = await db.fetchval("select value from parameter where name = $1 for update", name)
        await db.execute(
            "insert into parameter (name, value, changed_by, changed_at) values ($1, $2, $3, $4)"
            " on conflict (name) do update set value = $2, changed_by = $3, changed_at = $4",
            name,
            text,
            by.name,
            clock.now(),
        )
        await _keep(name, before, text, note, by)
        await audit.record(
            by, "parameter.change", "parameter", None, name=name, before=before, after=text, note=note
        )


async def reset(name: str, *, by: Actor, note: str = "") -> None:
    """Back to the default, also to that of a later version; audited and kept in its history.

    Raises:
        Forbidden: it is another administrator's.
    """
    parameter = _named(name, by)
    note = " ".join(note.split())[:NOTE]
    async with db.transaction():
        before = await db.fetchval("delete from parameter where name = $1 returning value", name)
        if before is None:
            return
        await _keep(name, before, None, note, by)
        after = text_of(parameter.default)
        await audit.record(
            by, "parameter.change", "parameter", None, name=name, before=before, after=after, note=note
        )


def _named(name: str, by: Actor) -> Parameter:
    parameter = REGISTER.get(name)
    if parameter is None:
        raise NotFound("没有这个参数")
    if not may_change(parameter, by):
        raise Forbidden(SEPARATION if parameter.guarded else "没有权限")
    return parameter


async def _keep(name: str, before: str | None, after: str | None, note: str, by: Actor) -> None:
    await db.execute(
        "insert into parameter_change (name, before, after, note, changed_by, changed_at) values ($1, $2, $3, $4, $5, $6)",
        name,
        before,
        after,
        note,
        by.name,
        clock.now(),
    )


async def history(name: str, limit: int = 50) -> list[Change]:
    """The changes of a parameter, the newest first."""
    rows = await db.fetch(
        "select before, after, note, changed_by, changed_at from parameter_change where name = $1"
        " order by id desc limit $2",
        name,
        limit,
    )
    return [Change(**dict(row)) for row in rows]


async def last_changes() -> dict[str, Change]:
    """The last change of each parameter that was ever changed."""
    rows = await db.fetch(
        "select distinct on (name) name, before, after, note, changed_by, changed_at from parameter_change"
        " order by name, id desc"
    )
    return {
        row["name"]: Change(row["before"], row["after"], row["note"], row["changed_by"], row["changed_at"])
        for row in rows
    }
