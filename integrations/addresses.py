"""Where our calls may go: every address is looked at after its name was resolved, and the one that was looked at is
the one that is connected to, so that a name that changes its mind in between (DNS rebinding) changes nothing.

Never let through: the machine itself (unless allowed), link-local with the clouds' metadata services, multicast,
reserved. A hospital's systems stand in private nets, so these are open unless a setting closes them (decision 0026).
OWASP ASVS 4.0 12.6.1, 5.2.6; RFC 6890 special-purpose registries.
"""

import ipaddress
import socket
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from core.settings import settings

SCHEMES = frozenset({"https", "wss", "http", "ws"})
OPEN_SCHEMES = frozenset({"http", "ws"})

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# Clouds hand out the machine's own credentials here; some lie within what is private or shared (RFC 6598).
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "100.100.100.200",
        "169.254.170.2",
        "192.0.0.192",
        "168.63.129.16",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)
_SHARED = ipaddress.ip_network("100.64.0.0/10")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


class Place(StrEnum):
    """Where an address lies."""

    PUBLIC = "公网"
    PRIVATE = "内网"
    LOOPBACK = "本机"
    FORBIDDEN = "不可访问的地址段"


class NotAllowed(OSError):
    """Our calls do not go there; the message says why, without the address."""


def place_of(address: Address) -> Place:
    """Where it lies; an IPv4 address within an IPv6 one counts as what it is."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return place_of(inner)
        if address.teredo is not None or address.is_site_local:
            return Place.FORBIDDEN
    if address in _METADATA or address.is_link_local or address.is_multicast or address.is_unspecified:
        return Place.FORBIDDEN
    if address.is_loopback:
        return Place.LOOPBACK
    if isinstance(address, ipaddress.IPv4Address) and (address in _SHARED or address.packed[0] == 0):
        return Place.PRIVATE if address.packed[0] else Place.FORBIDDEN
    if address.is_reserved:
        return Place.FORBIDDEN
    return Place.PRIVATE if address.is_private else Place.PUBLIC


def check(address: Address, scheme: str) -> None:
    """Let an address pass.

    Raises:
        NotAllowed: it does not.
    """
    using = settings()
    place = place_of(address)
    if place is Place.FORBIDDEN:
        raise NotAllowed("目标地址属于本机链路、云主机元数据或保留地址段，已拒绝")
    if place is Place.LOOPBACK and not using.may_call_itself:
        raise NotAllowed("目标地址是本机，已拒绝（HUIYIN_OUTWARD_LOOPBACK）")
    if place is Place.PRIVATE and not using.outward_private:
        raise NotAllowed("目标地址在内网，设置不允许（HUIYIN_OUTWARD_PRIVATE）")
    if place is Place.PUBLIC and scheme in OPEN_SCHEMES and not using.outward_plain:
        raise NotAllowed("公网地址必须用 https（HUIYIN_OUTWARD_PLAIN）")


def check_url(url: str) -> None:
    """What can be said before a name is resolved: the scheme, no log-in in the address, an address written as numbers.

    Raises:
        NotAllowed: it does not pass.
    """
    try:
        parsed = urlsplit(url)
        host, _ = parsed.hostname, parsed.port
    except ValueError:
        raise NotAllowed("地址写法不对") from None
    if parsed.scheme not in SCHEMES or not host:
        raise NotAllowed("地址须以 https:// 或 http:// 开头")
    if parsed.username or parsed.password:
        raise NotAllowed("地址中不能带用户名和口令")
    try:
        called = URL(url).raw_host or ""
    except ValueError:
        raise NotAllowed("地址写法不对") from None
    # The client folds signs such as "。" and "①" and calls what comes of it, without asking the resolver for numbers.
    for one in (host, called):
        _check_host(one, parsed.scheme)


def _check_host(host: str, scheme: str) -> None:
    if (written := as_numbers(host)) is not None:
        check(written, scheme)
    elif host.replace(".", "").isdigit() or ":" in host:  # "127.1", "2130706433": nobody would resolve it
        raise NotAllowed("地址中的 IP 写法不对，应为四段数字")


def as_numbers(host: str) -> Address | None:
    """The address that a host is written as; None when it is a name (or a way of writing that the resolver reads)."""
    try:
        return ipaddress.ip_address(host.split("%", 1)[0])
    except ValueError:
        return None


class Resolver(AbstractResolver):
    """Resolves names as the machine does and gives out only addresses that may be called.

    It is not told the scheme, so calls with and without TLS have a resolver each (`plain`).
    """

    def __init__(self, *, plain: bool) -> None:
        self._inner = ThreadedResolver()
        self._scheme = "http" if plain else "https"

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of `host`; if one of them may not be called none is given out."""
        found = await self._inner.resolve(host, port, family)
        _all_pass(found, self._scheme)
        return found

    async def close(self) -> None:
        """Nothing is held."""
        await self._inner.close()


def _all_pass(found: Sequence[ResolveResult], scheme: str) -> None:
    for entry in found:
        check(ipaddress.ip_address(entry["host"].split("%", 1)[0]), scheme)
