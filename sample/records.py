"""Invents the clinical records of the sample hospital: results over time, orders, documents, marks, contacts.

Of the cast's patients much, of others a little; by chance but always the same. Written once, after patients and visits.
"""

import random
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Any

from core import clock, crypto, db
from core.clock import SHANGHAI
from sample import names
from sample.cast import PATIENTS

SEED = 20_261
OTHERS = 600  # visits beside those of the cast that have records
MARK = "SAMPLE-"
LAB = (  # code, name, unit, low, high, critical below, critical above, decimals
    ("GLU", "空腹血糖", "mmol/L", 3.9, 6.1, 2.8, 22.2, 1),
    ("K", "血钾", "mmol/L", 3.5, 5.3, 2.8, 6.2, 2),
    ("CREA", "肌酐", "μmol/L", 57.0, 97.0, None, 650.0, 0),
    ("HGB", "血红蛋白", "g/L", 115.0, 150.0, 60.0, 200.0, 0),
    ("WBC", "白细胞计数", "10^9/L", 3.5, 9.5, 1.0, 30.0, 1),
    ("TC", "总胆固醇", "mmol/L", 2.8, 5.2, None, None, 2),
)
IMAGING = (
    ("胸部 CT 平扫", "胸部", "双肺纹理清晰，右肺上叶见直径约 4 mm 磨玻璃结节，边界清。纵隔未见肿大淋巴结。", "右肺上叶小结节，建议年度复查"),
    ("心脏彩超", "心脏", "左室壁运动协调，各瓣膜活动良好，左室射血分数 62%。", "心脏结构及功能未见明显异常"),
    ("膝关节 X 线", "右膝", "关节间隙变窄，髁间隆突变尖，关节面下骨质硬化。", "右膝退行性改变"),
)  # fmt: skip
DRUGS = (
    ("苯磺酸氨氯地平片", "5 mg", "口服", "每日一次", "28 片", 28),
    ("阿司匹林肠溶片", "100 mg", "口服", "每日一次", "30 片", 30),
    ("盐酸二甲双胍缓释片", "0.5 g", "口服", "每日两次", "60 片", 30),
    ("阿托伐他汀钙片", "20 mg", "口服", "每晚一次", "28 片", 28),
)
ICD = {
    "高血压病3级": "I10.x05",
    "2型糖尿病": "E11.900",
    "股骨颈骨折": "S72.000",
    "心房颤动": "I48.x00",
    "胸痛待查": "R07.400",
}
VERSION = "ICD-10 国家临床版 2.0"
PACKAGES = ("入职体检套餐", "年度体检 A", "中老年专项")
EMPLOYERS = ("示范机械厂", "样例学校", "")
FINDINGS = (
    ("总体情况良好，建议每年体检一次。", "", ""),
    ("血脂偏高，低脂饮食，三个月后复查。", "总胆固醇升高；脂肪肝（轻度）", ""),
    ("甲状腺结节 TI-RADS 3 类，请到内分泌科随诊。", "甲状腺结节", "B"),
    ("肺结节 8 mm，请尽快到呼吸科就诊。", "右肺上叶结节 8 mm", "A"),
)


async def seed() -> None:
    """Write them, unless they are there."""
    if await db.fetchval("select true from report where number like $1 limit 1", f"{MARK}%"):
        return
    chance = random.Random(SEED)
    async with db.transaction():
        await _states(chance)
        rows = await db.fetch(
            "select v.*, p.name as whose, p.born_on from visit v join patient p on p.id = v.patient_id"
            " where v.patient_id <= $1 or v.id in (select id from visit order by start_on desc, id desc limit $2)"
            " order by v.id",
            len(PATIENTS),
            OTHERS,
        )
        for row in rows:
            await _visit(row, chance)
        for at, _ in enumerate(PATIENTS, start=1):
            await _history(at, chance)
        await _contacts(chance)
        await _flags()


async def _states(chance: random.Random) -> None:
    """Which visits are over; what in-patients were admitted and discharged with; what exams found."""
    await db.execute(
        "update visit set state = case when end_on is null then 'open' else 'closed' end,"
        " admission_diagnosis = case when kind = 'inpatient' then diagnosis || '？' else '' end,"
        " discharge_diagnosis = case when kind = 'inpatient' and end_on is not null then diagnosis else '' end,"
        " disposition = case when kind = 'inpatient' and end_on is not null then '1' else '' end,"
        " triage = case when kind = 'emergency' then 1 + id % 4 end,"
        " register_type = case when kind = 'outpatient' then (array['普通号', '专家号', '专科号'])[1 + id % 3] else '' end"
    )
    exams = await db.fetch("select id from visit where kind = 'exam' order by id")
    await db.executemany(
        "update visit set conclusion = $2, findings = $3, severity = $4, package = $5, employer = $6 where id = $1",
        [
            (
                row["id"],
                *chance.choices(FINDINGS, (70, 22, 6, 2))[0],
                chance.choice(PACKAGES),
                chance.choice(EMPLOYERS),
            )
            for row in exams
        ],
    )


def _at(day: date, chance: random.Random, first: int = 8, last: int = 17) -> datetime:
    return datetime.combine(day, time(chance.randrange(first, last), chance.randrange(60)), SHANGHAI)


async def _visit(row: Any, chance: random.Random) -> None:
    """The diagnosis, orders, a report and a document of one visit."""
    start, visit_id, patient_id = row["start_on"], row["id"], row["patient_id"]
    kind = "final" if row["kind"] == "inpatient" and row["end_on"] else "working"
    code = ICD.get(row["diagnosis"], "")
    if row["diagnosis"]:
        await db.execute(
            "insert into visit_diagnosis (visit_id, place, kind, code, name, version, main) values ($1, 0, $2, $3, $4, $5, true)",
            visit_id,
            kind,
            code,
            row["diagnosis"],
            VERSION if code else "",
        )
    if row["kind"] == "exam" or chance.random() < 0.4:
        await _report(patient_id, visit_id, _at(start, chance), f"{MARK}{visit_id}-L", chance)
    if chance.random() < 0.25:
        name, part, seen, conclusion = chance.choice(IMAGING)
        await db.execute(
            "insert into report (patient_id, visit_id, number, kind, name, part, seen, conclusion, positive, state,"
            " reported_at, author, checker) values ($1, $2, $3, 'imaging', $4, $5, $6, $7, $8, 'final', $9, $10, $10)",
            patient_id,
            visit_id,
            f"{MARK}{visit_id}-I",
            name,
            part,
            seen,
            conclusion,
            "结节" in conclusion,
            _at(start, chance),
            row["doctor"],
        )
    await _orders(row, chance)
    if row["kind"] in ("outpatient", "emergency", "inpatient"):
        await db.execute(
            "update visit set complaint = $2, present_illness = $3, past_history = $4, examination = $5 where id = $1",
            visit_id,
            f"{row['diagnosis'].rstrip('待查')}相关不适 {chance.randrange(1, 14)} 天",
            "近来症状反复，休息后可缓解，饮食睡眠尚可，大小便正常。",
            chance.choice(("平素体健，否认慢性病史。", "高血压病史 5 年，规律服药。", "青霉素过敏史。")),
            f"体温 36.{chance.randrange(2, 9)} ℃，脉搏 {chance.randrange(62, 98)} 次/分，"
            f"血压 {chance.randrange(110, 160)}/{chance.randrange(70, 96)} mmHg。",
        )
    if row["kind"] == "inpatient":
        for title, day in (("入院记录", start), ("出院小结", row["end_on"])):
            if day is not None:
                await db.execute(
                    "insert into record_document (patient_id, visit_id, number, kind, title, text, author, written_at)"
                    " values ($1, $2, $3, '病历', $4, $5, $6, $7)",
                    patient_id,
                    visit_id,
                    f"{MARK}{visit_id}-{title}",
                    title,
                    f"姓名：{row['whose']}\n住院号：{row['number']}\n诊断：{row['diagnosis']}\n\n"
                    "病情摘要：入院后完善检查，予对症治疗，病情平稳。\n医嘱：按时服药，两周后门诊复查。",
                    row["doctor"],
                    _at(day, chance),
                )


async def _orders(row: Any, chance: random.Random) -> None:
    """A prescription with one or two drugs."""
    if row["kind"] == "exam":
        return
    at = _at(row["end_on"] or row["start_on"], chance)
    for place, (name, dose, route, often, quantity, days) in enumerate(
        chance.sample(DRUGS, chance.randrange(1, 3))
    ):
        await db.execute(
            "insert into medical_order (patient_id, visit_id, number, kind, name, prescription, dose, route, frequency,"
            " quantity, days, take_home, state, ordered_at, doctor)"
            " values ($1, $2, $3, 'drug', $4, $5, $6, $7, $8, $9, $10, $11, 'done', $12, $13)",
            row["patient_id"],
            row["id"],
            f"{MARK}{row['id']}-{place}",
            name,
            f"CF{row['id']:07d}",
            dose,
            route,
            often,
            quantity,
            days,
            row["kind"] == "inpatient" and row["end_on"] is not None,
            at,
            row["doctor"],
        )


def _values(chance: random.Random) -> Iterator[tuple[str, str, str, float, str, str, bool]]:
    for code, name, unit, low, high, below, above, decimals in LAB:
        middle, wide = (low + high) / 2, (high - low) / 2
        value = round(chance.gauss(middle, wide * 0.75), decimals)
        flag = "H" if value > high else "L" if value < low else ""
        critical = (below is not None and value < below) or (above is not None and value > above)
        yield code, name, unit, value, f"{low:g}-{high:g}", flag * (2 if critical else 1), critical


async def _report(
    patient_id: int, visit_id: int | None, at: datetime, number: str, chance: random.Random
) -> None:
    values = list(_values(chance))
    report_id = await db.fetchval(
        "insert into report (patient_id, visit_id, number, kind, name, specimen, abnormal, critical, state, collected_at,"
        " reported_at, author, checker) values ($1, $2, $3, 'lab', '生化与血常规', '血', $4, $5, 'final', $6, $7, '检验甲', '检验乙')"
        " returning id",
        patient_id,
        visit_id,
        number,
        any(flag for *_, flag, _ in values),
        any(critical for *_, critical in values),
        at - timedelta(hours=2),
        at,
    )
    await db.executemany(
        "insert into report_item (report_id, place, code, name, value, amount, unit, range, flag, critical, at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            (report_id, place, code, name, f"{value:g}", value, unit, span, flag, critical, at)
            for place, (code, name, unit, value, span, flag, critical) in enumerate(values)
        ],
    )


async def _history(patient_id: int, chance: random.Random) -> None:
    """Results of two years, so that there is a course to look at."""
    for months in range(2, 26, 4):
        day = clock.today() - timedelta(days=months * 30 + chance.randrange(10))
        await _report(patient_id, None, _at(day, chance), f"{MARK}P{patient_id}-{months}", chance)


async def _contacts(chance: random.Random) -> None:
    ring = crypto.key_ring()
    for at, one in enumerate(PATIENTS, start=1):
        phone = names.phone(50_000 + at)
        await db.execute(
            "insert into patient_contact (patient_id, source, relation, name, phone, phone_hash, preferred)"
            " values ($1, 'feed', $2, $3, $4, $5, false) on conflict do nothing",
            at,
            chance.choice(("配偶", "子女", "父母")),
            f"{one.name[0]}家属",
            ring.encrypt(phone, "patient_contact.phone"),
            crypto.search_hash(phone),
        )


async def _flags() -> None:
    for patient_id, flag, note in (
        (4, "dispute", "对手术告知有异议，医务部协调中"),
        (3, "do_not_disturb", "本人要求不接电话"),
        (11, "frequent", "半年内就诊 9 次"),
    ):
        await db.execute(
            "insert into patient_flag (patient_id, flag, note, set_by, set_at) values ($1, $2, $3, '示例数据', $4)"
            " on conflict do nothing",
            patient_id,
            flag,
            note,
            clock.now(),
        )
