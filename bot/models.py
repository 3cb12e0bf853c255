"""Tables of the bot: the question it waits for an answer to, for each person, and the files it was handed."""

from tortoise import fields
from tortoise.contrib.postgres.fields import ArrayField
from tortoise.models import Model


class Conversation(Model):
    """A form being filled by chat lines: `asked` is the field waited for, `known` what was given so far."""

    id = fields.BigIntField(primary_key=True)
    staff_id = fields.BigIntField(unique=True)
    way = fields.TextField()
    place = fields.TextField(default="")
    actions = ArrayField("text")
    subject_id = fields.BigIntField(null=True)
    asked = fields.TextField()
    known: fields.JSONField[dict[str, object]] = fields.JSONField(default=dict)
    rest = fields.TextField(default="")
    options = ArrayField("text", default=list)
    step = fields.IntField(default=0)
    expires_at = fields.DatetimeField()

    class Meta:
        """Table name."""

        table = "conversation"


class BotFile(Model):
    """A file somebody sent to the bot, on its way to become evidence."""

    id = fields.BigIntField(primary_key=True)
    staff_id = fields.BigIntField()
    way = fields.TextField()
    place = fields.TextField(default="")
    inbound_id = fields.BigIntField(null=True)
    part = fields.IntField(default=0)
    ticket_id = fields.BigIntField(null=True)
    file_id = fields.UUIDField(null=True)
    name = fields.TextField(default="")
    state = fields.TextField(default="fetching")
    created_at = fields.DatetimeField()

    class Meta:
        """Table name."""

        table = "bot_file"
