"""Tables of outgoing messages that the ORM reads; they are written in plain SQL by actions and jobs."""

from tortoise import fields
from tortoise.models import Model


class Message(Model):
    """A message as it stands; receiver addresses stay encrypted and are not read here."""

    id = fields.BigIntField(primary_key=True)
    key = fields.TextField()
    purpose = fields.TextField()
    lane = fields.TextField()
    subject = fields.TextField()
    receiver_kind = fields.TextField()
    receiver_id = fields.BigIntField()
    receiver_name = fields.TextField()
    text = fields.TextField()
    step = fields.IntField()
    attempts = fields.IntField()
    state = fields.TextField()
    reason = fields.TextField()
    not_before = fields.DatetimeField()
    created_at = fields.DatetimeField()
    sent_at = fields.DatetimeField(null=True)
    done_at = fields.DatetimeField(null=True)

    class Meta:
        """Table name."""

        table = "message"
