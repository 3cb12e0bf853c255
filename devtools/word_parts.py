"""The parts of the Word templates shipped with the product: the red head, fact tables, loops, sections, signature.

They follow the look of a Chinese hospital's red-head document. The same calls give the same bytes. Writes no file.
"""

# ruff: noqa: SLF001 - python-docx opens what Word can do only through its elements

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import docx
from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_ROW_HEIGHT_RULE, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Mm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell
from docx.text.paragraph import Paragraph
from lxml import etree

RED: Final = RGBColor(0xC0, 0x00, 0x00)
BODY_FONT, TITLE_FONT, HEAD_FONT, SONG = "仿宋", "方正小标宋简体", "黑体", "宋体"
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_CENTER: Final = WD_ALIGN_PARAGRAPH.CENTER

Pair = tuple[str, str]


def new_document(subject: str) -> Document:
    """An A4 page with the styles of an official document; its number at the foot."""
    document = docx.Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(30), Mm(28)
    section.left_margin, section.right_margin = Mm(27), Mm(25)
    normal = document.styles["Normal"]
    assert isinstance(normal, ParagraphStyle)  # noqa: S101 - the default template of python-docx
    _font(normal, BODY_FONT, 14)
    normal.paragraph_format.space_after = Pt(0)
    normal.paragraph_format.line_spacing = 1.3
    _style(document, "红头", TITLE_FONT, 30, bold=True, color=RED, align=_CENTER)
    _style(document, "文号", BODY_FONT, 14, align=_CENTER)
    _style(document, "文书标题", TITLE_FONT, 20, bold=True, align=_CENTER)
    _style(document, "小节", HEAD_FONT, 14, before=10)
    _style(document, "正文段", BODY_FONT, 14, indent=28)
    _style(document, "表内", SONG, 10.5)
    _style(document, "落款", BODY_FONT, 14, align=WD_ALIGN_PARAGRAPH.RIGHT)
    core = document.core_properties
    core.author, core.title, core.subject, core.comments = "", "", subject, ""
    core.created = core.modified = datetime(2026, 1, 1, tzinfo=UTC)
    _page_number(section.footer.paragraphs[0])
    return document


def add_head(
    document: Document, title: str = "{{ report.title }}", number: str = "{{ report.number }}"
) -> None:
    """The hospital's name in red, the number above a rule, the title."""
    document.add_paragraph("{{ hospital.name }}", style="红头")
    line = document.add_paragraph(number, style="文号")
    line._p.get_or_add_pPr().append(
        parse_xml(
            f'<w:pBdr {nsdecls("w")}><w:bottom w:val="single" w:sz="18" w:space="6" w:color="C00000"/></w:pBdr>'
        )
    )
    heading = document.add_paragraph(title, style="文书标题")
    heading.paragraph_format.space_before, heading.paragraph_format.space_after = Pt(18), Pt(10)


def add_section(document: Document, heading: str, *texts: str) -> None:
    """A heading with its paragraphs."""
    document.add_paragraph(heading, style="小节").paragraph_format.keep_with_next = True
    for text in texts:
        document.add_paragraph(text, style="正文段")


def add_facts(document: Document, *pairs: Pair) -> None:
    """A table of label and value, two pairs in a row."""
    table = _table(document, (24, 55, 28, 51))
    for at in range(0, len(pairs), 2):
        cells = _row(table)
        for place, (label, value) in enumerate(pairs[at : at + 2]):
            _label(cells[place * 2], label)
            _write(cells[place * 2 + 1], value)
    document.add_paragraph().paragraph_format.line_spacing = 0.5


def add_wide_rows(document: Document, *pairs: Pair) -> None:
    """A table of label and one wide cell."""
    table = _table(document, (24, 134))
    for label, value in pairs:
        cells = _row(table)
        _label(cells[0], label)
        _write(cells[1], value)


def add_loop_table(
    document: Document, headers: Sequence[str], loop: str, cells: Sequence[str], widths: Sequence[float]
) -> None:
    """A table whose middle row is repeated for each item of a list."""
    table = _table(document, widths)
    for cell, header in zip(_row(table), headers, strict=True):
        _label(cell, header)
    _write(_row(table)[0], f"{{%tr for {loop} %}}")
    for cell, text in zip(_row(table), cells, strict=True):
        _write(cell, text)
    _write(_row(table)[0], "{%tr endfor %}")


def add_tickets(document: Document) -> None:
    """What each department answered."""
    table = _table(document, (32, 24, 78, 24))
    for cell, header in zip(_row(table), ("承办科室", "主办/协办", "答复与整改", "答复时间"), strict=True):
        _label(cell, header)
    _write(_row(table)[0], "{%tr for t in tickets %}")
    cells = _row(table)
    _write(cells[0], "{{ t.department }}")
    _write(cells[1], "{{ t.role }}")
    _write(cells[2], "{{ t.answer|default('（尚未答复）') }}")
    _paragraph(cells[2], "{%p if t.measures %}")
    _paragraph(cells[2], "整改措施：{{ t.measures }}")
    _paragraph(cells[2], "{%p endif %}")
    _write(cells[3], "{{ t.answered_at|day }}")
    _write(_row(table)[0], "{%tr endfor %}")


def add_attachments(document: Document) -> None:
    """The list of attachments and the pictures."""
    for text in (
        "{%p if attachments %}", "附件：", "{%p for a in attachments %}", "{{ loop.index }}. {{ a.name }}", "{%p endfor %}",
        "{%p endif %}",
    ):  # fmt: skip
        document.add_paragraph(text, style="正文段")
    document.add_paragraph("{%p for p in photos %}", style="正文段")
    document.add_paragraph("{{ p.image }}").alignment = _CENTER
    document.add_paragraph("{{ p.caption }}", style="文号")
    document.add_paragraph("{%p endfor %}", style="正文段")


def add_signature(document: Document) -> None:
    """Who signs, when, and who wrote it."""
    document.add_paragraph()
    for text in ("{{ hospital.name }}{{ hospital.department }}", "{{ report.date }}"):
        document.add_paragraph(text, style="落款").paragraph_format.keep_with_next = True
    document.add_paragraph(
        "拟稿：{{ report.author }}　审核：{{ report.reviewer }}　签发：{{ report.approver }}　联系电话：{{ hospital.phone }}",
        style="表内",
    )


def _row(table: Table) -> tuple[_Cell, ...]:
    """A new row's cells; python-docx publishes no types for it."""
    rows: Any = table
    row = rows.add_row()
    row.height, row.height_rule = Mm(8), WD_ROW_HEIGHT_RULE.AT_LEAST
    for cell in row.cells:
        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    return tuple(row.cells)


def _table(document: Document, widths: Sequence[float]) -> Table:
    table: Table = document.add_table(rows=0, cols=len(widths), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Mm(width)
    return table


def _label(cell: _Cell, text: str) -> None:
    _write(cell, text)
    paragraph = cell.paragraphs[0]
    paragraph.alignment = _CENTER
    paragraph.runs[0].bold = True
    cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:fill="F3F3F3"/>'))


def _write(cell: _Cell, text: str) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.style = "表内"
    paragraph.add_run(text)


def _paragraph(cell: _Cell, text: str) -> None:
    cell.add_paragraph(text, style="表内")


def _style(
    document: Document,
    name: str,
    font: str,
    size: float,
    *,
    bold: bool = False,
    color: RGBColor | None = None,
    align: WD_ALIGN_PARAGRAPH | None = None,
    indent: float = 0,
    before: float = 0,
) -> None:
    style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
    assert isinstance(style, ParagraphStyle)  # noqa: S101 - a paragraph style was asked for
    _font(style, font, size)
    style.font.bold = bold
    style.paragraph_format.space_after = Pt(0)
    if color is not None:
        style.font.color.rgb = color
    if align is not None:
        style.paragraph_format.alignment = align
    if indent:
        style.paragraph_format.first_line_indent = Pt(indent)
    if before:
        style.paragraph_format.space_before = Pt(before)


def _font(style: ParagraphStyle, name: str, size: float) -> None:
    style.font.name, style.font.size = name, Pt(size)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), name)


def _page_number(paragraph: Paragraph) -> None:
    """— 1 — at the foot of the page, as official documents have it."""
    paragraph.alignment = _CENTER
    paragraph.add_run("— ")
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    paragraph._p.append(field)
    paragraph.add_run(" —")


def as_bytes(document: Document) -> bytes:
    """The document as a file; equal documents are equal bytes."""
    raw, target = io.BytesIO(), io.BytesIO()
    document.save(raw)
    with zipfile.ZipFile(raw) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda part: (part != "[Content_Types].xml", part)):
            if name == "docProps/thumbnail.jpeg":
                continue
            entry = zipfile.ZipInfo(name, date_time=_ZIP_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, _without_thumbnail(name, old.read(name)))
    return target.getvalue()


def _without_thumbnail(name: str, data: bytes) -> bytes:
    """python-docx's own default template carries a picture of itself."""
    if name != "_rels/.rels":
        return data
    root = parse_xml(data)
    for relation in list(root):
        if relation.get("Type", "").endswith("/thumbnail"):
            root.remove(relation)
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True))
