"""Every word of the patients' pages is there in English, and none of it stands for nothing."""

import ast
import re
from pathlib import Path

import pytest

from patient_portal.words import Language, said, table, words

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*(ROOT / "templates" / "portal").rglob("*.html"), *(ROOT / "templates" / "kiosk").rglob("*.html")]
)
CALL = re.compile(r"""_\(\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')""")
NAMED = re.compile(r"%\(\w+\)s")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT / "templates")))
def test_every_word_of_a_page_has_its_english(page: Path) -> None:
    found = {ast.literal_eval(text) for text in CALL.findall(page.read_text(encoding="utf-8"))}
    assert sorted(found - set(table(Language.ENGLISH))) == []


def test_what_is_put_into_a_sentence_is_put_into_its_english_too() -> None:
    wrong = [
        text
        for text, english in table(Language.ENGLISH).items()
        if sorted(NAMED.findall(text)) != sorted(NAMED.findall(english))
    ]
    assert wrong == []


def test_a_text_without_a_translation_is_shown_in_chinese_and_values_are_escaped() -> None:
    assert said("没有人翻译过的句子", Language.ENGLISH) == "没有人翻译过的句子"
    assert said("登录", Language.ENGLISH) == "Sign in"
    assert words(Language.ENGLISH)("%(name)s，您好", name="<b>") == "Hello, &lt;b&gt;"
    assert words(Language.CHINESE)("%(name)s，您好", name="<b>") == "&lt;b&gt;，您好"
