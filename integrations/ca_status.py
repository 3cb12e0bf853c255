"""Where a CA tells which certificates are revoked: its lists (CRL, RFC 5280) and its answering service (OCSP, RFC 6960).

Carries bytes, within a time limit and a size; what they say and who signed them is judged by `staff`. The addresses
come from certificates that lead to a trusted root, so nobody at the door chooses where we call.
"""

import aiohttp

from integrations import http
from integrations.http import CallFailed, Kind

SYSTEM = "ca"
PATIENCE = aiohttp.ClientTimeout(total=4, connect=2)
LIST_PATIENCE = aiohttp.ClientTimeout(total=30, connect=3)
MOST_ANSWER = 64 * 1024
MOST_LIST = 32 * 1024 * 1024


async def fetch_list(url: str, *, at_the_door: bool) -> bytes:
    """A revocation list as it lies there; with somebody `at_the_door` we wait four seconds, else thirty.

    Raises:
        CallFailed: not there.
    """
    answer = await http.call(
        SYSTEM, "crl", "GET", _plain(url), most=MOST_LIST, patience=PATIENCE if at_the_door else LIST_PATIENCE
    )
    return _body("crl", answer)


async def ask_status(url: str, request: bytes) -> bytes:
    """The answer (DER) to an OCSP request (DER).

    Raises:
        CallFailed: none within four seconds.
    """
    answer = await http.call(
        SYSTEM,
        "ocsp",
        "POST",
        _plain(url),
        body=request,
        headers={"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"},
        most=MOST_ANSWER,
        patience=PATIENCE,
    )
    return _body("ocsp", answer)


def _plain(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise CallFailed(SYSTEM, "url", "scheme", "只取 http 与 https 地址", Kind.PERMANENT)
    return url


def _body(api: str, answer: http.Answer) -> bytes:
    if answer.status != 200:
        http.count(SYSTEM, api, f"http_{answer.status}")
        raise CallFailed(SYSTEM, api, f"http {answer.status}", f"应答 HTTP {answer.status}", Kind.RETRY)
    http.count(SYSTEM, api, "ok")
    return answer.body
