"""Looks into an uploaded .docx before any Word library may: is it one, and is it harmless?

Refuses what a template never needs: macros, embedded programs and documents, anything fetched from
outside, fields that run commands or read files, document type definitions, and files that unpack into
too much. Repairs nothing.
"""

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from typing import Final
from xml.etree.ElementTree import Element

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_UNPACKED_BYTES: Final = 60 * 1024 * 1024
MAX_XML_BYTES: Final = 15 * 1024 * 1024
MAX_PARTS: Final = 1_000
MAX_DEPTH: Final = 150

_DOCUMENT_TYPE: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_MACRO_NAMES: Final = ("vbaproject.bin", "vbadata.xml", "vbaprojectsignature.bin")
_EMBEDDED: Final = ("word/embeddings/", "word/activex/", "customui/", "word/afchunk")
_SAFE_LINK = re.compile(r"(https?://|mailto:)", re.IGNORECASE)
_HYPERLINK: Final = "/hyperlink"
# Fields that run a program, read another file or fetch something when Word updates the document.
_BAD_FIELD = re.compile(
    r"(?:^|\s)(DDEAUTO|DDE|INCLUDEPICTURE|INCLUDETEXT|INCLUDE|IMPORT|LINK|MACROBUTTON|DATABASE|RD|EMBED)(?=\s|$)",
    re.IGNORECASE,
)


class TemplateError(Exception):
    """The file is refused; the text is the sentence the administrator is shown."""


def check_package(data: bytes) -> None:
    """Raise `TemplateError` unless these bytes are a plain, self-contained .docx."""
    if len(data) > MAX_BYTES:
        raise TemplateError(f"文件超过 {MAX_BYTES // 1024 // 1024} MB")
    if data.startswith(bytes.fromhex("D0CF11E0A1B11AE1")):
        raise TemplateError("这是旧版 .doc 或有密码的文件，请取消密码并另存为 .docx")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            _check_names(parts)
            xml = {
                part.filename: _parsed(archive, part)
                for part in parts
                if part.filename.lower().endswith((".xml", ".rels"))
            }
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise TemplateError("不是有效的 Word 文件（.docx），请用 Word 或 WPS 另存为 .docx 后再上传") from None
    _check_types(xml)
    for name, root in xml.items():
        if name.lower().endswith(".rels"):
            _check_relations(root)
        elif name.startswith("word/"):
            _check_fields(root)


def _check_names(parts: list[zipfile.ZipInfo]) -> None:
    names = [part.filename.lower().replace("\\", "/") for part in parts]
    if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise TemplateError(f"文件解压后超过 {MAX_UNPACKED_BYTES // 1024 // 1024} MB")
    if len(set(names)) < len(names):
        raise TemplateError("文件结构异常，请用 Word 另存为 .docx 后再上传")
    if any(part.flag_bits & 0x1 for part in parts):
        raise TemplateError("文件有密码保护，请取消密码后再上传")
    if any(name.endswith(_MACRO_NAMES) for name in names):
        raise TemplateError("模板中有宏，请去掉宏并另存为 .docx 后再上传")
    if any(name.startswith(_EMBEDDED) for name in names):
        raise TemplateError("模板中嵌有其他文件或控件，请删除后再上传")
    if "word/document.xml" not in names or "[content_types].xml" not in names:
        raise TemplateError("不是 Word 文件（.docx），请用 Word 或 WPS 另存为 .docx 后再上传")


def _parsed(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> Element:
    if part.file_size > MAX_XML_BYTES:
        raise TemplateError("文件内容过大，请精简模板")
    try:
        root: Element = ElementTree.fromstring(archive.read(part), forbid_dtd=True)
    except DefusedXmlException:
        raise TemplateError("文件中含有不允许的外部定义（DTD），可能是恶意文件") from None
    except (ElementTree.ParseError, LookupError, UnicodeError):
        raise TemplateError("文件内容损坏，请用 Word 打开并另存为 .docx 后再上传") from None
    return root


def _check_types(xml: Mapping[str, Element]) -> None:
    kinds: list[str] = []
    for root in (root for name, root in xml.items() if name.lower() == "[content_types].xml"):
        kinds += [kind for child in root if (kind := child.get("ContentType"))]
    if any("macroenabled" in kind.lower() or "vbaproject" in kind.lower() for kind in kinds):
        raise TemplateError("模板中有宏，请去掉宏并另存为 .docx 后再上传")
    if _DOCUMENT_TYPE not in kinds:
        raise TemplateError("不是普通的 Word 文档，请另存为 .docx 后再上传")


def _check_relations(root: Element) -> None:
    for relation in root:
        kind, target = relation.get("Type", "").lower(), relation.get("Target", "")
        if kind.endswith(("/oleobject", "/package", "/control", "/afchunk", "/vbaproject")):
            raise TemplateError("模板中嵌有其他文件或控件，请删除后再上传")
        if relation.get("TargetMode", "").lower() != "external":
            continue
        if kind.endswith(_HYPERLINK) and _SAFE_LINK.match(target):
            continue
        what = "图片" if kind.endswith("/image") else "内容"
        raise TemplateError(f"模板引用了文件之外的{what}（{target[:80]}），请改为直接插入后再上传")


def _check_fields(root: Element) -> None:
    """One pass over a part in document order; the runs of one instruction are read together."""
    instructions: list[str] = []
    for node in _nodes(root):
        match _local(node.tag):
            case "altChunk":
                raise TemplateError("模板中嵌有其他文件或控件，请删除后再上传")
            case "instrText" | "delInstrText":
                # Word may spread one instruction over several runs; together they make the command.
                instructions.append(node.text or "")
            case "fldSimple":
                instructions += [
                    "\n",
                    *(value for key, value in node.items() if _local(key) == "instr"),
                    "\n",
                ]
            case "p" | "fldChar":
                instructions.append("\n")
    _refuse_field("".join(instructions))


def _nodes(root: Element) -> Iterator[Element]:
    """All elements in document order; nesting that no document has would exhaust later readers."""
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise TemplateError("文件结构异常，请用 Word 另存为 .docx 后再上传")
        yield node
        waiting += [(child, depth + 1) for child in reversed(node)]


def _refuse_field(instruction: str) -> None:
    if found := _BAD_FIELD.search(instruction):
        raise TemplateError(
            f"模板中有会执行命令或读取外部内容的域（{found.group(1).upper()}），请删除后再上传"
        )


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
