"""Finds what acts by itself in a document that was sent: macros in an old workbook, scripts in a PDF, archives behind
other files. Opens no program and decodes no content it does not have to. docx and xlsx: core/packages.py.

The reasons are words for a screen, each saying what to do. xls: [MS-XLS] 2.4.28 (BoundSheet8); PDF: ISO 32000-2 7.3.5
(names), 7.5.7 (object streams), 12.6 (actions).
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator

from xlrd import compdoc

MOST_OF_A_PART = 64 * 1024 * 1024

_ACTS = {
    b"JavaScript": "脚本",
    b"Launch": "启动外部程序的动作",
    b"EmbeddedFile": "内嵌文件",
    b"EmbeddedFiles": "内嵌文件",
    b"RichMedia": "内嵌的多媒体程序",
    b"XFA": "动态表单（XFA）",
    b"GoToE": "打开内嵌文件的动作",
    b"GoToR": "打开外部文件的动作",
    b"SubmitForm": "向外发送数据的动作",
    b"HiddenObjects": "经特殊编码而无法检查的内容",
    b"ImportData": "读取外部数据的动作",
}
_NAME = re.compile(rb"/((?:[A-Za-z0-9]|#[0-9A-Fa-f]{2}){3,24})")
_HEX = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM = re.compile(rb"(?<!end)stream\r?\n")
_ENCODED = re.compile(rb"/(?:ASCIIHexDecode|ASCII85Decode|LZWDecode|RunLengthDecode|AHx|A85|LZW|RL|Crypt)\b")
_HIDDEN = b"/HiddenObjects"  # no program writes its objects so: whoever does hides them
_HEAD = 2000  # bytes before a stream in which its dictionary lies


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
        if b"ObjStm" not in (said := _plain(head[max(0, head.rfind(b" obj")) :])):
            continue
        if _ENCODED.search(said):
            yield _HIDDEN
            return
        unpacker = zlib.decompressobj()
        try:
            unpacked = unpacker.decompress(memoryview(data)[found.end() :], max(1, left))
        except zlib.error:
            continue
        left -= len(unpacked)
        yield unpacked
        if left <= 0:
            return
