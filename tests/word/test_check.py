"""Claims about inspecting templates: what an administrator is told before one is accepted."""

import pytest

from tests.word.documents import changed, split_in_runs, template
from tickets.word.check import Inspection, UnknownVariable, inspect
from tickets.word.variables import REQUIRED, Kind, catalogue

WHOLE = ("编号 {{ report.number }}", "{{ case.content }}", "{{ event.facts }}", "{{ event.opinion }}")


def look(*paragraphs: str, kind: Kind = Kind.EVENT_REPORT) -> Inspection:
    return inspect(template(*paragraphs), kind)


def test_a_sound_template_is_acceptable_and_its_variables_are_listed() -> None:
    data = template(
        *WHOLE,
        "{%p for r in rounds %}",
        "{{ loop.index }} {{ r.reply }}",
        "{%p endfor %}",
        table=[
            ["{%tr for t in tickets %}", ""],
            ["{{ t.department }}", "{{ t.sent_at|day }}"],
            ["{%tr endfor %}", ""],
        ],
        header="{{ hospital.name }}",
        footer="{% if case.confidential %}保密{% endif %}",
    )
    found = inspect(data, Kind.EVENT_REPORT)
    assert found == Inspection(
        used=(
            "case.confidential", "case.content", "event.facts", "event.opinion", "hospital.name", "report.number",
            "rounds", "rounds.reply", "tickets", "tickets.department", "tickets.sent_at",
        )
    )  # fmt: skip
    assert found.acceptable


def test_an_unknown_variable_is_listed_with_its_paragraph_and_what_may_be_meant() -> None:
    found = look(*WHOLE, "来电人：{{ case.caller_nam }}，电话：{{ 来电号码 }}", "{{ caller.phone_number }}")
    assert found.unknown == (
        UnknownVariable(
            name="case.caller_nam",
            paragraph="来电人：{{ case.caller_nam }}，电话：{{ 来电号码 }}",
            suggestions=("case.caller_name", "case.caller_phone", "case.caller_gender"),
        ),
        UnknownVariable(
            name="来电号码",
            paragraph="来电人：{{ case.caller_nam }}，电话：{{ 来电号码 }}",
            suggestions=("case.caller_phone",),
        ),
        UnknownVariable(name="caller.phone_number", paragraph="{{ caller.phone_number }}", suggestions=()),
    )
    assert not found.acceptable


def test_a_loop_name_outside_its_loop_gets_a_hint() -> None:
    [unknown] = look(*WHOLE, "{{ t.answer }}").unknown
    assert unknown == UnknownVariable(
        name="t.answer",
        paragraph="{{ t.answer }}",
        suggestions=(),
        hint="“t”只能写在 {%tr for t in tickets %} 与 {%tr endfor %} 之间",
    )


def test_a_field_unknown_inside_a_loop_is_found_under_any_loop_name() -> None:
    [unknown] = look(
        *WHOLE, "{% for 单 in tickets %}{{ 单.department }}{{ 单.departmant }}{% endfor %}"
    ).unknown
    assert unknown.name == "单.departmant"


def test_a_handling_form_cannot_quote_results() -> None:
    [unknown] = look(
        "{{ case.number }}{{ case.content }}{{ case.hospital_deadline }}{{ reply.text }}",
        kind=Kind.HANDLING_FORM,
    ).unknown
    assert unknown.name == "reply.text"


@pytest.mark.parametrize("kind", list(Kind))
def test_required_variables_that_are_missing_are_listed(kind: Kind) -> None:
    found = look("没有变量", kind=kind)
    assert found == Inspection(missing_required=REQUIRED[kind])


def test_text_that_word_has_spread_over_runs_is_read_together() -> None:
    assert inspect(split_in_runs("{", "{ case.", "number }", "}"), Kind.HANDLING_FORM).used == (
        "case.number",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ case.number", "“{{”与“}}”没有成对（在“{{ case.number”附近）"),
        ("{% if case.number %}有", "“if”没有结束，请补上 endif（在“{% if case.number %}有”附近）"),
        ("多余{% endfor %}", "多了一个“endfor”，前面没有对应的开始（在“多余{% endfor %}”附近）"),
        ("{% fro t in tickets %}", "不认识的标签“fro”（在“{% fro t in tickets %}”附近）"),
        ("{{ case number }}", "变量后面多了“number”，或者变量名中间有空格（在“{{ case number }}”附近）"),
        (
            "{{ case.number|upcase }}",
            "不能使用“|upcase”，可用的有 day、clock、default、length（在“{{ case.number|upcase }}”附近）",
        ),
        ("{{ case．number }}", "不能出现“．”，请检查是否用了全角符号（在“{{ case．number }}”附近）"),
        ("{{ }}", "这里少了变量名（遇到“}}”）（在“{{ }}”附近）"),
        ("{%p for t in tickets %}", "“for”没有结束，请补上 endfor（在“{% for t in tickets %}”附近）"),
    ],
)
def test_a_mistake_of_grammar_is_told_in_plain_chinese(text: str, sentence: str) -> None:
    found = look(*WHOLE, text)
    assert [*found.syntax_errors, *found.forbidden] == [sentence]


def test_a_loop_that_tears_a_row_apart_is_found_by_a_trial() -> None:
    data = template(*WHOLE, "{% for t in tickets %}", table=[["{{ t.department }}", "{% endfor %}"]])
    assert inspect(data, Kind.EVENT_REPORT).syntax_errors == (
        "标签位置不对：表格行的循环要用 {%tr … %}，整段的循环或判断要用 {%p … %}，并各占一行",
    )


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{{ ''.__class__.__mro__ }}", "只能写变量名，例如 case.number"),
        ("{{ case.number.__class__ }}", ""),
        ("{{ range(10) }}", "不能调用函数"),
        ("{{ lipsum() }}", "不能调用函数"),
        ("{{ case.items() }}", "不能调用函数"),
        ("{{ 10 ** 10 ** 10 }}", "模板只能使用变量、循环和判断，不能运算"),
        ("{{ 'x' * 999999999 }}", "模板只能使用变量、循环和判断，不能运算"),
        ("{% set x = 1 %}", "不能定义变量（set）"),
        ("{% include 'x' %}", "不能引入其他文件（include）"),
        ("{% import 'x' as y %}", "不能引入其他文件（import）"),
        ("{% macro m() %}x{% endmacro %}", "不能定义宏（macro）"),
        ("{% for c in case.content %}x{% endfor %}", "“case.content”不是清单，不能循环"),
        ("{{ case.content[0:5] }}", "只能写变量名，例如 case.number"),
        ("{% if case.number is callable %}x{% endif %}", "不能使用判断“is callable”"),
        ("{% for a in tickets %}{% for b in visits %}x{% endfor %}{% endfor %}", "循环里不能再套循环"),
        ("{% for a in tickets %}" + "长" * 200_001 + "{% endfor %}", "循环里的内容太多，请只循环一行或一段"),
    ],
)
def test_what_a_template_must_not_do_is_named_and_refused(text: str, sentence: str) -> None:
    found = look(*WHOLE, text)
    assert not found.fillable
    if sentence:
        assert any(line.startswith(sentence) for line in found.forbidden)
    else:
        assert [item.name for item in found.unknown] == ["case.number.__class__"]


def test_tags_in_footnotes_are_refused() -> None:
    data = template(*WHOLE)
    notes = (
        b'<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:footnote><w:p><w:r>'
        b"<w:t>{{ case.number }}</w:t></w:r></w:p></w:footnote></w:footnotes>"
    )
    kind = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"
    relation = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
    data = changed(
        data,
        {
            "[Content_Types].xml": (
                b"</Types>",
                f'<Override PartName="/word/footnotes.xml" ContentType="{kind}"/></Types>'.encode(),
            ),
            "word/_rels/document.xml.rels": (
                b"</Relationships>",
                f'<Relationship Id="rIdNotes" Type="{relation}" Target="footnotes.xml"/></Relationships>'.encode(),
            ),
        },
        {"word/footnotes.xml": notes},
    )
    assert inspect(data, Kind.EVENT_REPORT).forbidden == ("脚注、尾注和批注里不能写变量，请移到正文",)


def test_a_file_that_is_no_template_is_one_line() -> None:
    assert inspect(b"hello", Kind.EVENT_REPORT) == Inspection(
        forbidden=("不是有效的 Word 文件（.docx），请用 Word 或 WPS 另存为 .docx 后再上传",)
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_the_catalogue_describes_every_variable_and_each_is_known_to_the_checker(kind: Kind) -> None:
    lines = catalogue(kind)
    text = [line.tag for line in lines if not line.loop]
    loops = [
        f"{{% for {line.tag.strip('{} ').partition('.')[0]} in {line.path.partition('.')[0]} %}}{line.tag}{{% endfor %}}"
        for line in lines
        if line.loop
    ]
    found = look(*text, *loops, kind=kind)
    assert found.acceptable
    assert {line.path for line in lines} <= set(found.used)
    assert all(line.description and ("sample" not in line.description) for line in lines)
