"""Deletes at a person's request what may be deleted; what the law keeps stays, blocked, with the ground said.

《个人信息保护法》 Art. 47: where a legal period of keeping has not run out, the data is stored and secured and used for
nothing else. Each kind of record is a member of `REGISTER` with what becomes of it and why; the hospital's own advice
on periods is its lawyer's. Never touches the audit log, nor what was proven of an agreement.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core import audit, clock, db
from core.actor import Actor
from core.errors import Refused
from tickets import history
from tickets.models import Case
from tickets.privacy import portal, requests
from tickets.privacy.requests import Request
from tickets.privacy.words import Right

LOG_PERIOD = timedelta(days=183)  # six months: 《网络安全法》 on network logs


class Outcome(StrEnum):
    """What becomes of a kind of record."""

    ERASED = "erased"
    BLOCKED = "blocked"
    KEPT = "kept"


OUTCOMES = {Outcome.ERASED: "已删除", Outcome.BLOCKED: "依法保留，停止其他处理", Outcome.KEPT: "依法保留"}
Amount = Callable[[int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Records:
    """A kind of record: `act` counts what is there, and deletes it where `outcome` says so."""

    name: str
    label: str
    outcome: Outcome
    ground: str
    act: Amount


def _count(sql: str) -> Amount:
    async def count(patient_id: int) -> int:
        found: int = await db.fetchval(sql, patient_id)
        return found

    return count


async def _wechat(patient_id: int) -> int:
    bound = await db.fetchval("select wechat_openid is not null from patient where id = $1", patient_id)
    await db.execute(
        "update patient set wechat_openid = null, wechat_following = false where id = $1", patient_id
    )
    return int(bool(bound))


_OF_PERSON = (
    "((receiver_kind = 'person' and receiver_id = $1)"
    " or phone_hash = (select phone_hash from patient where id = $1))"
)


async def _messages(patient_id: int) -> int:
    rows = await db.fetch(
        "update message set phone = null, phone_hash = null, openid = null, receiver_name = '', text = '', texts = '{}',"  # noqa: S608
        f" card = null where {_OF_PERSON} and created_at < $2 and text <> '' returning id",
        patient_id,
        clock.now() - LOG_PERIOD,
    )
    return len(rows)


async def _contacts(patient_id: int) -> int:
    rows = await db.fetch(
        "delete from patient_contact where patient_id = $1 and source = 'staff' returning id", patient_id
    )
    return len(rows)


REGISTER: tuple[Records, ...] = (
    Records("wechat", "微信绑定", Outcome.ERASED, "", _wechat),
    Records("contacts", "本院登记的亲属联系人", Outcome.ERASED, "", _contacts),
    Records("portal_sessions", "患者端登录记录和验证码", Outcome.ERASED, "", portal.erase_sessions),
    Records(
        "portal_accounts", "患者端绑定，以及本人账号的手机号和微信", Outcome.ERASED, "", portal.erase_accounts
    ),
    Records("drafts", "未提交的问卷及其附件", Outcome.ERASED, "", portal.erase_drafts),
    Records(
        "responses", "已提交的问卷（匿名化，只留选项和分值）", Outcome.ERASED, "", portal.part_from_answers
    ),
    Records("messages", "六个月以前的消息内容和地址", Outcome.ERASED, "", _messages),
    Records(
        "recent_messages",
        "近六个月的消息记录",
        Outcome.BLOCKED,
        "《网络安全法》：网络日志留存不少于六个月；到期后可再次申请删除",
        _count(f"select count(*)::int from message where {_OF_PERSON} and text <> ''"),  # noqa: S608 - our own text
    ),
    Records(
        "records",
        "病历与就诊记录",
        Outcome.BLOCKED,
        "《医疗机构病历管理规定（2013年版）》第二十九条：门（急）诊病历自最后一次就诊之日起不少于 15 年，"
        "住院病历自最后一次出院之日起不少于 30 年",
        _count("select count(*)::int from visit where patient_id = $1"),
    ),
    Records(
        "cases",
        "投诉、信访等诉求档案",
        Outcome.BLOCKED,
        "《医疗机构投诉管理办法》《信访工作条例》及档案管理规定：诉求办理材料须立卷归档保存",
        _count(
            "select count(*)::int from cases c where exists (select 1 from visit_link l where l.case_id = c.id"
            " and l.patient_id = $1 and l.state = 'confirmed') or c.caller_phone_hash ="
            " (select phone_hash from patient where id = $1) or (c.patient_number <> '' and c.patient_number ="
            " (select number from patient where id = $1))"
        ),
    ),
    Records(
        "consents",
        "同意与撤回的凭证",
        Outcome.KEPT,
        "《个人信息保护法》第五十六条：处理情况记录至少保存三年；用以证明处理合法",
        _count(
            "select (select count(*) from consent where patient_id = $1)::int"
            " + (select count(*) from portal_agreement where patient_id = $1)::int"
        ),
    ),
    Records(
        "audit",
        "查阅和操作日志",
        Outcome.KEPT,
        "《网络安全法》：网络日志留存不少于六个月；日志不可修改，其中不含完整的个人信息",
        _count("select count(*)::int from audit where subject = 'patient' and subject_id = $1"),
    ),
)


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of a kind of record, as a page shows it."""

    label: str
    outcome: Outcome
    outcome_label: str
    ground: str
    amount: int
    by_name: str
    at: datetime


async def erase(case: Case, *, by: Actor) -> None:
    """Delete what may be deleted, block the rest, and write down both with the grounds. Done again, it finds the rest.

    In the transaction in which a second person agreed (`deciding`), who is `by`.

    Raises:
        Refused: the asker was not identified.
    """
    case_id = case.id
    async with db.transaction():
        request = await requests.of(case_id)
        if request is None:
            raise Refused("请先核验申请人身份")
        if Right.ERASE in request.open:
            await _each(request, by)
        await db.execute(
            "insert into patient_block (patient_id, case_id, ground, at, by_name) values ($1, $2, $3, $4, $5)"
            " on conflict (patient_id) do nothing",
            request.patient_id,
            case_id,
            request.wanted,
            clock.now(),
            by.name,
        )
        words = "停止了除依法保存以外的处理"
        if Right.ERASE in request.open:
            words = f"删除了可以删除的个人信息，{words}"
        await history.add(case_id, "privacy", by, round_no=case.round, text=words)
        await audit.record(
            by, "privacy.erase", "patient", request.patient_id, case=case_id, rights=sorted(request.open)
        )


async def _each(request: Request, by: Actor) -> None:
    for kind in REGISTER:
        amount = await kind.act(request.patient_id)
        await db.execute(
            "insert into privacy_erasure (case_id, patient_id, what, outcome, ground, amount, by_id, by_name, at)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            request.case_id,
            request.patient_id,
            kind.name,
            kind.outcome,
            kind.ground,
            amount,
            by.staff_id,
            by.name,
            clock.now(),
        )


async def of(case_id: int) -> list[Erased]:
    """What became of each kind of record, the latest run."""
    labels = {kind.name: kind.label for kind in REGISTER}
    rows = await db.fetch(
        "select distinct on (what) what, outcome, ground, amount, by_name, at, id from privacy_erasure"
        " where case_id = $1 order by what, id desc",
        case_id,
    )
    place = {name: at for at, name in enumerate(labels)}
    return [
        Erased(
            labels.get(row["what"], row["what"]),
            Outcome(row["outcome"]),
            OUTCOMES[Outcome(row["outcome"])],
            row["ground"],
            row["amount"],
            row["by_name"],
            row["at"],
        )
        for row in sorted(rows, key=lambda row: place.get(row["what"], 99))
    ]


async def blocked(patient_id: int) -> bool:
    """Whether a person's data is used for nothing but what the law keeps it for."""
    return bool(
        await db.fetchval("select exists (select 1 from patient_block where patient_id = $1)", patient_id)
    )
