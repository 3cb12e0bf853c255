"""What of an operation's details may stand in the log: passwords and secrets never, phones and ID numbers masked.

A last guard: whoever writes a line leaves personal data out by themselves. Names are not recognised here; those of the
persons a line is about are masked where it is read (console/audit_reading.py).
"""

import re
import unicodedata
from typing import Any

from core.identity import mask_in_text
from core.masks import mask_id, mask_phone

_SECRET = frozenset({"password", "secret", "token", "totp", "recovery", "cookie", "csrf", "csrf_token"})
_PHONE = frozenset({"phone", "mobile", "tel", "caller_phone", "contact_phone"})
_ID = frozenset({"id_number", "id_no", "id_card"})
OWN = frozenset(
    {"order_no", "external_no", "sha256", "hash", "export", "session"}
)  # digits that are no person's
_MOBILES = (13_000_000_000, 20_000_000_000)
_LONG = re.compile(r"\d[\d\s()转-]{5,}\d")  # shorter holds no number of a person
_NUMBERS = re.compile(r"(?<![0-9A-Za-z])(?:(1[3-9]\d{9})|([1-9]\d{16}[0-9Xx]))(?![0-9A-Za-z])")


def veil(value: Any, name: str = "") -> Any:
    """The value as it may be written, members of lists and objects included."""
    if isinstance(value, str):
        return _text(value, name)
    if isinstance(value, dict):
        return {key: veil(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [veil(inner, name) for inner in value]
    if name in _SECRET and value is not None:
        return "***"
    if isinstance(value, int) and _MOBILES[0] <= value < _MOBILES[1] and name not in OWN:
        return mask_phone(str(value))
    return value


def _text(text: str, name: str) -> str:
    text = text.replace(
        "\0", "\N{REPLACEMENT CHARACTER}"
    )  # PostgreSQL keeps none; no address may cost the line
    if name in OWN or not text:
        return text
    if name in _SECRET:
        return "***"
    if name in _PHONE:
        return text if "*" in text else mask_phone(text)
    if name in _ID:
        return text if "*" in text else mask_id(text)
    if len(text) < 10 or not _LONG.search(unicodedata.normalize("NFKC", text)):
        return text
    return mask_in_text(_NUMBERS.sub(_masked, text))


def _masked(found: re.Match[str]) -> str:
    return mask_phone(found[1]) if found[1] else mask_id(found[2])
