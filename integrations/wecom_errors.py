"""The codes of WeCom and WeChat and what each means for us: data, and a look-up.

Sources: 全局错误码 https://developer.work.weixin.qq.com/document/path/90313, the pages of the single interfaces,
and 全局返回码 of the service account. Calls nobody.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from integrations.http import CallFailed, Kind

System = Literal["wecom", "wecom_bot", "wechat"]
MINUTE = 60.0


class Remedy(StrEnum):
    """What the code asks for, beyond its kind."""

    RETRY = "retry"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105 - the name of a remedy
    ALARM = "alarm"
    RESTART_LOGIN = "restart_login"
    SYNC_CONTACTS = "sync_contacts"
    WAIT = "wait"
    SLOW_DOWN = "slow_down"
    SHORTEN = "shorten"
    RECREATE_GROUP = "recreate_group"
    APP_INSTEAD = "app_instead"
    PUSH_INSTEAD = "push_instead"
    OTHER_WAY = "other_way"
    MEND = "mend"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a code means: its kind, the remedy, and a sentence for the administrator."""

    kind: Kind
    remedy: Remedy
    advice: str
    wait: float = 0.0


_BUSY = Meaning(Kind.RETRY, Remedy.RETRY, "对方系统繁忙，稍后会自动重试。")
_TOKEN = Meaning(
    Kind.RETRY,
    Remedy.REFRESH_TOKEN,
    "访问凭证失效，系统会自动换新；反复出现时请检查是否有别的系统在用同一应用。",
)
_SECRET = Meaning(
    Kind.MISCONFIGURED, Remedy.ALARM, "应用密钥（Secret）不正确，请在设置中核对企业号、应用与密钥。"
)
_LOGIN = Meaning(Kind.PERMANENT, Remedy.RESTART_LOGIN, "登录凭据已使用或已过期，请本人重新打开登录链接。")
_PERSON = Meaning(
    Kind.UNREACHABLE_PERSON,
    Remedy.SYNC_CONTACTS,
    "此人不在企业微信通讯录或应用可见范围内，请核对绑定并同步通讯录。",
)
_RIGHTS = Meaning(
    Kind.MISCONFIGURED,
    Remedy.ALARM,
    "应用编号不对、已停用或没有此接口权限，请在企业微信管理后台检查应用的状态与可见范围。",
)
_QUOTA = Meaning(Kind.QUOTA, Remedy.WAIT, "调用次数达到上限，消息留在队列中，到时自动继续。", MINUTE)
_PARALLEL = Meaning(Kind.RETRY, Remedy.SLOW_DOWN, "同时调用过多，系统已自动降低并发。", 1.0)
_LARGE = Meaning(Kind.PERMANENT, Remedy.SHORTEN, "内容过长或文件过大，请缩短内容，或改发链接。")
_IP = Meaning(
    Kind.MISCONFIGURED,
    Remedy.ALARM,
    "本系统的出口 IP 未列入可信名单，请把下面的 IP 加入企业可信 IP（白名单）。",
)
_DOMAIN = Meaning(
    Kind.MISCONFIGURED, Remedy.ALARM, "跳转域名未列入可信域名或未完成归属认证，请在管理后台配置。"
)
_GROUP = Meaning(
    Kind.PERMANENT,
    Remedy.RECREATE_GROUP,
    "群聊编号无效、已解散或不是本应用创建，系统将重建群聊并保留对应关系。",
)
_BOT_GROUP = Meaning(
    Kind.FALLBACK, Remedy.APP_INSTEAD, "机器人不在此会话中或会话不允许机器人发言，改用应用消息。"
)
_CONTEXT = Meaning(Kind.CONTEXT_GONE, Remedy.PUSH_INSTEAD, "回复时限已过，改为主动推送。")
_WECHAT = Meaning(
    Kind.FALLBACK, Remedy.OTHER_WAY, "微信无法送达（未关注、拒收、超出时限或次数），改用短信或电话。"
)
_WECHAT_RIGHTS = Meaning(
    Kind.FALLBACK,
    Remedy.OTHER_WAY,
    "服务号没有此接口权限或接口被封停，请在公众平台检查；消息改用短信或电话。",
)
_SHAPE = Meaning(Kind.PERMANENT, Remedy.MEND, "请求内容不符合接口要求，请把错误信息转给系统维护人员。")
_MEDIA = Meaning(Kind.RETRY, Remedy.RETRY, "临时素材已失效，会重新上传后再发。")
_LINE = Meaning(Kind.RETRY, Remedy.RETRY, "机器人长连接尚未就绪，稍后会自动重试。", 2.0)
_UNKNOWN = Meaning(Kind.PERMANENT, Remedy.MEND, "对方返回了未知的错误码，请把错误信息转给系统维护人员。")

_BOTH = {
    -1: _BUSY,
    40013: _SECRET,
    40014: _TOKEN,
    41001: _TOKEN,
    42001: _TOKEN,
    40091: _SECRET,
    40125: _SECRET,
    40029: _LOGIN,
    40078: _LOGIN,
    40163: _LOGIN,
    40003: _PERSON,
    40007: _MEDIA,
    45009: _QUOTA,
    45033: _PARALLEL,
    45001: _LARGE,
    45002: _LARGE,
    40006: _LARGE,
    50001: _DOMAIN,
    85005: _DOMAIN,
    40058: _SHAPE,
    47001: _SHAPE,
    48002: _RIGHTS,
}
_WECOM = {
    **_BOTH,
    40001: _SECRET,
    60111: _PERSON,
    301021: _PERSON,
    81013: _PERSON,
    82001: _PERSON,
    40056: _RIGHTS,
    50003: _RIGHTS,
    301002: _RIGHTS,
    60011: _RIGHTS,
    50002: _RIGHTS,
    60020: _IP,
    86001: _GROUP,
    86003: _GROUP,
    86008: _GROUP,
    40050: _GROUP,
}
_BOT = {
    **_WECOM,
    93001: _BOT_GROUP,
    93006: _BOT_GROUP,
    93008: _BOT_GROUP,
    846600: _LINE,
    846605: _CONTEXT,
    846608: _CONTEXT,
}
_SERVICE_ACCOUNT = {
    **_BOTH,
    40001: _TOKEN,
    40164: _IP,
    61004: _IP,
    43004: _WECHAT,
    43101: _WECHAT,
    43117: _WECHAT,
    45015: _WECHAT,
    45047: _WECHAT,
    47003: _WECHAT,
    48001: _WECHAT_RIGHTS,
    48004: _WECHAT_RIGHTS,
}
TABLE: dict[System, dict[int, Meaning]] = {"wecom": _WECOM, "wecom_bot": _BOT, "wechat": _SERVICE_ACCOUNT}
_IP_IN_WORDS = re.compile(r"from ip:\s*([0-9a-fA-F.:]+)|ip ([0-9]+(?:\.[0-9]+){3})")


def meaning(system: System, code: int) -> Meaning:
    """What `code` of `system` means; an unknown one is permanent."""
    return TABLE[system].get(code, _UNKNOWN)


def failed(system: System, api: str, code: int, words: str) -> CallFailed:
    """The failure that a vendor's answer with this code is."""
    found = meaning(system, code)
    advice = found.advice
    if found is _IP and (address := egress_address(words)):
        advice = f"{advice} IP：{address}"
    return CallFailed(system, api, str(code), words[:500], found.kind, wait=found.wait, advice=advice)


def egress_address(words: str) -> str:
    """The address the vendor saw us come from, as its message names it; empty when it does not."""
    match = _IP_IN_WORDS.search(words)
    return (match[1] or match[2]).rstrip(".") if match else ""
