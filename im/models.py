"""Tables of group chat, for simple reads; all writing is plain SQL in actions.py, under the room's lock."""

from tortoise import fields
from tortoise.models import Model


class Room(Model):
    """A group chat; `subject` says what it is about and means nothing here."""

    id = fields.BigIntField(primary_key=True)
    subject = fields.TextField()
    title = fields.TextField()
    last_seq = fields.BigIntField(default=0)
    closed_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Table name."""

        table = "room"


class RoomMember(Model):
    """Somebody in a room, now (`left_at` is None) or once."""

    id = fields.BigIntField(primary_key=True)
    room_id = fields.BigIntField()
    kind = fields.TextField()
    staff_id = fields.BigIntField(null=True)
    name = fields.TextField()
    joined_seq = fields.BigIntField(default=0)
    read_seq = fields.BigIntField(default=0)
    left_seq = fields.BigIntField(null=True)
    left_at = fields.DatetimeField(null=True)
    joined_at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        """Table name."""

        table = "room_member"
