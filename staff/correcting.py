"""What was entered wrongly in the history of a unit is put right: a name, a code, a day; with the reason, before and after.

Not a renaming: the past is written anew as it was. Two terms never overlap: where one follows upon another on the very
day, both move together; else the neighbour is named and the correction refused. Who did what for which unit stays.
"""

from dataclasses import dataclass
from datetime import date

import asyncpg
from pydantic import Field

from core import audit, clock, db
from core.actions import Form
from core.actor import Actor
from core.errors import Invalid, NotFound, Refused
from staff import queries, units_names, units_past
from staff.organising_rows import fault, free_name, lock, named
from staff.units_names import NameGiven


class TermForm(Form):
    """A term as it should have been written."""

    name: str = Field(title="名称", min_length=1, max_length=40)
    short_name: str = Field(default="", title="简称", max_length=40)
    since: date = Field(
        title="起始日期",
        description="与上一段首尾相接时，上一段的终止日期一并更正",
        json_schema_extra={"widget": "date"},
    )
    until: date | None = Field(
        default=None,
        title="终止日期",
        description="从这一天起不再是这个名称或上级；现行的不填",
        json_schema_extra={"widget": "date"},
    )
    reason: str = Field(
        title="更正原因", description="例如：录入时日期写错，依据某文件", min_length=2, max_length=200
    )


class NamingForm(Form):
    """A further name or a code as it should have been written."""

    code: str = Field(default="", title="编码", max_length=40)
    name: str = Field(default="", title="名称", max_length=40)
    since: date = Field(title="生效日期", json_schema_extra={"widget": "date"})
    until: date | None = Field(
        default=None,
        title="失效日期",
        description="从这一天起不再有效，可不填",
        json_schema_extra={"widget": "date"},
    )
    reason: str = Field(title="更正原因", min_length=2, max_length=200)


@dataclass(frozen=True, slots=True)
class _Term:
    id: int
    name: str
    short_name: str
    since: date
    until: date | None

    @property
    def words(self) -> str:
        """As a refusal names it."""
        return f"“{self.name}”（{self.since} 至 {self.until or '今'}）"


def _term(row: asyncpg.Record) -> _Term:
    return _Term(row["id"], row["name"], row["short_name"], row["since"], row["until"])


async def term(unit_id: int, term_id: int, form: TermForm, *, by: Actor) -> None:
    """Write a term of a unit as it should have been.

    Raises:
        NotFound: no such term of this unit.
        Invalid: a field is faulty. Refused: it would overlap a neighbouring term, which is named.
    """
    name, short = named(form.name), named(form.short_name, "short_name", "简称", empty=True)
    async with db.transaction():
        unit = await lock(unit_id, by)
        rows = await db.fetch("select * from org_term where unit_id = $1 order by since for update", unit_id)
        terms = [_term(row) for row in rows]
        at = next((place for place, one in enumerate(terms) if one.id == term_id), None)
        if at is None:
            raise NotFound("没有这段历史，可能已被他人更正")
        old = terms[at]
        before, after = (terms[at - 1] if at else None), (terms[at + 1] if at + 1 < len(terms) else None)
        new = _Term(old.id, name, short, form.since, form.until)
        if new == old:
            raise Invalid("没有变更任何内容", details=fault("name", "名称", "没有变更任何内容", name).details)
        _days(old, new)
        if after is None and unit.active and name != unit.name:
            await free_name(name, unit.parent_id, unit_id)
        moved = _neighbours(old, new, before, after)
        await _write(unit_id, old, new, moved)
        await _follow(unit_id, old, new, first=before is None, last=after is None)
        await audit.record(
            by,
            "unit.correct_term",
            "org_unit",
            unit_id,
            before=_told(old),
            after=_told(new),
            neighbours=[_told(one) for one in moved],
            reason=" ".join(form.reason.split()),
        )
        await units_past.forget()


def _days(old: _Term, new: _Term) -> None:
    today = clock.today()
    if new.since > today:
        raise fault("since", "起始日期", "不能晚于今天", str(new.since))
    if (old.until is None) != (new.until is None):
        words = "现行的名称请用“停用”或“更名”结束" if old.until is None else "已结束的一段须有终止日期"
        raise fault("until", "终止日期", words, str(new.until or ""))
    if new.until is not None and (new.until <= new.since or new.until > today):
        raise fault("until", "终止日期", "应晚于起始日期，且不晚于今天", str(new.until))


def _neighbours(old: _Term, new: _Term, before: _Term | None, after: _Term | None) -> list[_Term]:
    """The terms that move with it, as they will be.

    Raises:
        Refused: it would lie over one of them.
    """
    moved = []
    if before is not None and before.until is not None:
        joined = before.until == old.since
        if new.since <= before.since or (not joined and new.since < before.until):
            raise Refused(f"与上一段{before.words}重叠，请先更正那一段")
        if joined and new.since != before.until:
            moved.append(_Term(before.id, before.name, before.short_name, before.since, new.since))
    if after is not None and new.until is not None:
        joined = old.until == after.since
        if (after.until is not None and new.until >= after.until) or (not joined and new.until > after.since):
            raise Refused(f"与下一段{after.words}重叠，请先更正那一段")
        if joined and new.until != after.since:
            moved.append(_Term(after.id, after.name, after.short_name, new.until, after.until))
    return moved


async def _write(unit_id: int, old: _Term, new: _Term, moved: list[_Term]) -> None:
    """What becomes shorter first, so that at no moment two of them overlap."""
    ways = [new, *moved]
    held = {row["id"]: row for row in await db.fetch("select * from org_term where unit_id = $1", unit_id)}
    ways.sort(key=lambda one: _length(one) - _length(_term(held[one.id])))
    for one in ways:
        await db.execute(
            "update org_term set name = $2, short_name = $3, since = $4, until = $5 where id = $1",
            one.id,
            one.name,
            one.short_name,
            one.since,
            one.until,
        )
    # the name by which orders of that time find the unit
    if new.name != old.name or (new.since, new.until) != (old.since, old.until):
        await db.execute(
            "update org_name set name = $5, since = $6, until = coalesce($7, until) where unit_id = $1 and system = ''"
            " and name = $2 and since = $3 and until is not distinct from $4 and not exists (select 1 from org_name o"
            " where o.unit_id = $1 and o.system = '' and o.name = $5 and o.id <> org_name.id)",
            unit_id,
            old.name,
            old.since,
            old.until,
            new.name,
            new.since,
            new.until,
        )


def _length(one: _Term) -> int:
    return ((one.until or date.max) - one.since).days


async def _follow(unit_id: int, old: _Term, new: _Term, *, first: bool, last: bool) -> None:
    """What the unit's own row says of its first and of its last term."""
    if first:
        await db.execute("update org_unit set valid_from = $2 where id = $1", unit_id, new.since)
    if not last:
        return
    await db.execute(
        "update org_unit set name = $2, short_name = $3 where id = $1", unit_id, new.name, new.short_name
    )
    if new.until is not None and new.until != old.until:
        await db.execute(
            "update org_unit set valid_to = $2, merged_on = case when merged_on is not null then $2::date end"
            " where id = $1",
            unit_id,
            new.until,
        )


def _told(one: _Term) -> dict[str, object]:
    return {"name": one.name, "short_name": one.short_name, "since": one.since, "until": one.until}


async def naming(unit_id: int, name_id: int, form: NamingForm, *, by: Actor) -> None:
    """Write a further name or a code of a unit as it should have been.

    Raises:
        NotFound: no such name of this unit.
        Invalid: a field is faulty. Refused: it leads elsewhere at that time.
    """
    async with db.transaction():
        await lock(unit_id, by)
        row = await db.fetchrow(
            "select * from org_name where id = $1 and unit_id = $2 for update", name_id, unit_id
        )
        if row is None:
            raise NotFound("没有这个名称，可能已被他人删除")
        new = units_names.checked(
            NameGiven(unit_id, row["system"], form.code, form.name, form.since, form.until)
        )
        old = NameGiven(unit_id, row["system"], row["code"], row["name"], row["since"], row["until"])
        if new == old:
            raise Invalid(
                "没有变更任何内容", details=fault("name", "名称", "没有变更任何内容", new.name).details
            )
        if clash := await units_names.clashing(new, but=name_id):
            raise Refused(clash)
        await db.execute(
            "update org_name set code = $2, name = $3, since = $4, until = $5, changed_by = $6, changed_at = $7"
            " where id = $1",
            name_id,
            new.code,
            new.name,
            new.since,
            new.until,
            by.name,
            clock.now(),
        )
        await audit.record(
            by,
            "unit.correct_name",
            "org_unit",
            unit_id,
            system=old.system,
            before={"code": old.code, "name": old.name, "since": old.since, "until": old.until},
            after={"code": new.code, "name": new.name, "since": new.since, "until": new.until},
            reason=" ".join(form.reason.split()),
        )
        await queries.forget_tree()
