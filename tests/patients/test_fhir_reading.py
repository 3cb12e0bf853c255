"""What senders really write into FHIR R4 resources, read by our mapping: values, marks, references, doses, places."""

import base64
from typing import Any

import pytest

from core import clock
from patients.feeds.documents import fhir, reading
from patients.feeds.documents import mapping as tree_mapping
from patients.feeds.faults import ReadFault
from patients.feeds.hl7.reading import Reading
from patients.said import AppointmentSaid, OrderSaid, PatientSaid, ReportSaid, VisitSaid
from staff.tree import OrgTree
from tests.intake.feeds import encounter, of, person, potassium, resource

NOBODY = OrgTree(())


@pytest.fixture(autouse=True)
def settled(database: str) -> None:
    """Settings to find mapping files by."""
    assert database


def read(message: dict[str, Any]) -> Reading:
    """What a resource says."""
    return reading.read(message, tree_mapping.load("fhir"), NOBODY, received=clock.now())


def said(message: dict[str, Any], kind: type[Any]) -> Any:
    """What it says of a subject of this kind."""
    return next(one for one in read(message).heard.said if isinstance(one, kind))


def visit(**more: Any) -> VisitSaid:
    """An Encounter without a department."""
    found: VisitSaid = said({**encounter(**more), "serviceProvider": None}, VisitSaid)
    return found


def observed(**more: Any) -> ReportSaid:
    """An Observation without a value of its own."""
    plain = {key: value for key, value in potassium("k1", 1, "N").items() if key != "valueQuantity"}
    found: ReportSaid = said({**plain, **more}, ReportSaid)
    return found


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"valueQuantity": {"value": 4.1, "unit": "mmol/L"}}, "4.1"),
        ({"valueQuantity": {"value": 0.5, "comparator": "<"}}, "<0.5"),
        ({"valueCodeableConcept": {"coding": [{"code": "260373001", "display": "阳性"}]}}, "阳性"),
        ({"valueCodeableConcept": {"text": "A 型", "coding": [{"display": "Group A"}]}}, "A 型"),
        ({"valueString": "未见异常"}, "未见异常"),
        ({"valueInteger": 7}, "7"),
        ({"valueBoolean": False}, "否"),
        ({"valueRange": {"low": {"value": 1}, "high": {"value": 3}}}, "1～3"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 320}}}, "1:320"),
        ({"valueTime": "08:30:00"}, "08:30:00"),
        ({"valueDateTime": "2026-03-01"}, "2026-03-01"),
        ({"valuePeriod": {"start": "2026-03-01", "end": "2026-03-02"}}, "2026-03-01～2026-03-02"),
        ({"valueSampledData": {"data": "1 2 3"}}, "（波形数据，未保存）"),
        ({"dataAbsentReason": {"coding": [{"code": "error"}]}}, "（无结果：检测出错）"),
        ({"dataAbsentReason": {"text": "标本溶血"}}, "（无结果：标本溶血）"),
    ],
    ids=[
        "quantity", "below", "code", "text", "string", "integer", "boolean", "range", "ratio", "time", "day", "period",
        "samples", "absent", "absent-in-words",
    ],
)  # fmt: skip
def test_a_result_is_shown_whatever_its_type(value: dict[str, Any], shown: str) -> None:
    assert [one.value for one in observed(**value).items] == [shown]


@pytest.mark.parametrize(
    ("marks", "value", "flag", "critical", "remarks"),
    [
        ([{"coding": [{"code": "H"}, {"code": "HH"}]}], 6.9, "HH", True, 0),
        ([{"coding": [{"code": "N"}]}, {"coding": [{"code": "L"}]}], 3.0, "L", False, 0),
        ([{"text": "偏高"}], 6.0, "H", False, 0),
        ([{"text": "危急值"}], 7.0, "A", True, 0),
        ([{"coding": [{"code": "N"}]}], 9.0, "", False, 0),
        ([{"coding": [{"code": "XYZ"}]}], 6.0, "H", False, 1),
        ([], 6.0, "H", False, 0),
        ([], 4.0, "", False, 0),
        ([], 3.1, "L", False, 0),
    ],
    ids=[
        "gravest",
        "of-two",
        "in-words",
        "critical",
        "normal",
        "strange",
        "none-high",
        "none-within",
        "none-low",
    ],
)
def test_the_gravest_mark_counts_and_without_one_the_range(
    marks: list[Any], value: float, flag: str, critical: bool, remarks: int
) -> None:
    one = {**potassium("k1", value, "N"), "interpretation": marks}
    (item,) = said(one, ReportSaid).items
    assert (item.flag, item.critical, len(read(one).remarks)) == (flag, critical, remarks)


@pytest.mark.parametrize(
    ("ranges", "shown"),
    [
        ([{"low": {"value": 3.5}, "high": {"value": 5.3}}], "3.5-5.3"),
        ([{"high": {"value": 5}}], "≤5"),
        ([{"low": {"value": 3}}], "≥3"),
        ([{"text": "阴性"}], "阴性"),
        ([{"type": {"coding": [{"code": "critical"}]}, "text": "2-7"}, {"text": "3-5"}], "3-5"),
        ([{"low": {"value": 1, "comparator": "<"}}, 7, None], "≥<1"),
    ],
    ids=["both", "high", "low", "text", "normal-first", "odd"],
)
def test_a_range_is_printed_as_laboratories_do(ranges: list[Any], shown: str) -> None:
    assert fhir.limits(ranges) == shown


def test_components_are_results_of_their_own_and_a_head_without_a_value_is_none() -> None:
    pressure = [
        {"code": {"text": "收缩压"}, "valueQuantity": {"value": 150, "unit": "mmHg"}, "referenceRange": [{"text": "90-140"}]},
        {"code": {"text": "舒张压"}, "valueQuantity": {"value": 80, "unit": "mmHg"}},
        {"code": {"text": "舒张压"}, "valueQuantity": {"value": 82, "unit": "mmHg"}},
    ]  # fmt: skip
    found = observed(component=pressure, code={"text": "血压"}, interpretation=[])
    assert [(one.name, one.value, one.unit, one.flag) for one in found.items] == [
        ("收缩压", "150", "mmHg", "H"),
        ("舒张压", "80", "mmHg", ""),
        ("舒张压", "82", "mmHg", ""),
    ]
    assert len({one.key for one in found.items}) == 3


@pytest.mark.parametrize(
    ("status", "state", "items"),
    [("preliminary", "preliminary", 1), ("final", "final", 1), ("amended", "corrected", 1), ("corrected", "corrected", 1),
     ("entered-in-error", "cancelled", 1), ("cancelled", "cancelled", 1), ("unknown", "final", 1)],
    ids=["preliminary", "final", "amended", "corrected", "error", "cancelled", "unknown"],
)  # fmt: skip
def test_every_status_of_an_observation_is_one_of_ours(status: str, state: str, items: int) -> None:
    found = said({**potassium("k1", 4.1, "N"), "status": status}, ReportSaid)
    assert (found.state, len(found.items)) == (state, items)
    assert (found.items[0].state == "withdrawn") == (state == "cancelled")


@pytest.mark.parametrize(
    ("reference", "number"),
    [
        ("Patient/p1", "p1"),
        ("Patient/p1/_history/3", "p1"),
        ("https://his.example.org/r4/Patient/p1", "p1"),
        ("https://his.example.org/r4/Patient/p1/_history/3", "p1"),
        ("p1", "p1"),
    ],
    ids=["relative", "version", "absolute", "absolute-version", "bare"],
)
def test_a_literal_reference_leads_to_its_id(reference: str, number: str) -> None:
    assert visit(subject={"reference": reference}).patient == number


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        ({"reference": "Group/g1"}, "指向的是 Group"),
        ({"reference": "urn:uuid:00000000-0000-0000-0000-000000000009"}, "不在同一个 Bundle 中"),
        ({"reference": "#nobody"}, "内含资源不存在"),
        ({"reference": "Patient?name=a"}, "不支持按条件的引用"),
        ({"reference": "Patient/990000199001010017"}, "这里是身份证号"),
        ({"reference": "Patient/" + "9" * 95}, "超过 90 个字符"),
        ({"display": "测试甲"}, "缺少患者号"),
        ({}, "缺少患者号"),
    ],
    ids=["group", "urn", "contained", "condition", "id-card", "too-long", "name-only", "nobody"],
)
def test_a_reference_that_leads_to_nobody_is_a_fault_with_its_place(
    subject: dict[str, str], words: str
) -> None:
    with pytest.raises(ReadFault, match=words) as caught:
        visit(subject=subject)
    assert caught.value.at.startswith("Encounter.subject")


def test_a_contained_patient_is_meant_by_their_identifier() -> None:
    held = {
        "resourceType": "Patient",
        "id": "x",
        "identifier": [{"type": {"text": "病案号"}, "value": "BA1"}],
    }
    found = read({**encounter(subject={"reference": "#x"}), "serviceProvider": None, "contained": [held]})
    ((token, wanted),) = found.wanted.items()
    assert (wanted.value, wanted.kind) == ("BA1", "record")
    assert {one.patient for one in found.heard.said if isinstance(one, VisitSaid)} == {token}


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"class": {"code": "AMB"}}, "outpatient"),
        ({"class": {"code": "EMER"}}, "emergency"),
        ({"class": {"code": "IMP"}}, "inpatient"),
        ({"class": {"code": "AMB"}, "type": [{"text": "健康体检"}]}, "exam"),
        ({"class": {"code": "VR"}}, "online"),
        ({"class": {"code": "9", "display": "住院"}}, "inpatient"),
        ({"class": {"code": "OBSENC"}, "type": [{"coding": [{"code": "whatever"}]}]}, "inpatient"),
    ],
    ids=["outpatient", "emergency", "inpatient", "exam", "online", "in-words", "other-type"],
)
def test_every_kind_of_visit_is_known(more: dict[str, Any], kind: str) -> None:
    assert visit(**more).kind == kind


@pytest.mark.parametrize(
    ("status", "verb"),
    [("planned", "plan"), ("arrived", "runs"), ("triaged", "runs"), ("in-progress", "runs"), ("onleave", "runs"),
     ("finished", "close"), ("cancelled", "cancel"), ("entered-in-error", "cancel"), ("unknown", "tell")],
    ids=["planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "error", "unknown"],
)  # fmt: skip
def test_every_status_of_an_encounter_is_a_verb(status: str, verb: str) -> None:
    assert visit(status=status).verb == verb


def test_who_does_what_in_a_visit_is_told_by_type() -> None:
    def one(code: str, name: str, **more: str) -> dict[str, Any]:
        return {"type": [{"coding": [{"code": code}], **more}], "individual": {"display": name}}

    found = visit(
        participant=[
            one("x", "护士乙", text="责任护士"),
            one("CON", "会诊丙"),
            one("ATND", "主治丁"),
            one("PPRF", "医生戊"),
        ],
        hospitalization={"dischargeDisposition": {"coding": [{"code": "exp"}]}},
    )
    told = (found.doctor, found.attending, found.nurse, found.disposition)
    assert told == ("医生戊", "主治丁", "护士乙", "5")


def test_of_many_codings_the_one_of_the_icd_counts() -> None:
    codings = [
        {"system": "http://snomed.info/sct", "code": "38341003", "display": "Hypertension"},
        {"system": "http://hl7.org/fhir/sid/icd-10", "code": "I10.x00", "version": "GB/T 14396-2016"},
    ]
    one = resource("Condition", "c1", code={"coding": codings, "text": "高血压"}, subject=of())
    (told,) = said({**one, "encounter": {"reference": "Encounter/e1"}}, VisitSaid).diagnoses
    assert (told.code, told.version, told.name) == ("I10.x00", "GB/T 14396-2016", "高血压")


def test_what_is_old_does_not_count() -> None:
    card = {"type": {"coding": [{"code": "NI"}]}}
    found = said(
        person(
            name=[{"use": "old", "text": "旧名"}, {"text": "测试甲"}],
            telecom=[
                {"system": "phone", "use": "old", "value": "13800000099"},
                {"system": "email", "value": "a@example.org"},
                {"system": "phone", "use": "home", "value": "13800000012"},
                {"system": "phone", "use": "mobile", "value": "13800000013"},
            ],
            identifier=[
                {**card, "use": "old", "value": "990000198511120107"},
                {**card, "value": "990000199001010017"},
                {"system": "urn:his:mz", "type": {"text": "门诊号"}, "value": "MZ1"},
            ],
        ),
        PatientSaid,
    )
    assert (found.name, found.phone, found.id_number) == ("测试甲", "13800000013", "990000199001010017")
    assert [(one.kind, one.value) for one in found.identifiers][-1] == ("outpatient", "MZ1")


def test_a_prescription_is_told_as_a_pharmacist_reads_it() -> None:
    dosage = {
        "text": "饭后",
        "timing": {"repeat": {"frequency": 3, "period": 1, "periodUnit": "d", "boundsDuration": {"value": 2, "code": "wk"}}},
        "route": {"text": "口服"},
        "doseAndRate": [{"doseQuantity": {"value": 0.5, "unit": "g"}}],
        "asNeededBoolean": True,
    }  # fmt: skip
    held = {"resourceType": "Medication", "id": "m", "code": {"text": "测试缓释片"}}
    one = resource(
        "MedicationRequest", "m1", status="active", subject=of(), contained=[held], dosageInstruction=[dosage],
        medicationReference={"reference": "#m"},
    )  # fmt: skip
    found = said(one, OrderSaid)
    assert (found.number, found.name, found.dose, found.frequency, found.route, found.days) == (
        "MedicationRequest/m1",
        "测试缓释片",
        "0.5g",
        "每天 3 次 必要时",
        "口服",
        14,
    )


def test_a_report_keeps_its_text_and_says_what_it_left_out() -> None:
    text = base64.b64encode("肺纹理增多".encode()).decode()
    one = resource(
        "DiagnosticReport", "r1", status="final", code={"text": "胸片"}, subject=of(),
        presentedForm=[
            {"contentType": "application/pdf", "title": "报告.pdf", "size": 20_480},
            {"contentType": "text/plain; charset=utf-8", "data": text},
            {"contentType": "text/plain", "data": "???"},
        ],
        conclusionCode=[{"text": "支气管炎"}],
    )  # fmt: skip
    found = said(one, ReportSaid)
    assert (found.seen, found.conclusion) == ("肺纹理增多", "支气管炎")
    assert found.note == "（附件 报告.pdf application/pdf 20 KB，未保存）\n（附件 text/plain 1 KB，未保存）"


@pytest.mark.parametrize(
    ("status", "state"),
    [("proposed", "booked"), ("pending", "booked"), ("booked", "booked"), ("arrived", "kept"), ("fulfilled", "kept"),
     ("cancelled", "cancelled"), ("noshow", "missed"), ("entered-in-error", "cancelled"), ("checked-in", "kept"),
     ("waitlist", "booked")],
    ids=["proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "error", "checked-in", "waitlist"],
)  # fmt: skip
def test_every_status_of_an_appointment_is_one_of_ours(status: str, state: str) -> None:
    actors = [{"actor": {"reference": "https://his.example.org/Patient/p1"}}]
    found = said(resource("Appointment", "a1", status=status, participant=actors), AppointmentSaid)
    assert (found.state, found.patient) == (state, "p1")
