"""Definitions to files and back: our own, FHIR, Excel; what comes from others; what is broken or hostile, with its place."""

import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest
from openpyxl import load_workbook

from core.errors import Invalid
from surveys import shipped
from surveys.answers import Answer
from surveys.checking import check_answers, problems
from surveys.definition import Definition, conditions
from surveys.exchange import Format, excel, exported, fhir, imported
from surveys.exchange.fhir_response import given, response
from surveys.questionnaires.kinds import Kind
from surveys.questions import KINDS
from tests.surveys.test_questions import GOOD

EVERY = Definition.model_validate(
    {
        "title": "全部题型",
        "intro": "说明",
        "pages": [
            {
                "title": "一",
                "items": [
                    {
                        "kind": kind,
                        "code": f"q{at}",
                        "title": f"题目 {kind}",
                        "required": at % 2 == 0,
                        "category": "类",
                        "loinc": "8480-6",
                        **GOOD[kind][0],
                    }
                    for at, kind in enumerate(KINDS)
                ],
            },
            {
                "items": [
                    {
                        "kind": "blank",
                        "code": "last",
                        "title": "为什么",
                        "show_if": {"op": "eq", "args": [{"q": "q0"}, {"code": "a"}]},
                    }
                ]
            },
        ],
        "scores": [{"key": "all", "label": "总", "questions": ["q3"], "to_100": {"low": "1", "high": "5"}}],
        "languages": {"en": {"title": "Every kind", "q:last.title": "Why"}},
    }
)


def rows(data: bytes) -> list[tuple[int, Sequence[object]]]:
    sheet = load_workbook(io.BytesIO(data)).active
    assert sheet is not None
    return [(number, row) for number, row in enumerate(sheet.iter_rows(values_only=True), start=1)]


def faults(error: pytest.ExceptionInfo[Invalid]) -> list[tuple[str, str]]:
    return [(fault.field, fault.reason) for fault in error.value.details]


@pytest.mark.parametrize("form", Format)
def test_every_kind_goes_out_and_comes_back_the_same(form: Format) -> None:
    file = exported(EVERY, Kind.GENERAL, form)
    assert imported(file.name, file.data, rows) == EVERY


@pytest.mark.parametrize("template", [one.key for one in shipped.templates()])
def test_what_we_ship_may_be_published_and_survives_every_format(template: str) -> None:
    kind, found = shipped.definition(template)
    assert problems(found) == []
    for form in Format:
        file = exported(found, kind, form)
        assert imported(file.name, file.data, rows) == found


def test_patients_of_the_house_are_asked_in_english_too() -> None:
    shipped_ones = {one.key: shipped.definition(one.key)[1] for one in shipped.templates()}
    told = {
        key: set(asked.texts()) - {place for place, text in asked.languages.get("en", {}).items() if text}
        for key, asked in shipped_ones.items()
    }
    assert told == {key: set() for key in shipped_ones}


def test_the_national_dimensions_are_all_asked_and_scored() -> None:
    told = {
        key: [rule.dimension for rule in shipped.definition(key)[1].scores]
        for key in ("outpatient", "inpatient", "staff")
    }
    assert {key: len(set(found)) for key, found in told.items()} == {
        "outpatient": 6,
        "inpatient": 9,
        "staff": 5,
    }
    followups = [one.key for one in shipped.templates() if one.kind is Kind.FOLLOWUP]
    assert len(followups) == 10


# --- FHIR -------------------------------------------------------------------------------------------


def test_others_read_our_questionnaire_as_fhir() -> None:
    told = fhir.questionnaire(EVERY)
    single = told["item"][0]["item"][0]
    assert (told["resourceType"], told["status"], single["type"], single["required"]) == (
        "Questionnaire",
        "active",
        "open-choice",
        True,
    )
    assert single["code"] == [{"system": "http://loinc.org", "code": "8480-6"}]
    assert single["answerOption"][0]["valueCoding"]["code"] == "a"
    assert single["answerOption"][0]["extension"][0]["valueDecimal"] == 1.5
    assert told["item"][1]["item"][0]["enableWhen"] == [
        {"question": "q0", "operator": "=", "answerCoding": {"system": "urn:huiyin:options:q0", "code": "a"}}
    ]


THEIRS: dict[str, Any] = {
    "resourceType": "Questionnaire",
    "title": "PHQ",
    "contained": [
        {
            "resourceType": "ValueSet",
            "id": "often",
            "compose": {
                "include": [
                    {"concept": [{"code": "LA-0", "display": "从不"}, {"code": "LA-1", "display": "常常"}]}
                ]
            },
        }
    ],
    "item": [
        {
            "linkId": "/44250-9",
            "type": "choice",
            "text": "做事提不起劲",
            "required": True,
            "code": [{"system": "http://loinc.org", "code": "44250-9"}],
            "answerValueSet": "#often",
        },
        {"linkId": "2", "type": "boolean", "text": "有没有睡眠问题"},
        {
            "linkId": "3",
            "type": "group",
            "text": "再问几句",
            "item": [
                {
                    "linkId": "3.1",
                    "type": "decimal",
                    "text": "每晚睡几小时",
                    "enableWhen": [{"question": "2", "operator": "=", "answerBoolean": True}],
                },
                {
                    "linkId": "3.2",
                    "type": "choice",
                    "repeats": True,
                    "text": "哪些时候",
                    "answerOption": [{"valueString": "入睡"}, {"valueString": "早醒"}],
                    "enableWhen": [
                        {"question": "/44250-9", "operator": "=", "answerCoding": {"code": "LA-1"}},
                        {"question": "3.1", "operator": "<", "answerInteger": 6},
                    ],
                    "enableBehavior": "any",
                },
            ],
        },
    ],
}


def test_a_questionnaire_of_others_is_taken_with_its_conditions() -> None:
    found = imported("phq.json", orjson.dumps(THEIRS), rows)
    assert problems(found) == []
    assert [(item.code, item.kind, item.title) for item in found.questions] == [
        ("q_44250_9", "single", "做事提不起劲"),
        ("q_2", "single", "有没有睡眠问题"),
        ("q_3", "paragraph", "再问几句"),
        ("q_3_1", "number", "每晚睡几小时"),
        ("q_3_2", "multiple", "哪些时候"),
    ]
    first = found.questions[0]
    assert (first.loinc, first.required, [one.label for one in first.choices]) == (
        "44250-9",
        True,
        ["从不", "常常"],
    )
    taken = check_answers(
        found,
        conditions(found),
        {"q_44250_9": {"c": ["la_0"]}, "q_2": {"c": ["yes"]}, "q_3_1": {"n": "5.5"}, "q_3_2": {"c": ["o1"]}},
    )
    assert (sorted(taken.given), taken.dropped) == (["q_2", "q_3_1", "q_3_2", "q_44250_9"], ())


@pytest.mark.parametrize(
    ("item", "place", "reason"),
    [
        ({"type": "string"}, "Questionnaire.item[0]", "没有 linkId"),
        ({"linkId": "a", "type": "quantity"}, "Questionnaire.item[0]", "不支持“带单位的数值”题型"),
        ({"linkId": "a", "type": "poem"}, "Questionnaire.item[0]", "没有“poem”这种题型"),
        (
            {"linkId": "a", "type": "choice", "answerValueSet": "http://x/vs"},
            "Questionnaire.item[0]",
            "选项取自文件之外的值集，请改为写在问卷中",
        ),
        (
            {
                "linkId": "a",
                "type": "string",
                "enableWhen": [{"question": "b", "operator": "exists", "answerBoolean": True}],
            },
            "Questionnaire.item[0].enableWhen[0]",
            "显示条件引用的“b”不在前面",
        ),
        (
            {"linkId": "a", "type": "choice", "answerOption": [{"valueString": str(n)} for n in range(101)]},
            "Questionnaire.item[0]",
            "选项不能超过 100 个",
        ),
    ],
)
def test_what_of_fhir_cannot_be_taken_is_refused_at_its_place(
    item: dict[str, Any], place: str, reason: str
) -> None:
    with pytest.raises(Invalid) as error:
        fhir.definition({"resourceType": "Questionnaire", "item": [item]})
    assert faults(error) == [(place, reason)]


def test_groups_within_groups_without_end_are_refused() -> None:
    item: dict[str, Any] = {"linkId": "x", "type": "string"}
    for at in range(30):
        item = {"linkId": f"g{at}", "type": "group", "item": [item]}
    with pytest.raises(Invalid) as error:
        fhir.definition({"resourceType": "Questionnaire", "item": [item]})
    assert [reason for _, reason in faults(error)] == ["分组嵌套太深"]


def test_answers_go_out_as_fhir_and_come_back() -> None:
    answers = {
        f"q{at}": Answer.model_validate(GOOD[kind][2]) for at, kind in enumerate(KINDS) if GOOD[kind][2]
    }
    told = response(
        EVERY,
        answers,
        questionnaire="urn:huiyin:questionnaire-version:1",
        response_id=UUID(int=7),
        at=datetime(2026, 3, 2, 1, 0, tzinfo=UTC),
    )
    assert (told["status"], told["authored"]) == ("completed", "2026-03-02T01:00:00+00:00")
    back = given(EVERY, orjson.loads(orjson.dumps(told)))
    assert {code: Answer.model_validate(raw) for code, raw in back.items()} == answers


def test_an_answer_to_what_was_not_asked_is_refused() -> None:
    strange = {
        "resourceType": "QuestionnaireResponse",
        "item": [{"linkId": "no", "answer": [{"valueString": "x"}]}],
    }
    with pytest.raises(Invalid) as error:
        given(EVERY, strange)
    assert faults(error) == [("no", "问卷中没有这一题")]


# --- Excel, and files that are none -----------------------------------------------------------------

HEAD = ["页", "编码", "题型", "题目", "必填", "选项（每行一个：编码=文字|分值|其他|互斥）"]


def test_a_sheet_written_by_hand_is_taken() -> None:
    found = excel.definition(
        [
            (1, HEAD),
            (2, ["看病", "doc", "单选", "医生态度", "是", "good=好|5\n差|1\n其他|其他"]),
            (3, ["", "words", "多行文字", "建议", None, None]),
            (4, ["环境", "env", "stars", "打分", "否", ""]),
        ]
    )
    assert problems(found.model_copy(update={"title": "手工"})) == []
    assert [(page.title, [item.code for item in page.items]) for page in found.pages] == [
        ("看病", ["doc", "words"]),
        ("环境", ["env"]),
    ]
    assert [(one.code, one.label, one.score, one.other) for one in found.questions[0].choices] == [
        ("good", "好", "5", False),
        ("o2", "差", "1", False),
        ("o3", "其他", None, True),
    ]


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        (["", "a", "诗", "题", "", ""], "2.题型", "没有“诗”这种题型"),
        (["", "a", "单选", "题", "也许", ""], "2.必填", "应填“是”或“否”，不是“也许”"),
        (["", "a", "填空", "题", "", "甲"], "2.选项", "这种题型没有选项"),
        (["", "A!", "填空", "题", "", ""], "2.code", "格式不对"),
        (["", "a", "单选", "题", "", "x=甲|很多"], "2.options.0.score", "格式不对"),
    ],
)
def test_a_faulty_cell_is_named_by_row_and_column(row: list[str], field: str, reason: str) -> None:
    with pytest.raises(Invalid) as error:
        excel.definition([(1, HEAD), (2, row)])
    assert faults(error) == [(field, reason)]


def test_a_formula_in_a_title_stays_a_text() -> None:
    found = Definition.model_validate(
        {
            "title": "=1+1",
            "pages": [{"items": [{"kind": "blank", "code": "a", "title": '=HYPERLINK("http://x")'}]}],
        }
    )
    book = load_workbook(io.BytesIO(excel.workbook(found)))
    assert {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row if cell.value} == {"s"}


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "不是有效的 JSON 文件（第 1 行第 1 个字符）"),
        (b"{]", "不是有效的 JSON 文件（第 1 行第 2 个字符）"),
        (b"[1]", "不是本系统、FHIR 或 Excel 的问卷文件"),
        (b'{"resourceType": "Patient"}', "不是本系统、FHIR 或 Excel 的问卷文件"),
        (b" " * 1_000_001, "文件超过 1000 KB"),
    ],
)
def test_a_file_that_is_none_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(Invalid) as error:
        imported("x.json", data, rows)
    assert faults(error) == [("file", reason)]


def test_our_own_file_that_somebody_broke_is_refused_with_the_place() -> None:
    raw = orjson.loads(exported(EVERY, Kind.GENERAL, Format.OWN).data)
    raw["definition"]["pages"][0]["items"][1]["options"][0]["score"] = "viel"
    raw["definition"]["scores"][0]["method"] = "magic"
    with pytest.raises(Invalid) as error:
        imported("x.json", orjson.dumps(raw), rows)
    assert [field for field, _ in faults(error)] == ["pages.0.items.1.options.0.score", "scores.0.method"]
