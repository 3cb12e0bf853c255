"""What people send is kept only if it is what it seems: pictures lose all but the picture, documents that act are
refused with words that say what to do, names cannot mislead."""

import io
import warnings
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core import filenames, pictures
from core.errors import Invalid
from core.filetypes import examined
from tests.sheets.old_excel import write_xls

GPS = 0x8825
WORD = b'<w:document xmlns:w="w"><w:body/></w:document>'


def photo(form: str, *, turned: int = 6) -> bytes:
    """A small photo as a phone makes it: with a place, a maker, a comment and the way it was held."""
    exif = Image.Exif()
    exif[0x0112] = turned
    exif[0x010F] = "SECRET-PHONE"
    exif.get_ifd(GPS)[2] = (31.0, 12.0, 30.0)
    kept = io.BytesIO()
    picture = Image.new("RGB", (40, 20), (200, 30, 40))
    picture.putpixel((3, 4), (1, 2, 3))
    picture.save(kept, form, exif=exif)
    return kept.getvalue()


def pixels(data: bytes) -> tuple[tuple[int, int], bytes]:
    """Size and decoded pixels."""
    with Image.open(io.BytesIO(data)) as picture:
        return picture.size, picture.convert("RGB").tobytes()


def package(main: str = "word/document.xml", /, **parts: bytes) -> bytes:
    """A docx (or xlsx) with more parts; "__" in a name is "/", "_dot_" is "."."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as pack:
        pack.writestr("[Content_Types].xml", b"<Types/>")
        pack.writestr(main, WORD)
        for name, data in parts.items():
            pack.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return kept.getvalue()


def relation(kind: str, target: str) -> bytes:
    """A relationship to something outside the package."""
    return (
        '<Relationships><Relationship Id="r1" Type="http://schemas/officeDocument/2006/relationships/'
        f'{kind}" Target="{target}" TargetMode="External"/></Relationships>'
    ).encode()


@pytest.mark.parametrize(("form", "name"), [("JPEG", "a.jpg"), ("PNG", "a.png"), ("WEBP", "a.webp")])
def test_a_photo_loses_place_and_maker_and_whatever_hangs_behind_it_and_not_a_pixel(
    form: str, name: str
) -> None:
    sent = photo(form) + package()
    with Image.open(io.BytesIO(sent)) as there:
        assert dict(there.getexif().get_ifd(GPS)) == {2: (31.0, 12.0, 30.0)}
    _, kept = examined(name, sent)
    with Image.open(io.BytesIO(kept)) as picture:
        assert dict(picture.getexif().get_ifd(GPS)) == {}
    assert (b"SECRET-PHONE" in sent, b"SECRET-PHONE" in kept, b"word/document.xml" in kept) == (
        True,
        False,
        False,
    )
    assert pixels(kept) == pixels(sent)


@pytest.mark.parametrize(("turned", "kept_as"), [(6, {0x0112: 6}), (1, {})])
def test_a_photo_taken_upright_is_still_shown_upright(turned: int, kept_as: dict[int, int]) -> None:
    _, kept = examined("a.jpg", photo("JPEG", turned=turned))
    with Image.open(io.BytesIO(kept)) as picture:
        assert dict(picture.getexif()) == kept_as


def test_a_progressive_photo_and_a_moving_picture_come_through_whole() -> None:
    kept = io.BytesIO()
    Image.effect_noise((90, 70), 60).save(kept, "JPEG", progressive=True, comment=b"secret words")
    _, bare = examined("a.jpg", kept.getvalue())
    assert (pixels(bare), b"secret words" in bare) == (pixels(kept.getvalue()), False)
    moving = io.BytesIO()
    frames = [Image.effect_noise((30, 30), 50).convert("P") for _ in range(3)]
    frames[0].save(moving, "GIF", save_all=True, append_images=frames[1:], loop=0, comment=b"secret words")
    _, bare = examined("a.gif", moving.getvalue() + b"<?php")
    with Image.open(io.BytesIO(bare)) as picture:
        assert (picture.n_frames, picture.info["loop"]) == (3, 0)  # type: ignore[attr-defined]
    assert (b"secret words" in bare, b"<?php" in bare) == (False, False)


@settings(deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP", "GIF"]), st.data())
def test_a_damaged_picture_is_called_damaged_and_nothing_else(form: str, data: st.DataObject) -> None:
    kept = io.BytesIO()
    Image.linear_gradient("L").resize((16, 16)).save(kept, form)
    whole = bytearray(kept.getvalue())
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(14, len(whole)))])
    try:
        told = type(pictures.bare(f"image/{form.lower()}", cut))
    except pictures.Damaged:
        told = bytes
    assert told is bytes


def test_a_picture_of_too_many_pixels_is_refused_before_one_is_decoded() -> None:
    kept = io.BytesIO()
    Image.new("1", (30_000, 30_000)).save(kept, "PNG")
    assert len(kept.getvalue()) < 200_000
    with pytest.raises(Invalid, match="像素过多，请缩小"):
        examined("a.png", kept.getvalue())


BOMB = package(word__media__x_dot_xml=bytes(40_000_000))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (package(word__vbaProject_dot_bin=b"x"), "含有宏"),
        (package(word__embeddings__oleObject1_dot_bin=b"x"), "含有嵌入的对象"),
        (package(word__activeX__activeX1_dot_xml=b"<x/>"), "含有嵌入的对象"),
        (package(word__embeddings__sheet_dot_xlsm=b"x"), "含有嵌入的对象"),
        (package(word___rels__settings_dot_xml_dot_rels=relation("attachedTemplate", "https://x.test/a.dotm")), "自动访问外部"),
        (package(word___rels__document_dot_xml_dot_rels=relation("image", "\\\\10.0.0.9\\share\\a.png")), "自动访问外部"),
        (package(word___rels__document_dot_xml_dot_rels=relation("frame", "&#104;ttp://x.test/")), "自动访问外部"),
        (package(word___rels__document_dot_xml_dot_rels=relation("oleObject", "file://10.0.0.9/a")), "自动访问外部"),
        (package(word__header1_dot_xml=b"<w:p xmlns:w='w'><w:instrText>DDEAU</w:instrText><w:instrText>TO cmd /c</w:instrText></w:p>"), "读取外部内容的域"),
        (package(word__header1_dot_xml=b'<w:fldSimple xmlns:w="w" w:instr="INCLUDEPICTURE &quot;http://x.test/a&quot;"/>'), "读取外部内容的域"),
        (package(word__header1_dot_xml=b"<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>"), "内部结构不正常"),
        (package(word__header1_dot_xml="<x/>".encode("utf-16")), "内部结构不正常"),
        (package(**{"../../etc/x": b"x"}), "内部结构不正常"),
        (BOMB, "压缩炸弹"),
    ],
)  # fmt: skip
def test_a_document_that_acts_by_itself_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        examined("报告.docx", data)


def archive(*parts: tuple[str, bytes], main: str = "word/document.xml") -> bytes:
    """A docx (or xlsx) with parts of any names, twice too."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as pack, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        for name, data in (("[Content_Types].xml", b"<Types/>"), (main, WORD), *parts):
            pack.writestr(name, data)
    return kept.getvalue()


def part_of(kind: str, target: str) -> bytes:
    """A relationship to something within the package."""
    return f"<Relationships><Relationship Id='r' Target='{target}' Type='http://x.test/{kind}'/></Relationships>".encode()


def link() -> bytes:
    """A docx with a symbolic link in the place of a picture."""
    there = zipfile.ZipInfo("word/media/a.png")
    there.external_attr = 0o120777 << 16
    kept = io.BytesIO(archive())
    with zipfile.ZipFile(kept, "a") as pack:
        pack.writestr(there, "/etc/passwd")
    return kept.getvalue()


RELS = "word/_rels/document.xml.rels"
OLE = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(64)
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'>%s</svg>"
HOSTILE: dict[str, tuple[bytes, str]] = {
    "slip-dots": (archive(("word/../../x", b"x")), "内部结构不正常"),
    "slip-backslashes": (archive(("..\\..\\x.png", b"x")), "内部结构不正常"),
    "slip-root": (archive(("/etc/cron.d/x", b"x")), "内部结构不正常"),
    "slip-drive": (archive(("C:\\Windows\\x.png", b"x")), "内部结构不正常"),
    "link": (link(), "内部结构不正常"),
    "twice": (archive(("word/document.xml", WORD)), "内部结构不正常"),
    "twice-in-capitals": (archive(("WORD/Document.xml", WORD)), "内部结构不正常"),
    "behind-another": (archive(("word/vbaProject.bin", OLE)) + archive(), "附带了其他内容"),
    "before-a-program": (archive() + b"MZ" * 500, "附带了其他内容"),
    "before-a-page": (archive() + b"<script>x</script>", "附带了其他内容"),
    "macro-by-kind": (archive((RELS, part_of("vbaProject", "m.png")), ("word/m.png", b"x")), "含有宏"),
    "macro-by-escaped-kind": (archive((RELS, part_of("vba&#80;roject", "a>b"))), "含有宏"),
    "macro-by-type": (archive(("word/[Content_Types].xml", b"<x/>"), ("word/m.png", OLE)), "嵌入的对象"),
    "ole-as-picture": (archive(("word/media/a.png", OLE)), "嵌入的对象"),
    "program-as-picture": (archive(("word/media/a.png", b"MZ\x90\0")), "嵌入的对象"),
    "program": (archive(("word/media/a.exe", b"x")), "嵌入的对象"),
    "page": (archive(("word/a.html", b"<script>")), "嵌入的对象"),
    "page-taken-in": (archive((RELS, part_of("aFChunk", "a.txt"))), "嵌入的对象"),
    "archive-as-picture": (archive(("word/media/a.png", archive())), "嵌入的对象"),
    "macro-behind-a-chart": (archive(("word/embeddings/a.xlsx", archive(("xl/vbaProject.bin", OLE), main="xl/workbook.xml"))), "含有宏"),
    "packages-without-end": (archive(("word/embeddings/a.docx", archive(("word/embeddings/b.docx", archive())))), "嵌入的对象"),
    "svg-script": (archive(("word/media/a.svg", SVG % b"<script>x</script>")), "嵌入的对象"),
    "svg-handler": (archive(("word/media/a.svg", SVG % b"<g onload='x'/>")), "嵌入的对象"),
    "field-in-cdata": (archive(("word/a.xml", b"<instrText><![CDATA[DDEAUTO x]]></instrText>")), "读取外部内容的域"),
    "field-elsewhere": (archive(("story/a.xml", b"<p><fldSimple instr='DDE x'/></p>")), "读取外部内容的域"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_a_document_made_by_somebody_with_bad_intentions_is_refused_by_what_it_holds(case: str) -> None:
    data, reason = HOSTILE[case]
    with pytest.raises(Invalid, match=reason):
        examined("报告.docx", data)


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (
            [("xl/m/a.xml", b"<x/>"), ("xl/_rels/workbook.xml.rels", part_of("xlMacrosheet", "m/a.xml"))],
            "含有宏",
        ),
        ([("xl/MacroSheets/a.xml", b"<x/>")], "含有宏"),
        ([("xl/_rels/workbook.xml.rels", part_of("externalLink", "e/a.xml"))], "断开链接"),
        ([("xl/_rels/workbook.xml.rels", part_of("connections", "c.xml"))], "断开链接"),
        ([("xl/worksheets/sheet1.xml", b"<c><f>_xlfn.WEBSERVICE(A1)</f></c>")], "断开链接"),
    ],
    ids=["macro-sheet", "macro-folder", "dde", "connection", "formula"],
)
def test_a_workbook_that_acts_by_itself_is_refused(parts: list[tuple[str, bytes]], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        examined("名单.xlsx", archive(*parts, main="xl/workbook.xml"))


def test_words_about_programs_and_a_drawn_picture_are_taken() -> None:
    plain = archive(
        ("word/media/a.svg", SVG % b"<path d='M0 0'/>"), ("word/a.xml", b"<t>DDE WEBSERVICE(1) on=1</t>")
    )
    assert examined("报告.docx", plain)[1] == plain
    sheet = archive(
        ("xl/worksheets/sheet1.xml", b"<c><v>WEBSERVICE(1)</v><f>SUM(A1)</f></c>"), main="xl/workbook.xml"
    )
    assert examined("名单.xlsx", sheet)[1] == sheet


@pytest.mark.parametrize("ending", ["svg", "png", "jpg"])
def test_a_drawing_with_a_script_is_no_picture(ending: str) -> None:
    with pytest.raises(Invalid, match="不是可以上传的文件类型"):
        examined(f"图.{ending}", b"<?xml version='1.0'?>" + SVG % b"<script>x</script>")


def test_a_sheet_that_reads_another_workbook_is_refused() -> None:
    sheet = package("xl/workbook.xml", xl__externalLinks__externalLink1_dot_xml=b"<x/>")
    with pytest.raises(Invalid, match="断开链接"):
        examined("名单.xlsx", sheet)


def test_a_document_with_links_to_click_a_chart_and_the_template_of_its_own_machine_is_taken() -> None:
    plain = package(
        word___rels__document_dot_xml_dot_rels=relation("hyperlink", "https://x.test/"),
        word___rels__settings_dot_xml_dot_rels=relation(
            "attachedTemplate", "file:///C:\\Users\\a\\Normal.dotm"
        ),
        word__embeddings__Microsoft_Excel_Sheet1_dot_xlsx=package("xl/workbook.xml"),
        word__header1_dot_xml=b"<w:p xmlns:w='w'><w:instrText> PAGE  \\* MERGEFORMAT </w:instrText></w:p>",
    )
    assert examined("报告.docx", plain)[1] == plain


def pdf(body: bytes) -> bytes:
    """A PDF of one object."""
    return b"%PDF-1.7\n1 0 obj\n" + body + b"\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF"


def hidden(body: bytes) -> bytes:
    """The same within a compressed object stream."""
    packed = zlib.compress(body)
    return pdf(
        b"<< /Type /ObjStm /N 1 /First 5 /DecodeParms << >> /Filter /FlateDecode >>\nstream\n"
        + packed
        + b"\nendstream"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (pdf(b"<< /OpenAction << /S /JavaScript /JS (app.alert(1)) >> >>"), "脚本"),
        (pdf(b"<< /S /J#61vaScript >>"), "脚本"),
        (hidden(b"<< /S /JavaScript /JS (x) >>"), "脚本"),
        (pdf(b"<< /S /Launch /F (cmd.exe) >>"), "启动外部程序"),
        (pdf(b"<< /Names << /EmbeddedFiles 5 0 R >> >>"), "内嵌文件"),
        (pdf(b"<< >>").replace(b"/Root", b"/Encrypt 3 0 R /Root"), "已加密"),
        (pdf(b"<< >>") + package(), "附带了压缩包"),
        (pdf(b"<< /AcroForm << /XFA 3 0 R >> >>"), "动态表单"),
        (pdf(b"<< /S /GoToR /F (x) >>"), "打开外部文件"),
        (
            pdf(b"<< /Type /ObjStm /Filter [/ASCIIHexDecode /FlateDecode] >>\nstream\n00>\nendstream"),
            "无法检查",
        ),
    ],
)
def test_a_pdf_that_acts_by_itself_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        examined("化验单.pdf", data)


def test_a_plain_pdf_is_taken_as_it_is() -> None:
    plain = pdf(b"<< /Type /Catalog /OpenAction [3 0 R /Fit] /Producer (JavaScript free) >>")
    assert examined("化验单.pdf", plain) == ("application/pdf", plain)


@pytest.mark.parametrize(
    ("given_name", "kept_name"),
    [
        ("../../etc/照片.png", "照片.png"),
        ("C:\\temp\\照片.png", "照片.png"),
        ("照片\u202egnp.exe", "照片gnp.exe"),
        ("a\r\nX-Injected: 1.png", "aX-Injected_ 1.png"),
        ('a"<b>|?.png', "a__b___.png"),
        ("...", "未命名"),
        (" .htaccess ", "htaccess"),
        ("长" * 200 + ".pdf", "长" * 146 + ".pdf"),
    ],
)
def test_a_name_is_kept_without_what_misleads(given_name: str, kept_name: str) -> None:
    assert filenames.safe(given_name) == kept_name


def test_a_name_of_two_endings_is_refused_and_a_date_with_dots_is_not() -> None:
    with pytest.raises(Invalid, match="双重扩展名（.exe）"):
        examined("发票.exe.pdf", pdf(b"<< >>"))
    assert examined("2026.11.22.v2.pdf", pdf(b"<< >>"))[0] == "application/pdf"


def test_an_old_workbook_is_taken_unless_a_sheet_of_it_is_macros(tmp_path: Path) -> None:
    rows = [["工单编号", "内容"], ["GD-1", "排队"]]
    plain = write_xls(tmp_path / "plain.xls", rows).read_bytes()
    assert examined("名单.xls", plain) == ("application/vnd.ms-excel", plain)
    acting = write_xls(tmp_path / "macro.xls", rows, kind=1).read_bytes()
    with pytest.raises(Invalid, match="含有宏"):
        examined("名单.xls", acting)
    with pytest.raises(Invalid, match="已损坏"):
        examined("名单.xls", plain[:700])
