"""A view's database over TLS: its certificate is checked, and where there is none to be had nothing is sent."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio

from core import db
from core.settings import settings
from integrations.sql_views import PostgresView, ViewFailed, Wanted
from tests.authority import Authority
from tests.patients.test_feed_views import address_of

WANTED = Wanted("hip.v", "at", ("number",), None, 10)
SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


@asynccontextmanager
async def encrypting(url: str, certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    """A PostgreSQL that offers TLS, as its clients see it: the one of the tests behind a port of our own."""
    address, _ = address_of(url)
    host, port = address.removeprefix("postgresql://").split("/")[0].rsplit(":", 1)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readexactly(8) == SSL_REQUEST
            writer.write(b"S")
            await writer.start_tls(context)
            inner, outer = await asyncio.open_connection(host, int(port))
            await asyncio.gather(copied(reader, outer), copied(inner, writer))
        except (OSError, asyncio.IncompleteReadError):  # a client that believes us not goes away
            writer.close()

    server = await asyncio.start_server(served, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def view_at(url: str, port: int) -> PostgresView:
    """The view of the tests' database, encrypted, at a port."""
    address, secret = address_of(url)
    user, _, password = secret.partition(":")
    return PostgresView("127.0.0.1", port, address.rsplit("/", 1)[-1], user, password, tls=True)


async def rows(view: PostgresView) -> list[object]:
    """The numbers of all rows."""
    return [row["number"] async for batch in view.batches(WANTED) for row in batch.rows]


@pytest_asyncio.fixture
async def database_with_a_view(database: str) -> AsyncIterator[str]:
    """Two rows; settings are as they were afterwards."""
    await db.execute("create schema hip")
    await db.execute("create table hip.v (number text, at timestamp)")
    at = datetime(2026, 3, 1, 8)  # noqa: DTZ001 - a HIS writes its wall clock
    await db.executemany("insert into hip.v values ($1, $2)", [("ZY001", at), ("ZY002", at)])
    yield database
    settings.cache_clear()


async def test_rows_come_encrypted_from_a_database_whose_certificate_the_hospital_vouches_for(
    database_with_a_view: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, other = Authority(tmp_path, "ours"), Authority(tmp_path, "other")
    monkeypatch.setenv("HUIYIN_OUTWARD_CA_FILE", str(ours.file))
    settings.cache_clear()
    async with encrypting(database_with_a_view, ours.issue("his")) as port:
        assert await rows(view_at(database_with_a_view, port)) == ["ZY001", "ZY002"]
    async with encrypting(database_with_a_view, other.issue("somebody")) as port:
        with pytest.raises(ViewFailed, match="证书未通过校验"):
            await rows(view_at(database_with_a_view, port))


async def test_a_database_without_tls_is_not_read_where_encryption_was_asked_for(
    database_with_a_view: str,
) -> None:
    address, _ = address_of(database_with_a_view)
    port = int(address.removeprefix("postgresql://").split("/")[0].rsplit(":", 1)[1])
    with pytest.raises(ViewFailed, match="没有开启加密连接"):
        await rows(view_at(database_with_a_view, port))
