"""Settings from the environment (`HUIYIN_…`) or a `.env`; a bad one stops the start with a sentence naming it."""

import ipaddress
import os
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "HUIYIN_"


class SettingsError(Exception):
    """The settings are wrong; the message names each variable."""


class Settings(BaseSettings):
    """Every setting of web, worker and commands. `HUIYIN_X_FILE` gives the value of X from a file."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    database_url: str = Field(description="postgresql://… of the one database, as the application's role")
    owner_database_url: str = Field(
        default="",
        description="the same database as its owner, for `manage.py migrate`; empty: one role does all",
    )
    redis_url: str = Field(description="redis://… used as a bell only")
    secret_key: SecretStr = Field(
        min_length=32,
        description="signs cookies and links; several, one to a line: the first signs, all are believed",
    )
    search_key: SecretStr = Field(
        default=SecretStr(""),
        description="keys the search hashes and never changes; empty: the last of the secret keys",
    )
    encryption_keys: SecretStr = Field(
        description="`id:base64-of-32-bytes`, comma separated; the first encrypts, all decrypt"
    )
    encryption_algorithm: Literal["aes-256-gcm", "sm4-gcm"] = "aes-256-gcm"

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = "http://127.0.0.1:8000"
    path_prefix: str = ""
    environment: Literal["production", "sample", "test"] = "production"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["json", "text"] = "json"
    process_id: str = ""
    pool_min: int = Field(default=4, ge=0)
    pool_max: int = Field(default=16, ge=1)
    web_pool_max: int = Field(
        default=8,
        ge=1,
        description="of a web process: what it opens in a rush costs more than waiting for one",
    )
    trusted_proxies: int = Field(
        default=0, ge=0, description="how many proxies add X-Forwarded-For before us"
    )
    proxy_addresses: str = Field(
        default="127.0.0.0/8,::1/128",
        description="where these proxies stand, nets and addresses, comma separated: nobody else is believed",
    )
    job_lease: int = Field(
        default=30, ge=2, description="seconds after which a dead worker's job is taken over"
    )
    password_rounds: int = Field(default=3, ge=2, le=20, description="argon2id: passes over the memory")
    password_megabytes: int = Field(default=32, ge=19, le=1024, description="argon2id: memory of one check")
    password_threads: int = Field(
        default=1, ge=1, le=16, description="how many checks a web process does at once"
    )
    metrics_token: SecretStr = SecretStr("")

    storage: Literal["folder", "s3"] = "folder"
    storage_folder: Path = Path(".data/files")
    export_folder: Path | None = Field(
        default=None, description="where whole exports of the data are written; none: they are not offered"
    )
    s3_endpoint: str = ""
    s3_bucket: str = "huiyin"
    s3_access_key: SecretStr = SecretStr("")
    s3_secret_key: SecretStr = SecretStr("")
    s3_secure: bool = True
    clamav_address: str = Field(default="", description="host:port of clamd; empty: no virus scan")

    outward_private: bool = Field(
        default=True, description="calls may go to private nets, where a hospital's systems stand"
    )
    outward_loopback: bool | None = Field(
        default=None, description="calls may go to this machine itself; unset: only outside production"
    )
    outward_plain: bool = Field(
        default=False, description="calls to public addresses may go over http without TLS"
    )
    outward_proxy: str = Field(
        default="", description="http://host:port of the proxy for calls that leave the nets"
    )
    outward_direct: str = Field(
        default="", description="hosts and domains, comma separated, that are called without the proxy"
    )
    outward_ca_file: Path | None = Field(
        default=None, description="PEM of further certificate authorities that calls outward believe"
    )

    hospital_name: str = "示范医院集团"

    wecom_api: str = Field(default="https://qyapi.weixin.qq.com", description="base of the WeCom API")
    wecom_corp_id: str = ""
    wecom_agent_id: int = 0
    wecom_secret: SecretStr = SecretStr("")
    wecom_token: SecretStr = SecretStr("")
    wecom_aes_key: SecretStr = SecretStr("")
    wecom_bot_url: str = Field(
        default="wss://openws.work.weixin.qq.com", description="the bot's long connection"
    )
    wecom_bot_id: str = ""
    wecom_bot_secret: SecretStr = SecretStr("")
    wecom_way: Literal["app", "bot"] = Field(
        default="app", description="how cards are pushed: self-built application, or the intelligent bot"
    )

    ca_api: str = Field(
        default="", description="base of the CA front service (移动 CA); empty: no log-in by certificate"
    )
    ca_secret: SecretStr = Field(
        default=SecretStr(""), description="signs requests to it and its calls to us"
    )
    ca_roots: str = Field(default="", description="a PEM file with the CA certificates the hospital trusts")

    wechat_api: str = "https://api.weixin.qq.com"
    wechat_app_id: str = ""
    wechat_secret: SecretStr = SecretStr("")
    wechat_token: SecretStr = SecretStr("")
    wechat_aes_key: SecretStr = SecretStr("")
    wechat_template_result: str = Field(default="", description="template id of 「办理结果通知」")

    sms_api: str = ""
    sms_account: str = ""
    sms_secret: SecretStr = SecretStr("")
    sms_sign: str = "示范医院"

    heartbeat_url: str = Field(
        default="", description="called after each round of the auditor by GET; empty: nobody is called"
    )

    mllp_host: str = "127.0.0.1"
    mllp_port: int = Field(default=2575, ge=0, le=65535, description="HL7 v2 over MLLP; 0 takes a free port")
    feeds_loops: int = Field(
        default=4,
        ge=0,
        le=32,
        description="how many messages feeds.py works on at once; 0: it only takes them",
    )
    mllp_certificate: Path | None = Field(default=None, description="PEM of the MLLP port; empty: no TLS")
    mllp_key: Path | None = None
    mllp_client_ca: Path | None = Field(
        default=None, description="PEM; with it senders must show a certificate"
    )
    mappings_folder: Path | None = Field(
        default=None, description="folder of the hospital's own mapping files"
    )

    hotline_api: str = Field(default="", description="base of the 12345 platform's own interface")
    hotline_secret: SecretStr = SecretStr("")
    portal_secret: SecretStr = Field(
        default=SecretStr(""),
        description="signs what the patients' side sends us; empty: that door is closed",
    )

    @property
    def signing_keys(self) -> tuple[str, ...]:
        """The keys of signatures: the first signs, those of before are believed until they are taken out."""
        return tuple(line for line in self.secret_key.get_secret_value().splitlines() if line.strip())

    @property
    def hash_key(self) -> str:
        """The key of what is found by its hash (phones, tokens of links) and of archives: it outlives the signing keys."""
        return self.search_key.get_secret_value() or self.signing_keys[-1]

    @cached_property
    def proxies(self) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
        """The nets whose X-Forwarded-For is believed."""
        parts = (part.strip() for part in self.proxy_addresses.split(","))
        return tuple(ipaddress.ip_network(part, strict=False) for part in parts if part)

    @property
    def may_call_itself(self) -> bool:
        """Whether calls outward may go to this machine; the sandbox stands there, in production nothing should."""
        return self.environment != "production" if self.outward_loopback is None else self.outward_loopback

    @property
    def secure(self) -> bool:
        """Whether browsers reach us by TLS."""
        return self.public_url.startswith("https://")

    @field_validator("outward_ca_file")
    @classmethod
    def _ca_file_is_there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError("no such file")
        return value

    @field_validator("clamav_address")
    @classmethod
    def _host_and_port(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if value and (not host or not port.isdigit() or not 0 < int(port) < 65536):
            raise ValueError("must be host:port")
        return value

    @field_validator("proxy_addresses")
    @classmethod
    def _nets(cls, value: str) -> str:
        for part in filter(None, (piece.strip() for piece in value.split(","))):
            try:
                ipaddress.ip_network(part, strict=False)
            except ValueError:
                raise ValueError("must be addresses or nets, comma separated") from None
        return value

    @field_validator("secret_key")
    @classmethod
    def _each_is_long(cls, value: SecretStr) -> SecretStr:
        keys = [line for line in value.get_secret_value().splitlines() if line.strip()]
        if not keys or any(len(key) < 32 for key in keys):
            raise ValueError("each key, one to a line, has 32 characters or more")
        return value

    @field_validator("search_key")
    @classmethod
    def _none_or_long(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 32:
            raise ValueError("32 characters or more, or empty")
        return value

    @field_validator("database_url")
    @classmethod
    def _postgres(cls, value: str) -> str:
        if not value.startswith(("postgres://", "postgresql://")):
            raise ValueError("must begin with postgresql://")
        return value

    @model_validator(mode="after")
    def _keys_are_apart(self) -> "Settings":
        given = self.encryption_keys.get_secret_value().split(",")
        if {*self.signing_keys, self.hash_key} & {part.partition(":")[2].strip() for part in given}:
            raise ValueError("HUIYIN_SECRET_KEY is the same as a key of HUIYIN_ENCRYPTION_KEYS")
        return self

    @model_validator(mode="after")
    def _s3_is_whole(self) -> "Settings":
        if self.storage == "s3" and not (self.s3_endpoint and self.s3_access_key.get_secret_value()):
            raise ValueError(
                "storage=s3 needs HUIYIN_S3_ENDPOINT, HUIYIN_S3_ACCESS_KEY and HUIYIN_S3_SECRET_KEY"
            )
        return self


def _read_secret_files() -> None:
    for name in [key for key in os.environ if key.startswith(PREFIX) and key.endswith("_FILE")]:
        try:
            os.environ.setdefault(name.removesuffix("_FILE"), Path(os.environ[name]).read_text().strip())
        except OSError as error:
            raise SettingsError(f"{name}: cannot read {os.environ[name]}: {error.strerror}") from error


def load() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: one line for each variable that is missing or bad, without its value.
    """
    _read_secret_files()
    try:
        return Settings()
    except ValidationError as error:
        lines = []
        for fault in error.errors():
            name = PREFIX + str(fault["loc"][0]).upper() if fault["loc"] else "settings"
            lines.append(f"{name}: {fault['msg']}")
        raise SettingsError("; ".join(lines)) from None


@cache
def settings() -> Settings:
    """The process's settings, read once."""
    return load()
