"""MLLP over TLS with a CA of our own: who shows no certificate, or another CA's, does not get in; who does is answered."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import db
from core.settings import settings
from feeds import tls_context
from intake.hl7.door import Door
from integrations.mllp import MllpServer, framed
from tests.patients.feed import open_link
from tests.patients.history import Sender
from tests.staff.cast import build
from wiring import wire

NOW = datetime.now(UTC)


class Authority:
    """A CA that lives as long as a test."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder = folder
        self.name = name
        self.key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._signed(subject, subject, self.key.public_key(), is_ca=True)
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def _signed(
        self, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, *, is_ca: bool
    ) -> x509.Certificate:
        identifier = x509.SubjectKeyIdentifier.from_public_key
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(hours=1))
            .not_valid_after(NOW + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(identifier(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False
            )
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
            )
        )
        if is_ca:
            usage = x509.KeyUsage(
                digital_signature=True, content_commitment=False, key_encipherment=False, data_encipherment=False,
                key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
            )  # fmt: skip
            builder = builder.add_extension(usage, critical=True)
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate of this name and its key, as files."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        made = self._signed(subject, self.certificate.subject, key.public_key(), is_ca=False)
        certificate, hidden = self.folder / f"{name}.crt", self.folder / f"{name}.key"
        certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        hidden.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return certificate, hidden


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
