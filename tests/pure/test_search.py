"""Search grams: what is found by which part of it, and that the index never hides a hit."""

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from core.search import LIMIT, like_pattern, normalise, query_tokens, terms, tokens

ORDER = "GZ12345-20261121-000001"
TEXT = "张测试来电反映心内科门诊CT检查等候过久，联系电话13800005678，X光片未取。"


@pytest.mark.parametrize(
    "query",
    [
        "张",
        "张测",
        "心内科",
        "门诊CT",
        "ct",
        "ＣＴ检查",
        "X光",
        "5678",
        "0000",
        "1380000",
        "13800005678",
        "久，联系",
        "",
    ],
)
def test_a_part_of_the_text_finds_it(query: str) -> None:
    assert set(query_tokens(query)) <= set(tokens(ORDER, TEXT))
    assert normalise(query) in normalise(TEXT)


@pytest.mark.parametrize("query", ["000001", "12345-2026", "gz12345", ORDER, "1121"])
def test_a_part_of_an_order_number_finds_it(query: str) -> None:
    assert set(query_tokens(query)) <= set(tokens(ORDER, TEXT))


@pytest.mark.parametrize("query", ["李", "内心", "神经内科", "5679", "999", "MR", "gz12346"])
def test_what_is_not_in_the_text_is_not_found(query: str) -> None:
    assert not set(query_tokens(query)) <= set(tokens(ORDER, TEXT))


@pytest.mark.parametrize(
    ("query", "grams"),
    [
        ("心", ["心"]),
        ("心内科", ["心内", "内科"]),
        ("5678", ["567", "678"]),
        ("ct", ["ct"]),
        ("x光", ["x光"]),
        ("门诊ct123室", ["门诊", "诊c", "ct1", "t12", "123", "3室"]),
        ("12345-20", ["123", "234", "345", "20"]),
        ("，。 %_", []),
        ("张测试 张测试", ["张测", "测试"]),
    ],
)
def test_a_query_needs_its_longest_grams_only(query: str, grams: list[str]) -> None:
    assert query_tokens(query) == grams


def test_words_parted_by_spaces_are_terms_of_their_own() -> None:
    assert terms("  心内科　ＣＴ 心内科 ") == ["心内科", "ct"]


def test_wildcards_of_a_query_are_letters_to_like() -> None:
    assert like_pattern("50%_\\") == "%50\\%\\_\\\\%"


def test_a_very_long_text_keeps_the_grams_of_its_head() -> None:
    text = "".join(chr(0x4E00 + n) for n in range(20_000))
    found = tokens("头", text)
    assert len(found) == LIMIT == 2_000
    assert found[0] == "头"
    assert set(query_tokens(text[:190])) <= set(found)


def test_what_a_database_cannot_store_is_left_out() -> None:
    assert normalise("a\x00b\ud800c") == "abc"


ALPHABET = st.sampled_from("心内科张测试等候aBx19０Ｃé-，。 \t%_·́ｶﾞ㎏①")
ANY = st.text(st.one_of(ALPHABET, st.characters()), max_size=30)


@given(before=ANY, query=ANY, after=ANY)
@example(before="e", query="́", after="")
@example(before="A", query="C", after="T")
def test_containment_means_that_the_grams_are_contained(before: str, query: str, after: str) -> None:
    text = before + query + after
    assume(normalise(query) in normalise(text))
    assert set(query_tokens(query)) <= set(tokens(text))


@given(ANY)
def test_every_term_of_a_text_finds_the_text(text: str) -> None:
    for term in terms(text):
        assert set(query_tokens(term)) <= set(tokens(text))


@given(st.text(max_size=4000))
def test_grams_are_short_distinct_and_capped(text: str) -> None:
    found = tokens(text)
    assert len(found) == len(set(found)) <= LIMIT
    assert all(1 <= len(gram) <= 3 for gram in found)
