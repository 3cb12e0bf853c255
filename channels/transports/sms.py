"""Text messages by the SMS platform; a receipt tells whether each arrived."""

from datetime import timedelta

from channels import rules
from channels.drafts import Receiver
from channels.limits import Rule
from channels.outgoing import Delivered, Outgoing
from channels.rules import Rules
from channels.texts import fits
from core.crypto import search_hash
from integrations import sms
from integrations.http import CallFailed, Kind


class Sms:
    """A phone number."""

    name = "sms"
    system = "sms"

    def can_reach(self, receiver: Receiver) -> bool:
        """Somebody with a phone number."""
        return sms.configured() and bool(receiver.phone)

    def rules(self, message: Outgoing, numbers: Rules) -> tuple[Rule, ...]:
        """Per number; the number itself is not written into Redis."""
        number = f"sms:{search_hash(message.receiver.phone).hex()}"
        return (Rule(number, numbers[rules.SMS_HOUR], 3600), Rule(number, numbers[rules.SMS_DAY], 86400))

    async def deliver(self, message: Outgoing, numbers: Rules) -> Delivered:
        """One text; the platform takes the same `out_id` once."""
        words = message.words(self.name)
        if not fits(words):
            raise CallFailed(self.system, "send", "too_long", "短信连签名超过 500 字", Kind.PERMANENT)
        accepted = await sms.send(message.idempotency_key, message.receiver.phone, words)
        return Delivered(
            vendor_id=accepted.biz_id,
            segments=accepted.segments,
            receipt=timedelta(minutes=numbers[rules.RECEIPT_SMS]),
        )
