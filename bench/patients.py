"""The lists of patients over many patients and visits: the first page of any search, by two readers; the file of a patient.

`run()` fills a database with SIZE patients and five visits each (environment HUIYIN_BENCH_PATIENTS, 2,000,000 unless said
otherwise) and asks for each list of `ASKED` as the head of the centre, who sees the whole group, and as a department's
liaison: the query with its rows in this process. Then the web process (`app.py`) gives the pages as a browser gets them.
Each is asked for once before it counts: the figures are of warm caches.

Required (the project's figures): first page p95 below 150 ms, the file of a patient below 200 ms.
"""

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import parse_qsl

import aiohttp
import asyncpg

from bench.stage import Row, Stage, stage
from core import clock, crypto, db
from core.actor import Actor, Door
from patients import profile as profiles
from patients import profile_timeline, queries, records_timeline, search_pages
from patients.search import List, read
from staff import queries as staff
from staff import sessions
from staff.actors import actor_of

SIZE = int(os.environ.get("HUIYIN_BENCH_PATIENTS", "2000000"))
EACH = 5  # visits of a patient
TIMES = 8
RARE = "罕见病样例"
LOADED = ("patient", "visit", "patient_flag", "report", "report_item")

# List and query; {…} is filled from `Scene`.
ASKED: tuple[tuple[str, List, str], ...] = (
    ("out-patients, all", List.OUTPATIENT, ""),
    ("out-patients, oldest first", List.OUTPATIENT, "sort=old"),
    ("name, one character of many", List.OUTPATIENT, "name=王"),
    ("name, two characters of many", List.OUTPATIENT, "name=测甲"),
    ("name, whole", List.OUTPATIENT, "name={name}"),
    ("name, nobody's", List.OUTPATIENT, "name=无此人氏"),
    ("pinyin, two letters", List.OUTPATIENT, "name=wc"),
    ("pinyin, three letters", List.OUTPATIENT, "name=zcj"),
    ("phone", List.OUTPATIENT, "phone={phone}"),
    ("visit number", List.OUTPATIENT, "number={number}"),
    ("patient number", List.OUTPATIENT, "number={patient}"),
    ("diagnosis of many", List.OUTPATIENT, "diagnosis=高血压"),
    ("diagnosis of a few", List.OUTPATIENT, "diagnosis={rare}"),
    ("diagnosis nobody has", List.OUTPATIENT, "diagnosis=无中生有"),
    ("doctor", List.OUTPATIENT, "doctor={doctor}"),
    ("doctors called so", List.OUTPATIENT, "doctor=医生1"),
    ("busy department", List.OUTPATIENT, "unit={busy}"),
    ("quiet department and common name", List.OUTPATIENT, "unit={quiet}&name=王"),
    ("department and diagnosis", List.OUTPATIENT, "unit={busy}&diagnosis=糖尿病"),
    ("a month two years ago", List.OUTPATIENT, "since={then}&until={then_end}"),
    ("a month, name, diagnosis", List.OUTPATIENT, "since={then}&until={then_end}&name=王&diagnosis=高血压"),
    ("marked: dispute", List.OUTPATIENT, "flag=dispute"),
    ("marked: frequent (many)", List.OUTPATIENT, "flag=frequent"),
    ("deceased", List.OUTPATIENT, "flag=deceased"),
    ("none of the marks", List.OUTPATIENT, "free=dispute&free=deceased&free=frequent"),
    ("emergency, triage 1", List.EMERGENCY, "triage=1"),
    ("emergency, name, diagnosis", List.EMERGENCY, "name=王&diagnosis=糖尿病"),
    ("inside, all", List.INSIDE, ""),
    ("inside, by bed", List.INSIDE, "sort=bed"),
    ("inside, bed and nurse", List.INSIDE, "bed=12&nurse=护士1"),
    ("inside, diagnosis", List.INSIDE, "diagnosis=高血压"),
    ("left, all", List.LEFT, ""),
    ("left, admission and discharge diagnosis", List.LEFT, "admission=糖尿病&diagnosis=高血压"),
    ("left, doctor and a month", List.LEFT, "doctor={doctor}&since={then}&until={then_end}"),
    ("left, died", List.LEFT, "disposition=5"),
    ("left, department and ward's nurse", List.LEFT, "unit={busy}&nurse=护士1"),
    ("exams, all", List.EXAM, ""),
    ("exams, major finding A", List.EXAM, "result=A"),
    ("exams, words of the findings", List.EXAM, "diagnosis=结节"),
    ("exams, employer", List.EXAM, "employer=单位7"),
    ("exams, employer of a few", List.EXAM, "employer=罕见单位"),
    ("exams, result of many", List.EXAM, "item=项目3&low=5"),
    ("exams, result of a few", List.EXAM, "item=项目3&low=99.9"),
    ("exams, result nobody has", List.EXAM, "item=项目3&low=1000"),
    ("exams, result of the house's other visits alone", List.EXAM, "item=院内项目&low=1"),
    ("exams, part of what results are called", List.EXAM, "item=目&low=99.9"),
    ("exams, critical result (none)", List.EXAM, "result=critical"),
    ("exams, abnormal result", List.EXAM, "result=abnormal"),
    ("exams, died since", List.EXAM, "flag=deceased"),
    ("left, bed", List.LEFT, "bed=12"),
    ("left, bed of a few", List.LEFT, "bed=加99"),
    ("left, bed nobody had", List.LEFT, "bed=无此床"),
    ("left, bed of a few of one department", List.LEFT, "bed=加99&unit={busy}"),
    ("left, bed and nurse and rare diagnosis", List.LEFT, "bed=12&admission=低钾&nurse=护士1"),
    ("left, way nobody left", List.LEFT, "disposition=3"),
    ("emergency, level nobody has", List.EMERGENCY, "triage=3&name=无此人氏"),
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to ask for, and who asks: ids of staff."""

    words: dict[str, object]
    head: int
    liaison: int


async def fill(url: str, size: int) -> Scene:
    """Fill an empty, migrated database; superuser, because triggers wait until the end."""
    raw = await asyncpg.connect(url)
    try:
        await raw.execute(
            "set session_replication_role = replica; set synchronous_commit = off; set maintenance_work_mem = '512MB';"
            " set work_mem = '128MB'; set jit = off"
        )
        units = await _units(raw)
        indexes = await _without_indexes(raw)
        await _patients(raw, size)
        await _visits(raw, size, units)
        await _results(raw)
        await raw.execute(
            "insert into patient_flag (patient_id, flag, set_by, set_at)"
            " select id, case when abs(hashint8(id)) % 1000 = 3 then 'dispute' else 'frequent' end, 'bench', now() from patient"
            " where abs(hashint8(id)) % 1000 = 3 or abs(hashint8(id)) % 40 = 7"
        )
        for definition in indexes:
            await raw.execute(definition)
        for table in LOADED:
            await raw.execute(f"vacuum (analyze) {table}")
        for table in LOADED[:-1]:  # a result has no number of its own
            await raw.execute(f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}")  # noqa: S608
        await raw.execute(
            "insert into staff (id, number, name) overriding system value values (91, 'h', '压测主任'), (92, 'l', '压测联络')"
        )
        await raw.execute(
            "insert into post (staff_id, unit_id, role) values (91, 1, 'centre_head'), (92, $1, 'liaison')",
            units[0],
        )
        known = await raw.fetchrow("select p.number, p.name, v.number as visit, v.doctor from patient p join visit v on v.patient_id = p.id"
                                   " where v.kind = 'outpatient' and p.id = $1 order by v.id limit 1", size // 2)  # fmt: skip
        assert known is not None
    finally:
        await raw.close()
    then = clock.today().replace(year=clock.today().year - 2, day=1)
    words: dict[str, object] = {
        "name": known["name"], "phone": "13800000007", "number": known["visit"], "patient": known["number"],
        "rare": RARE, "doctor": known["doctor"], "busy": units[0], "quiet": units[-1], "then": then,
        "then_end": then + timedelta(days=27),
    }  # fmt: skip
    return Scene(words, 91, 92)


async def _units(raw: "asyncpg.Connection[asyncpg.Record]") -> list[int]:
    """Sixty departments below two campuses of the stage's group, each with a ward."""
    rows: list[tuple[int, int, str, str, str]] = []
    departments = []
    for at in range(60):
        number, ward = 100 + at, 300 + at
        rows.append((number, 2, f"/1/2/{number}/", "department", f"压测科室{at}"))
        rows.append((ward, number, f"/1/2/{number}/{ward}/", "ward", f"压测科室{at}病区"))
        departments.append(number)
    await raw.copy_records_to_table(
        "org_unit", records=rows, columns=("id", "parent_id", "path", "kind", "name")
    )
    return departments


async def _without_indexes(raw: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """Drop the plain indexes of the loaded tables; the statements that make them again."""
    rows = await raw.fetch(
        "select c.relname, pg_get_indexdef(i.indexrelid) as made from pg_index i join pg_class c on c.oid = i.indexrelid"
        " where i.indrelid = any($1::text[]::regclass[]) and not i.indisunique and not exists"
        " (select from pg_constraint k where k.conindid = i.indexrelid)",
        list(LOADED),
    )
    for row in rows:
        await raw.execute(f"drop index {row['relname']}")
    return [row["made"] for row in rows]


async def _patients(raw: "asyncpg.Connection[asyncpg.Record]", size: int) -> None:
    """Names of two and three characters, families as common as they are; phones by a hash, one of them real."""
    await raw.execute(
        "create temp table called as select row_number() over () as no, f || g as name, pinyin_initials(f || g) as initials"
        " from unnest(string_to_array('王王王王李李李张张张刘陈杨黄赵周吴徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾', null)) f,"
        " (select a || b as g from unnest(string_to_array('测试样例示范模拟压力', null)) a,"
        " unnest(string_to_array('甲乙丙丁戊己庚辛壬癸子丑寅卯辰巳午未申酉', null)) b union all"
        " select unnest(string_to_array('测试样例示范模拟', null))) given"
    )
    sealed = crypto.key_ring().encrypt("13800000007", "patient.phone")
    await raw.execute(
        "insert into patient (id, number, name, initials, gender, born_on, phone, phone_hash, deceased)"
        " overriding system value select g, 'P' || lpad(g::text, 8, '0'), c.name, c.initials,"
        " case when g % 2 = 0 then '男' else '女' end, date '1940-01-01' + (g::bigint * 7919 % 29000)::int, $2::bytea,"
        " case when g = $1::int / 2 then $3::bytea else decode(md5(g::text) || md5('x' || g), 'hex') end, g % 250 = 9"
        " from generate_series(1, $1::int) g join called c on c.no = 1 + (g::bigint * 48271 % (select count(*) from called))",
        size,
        sealed,
        crypto.search_hash("13800000007"),
    )


async def _visits(raw: "asyncpg.Connection[asyncpg.Record]", size: int, units: list[int]) -> None:
    """Six years of visits: 70 % out-patient, 10 % emergency, 15 % in-patient, 5 % exams."""
    await raw.execute(
        """
        insert into visit (id, patient_id, kind, number, unit_id, ward_id, bed, start_on, end_on, state, doctor, nurse,
            diagnosis, admission_diagnosis, discharge_diagnosis, disposition, triage, conclusion, findings, severity, employer)
        overriding system value
        select g, 1 + (g::bigint * 7919 % $1)::int, kind, 'V' || lpad(g::text, 9, '0'), unit,
            case when kind = 'inpatient' then unit + 200 end, case when kind = 'inpatient' then (1 + g % 45) || '床' else '' end,
            day, case when kind = 'inpatient' and day > current_date - 9 then null when kind = 'inpatient' then day + 8 else day end,
            case when kind = 'inpatient' and day > current_date - 9 then 'open' else 'closed' end,
            '医生' || (h % 3000), case when kind = 'inpatient' then '护士' || (h % 900) else '' end,
            case when kind = 'exam' then '' else ill end,
            case when kind = 'inpatient' then other || '？' else '' end,
            case when kind = 'inpatient' then ill || '；' || other else '' end,
            case when kind = 'inpatient' then case when h % 300 = 0 then '5' else '1' end else '' end,
            case when kind = 'emergency' then 1 + h % 4 end,
            case when kind = 'exam' then '总检结论' || other else '' end,
            case when kind = 'exam' and h % 50 = 0 then '甲状腺结节' else '' end,
            case when kind = 'exam' and h % 200 = 0 then 'A' else '' end,
            case when kind = 'exam' then '单位' || (h % 400) else '' end
        from (select g, abs(hashint8(g)) as h, current_date - (g::bigint * 2190 / ($1::bigint * $2))::int as day,
                case when g % 20 < 14 then 'outpatient' when g % 20 < 16 then 'emergency' when g % 20 < 19 then 'inpatient'
                     else 'exam' end as kind,
                ($3::bigint[])[1 + (abs(hashint8(g + 5)) % 60) * (abs(hashint8(g + 6)) % 60) / 60] as unit,
                case when g % ($1 * $2 / 20) = 11 then $4::text
                     else (array['高血压病', '2型糖尿病', '冠状动脉粥样硬化性心脏病', '慢性胃炎', '肺部感染', '腰椎间盘突出',
                                 '脑梗死', '上呼吸道感染', '急性阑尾炎', '膝关节骨性关节炎', '湿疹', '白内障'])[1 + abs(hashint8(g + 1)) % 12] end as ill,
                (array['高血压病', '2型糖尿病', '慢性胃炎', '贫血', '低钾血症', '肝功能异常'])[1 + abs(hashint8(g + 2)) % 6] as other
              from generate_series(1, $1::int * $2::int) g) made
        """,
        size,
        EACH,
        units,
        RARE,
        timeout=3600,
    )


async def _results(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    """Six results of each examination and three of every tenth other visit; beds and employers of a few."""
    await raw.execute(
        "insert into report (id, patient_id, visit_id, number, kind, name, state, abnormal, reported_at)"
        " overriding system value select v.id, v.patient_id, v.id, 'R' || v.id, 'lab', '生化', 'final', abs(hashint8(v.id)) % 2 = 0, v.start_on"
        " from visit v where v.kind = 'exam' or v.id % 10 = 1",
        timeout=3600,
    )
    await raw.execute(
        "insert into report_item (report_id, place, name, amount, exam_visit)"
        " select v.id, g, case when v.kind = 'exam' then '项目' || g else '院内项目' || g end,"
        " abs(hashint8(v.id * 7 + g)) % 10000 / 100.0 + 0.01, case when v.kind = 'exam' then v.id end"
        " from visit v, generate_series(1, 6) g where v.kind = 'exam' or v.id % 10 = 1 and g <= 3",
        timeout=3600,
    )
    await raw.execute("update visit set bed = '加99床' where kind = 'inpatient' and id % 100000 = 17")
    await raw.execute("update visit set employer = '罕见单位' where kind = 'exam' and id % 100000 = 19")


def p95(values: list[float]) -> float:
    """The value that 95 of 100 do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[94]


Times = dict[tuple[str, str], list[float]]  # milliseconds by reader and list


async def _timed(times: Times, who: str, name: str, ask: Callable[[], object]) -> None:
    for turn in range(TIMES + 1):
        began = time.perf_counter()
        await ask()  # type: ignore[misc]
        if turn:
            times.setdefault((who, name), []).append((time.perf_counter() - began) * 1000)


async def _queried(scene: Scene, by: dict[str, Actor]) -> tuple[Times, Times]:
    lists: Times = {}
    files: Times = {}
    profile_timeline.TIMELINE[:] = list(records_timeline.SOURCES)
    for who, actor in by.items():
        for name, kind, query in ASKED:
            wanted, faults = read(kind, parse_qsl(query.format_map(scene.words)))
            if faults:
                raise ValueError(f"{name}: {faults}")
            try:
                await _timed(lists, who, name, lambda k=kind, w=wanted, a=actor: search_pages.page(k, w, a))  # type: ignore[misc]
            except search_pages.TooBroad as error:  # say which: it took longer than a person is let wait
                raise RuntimeError(f"{name} ({who})") from error
    patient = await db.fetchval(
        "select patient_id from visit where unit_id = 100 order by start_on desc limit 1"
    )

    async def file() -> None:
        person = await profile_timeline.person(patient, by["group"])
        await profile_timeline.timeline(person, by["group"])
        await profiles.profile(patient, by["group"])
        await queries.visits(patient, by["group"])

    await _timed(files, "group", "file", file)
    return lists, files


async def _paged(own: Stage, scene: Scene, cookie: str) -> Times:
    """The pages as a browser gets them."""
    times: Times = {}
    async with own.web("app.py") as port, aiohttp.ClientSession(headers={"Cookie": cookie}) as http:
        for name, kind, query in ASKED:
            for turn in range(TIMES + 1):
                began = time.perf_counter()
                address = f"http://127.0.0.1:{port}/patients/{kind}?{query.format_map(scene.words)}"
                async with http.get(address) as answer:
                    await answer.read()
                    if answer.status != 200:
                        raise RuntimeError(f"{name}: {answer.status}")
                if turn:
                    times.setdefault(("page", name), []).append((time.perf_counter() - began) * 1000)
    return times


async def run() -> list[Row]:
    """The rows of the table."""
    rows: list[Row] = []
    async with stage() as own:
        began = time.perf_counter()
        scene = await fill(own.database_url, SIZE)
        rows.append(
            (
                f"patients: filling {SIZE:,} patients, {SIZE * EACH:,} visits",
                round(time.perf_counter() - began, 1),
                "s",
            )
        )
        await db.open_db(own.database_url)
        await staff.forget_tree()
        by = {
            "group": await actor_of(scene.head, Door.WEB),
            "department": await actor_of(scene.liaison, Door.WEB),
        }
        lists, files = await _queried(scene, by)
        token = await sessions.begin(scene.head, address="127.0.0.1", agent="bench")
        await db.close_db()
        pages = await _paged(own, scene, f"{sessions.COOKIE}={token}")
    for label, times in (("query", lists), ("page", pages)):
        every = [value for values in times.values() for value in values]
        rows.append((f"patients: first {label} p50", round(statistics.median(every), 1), "ms"))
        rows.append((f"patients: first {label} p95", round(p95(every), 1), "ms"))
        slow = sorted(((p95(values), who, name) for (who, name), values in times.items()), reverse=True)
        rows += [
            (f"patients: slow {label}, {name} ({who})", round(value, 1), "ms")
            for value, who, name in slow[:6]
        ]
    rows.append(("patients: file of a patient, queries p95", round(p95(files["group", "file"]), 1), "ms"))
    return rows
