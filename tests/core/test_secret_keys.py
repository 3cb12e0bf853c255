"""The secret key is changed without throwing anybody out: the first signs, those of before are believed, hashes stay."""

from uuid import UUID

import pytest

from core import crypto
from core.settings import SettingsError, load, settings
from surveys.responses import keys

OLD = "an old key of the tests, forty characters"
NEW = "a new key of the tests, forty characters."
RESPONSE = UUID(int=7)


def use(monkeypatch: pytest.MonkeyPatch, secret: str, search: str = "") -> None:
    monkeypatch.setenv("HUIYIN_SECRET_KEY", secret)
    monkeypatch.setenv("HUIYIN_SEARCH_KEY", search)
    for cache in (settings.cache_clear, crypto._hash_key.cache_clear, keys.key_of.cache_clear):
        cache()


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> object:
    yield
    monkeypatch.undo()
    for cache in (settings.cache_clear, crypto._hash_key.cache_clear, keys.key_of.cache_clear):
        cache()


def test_what_the_old_key_signed_is_believed_until_it_is_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    use(monkeypatch, OLD)
    before, link, found = crypto.sign("device", "x"), keys.key_of(RESPONSE), crypto.search_hash("13800000001")
    use(monkeypatch, f"{NEW}\n{OLD}\n")
    assert crypto.sign("device", "x") != before
    assert [crypto.fits("device", "x", before), keys.fits(RESPONSE, link)] == [True, True]
    assert crypto.fits("device", "x", crypto.sign("device", "x"))
    assert crypto.search_hash("13800000001") == found
    use(monkeypatch, NEW, search=OLD)
    assert [crypto.fits("device", "x", before), keys.fits(RESPONSE, link)] == [False, False]
    assert crypto.search_hash("13800000001") == found


def test_a_signature_of_another_purpose_a_shorter_one_or_none_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, f"{NEW}\n{OLD}")
    made = crypto.sign("device", "x")
    wrong = [("link", made), ("device", made[:32]), ("device", ""), ("device", made + "0"), ("device", "é")]
    assert [crypto.fits(purpose, "x", given) for purpose, given in wrong] == [False] * len(wrong)


@pytest.mark.parametrize("secret", ["short", f"{NEW}\nshort", "\n" * 40], ids=["one", "second", "empty"])
def test_a_short_key_stops_the_start_and_is_not_told(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setenv("HUIYIN_SECRET_KEY", secret)
    with pytest.raises(SettingsError) as refused:
        load()
    assert ("HUIYIN_SECRET_KEY" in str(refused.value), NEW in str(refused.value)) == (True, False)
