"""A hook of schemathesis (SCHEMATHESIS_HOOKS): signs what goes to the doors for machines, so that the fuzz comes past
their signature. Runs in schemathesis' process; the secret comes in `AUDIT_SECRET` and opens a server of a few minutes.
"""

import hashlib
import hmac
import os
import time
from typing import Any

import requests
import schemathesis

SIGNED = ("/api/v1/hotline/", "/api/v1/feedback")


class Signer(requests.auth.AuthBase):
    """X-Signature and X-Timestamp over the body as it is sent."""

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request."""
        if request.method == "POST" and any(path in (request.url or "") for path in SIGNED):
            body = request.body.encode() if isinstance(request.body, str) else request.body or b""
            if not isinstance(body, bytes):
                return request
            stamp = str(int(time.time()))
            mac = hmac.new(os.environ["AUDIT_SECRET"].encode(), stamp.encode() + b"." + body, hashlib.sha256)
            request.headers["X-Timestamp"] = stamp
            request.headers["X-Signature"] = f"sha256={mac.hexdigest()}"
        return request


@schemathesis.hook
def before_call(_context: Any, _case: Any, kwargs: dict[str, Any]) -> None:
    """Put the signer into each call."""
    kwargs["auth"] = Signer()
