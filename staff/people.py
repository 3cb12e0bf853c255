"""Accounts of members of staff, as verbs: add, change, shut, open again, a one-time password, ending log-ins.

For whoever keeps the accounts of every unit the person has a post in (`actions.manages`); nobody does these to
themselves. What was handed over when an account is shut is `staff.handing`.
"""

import secrets
import string
from dataclasses import replace
from datetime import date

from pydantic import Field, field_validator
from pypinyin import Style, lazy_pinyin

from core import audit, clock, crypto, db, looking
from core.actions import Form
from core.actor import Actor, ActorKind, Permission
from core.dictionaries import KEY
from core.errors import Fault, Forbidden, Invalid, NotFound, Refused
from core.events import announce
from core.identity import mask_phone, normalise_phone
from staff import actions, notices, queries, securing, sessions
from staff.events import AccountShut, PostsChanged, WecomBound
from staff.guarded_posts import How, ask, guarded, held
from staff.notices import Kind
from staff.queries import Person
from staff.roles import LABELS, Role
from staff.titles import JOB_TITLE

ONE_TIME_LENGTH = 14
_SIGNS = "".join(sign for sign in string.ascii_letters + string.digits if sign not in "0OoIl1")


def a_phone(value: str) -> str:
    """The number as it was typed.

    Raises:
        ValueError: it is none.
    """
    if value and normalise_phone(value) is None:
        raise ValueError("不是有效的电话号码")
    return value


class PersonForm(Form):
    """What is written down of a person."""

    name: str = Field(title="姓名", min_length=1, max_length=40)
    title: str = Field(
        default="",
        title="职务",
        description="可选职称，也可填写职务，例如：护士长",
        max_length=60,
        json_schema_extra={"widget": "line", KEY: JOB_TITLE.name},
    )
    phone: str = Field(default="", title="手机号", description="用于短信通知和绑定企业微信", max_length=30)

    @field_validator("phone")
    @classmethod
    def _a_phone(cls, value: str) -> str:
        return a_phone(value)


class ChangeForm(PersonForm):
    """A person's details anew; a phone that stays is sent back as it is shown, its middle hidden."""

    phone: str = Field(
        default="", title="手机号", description="中间四位已隐藏：不改请保留原样，清空即删除", max_length=30
    )

    @field_validator("phone")
    @classmethod
    def _a_phone(cls, value: str) -> str:
        return value if "*" in value else a_phone(value)


class PostForm(Form):
    """A post: what, where, how far it reaches, in which order, for how long."""

    role: Role = Field(
        title="角色", json_schema_extra={"labels": {role.value: LABELS[role] for role in Role}}
    )
    unit: int = Field(title="科室", json_schema_extra={"widget": "department"})
    own: bool = Field(
        default=False,
        title="仅本人经办",
        description="勾选后只能看到和办理由其本人经办的诉求和工单，看不到本科室其他人的",
    )
    rank: int = Field(
        default=1, title="次序", description="1 为第一负责，2 为副；联络人按次序接单", ge=1, le=9
    )
    from_on: date | None = Field(
        default=None, title="起始日期", description="不填为立即生效", json_schema_extra={"widget": "date"}
    )
    until_on: date | None = Field(
        default=None,
        title="截止日期",
        description="不填为长期；到期次日自动收回",
        json_schema_extra={"widget": "date"},
    )
    why: str = Field(
        default="",
        title="授予原因",
        description="管理员、院领导、督查、纪检等岗位须另一位安全管理员确认后生效，请写明依据",
        max_length=200,
        json_schema_extra={"widget": "line"},
    )


class NewPerson(PersonForm):
    """A new member of staff with the first post; further ones are given afterwards."""

    number: str = Field(
        title="工号",
        description="登录名，以后不能更改",
        min_length=2,
        max_length=20,
        pattern=r"^[0-9A-Za-z_-]+$",
    )
    role: Role = Field(
        title="角色", json_schema_extra={"labels": {role.value: LABELS[role] for role in Role}}
    )
    unit: int = Field(title="科室", json_schema_extra={"widget": "department"})


def initials(name: str) -> str:
    """ "csj" of 测试甲, for searching."""
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER, errors="ignore")).lower()[:40]


async def fill_initials() -> None:
    """Initials for whoever was written down without them (before there were any, or by a bulk load)."""
    rows = await db.fetch("select id, name from staff where pinyin = '' limit 5000")
    known = [(row["id"], made) for row in rows if (made := initials(row["name"]))]
    if known:
        await db.executemany("update staff set pinyin = $2 where id = $1", known)


def _sealed(phone: str) -> tuple[bytes | None, bytes | None]:
    plain = normalise_phone(phone) if phone else None
    if not plain:
        return None, None
    return crypto.key_ring().encrypt(plain, "staff.phone"), crypto.search_hash(plain)


async def add(form: NewPerson, *, by: Actor) -> int:
    """A new account with its first post, without a password yet; its id.

    Raises:
        Forbidden: the unit is not theirs to keep.
        Invalid: the number is taken.
    """
    unit = (await queries.tree()).unit(form.unit)
    if not by.can(Permission.ACCOUNT_MANAGE, unit.scope):
        raise Forbidden
    sealed, hashed = _sealed(form.phone)
    async with db.transaction():
        number: int | None = await db.fetchval(
            "insert into staff (number, name, title, phone, phone_hash, pinyin, created_at)"
            " values ($1, $2, $3, $4, $5, $6, $7) on conflict (number) do nothing returning id",
            form.number,
            form.name,
            form.title,
            sealed,
            hashed,
            initials(form.name),
            clock.now(),
        )
        if number is None:
            words = f"工号 {form.number} 已有账号"
            raise Invalid(
                words, details=[Fault(field="number", label="工号", reason=words, value=form.number)]
            )
        await audit.record(by, "staff.add", "staff", number, number=form.number, name=form.name)
        await actions.give_post(number, form.unit, form.role, by=by)
    return number


async def appoint(number: str, role: Role, name: str = "", *, by: Actor) -> int:
    """Give somebody a role in the group, from the command line: how the first administrators come to be; their id.

    Raises:
        NotFound: no such account, and no `name` to make one.
        Refused: they are another of the three administrators.
    """
    group = next((unit for unit in (await queries.tree()).units if unit.parent_id is None), None)
    if group is None:
        raise Refused("还没有组织机构，请先建立集团")
    known = await queries.by_number(number)
    if known is not None:
        await actions.give_post(known.id, group.id, role, by=by)
        return known.id
    if not name:
        raise NotFound(f"没有工号为 {number} 的在用账号；新建请加 --name 姓名")
    return await add(NewPerson(number=number, name=name, role=role, unit=group.id), by=by)


async def change(staff_id: int, form: PersonForm, *, by: Actor) -> None:
    """Write a person's name, title and phone anew.

    Raises:
        Forbidden, NotFound: not theirs to keep; no such person.
        Invalid: a phone with hidden figures that is not the present one.
    """
    await actions.manages(by, staff_id)
    before = await queries.person(staff_id)
    phone = before.phone if "*" in form.phone and form.phone == _masked(before.phone) else form.phone
    if "*" in phone:
        reason = "请填写完整的号码，或保留原样"
        raise Invalid(f"手机号：{reason}", details=[Fault(field="phone", label="手机号", reason=reason)])
    sealed, hashed = _sealed(phone)
    async with db.transaction():
        await db.execute(
            "update staff set name = $2, title = $3, phone = $4, phone_hash = $5, pinyin = $6 where id = $1",
            staff_id,
            form.name,
            form.title,
            sealed,
            hashed,
            initials(form.name),
        )
        was = {"name": before.name, "title": before.title, "phone": _masked(before.phone)}
        now = {"name": form.name, "title": form.title, "phone": _masked(normalise_phone(phone) or "")}
        changed = {key: [was[key], now[key]] for key in was if was[key] != now[key]}
        if changed:
            await audit.record(by, "staff.change", "staff", staff_id, changed=changed)
        if before.phone != (normalise_phone(phone) or ""):
            told = f"{was['phone'] or '未登记'} → {now['phone'] or '未登记'}"
            await notices.note(staff_id, Kind.PHONE, by=by, words=told, contact=before.phone)


def _masked(phone: str) -> str:
    return mask_phone(phone) if phone else ""


def _words(reason: str) -> str:
    words = " ".join(reason.split())
    if not 2 <= len(words) <= 200:
        raise Invalid(
            "请填写原因",
            details=[Fault(field="reason", label="原因", reason="2 至 200 个字", value=words[:50])],
        )
    return words


async def shut(staff_id: int, reason: str, *, by: Actor) -> None:
    """Disable an account: every log-in ends now, no card and no message leads in any more; the posts stay to be seen.

    Raises:
        Refused: one's own account, or it is shut already.
    """
    if by.staff_id == staff_id:
        raise Refused("不能停用自己的账号，请由另一位管理员操作")
    await actions.manages(by, staff_id)
    words = _words(reason)
    async with db.transaction():
        if not await db.execute(
            "update staff set active = false, closed_reason = $2, closed_at = $3 where id = $1 and active",
            staff_id,
            words,
            clock.now(),
        ):
            raise Refused("账号已经停用")
        ended = await sessions.end_all(staff_id)
        await audit.record(by, "staff.shut", "staff", staff_id, reason=words, sessions_ended=ended)
        await notices.note(staff_id, Kind.SHUT, by=by)
        await _tell(staff_id)
        await announce(AccountShut(staff_id=staff_id))


async def reopen(staff_id: int, reason: str, *, by: Actor) -> int:
    """Open a disabled account again; the password must be set anew. How many guarded posts wait for a second person.

    Raises:
        Refused: one's own account, or it is open.
    """
    if by.staff_id == staff_id:
        raise Refused("不能启用自己的账号，请由另一位管理员操作")
    await actions.manages(by, staff_id)
    words = _words(reason)
    async with db.transaction():
        if not await db.execute(
            "update staff set active = true, closed_reason = '', closed_at = null, must_change = true"
            " where id = $1 and not active",
            staff_id,
        ):
            raise Refused("账号没有停用")
        await audit.record(by, "staff.reopen", "staff", staff_id, reason=words)
        await notices.note(staff_id, Kind.REOPENED, by=by)
        await _tell(staff_id)
        return await _ask_anew(staff_id, words, by)


async def _ask_anew(staff_id: int, reason: str, by: Actor) -> int:
    """The guarded posts of an account that is opened again hold only on the word of another person."""
    if by.kind is ActorKind.SYSTEM:
        return 0
    tree, waits = await queries.tree(), 0
    for post in await queries.posts(staff_id):
        wanted = await held(staff_id, post.unit_id, post.role)
        if wanted is None or not guarded(post.role, tree.unit(post.unit_id), own=post.own):
            continue
        await db.execute("delete from post where id = $1", wanted.post_id)
        await actions.end_term(staff_id, post.unit_id, post.role, by.name, "启用账号，待确认")
        await ask(replace(wanted, post_id=None), How.REOPEN, reason, by=by)
        await announce(PostsChanged(staff_id=staff_id, unit_id=post.unit_id))
        waits += 1
    return waits


async def _tell(staff_id: int) -> None:
    for unit in {post.unit_id for post in await queries.posts(staff_id)}:
        await announce(PostsChanged(staff_id=staff_id, unit_id=unit))


async def one_time_password(staff_id: int, *, by: Actor) -> str:
    """A fresh password, to be shown once; the person changes it at the next log-in, all their log-ins end.

    Raises:
        Refused: one's own (that is changed with the old one), or the account is shut.
    """
    if by.staff_id == staff_id:
        raise Refused("请在“我的账号”修改自己的密码")
    await actions.manages(by, staff_id)
    if not await db.fetchval("select active from staff where id = $1", staff_id):
        raise Refused("账号已停用，请先启用")
    while True:  # the rules ask for each kind of sign; chance may leave one out
        made = "".join(secrets.choice(_SIGNS) for _ in range(ONE_TIME_LENGTH - 1)) + secrets.choice("#%@+=")
        if any(map(str.islower, made)) and any(map(str.isupper, made)) and any(map(str.isdigit, made)):
            break
    await securing.set_password(staff_id, made, by=by)
    return made


async def bind(staff_id: int, userid: str, *, by: Actor) -> None:
    """Tie a WeCom account to a person because the hospital's own address book gives it their staff number.

    Raises:
        Refused: the account belongs to another person already, or this one has one.
    """
    await actions.manages(by, staff_id)
    async with db.transaction():
        await db.execute("select pg_advisory_xact_lock(hashtextextended($1, 13))", userid)
        if await db.fetchval("select 1 from staff where wecom_userid = $1", userid):
            raise Refused(f"企业微信账号 {userid} 已绑定其他职工")
        if not await db.execute(
            "update staff set wecom_userid = $2 where id = $1 and wecom_userid is null", staff_id, userid
        ):
            raise Refused("此人已绑定企业微信")
        await audit.record(by, "staff.bind_wecom", "staff", staff_id, userid=userid)
        await notices.note(staff_id, Kind.WECOM_BOUND, by=by, words=f"企业微信账号 {userid}")
        await announce(WecomBound(staff_id=staff_id))


async def end_sessions(staff_id: int, reason: str, session_id: str = "", *, by: Actor) -> int:
    """End one log-in of a person (by its id), or all; how many.

    Raises:
        NotFound: it is over already.
    """
    await actions.manages(by, staff_id)
    words = securing.why(reason)
    async with db.transaction():
        if session_id:
            ended = int(await sessions.end_one(staff_id, session_id))
            if not ended:
                raise NotFound("这个登录已经结束")
        else:
            ended = await sessions.end_all(staff_id)
        await audit.record(by, "staff.end_sessions", "staff", staff_id, reason=words, sessions_ended=ended)
        if ended:
            await notices.note(staff_id, Kind.SESSIONS_ENDED, by=by, words=f"{ended} 处")
    return ended


async def reveal(staff_id: int, reason: str, *, by: Actor) -> Person:
    """The person with their phone in full; each look is an audit line with its reason.

    Raises:
        Forbidden, NotFound: not theirs to keep; no such person.
        Invalid, TooMany: no reason given, or too many looks within the hour.
    """
    await actions.manages(by, staff_id)
    person = await queries.person(staff_id)
    await looking.note(by, "staff.reveal", "staff", staff_id, reason=reason, fields=("手机",))
    return person
