"""Writes a minimal Excel 97 file (BIFF8 in an OLE container), because no kept library writes them."""

import struct
from collections.abc import Sequence
from pathlib import Path

_SECTOR = 512
_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
_DATE_STYLE = 1

Merge = tuple[int, int, int, int]  # first row, last row, first column, last column; all from 0


def write_xls(
    path: Path, rows: Sequence[Sequence[str | float | None]], merges: Sequence[Merge] = (), kind: int = 0
) -> Path:
    """One sheet of this kind (1: Excel 4.0 macros); a float is written as a date cell (Excel serial number), text as text."""
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0x0DBB, 0x07CC, 0, 6))
    sheet += _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows)), 0))
    for r, row in enumerate(rows):
        for c, value in enumerate(row):
            if isinstance(value, str):
                text = value.encode("utf-16-le")
                sheet += _record(0x0204, struct.pack("<HHHHB", r, c, 0, len(text) // 2, 1) + text)
            elif value is not None:
                sheet += _record(0x0203, struct.pack("<HHHd", r, c, _DATE_STYLE, value))
    if merges:
        sheet += _record(
            0x00E5, struct.pack("<H", len(merges)) + b"".join(struct.pack("<4H", *m) for m in merges)
        )
    sheet += _record(0x000A, b"")

    head = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0x0DBB, 0x07CC, 0, 6))
    head += _record(0x0042, struct.pack("<H", 1200)) + _record(0x0022, struct.pack("<H", 0))
    font = struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + struct.pack("<BB", 5, 0) + b"Arial"
    head += _record(0x0031, font) * 4
    for number_format in (0, 22):
        head += _record(
            0x00E0, struct.pack("<HHHBBBBIIH", 0, number_format, 0x0001, 0x20, 0, 0, 0, 0, 0, 0x20C0)
        )
    name = "工单".encode("utf-16-le")
    bound_size = 4 + 6 + 2 + len(name)
    offset = len(head) + bound_size + 4
    head += _record(0x0085, struct.pack("<IBBBB", offset, 0, kind, 2, 1) + name) + _record(0x000A, b"")
    path.write_bytes(ole({"Workbook": head + sheet}))
    return path


def ole(streams: dict[str, bytes]) -> bytes:
    """An OLE compound file holding the named streams (each padded to be a regular, not a mini stream)."""
    sectors: list[bytes] = []
    chain: list[int] = []
    starts: list[tuple[str, int, int]] = []
    for name, data in streams.items():
        padded = data.ljust(max(4096, -(-len(data) // _SECTOR) * _SECTOR), b"\0")
        starts.append((name, len(sectors), len(padded)))
        for at in range(0, len(padded), _SECTOR):
            sectors.append(padded[at : at + _SECTOR])
            chain.append(len(sectors))
        chain[-1] = _END
    entries = _entry("Root Entry", 5, _END, 0, child=1)
    for number, (name, start, size) in enumerate(starts, start=1):
        right = number + 1 if number < len(starts) else _FREE
        entries += _entry(name, 2, start, size, right=right)
    directory = entries.ljust(-(-len(entries) // _SECTOR) * _SECTOR, b"\0")
    directory_start = len(sectors)
    for at in range(0, len(directory), _SECTOR):
        sectors.append(directory[at : at + _SECTOR])
        chain.append(len(sectors))
    chain[-1] = _END
    fat_count = -(-(len(chain) + 1) // (_SECTOR // 4 - 1))
    fat_start = len(chain)
    chain += [_FAT] * fat_count
    chain += [_FREE] * (fat_count * _SECTOR // 4 - len(chain))
    fat = struct.pack(f"<{len(chain)}I", *chain)
    header = bytes.fromhex("D0CF11E0A1B11AE1") + bytes(16)
    header += struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    header += struct.pack("<IIIIIIIII", 0, fat_count, directory_start, 0, 4096, _END, 0, _END, 0)
    header += struct.pack("<109I", *[*range(fat_start, fat_start + fat_count), *[_FREE] * (109 - fat_count)])
    return header + b"".join(sectors) + fat


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _entry(name: str, kind: int, start: int, size: int, *, child: int = _FREE, right: int = _FREE) -> bytes:
    text = name.encode("utf-16-le") + b"\0\0"
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(text), kind, 1, _FREE, right, child)
        + bytes(36)
        + struct.pack("<III", start, size, 0)
    )
