"""The virus scanner: clamd's INSTREAM over TCP (docs.clamav.net, "clamd protocol"). Stores nothing, decides nothing.

A file that clamd says is too large for it counts as not answered: what was not looked at is not clean.
"""

import asyncio
import struct

from core.quarantine import ScannerAway
from core.settings import settings

CONNECT = 5.0  # seconds
ANSWER = 120.0
PIECE = 64 * 1024


async def scan(data: bytes) -> str:
    """What clamd finds in the bytes, in its own words; "" when nothing.

    Raises:
        ScannerAway: no connection, no answer in time, or an answer that is neither "OK" nor "FOUND".
    """
    verdict = await _asked(b"zINSTREAM\0", data)
    if verdict == "stream: OK":
        return ""
    if verdict.startswith("stream: ") and verdict.endswith(" FOUND"):
        return verdict.removeprefix("stream: ").removesuffix(" FOUND")
    raise ScannerAway(verdict[:200] or "空应答")


async def version() -> str:
    """Engine and age of the signatures, "ClamAV 1.4.1/27476/Sun Nov 22 …".

    Raises:
        ScannerAway: as `scan`.
    """
    return await _asked(b"zVERSION\0", None)


async def _asked(command: bytes, data: bytes | None) -> str:
    host, _, port = settings().clamav_address.rpartition(":")
    if not host or not port.isdigit():
        raise ScannerAway("HUIYIN_CLAMAV_ADDRESS 应为 主机:端口")
    try:
        reader, writer = await asyncio.wait_for(asyncio.open_connection(host.strip("[]"), int(port)), CONNECT)
    except (OSError, TimeoutError) as error:
        raise ScannerAway(f"无法连接（{type(error).__name__}）") from error
    try:
        async with asyncio.timeout(ANSWER):
            writer.write(command)
            for start in range(0, len(data or b""), PIECE):
                piece = (data or b"")[start : start + PIECE]
                writer.write(struct.pack("!I", len(piece)) + piece)
                await writer.drain()
            if data is not None:
                writer.write(struct.pack("!I", 0))
            await writer.drain()
            return (await reader.readuntil(b"\0")).rstrip(b"\0").decode(errors="replace").strip()
    except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
        raise ScannerAway(f"没有收到应答（{type(error).__name__}）") from error
    finally:
        writer.close()
