"""Marks a Word document with who took it out and when: a grey line at the foot of each page, and in its properties.

What is handed over under the hospital's seal (documents of a petition) is marked in its properties alone. Changes no
other word of the document; a document that is none of ours comes back as it was.
"""

import io
import zipfile

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.exceptions import PackageNotFoundError
from docx.shared import Pt, RGBColor

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
GREY = RGBColor(0x80, 0x80, 0x80)


def marked(data: bytes, text: str, mime: str, *, on_paper: bool = True) -> bytes:
    """The document with the mark; `on_paper` puts it at the foot of every page too."""
    if mime != DOCX:
        return data
    try:
        document = Document(io.BytesIO(data))
    except (PackageNotFoundError, KeyError, ValueError, zipfile.BadZipFile):
        return data
    document.core_properties.comments = text[:250]
    for section in document.sections if on_paper else ():
        footers = [section.footer]
        if section.different_first_page_header_footer:
            footers.append(section.first_page_footer)
        for footer in footers:
            footer.is_linked_to_previous = False
            line = footer.add_paragraph()
            line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            run = line.add_run(text)
            run.font.size, run.font.color.rgb = Pt(8), GREY
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()
