"""What an uploaded file really is: by its bytes, not its name; refuses what we do not take. Opens no outside program.

`kind_of` says what it is, `examined` is the whole check of what people send. The virus scan is core/quarantine.py.
"""

import io
import warnings
import zipfile

from PIL import Image, UnidentifiedImageError

from core import active, filenames, packages, pictures
from core.filenames import refusal

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 60_000_000
MOST_FRAMES = 300

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


def kind_of(name: str, data: bytes) -> str:
    """The MIME type of the bytes.

    Raises:
        Invalid: empty, too large, of a kind we do not take, or not what the name says.
    """
    if not data:
        raise refusal(name, "是空文件")
    if len(data) > MOST_BYTES:
        raise refusal(name, f"超过 {MOST_BYTES // 1024 // 1024} MB")
    ending = filenames.ending(name)
    mime, endings = _by_bytes(name, data, ending)
    if ending not in endings:
        raise refusal(name, f"的内容与扩展名不符（实际是 {mime}）")
    if mime.startswith("image/"):
        _check_picture(name, data)
    return mime


def examined(name: str, data: bytes) -> tuple[str, bytes]:
    """What people send: its MIME type, and the bytes to keep (of a picture nothing but the picture).

    Raises:
        Invalid: as `kind_of`; a name of two endings; something in it acts by itself, or is a second file.
    """
    filenames.check(name)
    mime = kind_of(name, data)
    if mime.startswith("image/"):
        try:
            return mime, pictures.bare(mime, data)
        except pictures.Damaged:
            raise refusal(name, "不是完好的图片") from None
    if mime == "application/pdf":
        reason = active.in_pdf(data)
    elif mime == "application/vnd.ms-excel":
        reason = active.in_old_excel(data)
    elif data.startswith(b"PK"):
        reason = _in_package(name, data)
    else:
        reason = "后面附带了压缩包，不能上传" if active.archive_behind(data) else ""
    if reason:
        raise refusal(name, reason)
    return mime, data


def _in_package(name: str, data: bytes) -> str:
    try:
        return packages.in_package(data)
    except (
        zipfile.BadZipFile,
        zipfile.LargeZipFile,
        OSError,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
    ):
        raise refusal(name, "已损坏，无法打开") from None


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
        return "application/vnd.ms-excel", ("xls",)
    if ending in _TEXT and b"\x00" not in data:
        return _TEXT[ending], (ending,)
    raise refusal(name, f"不是可以上传的文件类型；可上传：{TAKEN}")


def _office(name: str, data: bytes) -> tuple[str, tuple[str, ...]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as pack:
            names = set(pack.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        raise refusal(name, "已损坏，无法打开") from None
    for ending, (part, mime) in _OFFICE.items():
        if part in names:
            return mime, (ending,)
    raise refusal(name, f"不是可以上传的文件类型；可上传：{TAKEN}")


def _check_picture(name: str, data: bytes) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data)) as picture:  # reads the head; no pixel is decoded
                width, height = picture.size
                frames = int(getattr(picture, "n_frames", 1))
    except Image.DecompressionBombError:
        raise refusal(name, "像素过多，请缩小后再上传") from None
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, EOFError):
        raise refusal(name, "不是完好的图片") from None
    if width * height > MOST_PIXELS:
        raise refusal(name, f"像素过多（{width}×{height}），请缩小后再上传")
    if frames > MOST_FRAMES:
        raise refusal(name, f"动画帧数过多（{frames}）")
