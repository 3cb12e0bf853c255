"""The lists of patients: every condition alone and together, marks, order, pages, and never beyond one's reach."""

from datetime import date, timedelta

import pytest

from core import clock, db
from core.actor import Actor, ActorKind, Door, Grant, Permission
from patients import people, search_pages, search_rare
from patients.people import Flag
from patients.search import List, PatientFilter, read
from patients.search_pages import count, everything, page
from patients.search_sql import After
from tests.patients.cast import Ward


def reader(*paths: str) -> Actor:
    """Somebody who may read and maintain patients at these places."""
    both = (Permission.PATIENT_READ, Permission.PATIENT_MAINTAIN, Permission.PATIENT_EXPORT)
    return Actor(
        ActorKind.STAFF, 7, "测试护士", Door.WEB, tuple(Grant(one, path) for path in paths for one in both)
    )


ALL = reader("/")


async def numbers(kind: List, by: Actor = ALL, /, **wanted: object) -> list[str]:
    """The visit numbers of a list in its order."""
    found, faults = read(kind, [(name, str(text)) for name, text in wanted.items()])
    assert faults == ()
    return [row.number for row in (await page(kind, found, by)).rows]


async def fill_in(ward: Ward) -> None:
    """What the cast's visits lack: a stay that ended, an exam with results, words of each sort."""
    unit = ward.house.unit
    await db.execute(
        "insert into visit (patient_id, kind, number, unit_id, ward_id, bed, start_on, end_on, state, doctor, nurse,"
        " diagnosis, admission_diagnosis, discharge_diagnosis, disposition) values"
        " ($1, 'inpatient', 'ZY100', $2, $3, '12床', '2026-10-01', '2026-10-09', 'closed', '赵测乙', '钱测丙',"
        " '急性心肌梗死', '胸痛待查', '急性心肌梗死；2型糖尿病', '1')",
        ward.patient["both"],
        unit["east_cardiology"],
        unit["east_ward"],
    )
    await db.execute("update visit set state = 'closed' where kind in ('outpatient', 'emergency')")
    await db.execute(
        "update visit set nurse = '孙测丁', admission_diagnosis = '心力衰竭' where number = 'ZY001'"
    )
    exam = await db.fetchval(
        "insert into visit (patient_id, kind, number, unit_id, start_on, end_on, state, conclusion, findings, severity,"
        " employer) values ($1, 'exam', 'TJ001', $2, '2026-11-05', '2026-11-05', 'closed', '血脂异常，建议复查',"
        " '甲状腺结节 TI-RADS 3类', 'B', '示范机械厂') returning id",
        ward.patient["west"],
        unit["west_cardiology"],
    )
    report = await db.fetchval(
        "insert into report (patient_id, visit_id, number, kind, name, state, abnormal, reported_at)"
        " values ($1, $2, 'R1', 'lab', '血脂四项', 'final', true, '2026-11-05 02:00Z') returning id",
        ward.patient["west"],
        exam,
    )
    await db.execute(
        "insert into report_item (report_id, place, name, value, amount, unit, flag)"
        " values ($1, 0, '总胆固醇', '6.8', 6.8, 'mmol/L', 'H')",
        report,
    )


async def test_a_diagnosis_is_found_by_the_beginning_of_its_code_whether_rare_or_common(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_in(ward)
    await db.execute(
        "insert into visit_diagnosis (visit_id, place, kind, code, name, main) select v.id, d.place, d.kind, d.code, d.name,"
        " d.place = 0 from (values ('MZ001', 0, '门诊', 'I10.x00', '高血压病'), ('MZ003', 0, '门诊', 'I11.900', '高血压心脏病'),"
        " ('ZY100', 0, '出院', 'I21.900', '急性心肌梗死'), ('ZY100', 1, '出院', 'E11.900', '2型糖尿病'))"
        " as d(number, place, kind, code, name) join visit v on v.number = d.number"
    )
    for most in (search_rare.RARE, 0):  # few: by set; many: on the way down the list
        monkeypatch.setattr(search_rare, "RARE", most)
        assert await numbers(List.OUTPATIENT, code="i10") == ["MZ001"]
        assert await numbers(List.OUTPATIENT, code="I10.X00") == ["MZ001"]
        assert await numbers(List.OUTPATIENT, code="I11", name="阳样") == ["MZ003"]
        assert await numbers(List.OUTPATIENT, code="I21") == []
        assert await numbers(List.LEFT, code="E11.9", diagnosis="糖尿病") == ["ZY100"]
    _, faults = read(List.OUTPATIENT, [("code", "I%")])
    assert [fault.field for fault in faults] == ["code"]
    async with db.transaction():
        await db.execute("set local enable_seqscan = off")
        plan = await db.fetch(
            "explain select visit_id from visit_diagnosis where code like 'I10%' limit 4001"
        )
    assert any("visit_diagnosis_code" in row[0] for row in plan)


async def test_every_condition_finds_what_it_says_and_nothing_else(ward: Ward) -> None:
    await fill_in(ward)
    unit = ward.house.unit
    out, inside, left = List.OUTPATIENT, List.INSIDE, List.LEFT
    assert await numbers(out) == ["MZ002", "MZ001", "MZ003"]
    assert await numbers(List.EMERGENCY) == ["JZ001"]
    assert await numbers(out, name="阳样") == ["MZ003"]
    assert await numbers(out, name="欧阳样甲") == ["MZ003"]
    assert await numbers(out, name="oyy") == ["MZ003"]
    assert await numbers(out, name="ZCS") == ["MZ002", "MZ001"]
    assert await numbers(out, name="张") == ["MZ002", "MZ001"]
    assert await numbers(out, name="z") == ["MZ002", "MZ001"]
    assert await numbers(out, name="李") == []
    assert await numbers(out, phone="138 0000 0001") == ["MZ001"]
    assert await numbers(out, phone="990000199001010017") == ["MZ002"]
    assert await numbers(out, phone="13800000009") == []
    assert await numbers(out, number="MZ003") == ["MZ003"]
    assert await numbers(out, number="P-east") == ["MZ001"]
    assert await numbers(out, diagnosis="血压") == ["MZ002", "MZ001", "MZ003"]
    assert await numbers(out, diagnosis="糖尿") == []
    assert await numbers(out, doctor="王测", name="阳样") == ["MZ003"]
    assert await numbers(out, doctor="无人") == []
    assert await numbers(out, unit=unit["east_cardiology"]) == ["MZ001", "MZ003"]
    assert await numbers(out, since="2026-10-01", until="2026-10-31") == ["MZ003"]
    assert await numbers(out, sort="old") == ["MZ003", "MZ001", "MZ002"]
    assert await numbers(inside) == ["ZY001"]
    assert await numbers(inside, ward=unit["east_ward"], bed="03", nurse="孙测") == ["ZY001"]
    assert await numbers(inside, diagnosis="衰竭", sort="bed") == ["ZY001"]
    assert await numbers(inside, bed="3") == []
    assert await numbers(left) == ["ZY100"]
    assert await numbers(left, admission="胸痛", diagnosis="糖尿病", doctor="赵测乙", disposition="1") == [
        "ZY100"
    ]
    assert await numbers(left, since="2026-10-09", until="2026-10-09", bed="12床") == ["ZY100"]
    assert await numbers(left, since="2026-10-10") == []
    assert await numbers(left, admission="糖尿病") == []
    assert await numbers(List.EXAM, diagnosis="结节", result="B", employer="机械") == ["TJ001"]
    assert await numbers(List.EXAM, item="胆固醇", low="6.2", result="abnormal") == ["TJ001"]
    assert await numbers(List.EXAM, item="胆固醇", high="6.2") == []
    assert await numbers(List.EXAM, result="critical") == []


async def test_what_is_rare_is_found_whether_it_is_taken_first_or_met_on_the_way(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_in(ward)
    for rare in (4_000, -1):
        monkeypatch.setattr(search_rare, "RARE", rare)
        monkeypatch.setattr(search_rare, "COMMON", 10**9)
        assert await numbers(List.LEFT, bed="12") == ["ZY100"]
        assert await numbers(List.LEFT, bed="12床", disposition="1") == ["ZY100"]
        assert await numbers(List.LEFT, disposition="3") == []
        assert await numbers(List.LEFT, admission="胸痛", diagnosis="糖尿病") == ["ZY100"]
        assert await numbers(List.LEFT, admission="胸痛", diagnosis="骨折") == []
        assert await numbers(List.EXAM, employer="示范机械厂") == ["TJ001"]
        assert await numbers(List.EXAM, employer="机械局") == []
        assert await numbers(List.EXAM, item="总胆固醇", low="6.8", high="6.8") == ["TJ001"]
        assert await numbers(List.EXAM, item="胆固") == ["TJ001"]
        assert await numbers(List.EXAM, item="血糖", low="1") == []
        assert await numbers(List.EXAM, result="B", item="胆固醇", name="张") == ["TJ001"]
        assert await numbers(List.EXAM, result="A") == []
        assert await numbers(List.EMERGENCY, triage="1") == []
        await db.execute("update visit set triage = 1 where number = 'JZ001'")
        assert await numbers(List.EMERGENCY, triage="1") == ["JZ001"]
        await db.execute("update visit set triage = null")


async def test_a_result_counts_for_the_examination_it_belongs_to_at_this_moment(ward: Ward) -> None:
    """Whichever comes first, the report or the visit; not while the report is cancelled, nor of any other visit."""
    await fill_in(ward)

    async def told() -> list[str]:
        return await numbers(List.EXAM, item="总胆固醇", low="6")

    assert await told() == ["TJ001"]
    for away, back in (
        ("update report set visit_id = null", "update report set visit_id = (select id from visit where number = 'TJ001')"),
        ("update report set state = 'cancelled'", "update report set state = 'corrected'"),
        ("update visit set kind = 'outpatient' where number = 'TJ001'", "update visit set kind = 'exam' where number = 'TJ001'"),
    ):  # fmt: skip
        await db.execute(away)
        assert await told() == []
        await db.execute(back)
        assert await told() == ["TJ001"]
    await db.execute("update report_item set critical = true")
    await db.execute("update report set critical = true")
    assert await numbers(List.EXAM, result="critical") == ["TJ001"]
    other = await db.fetchval(
        "insert into report (patient_id, visit_id, number, kind, name, state) select patient_id, id, 'R2', 'lab', '血脂', 'final'"
        " from visit where number = 'MZ001' returning id"
    )
    await db.execute(
        "insert into report_item (report_id, place, name, amount) values ($1, 0, '总胆固醇', 7)", other
    )
    assert await told() == ["TJ001"]


def test_values_without_a_name_and_one_sign_of_an_employer_are_told_to_be_too_little() -> None:
    found, faults = read(List.EXAM, [("low", "1"), ("high", "2"), ("employer", "厂"), ("name", "张")])
    assert found == PatientFilter(name="张")
    assert [(fault.field, fault.reason) for fault in faults] == [
        ("employer", "请至少输入两个字"),
        ("low", "请同时填写检验项目"),
        ("high", "请同时填写检验项目"),
    ]


async def test_marks_are_shown_filtered_and_end_by_themselves(ward: Ward) -> None:
    out, east = List.OUTPATIENT, ward.patient["east"]
    await people.set_flag(east, Flag.DISPUTE, "测试", by=ALL, until=clock.today() + timedelta(days=3))
    await db.execute("update patient set deceased = true where id = $1", ward.patient["west"])
    assert await numbers(out, flag="dispute") == ["MZ001"]
    assert await numbers(out, flag="deceased") == ["MZ002"]
    assert await numbers(out, free="dispute") == ["MZ002", "MZ003"]
    assert await numbers(out, free="deceased") == ["MZ001", "MZ003"]
    rows = (await page(out, PatientFilter(), ALL)).rows
    assert {row.number: (row.deceased, row.flags) for row in rows} == {
        "MZ002": (True, ()),
        "MZ001": (False, (("dispute", "医疗纠纷"),)),
        "MZ003": (False, ()),
    }
    await db.execute("update patient_flag set until = $1", clock.today() - timedelta(days=1))
    assert await numbers(out, flag="dispute") == []
    assert await numbers(out, free="dispute") == ["MZ002", "MZ001", "MZ003"]
    await people.set_flag(east, Flag.DISPUTE, "又一次", by=ALL)  # an ended mark does not stand in the way
    assert await numbers(out, flag="dispute") == ["MZ001"]


async def test_a_merged_persons_marks_and_numbers_lead_to_the_one_that_stands_for_them(ward: Ward) -> None:
    east, nowhere = ward.patient["east"], ward.patient["nowhere"]
    await db.execute("update patient set merged_into = $1 where id = $2", east, nowhere)
    await db.execute(
        "insert into patient_flag (patient_id, flag, set_by, set_at) values ($1, 'frequent', '测试', now())",
        nowhere,
    )
    assert await numbers(List.OUTPATIENT, flag="frequent") == ["MZ001"]
    assert await numbers(List.OUTPATIENT, name="李试") == ["MZ001"]
    assert await numbers(List.OUTPATIENT, number="P-nowhere") == ["MZ001"]


@pytest.mark.parametrize("wanted", [{}, {"name": "张"}, {"diagnosis": "高血压"}, {"doctor": "王测"}])
async def test_nobody_sees_beyond_their_reach_by_whichever_way_the_list_is_found(
    ward: Ward, wanted: dict[str, str]
) -> None:
    await db.execute("analyze visit")
    tree = ward.house.unit
    path = await db.fetchval("select path from org_unit where id = $1", tree["east_cardiology"])
    east = reader(path)
    everywhere = await numbers(List.OUTPATIENT, ALL, **wanted)
    assert "MZ002" in everywhere
    found = await numbers(List.OUTPATIENT, east, **wanted)
    assert found == [one for one in everywhere if one in ("MZ001", "MZ003")]
    assert await numbers(List.OUTPATIENT, east, unit=tree["west_cardiology"], **wanted) == []
    kept, _ = read(List.OUTPATIENT, wanted.items())
    assert await count(List.OUTPATIENT, kept, east) == len(found)
    assert len(await everything(List.OUTPATIENT, kept, east, most=10)) == len(found)


async def test_pages_follow_one_another_without_a_gap_in_either_order(ward: Ward) -> None:
    unit = ward.house.unit
    for at in range(7):
        await db.execute(
            "insert into visit (patient_id, kind, number, unit_id, start_on, end_on, state)"
            " values ($1, 'outpatient', $2, $3, $4, $4, 'closed')",
            ward.patient["both"],
            f"MZ9{at}",
            unit["east_cardiology"],
            date(2026, 9, 1) + timedelta(days=at // 2),
        )
    for by in (
        ALL,
        reader(await db.fetchval("select path from org_unit where id = $1", unit["east_cardiology"])),
    ):
        for sort in ("new", "old"):
            wanted = PatientFilter(sort=sort)
            whole = [row.number for row in (await page(List.OUTPATIENT, wanted, by)).rows]
            told: list[str] = []
            after: After | None = None
            while True:
                some = await page(List.OUTPATIENT, wanted, by, after=after, limit=2)
                told += [row.number for row in some.rows]
                after = some.next
                if after is None:
                    break
            assert told == whole
            assert len(whole) == (10 if by is ALL else 9)


def test_what_makes_no_sense_is_left_out_and_told() -> None:
    found, faults = read(
        List.INSIDE,
        [
            ("name", "测试"),
            ("phone", "12"),
            ("since", "2026-13-01"),
            ("flag", "unknown"),
            ("unit", "999"),
            ("diagnosis", "癌"),
            ("triage", "1"),
        ],
        units=(1, 2),
    )
    assert found == PatientFilter(name="测试")
    assert {(fault.field, fault.label) for fault in faults} == {
        ("phone", "电话或身份证号"),
        ("since", "入院日期起"),
        ("flag", "带有标记"),
        ("unit", "科室"),
        ("diagnosis", "入院诊断"),
    }
    assert read(List.LEFT, [("since", "2026-11-02"), ("until", "2026-11-01")])[0] == PatientFilter()
    kept = PatientFilter(name="测", flag=("dispute", "deceased"))
    assert kept.without(List.INSIDE, "flag", "dispute") == PatientFilter(name="测", flag=("deceased",))


async def test_a_mark_that_many_bear_is_looked_up_on_the_way(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    await people.set_flag(ward.patient["east"], Flag.FREQUENT, "", by=ALL)
    for most, named in (
        (2_000, 100_000),
        (0, 100_000),
        (0, 0),
    ):  # taken first, kept on the way, asked on the way
        monkeypatch.setattr(search_rare, "MOST_SET", most)
        monkeypatch.setattr(search_rare, "MOST_KEPT", named)
        assert await numbers(List.OUTPATIENT, flag="frequent") == ["MZ001"]
        assert await numbers(List.OUTPATIENT, flag="dispute") == []


async def test_what_is_not_met_on_the_way_is_found_by_set_alike(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_in(ward)
    await people.set_flag(ward.patient["east"], Flag.FREQUENT, "", by=ALL)
    monkeypatch.setattr(search_rare, "MOST_SET", 0)
    asked: list[tuple[List, dict[str, object]]] = [
        (List.OUTPATIENT, {"name": "张", "flag": "frequent"}),
        (List.OUTPATIENT, {"name": "zcs", "sort": "old"}),
        (List.OUTPATIENT, {"diagnosis": "血压", "unit": ward.house.unit["east_cardiology"]}),
        (List.LEFT, {"admission": "胸痛", "disposition": "1"}),
        (List.EXAM, {"flag": "frequent"}),
        (List.EXAM, {"result": "abnormal", "since": "2026-11-05"}),
    ]
    on_the_way = [await numbers(kind, **wanted) for kind, wanted in asked]
    assert on_the_way == [["MZ001"], ["MZ001", "MZ002"], ["MZ001", "MZ003"], ["ZY100"], [], ["TJ001"]]
    monkeypatch.setattr(search_pages, "walks", lambda *_: False)
    assert [await numbers(kind, **wanted) for kind, wanted in asked] == on_the_way
