"""Claims about filled documents: the whole text, line breaks, pictures, and that nothing gets out of hand."""

import io
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.exceptions import SecurityError, UndefinedError
from PIL import Image

from devtools.word_templates import build
from tests.word.documents import part, part_names, picture, template
from tickets.word.environment import ClosedEnvironment
from tickets.word.fill import FillError, fill, prepare_image
from tickets.word.preview import to_text
from tickets.word.variables import (
    AttachmentLine,
    Case,
    Event,
    Hospital,
    Kind,
    Photo,
    Report,
    ReportContext,
    Round,
    Ticket,
    sample_context,
)

SHIPPED = Path(__file__).resolve().parents[2] / "templates" / "word"
NO_PICTURES: dict[str, bytes] = {}
BETWEEN = template("头{{ case.content }}尾")


def case(**values: Any) -> ReportContext:
    return ReportContext(case=Case(**values))


def test_the_text_of_a_filled_event_report_is_exactly_this() -> None:
    context = ReportContext(
        hospital=Hospital(name="测试医院", department="患者服务中心", phone="020-80000000"),
        report=Report(
            number="测医诉〔2026〕1 号", title="关于退费的事件报告", date=date(2026, 11, 27), author="张测试"
        ),
        case=Case(
            number="A-1",
            order_no="GZ-1",
            source="12345 热线",
            appeal_type="投诉",
            content="第一段 <b>&\"'。\n第二段 {{ case.number }}。",
            caller_name="赵测试",
            confidential=True,
            received_at=datetime(2026, 11, 21, 2, 5, tzinfo=UTC),
        ),
        event=Event(facts="属实。", opinion="致歉。"),
        tickets=(
            Ticket(department="财务科", role="主办", answer="已退款。", measures="加强告知。"),
            Ticket(department="门诊部", role="协办", answered_at=datetime(2026, 11, 23, 8, 0, tzinfo=UTC)),
        ),
        attachments=(AttachmentLine(name="凭证.pdf"),),
    )
    filled = fill((SHIPPED / "event_report.docx").read_bytes(), context, NO_PICTURES)
    assert to_text(filled).splitlines() == [
        "测试医院", "测医诉〔2026〕1 号", "关于退费的事件报告",
        "工单编号", "GZ-1", "院内编号", "A-1",
        "来源渠道", "12345 热线", "诉求类型", "投诉",
        "来电人", "要求保密", "联系电话", "要求保密",
        "患者姓名", "—", "紧急程度",
        "收到时间", "2026年11月21日 10:05", "院内办结期限",
        "问题分类", "上级办结期限",
        "一、诉求内容", "第一段 <b>&\"'。", "第二段 {{ case.number }}。",
        "二、相关就诊情况", "就诊时间", "就诊类别", "就诊科室", "接诊医生", "诊断",
        "三、科室办理情况", "承办科室", "主办/协办", "答复与整改", "答复时间",
        "财务科", "主办", "已退款。", "整改措施：加强告知。",
        "门诊部", "协办", "（尚未答复）", "2026年11月23日",
        "四、调查核实情况", "属实。",
        "五、原因分析", "无",
        "六、处理意见", "致歉。",
        "七、整改措施", "无",
        "附件：", "1. 凭证.pdf",
        "测试医院患者服务中心", "2026年11月27日",
        "拟稿：张测试　审核：　签发：　联系电话：020-80000000",
    ]  # fmt: skip


@pytest.mark.parametrize("kind", list(Kind))
def test_the_shipped_templates_are_what_their_script_writes(kind: Kind) -> None:
    assert (SHIPPED / f"{kind}.docx").read_bytes() == build()[f"{kind}.docx"]


@pytest.mark.parametrize("kind", list(Kind))
def test_the_same_input_gives_the_same_bytes(kind: Kind) -> None:
    data = (SHIPPED / f"{kind}.docx").read_bytes()
    images = {"sample.png": picture()}
    assert fill(data, sample_context(), images, kind) == fill(data, sample_context(), images, kind)


def test_line_breaks_of_a_text_stay_line_breaks() -> None:
    filled = fill(template("答复：{{ case.content }}"), case(content="一\r\n二\n\n三\t四"), NO_PICTURES)
    xml = part(filled, "word/document.xml").decode()
    assert xml.count("<w:br/>") == 3
    assert xml.count("<w:tab/>") == 1
    assert to_text(filled) == "答复：一\n二\n三\t四"


def test_signs_that_word_cannot_hold_are_dropped() -> None:
    filled = fill(template("{{ case.content }}"), case(content="好\x00\x07\x0c\x1b\ufffe的"), NO_PICTURES)
    assert to_text(filled) == "好的"


def test_a_loop_makes_one_row_per_item_and_none_for_none() -> None:
    data = template(
        "轮次",
        table=[
            ["{%tr for r in rounds %}"],
            ["{{ loop.index }}/{{ loop.length }} {{ r.reply }}"],
            ["{%tr endfor %}"],
        ],
    )
    context = ReportContext(rounds=(Round(reply="甲"), Round(reply="乙")))
    assert to_text(fill(data, context, NO_PICTURES)) == "轮次\n1/2 甲\n2/2 乙"
    assert to_text(fill(data, ReportContext(), NO_PICTURES)) == "轮次"


def test_headers_and_footers_are_filled_too() -> None:
    filled = fill(template("正文", header="{{ hospital.name }}", footer="{{ report.date }}"),
                  ReportContext(hospital=Hospital(name="测试医院"), report=Report(date=date(2026, 1, 2))), NO_PICTURES)  # fmt: skip
    texts = [
        part(filled, name).decode() for name in part_names(filled) if "header" in name or "footer" in name
    ]
    assert any("测试医院" in text for text in texts)
    assert any("2026年1月2日" in text for text in texts)


def test_a_tag_inside_a_callers_words_is_words() -> None:
    evil = "{{ hospital.name }}{% for t in tickets %}</w:t>"
    assert to_text(fill(template("{{ case.content }}"), case(content=evil), NO_PICTURES)) == evil


def test_photos_are_inline_upright_and_fit_the_page() -> None:
    data = template("{%p for p in photos %}", "{{ p.image }}", "{{ p.caption }}", "{%p endfor %}")
    context = ReportContext(photos=(Photo(image="宽", caption="宽图"), Photo(image="高", caption="高图")))
    filled = fill(data, context, {"宽": picture(4000, 1000), "高": picture(500, 4000, "JPEG")})
    media = [name for name in part_names(filled) if name.startswith("word/media/")]
    sizes = sorted(Image.open(io.BytesIO(part(filled, name))).size for name in media)
    assert sizes == [(200, 1600), (1600, 400)]
    assert to_text(filled) == "宽图\n高图"
    xml = part(filled, "word/document.xml").decode()
    assert 'cx="5400000"' in xml  # 150 mm, the width of the text


def test_a_photo_loses_the_place_where_it_was_taken() -> None:
    source = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # lying on its side
    exif[0x010E] = "secret place"
    Image.new("RGB", (40, 20), "teal").save(source, "JPEG", exif=exif)
    content, _, _ = prepare_image(source.getvalue())
    assert b"secret" not in content
    assert Image.open(io.BytesIO(content)).size == (20, 40)


@pytest.mark.parametrize(
    ("images", "sentence"),
    [(NO_PICTURES, "找不到照片“一”"), ({"一": b"not a picture"}, "照片“一”打不开，可能已损坏")],
)
def test_a_missing_or_broken_photo_is_named(images: dict[str, bytes], sentence: str) -> None:
    with pytest.raises(FillError) as caught:
        fill(template("{{ case.number }}"), ReportContext(photos=(Photo(image="一"),)), images)
    assert str(caught.value) == sentence


def test_an_unknown_variable_stops_the_filling_and_is_named() -> None:
    with pytest.raises(FillError) as caught:
        fill(template("{{ case.numbr }}"), ReportContext(), NO_PICTURES)
    assert str(caught.value) == "模板中有不认识的变量：case.numbr"


def test_a_forbidden_template_is_not_run() -> None:
    with pytest.raises(FillError) as caught:
        fill(template("{{ ''.__class__.__mro__ }}"), ReportContext(), NO_PICTURES)
    assert str(caught.value) == "只能写变量名，例如 case.number（在“{{ ''.__class__.__mro__ }}”附近）"


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__ }}",
        "{{ ''['__class__'] }}",
        "{{ case.content.format }}",
        "{{ case.items }}",
        "{{ rounds.append }}",
        "{{ rounds }}",
        "{{ case }}",
        "{% for r in rounds %}{{ loop.cycle }}{% endfor %}",
        "{% for r in rounds %}{{ loop.__init__ }}{% endfor %}",
    ],
)
def test_the_second_wall_holds_without_the_first(text: str) -> None:
    values = {"case": {"content": "x"}, "rounds": [{"reply": "x"}]}
    with pytest.raises((SecurityError, UndefinedError)):
        ClosedEnvironment().from_string(text).render(values)


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=60))
def test_any_words_of_a_caller_come_out_as_a_sound_document(words: str) -> None:
    filled = fill(BETWEEN, case(content=words), NO_PICTURES)
    text = to_text(filled)
    assert text.startswith("头")
    assert text.endswith("尾")
