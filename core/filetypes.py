"""What an uploaded file really is: by its bytes, not its name; refuses what we do not take. Opens no outside program.

The virus scan talks clamd's INSTREAM protocol when an address is set (docs.clamav.net, "clamd protocol").
"""

import asyncio
import io
import struct
import warnings
import zipfile

from PIL import Image, UnidentifiedImageError

from core.errors import Fault, Invalid
from core.settings import settings

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 60_000_000
MOST_UNPACKED = 300 * 1024 * 1024

_MAGIC: tuple[tuple[bytes, str, tuple[str, ...]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png", ("png",)),
    (b"\xff\xd8\xff", "image/jpeg", ("jpg", "jpeg")),
    (b"GIF87a", "image/gif", ("gif",)),
    (b"GIF89a", "image/gif", ("gif",)),
    (b"%PDF-", "application/pdf", ("pdf",)),
    (b"#!AMR", "audio/amr", ("amr",)),
    (b"ID3", "audio/mpeg", ("mp3",)),
    (b"\x1aE\xdf\xa3", "audio/webm", ("webm",)),  # as browsers record voice
    (b"OggS", "audio/ogg", ("ogg",)),
)
_OFFICE = {
    "docx": ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    "xlsx": ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
_OLD_EXCEL = bytes.fromhex("D0CF11E0A1B11AE1")
_TEXT = {"txt": "text/plain", "csv": "text/csv", "tsv": "text/tab-separated-values"}
TAKEN = "图片（png、jpg、gif、webp）、PDF、Word（docx）、Excel（xlsx、xls）、文本（txt、csv）、录音（amr、mp3、webm、ogg）、视频（mp4）"


def _no(name: str, reason: str) -> Invalid:
    return Invalid(
        f"“{name}”{reason}", details=[Fault(field="file", label="附件", reason=reason, value=name)]
    )


def kind_of(name: str, data: bytes) -> str:
    """The MIME type of the bytes.

    Raises:
        Invalid: empty, too large, of a kind we do not take, or not what the name says.
    """
    if not data:
        raise _no(name, "是空文件")
    if len(data) > MOST_BYTES:
        raise _no(name, f"超过 {MOST_BYTES // 1024 // 1024} MB")
    ending = name.rsplit(".", 1)[-1].lower() if "." in name else ""
    mime, endings = _by_bytes(name, data, ending)
    if ending not in endings:
        raise _no(name, f"的内容与扩展名不符（实际是 {mime}）")
    if mime.startswith("image/"):
        _check_picture(name, data)
    return mime


def _by_bytes(name: str, data: bytes, ending: str) -> tuple[str, tuple[str, ...]]:
    for magic, mime, endings in _MAGIC:
        if data.startswith(magic):
            return mime, endings
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp", ("webp",)
    if data[4:8] == b"ftyp":
        return "video/mp4", ("mp4",)
    if data.startswith(b"PK\x03\x04"):
        return _office(name, data)
    if data.startswith(_OLD_EXCEL) and ending == "xls":
        if "_VBA_PROJECT".encode("utf-16-le") in data:
            raise _no(name, "含有宏，不能上传")
        return "application/vnd.ms-excel", ("xls",)
    if ending in _TEXT and b"\x00" not in data[:4096]:
        return _TEXT[ending], (ending,)
    raise _no(name, f"不是可以上传的文件类型；可上传：{TAKEN}")


def _office(name: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            names = {entry.filename for entry in pack.infolist()}
            unpacked = sum(entry.file_size for entry in pack.infolist())
    except zipfile.BadZipFile:
        raise _no(name, "已损坏，无法打开") from None
    if unpacked > MOST_UNPACKED:
        raise _no(name, "解压后过大，疑似压缩炸弹")
    if any(entry.endswith("vbaProject.bin") for entry in names):
        raise _no(name, "含有宏，不能上传")
    for ending, (part, mime) in _OFFICE.items():
        if part in names:
            return mime, (ending,)
    raise _no(name, f"不是可以上传的文件类型；可上传：{TAKEN}")


def _check_picture(name: str, data: bytes) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:
                width, height = picture.size
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise _no(name, "不是完好的图片") from None
    if width * height > MOST_PIXELS:
        raise _no(name, f"像素过多（{width}×{height}）")


async def check_upload(name: str, data: bytes, *, scan: bool) -> str:
    """The MIME type, after every check; `scan` asks clamd where one is configured.

    Raises:
        Invalid: with the reason.
    """
    mime = kind_of(name, data)
    if scan and (address := settings().clamav_address):
        verdict = await _clamd(address, data)
        if "FOUND" in verdict:
            raise _no(name, "未通过病毒扫描")
    return mime


async def _clamd(address: str, data: bytes) -> str:
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), 5)
    try:
        writer.write(b"zINSTREAM\0")
        for start in range(0, len(data), 65536):
            piece = data[start : start + 65536]
            writer.write(struct.pack("!I", len(piece)) + piece)
        writer.write(struct.pack("!I", 0))
        await writer.drain()
        return (await asyncio.wait_for(reader.read(4096), 60)).decode(errors="replace")
    finally:
        writer.close()
