"""Claims about previews: the document's structure is there, and nothing that acts or fetches."""

import pytest

from tests.word.documents import picture, template, with_body, with_relation
from tests.word.test_fill import SHIPPED
from tickets.word.fill import fill
from tickets.word.package import TemplateError
from tickets.word.preview import to_html, to_text
from tickets.word.variables import Case, Kind, Photo, ReportContext, sample_context

LINK = '<w:p><w:hyperlink r:id="rIdEvil"><w:r><w:t>点我</w:t></w:r></w:hyperlink></w:p>'


def test_paragraphs_breaks_and_tables_become_clean_html() -> None:
    data = template("一段", "{{ case.content }}", table=[["甲", "乙"]])
    html = to_html(fill(data, ReportContext(case=Case(content="上\n下")), {}))
    assert html == (
        '<div class="word-preview"><p>一段</p><p>上<br>下</p>'
        "<table><tbody><tr><td><p>甲</p></td><td><p>乙</p></td></tr></tbody></table></div>"
    )


def shipped(kind: Kind) -> str:
    data = (SHIPPED / f"{kind}.docx").read_bytes()
    return to_html(fill(data, sample_context(), {"sample.png": picture()}, kind))


@pytest.mark.parametrize("kind", list(Kind))
def test_the_shipped_templates_show_head_number_and_title(kind: Kind) -> None:
    html = shipped(kind)
    assert html.startswith(
        '<div class="word-preview"><p class="word-head">测试市第一医院</p><p class="word-number">'
    )
    assert '<h1 class="word-title">' in html


@pytest.mark.parametrize("kind", [kind for kind in Kind if not kind.source])
def test_the_shipped_reports_show_sections_pictures_and_who_signs(kind: Kind) -> None:
    html = shipped(kind)
    assert '<h2 class="word-section">' in html
    assert '<p class="word-sign">2026年11月27日</p>' in html
    assert html.count('<img src="data:image/jpeg;base64,') == 2


def test_markup_in_a_callers_words_is_shown_as_words() -> None:
    words = '<script>alert(1)</script><img src=x onerror="alert(1)">'
    html = to_html(fill(template("{{ case.content }}"), ReportContext(case=Case(content=words)), {}))
    assert html == (
        '<div class="word-preview"><p>&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror="alert(1)"&gt;</p></div>'
    )


@pytest.mark.parametrize("target", ["https://example.com/", "http://example.com/?q=1"])
def test_links_lose_their_address(target: str) -> None:
    html = to_html(with_relation(with_body(template("正文"), LINK), "hyperlink", target))
    assert html == '<div class="word-preview"><p><a>点我</a></p><p>正文</p></div>'


def test_a_link_that_runs_a_script_is_refused_with_the_file() -> None:
    with pytest.raises(TemplateError) as caught:
        to_html(with_relation(with_body(template("正文"), LINK), "hyperlink", "javascript:alert(1)"))
    assert str(caught.value) == "模板引用了文件之外的内容（javascript:alert(1)），请改为直接插入后再上传"


def test_pictures_go_through_the_callers_addresses() -> None:
    seen: list[tuple[int, str]] = []

    def address(content: bytes, mime: str) -> str:
        seen.append((len(content), mime))
        return f"/files/{len(seen)}"

    data = fill(
        template("{%p for p in photos %}", "{{ p.image }}", "{%p endfor %}"),
        ReportContext(photos=(Photo(image="一"),)),
        {"一": picture()},
    )
    assert to_html(data, image_url=address) == '<div class="word-preview"><p><img src="/files/1"></p></div>'
    assert [mime for _, mime in seen] == ["image/jpeg"]


def test_no_file_that_is_harmful_is_shown() -> None:
    for show in (to_html, to_text):
        with pytest.raises(TemplateError):
            show(with_relation(template("x"), "image", "file:///etc/passwd"))


def test_the_text_follows_the_order_of_the_document() -> None:
    assert to_text(template("一", "二", table=[["三", "四"]])) == "一\n二\n三\n四"
