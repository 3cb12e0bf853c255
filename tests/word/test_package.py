"""Claims about uploads: a plain Word file passes, everything else is refused with one sentence."""

import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.word.documents import changed, template, with_body, with_relation
from tickets.word.package import TemplateError, check_package

PLAIN = template("{{ case.content }}")


def refusal(data: bytes) -> str:
    with pytest.raises(TemplateError) as caught:
        check_package(data)
    return str(caught.value)


def field(*instructions: str) -> str:
    runs = "".join(f"<w:r><w:instrText>{text}</w:instrText></w:r>" for text in instructions)
    return f"<w:p>{runs}</w:p>"


def test_a_plain_document_passes() -> None:
    check_package(PLAIN)
    check_package(with_relation(PLAIN, "hyperlink", "https://example.com/"))
    check_package(with_body(PLAIN, field("PAGE")))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "不是有效的 Word 文件（.docx），请用 Word 或 WPS 另存为 .docx 后再上传"),
        (b"hello", "不是有效的 Word 文件（.docx），请用 Word 或 WPS 另存为 .docx 后再上传"),
        (bytes.fromhex("D0CF11E0A1B11AE1"), "这是旧版 .doc 或有密码的文件，请取消密码并另存为 .docx"),
        (PLAIN[:-200], "不是有效的 Word 文件（.docx），请用 Word 或 WPS 另存为 .docx 后再上传"),
        (bytes(10 * 1024 * 1024 + 1), "文件超过 10 MB"),
    ],
)
def test_what_is_no_word_file_is_refused(data: bytes, sentence: str) -> None:
    assert refusal(data) == sentence


def test_macros_are_refused_by_member_and_by_type() -> None:
    sentence = "模板中有宏，请去掉宏并另存为 .docx 后再上传"
    assert refusal(changed(PLAIN, {}, {"word/vbaProject.bin": b"x"})) == sentence
    macro_type = changed(
        PLAIN,
        {
            "[Content_Types].xml": (
                b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
                b"application/vnd.ms-word.document.macroEnabled.main+xml",
            )
        },
    )
    assert refusal(macro_type) == sentence


def test_a_picture_or_template_fetched_from_outside_is_refused() -> None:
    assert refusal(with_relation(PLAIN, "image", "http://example.com/x.png")) == (
        "模板引用了文件之外的图片（http://example.com/x.png），请改为直接插入后再上传"
    )
    assert refusal(with_relation(PLAIN, "attachedTemplate", "//example.com/x.dotm")) == (
        "模板引用了文件之外的内容（//example.com/x.dotm），请改为直接插入后再上传"
    )
    assert refusal(with_relation(PLAIN, "hyperlink", "file:///etc/passwd")) == (
        "模板引用了文件之外的内容（file:///etc/passwd），请改为直接插入后再上传"
    )


def test_embedded_files_are_refused() -> None:
    sentence = "模板中嵌有其他文件或控件，请删除后再上传"
    assert refusal(changed(PLAIN, {}, {"word/embeddings/x.bin": b"x"})) == sentence
    assert refusal(with_relation(PLAIN, "oleObject", "x.bin", external=False)) == sentence
    assert refusal(with_body(PLAIN, '<w:altChunk xmlns:r="x" r:id="x"/>')) == sentence


@pytest.mark.parametrize(
    ("xml", "name"),
    [
        (field("DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe"), "DDEAUTO"),
        (field(" D", "DE", " excel x"), "DDE"),
        (field('INCLUDEPICTURE "http://example.com/x"'), "INCLUDEPICTURE"),
        ('<w:p><w:fldSimple w:instr=" includetext c:/x "/></w:p>', "INCLUDETEXT"),
    ],
)
def test_fields_that_run_or_fetch_are_refused_even_when_spread_over_runs(xml: str, name: str) -> None:
    assert refusal(with_body(PLAIN, xml)) == f"模板中有会执行命令或读取外部内容的域（{name}），请删除后再上传"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_definition_is_refused_in_any_encoding(encoding: str) -> None:
    evil = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>'
    assert refusal(changed(PLAIN, {}, {"word/evil.xml": evil.encode(encoding)})) == (
        "文件中含有不允许的外部定义（DTD），可能是恶意文件"
    )


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    target = io.BytesIO(PLAIN)
    with zipfile.ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/bomb.png", bytes(61 * 1024 * 1024))
    assert len(target.getvalue()) < 1024 * 1024
    assert refusal(target.getvalue()) == "文件解压后超过 60 MB"


def test_one_huge_xml_is_refused() -> None:
    assert (
        refusal(changed(PLAIN, {}, {"word/x.xml": b"<x>" + bytes(16 * 1024 * 1024)}))
        == "文件内容过大，请精简模板"
    )


def test_nesting_that_no_document_has_is_refused() -> None:
    deep = "<w:p>" * 5000 + "</w:p>" * 5000
    assert refusal(with_body(PLAIN, deep)) == "文件结构异常，请用 Word 另存为 .docx 后再上传"


@settings(max_examples=100, deadline=None)
@given(hits=st.lists(st.tuples(st.floats(0, 0.9999), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_damaged_file_passes_or_gets_one_sentence(hits: list[tuple[float, int]]) -> None:
    damaged = bytearray(PLAIN)
    for place, value in hits:
        damaged[int(place * len(damaged))] = value
    assert _sentence(bytes(damaged)) != ""


def _sentence(data: bytes) -> str:
    try:
        check_package(data)
    except TemplateError as refused:
        return str(refused)
    return "passes"
