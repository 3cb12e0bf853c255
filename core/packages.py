"""Finds what acts by itself in a docx or xlsx that was sent: macros, embedded programs, links that fetch from elsewhere,
a second file before or behind it, names that lead out of it, archives that unpack to gigabytes.

What a part is, is told by its relationship, its content type and its first bytes: its name is the sender's choice.
Opens no program. ECMA-376 part 2 (packages) and part 1 (relationships, fields); OWASP ASVS 4.0 12.1–12.3, 5.5.2.
"""

import html
import io
import re
import stat
import struct
import zipfile
from collections.abc import Iterator

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

MOST_UNPACKED = 300 * 1024 * 1024
MOST_ENTRIES = 10_000
MOST_RATIO = 200  # an office document packs 5 to 50 times; a bomb a thousand times
RATIO_COUNTS_FROM = 20 * 1024 * 1024
MOST_OF_A_PART = 64 * 1024 * 1024
DEEPEST = 2  # packages within packages: the workbook behind a chart, and no more

STRANGE = "的内部结构不正常，不能上传；请用 Word 或 Excel 打开后另存一份"
BOMB = "解压后过大，疑似压缩炸弹"
MACROS = "含有宏，不能上传；请另存为不含宏的格式"
EMBEDDED = "含有嵌入的对象，不能上传；请删除嵌入的文件或改为截图"
LINKED = "引用了其他工作簿或外部数据，不能上传；请先断开链接（数据 → 编辑链接 → 断开）"
FETCHES = "含有会自动访问外部地址的链接（模板、图片或对象），不能上传；请删除后再传"
FIELDS = "含有会读取外部内容的域（如 DDE），不能上传；请把域转为文字后再传"
ANOTHER = "前后附带了其他内容，不能上传；请用 Word 或 Excel 打开后另存一份"

_EMBEDDED = re.compile(
    r"embeddings/.*\.(?:bin|exe|dll|js|vbs|bat|html?|docm|xlsm|pptm)$|activex/|/oleobject", re.IGNORECASE
)
_PROGRAM = re.compile(r"\.(?:exe|dll|scr|com|bat|cmd|ps1|vbs?|jse?|wsf|hta|html?|mht|jar|class|lnk)$")
# By the last word of a relationship's type.
_MEANS = {
    **dict.fromkeys(("vbaproject", "wordvbadata", "xlmacrosheet", "xlintlmacrosheet", "dialogsheet"), MACROS),
    **dict.fromkeys(("extensibility", "usercustomization", "attachedtoolbars", "keymapcustomizations"), MACROS),
    **dict.fromkeys(("oleobject", "control", "activexcontrolbinary", "afchunk", "ctrlprop"), EMBEDDED),
    **dict.fromkeys(("externallink", "externallinkpath", "connections", "querytable", "volatiledependencies"), LINKED),
}  # fmt: skip
_DECLARED = re.compile(r"macroenabled|vbaproject|macrosheet|dialogsheet|vbadata", re.IGNORECASE)
_OLE = bytes.fromhex("D0CF11E0A1B11AE1")
_PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"#!",
    b"%PDF",
    b"Rar!",
    b"7z\xbc\xaf",
    b"L\0\0\0\x01\x14\x02\0",
)
_SCRIPTED = re.compile(rb"<script|javascript:|\son[a-z]+\s*=|<foreignobject|<!entity", re.IGNORECASE)
_FORMULA = re.compile(rb"<(?:\w+:)?f\b[^>]*>[^<]*\b(?:WEBSERVICE|RTD|REGISTER\.ID|CALL)\s*\(", re.IGNORECASE)
_RUNS = re.compile(r"\bDDE(?:AUTO)?\s|^\s*LINK\s", re.IGNORECASE)
_READS = re.compile(r"^\s*(?:INCLUDETEXT|INCLUDEPICTURE|IMPORT)\b.*(?:://|\\\\)", re.IGNORECASE | re.DOTALL)
_CHUNK, _OVERLAP = 1024 * 1024, 8192


def in_package(data: bytes, depth: int = 1) -> str:
    """What is wrong with a docx or xlsx, in words that follow its name; "" when nothing.

    Raises:
        zipfile.BadZipFile: it is no whole archive.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        entries = pack.infolist()
        reason = _bomb(entries, data) or _misleading(entries) or _by_name(entries)
        if not reason and not _all_of_it(entries, data):
            reason = ANOTHER
        return reason or next((found for entry in entries if (found := _in_part(pack, entry, depth))), "")


def _bomb(entries: list[zipfile.ZipInfo], data: bytes) -> str:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED or len(entries) > MOST_ENTRIES:
        return BOMB
    if any(
        entry.file_size > RATIO_COUNTS_FROM and entry.file_size > MOST_RATIO * max(1, entry.compress_size)
        for entry in entries
    ):
        return BOMB
    if sum(entry.compress_size for entry in entries) > len(data):  # parts that share their bytes
        return BOMB
    if any(entry.flag_bits & 0x1 for entry in entries):
        return "已加密，无法检查，不能上传"
    return ""


def _misleading(entries: list[zipfile.ZipInfo]) -> str:
    """Names that lead out of the folder it is unpacked into, links in the place of files, two parts of one name."""
    names = [entry.filename.replace("\\", "/").lower() for entry in entries]
    if any(name.startswith("/") or ".." in name.split("/") or "\0" in name or ":" in name for name in names):
        return STRANGE
    if any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries) or len(set(names)) < len(names):
        return STRANGE
    return ""


def _by_name(entries: list[zipfile.ZipInfo]) -> str:
    names = [entry.filename.replace("\\", "/").lower() for entry in entries]
    if any(name.endswith(("vbaproject.bin", "vbadata.xml")) or "/macrosheets/" in name for name in names):
        return MACROS
    if any(_EMBEDDED.search(name) or _PROGRAM.search(name) for name in names):
        return EMBEDDED
    return LINKED if any("/externallinks/" in f"/{name}" for name in names) else ""


def _all_of_it(entries: list[zipfile.ZipInfo], data: bytes) -> bool:
    """Whether the file is this archive and nothing else: a second one before or behind it would be read by others."""
    end = data.rfind(b"PK\x05\x06")
    if end < 0 or end + 22 > len(data):
        return False
    (comment,) = struct.unpack_from("<H", data, end + 20)
    return end + 22 + comment == len(data) and min((entry.header_offset for entry in entries), default=0) == 0


def _in_part(pack: zipfile.ZipFile, entry: zipfile.ZipInfo, depth: int) -> str:
    name = entry.filename.replace("\\", "/").lower()
    if not name.endswith((".xml", ".rels")):
        return _in_other(pack, entry, name, depth)
    if name.startswith("xl/worksheets/sheet") or name == "xl/sharedstrings.xml":
        with pack.open(entry) as part:  # the data of a sheet is large, and holds no link
            return _in_sheet(iter(lambda: part.read(_CHUNK), b""))
    if entry.file_size > MOST_OF_A_PART:
        return BOMB
    data = pack.read(entry)
    if _declares(data[:65536]):
        return STRANGE
    if (
        name == "[content_types].xml"
        or name.endswith(".rels")
        or b"instrText" in data
        or b"fldSimple" in data
    ):
        return _in_xml(data)
    return ""


def _in_other(pack: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, depth: int) -> str:
    """A picture, a font, the workbook behind a chart; or something that is called one."""
    with pack.open(entry) as part:
        start = part.read(8)
        if start.startswith((_OLE, *_PROGRAMS)):
            return EMBEDDED
        if start.startswith(b"PK\x03\x04"):
            if "/embeddings/" not in name or depth >= DEEPEST or entry.file_size > MOST_OF_A_PART:
                return EMBEDDED
            return in_package(start + part.read(), depth + 1)
        if name.endswith(".svg") and _SCRIPTED.search(start + part.read(MOST_OF_A_PART)):
            return EMBEDDED
    return ""


def _in_sheet(chunks: Iterator[bytes]) -> str:
    rest = b""
    for number, chunk in enumerate(chunks):
        if number == 0 and _declares(chunk[:65536]):
            return STRANGE
        if _FORMULA.search(rest + chunk):
            return LINKED
        rest = chunk[-_OVERLAP:]
    return ""


def _declares(start: bytes) -> bool:
    """An XML part that declares entities, or is not UTF-8 and so would not be understood here."""
    return b"<!DOCTYPE" in start or b"<!ENTITY" in start or b"\0" in start


class _Looker:
    """What a part says of itself: kinds and targets of relationships, declared types, instructions of fields."""

    def __init__(self) -> None:
        self.reason = ""
        self.pieces: list[str] = []
        self._field = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        """An element begins."""
        local = tag.rpartition("}")[2]
        if local == "Relationship":
            self.reason = self.reason or _relation(given)
        elif local in ("Override", "Default") and _DECLARED.search(given.get("ContentType", "")):
            self.reason = MACROS
        elif local in ("instrText", "delInstrText"):
            self._field = True
            self.pieces.append("")
        elif local == "fldSimple":
            self.pieces += [text for key, text in given.items() if key.rpartition("}")[2] == "instr"]

    def data(self, text: str) -> None:
        """Words."""
        if self._field:
            self.pieces[-1] += text

    def end(self, tag: str) -> None:
        """An element ends."""
        if tag.rpartition("}")[2] in ("instrText", "delInstrText"):
            self._field = False

    def close(self) -> str:
        """What is wrong."""
        joined = "".join(self.pieces)  # Word cuts one instruction into several runs
        if _RUNS.search(joined) or any(_RUNS.search(one) or _READS.match(one) for one in self.pieces):
            return self.reason or FIELDS
        return self.reason


def _in_xml(data: bytes) -> str:
    parser = DefusedXMLParser(target=_Looker(), forbid_dtd=True)
    try:
        parser.feed(data)
        return str(parser.close())
    except (ParseError, DefusedXmlException, LookupError, ValueError):
        return STRANGE


def _relation(given: dict[str, str]) -> str:
    """What a relationship leads to, if it may not be; a link one clicks on is followed by nobody else."""
    given = {name.lower(): text for name, text in given.items()}
    kind = given.get("type", "").rstrip("/").rpartition("/")[2].lower()
    if kind in _MEANS:
        outside = given.get("targetmode", "").lower() == "external" and _MEANS[kind] == EMBEDDED
        return FETCHES if outside else _MEANS[kind]
    if given.get("targetmode", "").lower() != "external" or kind == "hyperlink":
        return ""
    target = html.unescape(given.get("target", "")).strip().lower()
    if target.startswith("file:"):
        return "" if re.match(r"file:/{1,3}[a-z]:", target) else FETCHES  # file://server/share
    return FETCHES if target.startswith(("\\\\", "//")) or re.match(r"[a-z][a-z0-9+.-]+:", target) else ""
