"""Fills a scratch database with N synthetic cases, fast enough for a million; never for a database in which anybody works.

What varies little (texts, callers, units) is made here and sent by COPY; what is different in each row is put
together by the server. The shares are those of a large hospital: two in a hundred open, 60 departments with a
few busy ones, one word in 28 of 100 texts, one word in just 20 cases.
"""

import random
from dataclasses import dataclass

import asyncpg

from core import crypto
from core.search import normalise, tokens
from staff.roles import Role

TEXTS = 4_000
CALLERS = 50_000
COMMON, RARE, TWO_COMMON = "挂号", "压疮护理垫", "收费窗口"
RARE_CASES = 20
ORDER_DAY = "20260101"
LOADED = ("cases", "case_search", "ticket", "clock")

CAMPUSES = ("东院区", "西院区", "南院区", "北院区")
DEPARTMENTS = (
    "心血管内科", "呼吸内科", "消化内科", "神经内科", "内分泌科", "肾内科", "血液内科", "风湿免疫科",
    "感染科", "老年科", "普外科", "骨科", "泌尿外科", "胸外科", "神经外科", "心脏外科", "整形外科", "烧伤科",
    "妇科", "产科", "儿科", "新生儿科", "眼科", "耳鼻喉科", "口腔科", "皮肤科", "中医科", "康复科", "疼痛科",
    "肿瘤科", "放疗科", "急诊科", "重症医学科", "麻醉科", "手术室", "内镜中心", "超声科", "放射科", "检验科",
    "病理科", "核医学科", "输血科", "药学部", "门诊部", "住院部", "收费处", "医保办", "医务部", "护理部",
    "总务科", "保卫科", "信息科", "设备科", "财务科", "体检中心", "健康管理科", "营养科", "病案室",
    "客服中心", "导诊台",
)  # fmt: skip
SUBJECTS = (
    ("门诊挂号排队时间过长", "本人一早到院挂号，窗口只开两个，排队近三小时仍未挂到号，现场秩序混乱无人维持"),
    (
        "收费窗口重复收取检查费",
        "结账时发现同一项检查被收取两次费用，到收费窗口询问，工作人员让回科室开证明，来回跑了多趟",
    ),
    (
        "护士服务态度生硬",
        "输液过程中多次按铃无人应答，询问时护士语气生硬，让家属自己去找医生，希望医院加强培训",
    ),
    ("检查预约等候时间太久", "医生开具增强核磁检查，预约到二十天以后，病情等不起，希望能够协调提前安排"),
    ("病房卫生间漏水", "住院期间卫生间地面长期积水，反映两次无人维修，老人险些滑倒，存在安全隐患"),
    ("药房缺药需外购", "医生开具的药品院内药房没有，让到院外自费购买，医保无法报销，询问何时能够到货"),
    ("停车场出入口拥堵", "就诊高峰停车排队一个多小时，出入口无人疏导，导致错过预约的就诊时间"),
    (
        "咨询异地医保备案流程",
        "老家在外省，来院住院治疗，想咨询异地就医备案如何办理、需要哪些材料、报销比例是多少",
    ),
    (
        "感谢医护人员悉心照料",
        "父亲住院期间得到医护团队的悉心照料，医生耐心解释病情，护士细心护理，特致电表示感谢",
    ),
    ("病历复印等待时间长", "出院后申请复印病历，告知需要十五个工作日，影响商业保险理赔，希望缩短办理时间"),
    ("电梯长期故障影响就诊", "住院楼两部电梯停用多日，轮椅和平车无法及时上下，家属非常着急"),
    ("对手术告知有异议", "认为术前谈话没有把替代方案讲清楚，术后恢复情况与告知不一致，要求院方书面说明"),
)
PLACES = (
    "一楼大厅",
    "二楼候诊区",
    "三楼检查室",
    "五病区",
    "八病区护士站",
    "急诊通道",
    "地下停车场",
    "自助机旁",
)
ENDS = (
    "请医院核实后给予答复。", "望尽快处理并电话回复。", "要求说明原因并改进工作。", "希望有关部门督促整改。",
    "来电人表示不接受推诿。", "请在规定时限内书面答复。",
)  # fmt: skip
EXTRA = (
    "就诊当天下着雨，现场人很多", "陪同的是一位八十岁的老人", "此前已经向导诊台反映过一次", "当时值班人员没有佩戴工牌",
    "手机上的预约信息可以作证", "家属保留了缴费凭证和照片", "曾拨打科室电话一直无人接听", "同排队的其他患者也有同样的意见",
    "医生解释说设备正在检修", "工作人员让改日再来", "来电人情绪比较激动", "希望不要透露个人信息",
    "已经是第二次来电反映", "事情发生在上周三下午", "孩子当时高烧接近四十度", "复诊时情况没有改善",
)  # fmt: skip
CATEGORIES = (
    "医疗卫生->医疗服务->挂号与退费", "医疗卫生->医疗服务->就诊秩序", "医疗卫生->医疗服务->服务态度",
    "医疗卫生->医疗质量->诊疗争议", "医疗卫生->医疗质量->护理质量", "医疗卫生->医疗保障->医保报销",
    "医疗卫生->医院管理->后勤保障", "医疗卫生->医院管理->收费管理", "医疗卫生->药品管理->药品供应",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filled:
    """What there is to ask for (units by meaning, a handler, a phone) and who asks: ids of staff."""

    campus: int
    department: int
    quiet_department: int
    handler: int
    phone: str
    head: int
    liaison: int


def _text(number: int, draw: random.Random) -> tuple[str, str, str, str]:
    """Title, content, category, place of a text; number 0 has the rare word."""
    title, body = SUBJECTS[number % len(SUBJECTS)]
    said = "，".join(draw.sample(EXTRA, 3))
    more = f"当事人提到在{draw.choice(DEPARTMENTS)}就诊。" if draw.random() < 0.5 else ""
    common = f"另反映网上{COMMON}界面打不开。" if draw.random() < 0.12 and COMMON not in body else ""
    rare = f"并询问{RARE}的购买渠道。" if number == 0 else ""
    content = f"来电人反映：{body}。{said}。{more}{common}{rare}{draw.choice(ENDS)}"
    return title, content, draw.choice(CATEGORIES), draw.choice(PLACES)


async def fill(url: str, count: int) -> Filled:
    """Fill an empty, migrated database of one's own with `count` cases; superuser, because checks wait until the end."""
    raw = await asyncpg.connect(url)
    try:
        await raw.execute(
            "set timezone = 'Asia/Shanghai'; set session_replication_role = replica; set synchronous_commit = off;"
            " set maintenance_work_mem = '512MB'; set work_mem = '128MB'; set jit = off"
        )
        filled = await _pools(raw)
        indexes = await _without_indexes(raw)
        await _cases(raw, count)
        await _search(raw)
        await _tickets(raw)
        for definition in indexes:
            await raw.execute(definition)
        await raw.execute("drop table pool_text, pool_caller, pool_unit, pool_case, pool_day, pool_word")
        for table in LOADED:
            await raw.execute(f"vacuum (analyze) {table}")
        # One reader of a benchmark asks more than any person may.
        await raw.execute(
            "insert into parameter (name, value) values ('limit.search', '1000000'), ('limit.pages', '1000000')"
            " on conflict do nothing"
        )
        for table in ("cases", "ticket", "clock"):
            await raw.execute(
                f"select setval(pg_get_serial_sequence('{table}', 'id'), max(id)) from {table}"  # noqa: S608
            )
    finally:
        await raw.close()
    return filled


async def _pools(raw: "asyncpg.Connection[asyncpg.Record]") -> Filled:
    draw = random.Random(1)
    units: list[tuple[int, int | None, str, str, str]] = [(1, None, "/1/", "group", "压测医院集团")]
    units += [(2 + at, 1, f"/1/{2 + at}/", "campus", name) for at, name in enumerate(CAMPUSES)]
    first = 2 + len(CAMPUSES)
    for at, name in enumerate(DEPARTMENTS):
        site = 2 + draw.choices(range(len(CAMPUSES)), (55, 25, 12, 8))[0]
        units.append((first + at, site, f"/1/{site}/{first + at}/", "department", name))
    await raw.copy_records_to_table(
        "org_unit", records=units, columns=("id", "parent_id", "path", "kind", "name")
    )
    people = [(at, f"bench{at}", f"压测{at:02d}") for at in range(1, 21)]
    await raw.copy_records_to_table("staff", records=people, columns=("id", "number", "name"))
    await raw.execute(
        "create unlogged table pool_text (no int primary key, title text, content text, category text, place text,"
        " body text, tokens tsvector);"
        " create unlogged table pool_caller (no int primary key, name text, phone bytea, hash bytea);"
        " create unlogged table pool_unit (no int primary key, id bigint, path text, name text, site bigint)"
    )
    await _pool_texts(raw, draw)
    await _pool_callers(raw, draw)
    busy = draw.choices(units[5:], [1 / (1 + at) ** 0.6 for at in range(len(DEPARTMENTS))], k=1000)
    await raw.copy_records_to_table(
        "pool_unit", records=[(at, unit[0], unit[2], unit[4], unit[1]) for at, unit in enumerate(busy)]
    )
    await raw.execute(
        "insert into post (staff_id, unit_id, role) values ($1, 1, $2), ($3, $4, $5)",
        3,
        Role.CENTRE_HEAD,
        4,
        first,
        Role.LIAISON,
    )
    return Filled(3, first, units[-1][0], 3, phone(7), head=3, liaison=4)


def phone(number: int) -> str:
    """The number of a synthetic caller."""
    return f"199{number:08d}"


async def _pool_texts(raw: "asyncpg.Connection[asyncpg.Record]", draw: random.Random) -> None:
    await raw.execute("create temp table texts (no int, title text, content text, category text, place text,"
                      " body text, tokens text[])")  # fmt: skip
    rows = []
    for number in range(TEXTS):
        title, content, category, place = _text(number, draw)
        body = normalise(f"{title}\n{category}\n{place}\n{content}")
        rows.append((number, title, content, category, place, body, tokens(body)))
    await raw.copy_records_to_table("texts", records=rows)
    await raw.execute(
        "insert into pool_text select no, title, content, category, place, body, array_to_tsvector(tokens) from texts"
    )


async def _pool_callers(raw: "asyncpg.Connection[asyncpg.Record]", draw: random.Random) -> None:
    ring = crypto.key_ring()
    family, given = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨", "测试甲乙丙丁戊己庚辛壬癸"
    rows = []
    for number in range(CALLERS):
        whole = phone(number)
        name = draw.choice(family) + "测" + draw.choice(given)
        rows.append((number, name, ring.encrypt(whole, "cases.caller_phone"), crypto.search_hash(whole)))
    await raw.copy_records_to_table("pool_caller", records=rows)


async def _without_indexes(raw: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """Drop the plain indexes of the loaded tables; the statements that make them again."""
    rows = await raw.fetch(
        "select c.relname, pg_get_indexdef(i.indexrelid) as made from pg_index i join pg_class c on c.oid = i.indexrelid"
        " where i.indrelid = any($1::text[]::regclass[]) and not exists"
        " (select from pg_constraint k where k.conindid = i.indexrelid)",
        list(LOADED),
    )
    for row in rows:
        await raw.execute(f"drop index {row['relname']}")
    return [row["made"] for row in rows]


# One row a case: what was drawn for it. `open` cases are the newest two in a hundred, and a few old ones.
_DRAW = """
create unlogged table pool_case as
select d.*, case
        when not open and d1 % 100 < 3 then 'returned'
        when not open then case when age < $1::int * 0.05 or d1 % 100 < 6 then 'closed' else 'archived' end
        when d5 % 100 < 15 then 'received' when d5 % 100 < 20 then 'accepted' when d5 % 100 < 80 then 'in_progress'
        when d5 % 100 < 90 then 'under_review' when d5 % 100 < 97 then 'replied' else 'called_back' end as state
from (
    select g as id, $1::int - g as age, h(g, 1, 10000) as d1, h(g, 2, 10000) as d2, h(g, 3, 10000) as d3,
        h(g, 4, 10000) as d4, h(g, 5, 10000) as d5,
        $1::int - g < $1::int * 0.02 and h(g, 5, 10000) < 8500 or h(g, 5, 500) = 7 as open,
        case when g % greatest(1, $1::int / $2::int) = 3 then 0 else 1 + h(g, 6, $3::int - 1) end as text_no,
        h(g, 7, $4::int) as caller_no, h(g, 8, 1000) as unit_no,
        now() - ($1::int - g) * (interval '3 years' / $1::int) - interval '5 minutes' as at
    from generate_series(1, $1::int) g
) d
"""
_HASH = """
create function pg_temp.h(g int, seed int, below int) returns int language sql immutable
return (abs(hashint8extended(g, seed)) % below)::int
"""
_CASES = """
insert into cases (id, source, external_no, state, round, title, content, appeal_type, category, caller_name,
    caller_phone, caller_phone_hash, confidential, anonymous, place, campus_id, departments, urgency, channel,
    dispatched_at, received_at, unit_ids, due_at, handler_id, closed_at, archived_at)
overriding system value
select d.id, 'hotline', 'BC12345-' || to_char(d.at, 'YYYYMMDD') || '-' || lpad(d.id::text, 7, '0'), d.state,
    case when d.d3 < 9700 then 1 when d.d3 < 9960 then 2 else 3 end, t.title, t.content,
    case when d.d1 < 4500 then '投诉' when d.d1 < 7000 then '咨询' when d.d1 < 8800 then '求助'
         when d.d1 < 9400 then '建议' when d.d1 < 9800 then '举报' else '表扬' end,
    t.category, c.name, c.phone, c.hash, d.d2 < 200, d.d2 >= 9900, t.place, u.site, array[u.name],
    case when d.d4 < 9400 then '一般' when d.d4 < 9900 then '紧急' else '特急' end, '电话', d.at, d.at,
    case when d.state = 'received' then array[1, u.site] else array[1, u.site, u.id] end,
    case when d.open then d.at + interval '5 days' + (d.d5 % 240) * interval '1 hour' end,
    case when d.state = 'received' then null else 1 + d.d4 % 20 end,
    case when not d.open then d.at + interval '6 days' end,
    case when d.state = 'archived' then d.at + interval '20 days' end
from pool_case d
join pool_text t on t.no = d.text_no
join pool_caller c on c.no = d.caller_no
join pool_unit u on u.no = d.unit_no
order by d.id
"""
_SEVEN = ", ".join(f"substr(x.s, {at}, {n})" for n in (1, 2, 3) for at in range(1, 9 - n))
_SEARCH = """
insert into case_search (case_id, unit_ids, tokens, body)
select d.id, case when d.state = 'received' then array[1, u.site] else array[1, u.site, u.id] end, t.tokens || day.tokens || word.tokens || array_to_tsvector(array[SEVEN]),
    day.day || '-' || d.id || e'\n' || 'bc12345-' || day.day || '-' || x.s || e'\n' || c.name || e'\n' || u.name
        || e'\n' || t.body
from pool_case d cross join lateral (select lpad(d.id::text, 7, '0') as s) x
join pool_text t on t.no = d.text_no
join pool_caller c on c.no = d.caller_no
join pool_unit u on u.no = d.unit_no
join pool_word word on word.name = c.name and word.department = u.name
join pool_day day on day.day = to_char(d.at, 'YYYYMMDD')
order by d.id
"""  # the grams of a number of seven digits: all of length one, two and three, as core.search gives them


async def _cases(raw: "asyncpg.Connection[asyncpg.Record]", count: int) -> None:
    await raw.execute(_HASH)
    await raw.execute(_DRAW.replace("h(g,", "pg_temp.h(g,"), count, RARE_CASES, TEXTS, CALLERS)
    await raw.execute(_CASES)


async def _search(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    days = await raw.fetch("select distinct to_char(at, 'YYYYMMDD') as day from pool_case")
    words = await raw.fetch(
        "select c.name, u.name as department from (select distinct name from pool_caller) c,"
        " (select distinct name from pool_unit) u"
    )
    await raw.execute(
        "create temp table days (day text, grams text[]); create temp table words (name text, department text,"
        " grams text[])"
    )
    await raw.copy_records_to_table(
        "days", records=[(row["day"], tokens(f"{row['day']} bc12345")) for row in days]
    )
    await raw.copy_records_to_table(
        "words", records=[(*row.values(), tokens(*row.values())) for row in words]
    )
    await raw.execute(
        "create table pool_day as select day, array_to_tsvector(grams) as tokens from days;"
        " create table pool_word as select name, department, array_to_tsvector(grams) as tokens from words;"
        " analyze pool_day; analyze pool_word"
    )
    await raw.execute(_SEARCH.replace("SEVEN", _SEVEN))


async def _tickets(raw: "asyncpg.Connection[asyncpg.Record]") -> None:
    """One ticket for each case that left the centre's desk, and the clocks of what is open."""
    await raw.execute(
        "insert into ticket (id, case_id, round, unit_id, path, role, state, assigned_at, due_at)"
        " overriding system value select c.id, c.id, c.round, u.id, u.path, 'lead',"
        " case when c.due_at is null then 'done' when c.state in ('in_progress') then"
        " (array['assigned', 'in_progress', 'answered', 'endorsed'])[1 + c.id % 4] else 'done' end,"
        " c.received_at, c.due_at - interval '2 days' from cases c join org_unit u on u.id = c.unit_ids[3]"
    )
    await raw.execute(
        "insert into clock (case_id, kind, start_at, due_at, reason, state)"
        " select id, 'upstream', received_at, due_at, '工单上写明的办结期限', 'running' from cases where due_at is not null"
    )
