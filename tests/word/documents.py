"""Builds small .docx files for the claims about templates, and the small evils that must be refused."""

import io
import zipfile
from collections.abc import Mapping, Sequence

import docx
from PIL import Image

_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_END_OF_RELATIONS = b"</Relationships>"


def template(
    *paragraphs: str, table: Sequence[Sequence[str]] = (), header: str = "", footer: str = ""
) -> bytes:
    """A document of these paragraphs, then a table of these rows."""
    document = docx.Document()
    for text in paragraphs:
        document.add_paragraph(text)
    if table:
        grid = document.add_table(rows=len(table), cols=len(table[0]))
        for row, texts in zip(grid.rows, table, strict=True):
            for cell, text in zip(row.cells, texts, strict=True):
                cell.text = text
    document.sections[0].header.paragraphs[0].text = header
    document.sections[0].footer.paragraphs[0].text = footer
    document.core_properties.comments = ""
    return _saved(document)


def split_in_runs(*runs: str) -> bytes:
    """One paragraph whose text Word has spread over several runs, as it does while one types."""
    document = docx.Document()
    paragraph = document.add_paragraph()
    for text in runs:
        paragraph.add_run(text).bold = False
    document.core_properties.comments = ""
    return _saved(document)


def _saved(document: "docx.document.Document") -> bytes:
    target = io.BytesIO()
    document.save(target)
    return target.getvalue()


def changed(
    data: bytes, replaced: Mapping[str, tuple[bytes, bytes]], added: Mapping[str, bytes] | None = None
) -> bytes:
    """The same archive with text replaced in named members, and members added."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name in replaced:
                before, after = replaced[name]
                assert before in content
                content = content.replace(before, after, 1)
            new.writestr(name, content)
        for name, content in (added or {}).items():
            new.writestr(name, content)
    return target.getvalue()


def with_relation(data: bytes, kind: str, target: str, *, external: bool = True) -> bytes:
    """A document with one more relation, such as a picture that is fetched from an address."""
    mode = ' TargetMode="External"' if external else ""
    line = f'<Relationship Id="rIdEvil" Type="{_REL}/{kind}" Target="{target}"{mode}/>'.encode()
    return changed(data, {"word/_rels/document.xml.rels": (_END_OF_RELATIONS, line + _END_OF_RELATIONS)})


def with_body(data: bytes, xml: str) -> bytes:
    """A document with raw XML at the beginning of its body."""
    return changed(data, {"word/document.xml": (b"<w:body>", b"<w:body>" + xml.encode())})


def part_names(data: bytes) -> list[str]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


def part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def picture(width: int = 800, height: int = 600, kind: str = "PNG") -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(target, kind)
    return target.getvalue()
