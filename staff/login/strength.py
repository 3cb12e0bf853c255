"""Which passwords are refused: short ones, ones of a single kind of sign, and ones that everybody guesses first.

Sources: GB/T 22239-2019 8.1.4.1 a) (complexity, changed at intervals); the estimate of guesses is that of zxcvbn
(Wheeler, USENIX Security 2016), which knows lists of leaked passwords, keyboard walks and dates, but no Chinese
hospital: the words people here put before "@2026" are `HOUSE_WORDS`. Reads nothing, keeps nothing.
"""

import re
from collections.abc import Iterable

from pypinyin import lazy_pinyin
from zxcvbn import zxcvbn

from core.errors import Fault, Invalid

SHORTEST, LONGEST = 8, 128
WEAKEST = 2  # zxcvbn's score 0 to 4; below it is guessed within a million tries
OWN_SIGNS = 4  # signs that must be left when what everybody knows is taken away
HOUSE_WORDS = (
    "huiyin",
    "yiyuan",
    "hospital",
    "yihuan",
    "keshi",
    "hushi",
    "yisheng",
    "huanzhe",
    "zhongxin",
    "guanli",
    "admin",
    "administrator",
    "password",
    "passw0rd",
    "p@ssw0rd",
    "root",
    "test",
    "welcome",
    "qwer",
    "asdf",
    "zxcv",
    "1qaz",
    "2wsx",
    "woaini",
    "iloveyou",
    "zhongguo",
    "china",
    "dage",
    "abc",
    "wang",
    "zhang",
)
_YEARS = re.compile(r"(19|20)\d\d")
_WALKS = re.compile(
    r"0123456789|1234567890|123456789|12345678|1234567|123456|12345|1234|4321|123|321|888|666|520|1314"
)
_ALIKE = re.compile(r"(.)\1{2,}")


def check(password: str, *, field: str = "password", label: str = "密码", about: Iterable[str] = ()) -> None:
    """Refuse a password that is too simple, or easy to guess for who knows `about` (number, name, hospital).

    Args:
        password: as it will be typed.
        field: where the fault is shown, with `label` as its name.
        label: see field.
        about: what is known of the person; names are taken in pinyin too.

    Raises:
        Invalid: with each thing that is missing.
    """
    if lacks := _lacks(password):
        raise _bad("密码应" + "、".join(lacks), field, label)
    known = [word for text in about for word in _spellings(text)]
    if _own(password, known) < OWN_SIGNS or zxcvbn(password[:72], user_inputs=known)["score"] < WEAKEST:
        raise _bad("这个密码太容易被猜到：请不要用姓名、工号、医院、年份、键盘顺序或常见口令", field, label)


def _bad(words: str, field: str, label: str) -> Invalid:
    return Invalid(words, details=[Fault(field=field, label=label, reason=words)])


def _lacks(password: str) -> list[str]:
    return [
        words
        for words, there in (
            (f"至少 {SHORTEST} 个字符", SHORTEST <= len(password) <= LONGEST),
            ("包含大写字母", any("A" <= sign <= "Z" for sign in password)),
            ("包含小写字母", any("a" <= sign <= "z" for sign in password)),
            ("包含数字", any("0" <= sign <= "9" for sign in password)),
            ("包含特殊符号", any(not sign.isalnum() and not sign.isspace() for sign in password)),
        )
        if not there
    ]


def _spellings(text: str) -> list[str]:
    """A word as it is and in pinyin, whole and by initials: 张三 → zhangsan, zhang, zs."""
    parts = lazy_pinyin(text)
    whole = "".join(parts)
    initials = "".join(part[0] for part in parts if part)
    return [word.lower() for word in {text, whole, parts[0] if parts else "", initials} if len(word) >= 2]


def _own(password: str, known: list[str]) -> int:
    """How many letters and digits are left that nobody could know."""
    left = (
        password.lower().replace("@", "a").replace("0", "o")
        if "passw" in password.lower()
        else password.lower()
    )
    for word in sorted({*known, *HOUSE_WORDS}, key=len, reverse=True):
        left = left.replace(word, "")
    left = _ALIKE.sub("", _WALKS.sub("", _YEARS.sub("", left)))
    return sum(sign.isalnum() for sign in left)
