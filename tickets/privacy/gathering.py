"""Everything the house keeps about one person, as plain records by part; for the person themselves, never for a page.

《个人信息保护法》 Art. 45. Secret cases (检举控告) are left out without a word, whoever raised them: that they exist is told
to nobody through here; so is what staff think of a person (risk flags, notes on behaviour). Reads only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import orjson

from core import clock, crypto, db
from patients.consent import CHANNELS, PURPOSES, Channel, Purpose
from patients.rows import KIND_LABELS, VisitKind
from staff import queries as staff
from tickets.privacy import portal
from tickets.sources import SOURCES
from tickets.states import CASE_LABELS, CaseState

Record = dict[str, Any]
# Columns that tell of our machine or of what staff think, not of the person.
_NOT_THEIRS = frozenset({"id", "patient_id", "recorded_for", "unit_id", "ward_id", "changed_at"})


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the package: `shown` names the columns of the readable table, key → head."""

    name: str
    label: str
    source: str
    records: Sequence[Record]
    shown: Mapping[str, str] = field(default_factory=dict)


async def gather(patient_id: int) -> list[Part]:
    """The parts, in the order in which they are read."""
    return [
        await _person(patient_id),
        await _contacts(patient_id),
        await _visits(patient_id),
        await _diagnoses(patient_id),
        await _cases(patient_id),
        await _messages(patient_id),
        await _consents(patient_id),
        await _portal(patient_id),
        await _bound(patient_id),
        await _questionnaires(patient_id),
        await _recipients(patient_id),
        await _requests(patient_id),
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.local(value).isoformat(timespec="seconds")
    return value.isoformat() if isinstance(value, date) else value


async def _person(patient_id: int) -> Part:
    row = await db.fetchrow("select * from patient where id = $1", patient_id)
    if row is None:
        return Part("person", "基本信息", "医院信息系统", [])
    ring = crypto.key_ring()
    found = {
        name: ring.decrypt(row[name], f"patient.{name}") if row[name] else ""
        for name in ("phone", "id_number", "address")
    }
    keys = {
        "number": "患者编号",
        "name": "姓名",
        "gender": "性别",
        "born_on": "出生日期",
        "phone": "电话",
        "id_number": "证件号",
        "address": "住址",
        "wechat_following": "关注微信服务号",
        "deceased": "已故",
        "created_at": "建档时间",
    }
    return Part(
        "person",
        "基本信息",
        "医院信息系统",
        [{key: _plain(found.get(key, row[key])) for key in keys}],
        keys,
    )


async def _contacts(patient_id: int) -> Part:
    rows = await db.fetch(
        "select relation, name, phone, source, created_at from patient_contact where patient_id = $1 order by id",
        patient_id,
    )
    ring = crypto.key_ring()
    records = [
        {
            "relation": row["relation"],
            "name": row["name"],
            "phone": ring.decrypt(row["phone"], "patient_contact.phone"),
            "source": "本院登记" if row["source"] == "staff" else "医院信息系统",
            "at": _plain(row["created_at"]),
        }
        for row in rows
    ]
    shown = {"relation": "关系", "name": "姓名", "phone": "电话", "source": "来源"}
    return Part("contacts", "联系人", "本人提供或医院信息系统", records, shown)


async def _visits(patient_id: int) -> Part:
    tree = await staff.tree()
    rows = await db.fetch(
        "select v.*, to_jsonb(v) as whole from visit v where patient_id = $1 order by start_on, id",
        patient_id,
    )
    records = []
    for row in rows:
        whole: Record = orjson.loads(row["whole"])
        kept = {
            name: value
            for name, value in whole.items()
            if name not in _NOT_THEIRS and value not in (None, "", [])
        }
        kind = row["kind"]
        label = KIND_LABELS[VisitKind(kind)] if kind in list(VisitKind) else kind
        records.append({**kept, "kind": label, "unit": tree.label(row["unit_id"])})
    shown = {
        "start_on": "日期",
        "kind": "类别",
        "unit": "科室",
        "number": "就诊号",
        "doctor": "医生",
        "diagnosis": "诊断",
    }
    return Part("visits", "就诊记录", "医院信息系统", records, shown)


async def _diagnoses(patient_id: int) -> Part:
    rows = await db.fetch(
        "select v.number, to_jsonb(d) - 'id' - 'visit_id' as whole from visit_diagnosis d"
        " join visit v on v.id = d.visit_id where v.patient_id = $1 order by v.start_on, v.id",
        patient_id,
    )
    records = [{"visit": row["number"], **orjson.loads(row["whole"])} for row in rows]
    return Part(
        "diagnoses", "诊断", "医院信息系统", records, {"visit": "就诊号", "name": "诊断", "code": "编码"}
    )


# Cases of the person: theirs by a confirmed visit, or raised from their phone or under their number.
_THEIRS = """
select c.* from cases c where not c.secret and (
    exists (select 1 from visit_link l where l.case_id = c.id and l.patient_id = $1 and l.state = 'confirmed')
    or c.caller_phone_hash = (select phone_hash from patient where id = $1)
    or (c.patient_number <> '' and c.patient_number = (select number from patient where id = $1)))
order by c.id
"""


async def _cases(patient_id: int) -> Part:
    ring = crypto.key_ring()
    own = await db.fetchval("select phone_hash from patient where id = $1", patient_id)
    records = []
    for row in await db.fetch(_THEIRS, patient_id):
        rounds = await db.fetch(
            "select no, reply, replied_at, verified, solved from case_round where case_id = $1 order by no",
            row["id"],
        )
        mine = own is not None and row["caller_phone_hash"] == own
        source = SOURCES.get(row["source"])
        records.append(
            {
                "number": f"{clock.local(row['received_at']):%Y%m%d}-{row['id']}",
                "source": source.label if source else row["source"],
                "type": row["appeal_type"],
                "title": row["title"],
                # Who else raised a matter about this person keeps their own secrets.
                "content": row["content"] if mine else "（由他人反映，内容不在本人副本之内）",
                "caller_phone": ring.decrypt(row["caller_phone"], "cases.caller_phone") if mine else "",
                "received_at": _plain(row["received_at"]),
                "state": CASE_LABELS[CaseState(row["state"])],
                "rounds": [
                    {name: _plain(value) for name, value in dict(one).items()}
                    for one in rounds
                    if one["replied_at"]
                ]
                if mine
                else [],
            }
        )
    shown = {
        "number": "编号",
        "source": "来源",
        "type": "类型",
        "title": "标题",
        "received_at": "收到",
        "state": "状态",
    }
    return Part("cases", "反映的事项", "本人或他人反映", records, shown)


async def _messages(patient_id: int) -> Part:
    rows = await db.fetch(
        "select created_at, purpose, text, ladder, state from message where not secret and"
        " ((receiver_kind = 'person' and receiver_id = $1) or phone_hash = (select phone_hash from patient where id = $1))"
        " order by id",
        patient_id,
    )
    records = [
        {
            "at": _plain(row["created_at"]),
            "text": row["text"],
            "ways": list(row["ladder"]),
            "state": row["state"],
        }
        for row in rows
    ]
    return Part("messages", "发送的消息", "本院发送", records, {"at": "时间", "text": "内容"})


async def _consents(patient_id: int) -> Part:
    rows = await db.fetch(
        "select c.*, w.text as wording from consent c left join consent_wording w on w.id = c.wording_id"
        " where c.patient_id = $1 or c.phone_hash = (select phone_hash from patient where id = $1) order by c.at, c.id",
        patient_id,
    )
    records = [
        {
            "at": _plain(row["at"]),
            "said": "同意" if row["given"] else "拒绝或撤回",
            "purpose": PURPOSES[Purpose(row["purpose"])] if row["purpose"] else "全部用途",
            "channel": CHANNELS[Channel(row["channel"])] if row["channel"] else "全部方式",
            "way": row["way"],
            "by": f"{row['relation']} {row['said_by']}".strip() or "本人",
            "wording": row["wording"] or "",
        }
        for row in rows
    ]
    shown = {
        "at": "时间",
        "said": "表示",
        "purpose": "用途",
        "channel": "方式",
        "way": "表示方式",
        "by": "表示人",
    }
    return Part("consents", "同意与撤回", "本人表示", records, shown)


def _told(records: Sequence[Record]) -> list[Record]:
    return [{name: _plain(value) for name, value in one.items()} for one in records]


async def _portal(patient_id: int) -> Part:
    shown = {"what": "内容", "at": "时间", "until": "最近使用", "way": "方式", "address": "网络地址"}
    return Part("portal", "患者端账号与登录", "本人使用", _told(await portal.accounts(patient_id)), shown)


async def _bound(patient_id: int) -> Part:
    shown = {"what": "内容", "at": "时间", "until": "解除", "version": "文本版本"}
    return Part("bindings", "患者端绑定与同意", "本人或绑定人", _told(await portal.bound(patient_id)), shown)


async def _questionnaires(patient_id: int) -> Part:
    shown = {
        "title": "问卷",
        "state": "状态",
        "channel": "填写方式",
        "started_at": "开始",
        "completed_at": "提交",
    }
    records = _told(await portal.questionnaires(patient_id))
    return Part("questionnaires", "填写的问卷（答案见 data.json）", "本人填写", records, shown)


async def _recipients(patient_id: int) -> Part:
    """To whom data about their cases was given, by the log of exports."""
    ids = [row["id"] for row in await db.fetch(_THEIRS, patient_id)]
    rows = await db.fetch(
        "select at, kind, title, recipient, purpose from data_export where case_id = any($1::bigint[])"
        " and recipient <> '' order by id",
        ids,
    )
    records = [
        {
            "at": _plain(row["at"]),
            "recipient": row["recipient"],
            "what": row["title"],
            "purpose": row["purpose"],
        }
        for row in rows
    ]
    shown = {"at": "时间", "recipient": "接收方", "what": "内容", "purpose": "用途"}
    return Part("recipients", "向他人提供的记录", "本院导出记录", records, shown)


async def _requests(patient_id: int) -> Part:
    rows = await db.fetch(
        "select r.case_id, r.rights, r.asker, r.checked_at, c.received_at, c.state from privacy_request r"
        " join cases c on c.id = r.case_id where r.patient_id = $1 order by r.case_id",
        patient_id,
    )
    records = [
        {
            "number": f"{clock.local(row['received_at']):%Y%m%d}-{row['case_id']}",
            "rights": list(row["rights"]),
            "asker": row["asker"],
            "checked_at": _plain(row["checked_at"]),
            "state": CASE_LABELS[CaseState(row["state"])],
        }
        for row in rows
    ]
    shown = {"number": "编号", "asker": "申请人", "checked_at": "核验时间", "state": "状态"}
    return Part("requests", "个人信息申请", "本人申请", records, shown)
