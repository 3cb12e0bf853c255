"""The words of the patients' pages in the language of the reader: Chinese is the key, `locale/<language>/*.toml` the rest.

A text without a translation is shown in Chinese, so that a gap is a word in another language and never a fault.
"""

import tomllib
from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

FOLDER = Path(__file__).resolve().parent.parent / "locale"


class Language(StrEnum):
    """What the pages can be read in."""

    CHINESE = "zh-CN"
    ENGLISH = "en"


LANGUAGES = {Language.CHINESE: "中文", Language.ENGLISH: "English"}


@cache
def table(language: Language) -> Mapping[str, str]:
    """Chinese text → text, of all files of a language; empty for Chinese itself."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.toml")):
        found |= {key: str(text) for key, text in tomllib.loads(path.read_text(encoding="utf-8")).items()}
    return found


def said(text: str, language: Language) -> str:
    """One text in a language, as plain text: a sentence of an error, a label."""
    return table(language).get(text, text)


@cache
def words(language: Language) -> Callable[..., Markup]:
    """`_` of the templates for a language: `_("共 %(n)s 份", n=3)`; values are escaped, our own texts are not."""
    texts = table(language)

    @lru_cache(maxsize=4096)
    def plain(text: str) -> Markup:
        return Markup(texts.get(text, text)) % {}  # noqa: S704 - texts of our own templates

    def translate(text: str, **more: Any) -> Markup:
        return Markup(texts.get(text, text)) % more if more else plain(text)  # noqa: S704 - texts of our own templates

    return translate
