"""What the sandbox can be told: addresses, credentials, limits and patience.

Every field can be set by an environment variable of the same name in capitals with the prefix
``SANDBOX_`` (``SANDBOX_APP_URL``). The defaults are obviously fake and good for loopback only;
this module never holds a credential that opens anything real.
"""

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

PREFIX = "SANDBOX_"


class Config(BaseModel):
    """The sandbox's settings; times are seconds unless the name says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = 8010
    public_url: str = ""  # how the product reaches us; empty: as the last request addressed us
    app_url: str = "http://127.0.0.1:8000"
    state: str = ""  # a JSON file that keeps the phones over a restart; empty: memory only

    wecom_corp_id: str = "ww-sandbox-corp"
    wecom_agent_id: str = "1000002"
    wecom_secret: str = "sandbox-wecom-secret"
    wecom_token: str = "sandboxtoken"
    wecom_aes_key: str = Field(default="sandbox0" * 5 + "abc", pattern=r"^[A-Za-z0-9]{43}$")
    wecom_app_name: str = "回音"
    wecom_bot_id: str = "sandbox-bot"
    wecom_bot_secret: str = "sandbox-bot-secret"
    wecom_bot_name: str = "回音助手"

    wechat_app_id: str = "wx-sandbox-account"
    wechat_secret: str = "sandbox-wechat-secret"
    wechat_token: str = "sandboxwechat"
    wechat_aes_key: str = Field(default="wechat00" * 5 + "xyz", pattern=r"^[A-Za-z0-9]{43}$")
    wechat_original_id: str = "gh_sandbox"
    wechat_name: str = "回音医院服务号"

    sms_account: str = "sandbox-sms"
    sms_secret: str = "sandbox-sms-secret"
    hotline_secret: str = "sandbox-hotline-secret"
    hotline_platform: str = "12345"
    ca_secret: str = "sandbox-ca-secret"
    ca_folder: str = ""  # keys and certificates, and roots.pem for the product; empty: memory only

    bridge_key: str = ""  # of the card bridge beside the sample kiosk; empty: typed into its page

    mllp_host: str = "127.0.0.1"  # where the product listens for the HIS
    mllp_port: int = 2575

    token_seconds: int = 7200
    response_code_seconds: int = 72 * 3600
    recall_seconds: int = 24 * 3600
    media_seconds: int = 3 * 24 * 3600
    oauth_code_seconds: int = 300

    corp_per_minute: int = 10_000
    corp_per_hour: int = 150_000
    member_per_minute: int = 30
    member_per_hour: int = 1_000
    group_member_per_minute: int = 200
    group_member_per_day: int = 10_000
    bot_per_minute: int = 30
    bot_per_hour: int = 1_000
    bot_event_seconds: float = 5.0
    bot_stream_seconds: float = 600.0
    bot_reply_seconds: float = 24 * 3600
    bot_idle_seconds: float = 100.0
    wechat_same_user_per_minute: int = 20
    custom_message_seconds: int = 48 * 3600
    sms_per_day: int = 50

    callback_timeout: float = 5.0
    callback_retry_seconds: tuple[float, ...] = (1.0, 2.0, 4.0)
    sms_receipt_seconds: float = 1.0  # between a message and its receipt
    sms_retry_seconds: tuple[float, ...] = (1, 5, 10, 30, 60, 300, 600, 600, 600, 600)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read ``SANDBOX_*``; empty values count as unset; raises ``ValueError`` naming what is wrong."""
        given: dict[str, str | list[str]] = {}
        for name, field in cls.model_fields.items():
            value = environment.get(PREFIX + name.upper(), "")
            if value:
                given[name] = value.split(",") if field.annotation == tuple[float, ...] else value
        return cls.model_validate(given)
