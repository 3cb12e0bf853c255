"""Reads what people type: full width or half, with or without blanks and "#", the word first or the number first.

Pure. Knows that "3天" or "2026-11-20" is no ticket number; knows no command.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

# What may follow a number that counts something: such a number names no ticket.
_COUNTED = (
    "天日次个月年点时分秒元块角万千百亿名人位楼层份件条张周岁床支盒瓶粒片针例项种度公斤米厘毫号%％℃多余几"
)
_DIGITS = r"\d{8}-\d++|\d++"
_LABEL = r"(?:工单号|工单|单号|编号|事项|案件|这单)?[\s:]*"
_NUMBER = rf"{_LABEL}(?:[#№]\s*(?P<sure>{_DIGITS})号?|(?P<number>{_DIGITS})(?:号(?=[\s,:;，。]|$)|(?![{_COUNTED}])(?![-./:]\d)))"
_ADDRESS = re.compile(r"\s*(?:@?回音助手|@回音|/|@bot)[\s,:]*")
_GAP = re.compile(r"[\s,:;、。!]*")
_PARTICLES = re.compile(r"[\s,.:;、。!~…吧了啊呀哦哈好的谢谢您请麻烦一下这个该单工]*")
_NUMERALS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_COUNT = re.compile(r"\s*(?:(?P<digits>\d{1,4})|(?P<han>[零〇一二两三四五六七八九十]{1,3}))\s*")


@dataclass(frozen=True, slots=True)
class Said:
    """A line as understood: the command's word, the number ("" when none), the rest as it was typed.

    `word` is "" when no known word begins the line; `addressed` tells that the bot was called by name.
    """

    word: str
    number: str
    rest: str
    whole: str
    addressed: bool = False


def fold(text: str) -> str:
    """The text in half width and lower case, character for character, so that places in it stay the same."""
    return "".join(_fold(sign) for sign in text)


def _fold(sign: str) -> str:
    plain = unicodedata.normalize("NFKC", sign).lower()
    return plain if len(plain) == 1 else sign


def clean(text: str) -> str:
    """Without what no database keeps: NUL and halves of surrogate pairs; ends trimmed."""
    return "".join(sign for sign in text if sign != "\0" and not "\ud800" <= sign <= "\udfff").strip()


@lru_cache(maxsize=64)
def _patterns(words: tuple[str, ...]) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    longest_first = sorted({fold(word) for word in words}, key=len, reverse=True)
    word = "(?P<word>" + "|".join(re.escape(each) for each in longest_first) + ")"
    return (
        re.compile(rf"\s*{word}[\s,:]*(?:{_NUMBER})?"),
        re.compile(rf"\s*(?:{_NUMBER})[\s,:]*{word}"),
        re.compile(rf"\s*(?:{_NUMBER})\s*$"),
    )


def read(text: str, words: Sequence[str]) -> Said:
    """The line split into word, number and rest."""
    plain = fold(text)
    address = _ADDRESS.match(plain)
    start = address.end() if address else 0
    by_word, by_number, bare = _patterns(tuple(words))
    found = by_word.match(plain, start) or by_number.match(plain, start)
    if found is None:
        alone = bare.match(plain, start)
        number = (alone["sure"] or alone["number"]) if alone else ""
        return Said("", number, "" if alone else text[start:].strip(), text.strip(), bool(address))
    gap = _GAP.match(plain, found.end())
    rest = text[gap.end() if gap else found.end() :].strip()
    return Said(found["word"], found["sure"] or found["number"] or "", rest, text.strip(), bool(address))


def only_particles(text: str) -> bool:
    """Whether the words add nothing: "吧", "了，谢谢"."""
    return _PARTICLES.fullmatch(fold(text)) is not None


def count(text: str) -> tuple[int, str] | None:
    """A number at the beginning, in digits or Chinese numerals up to 99, and what follows; None when there is none."""
    found = _COUNT.match(fold(text))
    if found is None:
        return None
    value = int(found["digits"]) if found["digits"] else _han(found["han"])
    return None if value is None else (value, text[found.end() :])


def _han(text: str) -> int | None:
    tens, ten, ones = text.partition("十")
    if not ten:
        return _NUMERALS[text] if len(text) == 1 else None
    if len(tens) > 1 or len(ones) > 1 or "十" in ones:
        return None
    return (_NUMERALS[tens] if tens else 1) * 10 + (_NUMERALS[ones] if ones else 0)


def nearest(text: str, words: Iterable[str], most: int = 3) -> list[str]:
    """The words most like the beginning of the text, best first."""
    known = list(dict.fromkeys(words))
    plain = fold(text).strip()
    head = re.split(r"[\s,:#\d]", plain, maxsplit=1)[0] or plain
    scores: dict[str, float] = {}
    for word in known:
        folded = fold(word)
        candidates = {head[: len(folded) + extra] for extra in (-1, 0, 1)} | {head}
        scores[word] = max(difflib.SequenceMatcher(None, folded, each).ratio() for each in candidates)
    ranked = sorted(known, key=lambda word: -scores[word])
    return [word for word in ranked[:most] if scores[word] >= 0.5]
