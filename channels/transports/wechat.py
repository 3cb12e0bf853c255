"""The WeChat service account: a template message when one is set, else a customer-service message.

The words for "wechat" are lines `key: value`, the keys those of the hospital's approved template.
"""

from datetime import timedelta

from channels import rules
from channels.drafts import Receiver
from channels.limits import Rule
from channels.outgoing import Delivered, Outgoing
from channels.rules import Rules
from core.settings import settings
from integrations import wechat
from integrations.http import CallFailed, Kind

LONGEST = {"thing": 20, "phrase": 5, "character_string": 32, "name": 10}  # 模板消息 参数规则


class Wechat:
    """The service account's conversation with a follower."""

    name = "wechat"
    system = "wechat"

    def can_reach(self, receiver: Receiver) -> bool:
        """Somebody with an openid."""
        return wechat.configured() and bool(receiver.openid)

    def rules(self, message: Outgoing, numbers: Rules) -> tuple[Rule, ...]:
        """Per follower (43117), and the account's day."""
        return (
            Rule(f"wechat:{message.receiver.openid}", numbers[rules.WECHAT_PERSON], 60),
            Rule("wechat:account", numbers[rules.WECHAT_DAY], 86400),
        )

    async def deliver(self, message: Outgoing, numbers: Rules) -> Delivered:
        """As a template message its result comes by `TEMPLATESENDJOBFINISH`."""
        fields = template_fields(message.texts.get(self.name, ""))
        template = settings().wechat_template_result
        if fields and template:
            vendor_id = await wechat.send_template(
                message.receiver.openid,
                template,
                fields,
                client_msg_id=message.idempotency_key,
                url=message.card.url if message.card else "",
            )
            return Delivered(vendor_id=vendor_id, receipt=timedelta(minutes=numbers[rules.RECEIPT_WECHAT]))
        if message.repeated:  # a customer-service message has no key that makes it one: rather none than two
            raise CallFailed(
                self.system, "message/custom/send", "repeated", "上次发送结果不明", Kind.FALLBACK
            )
        await wechat.send_custom(message.receiver.openid, message.text)
        return Delivered()


def template_fields(text: str) -> dict[str, str]:
    """The fields of `key: value` lines, each in the length its kind allows; empty when it is no such text."""
    fields = {}
    for line in text.splitlines():
        key, colon, value = line.partition(":")
        if not (colon and key.isidentifier()):
            return {}
        most = LONGEST.get(key.rstrip("0123456789"), 200)
        value = value.strip()
        fields[key] = (value if len(value) <= most else f"{value[: most - 1]}…") or "-"
    return fields
