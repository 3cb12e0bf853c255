"""The environment the programs of `make run` get: secrets made once per checkout, addresses of this run.

What a person has set (environment, then `.env`) always wins; the sandbox stands in only for an outside
system of which nothing was set. Secrets live in `.data/secrets.env`, readable by their owner alone.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
# Which names belong to one outside system. Whoever sets one of them means the real system with all of it.
SYSTEMS: Final[Mapping[str, tuple[str, ...]]] = {
    "wecom": (
        "WECOM_API", "WECOM_BOT_URL", "WECOM_CORP_ID", "WECOM_AGENT_ID", "WECOM_SECRET", "WECOM_TOKEN",
        "WECOM_AES_KEY", "WECOM_BOT_ID", "WECOM_BOT_SECRET",
    ),
    "wechat": ("WECHAT_API", "WECHAT_APP_ID", "WECHAT_SECRET", "WECHAT_TOKEN", "WECHAT_AES_KEY", "WECHAT_TEMPLATE_RESULT"),
    "sms": ("SMS_API", "SMS_ACCOUNT", "SMS_SECRET"),
    "hotline": ("HOTLINE_API", "HOTLINE_SECRET"),
    "ca": ("CA_API", "CA_SECRET", "CA_ROOTS"),
}  # fmt: skip
ADDRESSES: Final = {
    "WECOM_API": "/wecom",
    "WECOM_BOT_URL": "/wecom/aibot",
    "WECHAT_API": "/wechat",
    "SMS_API": "/sms",
    "HOTLINE_API": "/hotline",
    "CA_API": "/ca",
}
FIXED: Final = {
    "WECHAT_TEMPLATE_RESULT": "sandbox-template-result"
}  # the sandbox knows no templates of its own


def data_folder(given: Mapping[str, str] = os.environ) -> Path:
    """Return where everything of this checkout's system is kept: `.data/`, or HUIYIN_DATA_FOLDER."""
    return Path(given.get("HUIYIN_DATA_FOLDER", "") or ROOT / ".data").absolute()


def read(path: Path) -> dict[str, str]:
    """Read `NAME=value` lines; comments, blank lines, `export` and quotes around a value are understood."""
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            value = value.strip()
            quoted = len(value) >= 2 and value[0] == value[-1] and value[0] in "'\""
            found[name.strip()] = value[1:-1] if quoted else value
    return found


def write(path: Path, values: Mapping[str, str]) -> None:
    """Write `NAME=value` lines for the owner's eyes only, whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{name}={value}\n" for name, value in values.items()), encoding="utf-8")
    fresh.replace(path)


def aes_key() -> str:
    """Return an EncodingAESKey as WeCom and WeChat make them: 43 letters and digits, base64 of 32 bytes."""
    while True:
        key = base64.b64encode(secrets.token_bytes(32)).decode().rstrip("=")
        if key.isalnum():
            return key


def new_secrets() -> dict[str, str]:
    """Return fresh random secrets of one installation, the sandbox's credentials among them."""
    return {
        "HUIYIN_SECRET_KEY": secrets.token_urlsafe(48),
        "HUIYIN_ENCRYPTION_KEYS": "1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "HUIYIN_SAMPLE_PASSWORD": f"Huiyin@{secrets.randbelow(9000) + 1000}",  # typed by hand, many times a day
        "SANDBOX_WECOM_CORP_ID": "ww" + secrets.token_hex(8),
        "SANDBOX_WECOM_AGENT_ID": "1000002",
        "SANDBOX_WECOM_SECRET": secrets.token_urlsafe(32),
        "SANDBOX_WECOM_TOKEN": secrets.token_hex(12),
        "SANDBOX_WECOM_AES_KEY": aes_key(),
        "SANDBOX_WECOM_BOT_ID": "aib" + secrets.token_hex(8),
        "SANDBOX_WECOM_BOT_SECRET": secrets.token_urlsafe(32),
        "SANDBOX_WECHAT_APP_ID": "wx" + secrets.token_hex(8),
        "SANDBOX_WECHAT_SECRET": secrets.token_hex(16),
        "SANDBOX_WECHAT_TOKEN": secrets.token_hex(12),
        "SANDBOX_WECHAT_AES_KEY": aes_key(),
        "SANDBOX_SMS_ACCOUNT": "sms" + secrets.token_hex(6),
        "SANDBOX_SMS_SECRET": secrets.token_urlsafe(32),
        "SANDBOX_HOTLINE_SECRET": secrets.token_urlsafe(32),
        "SANDBOX_CA_SECRET": secrets.token_urlsafe(32),
        "SANDBOX_BRIDGE_KEY": secrets.token_urlsafe(32),
    }


def kept_secrets(folder: Path) -> dict[str, str]:
    """Return this installation's secrets, making at the first run (and after an upgrade) what is missing."""
    path = folder / "secrets.env"
    kept = read(path)
    whole = new_secrets() | kept
    if whole != kept:
        write(path, whole)
    return whole


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of this run listen."""

    database_url: str
    redis_url: str
    web_port: int
    sandbox_port: int
    mllp_port: int = 2575

    @property
    def web(self) -> str:
        """The product's base address on this machine."""
        return f"http://127.0.0.1:{self.web_port}"

    @property
    def sandbox(self) -> str:
        """The sandbox's base address on this machine."""
        return f"http://127.0.0.1:{self.sandbox_port}"


def compose(given: Mapping[str, str], kept: Mapping[str, str], at: Addresses, folder: Path) -> dict[str, str]:
    """Return the programs' environment: `given` on top of what this run knows on top of `kept` secrets."""
    ours = {
        "HUIYIN_DATABASE_URL": at.database_url,
        "HUIYIN_REDIS_URL": at.redis_url,
        "HUIYIN_PORT": str(at.web_port),
        "HUIYIN_PUBLIC_URL": at.web,
        "HUIYIN_ENVIRONMENT": "sample",
        "HUIYIN_STORAGE_FOLDER": str(folder / "files"),
        "HUIYIN_EXPORT_FOLDER": str(folder / "exports"),
        "HUIYIN_LOG_FORMAT": "json",
        "SANDBOX_URL": at.sandbox,
        "HUIYIN_MLLP_PORT": str(at.mllp_port),
        "SANDBOX_MLLP_PORT": str(at.mllp_port),
        "SANDBOX_PORT": str(at.sandbox_port),
        "SANDBOX_APP_URL": at.web,
        "SANDBOX_STATE": str(folder / "sandbox.json"),
        "SANDBOX_CA_FOLDER": str(folder / "ca"),
    }
    for names in SYSTEMS.values():
        if any(f"HUIYIN_{name}" in given for name in names):
            continue
        for name in names:
            if name in ADDRESSES:
                scheme = "ws" if name.endswith("_BOT_URL") else "http"
                ours[f"HUIYIN_{name}"] = at.sandbox.replace("http", scheme, 1) + ADDRESSES[name]
            elif name == "CA_ROOTS":
                ours["HUIYIN_CA_ROOTS"] = str(folder / "ca" / "roots.pem")
            elif name in FIXED:
                ours[f"HUIYIN_{name}"] = FIXED[name]
            else:
                ours[f"HUIYIN_{name}"] = kept[f"SANDBOX_{name}"]
    return {**kept, **ours, **given}
