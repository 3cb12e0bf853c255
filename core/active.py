"""Finds what acts by itself in a document that was sent: macros, embedded programs, links that fetch from elsewhere,
scripts in a PDF, archives that unpack to gigabytes. Opens no program and decodes no content it does not have to.

The reasons are words for a screen, each saying what to do. Office Open XML: ECMA-376 part 2 (packages) and part 1
(relationships, fields); xls: [MS-XLS] 2.4.28 (BoundSheet8); PDF: ISO 32000-2 7.3.5 (names), 7.5.7 (object streams), 12.6 (actions).
"""

import html
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from xlrd import compdoc

MOST_UNPACKED = 300 * 1024 * 1024
MOST_ENTRIES = 10_000
MOST_RATIO = 200  # an office document packs 5 to 50 times; a bomb a thousand times
RATIO_COUNTS_FROM = 20 * 1024 * 1024
MOST_OF_A_PART = 64 * 1024 * 1024

_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"""\b(\w+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_FIELD = re.compile(rb"<\w+:instrText\b[^>]*>([^<]*)</|<\w+:fldSimple\b[^>]*\b\w+:instr=\"([^\"]*)\"")
_RUNS = re.compile(r"\bDDE(?:AUTO)?\s|^\s*LINK\s", re.IGNORECASE)
_FETCHES = re.compile(r"^\s*(?:INCLUDETEXT|INCLUDEPICTURE|IMPORT)\b.*(?:://|\\\\)", re.IGNORECASE | re.DOTALL)
_EMBEDDED = re.compile(
    r"embeddings/.*\.(?:bin|exe|dll|js|vbs|bat|html?|docm|xlsm|pptm)$|activex/|/oleobject", re.IGNORECASE
)
_ACTS = {
    b"JavaScript": "脚本",
    b"Launch": "启动外部程序的动作",
    b"EmbeddedFile": "内嵌文件",
    b"EmbeddedFiles": "内嵌文件",
    b"RichMedia": "内嵌的多媒体程序",
    b"SubmitForm": "向外发送数据的动作",
    b"ImportData": "读取外部数据的动作",
}
_NAME = re.compile(rb"/((?:[A-Za-z0-9]|#[0-9A-Fa-f]{2}){3,24})")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_HEAD = 2000  # bytes before a stream in which its dictionary lies


def in_package(data: bytes) -> str:
    """What is wrong with a docx or xlsx, in words that follow its name; "" when nothing.

    Raises:
        zipfile.BadZipFile: it is no whole archive.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        entries = pack.infolist()
        if reason := _bomb(entries, data):
            return reason
        names = [entry.filename for entry in entries]
        if any(".." in name.split("/") or name.startswith(("/", "\\")) or "\0" in name for name in names):
            return "的内部结构不正常，不能上传"
        if any(
            name.lower().endswith(("vbaproject.bin", "vbadata.xml")) or "/macrosheets/" in name
            for name in names
        ):
            return "含有宏，不能上传；请另存为不含宏的格式"
        if any(_EMBEDDED.search(name) for name in names):
            return "含有嵌入的对象，不能上传；请删除嵌入的文件或改为截图"
        if any("/externallinks/" in f"/{name}".lower() for name in names):
            return "引用了其他工作簿或外部数据，不能上传；请先断开链接（数据 → 编辑链接 → 断开）"
        return next((reason for entry in entries if (reason := _in_part(pack, entry))), "")


def _bomb(entries: list[zipfile.ZipInfo], data: bytes) -> str:
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > MOST_UNPACKED or len(entries) > MOST_ENTRIES:
        return "解压后过大，疑似压缩炸弹"
    if any(
        entry.file_size > RATIO_COUNTS_FROM and entry.file_size > MOST_RATIO * max(1, entry.compress_size)
        for entry in entries
    ):
        return "解压后过大，疑似压缩炸弹"
    if sum(entry.compress_size for entry in entries) > len(data):  # parts that share their bytes
        return "解压后过大，疑似压缩炸弹"
    if any(entry.flag_bits & 0x1 for entry in entries):
        return "已加密，无法检查，不能上传"
    return ""


def _in_part(pack: zipfile.ZipFile, entry: zipfile.ZipInfo) -> str:
    name = entry.filename.lower()
    if not name.endswith((".xml", ".rels")) or entry.file_size > MOST_OF_A_PART:
        return ""
    if name.startswith("xl/worksheets/sheet") or name == "xl/sharedstrings.xml":
        with pack.open(entry) as part:  # the data of a sheet is large, and holds no link
            return _declares(part.read(4096))
    part_data = pack.read(entry)
    if reason := _declares(part_data[:65536]):
        return reason
    if name == "[content_types].xml" and b"macroenabled" in part_data.lower():
        return "含有宏，不能上传；请另存为不含宏的格式"
    if name.endswith(".rels") and any(_leads_out(tag) for tag in _RELATIONSHIP.findall(part_data)):
        return "含有会自动访问外部地址的链接（模板、图片或对象），不能上传；请删除后再传"
    if name.startswith("word/") and _fetching_field(part_data):
        return "含有会读取外部内容的域（如 DDE），不能上传；请把域转为文字后再传"
    return ""


def _declares(start: bytes) -> str:
    """An XML part that declares entities, or is not UTF-8 and so would not be understood here."""
    found = b"<!DOCTYPE" in start or b"<!ENTITY" in start or b"\0" in start
    return "的内部结构不正常，不能上传；请用 Word 或 Excel 打开后另存一份" if found else ""


def _leads_out(tag: bytes) -> bool:
    """Whether a relationship is followed without a click, to somewhere on a net. A link one clicks on is none."""
    given = {key.lower(): first or second for key, first, second in _ATTRIBUTE.findall(tag)}
    if given.get(b"targetmode", b"").lower() != b"external" or given.get(b"type", b"").lower().endswith(
        b"/hyperlink"
    ):
        return False
    target = html.unescape(given.get(b"target", b"").decode(errors="replace")).strip().lower()
    if target.startswith("file:"):
        return not re.match(r"file:/{1,3}[a-z]:", target)  # file://server/share
    return target.startswith(("\\\\", "//")) or bool(re.match(r"[a-z][a-z0-9+.-]+:", target))


def _fetching_field(part: bytes) -> bool:
    if b"instrText" not in part and b"fldSimple" not in part:
        return False
    pieces = [
        html.unescape((first or second).decode(errors="replace")) for first, second in _FIELD.findall(part)
    ]
    joined = "".join(pieces)  # Word cuts one instruction into several runs
    return bool(_RUNS.search(joined)) or any(_RUNS.search(one) or _FETCHES.match(one) for one in pieces)


def in_old_excel(data: bytes) -> str:
    """What is wrong with an xls (an OLE2 file), by the names of its streams, which are UTF-16."""
    if any(name.encode("utf-16-le") in data for name in ("_VBA_PROJECT", "_VBA_PROJECT_CUR")):
        return "含有宏，不能上传；请另存为不含宏的 xlsx"
    if any(
        name.encode("utf-16-le") in data for name in ("\x01Ole10Native", "ObjectPool", "MBD00", "\x01Ole\0")
    ):
        return "含有嵌入的对象，不能上传；请删除嵌入的文件"
    if "EncryptedPackage".encode("utf-16-le") in data:
        return "已加密，无法检查，不能上传"
    return _in_workbook(data)


_BOUND_SHEET, _END_OF_GLOBALS, _MACRO_SHEET, _MODULE = 0x85, 0x0A, 1, 6
# xlrd was not written for what people send on purpose, and fails in many ways.
_TORN = (
    compdoc.CompDocError, struct.error, ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError,
    TypeError, ValueError,
)  # fmt: skip


def _in_workbook(data: bytes) -> str:
    """Sheets of Excel 4.0 macros, which need no VBA, by the list of sheets with which the workbook begins."""
    try:
        container = compdoc.CompDoc(data, logfile=io.StringIO())
        streams = (container.locate_named_stream(name) for name in ("Workbook", "Book"))
        found = next((stream for stream in streams if stream[0] is not None), None)
        if found is None:
            return "不是完好的 Excel 文件"
        held, at, size = found
        end = at + size
        while at + 4 <= end:
            record, length = struct.unpack_from("<HH", held, at)
            if record == _BOUND_SHEET and length >= 6 and held[at + 9] in (_MACRO_SHEET, _MODULE):
                return "含有宏，不能上传；请另存为不含宏的 xlsx"
            if record == _END_OF_GLOBALS:
                break
            at += 4 + length
    except _TORN:
        return "已损坏，无法打开"
    return ""


def in_pdf(data: bytes) -> str:
    """What is wrong with a PDF; "" when nothing."""
    if b"/Encrypt" in data and re.search(rb"/Encrypt\s*(?:\d+\s+\d+\s+R|<<)", data):
        return "已加密，无法检查，不能上传；请另存为不加密的 PDF"
    if archive_behind(data):
        return "后面附带了压缩包，不能上传"
    for part in _readable(data):
        for name in _NAME.findall(part):
            if (act := _ACTS.get(_plain(name))) is not None:
                return f"含有{act}，不能上传；请用“打印为 PDF”另存一份"
    return ""


def _plain(name: bytes) -> bytes:
    """A PDF name without its escapes: /J#61vaScript is /JavaScript."""
    return _HEX.sub(lambda found: bytes((int(found[1], 16),)), name)


def archive_behind(data: bytes) -> bool:
    """Whether a zip lies behind other content: one file that is two."""
    return not data.startswith(b"PK") and b"PK\x05\x06" in data[-66_000:] and b"PK\x01\x02" in data


def _readable(data: bytes) -> Iterator[bytes]:
    """The file, and what its compressed object streams say. What they unpack to is bounded."""
    yield data
    left = MOST_OF_A_PART
    for found in _STREAM.finditer(data):
        head = data[max(0, found.start() - _HEAD) : found.start()]
        if b"ObjStm" not in _plain(head[max(0, head.rfind(b" obj")) :]):
            continue
        unpacker = zlib.decompressobj()
        try:
            unpacked = unpacker.decompress(memoryview(data)[found.end() :], max(1, left))
        except zlib.error:
            continue
        left -= len(unpacked)
        yield unpacked
        if left <= 0:
            return
