"""What an operator reads of a message without a reason: nothing of persons, and the rest as it came."""

import orjson
import pytest

from patients.feeds.formats import How
from patients.feeds.masking import HIDDEN, masked

HL7 = (
    "MSH|^~\\&|HIS|HOSP|HUIYIN|HOSP|20260301083000||ADT^A01|M1|P|2.4\n"
    "PID|1||P000123^^^HOSP^MR~990000199001010017^^^MPS^NI||测^试甲||19900101|F|||示范市示例区样例路1号||13800000011|||M\n"
    "NK1|1|测试乙|SPO|样例路1号|13900000022\n"
    "PV1|1|I|心血管内科^101^05^东院区||||1001^王测甲\n"
    "ZPI|联系测试乙 13900000022"
)


def test_of_hl7_names_numbers_phones_and_addresses_are_hidden_and_the_rest_stands() -> None:
    shown = masked(How("hl7", "hl7", "utf-8", ""), HL7)
    hidden = ("990000199001010017", "试甲", "13800000011", "样例路1号", "测试乙", "13900000022")
    assert [word for word in hidden if word in shown] == []
    kept = ("P000123^^^HOSP^MR", "示范市示例区****", "138****0011", "心血管内科^101^05^东院区", "ADT^A01|M1")
    assert [word for word in kept if word not in shown] == []
    assert len(shown.split("\n")) == 5


def test_of_fhir_what_its_mapping_calls_a_person_is_hidden() -> None:
    told = {
        "resourceType": "Patient",
        "id": "p1",
        "name": [{"text": "测试甲"}],
        "telecom": [{"system": "phone", "value": "13800000011"}],
        "address": [{"text": "示范市示例区样例路1号"}],
        "contact": [{"name": {"text": "测试乙"}, "telecom": [{"system": "phone", "value": "13900000022"}]}],
        "extension": [{"valueString": "测试甲的父亲", "valueInteger": 13800000011}],
    }
    shown = masked(How("fhir", "fhir", "utf-8", ""), orjson.dumps(told).decode())
    assert [one for one in ("测试甲", "测试乙", "13800000011", "13900000022", "样例路") if one in shown] == []
    assert '"resourceType": "Patient"' in shown


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("hl7", "测试甲 13800000011", id="no HL7"),
        pytest.param("json", '{"xm": "测试甲"', id="no JSON"),
    ],
)
def test_what_cannot_be_taken_apart_is_hidden_whole(kind: str, text: str) -> None:
    assert masked(How(kind, kind, "utf-8", ""), text) == HIDDEN
