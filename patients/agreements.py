"""What people agree to on the patient side: texts in Chinese and English by versions, and who agreed to which.

《个人信息保护法》 Art. 14 (told before, agreed to of one's own will; again when it changes), 17 (what is told), 31 (guardian).
A version never changes; agreeing is a line that stays. Shows no page: `patient_portal` and `console` do.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core import audit, clock, db
from core.actor import Actor, Permission
from core.db import transaction
from core.errors import Fault, Forbidden, Invalid, NotFound

ENGLISH = "en"
SHORTEST, LONGEST, LONGEST_TITLE = 20, 20_000, 100
CHANGED = "文本刚刚更新，请重新阅读后再同意"


class Kind(StrEnum):
    """Which text."""

    SERVICE = "service"
    BINDING = "binding"
    GUARDIAN = "guardian"


KINDS = {
    Kind.SERVICE: ("服务与个人信息说明", "第一次登录时同意；更新后，每位用户下次登录时须重新同意"),
    Kind.BINDING: ("绑定就诊人同意书", "绑定就诊人时勾选同意；已有的绑定仍以当时的版本为准"),
    Kind.GUARDIAN: ("监护人同意书", "就诊人不满 14 周岁时由监护人勾选；已有的绑定仍以当时的版本为准"),
}


class Way(StrEnum):
    """On which occasion it was agreed to."""

    SIGN_IN = "sign_in"
    BINDING = "binding"


@dataclass(frozen=True, slots=True)
class Terms:
    """A version of a text."""

    kind: str
    version: int
    title: str
    body: str
    title_en: str
    body_en: str
    published_by: str
    published_at: datetime

    def told(self, language: str) -> tuple[str, str]:
        """Title and text in a language; in Chinese where there is no English of this version."""
        if language == ENGLISH and self.body_en:
            return self.title_en, self.body_en
        return self.title, self.body

    def read_in(self, language: str) -> str:
        """The language in which somebody who asked for `language` has read it."""
        return ENGLISH if language == ENGLISH and self.body_en else "zh-CN"


@dataclass(frozen=True, slots=True)
class Words:
    """A new version as it is typed."""

    title: str
    body: str
    title_en: str
    body_en: str


@dataclass(frozen=True, slots=True)
class Agreed:
    """Somebody agreed to a version; `newest`: it is the one in force."""

    kind: str
    version: int
    title: str
    language: str
    at: datetime
    newest: bool


_COLUMNS = "kind, version, title, body, title_en, body_en, published_by, published_at"


async def terms(kind: str, version: int | None = None) -> Terms:
    """The version in force of "service", "binding" or "guardian", or an earlier one.

    Raises:
        NotFound: no such text.
    """
    row = await db.fetchrow(
        f"select {_COLUMNS} from portal_terms where kind = $1 and ($2::int is null or version = $2)"  # noqa: S608 - our columns
        " order by version desc limit 1",
        kind,
        version,
    )
    if row is None:
        raise NotFound("没有这份文本")
    return Terms(**dict(row))


async def versions(by: Actor) -> dict[Kind, list[tuple[Terms, int]]]:
    """Every version of every text, the newest first, and how many have agreed to it.

    Raises:
        Forbidden: they keep no parameters.
    """
    if not by.can(Permission.PARAMETER_MANAGE):
        raise Forbidden
    rows = await db.fetch(
        f"select {_COLUMNS}, (select count(*) from portal_agreement g where g.kind = t.kind"  # noqa: S608 - our columns
        " and g.version = t.version) as agreed from portal_terms t order by kind, version desc"
    )
    found: dict[Kind, list[tuple[Terms, int]]] = {kind: [] for kind in Kind}
    for row in rows:
        told = dict(row)
        agreed = told.pop("agreed")
        found[Kind(row["kind"])].append((Terms(**told), agreed))
    return found


async def publish(kind: Kind, words: Words, *, by: Actor) -> int:
    """Put a new version in force; its number. What was agreed to before stays with its own.

    Raises:
        Forbidden: they keep no parameters.
        Invalid: a text is too short or too long, or nothing is different.
    """
    if not by.can(Permission.PARAMETER_MANAGE):
        raise Forbidden
    given = Words(*(text.replace("\r\n", "\n").strip() for text in _parts(words)))
    _check(given)
    async with transaction():
        await db.execute("select pg_advisory_xact_lock(hashtext('portal_terms'))")
        now = await terms(kind)
        if _parts(given) == (now.title, now.body, now.title_en, now.body_en):
            raise Invalid("与现行版本相同，没有改动")
        version = now.version + 1
        await db.execute(
            "insert into portal_terms (kind, version, title, body, title_en, body_en, published_by, published_at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8)",
            kind,
            version,
            *_parts(given),
            by.name,
            clock.now(),
        )
        await audit.record(by, "portal.terms", "portal_terms", None, kind=kind, version=version)
    return version


def _parts(words: Words) -> tuple[str, str, str, str]:
    return words.title, words.body, words.title_en, words.body_en


def _check(words: Words) -> None:
    faults = [
        Fault(field=name, label=label, reason=f"1 至 {LONGEST_TITLE} 个字")
        for name, label, text in (("title", "标题", words.title), ("title_en", "英文标题", words.title_en))
        if not 1 <= len(text) <= LONGEST_TITLE
    ]
    faults += [
        Fault(field=name, label=label, reason=f"{SHORTEST} 至 {LONGEST} 个字")
        for name, label, text in (("body", "正文", words.body), ("body_en", "英文正文", words.body_en))
        if not SHORTEST <= len(text) <= LONGEST
    ]
    if faults:
        raise Invalid("文本有误", details=faults)


async def agree(
    kind: Kind,
    version: int,
    language: str,
    way: Way,
    *,
    by: Actor,
    account_id: int | None = None,
    patient_id: int | None = None,
) -> None:
    """Write down that the version was agreed to; agreed already, nothing changes. `by` is who agrees.

    Raises:
        Invalid: it is not the version in force any more.
    """
    async with transaction():
        await db.execute("select pg_advisory_xact_lock_shared(hashtext('portal_terms'))")
        now = await terms(kind)
        if now.version != version:
            raise Invalid(CHANGED)
        fresh = await db.fetchval(
            "insert into portal_agreement (account_id, patient_id, kind, version, language, way, at)"
            " select $1::bigint, $2::bigint, $3, $4, $5, $6, $7 where not exists (select 1 from portal_agreement"
            " where account_id is not distinct from $1 and patient_id is not distinct from $2 and kind = $3"
            " and version = $4 and way = 'sign_in') returning id",
            account_id,
            patient_id,
            kind,
            version,
            now.read_in(language),
            way,
            clock.now(),
        )
        if fresh is not None:
            await audit.record(
                by,
                "portal.agree",
                "account" if account_id else "patient",
                account_id or patient_id,
                kind=kind,
                version=version,
                language=now.read_in(language),
            )


async def of(account_id: int | None, patient_id: int | None) -> list[Agreed]:
    """What an account has agreed to, or without one the patient alone; the newest first."""
    rows = await db.fetch(
        "select g.kind, g.version, t.title, g.language, g.at, g.version ="
        " (select max(version) from portal_terms m where m.kind = g.kind) as newest"
        " from portal_agreement g join portal_terms t on t.kind = g.kind and t.version = g.version"
        " where case when $1::bigint is not null then g.account_id = $1"
        " else g.account_id is null and g.patient_id = $2 end order by g.at desc, g.id desc",
        account_id,
        patient_id,
    )
    return [Agreed(**dict(row)) for row in rows]
