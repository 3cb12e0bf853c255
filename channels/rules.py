"""The numbers that channels go by: quiet hours, windows, vendor limits; each a parameter with its source.

Vendor limits change often, therefore none is a constant. Reads one row set, decides nothing.
"""

from dataclasses import dataclass
from datetime import datetime, time

from core import db
from core.parameters import Parameter, declare
from core.working_hours import QuietHours, next_allowed

WECOM_RATES = "企业微信 访问频率限制 https://developer.work.weixin.qq.com/document/path/90454"
BOT_RATES = "企业微信 智能机器人 长连接 https://developer.work.weixin.qq.com/document/path/101463"
SMS_RATES = "阿里云短信 发送频率 https://help.aliyun.com/document_detail/44335.htm"
_RESERVE = "达到上限的消息排队等下一个时段，不会丢失；供应商提高额度后在这里调大"


def _number(
    name: str,
    label: str,
    default: int,
    high: int,
    *,
    unit: str = "",
    source: str = "",
    low: int = 1,
    what: str = _RESERVE,
) -> Parameter:
    return declare(Parameter(f"channels.{name}", label, int, default, low, high, unit, source, what=what))


QUIET_FROM = _number(
    "quiet_from",
    "消息免打扰开始",
    21,
    23,
    unit="时",
    low=0,
    what="从这个整点起，不紧急的消息留到免打扰结束再发；紧急消息随时发",
)
QUIET_UNTIL = _number(
    "quiet_until", "消息免打扰结束", 8, 23, unit="时", low=0, what="与开始时间相同表示不设免打扰"
)
BUNDLE_SECONDS = _number(
    "bundle_seconds",
    "提醒合并等待时间",
    120,
    3600,
    unit="秒",
    low=0,
    what="同一个人在这段时间内的多条提醒合成一条发送；0 为不合并",
)
RECEIPT_SMS = _number(
    "receipt_minutes_sms",
    "短信回执等待时间",
    30,
    72 * 60,
    unit="分钟",
    source="回执最长 72 小时",
    what="过了这个时间还没有送达回执，按没有送达换下一种方式告知",
)
RECEIPT_WECHAT = _number(
    "receipt_minutes_wechat",
    "微信送达回执等待时间",
    5,
    24 * 60,
    unit="分钟",
    what="过了这个时间还没有送达回执，改发短信",
)
MEMBER_MINUTE = _number(
    "wecom_member_minute", "企业微信每人每分钟消息数", 30, 1000, unit="条", source=WECOM_RATES
)
MEMBER_HOUR = _number(
    "wecom_member_hour", "企业微信每人每小时消息数", 1000, 10_000, unit="条", source=WECOM_RATES
)
CORP_MINUTE = _number(
    "wecom_corp_minute", "企业微信每分钟调用数", 10_000, 10**6, unit="次", source=WECOM_RATES
)
CORP_HOUR = _number("wecom_corp_hour", "企业微信每小时调用数", 150_000, 10**7, unit="次", source=WECOM_RATES)
APP_DAY = _number(
    "wecom_app_day",
    "企业微信应用每日推送人次（账号上限数×200）",
    200_000,
    10**8,
    unit="人次",
    source=WECOM_RATES,
)
BOT_MINUTE = _number(
    "wecom_bot_minute", "智能机器人每会话每分钟消息数", 30, 1000, unit="条", source=BOT_RATES
)
BOT_HOUR = _number(
    "wecom_bot_hour", "智能机器人每会话每小时消息数", 1000, 10_000, unit="条", source=BOT_RATES
)
WECHAT_PERSON = _number("wechat_person_minute", "微信服务号每人每分钟消息数", 10, 1000, unit="条")
WECHAT_DAY = _number("wechat_day", "微信服务号每日模板消息数", 100_000, 10**7, unit="条")
SMS_HOUR = _number("sms_number_hour", "短信每号码每小时条数", 10, 1000, unit="条", source=SMS_RATES)
SMS_DAY = _number("sms_number_day", "短信每号码每日条数", 50, 1000, unit="条", source=SMS_RATES)

_ALL = (
    QUIET_FROM,
    QUIET_UNTIL,
    BUNDLE_SECONDS,
    RECEIPT_SMS,
    RECEIPT_WECHAT,
    MEMBER_MINUTE,
    MEMBER_HOUR,
    CORP_MINUTE,
    CORP_HOUR,
    APP_DAY,
    BOT_MINUTE,
    BOT_HOUR,
    WECHAT_PERSON,
    WECHAT_DAY,
    SMS_HOUR,
    SMS_DAY,
)


@dataclass(frozen=True, slots=True)
class Rules:
    """The numbers in force."""

    numbers: dict[str, int]

    def __getitem__(self, parameter: Parameter) -> int:
        return self.numbers[parameter.name]

    @property
    def quiet(self) -> QuietHours:
        """When only urgent messages may go out."""
        return QuietHours(time(self[QUIET_FROM]), time(self[QUIET_UNTIL]))


async def load() -> Rules:
    """The numbers in force, in one query."""
    names = [parameter.name for parameter in _ALL]
    changed = {
        row["name"]: row["value"]
        for row in await db.fetch("select name, value from parameter where name = any($1::text[])", names)
    }
    return Rules(
        {
            parameter.name: int(
                parameter.parse(changed[parameter.name]) if parameter.name in changed else parameter.default
            )
            for parameter in _ALL
        }
    )


def quiet_wait(now: datetime, numbers: Rules) -> float:
    """Seconds until quiet hours end; 0 outside of them."""
    return (next_allowed(now, numbers.quiet) - now).total_seconds()
