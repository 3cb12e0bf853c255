"""A clamd to try with: speaks PING, VERSION and INSTREAM, finds the EICAR test file and nothing else.

Told to be `silent` it takes the bytes and never answers; told to be `small` it refuses long streams as the real one
does. It stores nothing. ``python -m sandbox.clamd`` serves one at SANDBOX_CLAMD_PORT (3310).
"""

import asyncio
import os
import struct
from dataclasses import dataclass

# The test file of eicar.org, harmless by design, in two pieces: whole it would set off a scanner that reads this.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"
NAME = "Win.Test.EICAR_HDB-1"
VERSION = "ClamAV 1.4.1/27476/Sun Nov 22 10:24:33 2026"


@dataclass
class Clamd:
    """One scanner and what it was asked."""

    silent: bool = False
    small: int = 100 * 1024 * 1024
    asked: int = 0
    port: int = 0

    async def serve(self, host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
        """Listen; the port is then known."""
        server = await asyncio.start_server(self._talk, host, port)
        self.port = int(server.sockets[0].getsockname()[1])
        return server

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            command = (await reader.readuntil(b"\0")).rstrip(b"\0")
            answer = await self._answer(command, reader)
            if not self.silent:
                writer.write(answer.encode() + b"\0")
                await writer.drain()
            else:
                await reader.read()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, command: bytes, reader: asyncio.StreamReader) -> str:
        match command:
            case b"zPING":
                return "PONG"
            case b"zVERSION":
                return VERSION
            case b"zINSTREAM":
                return await self._scan(reader)
            case _:
                return "UNKNOWN COMMAND"

    async def _scan(self, reader: asyncio.StreamReader) -> str:
        self.asked += 1
        data = bytearray()
        while length := struct.unpack("!I", await reader.readexactly(4))[0]:
            data += await reader.readexactly(length)
            if len(data) > self.small:
                return "INSTREAM size limit exceeded. ERROR"
        return f"stream: {NAME} FOUND" if EICAR in data else "stream: OK"


async def _main() -> None:
    server = await Clamd().serve(port=int(os.environ.get("SANDBOX_CLAMD_PORT", "3310")))
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main())
