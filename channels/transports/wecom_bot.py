"""WeCom by the intelligent bot's long connection, for hospitals without a public address.

A card it sent can be corrected only as the answer to a tap, within five seconds; files it cannot send here.
"""

from channels import rules
from channels.drafts import Receiver, ReceiverKind
from channels.limits import Rule
from channels.outgoing import Delivered, Outgoing
from channels.rules import Rules
from channels.transports.cards import card_json, is_card
from core.settings import settings
from integrations import wecom_bot
from integrations.http import CallFailed
from integrations.wecom import cut

MARKDOWN_BYTES = 2048


class WecomBot:
    """The bot's conversation with a member or a group."""

    name = "wecom_bot"
    system = "wecom_bot"

    def can_reach(self, receiver: Receiver) -> bool:
        """A member by user id, a group by chat id."""
        return wecom_bot.configured() and bool(receiver.wecom_userid or receiver.wecom_chatid)

    def rules(self, message: Outgoing, numbers: Rules) -> tuple[Rule, ...]:
        """30 a minute and 1000 an hour per conversation, replies and pushes together."""
        to = message.receiver
        chat = f"wecom:bot:{to.wecom_chatid or to.wecom_userid}"
        return (Rule(chat, numbers[rules.BOT_MINUTE], 60), Rule(chat, numbers[rules.BOT_HOUR], 3600))

    async def deliver(self, message: Outgoing, numbers: Rules) -> Delivered:  # noqa: ARG002 - no receipt to wait for
        """A card when there is one, else markdown; a file as the address of our page."""
        to, key = message.receiver, f"message:{message.idempotency_key}"
        group = to.kind is ReceiverKind.GROUP
        chat = to.wecom_chatid if group else to.wecom_userid
        if message.card is not None and is_card(message.card):
            try:
                await wecom_bot.send_card(key, chat, card_json(message.card), group=group)
            except CallFailed as error:
                if not (message.repeated and error.code == "40058" and "task_id" in error.message):
                    raise
            return Delivered()
        words = message.words(self.name)
        if message.file_id:
            words = f"{words}\n（附件请在 {settings().public_url} 查看）"
        await wecom_bot.send_markdown(key, chat, cut(words, MARKDOWN_BYTES), group=group)
        return Delivered()
