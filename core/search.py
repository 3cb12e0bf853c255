"""Grams for substring search in Chinese and mixed text; makes lists of short strings, asks no database.

A text is cut into segments (runs of letters and digits of any script; all else separates). Indexed are every
single character, every pair, and every triple of ASCII letters and digits, which pick an order number or the
last digits of a phone better than pairs do. A query needs only the longest of these. Every gram of a query
segment is a gram of any text that contains the query, so the index never hides a hit (up to `LIMIT`); it may
show too many, and the caller rechecks each of `terms` with LIKE on the `normalise`d text.
"""

import unicodedata
from collections.abc import Iterator

LIMIT = 2_000  # grams kept of one row: about the first 1,200 characters of Chinese prose
QUERY_LIMIT = 64
QUERY_CHARACTERS = 200
_ASCII = frozenset("0123456789abcdefghijklmnopqrstuvwxyz")


def normalise(text: str) -> str:
    """The form in which texts are stored for search and compared: NFKC, case folded, storable."""
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return "".join(char for char in folded if char != "\x00" and not "\ud800" <= char <= "\udfff")


def tokens(*texts: str, limit: int = LIMIT) -> list[str]:
    """The distinct grams of the texts, in order of appearance, at most `limit`.

    Give the texts in order of weight (number, names, phones, title, content): what lies past the limit is
    not found by the index.
    """
    found: dict[str, None] = {}
    for text in texts:
        for segment in _segments(normalise(text)):
            for gram in _grams(segment):
                found[gram] = None
                if len(found) >= limit:
                    return list(found)
    return list(found)


def query_tokens(text: str) -> list[str]:
    """The grams that every text containing `text` must have, at most 64; empty when nothing is searchable.

    Words parted by spaces need not stand together in the text: each must be found (`terms`).
    """
    found: dict[str, None] = {}
    for segment in _segments(normalise(text[:QUERY_CHARACTERS])):
        for gram in _needed(segment):
            found[gram] = None
    return list(found)[:QUERY_LIMIT]


def terms(text: str) -> list[str]:
    """The words of a query, normalised, each to be contained in the stored text."""
    return list(dict.fromkeys(normalise(text[:QUERY_CHARACTERS]).split()))


def like_pattern(term: str) -> str:
    r"""A LIKE pattern (escape character `\`) that matches any text containing `term`."""
    escaped = term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def _segments(text: str) -> Iterator[str]:
    """Runs of letters, digits and the marks that belong to them."""
    start = None
    for index, char in enumerate(text):
        inside = char.isalnum() or unicodedata.category(char)[0] == "M"
        if inside and start is None:
            start = index
        elif not inside and start is not None:
            yield text[start:index]
            start = None
    if start is not None:
        yield text[start:]


def _grams(segment: str) -> Iterator[str]:
    """All grams of a segment, place by place, so that a cut by the limit keeps the head whole."""
    for index, char in enumerate(segment):
        yield char
        if index + 1 < len(segment):
            yield segment[index : index + 2]
        if _is_triple(segment[index : index + 3]):
            yield segment[index : index + 3]


def _needed(segment: str) -> Iterator[str]:
    """The fewest grams that stand for a segment: triples of ASCII, else pairs, else the one character."""
    if len(segment) == 1:
        yield segment
        return
    covered = -1  # end of the last triple: pairs inside it say nothing new
    for index in range(len(segment) - 1):
        if _is_triple(segment[index : index + 3]):
            yield segment[index : index + 3]
            covered = index + 3
        elif index + 2 > covered:
            yield segment[index : index + 2]


def _is_triple(gram: str) -> bool:
    return len(gram) == 3 and _ASCII.issuperset(gram)
