"""MLLP, the wire of HL7 v2: frames in, answers out, one after the other on each connection. Knows no HL7.

A frame is 0x0B, the message, 0x1C 0x0D (HL7 v2.x Appendix C; MLLP release 1). What stands between frames is dropped.
The next frame of a connection is read only when the one before has been answered, so a slow receiver slows its sender
(back-pressure by TCP) and memory stays flat.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable

from core.logs import logger

log = logger(__name__)

START, END, RETURN = b"\x0b", b"\x1c", b"\r"
MOST = 16 * 1024 * 1024  # bytes of one message; reports with pictures inside are large
PATIENCE = 30.0  # seconds in which a frame that has begun must come to its end
CHUNK = 64 * 1024

Answer = Callable[
    [bytes, str], Awaitable[bytes | None]
]  # message and the sender's address → answer; b"" says nothing, None hangs up


class TooLong(Exception):
    """A frame without end: nothing on this connection can be trusted any more."""


async def frames(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The messages that come in, without their frames, until the sender hangs up.

    Raises:
        TooLong: more than `MOST` bytes without an end.
        TimeoutError: a frame was begun and not ended in time.
    """
    held = b""
    while True:
        begin = held.find(START)
        end = held.find(END, begin + 1) if begin >= 0 else -1
        again = held.rfind(START, begin + 1, end if end >= 0 else None) if begin >= 0 else -1
        if (
            again >= 0
        ):  # its sender broke off and began anew: the half message was never answered and comes again
            log.warning("mllp_frame_broken_off", bytes=again - begin)
            held = held[again:]
            continue
        if begin >= 0 and end >= 0:
            yield held[begin + 1 : end]
            held = held[end + 1 :]
            continue
        if begin < 0:
            held = b""
        elif len(held) - begin > MOST:
            raise TooLong
        chunk = await asyncio.wait_for(reader.read(CHUNK), PATIENCE if begin >= 0 else None)
        if not chunk:
            return
        held += chunk


def framed(message: bytes) -> bytes:
    """A message as it goes over the wire."""
    return START + message + END + RETURN


def _keep_alive(line: socket.socket | None) -> None:
    """Have the system find out within minutes that the other side is gone, so that its place is free again.

    A line may be silent for hours; only one whose other side does not answer the system's own probes is closed.
    """
    if line is None:
        return
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4)):
        if hasattr(socket, name):
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


class MllpServer:
    """Listens at one port; each connection is served by a task of its own."""

    def __init__(self, answer: Answer, *, most: int = 200) -> None:
        self._answer = answer
        self._most = most
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str, port: int, context: ssl.SSLContext | None = None) -> None:
        """Begin to listen; `port` 0 takes a free one, `self.port` tells which."""
        self._server = await asyncio.start_server(self._met, host, port, ssl=context, limit=CHUNK)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self, grace: float = 5.0) -> None:
        """Take no new connections, let messages in hand be answered, hang up."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _keep_alive(writer.get_extra_info("socket"))
        peer = writer.get_extra_info("peername")
        address = str(peer[0]) if peer else ""
        if len(self._tasks) >= self._most:
            log.warning("mllp_too_many", address=address, connections=len(self._tasks))
            writer.close()
            return
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - asyncio runs it as one
        self._tasks.add(task)
        log.info("mllp_connected", address=address)
        try:
            await self._serve(reader, writer, address)
        except (TooLong, TimeoutError) as error:
            log.warning("mllp_frame_without_end", address=address, error=type(error).__name__)
        except (ConnectionError, ssl.SSLError) as error:
            log.info("mllp_lost", address=address, error=str(error))
        except asyncio.CancelledError:
            log.info("mllp_stopping", address=address)
        finally:
            self._tasks.discard(task)
            writer.close()
            with contextlib.suppress(OSError, asyncio.CancelledError):
                await writer.wait_closed()
        log.info("mllp_gone", address=address)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, address: str) -> None:
        async for message in frames(reader):
            # A message in hand is answered even when we are told to stop meanwhile.
            answering = asyncio.ensure_future(self._answer(message, address))
            try:
                answer = await asyncio.shield(answering)
            except asyncio.CancelledError:
                answer = await answering
                if answer:
                    writer.write(framed(answer))
                    await writer.drain()
                raise
            if answer is None:
                return
            if answer:
                writer.write(framed(answer))
                await writer.drain()
