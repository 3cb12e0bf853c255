"""Which addresses count as one: a device has a whole /64 of IPv6 to itself. Values in, values out; believes no header."""

import ipaddress
from functools import lru_cache

SITE_4, SITE_6 = 24, 64


@lru_cache(maxsize=4096)
def counted(address: str) -> str:
    """Under what attempts from an address are counted: IPv4 as it is, IPv6 by its /64; "" when it is none."""
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(one, ipaddress.IPv4Address):
        return str(one)
    if one.ipv4_mapped is not None:
        return str(one.ipv4_mapped)
    return str(ipaddress.ip_network((one, SITE_6), strict=False))


def site(address: str) -> str:
    """Where an address lies: the /24 of IPv4, the /64 of IPv6; somebody on another floor is elsewhere."""
    one = counted(address)
    if not one or "/" in one:
        return one
    return str(ipaddress.ip_network((one, SITE_4), strict=False))
