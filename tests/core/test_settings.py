"""A setting that is missing or bad stops the start with a sentence that names it and not its value."""

from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from core.crypto import KeyRing
from core.settings import SettingsError, load


def test_every_bad_setting_is_named_in_one_sentence_without_its_value(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HUIYIN_DATABASE_URL", "mysql://secret-host/x")
    monkeypatch.setenv("HUIYIN_SECRET_KEY", "short")
    monkeypatch.setenv("HUIYIN_PORT", "99999")
    with pytest.raises(SettingsError) as caught:
        load()
    text = str(caught.value)
    assert [name for name in ("DATABASE_URL", "SECRET_KEY", "PORT") if f"HUIYIN_{name}" not in text] == []
    assert "secret-host" not in text
    assert "short" not in text.replace("shorter", "").replace("too_short", "")


def test_a_missing_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HUIYIN_REDIS_URL")
    with pytest.raises(SettingsError, match="HUIYIN_REDIS_URL"):
        load()


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a key from a file, of forty characters...\n")
    monkeypatch.delenv("HUIYIN_SECRET_KEY")
    monkeypatch.setenv("HUIYIN_SECRET_KEY_FILE", str(tmp_path / "key"))
    assert load().secret_key.get_secret_value() == "a key from a file, of forty characters..."
    monkeypatch.delenv("HUIYIN_SECRET_KEY")
    monkeypatch.setenv("HUIYIN_SECRET_KEY_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="HUIYIN_SECRET_KEY_FILE"):
        load()


@pytest.mark.parametrize("text", ["", "1:short", "x:AAAA", "1:AAECAwQFBgcICQoLDA0ODw=="])
def test_a_bad_encryption_key_stops_the_start(text: str) -> None:
    with pytest.raises(SettingsError, match="HUIYIN_ENCRYPTION_KEYS"):
        KeyRing(text)


def test_an_old_key_still_opens_what_it_sealed_and_a_moved_value_opens_nowhere() -> None:
    old = KeyRing("1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")
    both = KeyRing(
        "2:EBESExQVFhcYGRobHB0eHwABAgMEBQYHCAkKCwwNDg8=,1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    )
    sealed = old.encrypt("13800000001", "cases.caller_phone")
    assert both.decrypt(sealed, "cases.caller_phone") == "13800000001"
    assert both.encrypt("x", "a.b")[1] == 2
    with pytest.raises(InvalidTag):
        both.decrypt(sealed, "cases.contact_phone")
