"""Who wins when a name is set twice, and which outside systems the sandbox stands in for."""

import base64
from pathlib import Path

from devtools.environment import Addresses, aes_key, compose, kept_secrets, read, write

AT = Addresses("postgresql://here/huiyin", "redis://here/0", 8000, 8010)


def test_the_sandbox_and_the_product_share_their_credentials(tmp_path: Path) -> None:
    kept = kept_secrets(tmp_path)
    env = compose({}, kept, AT, tmp_path)
    apart = {"SANDBOX_BRIDGE_KEY"}  # of a terminal: the product keeps it in its database
    names = [
        name.removeprefix("SANDBOX_") for name in kept if name.startswith("SANDBOX_") and name not in apart
    ]
    assert len(names) == 15
    assert {name: env[f"HUIYIN_{name}"] for name in names} == {
        name: kept[f"SANDBOX_{name}"] for name in names
    }
    assert {name: env[f"HUIYIN_{name}"] for name in ("WECOM_API", "WECOM_BOT_URL", "HOTLINE_API")} == {
        "WECOM_API": "http://127.0.0.1:8010/wecom",
        "WECOM_BOT_URL": "ws://127.0.0.1:8010/wecom/aibot",
        "HOTLINE_API": "http://127.0.0.1:8010/hotline",
    }


def test_a_real_system_that_is_configured_never_meets_the_sandboxs_credentials(tmp_path: Path) -> None:
    given = {"HUIYIN_WECOM_CORP_ID": "ww-of-the-hospital", "HUIYIN_WECOM_SECRET": "real"}
    env = compose(given, kept_secrets(tmp_path), AT, tmp_path)
    assert {name: value for name, value in env.items() if name.startswith("HUIYIN_WECOM_")} == given
    assert env["HUIYIN_SMS_API"] == "http://127.0.0.1:8010/sms"


def test_what_a_person_has_set_wins(tmp_path: Path) -> None:
    given = {"HUIYIN_PUBLIC_URL": "https://hospital.example", "HUIYIN_LOG_LEVEL": "DEBUG", "PATH": "/bin"}
    env = compose(given, kept_secrets(tmp_path), AT, tmp_path)
    assert {name: env[name] for name in given} == given
    assert env["HUIYIN_DATABASE_URL"] == "postgresql://here/huiyin"


def test_secrets_are_made_once_differ_between_installations_and_grow_with_an_upgrade(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    first = kept_secrets(here)
    assert kept_secrets(here) == first
    other = kept_secrets(there)
    assert [name for name in first if first[name] == other[name]] == ["SANDBOX_WECOM_AGENT_ID"]

    write(
        here / "secrets.env", {name: value for name, value in first.items() if name != "SANDBOX_SMS_SECRET"}
    )
    assert {**kept_secrets(here), "SANDBOX_SMS_SECRET": ""} == {**first, "SANDBOX_SMS_SECRET": ""}
    assert ((here / "secrets.env").stat().st_mode & 0o777) == 0o600


def test_an_aes_key_is_what_the_vendor_makes() -> None:
    key = aes_key()
    assert (len(key), key.isalnum(), len(base64.b64decode(key + "="))) == (43, True, 32)


def test_a_file_of_settings_is_read_as_people_write_it(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# comment\n\nexport A=1\nB = 'two words'\nC=\"x=y\"\nD=\nnot a line\n")
    assert read(tmp_path / ".env") == {"A": "1", "B": "two words", "C": "x=y", "D": ""}
    assert read(tmp_path / "missing") == {}
