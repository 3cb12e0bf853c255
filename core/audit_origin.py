"""From where an operation comes: address, browser, session; and how many lines of the log it has left so far.

One is opened for each request and closed when it is answered; tasks that outlive their request find it closed.
Writes nothing.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from core.actor import Actor

LONGEST_AGENT = 300


@dataclass(slots=True)
class Origin:
    """The request in hand. `session` names a session without opening it and `actor` is whose it is; `failure` is the

    kind of an unforeseen error.
    """

    address: str = ""
    agent: str = ""
    session: str = ""
    actor: Actor | None = None
    failure: str = ""
    lines: int = 0
    open: bool = True


_present: ContextVar[Origin | None] = ContextVar("audit_origin", default=None)


def present() -> Origin:
    """The request in hand; one without content, whose changes nobody sees, outside of any."""
    found = _present.get()
    return found if found is not None and found.open else Origin(open=False)


@contextmanager
def opened(address: str, agent: str) -> Iterator[Origin]:
    """A request, for as long as it is worked on."""
    origin = Origin(address, agent[:LONGEST_AGENT])
    token = _present.set(origin)
    try:
        yield origin
    finally:
        origin.open = False
        _present.reset(token)


def name_of(token_hash: bytes) -> str:
    """How a session is named in lists and in the log: the hash of its token's hash, 24 hex digits."""
    return hashlib.sha256(token_hash).hexdigest()[:24]
