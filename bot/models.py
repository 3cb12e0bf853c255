"""Tables of the bot: the one question it is waiting for an answer to, for each person."""

from tortoise import fields
from tortoise.models import Model


class Conversation(Model):
    """A form being filled by chat lines: `asked` is the field waited for, `known` what was given so far."""

    staff_id = fields.BigIntField(primary_key=True)
    place = fields.TextField()
    action = fields.TextField()
    subject_id = fields.BigIntField()
    asked = fields.TextField()
    known: fields.JSONField[dict[str, object]] = fields.JSONField(default=dict)
    expires_at = fields.DatetimeField()

    class Meta:
        """Table name."""

        table = "conversation"
