"""What an administrator does to a dictionary: add, rename what nobody used yet, move, retire, take back. Each is audited."""

from collections import Counter

from asyncpg.exceptions import QueryCanceledError

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.dictionaries import REGISTER, Dictionary, Word, words
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused

MOST = 200  # words of one dictionary
PATIENCE = 1_500  # ms for counting uses; a page need not wait longer for a figure


def find(name: str, by: Actor) -> Dictionary:
    """The dictionary of this name, for whoever keeps forms and words.

    Raises:
        Forbidden: not their business.
        NotFound: no such dictionary.
    """
    if not by.can(Permission.FORM_MANAGE):
        raise Forbidden
    if name not in REGISTER:
        raise NotFound("没有这个字典")
    return REGISTER[name]


async def used(one: Dictionary, label: str) -> bool:
    """Whether any record holds the word."""
    for use in one.uses:
        holds = f"{use.column} @> array[$1::text]" if use.many else f"{use.column} = $1"
        if await db.fetchval(f"select exists (select 1 from {use.table} where {holds})", label):  # noqa: S608 - our own names
            return True
    return False


async def counted(one: Dictionary) -> dict[str, int] | None:
    """How many records hold each word; None when counting takes longer than `PATIENCE`."""
    found: Counter[str] = Counter()
    try:
        async with transaction():
            await db.execute(f"set local statement_timeout = {PATIENCE}")
            for use in one.uses:
                word = f"unnest({use.column})" if use.many else use.column
                rows = await db.fetch(f"select {word} as word, count(*) as n from {use.table} group by 1")  # noqa: S608
                found.update({row["word"]: row["n"] for row in rows if row["word"]})
    except QueryCanceledError:
        return None
    return dict(found)


async def add(name: str, label: str, code: str = "", *, by: Actor) -> int:
    """A new word at the end; one that was retired is offered again. Its id.

    Raises:
        Invalid: it does not fit, or the code is taken.
        Refused: it is there, or there are too many.
    """
    one = find(name, by)
    label, code = _label(label, one.longest), _code(code)
    async with transaction():
        there = await _locked(one)
        old = next((word for word in there if word.label == label), None)
        if old is not None and old.retired_at is None:
            raise Refused(f"“{label}”已经在{one.label}里")
        if len(there) >= MOST:
            raise Refused(f"一个字典最多 {MOST} 个词条")
        _free(there, code, old.id if old else None)
        number: int = await db.fetchval(
            "insert into dictionary_word (dictionary, label, code, place, changed_by, changed_at)"
            " values ($1, $2, $3, $4, $5, $6) on conflict (dictionary, label) do update set retired_at = null,"
            " code = excluded.code, changed_by = excluded.changed_by, changed_at = excluded.changed_at returning id",
            name,
            label,
            code,
            max((word.place for word in there), default=0) + 1,
            by.name,
            clock.now(),
        )
        await audit.record(
            by, "dictionary.add", "dictionary", number, dictionary=name, label=label, code=code
        )
    return number


async def change(number: int, label: str, code: str, *, by: Actor) -> Word:
    """Rename a word that nobody used yet, or set what outside systems call it.

    Raises:
        Refused: it was used, or is fixed: retire it and add another.
        Invalid: as for `add`.
    """
    word, one = await _word(number, by)
    label, code = _label(label, one.longest), _code(code)
    async with transaction():
        there = await _locked(one)
        if label != word.label:
            if word.label in one.fixed:
                raise Refused(f"“{word.label}”由系统按它判断，不能改名")
            if await used(one, word.label):
                raise Refused(
                    f"已有记录用了“{word.label}”，不能改名，否则旧记录会对不上；请停用它，再添加新的词条"
                )
            if any(other.label == label for other in there):
                raise Refused(f"“{label}”已经在{one.label}里")
        _free(there, code, number)
        await db.execute(
            "update dictionary_word set label = $2, code = $3, changed_by = $4, changed_at = $5 where id = $1",
            number,
            label,
            code,
            by.name,
            clock.now(),
        )
        await audit.record(
            by,
            "dictionary.change",
            "dictionary",
            number,
            dictionary=one.name,
            before={"label": word.label, "code": word.code},
            after={"label": label, "code": code},
        )
    return word


async def offer(number: int, *, on: bool, by: Actor) -> Word:
    """Offer a word again, or no longer; records that hold it keep it.

    Raises:
        Refused: code decides by it, or nothing would be left to choose.
    """
    word, one = await _word(number, by)
    if not on and word.label in one.fixed:
        raise Refused(f"“{word.label}”由系统按它判断，不能停用")
    async with transaction():
        there = await _locked(one)
        left = [other for other in there if other.retired_at is None and other.id != number]
        if not on and not left:
            raise Refused("至少要留一个可选的词条")
        await db.execute(
            "update dictionary_word set retired_at = $2, changed_by = $3, changed_at = $4 where id = $1",
            number,
            None if on else clock.now(),
            by.name,
            clock.now(),
        )
        await audit.record(
            by, "dictionary.offer", "dictionary", number, dictionary=one.name, label=word.label, on=on
        )
    return word


async def move(number: int, *, up: bool, by: Actor) -> Word:
    """Change places with the word before it, or after it; at the end of the list nothing happens."""
    word, one = await _word(number, by)
    async with transaction():
        order = [other.id for other in await _locked(one)]
        at = order.index(number)
        to = at - 1 if up else at + 1
        if 0 <= to < len(order):
            order[at], order[to] = order[to], order[at]
            await db.execute(
                "update dictionary_word w set place = o.place from unnest($1::bigint[]) with ordinality o(id, place)"
                " where w.id = o.id and w.place is distinct from o.place",
                order,
            )
            await audit.record(
                by, "dictionary.move", "dictionary", number, dictionary=one.name, label=word.label, up=up
            )
    return word


async def _word(number: int, by: Actor) -> tuple[Word, Dictionary]:
    row = await db.fetchrow("select * from dictionary_word where id = $1", number)
    if row is None:
        raise NotFound("没有这个词条")
    return Word(**dict(row)), find(row["dictionary"], by)


async def _locked(one: Dictionary) -> list[Word]:
    """All its words, while nobody else changes it."""
    await db.execute("select pg_advisory_xact_lock(hashtext($1))", f"dictionary:{one.name}")
    return await words(one.name, all_of_them=True)


def _label(text: str, longest: int) -> str:
    label = " ".join(text.split())
    if not 1 <= len(label) <= longest or any(mark in label for mark in "、，,;；"):
        reason = f"1 至 {longest} 个字，不含顿号、逗号和分号"
        raise _bad("label", "词条", reason, label)
    return label


def _code(text: str) -> str:
    code = text.strip()
    if len(code) > 40 or any(mark.isspace() for mark in code):
        raise _bad("code", "对接代码", "最多 40 个字符，不含空格", code)
    return code


def _free(there: list[Word], code: str, own: int | None) -> None:
    taken = next((word for word in there if code and word.code == code and word.id != own), None)
    if taken is not None:
        raise _bad("code", "对接代码", f"“{taken.label}”已经用了这个代码", code)


def _bad(field: str, label: str, reason: str, value: str) -> Invalid:
    return Invalid(
        f"{label}：{reason}", details=[Fault(field=field, label=label, reason=reason, value=value[:50])]
    )
