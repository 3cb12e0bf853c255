"""Numbers that stand for persons: identity documents and phones, read, normalised and found in free text.

Sources: GB 11643-1999 (18 digits: 6 area, 8 birth, 3 sequence, 1 check by ISO 7064 MOD 11-2; 17th digit odd is
male); residence permits of Hong Kong, Macau and Taiwan residents use 81/82/83 with the same check; permanent
residence cards for foreigners issued from 2023-12-01 are 18 digits beginning with 9. Area prefix 99 is
assigned to nobody and marks sample persons. Mobile numbers are taken loosely (`1[3-9]` and nine digits) since
ranges change. Says only whether a number is well formed, never whether the person exists; masks are in
`core.masks`.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from core.masks import mask_address, mask_id, mask_name, mask_phone

__all__ = [
    "IdKind",
    "IdNumber",
    "Sex",
    "find_ids",
    "find_phones",
    "mask_address",
    "mask_id",
    "mask_in_text",
    "mask_name",
    "mask_phone",
    "normalise_phone",
    "parse_id",
]

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_PROVINCE_CODES = (
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71"
)
_PROVINCES = frozenset(_PROVINCE_CODES.split())
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−－", "-"))
# Full-width signs, odd dashes and spaces as ordinary ones, one for one, so that places stay places.
_NARROW: dict[int, int | str] = {
    **_DASHES,
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    0x3000: 0x20,
    0xA0: 0x20,
}
_ID_IN_TEXT = re.compile(
    r"(?<![0-9A-Za-z])(?:[0-9]{6}[ -]?[0-9]{8}[ -]?[0-9]{3}[0-9Xx]|[0-9]{15})(?![0-9A-Za-z])", re.ASCII
)
_AREA = r"(?:10|2[0-9]|[3-9][0-9]{2})"
_MOBILE_IN_TEXT = r"(?:(?:\+|00)?86[ -]?|0)?(1[3-9][0-9][ -]?[0-9]{4}[ -]?[0-9]{4})"
_LANDLINE_IN_TEXT = (
    rf"(?:(?:\+|00)86[ -]?\(?0?|\(?0)({_AREA})\)?[ -]?([2-9][0-9]{{2,3}}[ -]?[0-9]{{4}})"
    r"(?:(?:-|转|#|ext\.?)[ ]?([0-9]{1,6}))?"
)
_PHONE_IN_TEXT = re.compile(
    rf"(?<![0-9A-Za-z])(?<![0-9]-)(?:{_MOBILE_IN_TEXT}|{_LANDLINE_IN_TEXT})(?![0-9])",
    re.ASCII | re.IGNORECASE,
)
_SERVICE = re.compile(r"[48]00[ -]?[0-9]{3}[ -]?[0-9]{4}|[48]00[ -]?[0-9]{4}[ -]?[0-9]{3}", re.ASCII)
_FOREIGN = re.compile(r"(?:\+|00)(?!86)([1-9][0-9 -]{6,18}[0-9])", re.ASCII)
_LOCAL = re.compile(r"([2-9][0-9]{2,3})[ -]?([0-9]{4})(?:(?:-|转|#)[ ]?([0-9]{1,6}))?", re.ASCII)


class IdKind(StrEnum):
    """Whose number it is, by its area prefix."""

    RESIDENT = "resident"
    HONG_KONG = "hong_kong"
    MACAU = "macau"
    TAIWAN = "taiwan"
    FOREIGNER = "foreigner"
    SAMPLE = "sample"


class Sex(StrEnum):
    """GB/T 2261.1 code as an identity number tells it."""

    MALE = "1"
    FEMALE = "2"


@dataclass(frozen=True, slots=True)
class IdNumber:
    """A well-formed number: 18 characters with a capital X, and what it says of its holder."""

    number: str
    kind: IdKind
    born: date
    sex: Sex


def parse_id(text: str, *, today: date | None = None) -> IdNumber | None:
    """Read an 18- or 15-digit number; None when digits, area, birth date or check character are wrong.

    Full-width digits, spaces and hyphens are forgiven, a 15-digit number becomes its 18-digit form (19xx).
    With `today` a birth date after it is wrong too.
    """
    number = _plain(text).replace(" ", "").replace("-", "").upper()
    if re.fullmatch(r"[0-9]{15}", number):
        number = f"{number[:6]}19{number[6:]}"
        number += _check(number)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number) or number[17] != _check(number):
        return None
    kind, born = _kind(number), _birth(number[6:14])
    if kind is None or born is None or (today is not None and born > today):
        return None
    return IdNumber(number, kind, born, Sex.MALE if int(number[16]) % 2 else Sex.FEMALE)


def normalise_phone(text: str, *, area: str = "") -> str | None:
    """One number in its one form, or None when the text is anything else than one phone number.

    Mobile `13800000001`; landline `020-81234567` or `020-81234567-123`; service `4008001234`; other
    countries and regions `+85291234567`. A local number of 7 or 8 digits needs the `area` ("020").
    """
    plain = _plain(text).strip()
    if found := _PHONE_IN_TEXT.fullmatch(plain):
        return _phone(found)
    if _SERVICE.fullmatch(plain):
        return re.sub(r"[ -]", "", plain)
    if found := _FOREIGN.fullmatch(plain):
        digits = re.sub(r"[ -]", "", found[1])
        return f"+{digits}" if len(digits) <= 15 else None
    if area and (found := _LOCAL.fullmatch(plain)):
        extension = f"-{found[3]}" if found[3] else ""
        return f"{area}-{found[1]}{found[2]}{extension}"
    return None


def find_phones(text: str) -> tuple[str, ...]:
    """The mobiles and landlines (with area code) in a text, normalised, each once, in order.

    Digits inside a longer run (order numbers, identity numbers) are not phones.
    """
    return tuple(dict.fromkeys(_phone(found) for found in _PHONE_IN_TEXT.finditer(_plain(text))))


def find_ids(text: str) -> tuple[str, ...]:
    """The well-formed identity numbers in a text, 18 characters each, each once, in order."""
    candidates = (parse_id(found[0]) for found in _ID_IN_TEXT.finditer(_plain(text)))
    return tuple(dict.fromkeys(found.number for found in candidates if found is not None))


def mask_in_text(text: str) -> str:
    """The text with every identity number and phone in it masked; full-width digits are told as ordinary ones.

    For free text that is read by more people than may see whom it speaks of; names in it are not found.
    """
    plain = text.translate(_NARROW)
    parts, end = [], 0
    for start, stop, hidden in sorted([*_id_spans(plain), *_phone_spans(plain)]):
        if start >= end:
            parts += [text[end:start], hidden]
            end = stop
    return "".join((*parts, text[end:])) if parts else text


def _id_spans(plain: str) -> list[tuple[int, int, str]]:
    found = [(match, parse_id(match[0])) for match in _ID_IN_TEXT.finditer(plain)]
    return [(match.start(), match.end(), mask_id(known.number)) for match, known in found if known]


def _phone_spans(plain: str) -> list[tuple[int, int, str]]:
    return [
        (match.start(), match.end(), mask_phone(_phone(match))) for match in _PHONE_IN_TEXT.finditer(plain)
    ]


def _plain(text: str) -> str:
    """Full-width forms, odd spaces and odd dashes made ordinary."""
    return re.sub(r"\s", " ", unicodedata.normalize("NFKC", text.translate(_DASHES)))


def _check(number: str) -> str:
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, number, strict=False))
    return _CHECKS[total % 11]


def _kind(number: str) -> IdKind | None:
    regions = {"810000": IdKind.HONG_KONG, "820000": IdKind.MACAU, "830000": IdKind.TAIWAN}
    if number[:2] in _PROVINCES:
        return IdKind.RESIDENT
    if number.startswith("99"):
        return IdKind.SAMPLE
    return IdKind.FOREIGNER if number[0] == "9" else regions.get(number[:6])


def _birth(digits: str) -> date | None:
    try:
        born = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return None
    return born if 1850 <= born.year <= 2199 else None


def _phone(found: re.Match[str]) -> str:
    mobile, area, local, extension = found.groups()
    if mobile:
        return re.sub(r"[ -]", "", mobile)
    number = re.sub(r"[ -]", "", local)
    return f"0{area}-{number}" + (f"-{extension}" if extension else "")
