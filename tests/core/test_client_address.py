"""Who calls is told by our own proxies alone; whoever reaches the port past them is known by their own address."""

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict

from core.settings import SettingsError, load, settings
from core.web import _is_proxy, client_address


async def seen(*forwarded: str) -> str:
    """The address that a request from this machine with these headers is taken to come from."""

    async def who(request: web.Request) -> web.Response:
        return web.Response(text=client_address(request))

    app = web.Application()
    app.router.add_get("/", who)
    async with TestClient(TestServer(app)) as client:
        headers = CIMultiDict([("X-Forwarded-For", one) for one in forwarded])
        return await (await client.get("/", headers=headers)).text()


@pytest.fixture(autouse=True)
def _forget() -> object:
    _is_proxy.cache_clear()
    yield
    _is_proxy.cache_clear()
    settings.cache_clear()


def use(monkeypatch: pytest.MonkeyPatch, proxies: str, addresses: str = "") -> None:
    monkeypatch.setenv("HUIYIN_TRUSTED_PROXIES", proxies)
    if addresses:
        monkeypatch.setenv("HUIYIN_PROXY_ADDRESSES", addresses)
    settings.cache_clear()


@pytest.mark.parametrize(
    ("proxies", "addresses", "forwarded", "address"),
    [
        ("0", "", ("198.51.100.1",), "127.0.0.1"),
        ("1", "", ("203.0.113.5, 198.51.100.1",), "198.51.100.1"),
        ("1", "", ("203.0.113.5", "198.51.100.1"), "198.51.100.1"),
        ("2", "", ("203.0.113.5, 198.51.100.1, 10.0.0.2",), "198.51.100.1"),
        ("2", "", ("198.51.100.1",), "127.0.0.1"),
        ("1", "", (), "127.0.0.1"),
        ("1", "10.0.0.0/8", ("198.51.100.1",), "127.0.0.1"),
        ("1", "", ("<script>",), ""),
    ],
    ids=["none", "one", "two-headers", "two", "too-few", "missing", "past-the-proxy", "no-address"],
)
async def test_only_as_many_hops_as_are_configured_and_only_from_our_proxies(
    monkeypatch: pytest.MonkeyPatch, proxies: str, addresses: str, forwarded: tuple[str, ...], address: str
) -> None:
    use(monkeypatch, proxies, addresses)
    assert await seen(*forwarded) == address


def test_a_proxy_address_that_is_none_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUIYIN_PROXY_ADDRESSES", "10.0.0.0/8, proxy.test")
    with pytest.raises(SettingsError, match="HUIYIN_PROXY_ADDRESSES"):
        load()
