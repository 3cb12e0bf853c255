"""What the audit log calls what is done about the hospital's own systems and about patients' files; read by `audit_words`."""

from collections.abc import Mapping
from types import MappingProxyType

FEEDS: Mapping[str, str] = MappingProxyType(
    {
        "feed.change": "修改数据接口",
        "feed.code": "补充接口代码对照",
        "feed.create": "新建数据接口",
        "feed.drop": "作废接口消息",
        "feed.look": "查看接口消息",
        "feed.pause": "暂停数据接口",
        "feed.pull": "拉取接口数据",
        "feed.raw": "查看接口消息原文",
        "feed.repair": "修改并重放接口消息",
        "feed.replay": "重放接口消息",
        "feed.replay_all": "重放全部接口消息",
        "feed.resume": "恢复数据接口",
        "feed.revoke": "停用接口令牌",
        "feed.token": "新建接口令牌",
        "feed.uncode": "撤销接口代码对照",
        "patient.open_guarded": "打开受保护的档案",
    }
)
