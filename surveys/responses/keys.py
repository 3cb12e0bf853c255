"""The key of a response: whoever holds it may go on filling in this one response; made of its id, kept nowhere.

Staff see ids of responses in lists, so an id alone opens nothing. OWASP ASVS 4.0 4.2.1.
"""

from functools import lru_cache
from uuid import UUID

from core.crypto import fits as signed
from core.crypto import sign
from core.errors import NotFound

PURPOSE = "response"
LENGTH = 32  # hex digits: 128 bits
GONE = "链接无效或已过期"


@lru_cache(maxsize=4096)  # a request asks for the same one several times
def key_of(response_id: UUID) -> str:
    """The key of a response."""
    return sign(PURPOSE, response_id.hex)[:LENGTH]


def fits(response_id: UUID, key: str) -> bool:
    """Whether this is its key."""
    return key.isascii() and signed(PURPOSE, response_id.hex, key, LENGTH)


def handle(response_id: UUID) -> str:
    """Id and key in one word, for an address."""
    return response_id.hex + key_of(response_id)


def opened(word: str) -> UUID:
    """The response that a handle opens.

    Raises:
        NotFound: no handle of ours.
    """
    try:
        response_id = UUID(hex=word[:32])
    except ValueError:
        raise NotFound(GONE) from None
    if not fits(response_id, word[32:]):
        raise NotFound(GONE)
    return response_id
