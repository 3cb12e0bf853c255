"""What the patient side keeps of a person, for their copy and for its deletion: account, bindings, sign-ins, what they
agreed to, questionnaires finished and unfinished.

《个人信息保护法》 Art. 45, 47. An account is the person's own that is bound to them as oneself, or that signs in by their
number and is bound to nobody else; a parent's account is not the child's. What others do with their own accounts is
told to nobody: of a binding by somebody else only that it is there. Agreements stay, as proof (Art. 56).
"""

from typing import Any

from core import clock, db, links, storage
from patients import bindings
from patients.bindings import RELATIONS, Relation
from surveys import asks
from surveys.responses.attached import bringer
from surveys.responses.rows import CHANNEL_LABELS, COLUMNS, response

Record = dict[str, Any]
WAYS = {
    "sms": "短信验证码",
    "identity": "证件号码",
    "identity_sms": "证件号码和短信验证码",
    "wechat": "微信",
    "card": "刷卡",
}
TEXTS = {"service": "服务与个人信息说明", "binding": "绑定就诊人同意书", "guardian": "监护人同意书"}
STATES = {"draft": "未提交", "completed": "已提交", "void": "已作废"}
WHY_ENDED = "应就诊人申请删除个人信息"
_ABOUT = "r.patient_id = any($1::bigint[])"


async def own_accounts(patient_id: int) -> list[int]:
    """The accounts that are the person's own."""
    rows = await db.fetch(
        "select a.id from portal_account a where exists (select 1 from patient_binding b where b.account_id = a.id"
        " and b.patient_id = any($1::bigint[]) and b.relation = 'self') or (a.phone_hash in"
        " (select phone_hash from patient where id = any($1::bigint[]) and phone_hash is not null) and not exists"
        " (select 1 from patient_binding b where b.account_id = a.id and b.ended_at is null"
        " and b.patient_id <> all($1::bigint[]))) order by a.id",
        await bindings.records_of(patient_id),
    )
    return [row["id"] for row in rows]


# --- the copy ---------------------------------------------------------------------------------------


async def accounts(patient_id: int) -> list[Record]:
    """Their accounts with when they were opened and last used, and every sign-in that is still known."""
    own, records = await own_accounts(patient_id), await bindings.records_of(patient_id)
    opened = await db.fetch(
        "select created_at, seen_at, phone_hash is not null as phone, openid is not null as wechat from portal_account"
        " where id = any($1::bigint[]) order by id",
        own,
    )
    signed = await db.fetch(
        "select created_at, seen_at, way, address, agent from portal_session where account_id = any($1::bigint[])"
        " or (account_id is null and patient_id = any($2::bigint[])) order by created_at",
        own,
        records,
    )
    found: list[Record] = [
        {
            "what": "账号",
            "at": row["created_at"],
            "until": row["seen_at"],
            "way": "、".join(
                name for name, has in (("手机号", row["phone"]), ("微信", row["wechat"])) if has
            ),
            "address": "",
            "agent": "",
        }
        for row in opened
    ]
    return found + [
        {
            "what": "登录",
            "at": row["created_at"],
            "until": row["seen_at"],
            "way": WAYS.get(row["way"], row["way"]),
            "address": row["address"],
            "agent": row["agent"],
        }
        for row in signed
    ]


async def bound(patient_id: int) -> list[Record]:
    """Who could act for the person, as what, and which texts were agreed to; nothing of the other accounts themselves."""
    own, records = await own_accounts(patient_id), await bindings.records_of(patient_id)
    rows = await db.fetch(
        "select relation, made_at, ended_at, terms_version from patient_binding where patient_id = any($1::bigint[])"
        " order by made_at, id",
        records,
    )
    agreed = await db.fetch(
        "select kind, version, language, at from portal_agreement where patient_id = any($1::bigint[])"
        " or (account_id = any($2::bigint[]) and patient_id is null) order by at, id",
        records,
        own,
    )
    found: list[Record] = [
        {
            "what": f"绑定（就诊人是账号持有人的：{RELATIONS[Relation(row['relation'])]}）",
            "at": row["made_at"],
            "until": row["ended_at"],
            "version": row["terms_version"],
        }
        for row in rows
    ]
    return found + [
        {
            "what": f"同意《{TEXTS[row['kind']]}》",
            "at": row["at"],
            "until": None,
            "version": row["version"],
            "language": row["language"],
        }
        for row in agreed
    ]


async def questionnaires(patient_id: int) -> list[Record]:
    """Every filling-in of theirs, drafts too, with all answers as they are kept: code of the question → answer."""
    records = await bindings.records_of(patient_id)
    rows = await db.fetch(
        f"select {COLUMNS}, v.body ->> 'title' as title from response r"  # noqa: S608 - our columns
        f" join questionnaire_version v on v.id = r.version_id where {_ABOUT} order by r.started_at, r.id",
        records,
    )
    found: list[Record] = []
    for row in rows:
        told = dict(row)
        title = told.pop("title")
        one = response(told)
        found.append(
            {
                "title": title,
                "state": STATES[one.state],
                "channel": CHANNEL_LABELS[one.channel],
                "started_at": one.started_at,
                "completed_at": one.completed_at,
                "answers": one.answers,
            }
        )
    return found


# --- deletion: each gives how many rows it was about -------------------------------------------------


async def erase_accounts(patient_id: int) -> int:
    """End every binding to the person, empty their own accounts; the rows stay without phone and WeChat."""
    own, records = await own_accounts(patient_id), await bindings.records_of(patient_id)
    await db.execute(
        "update portal_session set patient_id = null where patient_id = any($1::bigint[]) and account_id is not null",
        records,
    )
    ended = await db.execute(
        "update patient_binding set ended_at = $3, ended_why = $4 where ended_at is null"
        " and (patient_id = any($1::bigint[]) or account_id = any($2::bigint[]))",
        records,
        own,
        clock.now(),
        WHY_ENDED,
    )
    emptied = await db.execute(
        "update portal_account set phone = null, phone_hash = null, openid = 'erased:' || id"
        " where id = any($1::bigint[])",
        own,
    )
    return ended + emptied


async def erase_sessions(patient_id: int) -> int:
    """Forget their sign-ins, which ends those that live, and codes that were sent."""
    own, records = await own_accounts(patient_id), await bindings.records_of(patient_id)
    gone = await db.execute(
        "delete from portal_session where account_id = any($1::bigint[])"
        " or (account_id is null and patient_id = any($2::bigint[]))",
        own,
        records,
    )
    return gone + await db.execute("delete from portal_code where patient_id = any($1::bigint[])", records)


async def erase_drafts(patient_id: int) -> int:
    """Forget what was begun and not handed in, with its files; links that wait for an answer open nothing any more."""
    records = await bindings.records_of(patient_id)
    for row in await db.fetch("select id from survey_ask where patient_id = any($1::bigint[])", records):
        await links.revoke(asks.LINK, row["id"])
    rows = await db.fetch(
        f"delete from response r where {_ABOUT} and state = 'draft' returning id",  # noqa: S608 - our own text
        records,
    )
    await _let_go([row["id"] for row in rows])
    return len(rows)


async def part_from_answers(patient_id: int) -> int:
    """Take the person out of what they handed in: figures and choices stay for statistics, words, files and dates go,
    and so does every way back to them (《个人信息保护法》 Art. 73: anonymised)."""
    records = await bindings.records_of(patient_id)
    rows = await db.fetch(
        f"update response r set patient_id = null, visit_id = null, private = null, device_hash = null, answers ="  # noqa: S608
        " (select coalesce(jsonb_object_agg(key, value), '{}') from (select key, value - 't' - 'o' - 'b' - 'f' - 'd'"
        " as value from jsonb_each(r.answers)) kept where value <> '{}')"
        f" where {_ABOUT} returning id",
        records,
    )
    ids = [row["id"] for row in rows]
    await db.execute("delete from response_edit where response_id = any($1::uuid[])", ids)
    await db.execute("delete from survey_call where patient_id = any($1::bigint[])", records)
    await db.execute(
        "update survey_ask set patient_id = null, visit_id = null where patient_id = any($1::bigint[])",
        records,
    )
    await _let_go(ids)
    return len(ids)


async def _let_go(response_ids: list[Any]) -> None:
    names = [bringer(one) for one in response_ids]
    rows = await db.fetch("select id from stored_file where created_by = any($1::text[])", names)
    await storage.let_go([row["id"] for row in rows])
