"""Our calls go only where they may: names are judged by what they resolve to, TLS is verified, redirects stop."""

import ipaddress
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from core import clock
from core.settings import settings
from integrations import http
from integrations.addresses import NotAllowed, Place, Resolver, check_url, place_of
from integrations.http import CallFailed, Kind


@pytest.fixture(autouse=True)
def _settings() -> Iterator[None]:
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest_asyncio.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    await http.close_http()
    yield
    await http.close_http()


def set_to(monkeypatch: pytest.MonkeyPatch, **values: str) -> None:
    """Settings for one test."""
    for name, value in values.items():
        monkeypatch.setenv(f"HUIYIN_{name.upper()}", value)
    settings.cache_clear()


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("8.8.8.8", Place.PUBLIC),
        ("2001:4860:4860::8888", Place.PUBLIC),
        ("10.1.2.3", Place.PRIVATE),
        ("172.16.0.1", Place.PRIVATE),
        ("192.168.1.1", Place.PRIVATE),
        ("100.64.3.4", Place.PRIVATE),
        ("fd12::1", Place.PRIVATE),
        ("127.0.0.1", Place.LOOPBACK),
        ("127.9.9.9", Place.LOOPBACK),
        ("::1", Place.LOOPBACK),
        ("::ffff:127.0.0.1", Place.LOOPBACK),
        ("64:ff9b::7f00:1", Place.LOOPBACK),
        ("169.254.169.254", Place.FORBIDDEN),
        ("::ffff:169.254.169.254", Place.FORBIDDEN),
        ("2002:a9fe:a9fe::1", Place.FORBIDDEN),
        ("100.100.100.200", Place.FORBIDDEN),
        ("fd00:ec2::254", Place.FORBIDDEN),
        ("fe80::1", Place.FORBIDDEN),
        ("0.0.0.0", Place.FORBIDDEN),
        ("0.1.2.3", Place.FORBIDDEN),
        ("::", Place.FORBIDDEN),
        ("224.0.0.1", Place.FORBIDDEN),
        ("255.255.255.255", Place.FORBIDDEN),
        ("2001:0:1::1", Place.FORBIDDEN),
    ],
)
def test_every_way_of_writing_an_address_is_seen_through(written: str, place: Place) -> None:
    assert place_of(ipaddress.ip_address(written)) is place


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "gopher://x.test/", "ftp://x.test/", "https://", "https://a:b@x.test/", "//x.test/", "https://[::1"],
)  # fmt: skip
def test_an_address_of_another_scheme_or_with_a_log_in_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed):
        check_url(url)


METADATA = (
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "0xA9.0xFE.0xA9.0xFE"),
    *("[fe80::1]", "[fe80::1%25eth0]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]", "[64:ff9b::a9fe:a9fe]"),
    *("[2002:a9fe:a9fe::]", "[fd00:ec2::254]", "[fd20:ce::254]", "168.63.129.16", "100.100.100.200"),
    *("169。254。169。254", "169．254．169．254", "169｡254｡169｡254", "１６９.254.169.254", "①⑥⑨.254.169.254", "169.254.169.254."),
    *("x.test@169.254.169.254", "@169.254.169.254", "x.test\\@169.254.169.254", "169.254.169.254#@x.test", "\t169.254.169.254"),
)  # fmt: skip


@pytest.mark.parametrize("host", METADATA, ids=[f"way-{number}" for number in range(len(METADATA))])
async def test_no_way_of_writing_the_metadata_service_is_called(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to(monkeypatch, outward_plain="true")
    with pytest.raises(CallFailed) as caught:
        await http.call("sms", "send", "GET", f"http://{host}/latest/meta-data/")
    assert (caught.value.code, caught.value.kind) == ("not_allowed", Kind.MISCONFIGURED)


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1", "127.1"])
async def test_in_production_a_name_that_leads_to_this_machine_is_refused(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await Resolver(plain=False).resolve(host, 80, socket.AF_INET))[0]["host"] == "127.0.0.1"
    set_to(monkeypatch, environment="production")
    with pytest.raises(NotAllowed, match="本机"):
        await Resolver(plain=False).resolve(host, 80, socket.AF_INET)
    with pytest.raises(CallFailed) as caught:
        await http.call("sms", "send", "POST", f"http://{host}/")
    assert (caught.value.code, caught.value.kind) == ("not_allowed", Kind.MISCONFIGURED)


class Rebinding(aiohttp.abc.AbstractResolver):
    """A name server that answers with a public address first and with the machine itself after that."""

    def __init__(self) -> None:
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[aiohttp.abc.ResolveResult]:
        self.asked += 1
        address = "192.0.2.1" if self.asked == 1 else "127.0.0.1"
        return [aiohttp.abc.ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=0)]  # fmt: skip

    async def close(self) -> None:
        return


async def test_a_name_is_resolved_once_and_what_was_looked_at_is_what_is_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    set_to(monkeypatch, environment="production")
    resolver = Resolver(plain=False)
    rebinding = Rebinding()
    monkeypatch.setattr(resolver, "_inner", rebinding)
    assert [entry["host"] for entry in await resolver.resolve("x.test", 443)] == ["192.0.2.1"]
    with pytest.raises(NotAllowed):
        await resolver.resolve("x.test", 443)
    assert rebinding.asked == 2


@pytest.mark.parametrize(
    ("more", "url", "word"),
    [
        ({}, "http://169.254.169.254/latest/meta-data/", "元数据"),
        ({"outward_loopback": "true"}, "http://[::ffff:169.254.169.254]/", "元数据"),
        ({}, "http://8.8.8.8/", "https"),
        ({"outward_private": "false"}, "https://10.0.0.1/", "内网"),
        ({"environment": "production"}, "https://127.0.0.1/", "本机"),
    ],
)
async def test_an_address_that_may_not_be_called_is_told_so_without_naming_it(
    more: dict[str, str], url: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to(monkeypatch, **more)
    with pytest.raises(CallFailed, match=word) as caught:
        await http.call("hotline", "result", "POST", url)
    assert "//" not in str(caught.value)


async def _served(context: ssl.SSLContext | None = None, answer: str = "") -> TestServer:
    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path == "/away":
            return web.Response(status=302, headers={"Location": answer})
        if request.path == "/socket":
            return web.Response(status=307, headers={"Location": answer})
        return web.Response(text="here")

    app = web.Application()
    app.router.add_get("/{anything:.*}", handle)
    server = TestServer(app)
    await server.start_server(ssl=context) if context else await server.start_server()
    return server


async def test_a_redirect_is_an_answer_and_is_not_followed_not_even_by_a_socket() -> None:
    inner = await _served()
    server = await _served(answer=str(inner.make_url("/secret")))
    answer = await http.call("wechat", "media", "GET", str(server.make_url("/away")))
    assert (answer.status, answer.body) == (302, b"")
    url = str(server.make_url("/socket"))
    with pytest.raises(NotAllowed, match="转到别的地址"):
        await http.session(url).ws_connect(url)
    await server.close()
    await inner.close()


def _self_signed(folder: Path) -> tuple[ssl.SSLContext, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(9)
        .not_valid_before(clock.now() - timedelta(days=1))
        .not_valid_after(clock.now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, private = folder / "ca.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, private)
    return context, pem


async def test_a_certificate_of_nobody_we_know_is_refused_and_that_of_the_hospitals_own_authority_is_believed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context, pem = _self_signed(tmp_path)
    server = await _served(context)
    url = f"https://localhost:{server.port}/"
    with pytest.raises(CallFailed, match="ClientConnectorCertificateError") as caught:
        await http.call("hotline", "result", "GET", url)
    assert (caught.value.code, caught.value.uncertain) == ("network", False)
    await http.close_http()
    set_to(monkeypatch, outward_ca_file=str(pem))
    assert (await http.call("hotline", "result", "GET", url)).body == b"here"
    with pytest.raises(CallFailed, match="CertificateError"):  # the name on it is another
        await http.call("hotline", "result", "GET", f"https://127.0.0.1:{server.port}/")
    await server.close()


@pytest.mark.parametrize(
    ("url", "proxy"),
    [
        ("https://qyapi.weixin.qq.com/x", "http://10.0.0.8:3128"),
        ("https://api.his.hospital.test/x", None),
        ("https://10.0.0.9/x", None),
        ("https://nothospital.test/x", "http://10.0.0.8:3128"),
    ],
)
def test_the_hospitals_proxy_is_used_for_what_leaves_its_nets(
    url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_to(monkeypatch, outward_proxy="http://10.0.0.8:3128", outward_direct="hospital.test")
    assert http.proxy_for(url) == proxy
