"""Parts of the code audit report in Word: cover, tables whose heads repeat, signatures. Knows nothing of checks."""

# ruff: noqa: SLF001 - python-docx opens what Word can do only through its elements

from collections.abc import Sequence
from typing import Any, Final

from docx.document import Document
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls
from docx.shared import Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell

WIDTH: Final = 158  # mm between the margins of devtools/word_parts.new_document
CELL: Final = "表格"


def styles(document: Document) -> None:
    """Headings that Word's navigation knows, cells a size smaller than text."""
    for level, size in ((1, 15), (2, 13)):
        style = document.styles[f"Heading {level}"]
        assert isinstance(style, ParagraphStyle)  # noqa: S101 - checked for its kind
        like = document.styles["小节"]
        style.element.remove(style.element.get_or_add_rPr())
        style.element.append(parse_xml(like.element.rPr.xml))
        style.font.size = Pt(size)
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(14), Pt(6)
        style.paragraph_format.keep_with_next = True
    cell = document.styles.add_style(CELL, 1)
    assert isinstance(cell, ParagraphStyle)  # noqa: S101 - checked for its kind
    cell.base_style = document.styles["表内"]
    cell.font.size = Pt(9.5)
    cell.paragraph_format.line_spacing = 1.1
    cell.paragraph_format.space_before = cell.paragraph_format.space_after = Pt(2)


def cover(document: Document, title: str, system: str, facts: Sequence[tuple[str, str]]) -> None:
    """A page of its own: system, title, what identifies this report."""
    for text, style, before in ((system, "文书标题", 90), (title, "红头", 12)):
        document.add_paragraph(text, style=style).paragraph_format.space_before = Pt(before)
    document.add_paragraph().paragraph_format.space_before = Pt(130)
    made = table(document, (), facts, (44, 92), heads=False)
    for row in made.rows:
        row.height = Mm(11)
        for cell in row.cells:
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        row.cells[0].paragraphs[0].alignment = WD_ALIGN_PARAGRAPH.CENTER
        shade(row.cells[0])
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)


def tall(made: Table, height: float) -> None:
    """Room to sign in, below the head; mm."""
    for row in made.rows[1:]:
        row.height = Mm(height)
        for cell in row.cells:
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER


def heading(document: Document, text: str, level: int = 1) -> None:
    """A numbered heading; the number is part of the text."""
    document.add_heading(text, level)


def say(document: Document, *texts: str) -> None:
    """Paragraphs."""
    for text in texts:
        document.add_paragraph(text, style="正文段")


def table(
    document: Document,
    words: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    *,
    heads: bool = True,
    middle: Sequence[int] = (),
) -> Table:
    """A ruled table; its head stands on every page, no row is torn. `middle`: columns that are centred."""
    made: Table = document.add_table(rows=0, cols=len(widths), style="Table Grid")
    made.alignment, made.autofit = WD_TABLE_ALIGNMENT.CENTER, False
    rows_of: Any = made  # python-docx publishes no types for its rows
    for column, width in zip(made.columns, widths, strict=True):
        column.width = Mm(width)
    for at, texts in enumerate((words, *rows) if heads else rows):
        row = rows_of.add_row()
        row._tr.get_or_add_trPr().append(parse_xml(f"<w:cantSplit {nsdecls('w')}/>"))
        head = heads and at == 0
        if head:
            row._tr.get_or_add_trPr().append(parse_xml(f"<w:tblHeader {nsdecls('w')}/>"))
        for place, (cell, text, width) in enumerate(zip(row.cells, texts, widths, strict=True)):
            cell.width = Mm(width)
            _write(cell, text, bold=head, middle=head or place in middle)
            if head:
                shade(cell)
    document.add_paragraph().paragraph_format.line_spacing = 0.6
    return made


def shade(cell: _Cell) -> None:
    """The grey of a head."""
    cell._tc.get_or_add_tcPr().append(parse_xml(f'<w:shd {nsdecls("w")} w:val="clear" w:fill="E9EEF3"/>'))


def _write(cell: _Cell, text: str, *, bold: bool, middle: bool) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.style = CELL
    paragraph.add_run(text).bold = bold
    if middle:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
