"""Pictures as they are kept: nothing but the picture. Where and with what it was taken, and whatever was hung on
behind it, is cut off; the pixels are not touched, so nothing gets worse.

A phone writes the place into each photo (EXIF GPS): a patient's home, a ward. The one thing kept is which way is up.
JPEG: ITU-T T.81 annex B and Exif 2.3; PNG: W3C PNG third edition; WebP: RFC 9649; GIF: GIF89a. Decodes no pixel.
"""

import struct
import zlib
from collections.abc import Callable

_ORIENTATION = 0x0112
_PNG_HEAD = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS gAMA cHRM sRGB iCCP cICP sBIT bKGD pHYs acTL fcTL fdAT".split()
)
_WEBP_DROPPED = frozenset((b"EXIF", b"XMP "))
_WEBP_FLAGS = 0b00001100  # in VP8X: "there is Exif", "there is XMP"
# JPEG segments that carry no picture: APP1 (Exif, XMP), APP3 … APP13 (makers, IPTC), APP15, comments. APP0 is JFIF,
# APP2 the colour profile, APP14 how Adobe coded the colours: without them a picture looks different.
_JPEG_DROPPED = frozenset((0xE1, *range(0xE3, 0xEE), 0xEF, 0xFE))
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))  # markers without a length


class Damaged(ValueError):
    """Not a whole picture."""


def bare(mime: str, data: bytes) -> bytes:
    """The picture alone; what is of no kind known here comes back as it is.

    Raises:
        Damaged: its parts do not fit together.
    """
    strip = _STRIPPERS.get(mime)
    if strip is None:
        return data
    try:
        return strip(data)
    except (struct.error, IndexError) as error:
        raise Damaged(f"{mime}: {error}") from None


def _jpeg(data: bytes) -> bytes:
    out, at, upright = bytearray(b"\xff\xd8"), 2, b""
    while True:
        at, marker = _marker(data, at)
        if marker == 0xD9:
            out += b"\xff\xd9"
            return bytes(out[:2] + upright + out[2:])
        if marker in _ALONE:
            out += bytes((0xFF, marker))
            continue
        (length,) = struct.unpack_from(">H", data, at)
        segment = data[at : at + length]
        if length < 2 or len(segment) < length:
            raise Damaged("a segment is longer than the file")
        if marker == 0xE1 and segment[2:8] == b"Exif\0\0" and not upright:
            upright = _upright(segment[8:])
        at += length
        if marker not in _JPEG_DROPPED:
            out += bytes((0xFF, marker)) + segment
        if marker == 0xDA:  # what follows is coded picture, until a marker that is none of its own
            end = _end_of_scan(data, at)
            out += data[at:end]
            at = end


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Where the segment behind the marker at `at` begins, and which marker it is."""
    if data[at] != 0xFF:
        raise Damaged("no marker where one must be")
    while data[at] == 0xFF:
        at += 1
    return at + 1, data[at]


def _end_of_scan(data: bytes, at: int) -> int:
    while True:
        at = data.find(b"\xff", at)
        if at < 0:
            raise Damaged("the picture does not end")
        if data[at + 1] != 0 and not 0xD0 <= data[at + 1] <= 0xD7 and data[at + 1] != 0xFF:
            return at
        at += 1 if data[at + 1] == 0xFF else 2


def _upright(tiff: bytes) -> bytes:
    """An Exif segment that says only which way is up; b"" when it is upright or says nothing readable."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return b""
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return b""
    (entries,) = struct.unpack_from(f"{order}H", tiff, start)
    for entry in range(min(entries, (len(tiff) - start - 2) // 12)):
        tag, kind, count = struct.unpack_from(f"{order}HHI", tiff, start + 2 + entry * 12)
        if (tag, kind, count) != (_ORIENTATION, 3, 1):
            continue
        (way,) = struct.unpack_from(f"{order}H", tiff, start + 2 + entry * 12 + 8)
        if 2 <= way <= 8:
            body = b"Exif\0\0MM\0*" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, way, 0, 0)
            return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body
    return b""


def _png(data: bytes) -> bytes:
    out, at = bytearray(_PNG_HEAD), len(_PNG_HEAD)
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        if (
            end > len(data)
            or zlib.crc32(data[at + 4 : end - 4]) != struct.unpack_from(">I", data, end - 4)[0]
        ):
            raise Damaged("a chunk is damaged")
        if kind in _PNG_KEPT:
            out += data[at:end]
        if kind == b"IEND":
            return bytes(out)
        at = end


def _webp(data: bytes) -> bytes:
    (size,) = struct.unpack_from("<I", data, 4)
    whole = 8 + size
    if whole > len(data):
        raise Damaged("shorter than it says")
    out, at = bytearray(), 12
    while at + 8 <= whole:
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        if at + 8 + length > whole:
            raise Damaged("a chunk is longer than the file")
        chunk = bytearray(data[at:end])
        if kind == b"VP8X":
            chunk[8] &= ~_WEBP_FLAGS & 0xFF
        if kind not in _WEBP_DROPPED:
            out += chunk
        at = end
    return b"RIFF" + struct.pack("<I", len(out) + 4) + b"WEBP" + bytes(out)


def _gif(data: bytes) -> bytes:
    colours = 3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0
    at = 13 + colours
    out = bytearray(data[:at])
    while True:
        start = at
        if data[at] == 0x3B:
            return bytes(out) + b";"
        if data[at] == 0x2C:
            local = 3 * 2 ** ((data[at + 9] & 7) + 1) if data[at + 9] & 0x80 else 0
            at = _end_of_blocks(data, at + 10 + local + 1)
            out += data[start:at]
        elif data[at] == 0x21:
            kind = data[at + 1]
            at = _end_of_blocks(data, at + 2)
            # Of the extensions a picture needs its timing and the count of its loops; comments and XMP are dropped.
            if kind == 0xF9 or (kind == 0xFF and data[start + 3 : start + 14] == b"NETSCAPE2.0"):
                out += data[start:at]
        else:
            raise Damaged("no block where one must be")


def _end_of_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


_STRIPPERS: dict[str, Callable[[bytes], bytes]] = {
    "image/jpeg": _jpeg,
    "image/png": _png,
    "image/webp": _webp,
    "image/gif": _gif,
}
