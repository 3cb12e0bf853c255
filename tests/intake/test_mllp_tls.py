"""MLLP over TLS with a CA of our own: who shows no certificate, or another CA's, does not get in; who does is answered."""

import asyncio
import ssl
from pathlib import Path

import pytest

from core import db
from core.settings import settings
from feeds import tls_context
from intake.hl7.door import Door
from integrations.mllp import MllpServer, framed
from tests.authority import Authority
from tests.patients.feed import open_link
from tests.patients.history import Sender
from tests.staff.cast import build
from wiring import wire


async def ask(port: int, trusting: Authority, showing: tuple[Path, Path] | None) -> bytes:
    """Send one message over TLS; the answer, b"" when nobody answered."""
    context = ssl.create_default_context(cafile=str(trusting.file))
    if showing is not None:
        context.load_cert_chain(*showing)
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
    try:
        writer.write(framed(Sender().send("ADT^A31", "0830").encode()))
        await writer.drain()
        return await reader.readuntil(b"\x1c\r")
    except (ConnectionError, ssl.SSLError, asyncio.IncompleteReadError):
        return b""
    finally:
        writer.close()


async def test_only_who_shows_a_certificate_of_the_ca_is_answered(
    database: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database
    assert redis_url
    wire()
    await build()
    await open_link()
    ours, other = Authority(tmp_path, "hospital"), Authority(tmp_path, "stranger")
    certificate, key = ours.issue("server")
    monkeypatch.setenv("HUIYIN_MLLP_CERTIFICATE", str(certificate))
    monkeypatch.setenv("HUIYIN_MLLP_KEY", str(key))
    monkeypatch.setenv("HUIYIN_MLLP_CLIENT_CA", str(ours.file))
    settings.cache_clear()
    context = tls_context(settings())
    assert context is not None
    server = MllpServer(Door().take)
    await server.start("127.0.0.1", 0, context)
    try:
        assert await ask(server.port, ours, None) == b""
        assert await ask(server.port, ours, other.issue("intruder")) == b""
        assert await db.fetchval("select count(*) from feed_message") == 0
        assert b"MSA|AA|MSG1" in await ask(server.port, ours, ours.issue("his"))
        with pytest.raises(ssl.SSLCertVerificationError):  # a sender that does not know our CA
            await ask(server.port, other, None)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)  # and one that speaks no TLS
        writer.write(framed(Sender().send("ADT^A31", "0830").encode()))
        assert b"MSA" not in await reader.read(100)
        writer.close()
        assert await db.fetchval("select count(*) from feed_message") == 1
    finally:
        await server.stop()
