"""WeCom by the self-built application: cards, text, files to members; text and files into application groups."""

from channels import rules
from channels.drafts import Receiver, ReceiverKind
from channels.limits import Rule
from channels.outgoing import Delivered, Outgoing
from channels.rules import Rules
from channels.transports.cards import card_json, is_card
from core import storage
from core.models import StoredFile
from integrations import wecom
from integrations.http import CallFailed
from integrations.wecom import Sent

MINUTE, HOUR, DAY = 60, 3600, 86400
REPEATED_WITHIN = 180  # seconds: a dead worker's lease and the first steps of the back-off


class WecomApp:
    """The application's own conversation with each member."""

    name = "wecom_app"
    system = "wecom"

    def can_reach(self, receiver: Receiver) -> bool:
        """A member by user id, a group by chat id."""
        return wecom.configured() and bool(receiver.wecom_userid or receiver.wecom_chatid)

    def rules(self, message: Outgoing, numbers: Rules) -> tuple[Rule, ...]:
        """Per member, because the excess is dropped in silence; per corporation, because it blocks everybody."""
        whole = (
            Rule("wecom:corp", numbers[rules.CORP_MINUTE], MINUTE),
            Rule("wecom:corp", numbers[rules.CORP_HOUR], HOUR),
        )
        if message.receiver.kind is ReceiverKind.GROUP:
            return whole
        member = f"wecom:member:{message.receiver.wecom_userid.lower()}"
        return (
            Rule(member, numbers[rules.MEMBER_MINUTE], MINUTE),
            Rule(member, numbers[rules.MEMBER_HOUR], HOUR),
            Rule("wecom:app", numbers[rules.APP_DAY], DAY),
            *whole,
        )

    async def deliver(self, message: Outgoing, numbers: Rules) -> Delivered:  # noqa: ARG002 - no receipt to wait for
        """A card when there is one, else text; then the file."""
        media = await _upload(await storage.find(message.file_id)) if message.file_id else None
        if message.receiver.kind is ReceiverKind.GROUP:
            await wecom.appchat_send(message.receiver.wecom_chatid, message.words(self.name))
            if media:
                await wecom.appchat_send_file(message.receiver.wecom_chatid, media[0], image=media[1])
            return Delivered()
        to = message.receiver.wecom_userid
        sent = await self._send(to, message)
        if media:
            await (wecom.send_image if media[1] else wecom.send_file)(to, media[0])
        return Delivered(vendor_id=sent.msgid, response_code=sent.response_code)

    async def _send(self, to: str, message: Outgoing) -> Sent:
        if message.card is None or not is_card(message.card):
            # A repeated attempt must not arrive twice, yet the same answer to two questions must: what is about
            # a subject is one message for as long as an attempt is repeated, the rest is not checked.
            dedupe = REPEATED_WITHIN if message.subject or message.file_id else 0
            return await wecom.send_text(to, message.words(self.name), dedupe=dedupe)
        try:
            return await wecom.send_card(to, card_json(message.card))
        except CallFailed as error:
            if message.repeated and error.code == "40058" and "task_id" in error.message:
                return Sent()  # the attempt that got no answer had arrived: task ids are good once
            raise


async def _upload(file: StoredFile) -> tuple[str, bool]:
    """The media id of a stored file, and whether it is a picture."""
    picture = file.mime in ("image/jpeg", "image/png")
    data = await storage.read(file)
    return await wecom.upload_media("image" if picture else "file", file.name, file.mime, data), picture
