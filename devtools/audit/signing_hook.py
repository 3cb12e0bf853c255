"""A hook of schemathesis (SCHEMATHESIS_HOOKS): brings the fuzz past the doors, into the code behind them.

Signs what platforms push, shows the token of a link, lets two of three requests name a case, ticket or link that is
there, brings the sessions of several people in turn, and counts the answers. Runs in schemathesis' process;
`AUDIT_SECRET`, `AUDIT_SESSIONS` and `AUDIT_KEYS` open a server of a few minutes, `AUDIT_COUNTS` names the file for the
counts.
"""

import atexit
import hashlib
import hmac
import itertools
import json
import os
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import requests
import schemathesis
from schemathesis.core.failures import ServerError

from devtools.audit.keys import Feed, Keys

SIGNED = ("/api/v1/hotline/", "/api/v1/feedback", "/api/v1/sms/")
SOAP = "/soap"
_counts: dict[str, Counter[str]] = defaultdict(Counter)
_counting = threading.Lock()
_turns = itertools.cycle(json.loads(os.environ["AUDIT_SESSIONS"]))
KEYS = Keys.model_validate_json(os.environ["AUDIT_KEYS"])


class Signer(requests.auth.AuthBase):
    """X-Signature and X-Timestamp over the body as it is sent; a session; a token."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request, as the next of those who are signed in."""
        with _counting:
            request.headers.update(next(_turns))
        if feed := _feed(request.url or ""):
            request.headers["Authorization"] = f"Bearer {feed.token}"
        if request.method == "POST" and any(path in (request.url or "") for path in SIGNED):
            body = request.body.encode() if isinstance(request.body, str) else request.body or b""
            if not isinstance(body, bytes):
                return request
            stamp = str(int(time.time()))
            mac = hmac.new(os.environ["AUDIT_SECRET"].encode(), stamp.encode() + b"." + body, hashlib.sha256)
            request.headers["X-Timestamp"] = stamp
            request.headers["X-Signature"] = f"sha256={mac.hexdigest()}"
        return request


def _feed(url: str) -> Feed | None:
    if "/api/v1/fhir" in url:
        return KEYS.feeds["fhir"]
    return KEYS.feeds["soap" if url.endswith("/soap") else "json"] if "/api/v1/feeds/" in url else None


def _there(path: str) -> tuple[int, ...]:
    """The ids that an operation would find."""
    if "/feeds/" in path:
        return (KEYS.feeds["soap" if path.endswith("/soap") else "json"].link,)
    return KEYS.cases if "/cases/" in path else KEYS.tickets if "/tickets/" in path else ()


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Numbers that mean nothing become ids that are there, but for every third."""
    known = _there(context.operation.path)
    for name, value in (path_parameters or {}).items():
        if known and name in ("id", "link") and isinstance(value, int) and value % 3:
            path_parameters = {**(path_parameters or {}), name: known[value % len(known)]}
    return path_parameters


@schemathesis.hook
def before_call(_context: Any, _case: Any, kwargs: dict[str, Any]) -> None:
    """Put the signer into each call."""
    kwargs["auth"] = Signer()


@schemathesis.hook
def after_call(_context: Any, case: Any, response: Any) -> None:
    """Count the answer by operation and status."""
    status = "400" if _told_as_fault(response, case) else str(response.status_code)
    with _counting:
        _counts[case.operation.label][status] += 1


def _told_as_fault(response: Any, case: Any) -> bool:
    """Of a SOAP service 500 with a Fault is the answer to a faulty message (WS-I Basic Profile 1.1, R1126)."""
    sender = b"<faultcode>s:Client</faultcode>" in response.content or b"s:Sender" in response.content
    return bool(response.status_code == 500 and case.operation.path.endswith(SOAP) and sender)


@schemathesis.check
def no_server_error(_context: Any, response: Any, case: Any) -> None:
    """No 5xx."""
    if response.status_code >= 500 and not _told_as_fault(response, case):
        raise ServerError(operation=case.operation.label, status_code=response.status_code)


@atexit.register
def _write() -> None:
    Path(os.environ["AUDIT_COUNTS"]).write_text(json.dumps(_counts), encoding="utf-8")
