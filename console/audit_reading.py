"""The audit log searched: filters of a page become one statement that walks the newest lines first; changes nothing.

A line about a secret case says only that there is one; to the accused it says nothing. The log itself or the copies of
archived months are read (`old`). Free words are looked for in a period of at most `MOST_DAYS`, for they have no index.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import asyncpg
import orjson

from console.audit_things import FACTS as FACT_THINGS
from console.audit_things import Thing, looked_up, named
from console.audit_words import DOORS as DOOR_WORDS
from console.audit_words import (
    RESULTS,
    action_words,
    fact_words,
    group_of,
    subject_of,
    subject_words,
    value_words,
)
from core import clock, db
from core.actor import Actor, Permission
from core.audit_masks import OWN
from core.clock import SHANGHAI
from core.errors import Fault, Invalid
from core.identity import mask_in_text
from staff.roles import LABELS
from tickets.queries import secrecy, secret_traces
from tickets.queries.values import Values

FILTERS = ("who", "what", "subject", "result", "from", "to", "address", "door", "words", "trace", "old")
PAGE = 50
_TOKEN = re.compile(r"(ticket|case|patient):([0-9]{1,15})")
PATIENCE = 10_000  # ms
MOST_DAYS = 92
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is shown; `facts` as (word, text), `before` and `after` when something was changed."""

    id: int
    at: datetime
    actor: str
    roles: str
    door: str
    address: str
    agent: str
    session: str
    action: str
    action_words: str
    group: str
    subject: str
    subject_key: str
    result: str
    result_words: str
    tone: str
    facts: tuple[tuple[str, str], ...]
    before: str | None
    after: str | None
    trace_id: str

    @property
    def stamp(self) -> str:
        """ "2026-11-21 09:30:15" in Shanghai."""
        return clock.local(self.at).strftime("%Y-%m-%d %H:%M:%S")

    @property
    def gist(self) -> str:
        """The first facts in a few words."""
        if self.before is not None or self.after is not None:
            return f"{self.before or '空'} → {self.after or '空'}"
        return "；".join(f"{name} {text}" for name, text in self.facts[:2])


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for, read from a query."""

    given: dict[str, str]
    since: datetime | None
    til: datetime | None
    subject: str
    subject_id: int | None

    @property
    def old(self) -> bool:
        """Whether the copies of archived months are read."""
        return self.given.get("old") == "1"


def read(filters: dict[str, str]) -> Wanted:
    """The filters of a page.

    Raises:
        Invalid: a date that is none, an object that is none, words without a period that is short enough.
    """
    faults: list[Fault] = []
    first, last = _day(filters, "from", "起始日期", faults), _day(filters, "to", "截止日期", faults)
    if first and last and first > last:
        faults.append(Fault(field="to", label="截止日期", reason="早于起始日期", value=filters["to"]))
    kind, colon, of = filters.get("subject", "").replace("：", ":").partition(":")
    kind = subject_of(kind) or kind
    if colon and not (of.isascii() and of.isdigit() and len(of) <= 18):
        faults.append(Fault(field="subject", label="对象", reason="冒号后应为数字编号，如 诉求:12", value=of))
    if filters.get("words") and not filters.get("old"):
        first = first or (last or clock.today()) - timedelta(days=MOST_DAYS - 1)
        if ((last or clock.today()) - first).days >= MOST_DAYS:
            reason = f"按关键词查询时，起止日期不能超过 {MOST_DAYS} 天"
            faults.append(Fault(field="words", label="关键词", reason=reason, value=filters["words"]))
    if faults:
        raise Invalid("；".join(f"{fault.label}：{fault.reason}" for fault in faults), details=faults)
    til = _midnight(last + timedelta(days=1)) if last else None
    return Wanted(filters, _midnight(first), til, kind, int(of) if colon else None)


def _day(filters: dict[str, str], name: str, label: str, faults: list[Fault]) -> date | None:
    text = filters.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        faults.append(Fault(field=name, label=label, reason="日期格式应为 2026-11-21", value=text))
        return None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), SHANGHAI) if day else None


async def lines(wanted: Wanted, before: int | None, most: int, *, by: Actor) -> list[Line]:
    """Lines newest first, those after the line `before`.

    Raises:
        Invalid: it took too long.
    """
    if not by.can(Permission.AUDIT_READ):
        return []
    values = Values()
    table = "audit_restored" if wanted.old else "audit"
    conditions = await _conditions(wanted, values)
    if before is not None:
        at = await db.fetchval(f"select at from {table} where id = $1", before)  # noqa: S608 - our own tables
        if at is None:
            return []
        place = values.arg(at)
        conditions += [f"a.at <= {place}", f"(a.at, a.id) < ({place}, {values.arg(before)})"]
    about, known, veiled = secret_traces.of_audit(by, values)
    sql = (
        f"select a.*, {veiled} as veiled from {table} a {about} where {' and '.join([known, *conditions])}"  # noqa: S608
        f" order by a.at desc, a.id desc limit {values.arg(most)}"
    )
    rows = await _patiently(sql, values)
    details = [{} if row["veiled"] else orjson.loads(row["detail"]) for row in rows]
    things = await named(_asked(rows, details))
    return [_line(row, facts, things) for row, facts in zip(rows, details, strict=True)]


def _asked(rows: Sequence[asyncpg.Record], details: Sequence[dict[str, Any]]) -> Iterator[tuple[str, int]]:
    """The things that the lines name by their ids; none of a veiled line."""
    for row, facts in zip(rows, details, strict=True):
        if row["veiled"]:
            continue
        if row["subject_id"] is not None:
            yield row["subject"], row["subject_id"]
        for name, value in facts.items():
            for one in value if isinstance(value, list) else [value]:
                if name in FACT_THINGS and isinstance(one, int) and not isinstance(one, bool):
                    yield FACT_THINGS[name], one
                elif (token := _token(one)) is not None:
                    yield token


def _token(value: Any) -> tuple[str, int] | None:
    """The thing that a fact names as ticket:304."""
    found = _TOKEN.fullmatch(value) if isinstance(value, str) else None
    return (found[1], int(found[2])) if found else None


async def _patiently(sql: str, values: Sequence[Any]) -> Sequence[asyncpg.Record]:
    try:
        async with db.transaction():
            await db.fetchval(
                "select set_config('statement_timeout', $1, true), set_config('jit', 'off', true),"
                " set_config('plan_cache_mode', 'force_custom_plan', true)",
                str(PATIENCE),
            )
            return await db.fetch(sql, *values)
    except asyncpg.QueryCanceledError:
        fault = Fault(field="from", label="起始日期", reason="请缩短起止日期或增加条件")
        raise Invalid("查询超过 10 秒，已停止", details=[fault]) from None


async def _conditions(wanted: Wanted, values: Values) -> list[str]:
    given, found = wanted.given, []
    if who := given.get("who"):
        found.append(await _who(who, values))
    if what := given.get("what"):
        if what.endswith("."):
            pattern = what.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
            found.append(f"a.action like {values.arg(f'{pattern}%')}")
        else:
            found.append(f"a.action = {values.arg(what)}")
    found += await _about(wanted, values)
    if wanted.since is not None:
        found.append(f"a.at >= {values.arg(wanted.since)}")
    if wanted.til is not None:
        found.append(f"a.at < {values.arg(wanted.til)}")
    for name, column in (("address", "address"), ("door", "door"), ("trace", "trace_id")):
        if given.get(name):
            found.append(f"a.{column} = {values.arg(given[name])}")
    if result := given.get("result"):
        found.append("a.result <> 'ok'" if result == "trouble" else f"a.result = {values.arg(result)}")
    if words := given.get("words"):
        text = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        place = values.arg(f"%{text}%")
        found.append(f"(a.detail::text ilike {place} or a.agent ilike {place} or a.actor_name ilike {place})")
    return found


async def _about(wanted: Wanted, values: Values) -> list[str]:
    """Of which thing: a kind, one of it by its number, or whatever is called so."""
    if not wanted.subject:
        return []
    if wanted.subject_id is not None:
        return [
            f"a.subject = {values.arg(wanted.subject)}",
            f"a.subject_id = {values.arg(wanted.subject_id)}",
        ]
    if subject_of(wanted.subject):
        return [f"a.subject = {values.arg(wanted.subject)}"]
    things = await looked_up(wanted.subject)
    if not things:
        reason = "没有叫这个名字的对象，请核对编号或名称"
        fault = Fault(field="subject", label="对象", reason=reason, value=wanted.subject)
        raise Invalid(f"对象：{reason}", details=[fault])
    kinds, numbers = (values.arg([thing[at] for thing in things]) for at in (0, 1))
    return [f"(a.subject, a.subject_id) in (select * from unnest({kinds}::text[], {numbers}::bigint[]))"]  # noqa: S608


async def _who(who: str, values: Values) -> str:
    """By number or name; whoever is no member of staff (a platform, the clock) by name."""
    rows = await db.fetch("select id from staff where number = $1 or name = $1", who)
    if not rows:
        return f"a.actor_name = {values.arg(who)}"
    return (
        f"(a.actor_kind = 'staff' and a.actor_id = any({values.arg([row['id'] for row in rows])}::bigint[]))"
    )


def _line(row: asyncpg.Record, facts: dict[str, Any], things: Mapping[tuple[str, int], Thing]) -> Line:
    veiled, about = row["veiled"], (row["subject"], row["subject_id"])
    thing = things.get(about)
    words, tone = RESULTS.get(row["result"], (row["result"], "wait"))
    teller = _Teller(things, thing or Thing(""))
    subject = subject_words(*about)
    if thing is not None:
        subject = f"{subject_words(row['subject'], None)} {thing.name}"
    told = {name: teller.text(value, name) for name, value in facts.items()}
    return Line(
        id=row["id"],
        at=row["at"],
        actor=row["actor_name"],
        roles="、".join(LABELS.get(role, role) for role in row["role"].split(",") if role),
        door=DOOR_WORDS.get(row["door"], row["door"]),
        address=row["address"],
        agent=row["agent"],
        session=row["session"],
        action=row["action"],
        action_words=action_words(row["action"]),
        group=group_of(row["action"]),
        subject=secrecy.VEILED if veiled else subject,
        subject_key="" if veiled or about[1] is None else f"{about[0]}:{about[1]}",
        result=row["result"],
        result_words=words,
        tone=tone,
        facts=tuple(
            (fact_words(name), text) for name, text in told.items() if name not in ("before", "after")
        ),
        before=told.get("before"),
        after=told.get("after"),
        trace_id=row["trace_id"],
    )


class _Teller:
    """Tells the facts of one line: words for values, names for ids, numbers and names of persons masked."""

    def __init__(self, things: Mapping[tuple[str, int], Thing], about: Thing) -> None:
        self.things, self.about = things, about

    def text(self, value: Any, name: str = "") -> str:
        if value is None:
            return ""
        if isinstance(value, bool):
            return "是" if value else "否"
        if isinstance(value, dict):
            return "；".join(f"{fact_words(key)} {self.text(inner, key)}" for key, inner in value.items())
        if isinstance(value, list):
            return "、".join(self.text(inner, name) for inner in value)
        if (token := _token(value)) is not None and token in self.things:
            return f"{subject_words(token[0], None)} {self.things[token].name}"
        if isinstance(value, str):
            return self._words(value, name)
        thing = self.things.get((FACT_THINGS.get(name, ""), value)) if isinstance(value, int) else None
        return thing.name if thing is not None else str(value)

    def _words(self, text: str, name: str) -> str:
        if found := _INSTANT.fullmatch(text):
            return f"{clock.local(datetime.fromisoformat(found[0])):%Y-%m-%d %H:%M}"
        said = value_words(name, text)
        return said if said != text or name in OWN else self.about.veil(mask_in_text(text))
